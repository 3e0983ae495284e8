package state

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// RestOptions of an experiment without anything to see.
type RestOptions struct {
	// Strengths of noise, in multiples of the standard deviation of the data's pixels; each is drawn Draws
	// times. Nil and 0 mean the defaults.
	Strengths []float64
	Draws     int
	// Lesions are silent all the time.
	Lesions []model.Address
}

// DefaultStrengths and DefaultDraws are those of noise.
var DefaultStrengths = []float64{0.25, 0.5, 1, 2}

// DefaultDraws are enough for intervals of a few percent.
const DefaultDraws = 100

// Rest is what the network does without a stimulus. A neuron's rate is its activation averaged over
// its map; neurons are those of hidden layers with ReLU.
type Rest struct {
	Classes      []string        `json:"classes"`
	Split        datasets.Split  `json:"-"`
	Images       int             `json:"images"`
	SelectImages int             `json:"select_images"`
	Draws        int             `json:"draws"`
	Lesions      []model.Address `json:"lesions,omitempty"`
	Conditions   []RestCondition `json:"conditions"` // no input first
	// Evoked are real images, one condition a class: what the same measures say of something to see.
	Evoked []RestCondition `json:"evoked"`
	// UniformDiffers is the largest difference of a logit between no input (the normalised input all 0)
	// and an image of the mean colour: 0.
	UniformDiffers float64 `json:"uniform_differs"`
	// Alone counts neurons that fire with all dendrites silent: whose bias is above 0.
	Alone   int          `json:"fire_alone"`
	Total   int          `json:"neurons"`
	Neurons []RestNeuron `json:"resting_neurons"` // of no input, the most active relative to evoked first
	// Margin is the resting answer's logit less the strongest other, without input; Drivers the
	// neurons whose silence changes it, the largest change first.
	Margin       float64      `json:"margin"`
	Drivers      []RestDriver `json:"drivers"`
	ShamChanged  int          `json:"sham_changed"`
	Tests        int          `json:"tests"` // of resemblance
	Shuffles     int          `json:"shuffles"`
	Resamples    int          `json:"resamples"`
	Seed         uint64       `json:"seed"`
	Warnings     []string     `json:"warnings,omitempty"`
	realSureness []float64
}

// RestCondition is one thing that is shown, or none.
type RestCondition struct {
	Name     string  `json:"name"`
	Strength float64 `json:"strength,omitempty"`
	Draws    int     `json:"draws"` // images; 1 where there is nothing to draw
	// Clipped is the share of pixel values that had to be cut to [0,1].
	Clipped float64     `json:"clipped,omitempty"`
	Layers  []RestLayer `json:"layers"`
	// Answers are the shares of the draws that are answered with each class.
	Answers    []float64       `json:"answers"`
	Said       int             `json:"said"`       // the class answered most often
	Confidence ablate.Interval `json:"confidence"` // softmax probability of the answer
	Lead       ablate.Interval `json:"lead"`       // the answer's logit less the strongest other
	// Surer is the share of the real images whose answer has less confidence than the mean here.
	Surer float64 `json:"surer_than"`
}

// RestLayer is what a layer does under a condition.
type RestLayer struct {
	Layer  int     `json:"layer"`
	Name   string  `json:"name"`
	Firing float64 `json:"share_firing"` // of the neurons, mean over draws
	// Ratio is the resting rate over the evoked one: median over the neurons that real images drive,
	// and quartiles.
	Ratio [3]probe.Number `json:"ratio_quartiles"`
	// Resembles has, for each class tested, the correlation with it.
	Resembles []Resemblance `json:"resembles"`
}

// Resemblance is the correlation, over a layer's neurons, of activity with the class's: of the rates'
// z-scores (by mean and standard deviation over select images) with the mean z-score on the class's
// select images less that on all others.
type Resemblance struct {
	Class    int          `json:"class"`
	R        probe.Number `json:"r"`
	Null     [2]float64   `json:"null_95"` // of classes dealt out at random
	P        probe.Number `json:"p"`
	Adjusted probe.Number `json:"adjusted_p"`
}

