// Package petstest turns the real pets of the tests into the folder form of datasets: photos of
// cats and dogs with masks of what is in them. It is for tests; no command uses it.
//
// They come from O. M. Parkhi, A. Vedaldi, A. Zisserman and C. V. Jawahar, Cats and Dogs, CVPR
// 2012 (CC BY-SA 4.0), cropped square to 32×32 pixels, in a folder with
//
//	images.bin   CIFAR-10 records: a label byte (3 cat, 5 dog), then 1,024 bytes each of red, green, blue
//	trimaps.bin  1,024 bytes a record: 1 animal, 2 background, 3 the border between them
//	index.csv    one line a record: its name, and where in the 32×32 pixels its head is, if known
package petstest

import (
	"encoding/csv"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

const (
	side   = 32
	pixels = side * side
	record = 1 + 3*pixels
)

// Parts are the masks that are written, in the order in which the folder form lists them. Of
// every photo the animal, the background and the border between them share out the pixels; the
// head's box lies over them, and is there for about half of the photos.
var Parts = []string{"animal", "background", "border", "head"}

var classes = map[byte]string{3: "cat", 5: "dog"}

// Write makes dir/cat/NAME.png and dir/dog/NAME.png of n records (0: all), spread evenly over
// those in the folder `from`, and dir/masks/PART/cat/NAME.png and so on. The files' names decide the
// splits. It returns how many photos there are.
func Write(t testing.TB, dir, from string, n int) int {
	t.Helper()
	images, trimaps, lines := read(t, from, "images.bin"), read(t, from, "trimaps.bin"), index(t, from)
	total := len(lines)
	if len(images) != total*record || len(trimaps) != total*pixels {
		t.Fatalf("petstest: %d bytes of images and %d of trimaps for %d records", len(images), len(trimaps), total)
	}
	if n == 0 || n > total {
		n = total
	}
	for _, class := range classes {
		makeFolder(t, filepath.Join(dir, class))
		for _, part := range Parts {
			makeFolder(t, filepath.Join(dir, "masks", part, class))
		}
	}
	for k := range n {
		i := k * total / n
		p := pet{line: lines[i], pixels: images[i*record:][:record], trimap: trimaps[i*pixels:][:pixels]}
		p.write(t, dir)
	}
	return n
}

// pet is one record.
type pet struct {
	line   map[string]string
	pixels []byte // label, red, green, blue
	trimap []byte
}

func (p *pet) write(t testing.TB, dir string) {
	t.Helper()
	class, known := classes[p.pixels[0]]
	if !known {
		t.Fatalf("petstest: %s has label %d (want 3 or 5)", p.line["name"], p.pixels[0])
	}
	file := filepath.Join(class, p.line["name"]+".png")
	photo := image.NewNRGBA(image.Rect(0, 0, side, side))
	for i := range pixels {
		photo.Set(i%side, i/side, color.NRGBA{p.pixels[1+i], p.pixels[1+pixels+i], p.pixels[1+2*pixels+i], 255})
	}
	save(t, filepath.Join(dir, file), photo)
	for part, value := range map[string]byte{"animal": 1, "background": 2, "border": 3} {
		p.writeMask(t, filepath.Join(dir, "masks", part, file), func(i int) bool { return p.trimap[i] == value })
	}
	if x0, y0, x1, y1, ok := p.head(t); ok {
		p.writeMask(t, filepath.Join(dir, "masks", "head", file), func(i int) bool {
			x, y := float64(i%side)+0.5, float64(i/side)+0.5
			return x >= x0 && x < x1 && y >= y0 && y < y1
		})
	}
}

// head is the box around the head; a pixel belongs to it if its centre does, and what of the box
// lies outside the picture is no pixel.
func (p *pet) head(t testing.TB) (x0, y0, x1, y1 float64, ok bool) {
	t.Helper()
	if p.line["head_xmin32"] == "" {
		return 0, 0, 0, 0, false
	}
	number := func(column string) float64 {
		v, err := strconv.ParseFloat(p.line[column], 64)
		if err != nil {
			t.Fatalf("petstest: %s of %s: %v", column, p.line["name"], err)
		}
		return v
	}
	return number("head_xmin32"), number("head_ymin32"), number("head_xmax32"), number("head_ymax32"), true
}

// writeMask writes nothing where no pixel belongs.
func (p *pet) writeMask(t testing.TB, file string, belongs func(i int) bool) {
	t.Helper()
	mask, any := image.NewGray(image.Rect(0, 0, side, side)), false
	for i := range pixels {
		if belongs(i) {
			mask.Pix[i], any = 255, true
		}
	}
	if any {
		save(t, file, mask)
	}
}

func makeFolder(t testing.TB, dir string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
}

// encoder does not compress: these files are read once.
var encoder = png.Encoder{CompressionLevel: png.NoCompression}

func save(t testing.TB, file string, img image.Image) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := encoder.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, from, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(from, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// index are the lines of index.csv by column.
func index(t testing.TB, from string) []map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join(from, "index.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("petstest: index.csv: %d lines, %v", len(rows), err)
	}
	var lines []map[string]string
	for _, row := range rows[1:] {
		line := map[string]string{}
		for k, column := range rows[0] {
			line[column] = row[k]
		}
		lines = append(lines, line)
	}
	return lines
}
