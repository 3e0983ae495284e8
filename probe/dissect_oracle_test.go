package probe

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// randomScenes is a network with random weights, on images and masks that know nothing of each
// other: 11×7 pixels, in three parts, the last of which is often not visible. Its maps have sizes
// above, at and below the image's.
func randomScenes(t testing.TB, selected, confirm, units int) (*model.Network, *datasets.Set) {
	t.Helper()
	spec := model.Spec{Name: "random", Input: model.Shape{2, 11, 7}, Layers: []model.Layer{
		{Name: "same", Kind: model.Conv2D, Units: units, Kernel: 3, Padding: 1, Activation: model.ReLU},
		{Name: "large", Kind: model.Conv2D, Units: units, Kernel: 2, Padding: 1, Activation: model.Identity, Pool: &model.Pool{Kind: model.MaxPool, Size: 3}},
		{Name: "small", Kind: model.Conv2D, Units: units, Kernel: 2, Activation: model.ReLU},
		{Name: "answer", Kind: model.Dense, Units: 2, Activation: model.Identity},
	}}
	n := modeltest.Random(spec, 5)
	total := 2 + selected + confirm
	s := datasets.Set{Channels: 2, Height: 11, Width: 7, Classes: n.Classes, Labels: make([]int, total),
		Images: modeltest.Images(spec.Input, total, 6), Parts: []string{"left", "spots", "rare"}}
	for i := range s.Labels {
		s.Labels[i] = i % 2
	}
	r := rand.New(rand.NewPCG(7, 7))
	masks := make([][]datasets.Mask, total)
	for i := range masks {
		masks[i] = make([]datasets.Mask, 3)
		for p := range masks[i] {
			if p == 2 && r.IntN(4) > 0 {
				continue
			}
			m, edge := make(datasets.Mask, 77), r.IntN(7)
			for k := range m {
				m[k] = r.IntN(3) == 0 || p == 0 && k%7 < edge
			}
			masks[i][p] = m
		}
	}
	set, err := datasets.New(s, 2, selected, confirm)
	if err != nil {
		t.Fatal(err)
	}
	return n, set.WithMasks(func(image, part int) datasets.Mask { return masks[image][part] })
}

// naive is the oracle for one unit: images one at a time, maps and masks as []bool.
type naive struct {
	session *model.Session
	shape   model.Shape
	set     *datasets.Set
	unit    model.Address
}

func (o naive) activations(t testing.TB, i int) []float32 {
	t.Helper()
	trace := &model.Trace{Post: []int{o.unit.Layer}}
	if _, err := o.session.Run(o.set.Image(i), 0, nil, trace); err != nil {
		t.Fatal(err)
	}
	return trace.Activation(o.unit.Layer)[o.unit.Unit*o.shape.Area():][:o.shape.Area()]
}

func (o naive) threshold(t testing.TB) float64 {
	var all []float32
	for lo, hi := o.set.Range(datasets.Select); lo < hi; lo++ {
		all = append(all, o.activations(t, lo)...)
	}
	return slowThreshold(all)
}

// maps are those of a split.
func (o naive) maps(t testing.TB, split datasets.Split, threshold float64) [][]bool {
	var all [][]bool
	for lo, hi := o.set.Range(split); lo < hi; lo++ {
		values, m := o.activations(t, lo), make([]bool, o.set.Height*o.set.Width)
		for k := range m {
			m[k] = slowUpsample(values, o.shape[1], o.shape[2], o.set.Height, o.set.Width, k/o.set.Width, k%o.set.Width) > threshold
		}
		all = append(all, m)
	}
	return all
}

// iou pairs the map of image i with the mask of image order[i].
func (o naive) iou(split datasets.Split, maps [][]bool, part int, order []int) float64 {
	lo, _ := o.set.Range(split)
	both, either := 0.0, 0.0
	for i, m := range maps {
		mask := o.set.Mask(lo+order[i], part)
		for k := range m {
			shows := mask != nil && mask[k]
			if m[k] && shows {
				both++
			}
			if m[k] || shows {
				either++
			}
		}
	}
	return both / either
}