// RestNeuron is a neuron that fires without input.
type RestNeuron struct {
	Address model.Address `json:"address"`
	Bias    float64       `json:"bias"`
	Rest    float64       `json:"rest"`
	Evoked  float64       `json:"evoked"`
	Ratio   probe.Number  `json:"ratio"`
}

// RestDriver is a neuron whose silence changes the resting answer's margin.
type RestDriver struct {
	Address model.Address `json:"address"`
	Change  float64       `json:"change"`
	Flips   bool          `json:"flips"` // the answer becomes another
}

// resting is a Rest on its way.
type resting struct {
	*ablate.Preparation
	ctx    context.Context
	layers []int
	edits  []model.Edit
	r      *Rest

	mean, sd [][]float64 // by layer: each neuron's rate over select images
	evoked   [][]float64 // by layer: its mean over measured images
	selected []responses // by layer, of select images
	labels   []int       // of select images
}

// responses are rates of a layer, images × units.
type responses struct {
	rates []float64
	fires []bool
}

// RestOf runs the experiment.
func RestOf(ctx context.Context, p *ablate.Preparation, o RestOptions) (*Rest, error) {
	if o.Strengths == nil {
		o.Strengths = DefaultStrengths
	}
	if o.Draws == 0 {
		o.Draws = DefaultDraws
	}
	lo, hi := p.Set.Range(datasets.Select)
	r := &Rest{Classes: p.Network.Classes, Split: p.Split, Images: p.Images, SelectImages: hi - lo, Draws: o.Draws, Lesions: o.Lesions, Shuffles: p.Permutations,
		Resamples: p.Resamples, Seed: p.Seed, Warnings: slices.Clone(p.Set.Warnings)}
	e := &resting{Preparation: p, ctx: ctx, layers: Tiring(p.Network), r: r, labels: p.Set.Labels[lo:hi]}
	if len(e.layers) == 0 {
		return nil, fmt.Errorf("state: no hidden layer has a ReLU: no neuron of this network fires")
	}
	for _, a := range o.Lesions {
		e.edits = append(e.edits, model.Zero(a))
	}
	for _, part := range []func() error{e.see, func() error { return e.conditions(o) }, e.evokedByClass, e.drive} {
		if err := part(); err != nil {
			return nil, err
		}
	}
	e.correct()
	return r, ctx.Err()
}

// respond shows images and gives logits and the rates of every layer with ReLU.
func (e *resting) respond(pixels []float32) (logits []float32, by []responses, err error) {
	n := e.Network
	count := len(pixels) / n.Spec.Input.Size()
	by = make([]responses, n.Depth()+1)
	for _, l := range e.layers {
		units := n.Geometry(l).Act[0]
		by[l] = responses{make([]float64, count*units), make([]bool, count*units)}
	}
	logits, err = n.Observe(e.ctx, pixels, e.edits, e.Workers, model.Trace{Post: e.layers}, func(first int, t *model.Trace) {
		for _, l := range e.layers {
			area, units := n.Geometry(l).Act.Area(), n.Geometry(l).Act[0]
			act := t.Activation(l)
			for k := range len(act) / area {
				sum := 0.0
				for _, v := range act[k*area : (k+1)*area] {
					sum += float64(v)
					if v > 0 {
						by[l].fires[first*units+k] = true
					}
				}
				by[l].rates[first*units+k] = sum / float64(area)
			}
		}
	})
	return logits, by, err
}

// see shows the real images: what rates are held against.
func (e *resting) see() error {
	n, size := e.Network, e.Set.ImageSize()
	lo, hi := e.Set.Range(datasets.Select)
	_, selected, err := e.respond(e.Set.Images[lo*size : hi*size])
	if err != nil {
		return err
	}
	logits, measured, err := e.respond(e.Pixels())
	if err != nil {
		return err
	}
	e.selected = selected
	e.mean, e.sd, e.evoked = make([][]float64, n.Depth()+1), make([][]float64, n.Depth()+1), make([][]float64, n.Depth()+1)
	for _, l := range e.layers {
		units := n.Geometry(l).Act[0]
		for u := range units {
			column := every(selected[l].rates, u, units)
			m := stats.Mean(column)
			square := 0.0
			for _, v := range column {
				square += (v - m) * (v - m)
			}
			e.mean[l] = append(e.mean[l], m)
			e.sd[l] = append(e.sd[l], math.Sqrt(square/float64(len(column))))
			e.evoked[l] = append(e.evoked[l], stats.Mean(every(measured[l].rates, u, units)))
			e.r.Total++
			if n.Params[l].Bias != nil && n.Params[l].Bias[u] > 0 {
				e.r.Alone++
			}
		}
	}
	for i := range e.Images {
		sure, _, _ := sureness(logits[i*len(n.Classes) : (i+1)*len(n.Classes)])
		e.r.realSureness = append(e.r.realSureness, sure)
	}
	slices.Sort(e.r.realSureness)
	return nil
}

