package ablate

import (
	"context"
	"fmt"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// Battery is what one network is measured by beside another: how well it answers, how selective and
// sparse its neurons are, how its answers hang on them, and what can be read from its layers. Every
// number comes with its values on resamples of the images.
type Battery struct {
	Accuracy     probe.Sampled    `json:"accuracy"`
	Balanced     probe.Sampled    `json:"balanced_accuracy"`
	CrossEntropy probe.Sampled    `json:"cross_entropy"`
	Responses    *probe.Responses `json:"responses"`
	// Importance and Curve are nil of an untrained network, whose answers are not worth a lesion,
	// and of one without hidden neurons.
	Importance *Importance   `json:"importance,omitempty"`
	Curve      *LesionCurve  `json:"cumulative_ablation,omitempty"`
	Decoding   *DepthReading `json:"decoding"`
}

// batteryOptions say what of a battery is measured.
type batteryOptions struct {
	Options
	trained bool
	stage   string // before the names of stages
}

// measureBattery measures a network. The answers are judged on the whole split of set, everything
// else on sample, which may have fewer images.
func measureBattery(ctx context.Context, n *model.Network, set, sample *datasets.Set, o batteryOptions) (*Battery, error) {
	if o.Progress != nil {
		report := o.Progress
		o.Progress = func(stage string, done, total int) { report(o.stage+": "+stage, done, total) }
	}
	if o.Parts != nil {
		o.Parts = specimenParts{o.Parts, fmt.Sprintf("battery %s %.12s ", o.stage, n.Digest())}
	}
	b := &Battery{}
	steps := []func() error{
		func() (err error) { return b.judge(ctx, n, set, o) },
		func() (err error) {
			o.progress("responses", 0, 1)
			b.Responses, err = Part(o.Parts, "responses", func() (*probe.Responses, error) {
				return probe.Respond(ctx, n, sample, probe.ResponseOptions{Split: o.Split, Resamples: o.Resamples, Permutations: o.Permutations, Seed: o.Seed, Workers: o.Workers})
			})
			return err
		},
		func() error { return b.lesions(ctx, n, sample, o) },
		func() (err error) {
			b.Decoding, err = Part(o.Parts, "decoding", func() (*DepthReading, error) { return readDepth(ctx, n, sample, o.Options) })
			return err
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return b, ctx.Err()
}

// judge measures the answers.
func (b *Battery) judge(ctx context.Context, n *model.Network, set *datasets.Set, o batteryOptions) error {
	lo, hi := set.Range(o.Split)
	labels := set.Labels[lo:hi]
	logits, err := n.Logits(ctx, set.Images[lo*set.ImageSize():hi*set.ImageSize()], nil, o.Workers)
	if err != nil {
		return err
	}
	out := newOutcomes(hi - lo)
	out.judge(0, logits, labels, len(n.Classes))
	counts := o.bootstrap().Counts(hi - lo)
	for _, g := range gauges(labels, n.Classes) {
		switch g.name {
		case "accuracy":
			b.Accuracy = probe.MeanOver(column(out, g.value), counts)
		case "cross-entropy":
			b.CrossEntropy = probe.MeanOver(column(out, g.value), counts)
		case "balanced accuracy":
			of := g.of(column(out, g.value))
			b.Balanced = probe.NewSampled(of(ones(hi-lo)), eachResample(counts, hi-lo, of))
		}
	}
	return ctx.Err()
}

// eachResample is a statistic on every resample.
func eachResample(counts []uint8, n int, of stats.Statistic) []float64 {
	draws, drawn := make([]float64, len(counts)/max(1, n)), make([]float64, n)
	for r := range draws {
		for i, c := range counts[r*n : (r+1)*n] {
			drawn[i] = float64(c)
		}
		draws[r] = of(drawn)
	}
	return draws
}

// DepthReading is what linear probes read from each layer.
type DepthReading struct {
	Train  int         `json:"train_images"`
	Images int         `json:"images"`
	Layers []ReadLayer `json:"layers"` // from 0, the input, to the output
	// Class and Features are means over the hidden layers; Features is undefined where none are known.
	Class    probe.Sampled `json:"class"`
	Features probe.Sampled `json:"features"`
	Known    []string      `json:"known_features"`
	Warnings []string      `json:"warnings,omitempty"`
}

// ReadLayer is one layer's readings: accuracies on the measured images.
type ReadLayer struct {
	Layer    int           `json:"layer"`
	Name     string        `json:"name"`
	Class    probe.Sampled `json:"class"`
	Features probe.Sampled `json:"features"` // mean over features
}

// readDepth fits linear probes to every layer (see probe.Decode). The class is what the class probes
// together say: the sign of the one where there are two classes, the highest score of one a class
// where there are more.
func readDepth(ctx context.Context, n *model.Network, set *datasets.Set, o Options) (*DepthReading, error) {
	d, err := probe.Decode(ctx, n, set, probe.DecodeOptions{Split: o.Split, Controls: 1, Seed: o.Seed, Workers: o.Workers,
		Progress: func(done, total int) { o.progress("linear probes", done, total) }})
	if err != nil {
		return nil, err
	}
	lo, hi := set.Range(o.Split)
	labels, counts := set.Labels[lo:hi], o.bootstrap().Counts(hi-lo)
	r := &DepthReading{Train: d.Train, Images: d.Images, Warnings: d.Warnings}
	for c, concept := range d.Concepts {
		if concept.Kind == probe.Feature && d.Layers[0].Probes[c] != nil {
			r.Known = append(r.Known, concept.Name)
		}
	}
	var classes, features [][]float64
	for _, l := range d.Layers {
		class, feature := rightOf(l, d.Concepts, labels, set, lo)
		r.Layers = append(r.Layers, ReadLayer{l.Layer, l.Name, probe.MeanOver(class, counts), probe.MeanOver(feature, counts)})
		if l.Layer > 0 && l.Layer < n.Depth() {
			classes, features = append(classes, class), append(features, feature)
		}
	}
	r.Class, r.Features = probe.MeanOver(meanColumn(classes, hi-lo), counts), probe.MeanOver(meanColumn(features, hi-lo), counts)
	return r, ctx.Err()
}

// rightOf tells for each image whether the layer's class probes are right, and the share of its
// feature probes that are.
func rightOf(l probe.DecodedLayer, concepts []probe.Concept, labels []int, set *datasets.Set, first int) (class, features []float64) {
	class, features = make([]float64, len(labels)), make([]float64, len(labels))
	var scores [][]float64 // by class
	known := 0.0
	for c, concept := range concepts {
		p := l.Probes[c]
		switch {
		case concept.Kind == probe.Class && p != nil:
			scores = append(scores, l.Scores(c))
		case concept.Kind == probe.Class:
			scores = append(scores, make([]float64, len(labels)))
		case p != nil:
			known++
			for i, s := range l.Scores(c) {
				if (s > 0) == set.HasFeature(first+i, concept.Index) {
					features[i]++
				}
			}
		}
	}
	for i, label := range labels {
		answer := 0
		if len(scores) == 1 { // the first of two classes
			if scores[0][i] <= 0 {
				answer = 1
			}
		} else {
			for c := range scores {
				if scores[c][i] > scores[answer][i] {
					answer = c
				}
			}
		}
		if answer == label {
			class[i] = 1
		}
		features[i] /= known // NaN where there are none
	}
	return class, features
}

// meanColumn is the mean of columns, NaN of none.
func meanColumn(columns [][]float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		for _, c := range columns {
			out[i] += c[i]
		}
		out[i] /= float64(len(columns))
	}
	return out
}

// batteryMeasure is a number that a battery has.
type batteryMeasure struct {
	name, group string
	percent     bool
	of          func(*Battery) probe.Sampled
}

// without is a number that is not measured.
var noSample = probe.Sampled{Value: probe.Undefined, Low: probe.Undefined, High: probe.Undefined}

// The groups of measures.
const (
	OfAnswers     = "answers"
	OfSelectivity = "selectivity"
	OfSparsity    = "sparsity"
	OfImportance  = "importance"
	OfLesions     = "cumulative ablation"
	OfDecoding    = "decodability"
)

// batteryMeasures are all measures, in the order of reports.
var batteryMeasures = []batteryMeasure{
	{"accuracy", OfAnswers, true, func(b *Battery) probe.Sampled { return b.Accuracy }},
	{"balanced accuracy", OfAnswers, true, func(b *Battery) probe.Sampled { return b.Balanced }},
	{"cross-entropy", OfAnswers, false, func(b *Battery) probe.Sampled { return b.CrossEntropy }},
	{"class AUROC of a neuron", OfSelectivity, false, func(b *Battery) probe.Sampled { return b.Responses.AUROC }},
	{"class-selectivity index", OfSelectivity, false, func(b *Battery) probe.Sampled { return b.Responses.Index }},
	{"selective neurons", OfSelectivity, true, func(b *Battery) probe.Sampled { return b.share(b.Responses.Selective) }},
	{"lifetime sparseness", OfSparsity, false, func(b *Battery) probe.Sampled { return b.Responses.Lifetime }},
	{"population sparseness", OfSparsity, false, func(b *Battery) probe.Sampled { return b.Responses.Population }},
	{"neurons firing on an image", OfSparsity, true, func(b *Battery) probe.Sampled { return b.Responses.Firing }},
	{"dead neurons", OfSparsity, true, func(b *Battery) probe.Sampled { return b.share(b.Responses.Dead) }},
	{"neurons always on", OfSparsity, true, func(b *Battery) probe.Sampled { return b.share(b.Responses.AlwaysOn) }},
	{"important neurons", OfImportance, true, func(b *Battery) probe.Sampled {
		if b.Importance == nil {
			return noSample
		}
		return b.share(b.Importance.Significant)
	}},
	{"Gini index of |effects|", OfImportance, false, ofImportance(func(i *Importance) probe.Sampled { return i.Gini })},
	{"neurons with half of Σ|effect|", OfImportance, true, ofImportance(func(i *Importance) probe.Sampled { return i.Half })},
	{"neurons with 90 % of Σ|effect|", OfImportance, true, ofImportance(func(i *Importance) probe.Sampled { return i.Ninety })},
	{"area, most important first", OfLesions, true, ofCurve(func(c *LesionCurve) probe.Sampled { return c.AreaMost })},
	{"area, random orders", OfLesions, true, ofCurve(func(c *LesionCurve) probe.Sampled { return c.AreaRandom })},
	{"class read from hidden layers", OfDecoding, true, func(b *Battery) probe.Sampled { return b.Decoding.Class }},
	{"features read from hidden layers", OfDecoding, true, func(b *Battery) probe.Sampled { return b.Decoding.Features }},
}

func ofImportance(of func(*Importance) probe.Sampled) func(*Battery) probe.Sampled {
	return func(b *Battery) probe.Sampled {
		if b.Importance == nil {
			return noSample
		}
		return of(b.Importance)
	}
}

func ofCurve(of func(*LesionCurve) probe.Sampled) func(*Battery) probe.Sampled {
	return func(b *Battery) probe.Sampled {
		if b.Curve == nil {
			return noSample
		}
		return of(b.Curve)
	}
}

// share is a number of hidden neurons as a fraction: all there are, so that no interval belongs to it.
func (b *Battery) share(count int) probe.Sampled {
	s := noSample
	if len(b.Responses.Neurons) > 0 {
		s.Value = probe.Number(float64(count) / float64(len(b.Responses.Neurons)))
	}
	return s
}

// strip forgets what intervals were made of, once they are.
func (b *Battery) strip() {
	all := []*probe.Sampled{&b.Accuracy, &b.Balanced, &b.CrossEntropy, &b.Responses.AUROC, &b.Responses.Index, &b.Responses.Lifetime,
		&b.Responses.Population, &b.Responses.Firing, &b.Decoding.Class, &b.Decoding.Features}
	if i := b.Importance; i != nil {
		all = append(all, &i.Gini, &i.Half, &i.Ninety)
	}
	if c := b.Curve; c != nil {
		all = append(all, &c.AreaMost, &c.AreaRandom)
	}
	for k := range b.Decoding.Layers {
		all = append(all, &b.Decoding.Layers[k].Class, &b.Decoding.Layers[k].Features)
	}
	for _, s := range all {
		s.Draws, s.Terms = nil, nil
	}
	b.Responses.Neurons = slices.Clip(b.Responses.Neurons)
}
