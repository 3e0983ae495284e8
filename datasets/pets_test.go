package datasets

import (
	"math"
	"os"
	"slices"
	"testing"

	"neuroprobe/internal/petstest"
)

// TestRealPets: real photos with masks, in the folder form. NEUROPROBE_PETS_TO names a folder to
// write all 598 to and keep; without it 150 have to do, for files cost time:
//
//	NEUROPROBE_DATA=… NEUROPROBE_PETS_TO=pets go test -count=1 -run TestRealPets ./datasets
//
// What there should be was counted in the records themselves, by another program.
func TestRealPets(t *testing.T) {
	t.Parallel()
	from := realData(t, "pets32")
	want := struct{ photos, cats, heads, head, animal, background, border int }{150, 100, 75, 13_726, 41_812, 92_253, 19_535}
	dir := os.Getenv("NEUROPROBE_PETS_TO")
	if dir == "" {
		dir = t.TempDir()
	} else {
		want.photos, want.cats, want.heads, want.head, want.animal, want.background, want.border = 598, 398, 296, 59_493, 161_856, 372_939, 77_557
	}
	if n := petstest.Write(t, dir, from, want.photos); n != want.photos {
		t.Fatalf("%d photos, want %d", n, want.photos)
	}
	s := mustOpen(t, "folder", dir, Options{})
	if s.Len() != want.photos || s.Height != 32 || s.Channels != 3 || !slices.Equal(s.Classes, []string{"cat", "dog"}) || !slices.Equal(s.Parts, petstest.Parts) {
		t.Fatalf("%d photos of %d×%d×%d, classes %v, parts %v", s.Len(), s.Channels, s.Height, s.Width, s.Classes, s.Parts)
	}
	if len(s.Warnings) > 0 {
		t.Errorf("warnings %q", s.Warnings)
	}
	cats, heads, pixels := 0, 0, make([]int, 4)
	for i := range s.Len() {
		if s.Labels[i] == 0 {
			cats++
		}
		masks, covered := s.Masks(i), make([]int, 1024)
		if masks[3] != nil {
			heads++
		}
		for p, m := range masks {
			for k, in := range m {
				if in {
					pixels[p]++
				}
				if in && p < 3 {
					covered[k]++
				}
			}
		}
		if slices.Min(covered) != 1 || slices.Max(covered) != 1 {
			t.Errorf("%s: animal, background and border do not share out the pixels", s.Names[i])
		}
	}
	if cats != want.cats || heads != want.heads || !slices.Equal(pixels, []int{want.animal, want.background, want.border, want.head}) {
		t.Errorf("%d cats, %d heads, pixels %v of the parts %v; want %+v", cats, heads, pixels, s.Parts, want)
	}
	for _, split := range Splits { // 70, 15 and 15 %, by the names; five standard errors
		lo, hi := s.Range(split)
		share := map[Split]float64{Train: 0.70, Select: 0.15, Confirm: 0.15}[split]
		if math.Abs(float64(hi-lo)/float64(s.Len())-share) > 5*math.Sqrt(share*(1-share)/float64(s.Len())) {
			t.Errorf("%s has %d photos", split, hi-lo)
		}
	}
}
