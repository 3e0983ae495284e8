package model_test

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// chain is x -> h = ReLU(2x + 1) -> o = 3h - 2.
func chain() *model.Network {
	return modeltest.Wire(1, [][]float32{{2, 1}}, [][]float32{{3, -2}})
}

// only chooses one neuron in all images.
func only(neurons ...model.Address) func(image, layer, unit int) bool {
	return func(_, layer, unit int) bool { return slices.Contains(neurons, model.Neuron(layer, unit)) }
}

// TestTicksOfAChainByHand: at rest (x = 0) h = 1, o = 1; under x = 1 they end at h = 3, o = 7, under
// x = -1 at h = 0, o = -2.
func TestTicksOfAChainByHand(t *testing.T) {
	h, o := model.Neuron(1, 0), model.Neuron(2, 0)
	type event struct {
		chosen  []model.Address
		h, o    [2]float32 // in the images x = 1 and x = -1
		settled bool
	}
	for _, c := range []struct {
		name   string
		begin  func(a *model.Asynchronous) error
		moved  [2][2]int // of image and layer
		events []event
	}{
		{"from rest, both at a time: o sees the old h", func(a *model.Asynchronous) error {
			_, err := a.Settle([]float32{0, 0}, 0, nil)
			return err
		}, [2][2]int{{1, 2}, {1, 2}}, []event{
			{[]model.Address{h, o}, [2]float32{3, 0}, [2]float32{1, 1}, false},
			{[]model.Address{h, o}, [2]float32{3, 0}, [2]float32{7, -2}, true},
			{[]model.Address{h, o}, [2]float32{3, 0}, [2]float32{7, -2}, true},
		}},
		{"from rest, forward: done at once", func(a *model.Asynchronous) error {
			_, err := a.Settle([]float32{0, 0}, 0, nil)
			return err
		}, [2][2]int{{1, 2}, {1, 2}}, []event{
			{[]model.Address{h}, [2]float32{3, 0}, [2]float32{1, 1}, false},
			{[]model.Address{o}, [2]float32{3, 0}, [2]float32{7, -2}, true},
		}},
		{"from rest, backward: the first look of o is for nothing", func(a *model.Asynchronous) error {
			_, err := a.Settle([]float32{0, 0}, 0, nil)
			return err
		}, [2][2]int{{2, 4}, {2, 4}}, []event{
			{[]model.Address{o}, [2]float32{1, 1}, [2]float32{1, 1}, false},
			{[]model.Address{h}, [2]float32{3, 0}, [2]float32{1, 1}, false},
			{nil, [2]float32{3, 0}, [2]float32{1, 1}, false},
			{[]model.Address{o}, [2]float32{3, 0}, [2]float32{7, -2}, true},
		}},
		{"from silence, o first: its bias alone", func(a *model.Asynchronous) error { return a.Silence(2, 0, nil) },
			[2][2]int{{2, 3}, {0, 1}}, []event{
				{[]model.Address{o}, [2]float32{0, 0}, [2]float32{-2, -2}, false},
				{[]model.Address{h}, [2]float32{3, 0}, [2]float32{-2, -2}, false}, // h of x = -1 was 0 all the time: that image is at rest
				{[]model.Address{o}, [2]float32{3, 0}, [2]float32{7, -2}, true},
			}},
		{"h lesioned to half", func(a *model.Asynchronous) error { // at rest h = 0.5, o = -0.5; then 1.5 and 2.5, and 0 and -2
			_, err := a.Settle([]float32{0, 0}, 0, []model.Edit{{Target: h, Keep: model.Constant(0.5), Fill: model.Constant(0)}})
			return err
		}, [2][2]int{{1, 2}, {1, 2}}, []event{
			{[]model.Address{h, o}, [2]float32{1.5, 0}, [2]float32{-0.5, -0.5}, false},
			{[]model.Address{o}, [2]float32{1.5, 0}, [2]float32{2.5, -2}, true},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := model.NewAsynchronous(chain())
			if err := c.begin(a); err != nil {
				t.Fatal(err)
			}
			if err := a.Show([]float32{1, -1}); err != nil {
				t.Fatal(err)
			}
			for k, e := range c.events {
				a.Tick(only(e.chosen...))
				for image := range 2 {
					if got := a.Activations(1)[image]; got != e.h[image] {
						t.Errorf("tick %d, image %d: h = %v, want %v", k+1, image, got, e.h[image])
					}
					if got := a.Logits()[image]; got != e.o[image] {
						t.Errorf("tick %d, image %d: o = %v, want %v", k+1, image, got, e.o[image])
					}
				}
				if a.Settled(0) != e.settled {
					t.Errorf("tick %d: settled is %v, want %v", k+1, a.Settled(0), e.settled)
				}
			}
			for image := range 2 {
				for layer := range 2 {
					if got := a.Moved(image, layer+1); got != c.moved[image][layer] {
						t.Errorf("image %d, layer %d: moved last at tick %d, want %d", image, layer+1, got, c.moved[image][layer])
					}
				}
			}
		})
	}
}

