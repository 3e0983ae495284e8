package datasets

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// randomSet has n images of each class in each split, with features and masks by chance.
func randomSet(n, channels, size int) *Set {
	rng := rand.New(rand.NewPCG(1, 2))
	s := &Set{
		Classes:  []string{"dog", "cat"}, // not sorted
		Channels: channels, Height: size, Width: size,
		Features:     []string{"pointed-ears", "coat, white", "tail"},
		Parts:        []string{"tail", "ears", "nose", "background"}, // not sorted; the nose shows nowhere
		FeatureParts: []int{1, -1, 0},
		sizes:        [3]int{2 * n, 2 * n, 2 * n},
	}
	for i := range 6 * n {
		s.Labels = append(s.Labels, (i+i/2)%2)
		s.Names = append(s.Names, fmt.Sprint("image ", i))
		for range s.Features {
			s.Present = append(s.Present, rng.IntN(2) == 1)
		}
		for range s.ImageSize() {
			s.Images = append(s.Images, levels[rng.IntN(256)])
		}
	}
	masks := make([]Mask, s.Len()*len(s.Parts))
	for k := range masks {
		if k%len(s.Parts) == 2 || rng.IntN(3) == 0 {
			continue
		}
		masks[k] = make(Mask, size*size)
		masks[k][rng.IntN(size*size)] = true
		masks[k][rng.IntN(size*size)] = true
	}
	s.mask = func(image, part int) Mask { return masks[image*len(s.Parts)+part] }
	return s
}

// TestExportRoundTrip: what openFolder reads is what Export was given.
func TestExportRoundTrip(t *testing.T) {
	for _, channels := range []int{1, 3} {
		set := randomSet(5, channels, 12)
		dir := filepath.Join(t.TempDir(), "set")
		done := 0
		if err := Export(t.Context(), set, dir, func(d, total int) { done = d }); err != nil {
			t.Fatal(err)
		}
		if done != set.Len() {
			t.Errorf("progress ended at %d of %d", done, set.Len())
		}
		back := mustOpen(t, "folder", dir, Options{Size: 12, Classes: set.Classes})
		if back.Digest() != set.Digest() {
			t.Errorf("%d channels: another digest", channels)
		}
		if !slices.Equal(back.FeatureParts, set.FeatureParts) {
			t.Errorf("parts of the features %v, want %v", back.FeatureParts, set.FeatureParts)
		}
		for i := range set.Len() {
			for k, part := range set.Parts {
				if got, want := back.Mask(i, k), set.Mask(i, k); !slices.Equal(got, want) || (got == nil) != (want == nil) {
					t.Errorf("image %d: another mask of %s", i, part)
				}
			}
		}
	}
}

// TestExportPetfacesRoundTrip: the drawn faces are the same set after a visit to the disk.
func TestExportPetfacesRoundTrip(t *testing.T) {
	set, err := Open(t.Context(), Options{Train: 8, Select: 4, Confirm: 4, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "faces")
	if err := Export(t.Context(), set, dir, nil); err != nil {
		t.Fatal(err)
	}
	back := mustOpen(t, "folder", dir, Options{})
	if back.Digest() != set.Digest() || !slices.Equal(back.FeatureParts, set.FeatureParts) {
		t.Error("another set came back")
	}
	for i := range set.Len() {
		for k, part := range set.Parts {
			if !slices.Equal(back.Mask(i, k), set.Mask(i, k)) {
				t.Errorf("image %d: another mask of %s", i, part)
			}
		}
	}
}

// TestExportPlainPhotos: no features and no masks, no files of them.
func TestExportPlainPhotos(t *testing.T) {
	set := randomSet(2, 3, 8)
	set.Features, set.FeatureParts, set.Present, set.Parts, set.mask = nil, nil, nil, nil, nil
	dir := t.TempDir() // empty, and there
	if err := Export(t.Context(), set, dir, nil); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if want := []string{"confirm", "contact-sheet.png", "select", "train"}; !slices.Equal(names, want) {
		t.Errorf("wrote %v, want %v", names, want)
	}
	if back := mustOpen(t, "folder", dir, Options{Size: 8, Classes: set.Classes}); back.Digest() != set.Digest() {
		t.Error("another digest")
	}
}

// TestExportIsTheSameForAnyRun: two exports of a set have the same bytes.
func TestExportIsTheSameForAnyRun(t *testing.T) {
	set := randomSet(3, 3, 8)
	a, b := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	for _, dir := range []string{a, b} {
		if err := Export(t.Context(), set, dir, nil); err != nil {
			t.Fatal(err)
		}
	}
	files := filesBelow(a, "", 9)
	if len(files) < set.Len() || !slices.Equal(files, filesBelow(b, "", 9)) {
		t.Fatalf("%d files, not the same names", len(files))
	}
	for _, file := range files {
		one, _ := os.ReadFile(filepath.Join(a, file))
		two, _ := os.ReadFile(filepath.Join(b, file))
		if !bytes.Equal(one, two) {
			t.Errorf("%s differs", file)
		}
	}
}

func TestExportRefuses(t *testing.T) {
	full := writeFiles(t, map[string][]byte{"dear.txt": nil})
	slash, hidden, channels := randomSet(1, 3, 8), randomSet(1, 3, 8), randomSet(1, 2, 8)
	slash.Classes = []string{"cat", "a/b"}
	hidden.Parts[1] = "..\\ears"
	for _, c := range []struct {
		set  *Set
		dir  string
		want string
	}{
		{randomSet(1, 3, 8), full, "datasets: export to " + full + ": not empty (holds dear.txt)"},
		{randomSet(1, 3, 8), full + "/dear.txt", "datasets: export to " + full + "/dear.txt: not a directory"},
		{slash, full + "/x", `datasets: export to ` + full + `/x: class "a/b" cannot be the name of a folder`},
		{hidden, full + "/x", `datasets: export to ` + full + `/x: part "..\\ears" cannot be the name of a folder`},
		{channels, full + "/x", "datasets: export to " + full + "/x: images of 2 channels (PNG files hold 1 or 3)"},
		{randomSet(1, 3, 8), full + "/no/x", "datasets: export to " + full + "/no/x: no folder " + full + "/no"},
	} {
		if err := Export(t.Context(), c.set, c.dir, nil); err == nil || err.Error() != c.want {
			t.Errorf("error\n%v\nwant\n%s", err, c.want)
		}
	}
	if names := filesBelow(full, "", 9); !slices.Equal(names, []string{"dear.txt"}) {
		t.Errorf("left behind %v", names)
	}
}

// TestExportStopped: nothing is left, not even beside the folder.
func TestExportStopped(t *testing.T) {
	parent := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	err := Export(ctx, randomSet(20, 3, 8), filepath.Join(parent, "set"), func(done, _ int) {
		if done == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want a cancelled context", err)
	}
	if entries, _ := os.ReadDir(parent); len(entries) > 0 {
		t.Errorf("left behind %v", entries)
	}
}