// every takes each step-th value from at on.
func every(values []float64, at, step int) []float64 {
	var out []float64
	for k := at; k < len(values); k += step {
		out = append(out, values[k])
	}
	return out
}

// sureness is the answer with its softmax probability and its lead over the strongest other.
func sureness(logits []float32) (confidence, lead float64, answer int) {
	answer = model.Answer(logits)
	p := make([]float32, len(logits))
	model.Softmax(p, logits)
	lead = math.Inf(1)
	for k, v := range logits {
		if k != answer {
			lead = min(lead, float64(logits[answer])-float64(v))
		}
	}
	return float64(p[answer]), lead, answer
}

// conditions shows what is no stimulus.
func (e *resting) conditions(o RestOptions) error {
	n := e.Network
	nothing := e.uniform(n.Mean...)
	shows := []struct {
		name   string
		pixels []float32
	}{{NoInput, nothing}, {"black", e.uniform(0)}, {"grey", e.uniform(0.5)}, {"white", e.uniform(1)}, {"mean image", e.meanImage()}}
	for _, s := range shows {
		if _, err := e.condition(RestCondition{Name: s.name, Draws: 1}, s.pixels, nil); err != nil {
			return err
		}
	}
	for k, strength := range o.Strengths {
		pixels, clipped := e.noise(k, strength, o.Draws)
		if _, err := e.condition(RestCondition{Name: "noise", Strength: strength, Draws: o.Draws, Clipped: clipped}, pixels, nil); err != nil {
			return err
		}
		if e.Progress != nil {
			e.Progress("noise", k+1, len(o.Strengths))
		}
	}
	return e.uniformity(nothing)
}

// NoInput is the name of the condition in which the biases alone drive the network.
const NoInput = "no input"

// uniform is an image of one colour: a value a channel, or one for all.
func (e *resting) uniform(values ...float32) []float32 {
	shape := e.Network.Spec.Input
	out := make([]float32, shape.Size())
	for k := range out {
		out[k] = values[k/shape.Area()%len(values)]
	}
	return out
}

// meanImage is the mean of the select images, pixel by pixel.
func (e *resting) meanImage() []float32 {
	lo, hi := e.Set.Range(datasets.Select)
	size := e.Set.ImageSize()
	sums := make([]float64, size)
	for k, v := range e.Set.Images[lo*size : hi*size] {
		sums[k%size] += float64(v)
	}
	out := make([]float32, size)
	for k, s := range sums {
		out[k] = float32(s / float64(hi-lo))
	}
	return out
}

// noise is independent at every pixel, about the channels' means.
func (e *resting) noise(level int, strength float64, draws int) (pixels []float32, clipped float64) {
	n, shape := e.Network, e.Network.Spec.Input
	random := rand.New(rand.NewPCG(e.Seed, 0x72657374+uint64(level))) // "rest"
	pixels = make([]float32, draws*shape.Size())
	for k := range pixels {
		c := k / shape.Area() % shape[0]
		v := float64(n.Mean[c]) + strength*float64(n.Std[c])*random.NormFloat64()
		if v < 0 || v > 1 {
			clipped += 1 / float64(len(pixels))
		}
		pixels[k] = float32(min(1, max(0, v)))
	}
	return pixels, clipped
}

