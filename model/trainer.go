package model

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"neuroprobe/datasets"
	"neuroprobe/model/kernel"
)

// Trainer raises a network: AdamW along a learning rule's gradients over augmented batches of the train split,
// learning rate falling along a cosine, the weights kept that had the lowest cross-entropy on
// select. It can stop after any step and go on later with the same result.
type Trainer struct {
	spec    Spec
	geo     []Geometry
	set     *datasets.Set
	options TrainOptions

	mean, std []float32
	images    int       // in the train split
	inputs    []float32 // one batch, augmented and normalised
	targets   []float32 // one row an image, 1 at its class
	labels    []int
	params    []Params
	rule      rule
	solver    *AdamW
	augment   augmenter

	state trainState
	best  []Params // weights of the best epoch so far
	// goodness is what the rule has measured at the end.
	goodness *GoodnessRecord
}

// trainState is where a run stands; with weights and moments it is all that a resumed run needs.
type trainState struct {
	Epoch int `json:"epoch"` // epochs done
	Step  int `json:"step"`  // steps done in the current epoch
	// Sums over the current epoch's batches.
	LossSum float64 `json:"loss_sum"`
	Correct int     `json:"correct"`
	Epochs  []Epoch `json:"epochs"`
	Best    int     `json:"best"` // 0 before the first epoch is done
	Stopped string  `json:"stopped"`
}

// Progress is where training stands, for whoever watches.
type Progress struct {
	Epoch, Epochs int // the epoch under way, counted from 1
	Step, Steps   int // steps done, over the whole run
	Loss          float64
	Last          *Epoch // set when an epoch has just ended
}

// NewTrainer prepares the training of a fresh network.
func NewTrainer(set *datasets.Set, spec Spec, options TrainOptions) (*Trainer, error) {
	t, err := prepareTrainer(set, spec, options)
	if err != nil {
		return nil, err
	}
	t.params = initialise(&t.spec, t.geo, options.Seed)
	t.best = cloneParams(t.params)
	t.newSolver()
	return t, t.build()
}

// prepareTrainer does what a fresh and a resumed run have in common.
func prepareTrainer(set *datasets.Set, spec Spec, options TrainOptions) (*Trainer, error) {
	if err := options.Check(); err != nil {
		return nil, err
	}
	if options.Rule == Backpropagation {
		options.Rule = ""
	}
	geo, err := spec.Geometries()
	if err == nil && options.Rule == ForwardForward {
		if spec, err = spec.ForwardForward(); err == nil {
			geo, err = spec.Geometries()
		}
	}
	if err != nil {
		return nil, err
	}
	t := &Trainer{spec: spec, geo: geo, set: set, options: options}
	if in := (Shape{set.Channels, set.Height, set.Width}); in != spec.Input {
		return nil, fmt.Errorf("model: the spec reads images of %d×%d×%d, the data are %d×%d×%d", spec.Input[0], spec.Input[1], spec.Input[2], in[0], in[1], in[2])
	}
	if last := geo[len(geo)-1].Out.Size(); last != len(set.Classes) {
		return nil, fmt.Errorf("model: the spec's last layer has %d neurons for %d classes", last, len(set.Classes))
	}
	lo, hi := set.Range(datasets.Train)
	t.options.Batch = min(t.options.Batch, hi-lo)
	t.mean, t.std = channelMoments(set, lo, hi)
	t.images = hi - lo
	t.inputs = make([]float32, t.options.Batch*set.ImageSize())
	t.targets, t.labels = make([]float32, t.options.Batch*len(set.Classes)), make([]int, t.options.Batch)
	t.augment = augmenter{spec.Input, options.Flip, options.Shift, options.Seed, t.mean}
	return t, nil
}

// build makes the rule's graphs on the current parameters.
func (t *Trainer) build() (err error) {
	t.rule, err = newRule(t)
	return err
}

func (t *Trainer) newSolver() {
	t.solver = NewAdamW(t.options.Rate, t.options.WeightDecay)
	t.solver.Coupled = t.options.Optimizer == "adam"
}

// Steps is the number of optimizer steps of an epoch. Images beyond the last whole batch wait
// for another epoch, whose order is another.
func (t *Trainer) Steps() int {
	return t.images / t.options.Batch
}

// Run trains to the end. When the context ends it finishes the step under way and returns the
// context's error; the trainer may then be saved and resumed. watch may be nil.
func (t *Trainer) Run(ctx context.Context, watch func(Progress)) error {
	for t.state.Stopped == "" {
		order := t.order(t.state.Epoch)
		for t.state.Step < t.Steps() {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := t.step(order); err != nil {
				return err
			}
			t.report(watch, nil)
		}
		if err := t.endEpoch(ctx); err != nil {
			return err
		}
		t.report(watch, &t.state.Epochs[len(t.state.Epochs)-1])
	}
	return nil
}

func (t *Trainer) report(watch func(Progress), last *Epoch) {
	if watch == nil {
		return
	}
	p := Progress{Epoch: t.state.Epoch + 1, Epochs: t.options.Epochs, Step: t.state.Epoch*t.Steps() + t.state.Step,
		Steps: t.options.Epochs * t.Steps(), Last: last}
	if last != nil {
		p.Epoch, p.Loss = last.Epoch, last.TrainLoss
	} else {
		p.Loss = t.state.LossSum / float64(t.state.Step)
	}
	watch(p)
}

