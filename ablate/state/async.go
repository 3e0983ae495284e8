package state

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// AsyncOptions of an experiment on asynchrony. Zero values mean the defaults.
type AsyncOptions struct {
	ablate.Options
	Rule
	From AsyncStart
	// Images is how many random images of the split are shown, all if there are no more.
	Images int
	// Orders is in how many orders each of them is shown, where these are random.
	Orders int
	// Lesions are silent all the time.
	Lesions []model.Address
}

// AsyncStart is the activity from which the network sets out when an image is shown.
type AsyncStart string

// FromRest: that of a network without sensory input, whose normalised input is 0. FromSilence: all activations 0.
// FromPrevious: that in which another image has left it.
const (
	FromRest     AsyncStart = "rest"
	FromSilence  AsyncStart = "silence"
	FromPrevious AsyncStart = "previous"
)

// AsyncStarts are all of them.
var AsyncStarts = []AsyncStart{FromRest, FromSilence, FromPrevious}

// The defaults.
const (
	DefaultPart        = 0.1
	DefaultAsyncImages = 256
	DefaultAsyncOrders = 8
)

// ErrUnsettled marks a network that did not come to rest in its synchronous activations: the
// machinery is broken, and no number of the experiment can be believed.
var ErrUnsettled = errors.New("the asynchronous network settled elsewhere than the synchronous one")

func (o AsyncOptions) filled() AsyncOptions {
	if o.Order == "" {
		o.Order = RandomOrder
	}
	if o.Order != RandomOrder {
		o.Part = 0
	} else if o.Part == 0 {
		o.Part = DefaultPart
	}
	if o.From == "" {
		o.From = FromRest
	}
	if o.Images == 0 {
		o.Images = DefaultAsyncImages
	}
	if o.Orders == 0 {
		o.Orders = DefaultAsyncOrders
	}
	if !o.Random() {
		o.Orders = 1
	}
	return o
}

// Check reports every setting that makes no sense for a network.
func (o AsyncOptions) Check(n *model.Network) error {
	o = o.filled()
	faults := []error{o.Rule.check()}
	if !slices.Contains(AsyncStarts, o.From) {
		faults = append(faults, fmt.Errorf("state: start from %q (want rest, silence or previous)", o.From))
	}
	if o.Images < 2 {
		faults = append(faults, fmt.Errorf("state: %d images (want at least 2)", o.Images))
	}
	if o.Orders < 1 || o.Orders > MaxOrders {
		faults = append(faults, fmt.Errorf("state: %d orders an image (want 1 to %d)", o.Orders, MaxOrders))
	}
	for _, a := range o.Lesions {
		faults = append(faults, n.CheckAddress(a))
	}
	return errors.Join(faults...)
}

// MaxOrders bounds the number of orders an image.
const MaxOrders = 1000

// asyncExperiment is one under way.
type asyncExperiment struct {
	AsyncOptions
	n       *model.Network
	set     *datasets.Set
	edits   []model.Edit
	held    int   // images of the split
	images  []int // chosen images, as indices into the set, in the order in which they follow each other
	labels  []int
	settled []int // the synchronous answers
	margins []float64
}

// Asynchrony shows images to a network whose neurons do not work in step.
func Asynchrony(ctx context.Context, n *model.Network, set *datasets.Set, o AsyncOptions) (*Async, error) {
	if err := n.Fits(set); err != nil {
		return nil, err
	}
	if err := o.Check(n); err != nil {
		return nil, err
	}
	x := &asyncExperiment{AsyncOptions: o.filled(), n: n, set: set}
	for _, a := range o.Lesions {
		x.edits = append(x.edits, model.Zero(a))
	}
	if err := x.choose(ctx); err != nil {
		return nil, err
	}
	r := &Async{Rule: x.Rule, From: x.From, Orders: x.Orders, Lesions: o.Lesions, Split: o.Split, Images: len(x.images), Of: x.held,
		Classes: n.Classes, Depth: n.Depth(), Seed: o.Seed, Resamples: o.Resamples, Permutations: o.Permutations}
	main := asyncArm{Rule: x.Rule, From: x.From, draws: x.Orders, images: len(x.images)}
	trials, err := x.run(ctx, "images event by event", main)
	if err != nil {
		return nil, err
	}
	c := newClock(n, x.Rule, x.Seed)
	r.Neurons, r.Tick = c.neurons, c.tick()
	r.Identical = len(trials) * len(trials[0])
	if r.Difficulty, err = x.cuts(ctx); err != nil {
		return nil, err
	}
	m := newAsyncMeasures(x, trials, r.Tick)
	m.fill(r)
	m.difficulty(r)
	if err := x.orderMatters(ctx, r, trials); err != nil {
		return nil, err
	}
	if err := x.compare(ctx, r, m); err != nil {
		return nil, err
	}
	return r, x.sham(ctx, r)
}

// choose draws the images and asks the synchronous network about them.
func (x *asyncExperiment) choose(ctx context.Context) error {
	lo, hi := x.set.Range(x.Split)
	x.held = hi - lo
	if hi-lo < 2 {
		return fmt.Errorf("state: %d images in the %s split (want at least 2)", hi-lo, x.Split)
	}
	order := rand.New(rand.NewPCG(x.Seed, 0x6173796e)).Perm(hi - lo) // "asyn"
	for _, k := range order[:min(x.Images, hi-lo)] {
		x.images = append(x.images, lo+k)
		x.labels = append(x.labels, x.set.Labels[lo+k])
	}
	logits, err := x.n.Logits(ctx, x.pixels(x.images), x.edits, x.Workers)
	if err != nil {
		return err
	}
	for row := range slices.Chunk(logits, len(x.n.Classes)) {
		answer := model.Answer(row)
		x.settled = append(x.settled, answer)
		x.margins = append(x.margins, float64(say(0, row, answer).margin))
	}
	return nil
}

// pixels are the images of the set with these indices, one after the other.
func (x *asyncExperiment) pixels(images []int) []float32 {
	var all []float32
	for _, i := range images {
		all = append(all, x.set.Image(i)...)
	}
	return all
}

func (x *asyncExperiment) bootstrap() stats.Bootstrap {
	return stats.Bootstrap{Resamples: x.Resamples, Seed: x.Seed}
}

func (x *asyncExperiment) progress(stage string, done, total int) {
	if x.Progress != nil {
		x.Progress(stage, done, total)
	}
}
