package datasets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestCIFAR10(t *testing.T) {
	train := cifarRecords(numbered, 3, 5, 0, 3, 5, 3, 5, 9) // records 2 and 7 are no pets
	train[1], train[1+1024], train[1+2048+33] = 10, 20, 30  // record 0: red 0,0; green 0,0; blue 1,1
	test := cifarRecords(numbered, 9, 5, 3)
	dir := writeFiles(t, map[string][]byte{"train.bin": train, "test.bin": test})
	s := mustOpen(t, "cifar10", dir, Options{Seed: 1})

	if want := []string{"cat", "dog"}; !slices.Equal(s.Classes, want) {
		t.Errorf("classes %v, want %v", s.Classes, want)
	}
	if s.sizes != [3]int{4, 2, 2} {
		t.Errorf("splits of %v images, want 4, 2 and 2", s.sizes)
	}
	for _, split := range Splits {
		if counts := countLabels(s, split); counts[0] != counts[1] {
			t.Errorf("%s has %v images of each class", split, counts)
		}
	}
	for i, name := range s.Names {
		var file string
		var record int
		if _, err := fmt.Sscanf(name, "%s record %d", &file, &record); err != nil {
			t.Fatal(err)
		}
		raw := map[string][]byte{"train.bin": train, "test.bin": test}[file][record*cifarRecord:][:cifarRecord]
		if want := map[byte]int{3: 0, 5: 1}[raw[0]]; s.Labels[i] != want {
			t.Errorf("%s: label %d, want %d", name, s.Labels[i], want)
		}
		for k, v := range s.Image(i) {
			if v != float32(raw[1+k])/255 {
				t.Fatalf("%s: value %d is %g, want %d/255", name, k, v, raw[1+k])
			}
		}
	}
	if want := []string{"test.bin record 1", "test.bin record 2"}; !slices.Equal(s.Names[6:], want) {
		t.Errorf("confirm is %v, want %v", s.Names[6:], want)
	}
}

func TestCIFAR10ClassesInTheOrderGiven(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{
		"train.bin": cifarRecords(numbered, 9, 9, 3, 3, 0, 0),
		"test.bin":  cifarRecords(numbered, 0, 9, 3),
	})
	s := mustOpen(t, "cifar10", dir, Options{Classes: []string{"truck", "airplane"}})
	if s.Len() != 6 || s.Classes[0] != "truck" {
		t.Fatalf("%d images of %v", s.Len(), s.Classes)
	}
	if confirm := s.Labels[4:]; !slices.Equal(confirm, []int{1, 0}) {
		t.Errorf("confirm's labels %v, want airplane 1, truck 0", confirm)
	}
}

func TestCIFAR10PublishedLayout(t *testing.T) {
	files := map[string][]byte{}
	for k, file := range cifarLayouts[0].files() {
		files[cifarFolder+"/"+file] = cifarRecords(func(int) byte { return byte(k) }, 3, 5)
	}
	s := mustOpen(t, "cifar10", writeFiles(t, files), Options{})
	if s.sizes != [3]int{8, 2, 2} {
		t.Errorf("splits of %v images, want 8, 2 and 2", s.sizes)
	}
	if got := s.Names[s.Len()-1]; got != "test_batch.bin record 1" {
		t.Errorf("last image is %s", got)
	}
}

