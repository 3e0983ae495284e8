package ablate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// ErrSham marks a sham arm that changed an output: the experiment's machinery is broken, and
// no number of it can be believed.
var ErrSham = errors.New("the sham arm changed the network's output")

// Lesion sets the activation of the targets to zero, all at once, and measures the change on
// the images of a split. Operate does the same and much around it.
func Lesion(ctx context.Context, n *model.Network, set *datasets.Set, targets []model.Address, o Options) (*Result, error) {
	if err := checkTargets(n, targets); err != nil {
		return nil, err
	}
	p, err := Prepare(ctx, n, set, o)
	if err != nil {
		return nil, err
	}
	k, err := p.kinds(ctx, targets, []Kind{Zero})
	if err != nil {
		return nil, err
	}
	return &k.Result, ctx.Err()
}

func checkTargets(n *model.Network, targets []model.Address) error {
	if len(targets) == 0 {
		return errors.New("ablate: no neuron to lesion")
	}
	for _, t := range targets {
		if err := n.CheckAddress(t); err != nil {
			return err
		}
	}
	return nil
}

func zeros(targets []model.Address) []model.Edit {
	var edits []model.Edit
	for _, t := range targets {
		edits = append(edits, model.Zero(t))
	}
	return edits
}

// sham runs the identity edit on the same targets and holds every logit against the intact run, bit
// by bit. Then it goes through the sweep that measures all other arms. A sweep computes what lies
// behind targets in several layers anew, in other batches than the intact run, which may
// round sums otherwise: there the largest difference is kept, and more than rounding is a fault.
func (p *Preparation) sham(ctx context.Context, targets []model.Address, intact []float32) (Sham, error) {
	n := p.Network
	var edits []model.Edit
	for _, t := range targets {
		edits = append(edits, model.Sham(t))
	}
	logits, err := n.Logits(ctx, p.pixels, edits, p.Workers)
	if err != nil {
		return Sham{}, err
	}
	if err := identical(ErrSham, 0, len(n.Classes), logits, intact); err != nil {
		return Sham{}, err
	}
	largest := make([]float64, p.Images) // by first image of a batch
	o := model.SweepOptions{Workers: p.Workers, Memory: p.Memory / 2}
	err = n.Sweep(ctx, p.pixels, []model.Arm{{Edits: edits}}, o, func(b model.SweepBatch) {
		for i, v := range b.Logits {
			// max keeps a NaN.
			largest[b.First] = max(largest[b.First], math.Abs(float64(v)-float64(b.Intact[i]))/max(1, math.Abs(float64(v))))
		}
	})
	if err != nil {
		return Sham{}, err
	}
	s := Sham{Images: p.Images, Identical: true, Sweep: slices.Max(largest)}
	if !(s.Sweep <= rounding) {
		return Sham{}, fmt.Errorf("ablate: %w: in a sweep by %.2g of a logit, which is more than rounding (%.2g)", ErrSham, s.Sweep, rounding)
	}
	return s, nil
}

// rounding is how far logits may lie apart, relative to their size where that is above 1, that were
// summed in another order.
const rounding = 1e-5

// identical compares logits of images from first on with the intact ones, bit by bit.
func identical(fault error, first, classes int, logits, intact []float32) error {
	for i, v := range logits {
		if math.Float32bits(v) != math.Float32bits(intact[i]) {
			return fmt.Errorf("ablate: %w: logit %d of image %d is %v, intact %v", fault, i%classes, first+i/classes, v, intact[i])
		}
	}
	return nil
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
