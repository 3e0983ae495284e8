package state

import (
	"context"
	"fmt"
	"math"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// Rest is what a network does without a stimulus: without input at all, before images that show
// nothing, and before noise.
type Rest struct {
	Split        datasets.Split `json:"-"` // evoked activity is measured on; profiles of classes are from select
	Images       int            `json:"images"`
	SelectImages int            `json:"select_images"`
	Classes      []string       `json:"classes"`
	// Colour and PixelSD are mean and standard deviation of select's pixels, by channel.
	Colour  []float64 `json:"colour"`
	PixelSD []float64 `json:"pixel_sd"`
	// Conditions begin with the still images, one draw each, the first of them NoInput; then noise by
	// strength, and scrambled images.
	Conditions []RestCondition `json:"conditions"`
	// Real is how the network answers the measured images, ByClass those of each class.
	Real RestAnswer `json:"real"`
	// RealConfidence is the confidence on the measured images, spread.
	RealConfidence probe.Spread `json:"real_confidence"`
	ByClass        []RestAnswer `json:"real_by_class"`
	// Silenced is the largest difference between the logits without input and those with all edges from
	// the input cut on a real image: rounding, if the two are one.
	Silenced float64 `json:"silenced"`
	CutEdges int     `json:"cut_edges"`
	// OutputAlone is the answer of the output's biases, with all of its dendrites silent.
	OutputAlone RestAnswer `json:"output_alone"`
	// Layers are the hidden layers, Neurons their neurons.
	Layers  []RestLayer  `json:"layers"`
	Neurons []RestNeuron `json:"neurons"`
	// Controls are the resemblances of real images to classes.
	Controls []RestControl `json:"controls"`
	// Tests is the number of p-values of resemblance that are adjusted together.
	Tests int `json:"tests"`
	// Sham is the identity edit on each hidden neuron, before each still image.
	Sham      ablate.Sham `json:"sham"`
	Resamples int         `json:"bootstrap_resamples"`
	Draws     int         `json:"draws"`
	Seed      uint64      `json:"seed"`
	Warnings  []string    `json:"warnings,omitempty"`
}

// The names of the conditions.
const (
	NoInput   = "no input"
	Black     = "black"
	Grey      = "grey"
	White     = "white"
	MeanImage = "mean image"
	Noise     = "noise"
	Scrambled = "scrambled"
)

// RestCondition is one kind of nothing.
type RestCondition struct {
	Name     string  `json:"name"`
	Strength float64 `json:"strength,omitempty"` // of noise, in standard deviations of the data's pixels
	// Clipped is the share of pixel values that had to be cut off at 0 or 1.
	Clipped float64 `json:"clipped"`
	RestAnswer
	Layers []RestActivity `json:"layers"`
}

// Still tells whether the condition is one image and not many draws.
func (c *RestCondition) Still() bool { return c.Name != Noise && c.Name != Scrambled }

// RestAnswer is what the classifier says, over draws or images.
type RestAnswer struct {
	N       int   `json:"n"`
	Answers []int `json:"answers"` // by class
	// Shares are those of the classes, with 95 % Wilson intervals; Answer is the most frequent one.
	Shares []ablate.Interval `json:"shares"`
	Answer int               `json:"answer"`
	// Confidence is the softmax probability of the answer, Margin its logit less the next one's, means
	// over draws with their bootstrap intervals.
	Confidence ablate.Interval `json:"confidence"`
	Margin     ablate.Interval `json:"margin"`
	// Rank is the share of the measured images that are answered with less confidence, ties half,
	// averaged over draws.
	Rank float64 `json:"rank"`
}

// Share is that of the most frequent answer.
func (a *RestAnswer) Share() ablate.Interval { return a.Shares[a.Answer] }

// RestLayer is a hidden layer as real images drive it.
type RestLayer struct {
	Layer int    `json:"layer"`
	Name  string `json:"name"`
	Units int    `json:"units"`
	// Rated tells whether its neurons have firing rates (ReLU).
	Rated bool `json:"rated"`
	// Firing is the share of neurons that fire anywhere in their map on a measured image, on average;
	// Silent are the neurons that no measured image drives.
	Firing probe.Number `json:"firing"`
	Silent int          `json:"silent"`
	// Varying are the neurons that vary over select, which resemblance is measured over.
	Varying int `json:"varying"`
	// Alone is what each neuron does with all of its dendrites silent: ReLU(bias). Firing has the share with
	// a bias above 0.
	Alone RestActivity `json:"alone"`
}

// RestActivity is a layer at rest, relative to what real images evoke.
type RestActivity struct {
	Layer  int          `json:"layer"`
	Firing probe.Number `json:"firing"` // share of neurons that fire anywhere, averaged over draws
	// Ratio is resting over evoked activity, spread over the neurons that real images drive; Population is
	// the ratio of the layer's sums.
	Ratio      probe.Spread `json:"ratio"`
	Population probe.Number `json:"population"`
	// Resemblance is to each class; of two classes only to the first, as the other's profile is its mirror.
	Resemblance []Resemblance `json:"resemblance,omitempty"`
}

// RestNeuron is a hidden neuron without input, and before the other still images.
type RestNeuron struct {
	Address  model.Address `json:"address"`
	Evoked   float64       `json:"evoked"` // mean over the measured images and positions
	EvokedSD float64       `json:"evoked_sd"`
	// Resting is its activation under each still condition, averaged over positions; Ratio without
	// input is relative to Evoked, Rank the share of the measured images on which it fires less, ties half.
	Resting []float64    `json:"resting"`
	Ratio   probe.Number `json:"ratio"`
	Rank    float64      `json:"rank"`
	// Effect is that of its zero ablation on the margin of each still condition's answer, with the
	// ablation less without; Flips tells where the answer changes.
	Effect []float64 `json:"effect"`
	Flips  []bool    `json:"flips"`
}

// RestOptions of an experiment without input. Draws, of the common options, is the number of noise
// images of each strength.
type RestOptions struct {
	ablate.Options
	Strengths []float64 // nil: DefaultStrengths
}

// What is done where nothing else is said.
var DefaultStrengths = []float64{0.25, 0.5, 1, 2, 4}

// DefaultRestDraws are the noise images of each strength.
const DefaultRestDraws = 200

const (
	stageRest   = "watching"
	stageLesion = "lesions at rest"
)

// RunRest measures what a network does without a stimulus.
func RunRest(ctx context.Context, n *model.Network, set *datasets.Set, o RestOptions) (*Rest, error) {
	if o.Draws == 0 {
		o.Draws = DefaultRestDraws
	}
	if o.Strengths == nil {
		o.Strengths = DefaultStrengths
	}
	if o.Progress == nil {
		o.Progress = func(string, int, int) {}
	}
	for _, s := range o.Strengths {
		if !(s > 0 && s <= 1000) {
			return nil, fmt.Errorf("state: noise of strength %v (want above 0, in standard deviations of the pixels)", s)
		}
	}
	if err := n.Fits(set); err != nil {
		return nil, err
	}
	r := &rester{Rest: &Rest{Split: o.Split, Classes: n.Classes, Resamples: o.Resamples, Draws: o.Draws, Seed: o.Seed}, n: n, set: set, o: o}
	for _, stage := range []func(context.Context) error{r.watchReal, r.answers, r.watchConditions, r.silence, r.lesion} {
		if err := stage(ctx); err != nil {
			return nil, err
		}
	}
	r.place()
	r.adjust()
	return r.Rest, ctx.Err()
}

// rester is an experiment under way.
type rester struct {
	*Rest
	n      *model.Network
	set    *datasets.Set
	o      RestOptions
	first  []int // of each hidden layer, its first neuron's place among all; one more at the end
	real   *watched
	sorted []float64 // confidences of the real images
	labels []int
	// resemblance is what a pattern is compared with.
	resemblance *resembler
	still       []float32 // pixels of the still conditions
	stills      int
}

// watched is what hidden neurons did on some images: each one's activation averaged over its map.
type watched struct {
	images, units int
	rates         []float32 // images × units
	fires         []bool    // images × units: anywhere in the map
	logits        []float32
}

func (w *watched) row(i int) []float32 { return w.rates[i*w.units : (i+1)*w.units] }

// mean is each neuron's activation averaged over the images.
func (w *watched) mean() []float64 {
	sum := make([]float64, w.units)
	for i := range w.images {
		for u, v := range w.row(i) {
			sum[u] += float64(v)
		}
	}
	for u := range sum {
		sum[u] /= float64(w.images)
	}
	return sum
}

// watch shows images to the network.
func (r *rester) watch(ctx context.Context, pixels []float32) (*watched, error) {
	n, units := r.n, r.first[r.n.Depth()-1]
	images := len(pixels) / n.Spec.Input.Size()
	w := &watched{images: images, units: units, rates: make([]float32, images*units), fires: make([]bool, images*units)}
	var hidden []int
	for l := 1; l < n.Depth(); l++ {
		hidden = append(hidden, l)
	}
	var err error
	w.logits, err = n.Observe(ctx, pixels, nil, r.o.Workers, model.Trace{Post: hidden}, func(first int, t *model.Trace) {
		for _, l := range hidden {
			shape := n.Geometry(l).Act
			area := shape.Area()
			for k, act := 0, t.Activation(l); k < len(act); k += area {
				sum, fires := 0.0, false
				for _, v := range act[k : k+area] {
					sum += float64(v)
					fires = fires || v > 0
				}
				at := (first+k/shape.Size())*units + r.first[l-1] + k/area%shape[0]
				w.rates[at], w.fires[at] = float32(sum/float64(area)), fires
			}
		}
	})
	return w, err
}

// split are the pixels and labels of a split.
func (r *rester) split(s datasets.Split) ([]float32, []int, error) {
	lo, hi := r.set.Range(s)
	if lo == hi {
		return nil, nil, fmt.Errorf("state: the %s split is empty", s)
	}
	return r.set.Images[lo*r.set.ImageSize() : hi*r.set.ImageSize()], r.set.Labels[lo:hi], nil
}

// watchReal is what images evoke: the reference for everything.
func (r *rester) watchReal(ctx context.Context) error {
	n := r.n
	r.first = []int{0}
	for l := 1; l < n.Depth(); l++ {
		r.first = append(r.first, r.first[l-1]+n.Geometry(l).Act[0])
		r.Layers = append(r.Layers, RestLayer{Layer: l, Name: n.Layer(l).Name, Units: n.Geometry(l).Act[0], Rated: n.Layer(l).Activation == model.ReLU, Firing: probe.Undefined})
	}
	chosen, chosenLabels, err := r.split(datasets.Select)
	if err != nil {
		return err
	}
	pixels, labels, err := r.split(r.o.Split)
	if err != nil {
		return err
	}
	r.labels = labels
	r.Images, r.SelectImages = len(labels), len(chosenLabels)
	r.Colour, r.PixelSD = pixelMoments(chosen, n.Spec.Input)
	selected, err := r.watch(ctx, chosen)
	if err != nil {
		return err
	}
	if r.real, err = r.watch(ctx, pixels); err != nil {
		return err
	}
	r.Neurons = make([]RestNeuron, r.real.units)
	for k := range r.Layers {
		l := &r.Layers[k]
		for u := range l.Units {
			at := r.first[k] + u
			var m stats.Moments
			for i := range r.real.images {
				m.Add(float64(r.real.rates[i*r.real.units+at]))
			}
			r.Neurons[at] = RestNeuron{Address: model.Neuron(l.Layer, u), Evoked: m.Mean(), EvokedSD: m.SD(), Ratio: probe.Undefined}
			if m.Mean() == 0 && l.Rated {
				l.Silent++
			}
		}
		if l.Rated {
			l.Firing = firing(r.real, r.first[k], r.first[k+1])
		}
	}
	r.resemblance = newResembler(r, selected, chosenLabels)
	return r.alone()
}

// alone is each layer with the dendrites of every neuron silent.
func (r *rester) alone() error {
	for k := range r.Layers {
		l := &r.Layers[k]
		biases := r.n.Params[l.Layer].Bias
		w := &watched{images: 1, units: r.real.units, rates: make([]float32, r.real.units), fires: make([]bool, r.real.units)}
		for u, b := range biases { // an add layer has none
			at := r.first[k] + u
			w.rates[at], w.fires[at] = max(b, 0), b > 0
		}
		l.Alone = r.activity(k, w)
	}
	return nil
}

// firing is the share of neurons [from, to) that fire, averaged over images.
func firing(w *watched, from, to int) probe.Number {
	fires := 0
	for i := range w.images {
		for _, f := range w.fires[i*w.units+from : i*w.units+to] {
			if f {
				fires++
			}
		}
	}
	return probe.Number(float64(fires) / float64(w.images*(to-from)))
}

// activity is a layer's, relative to evoked activity.
func (r *rester) activity(k int, w *watched) RestActivity {
	a := RestActivity{Layer: r.Layers[k].Layer, Firing: probe.Undefined, Population: probe.Undefined, Ratio: probe.SpreadOver(nil)}
	if !r.Layers[k].Rated {
		return a
	}
	from, to := r.first[k], r.first[k+1]
	a.Firing = firing(w, from, to)
	var ratios []float64
	rest, evoked := 0.0, 0.0
	mean := w.mean()
	for at := from; at < to; at++ {
		rest, evoked = rest+mean[at], evoked+r.Neurons[at].Evoked
		if r.Neurons[at].Evoked > 0 {
			ratios = append(ratios, mean[at]/r.Neurons[at].Evoked)
		}
	}
	a.Ratio, a.Population = probe.SpreadOver(ratios), probe.Number(rest/evoked)
	return a
}

// answers describes how real images are answered.
func (r *rester) answers(context.Context) error {
	for i := range r.real.images {
		confidence, _ := sureness(r.real.logits, i, len(r.Classes))
		r.sorted = append(r.sorted, confidence)
	}
	slices.Sort(r.sorted)
	r.RealConfidence = probe.SpreadOver(r.sorted)
	r.Real = r.answer(r.real.logits, nil)
	for class := range r.Classes {
		r.ByClass = append(r.ByClass, r.answer(r.real.logits, func(i int) bool { return r.labels[i] == class }))
	}
	last := r.n.Params[r.n.Depth()].Bias
	if len(last) == len(r.Classes) {
		r.OutputAlone = r.answer(last, nil)
	}
	return nil
}

// sureness is the softmax probability of an image's answer and its margin in logits.
func sureness(logits []float32, image, classes int) (confidence, margin float64) {
	row := logits[image*classes : (image+1)*classes]
	best := model.Answer(row)
	return math.Exp(-model.CrossEntropyOf(row, best)), lead(row, best)
}

// answer sums up the answers to images, or to those of them that are wanted.
func (r *rester) answer(logits []float32, wanted func(image int) bool) RestAnswer {
	classes := len(r.Classes)
	a := RestAnswer{Answers: make([]int, classes)}
	var confidences, margins []float64
	rank := 0.0
	for i := range len(logits) / classes {
		if wanted != nil && !wanted(i) {
			continue
		}
		confidence, margin := sureness(logits, i, classes)
		confidences, margins = append(confidences, confidence), append(margins, margin)
		a.Answers[model.Answer(logits[i*classes:(i+1)*classes])]++
		rank += rankOf(confidence, r.sorted)
	}
	if a.N = len(confidences); a.N == 0 {
		return a
	}
	for class, count := range a.Answers {
		if count > a.Answers[a.Answer] {
			a.Answer = class
		}
		low, high := stats.Wilson(count, a.N)
		a.Shares = append(a.Shares, ablate.Interval{Estimate: float64(count) / float64(a.N), Low: low, High: high})
	}
	intervals := stats.Bootstrap{Resamples: r.o.Resamples, Seed: r.o.Seed}.Means(confidences, margins)
	a.Confidence = ablate.Interval{Estimate: stats.Mean(confidences), Low: intervals[0].Low, High: intervals[0].High}
	a.Margin = ablate.Interval{Estimate: stats.Mean(margins), Low: intervals[1].Low, High: intervals[1].High}
	a.Rank = rank / float64(a.N)
	return a
}

// rankOf is the share of sorted values below v, ties half.
func rankOf(v float64, sorted []float64) float64 {
	below, found := slices.BinarySearch(sorted, v)
	ties := 0
	for found && below+ties < len(sorted) && sorted[below+ties] == v {
		ties++
	}
	return (float64(below) + float64(ties)/2) / float64(len(sorted))
}

// watchConditions shows nothing, in all its kinds.
func (r *rester) watchConditions(ctx context.Context) error {
	conditions := r.stimuli()
	for k, s := range conditions {
		pixels := s.pixels()
		w, err := r.watch(ctx, pixels)
		if err != nil {
			return err
		}
		c := RestCondition{Name: s.name, Strength: s.strength, Clipped: s.clipped, RestAnswer: r.answer(w.logits, nil)}
		for l := range r.Layers {
			a := r.activity(l, w)
			a.Resemblance = r.resemblance.compare(l, w.mean())
			c.Layers = append(c.Layers, a)
		}
		r.Conditions = append(r.Conditions, c)
		if c.Still() {
			r.still, r.stills = append(r.still, pixels...), r.stills+1
			for at := range r.Neurons {
				r.Neurons[at].Resting = append(r.Neurons[at].Resting, float64(w.rates[at]))
			}
		}
		r.o.Progress(stageRest, k+1, len(conditions))
	}
	column := make([]float64, r.real.images)
	for at := range r.Neurons {
		x := &r.Neurons[at]
		if x.Evoked > 0 {
			x.Ratio = probe.Number(x.Resting[0] / x.Evoked)
		}
		for i := range column {
			column[i] = float64(r.real.rates[i*r.real.units+at])
		}
		slices.Sort(column)
		x.Rank = rankOf(x.Resting[0], column)
	}
	return nil
}

// silence cuts all edges from the input on a real image, and compares with no input.
func (r *rester) silence(ctx context.Context) error {
	var edits []model.Edit
	for _, e := range r.n.Edges() {
		if e.From.Layer == 0 {
			edits = append(edits, model.Edit{Target: e.To, From: &e.From, Keep: model.Constant(0), Fill: model.Constant(0)})
		}
	}
	size := r.set.ImageSize()
	lo, _ := r.set.Range(r.o.Split)
	cut, err := r.n.Logits(ctx, r.set.Images[lo*size:(lo+1)*size], edits, 1)
	if err != nil {
		return err
	}
	bare, err := r.n.Logits(ctx, r.still[:size], nil, 1)
	if err != nil {
		return err
	}
	r.CutEdges = len(edits)
	for k := range cut {
		r.Silenced = max(r.Silenced, math.Abs(float64(cut[k])-float64(bare[k])))
	}
	if r.Silenced > 1e-3 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("cutting all edges from the input gives logits that differ from those without input by %.2g, more than rounding", r.Silenced))
	}
	return nil
}

