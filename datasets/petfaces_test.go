package datasets

import (
	"context"
	"errors"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

func openFaces(t testing.TB, o Options) *Set {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func small(seed uint64) Options { return Options{Seed: seed, Train: 60, Select: 20, Confirm: 20} }

func ptr(v float64) *float64 { return &v }

func TestPetfacesDependOnTheSeedAlone(t *testing.T) {
	first := openFaces(t, small(7))
	if again := openFaces(t, small(7)); again.Digest() != first.Digest() {
		t.Error("the same seed drew another set")
	}
	if other := openFaces(t, small(8)); other.Digest() == first.Digest() {
		t.Error("another seed drew the same set")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	if alone := openFaces(t, small(7)); alone.Digest() != first.Digest() {
		t.Error("one worker drew another set than several")
	}
}

func TestPetfacesOfOneSplitIgnoreTheSizesOfOthers(t *testing.T) {
	a := openFaces(t, Options{Seed: 3, Train: 30, Select: 20, Confirm: 10})
	b := openFaces(t, Options{Seed: 3, Train: 80, Select: 10, Confirm: 25})
	for _, split := range Splits {
		loA, hiA := a.Range(split)
		loB, hiB := b.Range(split)
		for k := range min(hiA-loA, hiB-loB) {
			if a.Labels[loA+k] != b.Labels[loB+k] || !slices.Equal(a.Image(loA+k), b.Image(loB+k)) {
				t.Fatalf("%s image %d changed with the sizes of the splits", split, k)
			}
		}
	}
}

func TestPetfacesAreAllDifferent(t *testing.T) {
	s := openFaces(t, Options{Seed: 3, Noise: ptr(0), Train: 300, Select: 300, Confirm: 300})
	seen := map[float64][]int{}
	for i := range s.Len() {
		sum := 0.0
		for k, v := range s.Image(i) {
			sum += float64(v) * float64(k+1)
		}
		for _, j := range seen[sum] {
			if slices.Equal(s.Image(i), s.Image(j)) {
				t.Fatalf("%s and %s are the same image", s.Names[i], s.Names[j])
			}
		}
		seen[sum] = append(seen[sum], i)
	}
}

func TestPetfacesAreWhatTheSetPromises(t *testing.T) {
	s := openFaces(t, Options{Seed: 1, Train: 101, Select: 40, Confirm: 2})
	for _, v := range s.Images {
		level := math.Round(float64(v) * 255)
		if v != float32(level)/255 || level < 0 || level > 255 {
			t.Fatalf("pixel %v is no multiple of 1/255 in [0,1]", v)
		}
	}
	for _, split := range Splits {
		lo, hi := s.Range(split)
		var counts [2]int
		for _, l := range s.Labels[lo:hi] {
			counts[l]++
		}
		if d := counts[cat] - counts[dog]; d < -1 || d > 1 || (hi-lo)%2 == 0 && d != 0 {
			t.Errorf("%s has %d cats and %d dogs", split, counts[cat], counts[dog])
		}
	}
	for f, row := range petfaceTable {
		if s.Features[f] != row.Name || s.Parts[s.FeatureParts[f]] != row.Part {
			t.Errorf("feature %d is %s in %s, want %s in %s", f, s.Features[f], s.Parts[s.FeatureParts[f]], row.Name, row.Part)
		}
	}
	if !s.HasMasks() || !s.HasTwins() {
		t.Error("petfaces without masks or twins")
	}
}

func TestPetfacesClassDoesNotFollowFromTheIndex(t *testing.T) {
	const n = 4000
	even := 0
	for k := 0; k < n; k += 2 {
		if petfaceClassAt(5, Train, k) == cat {
			even++
		}
	}
	if z := (float64(even) - n/4) / math.Sqrt(n/8.0); math.Abs(z) > 4 {
		t.Errorf("%d of %d images of even index are cats", even, n/2)
	}
}

func TestPetfacesDefaults(t *testing.T) {
	o := Options{Seed: 1}
	sizes, err := petfaceOptions(&o)
	if err != nil || sizes != [3]int{4000, 1000, 1000} || o.Size != 32 || *o.Noise != petfaceNoise {
		t.Errorf("defaults are %v, %d pixels, noise %v, error %v", sizes, o.Size, *o.Noise, err)
	}
}

func TestPetfacesRefuseOptions(t *testing.T) {
	cases := map[string]struct {
		options Options
		want    []string
	}{
		"large":          {Options{Size: 500}, []string{"datasets: --size 500: petfaces are drawn at 16 to 224 pixels"}},
		"tiny":           {Options{Size: 15}, []string{"--size 15"}},
		"negative size":  {Options{Size: -32}, []string{"--size -32"}},
		"train":          {Options{Train: 1}, []string{"--train-images 1: a split of petfaces has 2 to"}},
		"select":         {Options{Select: -5}, []string{"--select-images -5"}},
		"confirm":        {Options{Confirm: 1}, []string{"--confirm-images 1"}},
		"huge":           {Options{Train: 1 << 40}, []string{"--train-images 1099511627776"}},
		"noise":          {Options{Noise: ptr(-0.1)}, []string{"--noise -0.1"}},
		"noise NaN":      {Options{Noise: ptr(math.NaN())}, []string{"--noise NaN"}},
		"foreign class":  {Options{Classes: []string{"cat", "frog"}}, []string{"--classes cat,frog: petfaces have the classes cat,dog"}},
		"turned classes": {Options{Classes: []string{"dog", "cat"}}, []string{"--classes dog,cat"}},
		"skip bad":       {Options{SkipBad: true}, []string{"--skip-bad"}},
		"several":        {Options{Size: 8, Train: -1, Confirm: 1}, []string{"--size 8", "--train-images -1", "--confirm-images 1"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			s, err := Open(t.Context(), c.options)
			if err == nil || s != nil {
				t.Fatalf("got a set and error %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
	if _, err := Open(t.Context(), Options{Classes: []string{"cat", "dog"}, Train: 2, Select: 2, Confirm: 2, Noise: ptr(0)}); err != nil {
		t.Errorf("the least there can be is refused: %v", err)
	}
}

func TestPetfacesStopWhenCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := small(1)
	o.Train = 5000
	calls := 0
	o.Progress = func(done, total int) { calls++; cancel() }
	s, err := Open(ctx, o)
	if s != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("got a set and error %v", err)
	}
	if calls > 1+runtime.GOMAXPROCS(0) {
		t.Errorf("%d batches were drawn after the cancel", calls-1)
	}
}

func TestPetfacesReportProgress(t *testing.T) {
	o := small(1)
	last := 0
	o.Progress = func(done, total int) {
		if done <= last || total != 100 {
			t.Errorf("progress %d of %d after %d", done, total, last)
		}
		last = done
	}
	openFaces(t, o)
	if last != 100 {
		t.Errorf("progress ended at %d", last)
	}
}

func TestPetfaceMasksAndTwinsInParallel(t *testing.T) {
	s := openFaces(t, small(2))
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for i := range 12 {
				for f, part := range s.FeatureParts {
					if !slices.Equal(s.Twin(i, f), s.Twin(i, f)) || !slices.Equal(s.Mask(i, part), s.Mask(i, part)) {
						t.Errorf("image %d, feature %d: drawn differently twice", i, f)
					}
				}
			}
		})
	}
	workers.Wait()
}

func BenchmarkPetfaces(b *testing.B) {
	c, pixels := newCanvas(32, false), make([]float32, 3*32*32)
	k := 0
	for b.Loop() {
		p := petfaceAt(1, Train, k)
		p.draw(c)
		p.develop(c, petfaceNoise, pixels)
		k++
	}
}
