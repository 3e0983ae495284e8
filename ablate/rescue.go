package ablate

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// ErrRescue marks a lesion after which the recorded activation, put back, did not restore the
// network's output: the lesion did more than silence its targets.
var ErrRescue = errors.New("giving back the recorded activation did not restore the network's output")

// Rescue is a lesion (zero) followed by an injection in the same place. What has to be injected
// for the network to recover tells what the neuron carries: if its mean does, no image's
// own activation is needed; if that of another image of the class does and of another class does
// not, it is the class.
type Rescue struct {
	Intact   float64   `json:"intact"` // the metric
	Lesioned float64   `json:"lesioned"`
	Lesion   Interval  `json:"lesion_effect"`
	Draws    int       `json:"draws"` // other images that each image's activation is taken from, averaged
	Arms     []Rescued `json:"injections"`
	Warnings []string  `json:"warnings,omitempty"`
}

// Injection is what is put in the place of the silenced activation.
type Injection string

// The injections of a rescue.
const (
	Recorded   Injection = "recorded"
	MeanValue  Injection = "mean"
	SameClass  Injection = "same class"
	OtherClass Injection = "other class"
)

// Rescued is what one injection gives back.
type Rescued struct {
	Injection Injection `json:"injection"`
	Value     float64   `json:"value"` // the metric
	// Recovery is (rescued − lesioned)/(intact − lesioned) of the metric: 0 is none, 1 all of it.
	// It is nil where the lesion has no effect to recover from.
	Recovery *Interval `json:"recovery"`
	// Identical: every logit of every image is that of the intact network, bit by bit.
	Identical bool `json:"bit_identical,omitempty"`
}

// rescue runs all injections. An injection overwrites what the lesion left, so that all but the
// recorded one need a single edit; that one is run with both edits in a row.
func (e *operating) rescue(ctx context.Context) (*Rescue, error) {
	if err := e.restore(ctx); err != nil {
		return nil, err
	}
	r := &Rescue{Draws: e.Draws}
	injections, groups, sources := []Injection{MeanValue}, [][]model.Arm{e.Arms(Zero, e.targets), e.Arms(Mean, e.targets)}, []model.Source(nil)
	inject := func(name Injection, donors func(random *rand.Rand) []int) {
		var arms []model.Arm
		for d := range e.Draws {
			arms = append(arms, model.Arm{Patches: e.targets, Source: len(sources)})
			random := rand.New(rand.NewPCG(e.Seed, 0x72657363<<8+uint64(d))) // "resc"
			sources = append(sources, model.Source{Images: e.pixels, Index: donors(random)})
		}
		injections, groups = append(injections, name), append(groups, arms)
	}
	inject(SameClass, func(random *rand.Rand) []int { return sameClass(e.Labels, len(e.Set.Classes), random) })
	if several(e.Labels) {
		inject(OtherClass, func(random *rand.Rand) []int { return otherClass(e.Labels, len(e.Set.Classes), random) })
	} else {
		r.Warnings = append(r.Warnings, "the split has images of one class only, so none of another can be injected")
	}
	columns := make([][]float64, len(groups))
	if err := e.averages(ctx, "rescue", groups, sources, func(k int, o *Outcomes) { columns[k] = e.metric.Column(e.Labels, o) }); err != nil {
		return nil, err
	}
	r.warn(e)
	r.measure(e.bootstrap(), e.metric.Column(e.Labels, e.Intact), columns, injections)
	return r, nil
}

// restore silences the targets and gives them their own activation back, image by image, and holds
// every logit against the intact run. It takes as many images at a time as a quarter of the
// memory has room for.
func (e *operating) restore(ctx context.Context) error {
	n, size := e.Network, e.Set.ImageSize()
	memory := e.Memory
	if memory <= 0 {
		memory = model.DefaultSweepMemory
	}
	values := 0
	for _, t := range e.targets {
		values += n.Positions(t)
	}
	step := max(1, int(memory/4/int64(4*values)))
	for first := 0; first < e.Images; first += step {
		last := min(first+step, e.Images)
		pixels := e.pixels[first*size : last*size]
		intact, injections, err := record(ctx, n, pixels, last-first, e.targets, e.Workers)
		if err != nil {
			return err
		}
		logits, err := n.Logits(ctx, pixels, append(zeros(e.targets), injections...), e.Workers)
		if err != nil {
			return err
		}
		if err := identical(ErrRescue, first, len(n.Classes), logits, intact); err != nil {
			return err
		}
	}
	return nil
}

