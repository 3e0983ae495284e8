// Package atomicfile puts files and folders in place whole or not at all: a reader, or a
// crash, sees the old content or the new, never half of it.
//
// Everything is written under a temporary name in the same folder (so that the final rename
// stays on one file system), synced, and renamed. The temporary name starts with "." and the
// final name, which is how leftovers of a killed process can be recognised. Syncing the
// folder itself is left to the file system.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Write replaces the file at path by data.
func Write(path string, data []byte) error {
	return WriteFunc(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// WriteFunc replaces the file at path by what write writes. If write fails, the file at path
// stays as it was. Writes are buffered.
func WriteFunc(path string, write func(io.Writer) error) error {
	f, err := create(path)
	if err != nil {
		return failed(path, err)
	}
	defer f.Cleanup() // does nothing once the file is in place
	b := bufio.NewWriterSize(bare{f}, 1<<16)
	if err := write(b); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := b.Flush(); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return failed(path, err)
	}
	return nil
}

// Dir puts a new folder at path, holding what build writes into the folder it is given. A
// folder that exists there already and is not empty is an error.
func Dir(path string, build func(dir string) error) error {
	parent, name := filepath.Split(filepath.Clean(path))
	if parent == "" {
		parent = "."
	}
	temp, err := os.MkdirTemp(parent, "."+name+"-*")
	if err != nil {
		return failed(path, err)
	}
	defer os.RemoveAll(temp)
	// MkdirTemp's folder is the owner's alone; the one inside has the usual permissions.
	dir := filepath.Join(temp, name)
	if err := os.Mkdir(dir, 0o777); err != nil {
		return failed(path, err)
	}
	if err := build(dir); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	if err := os.Rename(dir, path); err != nil {
		return failed(path, err)
	}
	return nil
}

// failed names the file that was asked for, not the temporary one the system complains about.
func failed(path string, err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	} else if e, ok := errors.AsType[*os.LinkError](err); ok {
		err = e.Err
	}
	return &fs.PathError{Op: "write", Path: path, Err: err}
}

// bare strips the temporary file's name from write errors; WriteFunc adds the real one.
type bare struct{ io.Writer }

func (b bare) Write(p []byte) (int, error) {
	n, err := b.Writer.Write(p)
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return n, err
}
