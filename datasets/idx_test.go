package datasets

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
)

// smallMNIST has images of 2×3 pixels, all of value 10×label, two of each label given.
func smallMNIST(labels ...byte) map[string][]byte {
	labels = slices.Concat(labels, labels)
	var pixels []byte
	for _, l := range labels {
		pixels = append(pixels, bytes.Repeat([]byte{10 * l}, 6)...)
	}
	n := uint32(len(labels))
	images := idxFile(idxImages, []uint32{n, 2, 3}, pixels)
	list := idxFile(idxLabels, []uint32{n}, labels)
	return map[string][]byte{
		"train-images-idx3-ubyte": images, "train-labels-idx1-ubyte": list,
		"t10k-images-idx3-ubyte": images, "t10k-labels-idx1-ubyte": list,
	}
}

func gzipped(data []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Write(data)
	w.Close()
	return buf.Bytes()
}

func TestIDX(t *testing.T) {
	plain := smallMNIST(7, 1, 4)
	packed, misnamed := map[string][]byte{}, map[string][]byte{}
	for name, data := range plain {
		packed[name+".gz"] = gzipped(data)
		misnamed[name+".gz"] = data // unpacked by a browser
	}
	var digests []string
	for _, files := range []map[string][]byte{plain, packed, misnamed} {
		s := mustOpen(t, "idx", writeFiles(t, files), Options{Seed: 3})
		if want := []string{"1", "4", "7"}; !slices.Equal(s.Classes, want) {
			t.Fatalf("classes %v, want %v", s.Classes, want)
		}
		if s.sizes != [3]int{3, 3, 6} || s.Channels != 1 || s.Height != 2 || s.Width != 3 {
			t.Fatalf("splits %v of %d×%d×%d", s.sizes, s.Channels, s.Height, s.Width)
		}
		for i := range s.Len() {
			digit := map[string]float32{"1": 10, "4": 40, "7": 70}[s.Classes[s.Labels[i]]]
			if s.Image(i)[5] != digit/255 {
				t.Errorf("%s: pixel %g, want %g/255", s.Names[i], s.Image(i)[5], digit)
			}
		}
		digests = append(digests, s.Digest())
	}
	if digests[0] != digests[1] || digests[0] != digests[2] {
		t.Error("gzip makes another set")
	}
	s := mustOpen(t, "idx", writeFiles(t, plain), Options{Classes: []string{"7", "4"}})
	if s.Len() != 8 || s.Names[4] != "t10k-images image 0" || s.Labels[4] != 0 {
		t.Errorf("%d images, the first of confirm %s with label %d", s.Len(), s.Names[4], s.Labels[4])
	}
}

func TestIDXBadInput(t *testing.T) {
	with := func(change map[string][]byte) map[string][]byte {
		files := smallMNIST(0, 1)
		maps.Copy(files, change)
		return files
	}
	without := smallMNIST(0, 1)
	delete(without, "t10k-labels-idx1-ubyte")
	images, labels := smallMNIST(0, 1)["train-images-idx3-ubyte"], smallMNIST(0, 1)["train-labels-idx1-ubyte"]
	for _, c := range []struct {
		name  string
		files map[string][]byte
		o     Options
		want  string
	}{
		{"file missing", without, Options{},
			"datasets: DIR/t10k-labels-idx1-ubyte: not there (looked for it with and without .gz)"},
		{"labels for images", with(map[string][]byte{"train-images-idx3-ubyte": slices.Concat(labels, labels)}), Options{},
			"datasets: DIR/train-images-idx3-ubyte: header: magic number 0x00000801 (a file of labels), not 0x00000803"},
		{"no idx", with(map[string][]byte{"train-labels-idx1-ubyte": []byte("label;digit\n")}), Options{},
			"datasets: DIR/train-labels-idx1-ubyte: header: magic number 0x6c616265, not 0x00000801"},
		{"short header", with(map[string][]byte{"train-images-idx3-ubyte": images[:9]}), Options{},
			"datasets: DIR/train-images-idx3-ubyte: header: truncated, 9 of 16 bytes"},
		{"truncated", with(map[string][]byte{"train-images-idx3-ubyte": images[:30]}), Options{},
			"datasets: DIR/train-images-idx3-ubyte: truncated: the header says 4 images of 2×3 pixels, 24 bytes, but 14 follow"},
		{"gzip cut short", with(map[string][]byte{"train-images-idx3-ubyte": gzipped(images)[:len(gzipped(images))-4]}), Options{},
			"datasets: DIR/train-images-idx3-ubyte: truncated: the gzip checksum at its end is missing"},
		{"too long", with(map[string][]byte{"train-images-idx3-ubyte": append(images[:len(images):len(images)], 0)}), Options{},
			"datasets: DIR/train-images-idx3-ubyte: too long: the header says 4 images of 2×3 pixels, 24 bytes, but more follow"},
		{"lying header", with(map[string][]byte{"train-images-idx3-ubyte": idxFile(idxImages, []uint32{1<<32 - 1, 4096, 4096}, nil)}), Options{},
			"datasets: DIR/train-images-idx3-ubyte: header: 4294967295 images of 4096×4096 pixels, above the limit of 2147483648 bytes"},
		{"no pixels", with(map[string][]byte{"train-images-idx3-ubyte": idxFile(idxImages, []uint32{4, 0, 3}, nil)}), Options{},
			"datasets: DIR/train-images-idx3-ubyte: header: images of 0×3 pixels (1 to 4096 a side)"},
		{"counts differ", with(map[string][]byte{"t10k-labels-idx1-ubyte": idxFile(idxLabels, []uint32{3}, []byte{0, 1, 0})}), Options{},
			"datasets: DIR/t10k-labels-idx1-ubyte: 3 labels for the 4 images of t10k-images-idx3-ubyte"},
		{"label", with(map[string][]byte{"t10k-labels-idx1-ubyte": idxFile(idxLabels, []uint32{4}, []byte{0, 1, 26, 0})}), Options{},
			"datasets: DIR/t10k-labels-idx1-ubyte: label 2: 26 (the classes are 0 to 9)"},
		{"two sizes", with(map[string][]byte{"t10k-images-idx3-ubyte": idxFile(idxImages, []uint32{4, 3, 2}, make([]byte, 24))}), Options{},
			"datasets: DIR: test images of 3×2 pixels, training images of 2×3"},
		{"size", smallMNIST(0, 1), Options{Size: 28}, "datasets: --size 28: these images are 2 by 3 (leave --size out)"},
		{"class without images", smallMNIST(0, 1), Options{Classes: []string{"0", "8"}},
			`datasets: DIR: class "8" has no image in the training files (they hold 0 2, 1 2)`},
		{"unknown class", nil, Options{Classes: []string{"0", "ten"}},
			`datasets: unknown class "ten" (known: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9)`},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantOpenError(t, "idx", writeFiles(t, c.files), c.o, c.want)
		})
	}
}

