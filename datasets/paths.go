package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// requireDir makes a plain error where dir is no folder.
func requireDir(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("datasets: %s: no such folder", dir)
	case err != nil:
		return fmt.Errorf("datasets: %s: %w", dir, bare(err))
	case !info.IsDir():
		return fmt.Errorf("datasets: %s: a file, not a folder", dir)
	}
	return nil
}

// isFile follows links; it is false for folders, pipes and devices.
func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// bare strips the path off an error of package os: our messages name the file themselves.
func bare(err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}
