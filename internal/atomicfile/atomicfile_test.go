package atomicfile

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// names lists a folder, so that a test can see that nothing was left behind.
func names(t *testing.T, dir string) string {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, f := range files {
		all = append(all, f.Name())
	}
	return strings.Join(all, " ")
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWriteReplacesTheFileAndLeavesNothingElse(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	for _, text := range []string{"first, and longer", "second"} {
		if err := Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got := content(t, path); got != text {
			t.Errorf("content is %q, want %q", got, text)
		}
	}
	if got := names(t, dir); got != "model.safetensors" {
		t.Errorf("folder holds %q", got)
	}
}

func TestWriteKeepsPermissionsAndLetsOthersRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	if err := Write(path, nil); err != nil {
		t.Fatal(err)
	}
	reference := filepath.Join(t.TempDir(), "g")
	if err := os.WriteFile(reference, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	mode := func(p string) fs.FileMode {
		i, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		return i.Mode()
	}
	if mode(path) != mode(reference) {
		t.Errorf("a new file has mode %v, os.WriteFile's %v", mode(path), mode(reference))
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if got := mode(path).Perm(); got != 0o600 {
		t.Errorf("a replaced file has mode %v, want 0600", got)
	}
}

func TestFailedWriteKeepsTheOldFileAndNamesIt(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	if err := Write(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	boom := errors.New("boom")
	err := WriteFunc(path, func(w io.Writer) error {
		w.Write(bytes.Repeat([]byte("new"), 1<<16)) // past the buffer, so that something reached the disk
		return boom
	})
	if !errors.Is(err, boom) || !strings.Contains(err.Error(), path) {
		t.Errorf("error is %q, want one that wraps boom and names %s", err, path)
	}
	if got := content(t, path); got != "old" {
		t.Errorf("content is %.20q, want the old one", got)
	}
	if got := names(t, dir); got != "a.json" {
		t.Errorf("folder holds %q", got)
	}
}

func TestErrorsNameTheFileAskedFor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "a.json")
	for what, err := range map[string]error{
		"Write": Write(path, nil),
		"Dir":   Dir(path, func(string) error { return nil }),
	} {
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path+":") {
			t.Errorf("%s: error is %q, want not-exist for %s", what, err, path)
		}
	}
}

func TestWriteOntoAFolderFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	if err := os.Mkdir(path, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, nil); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error is %v", err)
	}
	if got := names(t, dir); got != "a" {
		t.Errorf("folder holds %q", got)
	}
}

func TestDirAppearsWholeOrNotAtAll(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "0001-train")
	boom := errors.New("boom")
	half := func(dir string) error {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder is there before it is complete: %v", err)
		}
		return Write(filepath.Join(dir, "a.png"), []byte("a"))
	}
	err := Dir(path, func(dir string) error { return errors.Join(half(dir), boom) })
	if !errors.Is(err, boom) || !strings.Contains(err.Error(), path) {
		t.Errorf("error is %v", err)
	}
	if got := names(t, parent); got != "" {
		t.Errorf("a failed Dir left %q", got)
	}
	if err := Dir(path, half); err != nil {
		t.Fatal(err)
	}
	if got := names(t, parent) + "/" + names(t, path); got != "0001-train/a.png" {
		t.Errorf("Dir made %q", got)
	}
	if err := Dir(path, func(string) error { return nil }); err == nil {
		t.Error("Dir replaced a folder with content")
	}
	if got := content(t, filepath.Join(path, "a.png")); got != "a" {
		t.Errorf("content is %q", got)
	}
}