// TestEachImageHasItsOwnOrder: in one image h looks, in the other o.
func TestEachImageHasItsOwnOrder(t *testing.T) {
	a := model.NewAsynchronous(chain())
	if _, err := a.Settle([]float32{0, 0}, 0, nil); err != nil {
		t.Fatal(err)
	}
	if err := a.Show([]float32{1, 1}); err != nil {
		t.Fatal(err)
	}
	first := func(image, layer, _ int) bool { return layer == 1+image }
	a.Tick(first)
	if h := a.Activations(1); h[0] != 3 || h[1] != 1 {
		t.Errorf("h = %v, want 3 where it looked and 1 where it did not", h)
	}
	a.Tick(func(image, layer, unit int) bool { return !first(image, layer, unit) })
	if o := a.Logits(); o[0] != 7 || o[1] != 1 {
		t.Errorf("o = %v, want 7 where it looked after h, and 1 where it did so before", o)
	}
	if !a.Settled(0) || a.Settled(1) {
		t.Errorf("settled: %v and %v, want true and false", a.Settled(0), a.Settled(1))
	}
}

// slow are orders that take many ticks: they are tried from one start.
var slow = map[string]bool{"one neuron an image": true, "a twentieth": true}

// orders of updates: what is chosen at a tick.
var orders = map[string]func(r *rand.Rand, n *model.Network, tick int) func(image, layer, unit int) bool{
	"a twentieth": func(r *rand.Rand, _ *model.Network, _ int) func(int, int, int) bool {
		return func(int, int, int) bool { return r.Float64() < 0.05 }
	},
	"half": func(r *rand.Rand, _ *model.Network, _ int) func(int, int, int) bool {
		return func(int, int, int) bool { return r.Float64() < 0.5 }
	},
	"all at once": func(*rand.Rand, *model.Network, int) func(int, int, int) bool {
		return func(int, int, int) bool { return true }
	},
	"one neuron an image": func(r *rand.Rand, n *model.Network, _ int) func(int, int, int) bool {
		chosen := map[int]model.Address{}
		return func(image, layer, unit int) bool {
			if _, done := chosen[image]; !done {
				l := 1 + r.IntN(n.Depth())
				chosen[image] = model.Neuron(l, r.IntN(n.Geometry(l).Act[0]))
			}
			return chosen[image] == model.Neuron(layer, unit)
		}
	},
	"forward": func(_ *rand.Rand, n *model.Network, tick int) func(int, int, int) bool {
		return func(_, layer, _ int) bool { return layer == 1+(tick-1)%n.Depth() }
	},
	"backward": func(_ *rand.Rand, n *model.Network, tick int) func(int, int, int) bool {
		return func(_, layer, _ int) bool { return layer == n.Depth()-(tick-1)%n.Depth() }
	},
}

// asynchronousNets are every preset, a network with everything unusual and one wired by hand, each
// with lesions of many kinds that lie in several layers.
func asynchronousNets(t *testing.T, test func(t *testing.T, n *model.Network, lesions []model.Edit, random *rand.Rand)) {
	var nets []*model.Network
	for k, spec := range specs(t) {
		nets = append(nets, modeltest.Random(spec, uint64(k)))
	}
	nets = append(nets, modeltest.Wire(2, [][]float32{{1, 1, -1}, {1, -1, 0}}, [][]float32{{1, 2, 0}}, [][]float32{{1, 0.5}, {-1, 0}}))
	for k, n := range nets {
		t.Run(fmt.Sprint(n.Spec.Name), func(t *testing.T) {
			half := model.Neuron(1, 1)
			from := model.Neuron(n.Geometry(2).Inputs[0], 0)
			lesions := []model.Edit{model.Zero(model.Neuron(1, 0)), {Target: half, Keep: model.Constant(0.5), Fill: model.Constant(0.25)},
				{Target: wholeLayer(n.Depth()), Keep: model.Constant(1), Fill: model.Level{Values: []float32{1, 2, 3, 4, 5, 6, 7}, PerImage: true}}}
			if n.CheckEdge(model.Edge{From: from, To: model.Neuron(2, 0)}) == nil { // a recurrent layer's edges cannot be edited
				lesions = append(lesions, model.Edit{Target: model.Neuron(2, 0), From: &from, Keep: model.Constant(0), Fill: model.Constant(0.125)})
			}
			test(t, n, lesions, rand.New(rand.NewPCG(uint64(k), 5)))
		})
	}
}