// uniformity holds no input against the network's own biases: with all normalised pixels 0 the first
// layer has nothing but those, and that is an image of the mean colour.
func (e *resting) uniformity(nothing []float32) error {
	n := e.Network
	trace := model.Trace{Post: []int{0}}
	got, err := model.NewSession(n).Run(nothing, 0, e.edits, &trace)
	if err != nil {
		return err
	}
	got = slices.Clone(got)
	for _, v := range trace.Activation(0) {
		e.r.UniformDiffers = max(e.r.UniformDiffers, math.Abs(float64(v)))
	}
	_, lead, _ := sureness(got)
	e.r.Margin = lead
	return nil
}

// condition measures what is shown and files it, under Conditions or into `to`.
func (e *resting) condition(c RestCondition, pixels []float32, to *[]RestCondition) (*RestCondition, error) {
	n, classes := e.Network, len(e.Network.Classes)
	logits, by, err := e.respond(pixels)
	if err != nil {
		return nil, err
	}
	c.Answers = make([]float64, classes)
	var confidence, lead []float64
	for i := range len(logits) / classes {
		sure, ahead, answer := sureness(logits[i*classes : (i+1)*classes])
		c.Answers[answer] += 1 / float64(c.Draws)
		confidence, lead = append(confidence, sure), append(lead, ahead)
	}
	for k, share := range c.Answers {
		if share > c.Answers[c.Said] {
			c.Said = k
		}
	}
	c.Confidence, c.Lead = e.interval(confidence), e.interval(lead)
	below, _ := slices.BinarySearch(e.r.realSureness, c.Confidence.Estimate)
	c.Surer = float64(below) / float64(len(e.r.realSureness))
	for _, l := range e.layers {
		c.Layers = append(c.Layers, e.layer(l, by[l], c.Draws))
	}
	if to == nil {
		to = &e.r.Conditions
	}
	*to = append(*to, c)
	if c.Name == NoInput {
		for _, l := range e.layers {
			for u, rate := range by[l].rates {
				x := RestNeuron{Address: model.Neuron(l, u), Rest: rate, Evoked: e.evoked[l][u], Ratio: probe.Undefined}
				if n.Params[l].Bias != nil {
					x.Bias = float64(n.Params[l].Bias[u])
				}
				if x.Evoked > 0 {
					x.Ratio = probe.Number(rate / x.Evoked)
				}
				e.r.Neurons = append(e.r.Neurons, x)
			}
		}
		sortNeurons(e.r.Neurons)
	}
	return &(*to)[len(*to)-1], nil
}

// interval is a mean with a bootstrap interval over draws; one draw has none to speak of.
func (e *resting) interval(values []float64) ablate.Interval {
	if len(values) == 1 {
		return ablate.Interval{Estimate: values[0], Low: values[0], High: values[0]}
	}
	low, high := stats.Bootstrap{Resamples: e.Resamples, Seed: e.Seed}.Mean(values)
	return ablate.Interval{Estimate: stats.Mean(values), Low: low, High: high}
}

// layer sums up a layer's responses to a condition's draws.
func (e *resting) layer(l int, shown responses, draws int) RestLayer {
	units := e.Network.Geometry(l).Act[0]
	x := RestLayer{Layer: l, Name: e.Network.Layer(l).Name}
	for _, f := range shown.fires {
		if f {
			x.Firing += 1 / float64(units*draws)
		}
	}
	var ratios, scores []float64
	for u := range units {
		rate := stats.Mean(every(shown.rates, u, units))
		if e.evoked[l][u] > 0 {
			ratios = append(ratios, rate/e.evoked[l][u])
		}
		scores = append(scores, e.score(l, u, rate))
	}
	for k, q := range []float64{0.5, 0.25, 0.75} {
		x.Ratio[k] = probe.Undefined
		if len(ratios) > 0 {
			x.Ratio[k] = probe.Number(stats.Quantile(ratios, q))
		}
	}
	x.Resembles = e.resemble(l, scores)
	return x
}

// score is a rate's z-score; 0 for a neuron that does not vary.
func (e *resting) score(l, u int, rate float64) float64 {
	if e.sd[l][u] == 0 {
		return 0
	}
	return (rate - e.mean[l][u]) / e.sd[l][u]
}