// TestDissectAgainstNaive holds everything against the definitions: on 90 images, and on 1,100,
// which makes two blocks of 550, each with permutations of its own seed, and more than one run over select.
func TestDissectAgainstNaive(t *testing.T) {
	for _, c := range []struct{ selected, images, units, permutations int }{{200, 90, 3, 39}, {1050, 1100, 1, 9}} {
		n, set := randomScenes(t, c.selected, c.images, c.units)
		o := dissectOptions{Split: datasets.Confirm, Permutations: c.permutations, Seed: 11}
		d := mustDissect(t, n, set, nil, o)
		if len(d.Units) != 3*c.units {
			t.Fatalf("%d units, want %d", len(d.Units), 3*c.units)
		}
		halves := []int{c.images}
		if c.images > 1024 {
			halves = []int{c.images / 2, c.images / 2}
		}
		orders, start := make([][]int, c.permutations), 0
		seeds := rand.New(rand.NewPCG(11, 0x64697373))
		for _, images := range halves {
			k := 0
			stats.Permutations{Count: c.permutations, Seed: seeds.Uint64()}.Shuffle(images, func(order []int) {
				for _, i := range order {
					orders[k] = append(orders[k], start+i)
				}
				k++
			})
			start += images
		}
		own := make([]int, c.images)
		for i := range own {
			own[i] = i
		}
		lit := 0
		for _, u := range d.Units {
			slow := naive{model.NewSession(n), n.Geometry(u.Address.Layer).Act, set, u.Address}
			threshold := slow.threshold(t)
			if u.Threshold != threshold {
				t.Errorf("%v: threshold %v, want %v", u.Address, u.Threshold, threshold)
			}
			selected, confirm := slow.maps(t, datasets.Select, threshold), slow.maps(t, datasets.Confirm, threshold)
			inSelect := make([]int, len(selected))
			for i := range inSelect {
				inSelect[i] = i
			}
			for p, got := range u.Overlaps {
				observed, mean, extreme := slow.iou(datasets.Confirm, confirm, p, own), 0.0, 0
				for _, order := range orders {
					null := slow.iou(datasets.Confirm, confirm, p, order)
					mean += null / float64(c.permutations)
					if null >= observed {
						extreme++
					}
				}
				if float64(got.IoU) != observed || float64(got.SelectIoU) != slow.iou(datasets.Select, selected, p, inSelect) ||
					math.Abs(float64(got.NullIoU)-mean) > 1e-12 || float64(got.P) != stats.PermutationP(extreme, c.permutations) {
					t.Errorf("%v, part %d: %+v, want IoU %v, null %v, %d extreme", u.Address, p, got, observed, mean, extreme)
				}
				if observed > 0 {
					lit++
				}
			}
		}
		if lit < 5*c.units {
			t.Errorf("only %d overlaps above 0: too little to compare", lit)
		}
	}
}

// TestDissectNullIsNull: where maps and masks know nothing of each other p is about uniform, but for
// ties, which make it larger. Units whose maps are empty say nothing. Of some 80 tests, those of
// a unit somewhat dependent, 5 % are expected at or below 0.05: 15 % would be three standard errors
// away, and the mean of p, whose standard error is 0.04, is at ½ and a little above.
func TestDissectNullIsNull(t *testing.T) {
	n, set := randomScenes(t, 300, 300, 12)
	d := mustDissect(t, n, set, nil, dissectOptions{Split: datasets.Confirm, Permutations: 199, Seed: 4})
	var all []float64
	small := 0.0
	for _, u := range d.Units {
		for _, o := range u.Overlaps {
			if o.NullIoU == 0 {
				continue
			}
			if all = append(all, float64(o.P)); o.P <= 0.05 {
				small++
			}
		}
	}
	if share, mean := small/float64(len(all)), stats.Mean(all); len(all) < 60 || share > 0.15 || mean < 0.4 || mean > 0.65 {
		t.Errorf("%d tests: %.3f of p at most 0.05, mean %.3f", len(all), share, mean)
	}
}

func TestBlocks(t *testing.T) {
	for _, c := range []struct {
		images, rows, words int
		want                []int
	}{
		{1000, 121, 16, []int{1000}},
		{1024, 121, 16, []int{1024}},
		{1025, 121, 16, []int{512, 1025}},
		{2100, 1, 1, []int{700, 1400, 2100}},
		{1, 5, 1, []int{1}},
		{5, 1 << 21, 8, []int{2, 5}},                                     // 128 MiB an image: two at least
		{100, 2000, 784, []int{10, 20, 30, 40, 50, 60, 70, 80, 90, 100}}, // 12.5 MB an image: ten have room
	} {
		if got := blocks(c.images, c.rows, c.words); !slices.Equal(got, c.want) {
			t.Errorf("%d images of %d rows of %d words: blocks end at %v, want %v", c.images, c.rows, c.words, got, c.want)
		}
	}
}

func BenchmarkDissect(b *testing.B) {
	n, set := randomScenes(b, 500, 500, 16)
	for b.Loop() {
		mustDissect(b, n, set, nil, dissectOptions{Split: datasets.Confirm, Seed: 1})
	}
}