// TestAsynchronousSettlesToTheSynchronousAnswer: any order, from anywhere, lesioned or not, ends in
// the same bits.
func TestAsynchronousSettlesToTheSynchronousAnswer(t *testing.T) {
	const images, first = 3, 2
	asynchronousNets(t, func(t *testing.T, n *model.Network, lesions []model.Edit, random *rand.Rand) {
		seen, before := modeltest.Images(n.Spec.Input, images, 8), modeltest.Images(n.Spec.Input, images, 9)
		a := model.NewAsynchronous(n)
		for _, name := range slices.Sorted(maps.Keys(orders)) {
			for _, edits := range [][]model.Edit{nil, lesions} {
				for _, start := range []string{"silence", "other images", "the same images"} {
					if slow[name] && (edits == nil || start != "other images") {
						continue
					}
					var err error
					switch start {
					case "silence":
						err = a.Silence(images, first, edits)
					case "other images":
						_, err = a.Settle(before, first, edits)
					default:
						_, err = a.Settle(seen, first, edits)
					}
					if err != nil {
						t.Fatal(err)
					}
					ticks := settle(t, a, n, seen, images, func(tick int) func(int, int, int) bool { return orders[name](random, n, tick) })
					what := fmt.Sprintf("%s from %s with %d lesions", name, start, len(edits))
					sameAsSynchronous(t, what, a, n, seen, first, edits)
					for image := range images {
						for l := 1; l <= n.Depth(); l++ {
							if moved := a.Moved(image, l); moved > ticks || start == "the same images" && moved != 0 {
								t.Errorf("%s: image %d, layer %d moved last at tick %d of %d", what, image, l, moved, ticks)
							}
						}
					}
				}
			}
		}
	})
}

// settle shows images and ticks until all have settled, and then on: nothing must change any more.
func settle(t *testing.T, a *model.Asynchronous, n *model.Network, images []float32, count int, order func(tick int) func(int, int, int) bool) int {
	t.Helper()
	if err := a.Show(images); err != nil {
		t.Fatal(err)
	}
	for tick := 1; tick < 100_000; tick++ {
		a.Tick(order(tick))
		done := true
		for image := range count {
			done = done && a.Settled(image)
		}
		if done {
			logits := slices.Clone(a.Logits())
			a.Tick(func(int, int, int) bool { return true })
			if !slices.Equal(logits, a.Logits()) {
				t.Errorf("logits changed after they had settled")
			}
			return tick
		}
	}
	t.Fatal("it does not settle")
	return 0
}

