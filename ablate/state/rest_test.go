package state

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// imagesOf makes a data set whose train, select and confirm splits are the same images.
func imagesOf(t *testing.T, shape model.Shape, classes []string, labels []int, images ...[]float32) *datasets.Set {
	t.Helper()
	s := datasets.Set{Channels: shape[0], Height: shape[1], Width: shape[2], Classes: classes}
	for range 3 {
		s.Images = append(s.Images, slices.Concat(images...)...)
		s.Labels = append(s.Labels, labels...)
	}
	set, err := datasets.New(s, len(images), len(images), len(images))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func rest(t *testing.T, n *model.Network, set *datasets.Set, o RestOptions) *Rest {
	t.Helper()
	if o.Resamples == 0 {
		o.Resamples = 100
	}
	o.Split = datasets.Confirm
	r, err := RunRest(context.Background(), n, set, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// restNet has three neurons and two classes:
//
//	1:0 = relu(x + 0.5)    1:1 = relu(2y - 1)    1:2 = relu(x - y)
//	A = 1:0 - 1:1          B = 1:1 + 0.25
//
// The input is normalised with mean 0.25 and standard deviation 0.5.
func restNet() *model.Network {
	n := modeltest.Wire(2, [][]float32{{1, 0, 0.5}, {0, 2, -1}, {1, -1, 0}}, [][]float32{{1, -1, 0, 0}, {0, 1, 0, 0.25}})
	n.Mean, n.Std = []float32{0.25, 0.25}, []float32{0.5, 0.5}
	return n
}

func restSet(t *testing.T) *datasets.Set {
	// Normalised: (1.5, -0.5), (-0.5, 1.5), (0.5, -0.5), (-0.5, 0.5).
	return imagesOf(t, model.Shape{2, 1, 1}, []string{"A", "B"}, []int{0, 1, 0, 1}, []float32{1, 0}, []float32{0, 1}, []float32{0.5, 0}, []float32{0, 0.5})
}

func TestRestByHand(t *testing.T) {
	r := rest(t, restNet(), restSet(t), RestOptions{Strengths: []float64{1}, Options: ablate.Options{Draws: 5}})
	names := []string{NoInput, Black, Grey, White, MeanImage, Noise}
	if len(r.Conditions) != len(names) { // one pixel cannot be scrambled
		t.Fatalf("%d conditions, want %v", len(r.Conditions), names)
	}
	for k, c := range r.Conditions {
		if c.Name != names[k] || c.Still() != (k < 5) {
			t.Errorf("condition %d is %q, want %q", k, c.Name, names[k])
		}
	}
	// Evoked: 1:0 gives 2, 0, 1, 0; 1:1 gives 0, 2, 0, 0; 1:2 gives 2, 0, 1, 0.
	for u, want := range []struct{ evoked, ratio, rank float64 }{
		// Without input 1:0 gives 0.5, 1:1 relu(-1) = 0, 1:2 relu(0) = 0. Ranks: two of four zeros below
		// 0.5; three ties of four; two ties of four.
		{0.75, 0.5 / 0.75, 0.5}, {0.5, 0, 0.375}, {0.75, 0, 0.25},
	} {
		x := r.Neurons[u]
		if x.Evoked != want.evoked || math.Abs(float64(x.Ratio)-want.ratio) > 1e-7 || x.Rank != want.rank {
			t.Errorf("%v: evoked %v, ratio %v, rank %v, want %+v", x.Address, x.Evoked, x.Ratio, x.Rank, want)
		}
	}
	// Black is (-0.5, -0.5): 1:0 and 1:1 silent, 1:2 relu(0). White is (1.5, 1.5): 2, 2, 0. Grey (0.5, 0.5): 1, 0, 0.
	// The mean image, (0.375, 0.375), is (0.25, 0.25): 0.75, 0, 0.
	for k, want := range [][]float64{{0.5, 0, 0}, {0, 0, 0}, {1, 0, 0}, {2, 2, 0}, {0.75, 0, 0}} {
		for u, v := range want {
			if got := r.Neurons[u].Resting[k]; math.Abs(got-v) > 1e-6 {
				t.Errorf("%s: %v fires with %v, want %v", names[k], r.Neurons[u].Address, got, v)
			}
		}
	}
	// Logits without input: A = 0.5, B = 0.25: A, by 0.25, with a probability of 1/(1+exp(-0.25)). Real images:
	// margins |2 - 0.25|, |-2 - 2.25|, |1 - 0.25|, |0 - 0.25|: its confidence ties with the last one.
	c := r.Conditions[0]
	if c.Answer != 0 || math.Abs(c.Margin.Estimate-0.25) > 1e-6 || math.Abs(c.Confidence.Estimate-1/(1+math.Exp(-0.25))) > 1e-6 || c.Rank != 0.125 {
		t.Errorf("without input: %+v, want A by 0.25, rank 1/8", c.RestAnswer)
	}
	if r.OutputAlone.Answer != 1 || math.Abs(r.OutputAlone.Margin.Estimate-0.25) > 1e-6 {
		t.Errorf("output alone: %+v, want B by its bias of 0.25", r.OutputAlone)
	}
	if a := c.Layers[0]; math.Abs(float64(a.Firing)-1.0/3) > 1e-9 || a.Ratio.N != 3 || math.Abs(float64(a.Population)-0.5/2) > 1e-7 {
		t.Errorf("activity without input: %+v, want a third firing, a quarter of the sum", a)
	}
	// Real images: 2, 1, 2 and 0 of three fire.
	if l := r.Layers[0]; math.Abs(float64(l.Firing)-5.0/12) > 1e-9 || l.Silent != 0 || l.Varying != 3 {
		t.Errorf("layer: %+v, want 5/12 firing", l)
	}
	// Of layer 1, no input is all dendrites silent.
	if alone, bare := r.Layers[0].Alone, c.Layers[0]; alone.Firing != bare.Firing || alone.Population != bare.Population {
		t.Errorf("biases alone %+v, without input %+v", alone, bare)
	}
	// Without 1:0, A = 0 and B = 0.25: B; the lead falls by 0.5. On white, A = 0, B = 2.25: without 1:1, A = 2, B = 0.25.
	if x := r.Neurons[0]; math.Abs(x.Effect[0]+0.5) > 1e-6 || !x.Flips[0] || x.Effect[1] != 0 || x.Flips[1] {
		t.Errorf("lesion of 1:0: %v %v, want -0.5 and a flip without input, 0 in the black", x.Effect, x.Flips)
	}
	if x := r.Neurons[1]; x.Effect[0] != 0 || math.Abs(x.Effect[3]+4) > 1e-6 || !x.Flips[3] {
		t.Errorf("lesion of 1:1: %v %v, want 0 without input, -4 and a flip on white", x.Effect, x.Flips)
	}
	if !r.Sham.Identical || r.Sham.Images != 5 || r.Silenced > 1e-6 || r.CutEdges != 6 {
		t.Errorf("sham %+v, silenced by %v with %d edges cut", r.Sham, r.Silenced, r.CutEdges)
	}
}

// TestNoInputIsNoInput: on every preset, cutting all edges from a real image leaves what a uniform
// image of the channels' means gives.
func TestNoInputIsNoInput(t *testing.T) {
	for _, p := range model.Presets {
		spec, err := model.Preset(p.Name, model.Shape{3, 8, 8}, 3)
		if err != nil {
			t.Fatal(err)
		}
		n := modeltest.Random(spec, 2)
		images := modeltest.Images(spec.Input, 6, 4)
		var each [][]float32
		for i := range 6 {
			each = append(each, images[i*192:(i+1)*192])
		}
		set := imagesOf(t, spec.Input, n.Classes, []int{0, 1, 2, 0, 1, 2}, each...)
		r := rest(t, n, set, RestOptions{Strengths: []float64{0.5}, Options: ablate.Options{Draws: 3}})
		if r.Silenced > 1e-5 || r.CutEdges == 0 {
			t.Errorf("%s: logits differ by %v", p.Name, r.Silenced)
		}
		for _, x := range r.Neurons {
			if x.Resting[0] == 0 && n.Layer(x.Address.Layer).Activation == model.ReLU && x.Effect[0] != 0 {
				t.Errorf("%s: %v is silent without input, and its lesion does %v", p.Name, x.Address, x.Effect[0])
			}
		}
	}
}

// classNet has 24 neurons, each with a weight for the class signal x, one for a nuisance y, and a bias high
// enough to stay linear.
func classNet(r *rand.Rand) *model.Network {
	var rows [][]float32
	a, b := make([]float32, 25), make([]float32, 25)
	for k := range 24 {
		rows = append(rows, []float32{float32(r.NormFloat64()), float32(r.NormFloat64()), 10})
		a[k] = rows[k][0]
		b[k] = -a[k]
	}
	return modeltest.Wire(2, rows, [][]float32{a, b})
}

// TestResemblance: x = 0.7 ± 0.05 for class A and 0.3 ± 0.05 for B, y spread evenly. White (1, 1) and black (0, 0) differ
// from the mean in x and y alike; noise of strength 0.25 averages to the mean colour; the profiles are x's weights.
func TestResemblance(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 3))
	var images [][]float32
	var labels []int
	for i := range 80 {
		images = append(images, []float32{0.7 - 0.4*float32(i%2) + 0.1*(random.Float32()-0.5), random.Float32()})
		labels = append(labels, i%2)
	}
	n := classNet(random)
	r := rest(t, n, imagesOf(t, model.Shape{2, 1, 1}, []string{"A", "B"}, labels, images...), RestOptions{Strengths: []float64{0.25}, Options: ablate.Options{Draws: 3}})
	if r.Tests != 6 {
		t.Errorf("%d tests, want one a condition: the second class is the mirror of the first", r.Tests)
	}
	for _, c := range r.Controls {
		if c.Mean.R < 0.99 || c.Single.N != 40 {
			t.Errorf("class %d: its mean activity has r = %v with its profile, want nearly 1", c.Class, c.Mean.R)
		}
		want := float64(r.Conditions[0].Layers[0].Resemblance[0].R) * float64(1-2*c.Class)
		if float64(c.Bare) != want || !(c.BareRank >= 0 && c.BareRank <= 1) {
			t.Errorf("class %d: without input r = %v at %v of its images, want r = %v", c.Class, c.Bare, c.BareRank, want)
		}
	}
	// By hand: z of a pattern at (x, y) is (wx·dx + wy·dy)/sd, against wx/sd·const.
	for k, at := range [][2]float64{{0, 0}, {0, 0}, {0.5, 0.5}, {1, 1}} {
		want := handResemblance(n, images, labels, at)
		if got := float64(r.Conditions[k].Layers[0].Resemblance[0].R); math.Abs(got-want) > 1e-4 {
			t.Errorf("%s: r = %v, want %v", r.Conditions[k].Name, got, want)
		}
	}
	black, white := r.Conditions[1].Layers[0].Resemblance[0].R, r.Conditions[3].Layers[0].Resemblance[0].R
	if !(black*white < 0) {
		t.Errorf("black and white lie on opposite sides of the mean, and resemble %v and %v", black, white)
	}
}

// handResemblance is r of linear neurons at an input with the profile of class A, by the definitions.
func handResemblance(n *model.Network, images [][]float32, labels []int, at [2]float64) float64 {
	units := n.Geometry(1).Act[0]
	response := func(u int, x [2]float64) float64 {
		w := n.Params[1].Weight[2*u : 2*u+2]
		return float64(w[0])*x[0] + float64(w[1])*x[1]
	}
	z, profile := make([]float64, units), make([]float64, units)
	for u := range units {
		var mean, square, ofA float64
		for i, x := range images {
			v := response(u, [2]float64{float64(x[0]), float64(x[1])})
			mean, square = mean+v/80, square+v*v/80
			if labels[i] == 0 {
				ofA += v / 40
			}
		}
		sd := math.Sqrt(square - mean*mean)
		z[u], profile[u] = (response(u, at)-mean)/sd, (ofA-mean)/sd
	}
	var mz, mp, zz, pp, zp float64
	for u := range z {
		mz, mp = mz+z[u]/float64(units), mp+profile[u]/float64(units)
	}
	for u := range z {
		zz += (z[u] - mz) * (z[u] - mz)
		pp += (profile[u] - mp) * (profile[u] - mp)
		zp += (z[u] - mz) * (profile[u] - mp)
	}
	return zp / math.Sqrt(zz*pp)
}

// TestResemblanceByChance: patterns drawn like the class-free part of real activity are found at the
// rate that p promises, although the neurons are two-dimensional and permuting them would find
// resemblance everywhere.
func TestResemblanceByChance(t *testing.T) {
	random := rand.New(rand.NewPCG(8, 3))
	found, tried := 0, 0
	for range 40 {
		var images [][]float32
		var labels []int
		for i := range 40 { // both classes alike
			images = append(images, []float32{random.Float32(), random.Float32()})
			labels = append(labels, i%2)
		}
		n := classNet(random)
		o := RestOptions{Options: ablate.Options{Split: datasets.Confirm, Draws: 1, Resamples: 1}, Strengths: []float64{0.1}}
		set := imagesOf(t, model.Shape{2, 1, 1}, []string{"A", "B"}, labels, images...)
		x := &rester{Rest: &Rest{Classes: n.Classes}, n: n, set: set, o: o}
		if err := x.watchReal(context.Background()); err != nil {
			t.Fatal(err)
		}
		w, err := x.watch(context.Background(), []float32{random.Float32(), random.Float32()})
		if err != nil {
			t.Fatal(err)
		}
		tried++
		if x.resemblance.compare(0, w.mean())[0].P < 0.1 {
			found++
		}
	}
	if found > 10 { // 4 expected; P(X > 10) is 0.002
		t.Errorf("resemblance with p < 0.1 in %d of %d patterns without class", found, tried)
	}
}

func TestRestIgnoresWorkers(t *testing.T) {
	spec, err := model.Preset("cnn", model.Shape{1, 8, 8}, 2)
	if err != nil {
		t.Fatal(err)
	}
	n := modeltest.Random(spec, 6)
	set := modeltest.Blobs(spec.Input, 2, 40, 70, 3)
	n.Classes = set.Classes
	of := func(workers int, seed uint64) []byte {
		text, err := json.Marshal(rest(t, n, set, RestOptions{Strengths: []float64{0.5, 3}, Options: ablate.Options{Draws: 40, Workers: workers, Seed: seed}}))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	one := of(1, 5)
	if !bytes.Equal(one, of(3, 5)) {
		t.Error("the result depends on the number of workers")
	}
	if bytes.Equal(one, of(1, 6)) {
		t.Error("another seed gives the same noise")
	}
}

// TestScrambledImagesKeepTheirSpectrum holds the transform against a plane wave and the scrambled
// image against the image.
func TestScrambledImagesKeepTheirSpectrum(t *testing.T) {
	const height, width = 6, 8
	f := newFourier(height, width)
	wave := make([]complex128, height*width)
	for k := range wave {
		wave[k] = complex(math.Cos(2*math.Pi*(2*float64(k/width)/height+3*float64(k%width)/width)), 0)
	}
	for k, v := range f.transform(wave, false) {
		want := 0.0
		if y, x := k/width, k%width; y == 2 && x == 3 || y == height-2 && x == width-3 {
			want = height * width / 2
		}
		if math.Abs(real(v)-want) > 1e-9 || math.Abs(imag(v)) > 1e-9 {
			t.Errorf("coefficient %d, %d is %v, want %v", k/width, k%width, v, want)
		}
	}
	image := modeltest.Images(model.Shape{2, height, width}, 1, 7)
	scrambled := make([]float32, len(image))
	f.scramble(scrambled, image, rand.New(rand.NewPCG(1, 2)))
	spectrum := func(pixels []float32) []complex128 {
		plane := make([]complex128, len(pixels))
		for k, v := range pixels {
			plane[k] = complex(float64(v), 0)
		}
		return f.transform(plane, false)
	}
	size := func(v complex128) float64 { return math.Hypot(real(v), imag(v)) }
	var turns [2][]complex128
	differs := false
	for c := range 2 {
		a, b := spectrum(image[c*48:(c+1)*48]), spectrum(scrambled[c*48:(c+1)*48])
		for k := range a {
			if math.Abs(size(a[k])-size(b[k])) > 1e-4 {
				t.Errorf("channel %d: power at %d is %v, of the image %v", c, k, size(b[k]), size(a[k]))
			}
			turns[c] = append(turns[c], b[k]/a[k])
			differs = differs || size(b[k]/a[k]-1) > 0.1
		}
	}
	if !differs || size(turns[0][0]-1) > 1e-4 {
		t.Error("the phases are the image's own, or its mean is not")
	}
	for k := range turns[0] {
		if size(turns[0][k]-turns[1][k]) > 1e-3 {
			t.Errorf("phase %d is shifted otherwise in the second channel", k)
		}
	}
}

func TestNoiseIsClippedAndCounted(t *testing.T) {
	// Pixels of 0 and 1 in equal parts: mean 0.5, sd 0.5. Of noise of one sd, P(|z| > 1) = 31.7 % is cut off.
	spec, err := model.Preset("mlp", model.Shape{1, 16, 16}, 2)
	if err != nil {
		t.Fatal(err)
	}
	n := modeltest.Random(spec, 1)
	a, b := make([]float32, 256), make([]float32, 256)
	for k := range a {
		a[k], b[k] = float32(k%2), float32(1-k%2)
	}
	r := rest(t, n, imagesOf(t, spec.Input, n.Classes, []int{0, 1}, a, b), RestOptions{Strengths: []float64{1}, Options: ablate.Options{Draws: 40}})
	c := r.Conditions[5]
	if math.Abs(r.Colour[0]-0.5) > 1e-9 || math.Abs(r.PixelSD[0]-0.5) > 1e-9 || math.Abs(c.Clipped-0.317) > 0.02 || r.Conditions[0].Clipped != 0 {
		t.Errorf("mean %v, sd %v, clipped %v; want 0.5, 0.5 and 31.7 %%", r.Colour, r.PixelSD, c.Clipped)
	}
}
