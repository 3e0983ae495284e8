package atomicfile

import (
	"os"
	"path/filepath"
)

// pending is renameio's PendingFile for the one system renameio leaves out.
type pending struct {
	*os.File
	path string
	done bool
}

func create(path string) (*pending, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"*")
	if err != nil {
		return nil, err
	}
	return &pending{File: f, path: path}, nil
}

func (p *pending) CloseAtomicallyReplace() error {
	if err := p.Sync(); err != nil {
		return err
	}
	if err := p.Close(); err != nil {
		return err
	}
	if err := os.Rename(p.Name(), p.path); err != nil {
		return err
	}
	p.done = true
	return nil
}

func (p *pending) Cleanup() error {
	if p.done {
		return nil
	}
	p.Close() // may be closed already; the removal is what counts
	return os.Remove(p.Name())
}
