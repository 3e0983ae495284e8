package ablate

import (
	"context"
	"errors"
	"fmt"
	"math"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// ErrSham marks a sham arm that changed an output: the experiment's machinery is broken, and
// no number of it can be believed.
var ErrSham = errors.New("the sham arm changed the network's output")

// Lesion sets the activation of the targets to zero, all at once, and measures the change on
// the images of a split.
func Lesion(ctx context.Context, n *model.Network, set *datasets.Set, targets []model.Address, o Options) (*Result, error) {
	if err := n.Fits(set); err != nil {
		return nil, err
	}
	if len(targets) == 0 {
		return nil, errors.New("ablate: no neuron to lesion")
	}
	for _, t := range targets {
		if err := n.CheckAddress(t); err != nil {
			return nil, err
		}
	}
	lo, hi := set.Range(o.Split)
	images, labels := set.Images[lo*set.ImageSize():hi*set.ImageSize()], set.Labels[lo:hi]
	o = o.filled()
	r := &Result{Kind: "zero", Split: o.Split, Images: hi - lo, Classes: set.Classes, Resamples: o.Resamples, Seed: o.Seed}

	intact, activities, err := observe(ctx, n, images, labels, targets, o.Workers)
	if err != nil {
		return nil, err
	}
	r.Targets = activities
	if r.Sham, err = sham(ctx, n, images, targets, intact, o.Workers); err != nil {
		return nil, err
	}
	lesioned, err := n.Logits(ctx, images, zeros(targets), o.Workers)
	if err != nil {
		return nil, err
	}
	c := compare(intact, lesioned, labels, len(set.Classes))
	bootstrap := o.bootstrap()
	r.measure(c, bootstrap)
	r.features(c, set, lo, bootstrap)
	r.Changed = c.mostChanged(set, lo, o.Changed)
	r.warn(n, set)
	return r, ctx.Err()
}

func zeros(targets []model.Address) []model.Edit {
	var edits []model.Edit
	for _, t := range targets {
		edits = append(edits, model.Zero(t))
	}
	return edits
}

// sham runs the identity edit on the same targets and holds every logit against the intact
// run, bit by bit.
func sham(ctx context.Context, n *model.Network, images []float32, targets []model.Address, intact []float32, workers int) (Sham, error) {
	var edits []model.Edit
	for _, t := range targets {
		edits = append(edits, model.Sham(t))
	}
	logits, err := n.Logits(ctx, images, edits, workers)
	if err != nil {
		return Sham{}, err
	}
	for i, v := range logits {
		if math.Float32bits(v) != math.Float32bits(intact[i]) {
			return Sham{}, fmt.Errorf("ablate: %w: logit %d of image %d is %v, intact %v",
				ErrSham, i%len(n.Classes), i/len(n.Classes), v, intact[i])
		}
	}
	return Sham{Images: len(logits) / len(n.Classes), Identical: true}, nil
}

// warn adds the doubts that belong under the result.
func (r *Result) warn(n *model.Network, set *datasets.Set) {
	r.Warnings = append(r.Warnings, set.Warnings...)
	for _, t := range r.Targets {
		// Without ReLU a neuron may do its work below 0.
		if t.Fires == 0 && n.Layer(t.Address.Layer).Activation == model.ReLU {
			r.Warnings = append(r.Warnings, fmt.Sprintf("%v never fires on these images: silencing it changes nothing by construction", t.Address))
		}
	}
	for k, m := range r.Measures {
		if m.N < 30 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("%s rests on %d images: its interval is too narrow", r.Measures[k].Name, m.N))
		}
	}
	if accuracy := r.Measures[0]; accuracy.Intact == 1 {
		r.Warnings = append(r.Warnings, "the intact network makes no mistake on these images: accuracy can only fall")
	}
}
