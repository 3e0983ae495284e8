package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"neuroprobe/datasets"
	"neuroprobe/internal/atomicfile"
	"neuroprobe/model"
)

// lab is the working folder.
type lab struct{ dir string }

func (l lab) modelPath() string      { return filepath.Join(l.dir, "model.safetensors") }
func (l lab) dataPath() string       { return filepath.Join(l.dir, "data.json") }
func (l lab) checkpointPath() string { return filepath.Join(l.dir, "checkpoint.safetensors") }

// specimenPath is where the k-th network of several is kept, counted from 1; the first is the
// lab's model.
func (l lab) specimenPath(k int) string {
	if k == 1 {
		return l.modelPath()
	}
	return filepath.Join(l.specimensPath(), fmt.Sprintf("%02d.safetensors", k))
}

func (l lab) specimensPath() string { return filepath.Join(l.dir, "specimens") }

// labData is data.json: which data the lab's networks were raised on.
type labData struct {
	datasets.Options
	// Directory is where the data lay, in full, for data given by a relative path.
	Directory string `json:"directory,omitempty"`
	Digest    string `json:"digest"`
}

// newLabData remembers the data under the place they have now.
func newLabData(o datasets.Options, set *datasets.Set) (labData, error) {
	d := labData{Options: o, Digest: set.Digest()}
	d.Data = set.Source
	if _, dir, ok := strings.Cut(d.Data, ":"); ok {
		full, err := filepath.Abs(dir)
		if err != nil {
			return d, err
		}
		d.Directory = full
	}
	return d, nil
}

func (l lab) saveData(d labData) error {
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(l.dataPath(), append(text, '\n'))
}

// open finds the data again. Their name stays the one that was typed.
func (d labData) open(ctx context.Context, s streams) (*datasets.Set, error) {
	o := d.Options
	if name, _, ok := strings.Cut(o.Data, ":"); ok && d.Directory != "" {
		o.Data = name + ":" + d.Directory
	}
	set, err := s.readData(ctx, o, d.Data)
	if err != nil {
		return nil, err
	}
	set.Source = d.Data
	return set, nil
}

// claim makes the lab's folder, and finds out before the work whether its result can be
// written there.
func (l lab) claim() error {
	if err := os.MkdirAll(l.dir, 0o777); err != nil {
		return fmt.Errorf("the lab %q cannot be made: %w", l.dir, err)
	}
	f, err := os.CreateTemp(l.dir, ".claim-*")
	if err != nil {
		return fmt.Errorf("the lab %q cannot be written to: %w", l.dir, err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// openModel loads the lab's network.
func (l lab) openModel() (*model.Network, error) {
	n, err := model.Load(l.modelPath())
	switch {
	case errors.Is(err, fs.ErrNotExist) && exists(l.checkpointPath()):
		return nil, hint(fmt.Errorf("no network in the lab %q: its training was interrupted", l.dir), "go on with: neuroprobe train --resume%s", l.flag())
	case errors.Is(err, fs.ErrNotExist):
		return nil, hint(fmt.Errorf("no network in the lab %q", l.dir), "raise one with: neuroprobe train%s", l.flag())
	}
	return n, err
}

// openData finds the data the network was raised on, and refuses others.
func (l lab) openData(ctx context.Context, n *model.Network, s streams) (*datasets.Set, error) {
	text, err := os.ReadFile(l.dataPath())
	if err != nil {
		return nil, hint(err, "data.json belongs to the lab; neuroprobe train --force writes a new lab")
	}
	var d labData
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("%s: %w", l.dataPath(), err)
	}
	set, err := d.open(ctx, s)
	if err != nil {
		return nil, err
	}
	if digest := set.Digest(); digest != n.Record.DataDigest {
		return nil, hint(fmt.Errorf("the data %s have changed since training: their digest is %.12s…, the network was raised on %.12s…", set.Source, digest, n.Record.DataDigest),
			"bring the old data back, or raise a new network in another --lab")
	}
	return set, nil
}

// flag is how to name this lab on a command line; nothing for the default.
func (l lab) flag() string {
	if l.dir == defaultLab() {
		return ""
	}
	return " --lab " + quote(l.dir)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