func TestCIFAR10BadInput(t *testing.T) {
	good := cifarRecords(numbered, 3, 5, 3, 5)
	bad := cifarRecords(numbered, 3, 11, 3, 5)
	noise := 0.1
	for _, c := range []struct {
		name  string
		files map[string][]byte
		o     Options
		want  string
	}{
		{"label byte", map[string][]byte{"train.bin": bad, "test.bin": good}, Options{},
			"datasets: DIR/train.bin: record 1: label byte 11 (CIFAR-10 labels are 0 to 9)"},
		{"two faults", map[string][]byte{"train.bin": bad, "test.bin": good[:5000]}, Options{},
			"datasets: 2 faults in DIR:\n  train.bin: record 1: label byte 11 (CIFAR-10 labels are 0 to 9)\n  test.bin: record 1: truncated, 1927 of 3073 bytes"},
		{"many faults", map[string][]byte{"train.bin": bytes.Repeat([]byte{255}, 12*cifarRecord), "test.bin": good}, Options{},
			"datasets: 12 faults in DIR:" + func() (s string) {
				for r := range 10 {
					s += fmt.Sprintf("\n  train.bin: record %d: label byte 255 (CIFAR-10 labels are 0 to 9)", r)
				}
				return s
			}() + "\n  and 2 more"},
		{"truncated", map[string][]byte{"train.bin": good, "test.bin": good[:len(good)-1]}, Options{},
			"datasets: DIR/test.bin: record 3: truncated, 3072 of 3073 bytes"},
		{"no files", map[string][]byte{"data_batch_1": good}, Options{},
			"datasets: DIR: no CIFAR-10 there (looked for data_batch_1.bin to data_batch_5.bin and test_batch.bin, or train.bin and test.bin, there and in cifar-10-batches-bin)"},
		{"a file missing", map[string][]byte{"train.bin": good}, Options{},
			"datasets: DIR: test.bin missing (train.bin, test.bin belong together)"},
		{"empty class", map[string][]byte{"train.bin": good, "test.bin": good}, Options{Classes: []string{"cat", "bird"}},
			`datasets: DIR: class "bird" has no image in the training files (they hold cat 2, dog 2)`},
		{"empty class of the test file", map[string][]byte{"train.bin": good, "test.bin": nil}, Options{},
			`datasets: DIR: class "cat" has no image in the test files (they hold none of any class)`},
		{"unknown class", nil, Options{Classes: []string{"cat", "wolf"}},
			`datasets: unknown class "wolf" (known: airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck)`},
		{"class twice", nil, Options{Classes: []string{"cat", "cat"}},
			`datasets: --classes cat,cat: "cat" is there twice`},
		{"one class", nil, Options{Classes: []string{"cat"}},
			"datasets: --classes cat: a classifier needs two classes at least (known: airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck)"},
		{"size", nil, Options{Size: 64}, "datasets: --size 64: CIFAR-10's images are 32 by 32 (leave --size out)"},
		{"noise", nil, Options{Noise: &noise}, "datasets: --noise 0.1: only petfaces draws noise (leave --noise out)"},
		{"negative", nil, Options{Train: -1}, "datasets: --train-images -1: must not be negative (0 means the default)"},
		{"select too large", map[string][]byte{"train.bin": good, "test.bin": good}, Options{Select: 3},
			"datasets: --select-images 3: from 2 to 2 of these 4 training images can be held out"},
		{"train too large", map[string][]byte{"train.bin": good, "test.bin": good}, Options{Train: 3},
			"datasets: --train-images 3: from 2 to 2 images can be had there"},
		{"too few to hold out", map[string][]byte{"train.bin": good[:2*cifarRecord], "test.bin": good}, Options{},
			`datasets: class "cat" has 1 training image: too few to hold a select split out`},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantOpenError(t, "cifar10", writeFiles(t, c.files), c.o, c.want)
		})
	}
}

func TestMissingFolder(t *testing.T) {
	for _, source := range []string{"cifar10", "idx", "folder"} {
		dir := t.TempDir()
		wantOpenError(t, source, dir+"/nothing", Options{}, "datasets: DIR: no such folder")
		addFile(t, dir, "file", nil)
		wantOpenError(t, source, dir+"/file", Options{}, "datasets: DIR: a file, not a folder")
	}
}

func TestCIFAR10SkipBad(t *testing.T) {
	good := cifarRecords(numbered, 3, 5, 3, 5)
	dir := writeFiles(t, map[string][]byte{
		"train.bin": append(cifarRecords(numbered, 10), good...),
		"test.bin":  append(good, 3, 0, 0),
	})
	s := mustOpen(t, "cifar10", dir, Options{SkipBad: true})
	want := []string{
		"train.bin: record 0: label byte 10 (CIFAR-10 labels are 0 to 9)",
		"test.bin: record 4: truncated, 3 of 3073 bytes",
	}
	if !slices.Equal(s.Skipped, want) {
		t.Errorf("skipped %q, want %q", s.Skipped, want)
	}
	if s.Len() != 8 {
		t.Errorf("%d images, want the 8 good ones", s.Len())
	}
}

