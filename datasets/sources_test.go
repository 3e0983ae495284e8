package datasets

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeFiles makes a folder with the given files, by slash separated names.
func writeFiles(t *testing.T, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		addFile(t, dir, name, data)
	}
	return dir
}

func addFile(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	file := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(name, "/") {
		if err := os.MkdirAll(file, 0o755); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// mustOpen opens name:dir.
func mustOpen(t *testing.T, name, dir string, o Options) *Set {
	t.Helper()
	o.Data = name + ":" + dir
	set, err := Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// wantOpenError opens name:dir and compares the whole message, with DIR for dir.
func wantOpenError(t *testing.T, name, dir string, o Options, want string) {
	t.Helper()
	o.Data = name + ":" + dir
	_, err := Open(context.Background(), o)
	if err == nil {
		t.Fatalf("no error, want\n%s", want)
	}
	if got := strings.ReplaceAll(err.Error(), dir, "DIR"); got != want {
		t.Errorf("error\n%s\nwant\n%s", got, want)
	}
}

// realData is the folder of real data below NEUROPROBE_DATA; without it the test is skipped.
func realData(t *testing.T, folder string) string {
	t.Helper()
	root := os.Getenv("NEUROPROBE_DATA")
	if root == "" {
		t.Skip("NEUROPROBE_DATA is not set: no real data to read")
	}
	return filepath.Join(root, folder)
}

// countLabels counts the images of each class in a split.
func countLabels(s *Set, split Split) []int {
	counts := make([]int, len(s.Classes))
	lo, hi := s.Range(split)
	for _, l := range s.Labels[lo:hi] {
		counts[l]++
	}
	return counts
}

// cifarRecords makes records with the given labels; every byte of record r is fill(r).
func cifarRecords(fill func(r int) byte, labels ...byte) []byte {
	var data []byte
	for r, label := range labels {
		data = append(data, label)
		data = append(data, bytes.Repeat([]byte{fill(r)}, cifarRecord-1)...)
	}
	return data
}

func numbered(r int) byte { return byte(r) }

// idxFile makes an idx file.
func idxFile(magic uint32, sizes []uint32, data []byte) []byte {
	file := binary.BigEndian.AppendUint32(nil, magic)
	for _, size := range sizes {
		file = binary.BigEndian.AppendUint32(file, size)
	}
	return append(file, data...)
}

// pngOf encodes an image.
func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// plain makes a PNG of one colour.
func plain(t testing.TB, width, height int, c color.Color) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, c)
		}
	}
	return pngOf(t, img)
}

var (
	red  = color.NRGBA{255, 0, 0, 255}
	blue = color.NRGBA{0, 0, 255, 255}
)