func sameAsSynchronous(t *testing.T, what string, a *model.Asynchronous, n *model.Network, images []float32, first int, edits []model.Edit) {
	t.Helper()
	trace := everyLayer(n)
	logits, err := model.NewSession(n).Run(images, first, edits, trace)
	if err != nil {
		t.Fatal(err)
	}
	differ := func(got, want []float32) bool {
		return !slices.EqualFunc(got, want, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
	}
	if differ(a.Logits(), logits) {
		t.Errorf("%s: settled at %v, synchronous %v", what, a.Logits(), logits)
	}
	for l := 1; l <= n.Depth(); l++ {
		if differ(a.Activations(l), trace.Activation(l)) {
			t.Errorf("%s: the activations of layer %d have other bits than synchronously", what, l)
		}
	}
}

// TestTicksAgainstClamping holds every single tick against an oracle that knows nothing of
// asynchrony: what a layer would fire is what an ordinary run computes in which all other
// layers are clamped to their activations of the moment.
func TestTicksAgainstClamping(t *testing.T) {
	const images = 2
	asynchronousNets(t, func(t *testing.T, n *model.Network, lesions []model.Edit, random *rand.Rand) {
		seen := modeltest.Images(n.Spec.Input, images, 8)
		a, oracle := model.NewAsynchronous(n), model.NewSession(n)
		if _, err := a.Settle(modeltest.Images(n.Spec.Input, images, 9), 0, lesions); err != nil {
			t.Fatal(err)
		}
		if err := a.Show(seen); err != nil {
			t.Fatal(err)
		}
		held := make([][]float32, n.Depth()+1)
		for l := 1; l <= n.Depth(); l++ {
			held[l] = slices.Clone(a.Activations(l))
		}
		for tick := range 12 {
			chosen := map[[3]int]bool{}
			a.Tick(func(image, layer, unit int) bool {
				chosen[[3]int{image, layer, unit}] = random.Float64() < 0.4
				return chosen[[3]int{image, layer, unit}]
			})
			want := make([][]float32, n.Depth()+1)
			for l := 1; l <= n.Depth(); l++ {
				would := considered(t, oracle, n, seen, held, l, lesions)
				want[l] = slices.Clone(held[l])
				shape := n.Geometry(l).Act
				for k := range want[l] {
					if chosen[[3]int{k / shape.Size(), l, k % shape.Size() / shape.Area()}] {
						want[l][k] = would[k]
					}
				}
				if !slices.Equal(a.Activations(l), want[l]) {
					t.Fatalf("tick %d: the activations of layer %d are not those of the oracle", tick+1, l)
				}
			}
			held = want
		}
	})
}

// TestTicksAgainstPlainSums holds single neurons, updated one by one in random order, against sums by
// the definition in float64.
func TestTicksAgainstPlainSums(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	rows := func(units, inputs int) (all [][]float32) {
		for range units {
			row := make([]float32, inputs+1)
			for k := range row {
				row[k] = float32(r.NormFloat64())
			}
			all = append(all, row)
		}
		return all
	}
	layers := [][][]float32{rows(5, 3), rows(4, 5), rows(3, 4)}
	image := []float32{0.3, -1, 0.7}
	a := model.NewAsynchronous(modeltest.Wire(3, layers...))
	if err := a.Silence(1, 0, nil); err != nil {
		t.Fatal(err)
	}
	if err := a.Show(image); err != nil {
		t.Fatal(err)
	}
	fires := [][]float64{{float64(image[0]), float64(image[1]), float64(image[2])}, make([]float64, 5), make([]float64, 4), make([]float64, 3)}
	for tick := range 300 {
		l := 1 + r.IntN(3)
		u := r.IntN(len(fires[l]))
		row := layers[l-1][u]
		z := float64(row[len(row)-1])
		for k, v := range fires[l-1] {
			z += v * float64(row[k])
		}
		if l < 3 {
			z = max(z, 0)
		}
		fires[l][u] = z
		a.Tick(only(model.Neuron(l, u)))
		for l := 1; l <= 3; l++ {
			for u, want := range fires[l] {
				if got := float64(a.Activations(l)[u]); math.Abs(got-want) > 1e-5 {
					t.Fatalf("tick %d: neuron %d:%d fires %v, by plain sums %v", tick+1, l, u, got, want)
				}
			}
		}
	}
	if !a.Settled(0) {
		t.Error("300 updates of 12 neurons have not settled it")
	}
}

// considered is what a layer would fire with all others clamped to what they fire.
func considered(t *testing.T, s *model.Session, n *model.Network, images []float32, held [][]float32, layer int, lesions []model.Edit) []float32 {
	t.Helper()
	var edits []model.Edit
	for _, e := range lesions {
		if e.Target.Layer == layer {
			edits = append(edits, e)
		}
	}
	for l := 1; l <= n.Depth(); l++ {
		if l != layer {
			edits = append(edits, model.Edit{Target: wholeLayer(l), Keep: model.Constant(0), Fill: model.Level{Values: held[l], PerImage: true, PerPosition: true}})
		}
	}
	trace := &model.Trace{Post: []int{layer}}
	if _, err := s.Run(images, 0, edits, trace); err != nil {
		t.Fatal(err)
	}
	return slices.Clone(trace.Activation(layer))
}

// TestAsynchronousAfterAnotherBatch: batches of several sizes, one after the other, leave no trace in each other.
func TestAsynchronousAfterAnotherBatch(t *testing.T) {
	asynchronousNets(t, func(t *testing.T, n *model.Network, _ []model.Edit, random *rand.Rand) {
		a := model.NewAsynchronous(n)
		for k, images := range []int{2, 5, 1, 5} {
			seen := modeltest.Images(n.Spec.Input, images, uint64(k))
			if _, err := a.Settle(modeltest.Images(n.Spec.Input, images, 90), 0, nil); err != nil {
				t.Fatal(err)
			}
			settle(t, a, n, seen, images, func(tick int) func(int, int, int) bool { return orders["half"](random, n, tick) })
			sameAsSynchronous(t, fmt.Sprint(images, " images"), a, n, seen, 0, nil)
		}
	})
}

func TestAsynchronousRefuses(t *testing.T) {
	a := model.NewAsynchronous(chain())
	if err := a.Show([]float32{1}); err == nil {
		t.Error("images without a start are shown")
	}
	if _, err := a.Settle(nil, 0, nil); err == nil {
		t.Error("settles on no images")
	}
	if err := a.Silence(0, 0, nil); err == nil {
		t.Error("silence of no images")
	}
	if err := a.Silence(1, 0, []model.Edit{model.Zero(model.Neuron(7, 0))}); err == nil {
		t.Error("a lesion of no layer")
	}
	if err := a.Silence(2, 0, nil); err != nil {
		t.Fatal(err)
	}
	if err := a.Show([]float32{1}); err == nil {
		t.Error("one image is shown to two subjects")
	}
}

func wholeLayer(l int) model.Address {
	return model.Address{Layer: l, Unit: model.AllUnits, Row: model.AllPositions, Col: model.AllPositions}
}
