package petstest_test

import (
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"neuroprobe/internal/petstest"
)

// TestWrite: two records made by hand. Tom is red with an animal of one pixel and a head box from
// 30.5 to beyond the right edge: of columns 30 and 31 the centres 30.5 and 31.5 are in it, of
// rows 0 and 1 only row 0. Rex is blue, all background, without a head box.
func TestWrite(t *testing.T) {
	from, dir := t.TempDir(), t.TempDir()
	images, trimaps := make([]byte, 2*3073), slices.Repeat([]byte{2}, 2*1024)
	images[0], images[3073] = 3, 5
	for i := range 1024 {
		images[1+i], images[3073+1+2048+i] = 200, 100
	}
	trimaps[33], trimaps[34] = 1, 3
	for name, data := range map[string][]byte{
		"images.bin":  images,
		"trimaps.bin": trimaps,
		"index.csv": []byte("record,label,name,head_xmin32,head_ymin32,head_xmax32,head_ymax32\n" +
			"0,3,tom,30.5,-3,40,1.5\n1,5,rex,,,,\n"),
	} {
		if err := os.WriteFile(filepath.Join(from, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if n := petstest.Write(t, dir, from, 0); n != 2 {
		t.Errorf("%d photos, want 2", n)
	}
	var files []string
	filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if !entry.IsDir() {
			name, _ := filepath.Rel(dir, path)
			files = append(files, filepath.ToSlash(name))
		}
		return err
	})
	want := []string{"cat/tom.png", "dog/rex.png", "masks/animal/cat/tom.png", "masks/background/cat/tom.png",
		"masks/background/dog/rex.png", "masks/border/cat/tom.png", "masks/head/cat/tom.png"}
	if !slices.Equal(files, want) {
		t.Errorf("files %q, want %q", files, want)
	}
	for file, lit := range map[string][]int{"masks/animal/cat/tom.png": {33}, "masks/border/cat/tom.png": {34}, "masks/head/cat/tom.png": {30, 31}} {
		if got := litPixels(t, filepath.Join(dir, file)); !slices.Equal(got, lit) {
			t.Errorf("%s: pixels %v, want %v", file, got, lit)
		}
	}
	for file, n := range map[string]int{"masks/background/cat/tom.png": 1022, "masks/background/dog/rex.png": 1024} {
		if got := litPixels(t, filepath.Join(dir, file)); len(got) != n {
			t.Errorf("%s: %d pixels, want %d", file, len(got), n)
		}
	}
	for file, want := range map[string]color.NRGBA{"cat/tom.png": {200, 0, 0, 255}, "dog/rex.png": {0, 0, 100, 255}} {
		if got := decode(t, filepath.Join(dir, file)); color.NRGBAModel.Convert(got(5, 7)) != want {
			t.Errorf("%s is %v, want %v", file, got(5, 7), want)
		}
	}
}

func decode(t *testing.T, file string) func(x, y int) color.Color {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img.At
}

func litPixels(t *testing.T, file string) (lit []int) {
	t.Helper()
	at := decode(t, file)
	for i := range 1024 {
		if r, _, _, _ := at(i%32, i/32).RGBA(); r > 0 {
			lit = append(lit, i)
		}
	}
	return lit
}
