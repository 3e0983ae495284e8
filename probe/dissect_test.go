package probe

import (
	"context"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// scene is one image of a planted set, 8×8: a light in some of the 4×4 cells of 2×2 pixels, and
// masks by part, as pixels.
type scene struct {
	lights map[int]float32 // by cell, row·4 + column
	masks  [][]int         // nil: not visible
}

// quad are the pixels of a cell.
func quad(cell int) []int {
	corner := cell/4*16 + cell%4*2
	return []int{corner, corner + 1, corner + 8, corner + 9}
}

// planted makes a set of scenes, one channel, one class.
func planted(t testing.TB, parts []string, train, selected, confirm []scene) *datasets.Set {
	t.Helper()
	all := slices.Concat(train, selected, confirm)
	s := datasets.Set{Channels: 1, Height: 8, Width: 8, Classes: []string{"scene"}, Labels: make([]int, len(all)),
		Images: make([]float32, 64*len(all)), Parts: parts}
	for i, scene := range all {
		for cell, light := range scene.lights {
			for _, p := range quad(cell) {
				s.Images[64*i+p] = light
			}
		}
	}
	set, err := datasets.New(s, len(train), len(selected), len(confirm))
	if err != nil {
		t.Fatal(err)
	}
	return set.WithMasks(func(image, part int) datasets.Mask {
		pixels := all[image].masks[part]
		if pixels == nil {
			return nil
		}
		m := make(datasets.Mask, 64)
		for _, p := range pixels {
			m[p] = true
		}
		return m
	})
}

// eye is a network that sees the lights. Layer 1 (4×4): unit 0 is the light of a cell, unit 1 is
// dead, unit 2 always on. Layer 2 adds 1 and 1 (4×4). Layer 3 is dense. Layer 4 (8×8): unit 0 is the
// light of a pixel. Layer 5 adds 3 and the mean of 4, one value; layer 6 is the answer.
func eye(t testing.TB) *model.Network {
	t.Helper()
	average := &model.Pool{Kind: model.GlobalAveragePool}
	spec := model.Spec{Name: "eye", Input: model.Shape{1, 8, 8}, Layers: []model.Layer{
		{Name: "cells", Kind: model.Conv2D, Units: 3, Kernel: 2, Stride: 2, Activation: model.ReLU},
		{Name: "twice", Kind: model.Add, Inputs: []int{1, 1}, Activation: model.ReLU},
		{Name: "flat", Kind: model.Dense, Units: 1, Activation: model.ReLU},
		{Name: "pixels", Kind: model.Conv2D, Inputs: []int{0}, Units: 1, Kernel: 1, Activation: model.ReLU, Pool: average},
		{Name: "sum", Kind: model.Add, Inputs: []int{3, 4}, Activation: model.ReLU},
		{Name: "answer", Kind: model.Dense, Units: 1, Activation: model.Identity},
	}}
	quarter := []float32{0.25, 0.25, 0.25, 0.25}
	params := []model.Params{{},
		{Weight: slices.Concat(quarter, make([]float32, 8)), Bias: []float32{0, -1, 1}},
		{},
		{Weight: make([]float32, 48), Bias: make([]float32, 1)},
		{Weight: []float32{1}, Bias: []float32{0}},
		{},
		{Weight: make([]float32, 1), Bias: make([]float32, 1)},
	}
	n, err := model.NewNetwork(spec, params, []float32{0}, []float32{1}, []string{"scene"})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func mustDissect(t testing.TB, n *model.Network, set *datasets.Set, layers []int, o dissectOptions) *dissection {
	t.Helper()
	parts := make([]int, len(set.Parts))
	for p := range parts {
		parts[p] = p
	}
	d, err := dissect(t.Context(), n, set, layers, parts, o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// inner is one of the four inner cells, by turns.
func inner(i int) int { return []int{5, 6, 9, 10}[i%4] }

// chosen are select scenes, 100: eight with a light of 1 in a cell and the part there, one with a
// light of ¼. Of 1,600 activations of unit 1:0 ⌊1600/200⌋ = 8 may be above T: T = ¼.
func chosen() []scene {
	all := make([]scene, 100)
	for i := range all {
		all[i].masks = [][]int{nil}
		switch {
		case i < 8:
			all[i] = scene{map[int]float32{inner(i): 1}, [][]int{quad(inner(i))}}
		case i == 8:
			all[i].lights = map[int]float32{5: 0.25}
		}
	}
	return all
}

// TestDissectByHand. Enlarged from 4×4 to 8×8, a light in an inner cell has along each axis the
// profile ¼ ¾ ¾ ¼: of a light of 1, the 2×2 pixels of its cell have 9/16, the next 3/16 and 1/16;
// above T = ¼ is the cell. Of a light of ½ they have 9/32, still above T; of ¼ nothing is.
// Of ten images (whatever their number)
//
//	3  has a light of 1, the part one pixel to the right:  |M| 4, |L| 4, in common 2
//	6  has a light of ½, the part where it is:              4, 4, 4
//	8  has a light of ¼, the part where it is:              0, 4, 0
//
// so that IoU = 6/(8+12-6) = 3/7. The batches of the network have 32 images, blocks at most 1,024.
func TestDissectByHand(t *testing.T) {
	for _, images := range []int{10, 70, 1100} {
		confirm := make([]scene, images)
		for i := range confirm {
			cell := inner(i / 10)
			here := quad(cell)
			confirm[i].masks = [][]int{nil}
			switch i % 10 {
			case 3:
				right := []int{here[0] + 1, here[1] + 1, here[2] + 1, here[3] + 1}
				confirm[i] = scene{map[int]float32{cell: 1}, [][]int{right}}
			case 6:
				confirm[i] = scene{map[int]float32{cell: 0.5}, [][]int{here}}
			case 8:
				confirm[i] = scene{map[int]float32{cell: 0.25}, [][]int{here}}
			}
		}
		set := planted(t, []string{"ball"}, make([]scene, 1), chosen(), confirm)
		d := mustDissect(t, eye(t), set, nil, dissectOptions{Split: datasets.Confirm, Permutations: 99, Seed: 3})
		if len(d.Warnings) > 0 {
			t.Errorf("warnings %q", d.Warnings)
		}
		var addresses []string
		for _, u := range d.Units {
			addresses = append(addresses, u.Address.String())
		}
		if want := []string{"1:0", "1:1", "1:2", "2:0", "2:1", "2:2", "4:0"}; !slices.Equal(addresses, want) {
			t.Fatalf("units %v, want %v: layers 3, 5 and 6 have no map", addresses, want)
		}
		// 2:0 is 1:0 doubled. 4:0 sees pixels: ⌊6400/200⌋ = 32 may be above T; the eight lights of 1
		// make 32 pixels, the next are ¼. M is then the lit cell, of lights of 1 and ½.
		for u, threshold := range map[int]float64{0: 0.25, 3: 0.5, 6: 0.25} {
			unit := d.Units[u]
			o := unit.Overlaps[0]
			if unit.Threshold != threshold || o.IoU != 3./7 || o.SelectIoU != 1 || unit.BestPart != 0 || o.Part != 0 || o.Adjusted.Defined() {
				t.Errorf("%d images, %v: threshold %v (want %v), best part %d, %+v", images, unit.Address, unit.Threshold, threshold, unit.BestPart, o)
			}
		}
		for _, u := range []int{1, 2} { // dead, and always on: nothing is above T
			unit := d.Units[u]
			if o := unit.Overlaps[0]; unit.Threshold != float64(u-1) || o.IoU != 0 || o.SelectIoU != 0 || o.NullIoU != 0 || o.P != 1 || unit.BestPart != -1 {
				t.Errorf("%d images, %v: threshold %v, best part %d, %+v", images, unit.Address, unit.Threshold, unit.BestPart, o)
			}
		}
		if p := float64(d.Units[0].Overlaps[0].P); images > 10 && p != 0.01 {
			t.Errorf("%d images: p %v, want 1/100", images, p)
		}
	}
}

// TestDissectTheDetector: a unit that is a part has IoU 1 and the least p possible; so has a unit
// on select alone, where select is the measured split.
func TestDissectTheDetector(t *testing.T) {
	confirm := make([]scene, 60)
	for i := range confirm {
		confirm[i].masks = [][]int{nil}
		if i%3 == 0 {
			cell := inner(i * 7 % 20 / 5)
			confirm[i] = scene{map[int]float32{cell: 1}, [][]int{quad(cell)}}
		}
	}
	set := planted(t, []string{"ball"}, make([]scene, 1), chosen(), confirm)
	for _, split := range []datasets.Split{datasets.Confirm, datasets.Select} {
		o := mustDissect(t, eye(t), set, []int{4, 1}, dissectOptions{Split: split, Seed: 3}).Units[0].Overlaps[0]
		if o.IoU != 1 || o.P != 0.001 || !(o.NullIoU > 0 && o.NullIoU < 0.3) {
			t.Errorf("%v: %+v, want IoU 1 and p 0.001", split, o)
		}
	}
}

// TestDissectPositionIsNoEvidence: the part is where it always is, and so is the light, in images
// that have nothing to do with it: a large IoU that any pairing has.
func TestDissectPositionIsNoEvidence(t *testing.T) {
	confirm := make([]scene, 60)
	for i := range confirm {
		confirm[i].masks = [][]int{quad(5)}
		if i%2 == 0 {
			confirm[i].lights = map[int]float32{5: 1}
		}
	}
	set := planted(t, []string{"ball"}, make([]scene, 1), chosen(), confirm)
	o := mustDissect(t, eye(t), set, []int{1}, dissectOptions{Split: datasets.Confirm, Permutations: 99}).Units[0].Overlaps[0]
	if o.IoU != 0.5 || o.NullIoU != 0.5 || o.P != 1 || o.IoU < DetectorIoU {
		t.Errorf("%+v, want IoU and null ½ and p 1", o)
	}
}

// TestDissectBestPartIsChosenOnSelect: on confirm the unit follows another part.
func TestDissectBestPartIsChosenOnSelect(t *testing.T) {
	selected, confirm := chosen(), make([]scene, 40)
	for i := range selected {
		ball := selected[i].masks[0]
		selected[i].masks = [][]int{nil, ball, nil}
	}
	for i := range confirm {
		confirm[i] = scene{map[int]float32{inner(i): 1}, [][]int{quad(inner(i)), nil, nil}}
	}
	confirm[0].masks[1] = []int{63}
	set := planted(t, []string{"cup", "ball", "ghost"}, make([]scene, 1), selected, confirm)
	d := mustDissect(t, eye(t), set, []int{1}, dissectOptions{Split: datasets.Confirm, Permutations: 19})
	u := d.Units[0]
	if cup, ball := u.Overlaps[0], u.Overlaps[1]; u.BestPart != 1 || cup.IoU != 1 || cup.SelectIoU.Defined() || ball.IoU != 0 || ball.SelectIoU != 1 {
		t.Errorf("best part %d, %+v", u.BestPart, u.Overlaps)
	}
	if ghost := u.Overlaps[2]; ghost.IoU.Defined() || ghost.SelectIoU.Defined() || ghost.P.Defined() || ghost.NullIoU.Defined() {
		t.Errorf("a part that shows nowhere: %+v", ghost)
	}
	want := []string{
		`part "cup" shows in no image of select: it could not be chosen as any unit's best part`,
		`part "ghost" shows in no image of confirm: no overlap with it could be measured`,
	}
	if !slices.Equal(d.Warnings, want) {
		t.Errorf("warnings %q, want %q", d.Warnings, want)
	}
	// Parts count in the order asked for.
	some, err := dissect(t.Context(), eye(t), set, []int{1}, []int{2, 1}, dissectOptions{Split: datasets.Confirm, Permutations: -1})
	if err != nil {
		t.Fatal(err)
	}
	if u := some.Units[0]; u.BestPart != 1 || u.Overlaps[1].Part != 1 || u.Overlaps[1].SelectIoU != 1 || u.Overlaps[1].P != 1 || u.Overlaps[1].NullIoU.Defined() {
		t.Errorf("parts 2 and 1, no permutations: %+v", u)
	}
}

func TestDissectWithoutParts(t *testing.T) {
	set := planted(t, []string{"ball"}, make([]scene, 1), chosen(), chosen())
	d, err := dissect(t.Context(), eye(t), set, []int{1}, nil, dissectOptions{Split: datasets.Confirm})
	if err != nil || len(d.Units) != 3 || d.Units[0].Threshold != 0.25 || d.Units[0].Overlaps != nil || d.Units[0].BestPart != -1 {
		t.Errorf("%v, %+v", err, d)
	}
	if d, err := dissect(t.Context(), eye(t), set, []int{3, 5, 6}, []int{0}, dissectOptions{Split: datasets.Confirm}); err != nil || len(d.Units) != 0 {
		t.Errorf("layers without maps: %v, %+v", err, d)
	}
}

func TestDissectErrors(t *testing.T) {
	set := planted(t, []string{"ball"}, make([]scene, 1), chosen(), chosen())
	bare := *set
	bare.WithMasks(nil)
	wide := *set
	wide.Width, wide.Height = 4, 16
	for _, c := range []struct {
		name   string
		set    *datasets.Set
		layers []int
		want   string
	}{
		{"no masks", &bare, nil, "probe: memory has no masks: no part to dissect for"},
		{"no such layer", set, []int{1, 7}, "probe: layer 7 not in model (it has layers 1 to 6)"},
		{"other images", &wide, nil, "model: the network reads images of 1×8×8, the data are 1×16×4"},
	} {
		if _, err := dissect(t.Context(), eye(t), c.set, c.layers, []int{0}, dissectOptions{}); err == nil || err.Error() != c.want {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
	}
}

// TestDissectStops wherever the context ends, and progress runs to its end where it does not.
func TestDissectStops(t *testing.T) {
	set := planted(t, []string{"ball"}, make([]scene, 1), chosen(), chosen())
	for _, o := range []dissectOptions{{Split: datasets.Confirm}, {Split: datasets.Select}, {Split: datasets.Confirm, Permutations: -1}} {
		var seen []int
		last := 0
		o.Progress = func(done, total int) { seen, last = append(seen, done), total }
		mustDissect(t, eye(t), set, nil, o)
		if len(seen) == 0 || !slices.IsSorted(seen) || seen[len(seen)-1] != last {
			t.Errorf("progress %v of %d", seen, last)
		}
		if o.Permutations < 0 {
			continue
		}
		for stop := range seen {
			ctx, cancel := context.WithCancel(t.Context())
			calls := 0
			o.Workers, o.Progress = 1, func(int, int) {
				if calls++; calls > stop {
					cancel()
				}
			}
			if d, err := dissect(ctx, eye(t), set, nil, []int{0}, o); stop+1 < len(seen) && (!errors.Is(err, context.Canceled) || d != nil) {
				t.Fatalf("stopped at call %d of %d: %v", stop, len(seen), err)
			}
			cancel()
		}
	}
}

// TestDissectInvariances: the number of workers changes nothing; another seed changes the null
// alone.
func TestDissectInvariances(t *testing.T) {
	n, set := randomScenes(t, 41, 41, 12)
	o := dissectOptions{Split: datasets.Confirm, Permutations: 29, Seed: 1, Workers: 1}
	one := mustDissect(t, n, set, nil, o)
	for _, workers := range []int{0, 2, 7} {
		o.Workers = workers
		if other := mustDissect(t, n, set, nil, o); !sameDissection(one, other) {
			t.Errorf("%d workers give another result", workers)
		}
	}
	o.Seed = 2
	other := mustDissect(t, n, set, nil, o)
	if sameDissection(one, other) {
		t.Error("another seed gives the same null")
	}
	for u := range other.Units {
		for p := range other.Units[u].Overlaps {
			a, b := one.Units[u].Overlaps[p], &other.Units[u].Overlaps[p]
			if math.Abs(float64(a.P-b.P)) > 0.7 || math.Abs(float64(a.NullIoU-b.NullIoU)) > 0.05 {
				t.Errorf("%v, part %d: %+v and %+v", other.Units[u].Address, p, a, *b)
			}
			b.P, b.NullIoU = a.P, a.NullIoU
		}
	}
	if !sameDissection(one, other) {
		t.Error("another seed changes more than the null")
	}
}

// sameDissection compares bit by bit, an undefined number being equal to another.
func sameDissection(a, b *dissection) bool {
	flat := func(d *dissection) (all []any) {
		for _, u := range d.Units {
			all = append(all, u.Address, u.BestPart, math.Float64bits(u.Threshold))
			for _, o := range u.Overlaps {
				for _, v := range []Number{o.IoU, o.SelectIoU, o.NullIoU, o.P, o.Adjusted} {
					all = append(all, o.Part, math.Float64bits(float64(v)))
				}
			}
		}
		return all
	}
	return reflect.DeepEqual(flat(a), flat(b)) && slices.Equal(a.Warnings, b.Warnings)
}
