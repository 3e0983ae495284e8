package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"neuroprobe/internal/atomicfile"
)

// diskParts keeps the finished parts of one command in the lab's folder .parts, so that --resume
// goes on after an interruption. They belong to that command line on that network and data.
type diskParts struct{ dir string }

// openParts finds the folder of a command. Without resume, leftovers of an earlier run are
// dropped; with it, there must be some.
func openParts(l lab, resume bool, belongs ...string) (*diskParts, error) {
	p := partsOf(l, belongs...)
	if !resume {
		return p, p.forget()
	}
	if !p.kept() {
		return nil, hint(errors.New("nothing to resume: no interrupted run of this command on this network"), "--resume wants the same flags as the interrupted run; leave it out to start")
	}
	return p, nil
}

// partsOf are the parts of what belongs together.
func partsOf(l lab, belongs ...string) *diskParts {
	h := sha256.Sum256([]byte(strings.Join(belongs, "\x00")))
	return &diskParts{filepath.Join(l.dir, ".parts", hex.EncodeToString(h[:8]))}
}

// path is where a part is kept: what a file system may refuse in a name becomes a hyphen.
func (p *diskParts) path(name string) string {
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' {
			return r
		}
		return '-'
	}, name)
	return filepath.Join(p.dir, safe+".gob")
}

// Load implements ablate.Parts. A part that cannot be read is done again.
func (p *diskParts) Load(name string, into any) (bool, error) {
	data, err := os.ReadFile(p.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return gob.NewDecoder(bytes.NewReader(data)).Decode(into) == nil, nil
}

// Save implements ablate.Parts.
func (p *diskParts) Save(name string, value any) error {
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(value); err != nil {
		return fmt.Errorf("part %s: %w", name, err)
	}
	if err := os.MkdirAll(p.dir, 0o777); err != nil {
		return err
	}
	return atomicfile.Write(p.path(name), b.Bytes())
}

// kept tells whether any part is there.
func (p *diskParts) kept() bool {
	files, err := filepath.Glob(filepath.Join(p.dir, "*.gob"))
	return err == nil && len(files) > 0
}

// forget drops all parts of the command, and the folder .parts with the last of them.
func (p *diskParts) forget() error {
	if err := os.RemoveAll(p.dir); err != nil {
		return err
	}
	_ = os.Remove(filepath.Dir(p.dir)) // fails where other commands have parts, as it should
	return nil
}