func TestIDXGathersFaults(t *testing.T) {
	_, err := Open(t.Context(), Options{Data: "idx:" + t.TempDir()})
	if err == nil || !strings.HasPrefix(err.Error(), "datasets: 4 faults in ") {
		t.Errorf("error %v, want one that names the four files", err)
	}
}

func TestIDXSkipBad(t *testing.T) {
	files := smallMNIST(0, 1)
	files["t10k-labels-idx1-ubyte"] = idxFile(idxLabels, []uint32{4}, []byte{0, 1, 26, 1})
	s := mustOpen(t, "idx", writeFiles(t, files), Options{SkipBad: true})
	if want := []string{"t10k-labels-idx1-ubyte: label 2: 26 (the classes are 0 to 9)"}; !slices.Equal(s.Skipped, want) || s.Len() != 7 {
		t.Errorf("skipped %q, %d images left", s.Skipped, s.Len())
	}
}

func TestIDXRealData(t *testing.T) {
	t.Parallel()
	dir := realData(t, "mnist")
	var found faults
	block, labels := readIDXPart(t.Context(), dir, idxParts[1], &found)
	if err := found.err(); err != nil {
		t.Fatal(err)
	}
	if block.count != 10000 || !slices.Equal(labels[:5], []byte{7, 2, 1, 0, 4}) {
		t.Errorf("t10k has %d images, the first labels are %v, want 10000 and 7 2 1 0 4", block.count, labels[:5])
	}
	if raceDetector {
		t.Log("training images not read: unpacking 47 MB takes the race detector too long")
		return
	}
	s := mustOpen(t, "idx", dir, Options{Seed: 1})
	if s.sizes != [3]int{54000, 6000, 10000} || s.Height != 28 || s.Width != 28 {
		t.Errorf("splits of %v images of %d×%d", s.sizes, s.Height, s.Width)
	}
	lo, _ := s.Range(Confirm)
	if first := s.Labels[lo : lo+5]; !slices.Equal(first, []int{7, 2, 1, 0, 4}) {
		t.Errorf("the first labels of t10k are %v, want 7 2 1 0 4", first)
	}
}

func FuzzIDX(f *testing.F) {
	for _, data := range smallMNIST(0, 9) {
		f.Add(data)
		f.Add(gzipped(data))
		f.Add(data[:len(data)-1])
	}
	f.Add(idxFile(idxImages, []uint32{1 << 31, 1 << 31, 1 << 31}, nil))
	f.Add(idxFile(idxLabels, []uint32{1<<32 - 1}, nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := gunzipped(bytes.NewReader(data))
		if err != nil {
			return
		}
		content, err := io.ReadAll(io.LimitReader(r, 1<<20))
		if err != nil {
			return
		}
		if block, err := readIDXImages(bytes.NewReader(content)); err == nil && len(block.pixels) != len(content)-16 {
			t.Errorf("%d pixels of %d bytes", len(block.pixels), len(content))
		}
		if labels, err := readIDXLabels(bytes.NewReader(content)); err == nil && len(labels) != len(content)-8 {
			t.Errorf("%d labels of %d bytes", len(labels), len(content))
		}
	})
}
