package datasets

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// maxUnpackedBytes bounds one file of the archive; the largest has 30.73 MB.
const maxUnpackedBytes = 64 << 20

// unpackCIFAR10 unpacks the archive beside target and renames it when it is complete.
func unpackCIFAR10(ctx context.Context, archive, target string) error {
	f, err := os.Open(archive)
	if err != nil {
		return err
	}
	defer f.Close()
	scratch, err := os.MkdirTemp(filepath.Dir(target), ".unpack-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	unpacked := filepath.Join(scratch, "set")
	if err := os.Mkdir(unpacked, 0o755); err != nil {
		return err
	}
	if err := unpack(contextReader{ctx, bufio.NewReader(f)}, unpacked); err != nil {
		return fmt.Errorf("archive: %w", err)
	}
	return os.Rename(unpacked, target)
}

// unpack writes the files of CIFAR-10's archive into dir. It takes regular files of the
// known names only, so that no archive can write anywhere else.
func unpack(r io.Reader, dir string) error {
	unzipped, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	required := cifarLayouts[0].files()
	missing := slices.Clone(required)
	for entries := tar.NewReader(unzipped); ; {
		entry, err := entries.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		if entry.Typeflag == tar.TypeDir && path.Clean(entry.Name) == cifarFolder {
			continue
		}
		name, err := knownEntry(entry)
		if err != nil {
			return err
		}
		if err := writeEntry(filepath.Join(dir, name), entries); err != nil {
			return fmt.Errorf("%s: %w", entry.Name, err)
		}
		missing = slices.DeleteFunc(missing, func(file string) bool { return file == name })
	}
	if len(missing) > 0 {
		return fmt.Errorf("lacks %s", strings.Join(missing, ", "))
	}
	return nil
}

// knownEntry is the file name of an entry that belongs to CIFAR-10.
func knownEntry(entry *tar.Header) (string, error) {
	folder, name := path.Split(entry.Name)
	known := append([]string{"batches.meta.txt", "readme.html"}, cifarLayouts[0].files()...)
	switch {
	case folder != cifarFolder+"/" || !slices.Contains(known, name):
		return "", fmt.Errorf("holds %q, which CIFAR-10's does not", entry.Name)
	case entry.Typeflag != tar.TypeReg:
		return "", fmt.Errorf("%s: not a regular file", entry.Name)
	case entry.Size > maxUnpackedBytes:
		return "", fmt.Errorf("%s: %d bytes, above the limit of %d", entry.Name, entry.Size, maxUnpackedBytes)
	}
	return name, nil
}

// writeEntry refuses a name that came before.
func writeEntry(file string, r io.Reader) (err error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return bare(err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	_, err = io.Copy(f, r)
	return err
}
