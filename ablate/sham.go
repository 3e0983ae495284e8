package ablate

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"neuroprobe/model"
)

// ErrSham marks a sham arm that changed an output: the experiment's machinery is broken, and
// no number of it can be believed.
var ErrSham = errors.New("the sham arm changed the network's output")

// sham runs the identity edit on each of the targets, an arm each, through the sweep that
// measures all other arms, and holds every logit against the intact one, bit by bit.
func (p *Preparation) sham(ctx context.Context, targets [][]model.Address) (Sham, error) {
	var arms []model.Arm
	for _, t := range targets {
		arms = append(arms, model.Arm{Edits: shams(t)})
	}
	var lock sync.Mutex
	var broken error
	o := model.SweepOptions{Workers: p.Workers, Memory: p.Memory}
	err := p.Network.Sweep(ctx, p.pixels, arms, o, func(b model.SweepBatch) {
		for i, v := range b.Logits {
			if math.Float32bits(v) != math.Float32bits(b.Intact[i%len(b.Intact)]) {
				lock.Lock()
				broken = fmt.Errorf("ablate: %w: %v: a logit is %v, intact %v", ErrSham, targets[i/len(b.Intact)], v, b.Intact[i%len(b.Intact)])
				lock.Unlock()
				return
			}
		}
	})
	return Sham{Images: p.Images, Identical: true}, errors.Join(err, broken)
}

// shams are the identity edits of targets.
func shams(targets []model.Address) []model.Edit {
	var edits []model.Edit
	for _, t := range targets {
		edits = append(edits, model.Sham(t))
	}
	return edits
}

// single makes each unit a target of its own.
func single(units []model.Address) [][]model.Address {
	var out [][]model.Address
	for _, u := range units {
		out = append(out, []model.Address{u})
	}
	return out
}

// shamOperation runs the identity edit on the same targets and holds every logit against the intact run, bit
// by bit. Then it goes through the sweep that measures all other arms. A sweep computes what lies
// behind targets in several layers anew, in other batches than the intact run, which may
// round sums otherwise: there the largest difference is kept, and more than rounding is a fault.
func (p *Preparation) shamOperation(ctx context.Context, targets []model.Address, intact []float32) (Sham, error) {
	n := p.Network
	edits := shams(targets)
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