// order is the order of the training images in an epoch; seed and epoch decide it.
func (t *Trainer) order(epoch int) []int {
	return rand.New(rand.NewPCG(t.options.Seed, streamOrder<<56|uint64(epoch))).Perm(t.images)
}

// step takes one batch.
func (t *Trainer) step(order []int) error {
	size, n, classes := t.spec.Input.Size(), t.options.Batch, len(t.set.Classes)
	images := order[t.state.Step*n : (t.state.Step+1)*n]
	clear(t.targets)
	kernel.Parallel(0, n, func(_, i int) {
		image := images[i] // the train split comes first in a Set
		input := t.inputs[i*size : (i+1)*size]
		t.augment.draw(input, t.set.Image(image), t.state.Epoch, image)
		normalise(input, input, t.mean, t.std, t.spec.Input.Area())
		t.labels[i] = t.set.Labels[image]
		t.targets[i*classes+t.labels[i]] = 1
	})
	loss, correct, err := t.rule.gradients(&batch{t.inputs, t.targets, t.labels, images, t.state.Epoch})
	if err != nil {
		return err
	}
	t.solver.Rate = t.rate(t.state.Step)
	if err := t.diverged(loss, t.solver.Step(t.rule.parameters())); err != nil {
		return err
	}
	t.state.Correct += correct
	t.state.LossSum += loss
	t.state.Step++
	return nil
}

// rate is the learning rate of a step of the current epoch.
func (t *Trainer) rate(step int) float64 {
	return cosineRate(t.options.Rate, t.state.Epoch*t.Steps()+step, t.options.Epochs*t.Steps())
}

// ErrDiverged marks a training run whose numbers left the finite range.
var ErrDiverged = errors.New("training diverged")

func (t *Trainer) diverged(loss float64, stepErr error) error {
	if stepErr != nil && !errors.Is(stepErr, errNotFinite) {
		return stepErr
	}
	// A network that knows nothing has a loss of log(classes); thousands of nats are no training.
	const absurd = 1e4
	if stepErr != nil || !(loss < absurd) {
		return fmt.Errorf("model: %w at step %d of epoch %d: the loss is %v (try a lower --lr, now %v)",
			ErrDiverged, t.state.Step+1, t.state.Epoch+1, loss, t.options.Rate)
	}
	return nil
}

// endEpoch measures on select, keeps the weights if they are the best so far, and decides
// whether to go on. Broken off, it has changed nothing.
func (t *Trainer) endEpoch(ctx context.Context) error {
	now, err := NewNetwork(t.spec, t.rule.network(t.params), t.mean, t.std, t.set.Classes)
	if err != nil {
		return err
	}
	e, err := now.Evaluate(ctx, t.set, datasets.Select, 0)
	if err != nil {
		return err
	}
	if err := t.diverged(e.Loss, nil); err != nil {
		return err
	}
	s := &t.state
	best, kept := s.Best, t.best
	if s.Best == 0 || e.Loss < s.Epochs[s.Best-1].SelectLoss {
		best, kept = s.Epoch+1, cloneParams(t.params)
	}
	stopped := t.stops(s.Epoch+1, best)
	if stopped != "" {
		if t.goodness, err = t.rule.measure(ctx, kept); err != nil {
			return err
		}
	}
	s.Epochs = append(s.Epochs, Epoch{
		Epoch: s.Epoch + 1, LearningRate: t.rate(t.Steps() - 1),
		TrainLoss: s.LossSum / float64(t.Steps()), TrainAccuracy: float64(s.Correct) / float64(t.Steps()*t.options.Batch),
		SelectLoss: e.Loss, SelectAccuracy: e.Accuracy,
	})
	s.Epoch, s.Step, s.LossSum, s.Correct = s.Epoch+1, 0, 0, 0
	s.Best, t.best, s.Stopped = best, kept, stopped
	return nil
}

// stops says why training ends after an epoch, or nothing.
func (t *Trainer) stops(epoch, best int) string {
	switch {
	case epoch == t.options.Epochs:
		return "all epochs done"
	case t.options.Patience > 0 && epoch-best >= t.options.Patience:
		return fmt.Sprintf("no gain on select for %d epochs", t.options.Patience)
	}
	return ""
}

// Network is the network with the best weights so far; it does not change if training goes on.
// tool is the version of neuroprobe, for the record.
func (t *Trainer) Network(tool string) (*Network, error) {
	n, err := NewNetwork(t.spec, t.rule.network(cloneParams(t.best)), t.mean, t.std, t.set.Classes)
	if err != nil {
		return nil, err
	}
	n.Record = Record{Tool: tool, Arithmetic: kernel.Arithmetic(), Data: t.set.Source, DataDigest: t.set.Digest(),
		Options: t.options, Epochs: append([]Epoch(nil), t.state.Epochs...), Best: t.state.Best, Stopped: t.state.Stopped, Goodness: t.goodness}
	return n, nil
}

// Close frees the rule's graphs.
func (t *Trainer) Close() error { return t.rule.Close() }

func cloneParams(params []Params) []Params {
	out := make([]Params, len(params))
	for i, p := range params {
		if p.Weight != nil {
			out[i] = Params{append([]float32(nil), p.Weight...), append([]float32(nil), p.Bias...)}
		}
	}
	return out
}