// lesion ablates each hidden neuron before each still image.
func (r *rester) lesion(ctx context.Context) error {
	var arms []model.Arm
	for _, x := range r.Neurons {
		arms = append(arms, model.Arm{Edits: []model.Edit{model.Zero(x.Address)}}, model.Arm{Edits: []model.Edit{model.Sham(x.Address)}})
	}
	classes := len(r.Classes)
	for at := range r.Neurons {
		r.Neurons[at].Effect, r.Neurons[at].Flips = make([]float64, r.stills), make([]bool, r.stills)
	}
	broken := make([]error, r.stills)
	o := model.SweepOptions{Workers: r.o.Workers, Memory: r.o.Memory, Progress: func(done, total int) { r.o.Progress(stageLesion, done, total) }}
	err := r.n.Sweep(ctx, r.still, arms, o, func(b model.SweepBatch) {
		for i := range b.Images {
			intact := b.Intact[i*classes : (i+1)*classes]
			for at := range r.Neurons {
				lesioned := b.Logits[(2*at*b.Images+i)*classes:][:classes]
				sham := b.Logits[((2*at+1)*b.Images+i)*classes:][:classes]
				x := &r.Neurons[at]
				x.Effect[b.First+i] = lead(lesioned, model.Answer(intact)) - lead(intact, model.Answer(intact))
				x.Flips[b.First+i] = model.Answer(lesioned) != model.Answer(intact)
				for k := range sham {
					if math.Float32bits(sham[k]) != math.Float32bits(intact[k]) {
						broken[b.First+i] = fmt.Errorf("state: %w: %v at rest: a logit is %v, intact %v", ablate.ErrSham, x.Address, sham[k], intact[k])
					}
				}
			}
		}
	})
	if err != nil {
		return err
	}
	for _, err := range broken {
		if err != nil {
			return err
		}
	}
	r.Sham = ablate.Sham{Images: r.stills, Identical: true}
	return nil
}

// lead is a class's logit less the strongest other, if there is one.
func lead(logits []float32, class int) float64 {
	other := math.Inf(-1)
	for k, v := range logits {
		if k != class {
			other = max(other, float64(v))
		}
	}
	if math.IsInf(other, -1) {
		return float64(logits[class])
	}
	return float64(logits[class]) - other
}