// TestCIFAR10Limits: --train-images changes no other split, and takes the first of the rest.
func TestCIFAR10Limits(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{
		"train.bin": cifarRecords(numbered, []byte(strings.Repeat("\x03\x05", 20))...),
		"test.bin":  cifarRecords(numbered, 3, 5, 3, 5),
	})
	all := mustOpen(t, "cifar10", dir, Options{Seed: 7, Select: 10})
	few := mustOpen(t, "cifar10", dir, Options{Seed: 7, Select: 10, Train: 6, Confirm: 2})
	if all.sizes != [3]int{30, 10, 4} || few.sizes != [3]int{6, 10, 2} {
		t.Fatalf("splits of %v and %v images", all.sizes, few.sizes)
	}
	if !slices.Equal(few.Names[6:16], all.Names[30:40]) {
		t.Error("--train-images changed select")
	}
	if counts := countLabels(few, Train); counts[0] != 3 {
		t.Errorf("train has %v images of each class, want 3 and 3", counts)
	}
	if !slices.Equal(few.Names[16:], all.Names[40:42]) {
		t.Error("confirm is not the first two images")
	}
}

func TestCIFAR10Cancelled(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{"train.bin": cifarRecords(numbered, 3, 5), "test.bin": cifarRecords(numbered, 3, 5)})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Open(ctx, Options{Data: "cifar10:" + dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want a cancelled context", err)
	}
}

func TestCIFAR10Progress(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{"train.bin": cifarRecords(numbered, 3, 5, 3, 5), "test.bin": cifarRecords(numbered, 3, 5)})
	var calls [][2]int
	mustOpen(t, "cifar10", dir, Options{Progress: func(done, total int) { calls = append(calls, [2]int{done, total}) }})
	if last := calls[len(calls)-1]; last != [2]int{6, 6} {
		t.Errorf("last call %v, want 6 of 6", last)
	}
}

func TestCIFAR10RealData(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, "cifar10", realData(t, "cifar10-catdog"), Options{Seed: 1})
	if s.sizes != [3]int{9000, 1000, 2000} {
		t.Errorf("splits of %v images, want 9000, 1000 and 2000", s.sizes)
	}
	for _, split := range Splits {
		if counts := countLabels(s, split); counts[0] != counts[1] {
			t.Errorf("%s has %d cats and %d dogs, want half and half", split, counts[0], counts[1])
		}
	}
	lo, _ := s.Range(Confirm)
	if s.Labels[lo] != 0 || s.Names[lo] != "test.bin record 0" {
		t.Errorf("the first of confirm is %s, class %s, want record 0, a cat", s.Names[lo], s.Classes[s.Labels[lo]])
	}
	if first := s.Image(lo)[:3]; !slices.Equal(first, []float32{167. / 255, 166. / 255, 168. / 255}) {
		t.Errorf("its first red values are %v", first)
	}
}

func FuzzCIFAR10(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{3})
	f.Add(cifarRecords(numbered, 3, 5, 0, 11))
	f.Add(append(cifarRecords(numbered, 3), 5, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		c := &cifarReader{slots: []int{-1, -1, -1, 0, -1, 1, -1, -1, -1, -1}, kept: records{channels: 3, height: 32, width: 32}}
		tally := make([]int, 10)
		if err := c.read(bytes.NewReader(data), "fuzz.bin", tally); err != nil {
			t.Fatal(err)
		}
		if records := (len(data) + cifarRecord - 1) / cifarRecord; sum(tally)+len(c.faults.bad) != records {
			t.Errorf("%d good and %d bad of %d records", sum(tally), len(c.faults.bad), records)
		}
		if len(c.kept.pixels) != c.kept.len()*c.kept.size() {
			t.Errorf("%d pixels for %d images", len(c.kept.pixels), c.kept.len())
		}
	})
}

func BenchmarkCIFAR10(b *testing.B) {
	data := cifarRecords(numbered, bytes.Repeat([]byte{3, 5}, 500)...)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		c := &cifarReader{slots: []int{-1, -1, -1, 0, -1, 1, -1, -1, -1, -1}, kept: records{channels: 3, height: 32, width: 32}}
		if err := c.read(io.NopCloser(bytes.NewReader(data)), "train.bin", make([]int, 10)); err != nil {
			b.Fatal(err)
		}
	}
}