// record is the intact run with the targets' activations as edits that inject them.
func record(ctx context.Context, n *model.Network, pixels []float32, images int, targets []model.Address, workers int) ([]float32, []model.Edit, error) {
	var want model.Trace
	edits := make([]model.Edit, len(targets))
	for k, t := range targets {
		want.Post = append(want.Post, t.Layer)
		edits[k] = model.Edit{Target: t, Keep: model.Constant(0),
			Fill: model.Level{Values: make([]float32, images*n.Positions(t)), PerImage: true, PerPosition: true}}
	}
	logits, err := n.Observe(ctx, pixels, nil, workers, want, func(first int, trace *model.Trace) {
		for k, t := range targets {
			n.EachActivation(t, trace.Activation(t.Layer), func(image int, values func(yield func(float32) bool)) {
				at := (first + image) * n.Positions(t)
				for v := range values {
					edits[k].Fill.Values[at] = v
					at++
				}
			})
		}
	})
	return logits, edits, err
}

// byClass are the images of each class.
func byClass(labels []int, classes int) [][]int {
	out := make([][]int, classes)
	for i, l := range labels {
		out[l] = append(out[l], i)
	}
	return out
}

func several(labels []int) bool {
	for _, l := range labels {
		if l != labels[0] {
			return true
		}
	}
	return false
}

// sameClass gives every image another one of its class: a cycle through the class in random order,
// so that each is given once. The only image of a class is its own donor.
func sameClass(labels []int, classes int, random *rand.Rand) []int {
	donors := make([]int, len(labels))
	for _, images := range byClass(labels, classes) {
		order := random.Perm(len(images))
		for k, i := range order {
			donors[images[i]] = images[order[(k+1)%len(order)]]
		}
	}
	return donors
}

// otherClass gives every image one of another class, each of them as likely.
func otherClass(labels []int, classes int, random *rand.Rand) []int {
	images := byClass(labels, classes)
	donors := make([]int, len(labels))
	for i, l := range labels {
		k := random.IntN(len(labels) - len(images[l]))
		for class := range images {
			if class == l {
				continue
			}
			if k < len(images[class]) {
				donors[i] = images[class][k]
				break
			}
			k -= len(images[class])
		}
	}
	return donors
}

func (r *Rescue) warn(e *operating) {
	for class, images := range byClass(e.Labels, len(e.Set.Classes)) {
		if len(images) == 1 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s has one image in the split, which gets its own activation back as that of the same class", e.Set.Classes[class]))
		}
	}
}

// measure works out the recoveries. columns are the metric's, those of the lesion first, then those
// of each injection.
func (r *Rescue) measure(b stats.Bootstrap, intact []float64, columns [][]float64, injections []Injection) {
	n, lesioned := len(intact), columns[0]
	lost := minus(intact, lesioned)
	statistics := []stats.Statistic{stats.MeanOf(minus(lesioned, intact))}
	for k := range injections {
		gained, loss := stats.MeanOf(minus(columns[k+1], lesioned)), stats.MeanOf(lost)
		statistics = append(statistics, func(counts []float64) float64 { return gained(counts) / loss(counts) })
	}
	e := estimates(b, n, statistics...)
	r.Intact, r.Lesioned, r.Lesion = stats.Mean(intact), stats.Mean(lesioned), e[0]
	defined := r.Lesion.excludesZero()
	r.Arms = []Rescued{{Injection: Recorded, Value: r.Intact, Identical: true}}
	if defined {
		r.Arms[0].Recovery = &Interval{1, 1, 1}
	}
	for k, name := range injections {
		arm := Rescued{Injection: name, Value: stats.Mean(columns[k+1])}
		if defined {
			arm.Recovery = &e[k+1]
		}
		r.Arms = append(r.Arms, arm)
	}
	if !defined {
		r.Warnings = append(r.Warnings, "the interval of the lesion's effect includes 0, so there is nothing to recover from: recovery is not defined")
	}
}
