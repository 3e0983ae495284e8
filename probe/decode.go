package probe

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// DecodeOptions say what linear probes are to read. DefaultDecodeOptions gives the defaults.
type DecodeOptions struct {
	Split    datasets.Split // scored on
	Layers   []int          // read from, 0 for the input; nil: all
	Concepts []string       // names of classes and features; nil: all there are
	Controls int            // control tasks drawn for each concept; 0: DefaultControls
	Seed     uint64         // of the control tasks
	Workers  int            // 0: all cores
	// Progress is called one call at a time.
	Progress func(done, total int)
}

// DefaultControls is how many control tasks the accuracy of a control is averaged over.
const DefaultControls = 5

// DefaultDecodeOptions scores on confirm.
func DefaultDecodeOptions() DecodeOptions {
	return DecodeOptions{Split: datasets.Confirm, Controls: DefaultControls, Seed: 1}
}

// Decode fits a linear probe for every concept to every layer: an L2-penalised logistic regression
// on the numbers that Record keeps, each channel's maximum and mean over its positions and each
// dense unit's activation, standardised by their mean and standard deviation on train. Probes are
// fitted on train, their penalty is chosen on select by cross-entropy, and they are scored on the
// split of the options.
//
// Beside each probe stand control tasks: random answers per stimulus type (controlTask), fitted
// and scored in exactly the same way. Selectivity, accuracy − mean control accuracy, is what the
// layer shows beyond what a probe of this kind can learn by heart (J. Hewitt and P. Liang, Designing
// and Interpreting Probes with Control Tasks, EMNLP 2019). It says nothing on whether the network
// uses what a probe can read.
func Decode(ctx context.Context, n *model.Network, set *datasets.Set, o DecodeOptions) (*Decoding, error) {
	d := &decoder{DecodeOptions: o, n: n, set: set}
	if err := d.prepare(); err != nil {
		return nil, err
	}
	if err := d.record(ctx); err != nil {
		return nil, err
	}
	d.draw()
	for _, layer := range d.Layers {
		if err := d.layer(ctx, layer); err != nil {
			return nil, err
		}
	}
	d.result.Best = d.result.bestLayers()
	d.warn()
	return d.result, ctx.Err()
}

// decoder carries what the steps share.
type decoder struct {
	DecodeOptions
	n   *model.Network
	set *datasets.Set

	train, selected, measured *sample
	tasks                     []task
	fitted, unconverged       int // probes
	result                    *Decoding

	watch       sync.Mutex // over the progress
	done, total int
}

// task is what one probe learns: a concept, or one of its control tasks.
type task struct {
	concept int    // index into the result's Concepts
	control bool   // or the concept itself
	answers []bool // of every image of the set; nil where there is nothing to learn
}

// prepare checks the options against network and data.
func (d *decoder) prepare() (err error) {
	if err := d.n.Fits(d.set); err != nil {
		return err
	}
	if d.Controls == 0 {
		d.Controls = DefaultControls
	}
	if d.Controls < 0 {
		return fmt.Errorf("probe: %d control tasks (want at least 1)", d.Controls)
	}
	for _, split := range []datasets.Split{datasets.Train, datasets.Select, d.Split} {
		if lo, hi := d.set.Range(split); lo == hi {
			return fmt.Errorf("probe: the %s split is empty: probes are fitted on train, tuned on select and scored on %s", split, d.Split)
		}
	}
	if d.Layers, err = readableLayers(d.n, d.Layers); err != nil {
		return err
	}
	all, err := decodable(d.set, d.Concepts)
	d.result = &Decoding{Split: d.Split, Concepts: all, Controls: d.Controls, Penalties: slices.Clone(penalties), Seed: d.Seed}
	return err
}

// readableLayers are the layers in ascending order, each once; nil stands for all and the input.
func readableLayers(n *model.Network, layers []int) ([]int, error) {
	if len(layers) == 0 {
		for l := range n.Depth() + 1 {
			layers = append(layers, l)
		}
		return layers, nil
	}
	layers = slices.Clone(layers)
	slices.Sort(layers)
	layers = slices.Compact(layers)
	for _, l := range layers {
		if l < 0 || l > n.Depth() {
			return nil, fmt.Errorf("probe: layer %d not in model (it has layers 1 to %d, and 0 is the input)", l, n.Depth())
		}
	}
	return layers, nil
}

// decodable are the concepts of these names (nil: all).
func decodable(set *datasets.Set, names []string) ([]Concept, error) {
	if err := CheckDecodable(set, names); err != nil {
		return nil, err
	}
	all, _, err := concepts(set, names)
	return all, err
}

// CheckDecodable refuses names that are neither classes nor features. Parts are places in an
// image, which every image has: there is nothing to tell apart.
func CheckDecodable(set *datasets.Set, names []string) error {
	known := slices.Concat(set.Classes, set.Features)
	var unknown []string
	for _, name := range names {
		switch {
		case slices.Contains(known, name):
		case slices.Contains(set.Parts, name):
			unknown = append(unknown, fmt.Sprintf("%q (a part of the image)", name))
		default:
			unknown = append(unknown, fmt.Sprintf("%q", name))
		}
	}
	if len(unknown) > 0 {
		return fmt.Errorf("probe: cannot decode %s (want classes or features: %s)", strings.Join(unknown, ", "), strings.Join(known, ", "))
	}
	return nil
}

// MostTrainImages is how many train images probes are fitted on at most; of more they take a
// random sample.
const MostTrainImages = 10_000

