package datasets

import (
	"image"
	"slices"
	"testing"
)

// wantMasks compares Masks with Mask, asked part by part, for the images [0, n).
func wantMasks(t *testing.T, s *Set, n int) (visible, hidden int) {
	t.Helper()
	for i := range n {
		all := s.Masks(i)
		if len(all) != len(s.Parts) {
			t.Fatalf("image %d: %d masks, want %d", i, len(all), len(s.Parts))
		}
		for part, m := range all {
			if one := s.Mask(i, part); (one == nil) != (m == nil) || !slices.Equal(one, m) {
				t.Errorf("image %d: the masks of %s differ", i, s.Parts[part])
			}
			if m == nil {
				hidden++
			} else {
				visible++
			}
		}
	}
	return visible, hidden
}

// TestMasksOfPetfaces: one drawing gives what nine give; some parts are hidden somewhere.
func TestMasksOfPetfaces(t *testing.T) {
	s := openFaces(t, Options{Seed: 3, Train: 60, Select: 2, Confirm: 2})
	if visible, hidden := wantMasks(t, s, s.Len()); visible < 64*5 || hidden < 64 {
		t.Errorf("%d masks and %d hidden parts: too few to compare", visible, hidden)
	}
}

func TestMasksOfFolder(t *testing.T) {
	files := petFolder(t, 1, Splits...)
	files["masks/ears/train/cat/train0.png"] = maskOf(t, 8, 8, image.Rect(0, 0, 2, 1))
	files["masks/tail/train/cat/train0.png"] = maskOf(t, 8, 8, image.Rect(4, 4, 8, 8))
	files["masks/tail/confirm/dog/confirm0.png"] = maskOf(t, 8, 8, image.Rect(7, 7, 8, 8))
	files["parts.csv"] = []byte("feature,part\n,tail\n,ears\n") // not the folders' order
	s := mustOpen(t, "folder", writeFiles(t, files), Options{Size: 8})
	if visible, hidden := wantMasks(t, s, s.Len()); visible != 3 || hidden != 9 {
		t.Errorf("%d masks and %d hidden parts, want 3 and 9", visible, hidden)
	}
}

// TestMasksOfMemory: masks given to a set replace those it had, and there are none without.
func TestMasksOfMemory(t *testing.T) {
	plain, err := New(Set{Images: make([]float32, 12), Labels: []int{0, 0, 0}, Classes: []string{"only"},
		Channels: 1, Height: 2, Width: 2, Parts: []string{"corner", "nowhere"}}, 1, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	if plain.HasMasks() || plain.Masks(0) != nil {
		t.Error("the set without masks has some")
	}
	corner := func(image, part int) Mask {
		if part == 1 {
			return nil
		}
		m := make(Mask, 4)
		m[image%4] = true
		return m
	}
	if visible, hidden := wantMasks(t, plain.WithMasks(corner), 3); visible != 3 || hidden != 3 {
		t.Errorf("%d masks and %d hidden parts, want 3 and 3", visible, hidden)
	}
	if m := plain.Masks(2); !slices.Equal(m[0], Mask{false, false, true, false}) {
		t.Errorf("mask %v", m[0])
	}
	faces := openFaces(t, Options{Train: 2, Select: 2, Confirm: 2}).WithMasks(corner)
	if m := faces.Masks(1); !slices.Equal(m[0], Mask{false, true, false, false}) {
		t.Errorf("the faces keep their own mask %v", m[0])
	}
}

func BenchmarkPetfaceMasks(b *testing.B) {
	d := &petfaces{side: 32, faces: []petface{petfaceAt(1, Train, 0)}}
	for b.Loop() {
		d.masks(0)
	}
}

// TestMaskDigest: it changes with one pixel of a mask, and with a part no longer visible.
func TestMaskDigest(t *testing.T) {
	of := func(corner Mask) string {
		faces := openFaces(t, Options{Train: 2, Select: 2, Confirm: 2})
		return faces.WithMasks(func(image, part int) Mask {
			if image == 5 && part == 0 {
				return corner
			}
			return nil
		}).MaskDigest(Confirm)
	}
	seen := map[string]bool{}
	for _, m := range []Mask{nil, {true, false}, {false, true}, {true, true}} {
		seen[of(m)] = true
	}
	if len(seen) != 4 || !seen[of(nil)] {
		t.Errorf("%d digests of 4 different masks", len(seen))
	}
	if d := plainSet(t).MaskDigest(Confirm); d != "" {
		t.Errorf("digest %q without masks", d)
	}
}

func plainSet(t *testing.T) *Set {
	t.Helper()
	s, err := New(Set{Images: make([]float32, 6), Labels: []int{0, 1, 0, 1, 0, 1}, Classes: []string{"a", "b"}, Channels: 1, Height: 1, Width: 1}, 2, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