// record runs the images of the three splits through the network, each split once.
func (d *decoder) record(ctx context.Context) error {
	splits := []datasets.Split{datasets.Train, datasets.Select}
	if !slices.Contains(splits, d.Split) {
		splits = append(splits, d.Split)
	}
	d.total = len(d.Layers) * len(d.result.Concepts) * (1 + d.Controls)
	for _, split := range splits {
		lo, hi := d.set.Range(split)
		d.total += (hi - lo) / imagesAStep
	}
	units := slices.DeleteFunc(slices.Clone(d.Layers), func(l int) bool { return l == 0 })
	samples := map[datasets.Split]*sample{}
	for _, split := range splits {
		lo, hi := d.set.Range(split)
		s := &sample{input: recordInput(d.set, split)}
		if len(units) > 0 {
			before := d.done
			var err error
			s.units, err = Record(ctx, d.n, d.set, split, units, d.Workers, func(done, _ int) { d.step(before + done/imagesAStep - d.done) })
			if err != nil {
				return err
			}
		} else {
			d.step((hi - lo) / imagesAStep)
		}
		for i := lo; i < hi; i++ {
			s.images = append(s.images, i)
		}
		samples[split] = s
	}
	d.train, d.selected, d.measured = samples[datasets.Train], samples[datasets.Select], samples[d.Split]
	d.result.Select, d.result.Images = len(d.selected.images), len(d.measured.images)
	d.cap()
	d.result.Train = len(d.train.images)
	return ctx.Err()
}

// imagesAStep is how many images are recorded in about the time that a probe is fitted in.
const imagesAStep = 256

// step moves the progress on.
func (d *decoder) step(steps int) {
	d.watch.Lock()
	defer d.watch.Unlock()
	d.done += steps
	if d.Progress != nil {
		d.Progress(d.done, d.total)
	}
}

// cap takes a random sample of too many train images. The measured ones stay, even where they
// are the train images too.
func (d *decoder) cap() {
	if len(d.train.images) <= MostTrainImages {
		return
	}
	random := rand.New(rand.NewPCG(d.Seed, 0x73616d706c65)) // "sample"
	images := make([]int, MostTrainImages)
	for k, place := range random.Perm(len(d.train.images))[:MostTrainImages] {
		images[k] = d.train.images[place]
	}
	slices.Sort(images)
	d.train = &sample{images: images, input: d.train.input, units: d.train.units}
}

// draw gives each concept its own task and its control tasks, in this order. A draw depends on
// the seed and on the concept, not on which others take part.
func (d *decoder) draw() {
	types, count := stimulusTypes(d.set)
	if len(d.set.Features) > 0 {
		d.result.Types = count
	}
	for c, concept := range d.result.Concepts {
		own := task{concept: c, answers: concept.shows(d.set, 0, d.set.Len())}
		prevalence := share(d.train.answers(own.answers))
		if len(d.constantIn(own.answers)) > 0 {
			own.answers = nil
		}
		d.tasks = append(d.tasks, own)
		for k := range d.Controls {
			control := task{concept: c, control: true}
			if own.answers != nil {
				control.answers = controlTask(types, count, d.train.images, prevalence, d.Seed, controlStream(concept, k))
			}
			d.tasks = append(d.tasks, control)
		}
	}
}

// layer fits all probes of one layer.
func (d *decoder) layer(ctx context.Context, layer int) error {
	r, err := newReader(layer, d.train, d.selected, d.measured)
	if err != nil {
		return err
	}
	readings, errs := make([]*reading, len(d.tasks)), make([]error, len(d.tasks))
	err = parallel(ctx, d.Workers, len(d.tasks), func(t int) {
		if answers := d.tasks[t].answers; answers != nil {
			got, err := r.read(answers)
			readings[t], errs[t] = &got, err
		}
		d.step(1)
	})
	if err != nil {
		return err
	}
	if i := slices.IndexFunc(errs, func(e error) bool { return e != nil }); i >= 0 {
		return errs[i]
	}
	d.collect(layer, r, readings)
	return nil
}

// collect makes probes of the readings, which are ordered as the tasks: each concept's own, then
// its controls'.
func (d *decoder) collect(layer int, r *reader, readings []*reading) {
	out := DecodedLayer{Layer: layer, Name: "input", Inputs: r.inputs, Constant: r.constant}
	if layer > 0 {
		out.Name = d.n.Layer(layer).Name
	}
	labels := make([]int, len(d.measured.images))
	for k, i := range d.measured.images {
		labels[k] = d.set.Labels[i]
	}
	for c, concept := range d.result.Concepts {
		first := c * (1 + d.Controls)
		own := readings[first]
		if own == nil {
			out.Probes, out.scores = append(out.Probes, nil), append(out.scores, nil)
			continue
		}
		var controls []reading
		for _, k := range readings[first+1 : first+1+d.Controls] {
			if k != nil {
				controls = append(controls, *k)
			}
		}
		for _, k := range append(controls, *own) {
			d.fitted++
			if !k.converged {
				d.unconverged++
			}
		}
		p := r.probe(concept, d.tasks[first].answers, *own, controls, labels)
		p.Concept = c
		out.Probes, out.scores = append(out.Probes, p), append(out.scores, own.scores)
	}
	d.result.Layers = append(d.result.Layers, out)
}

// share is the fraction of yes.
func share(answers []bool) float64 {
	yes := 0
	for _, a := range answers {
		if a {
			yes++
		}
	}
	return float64(yes) / float64(len(answers))
}
