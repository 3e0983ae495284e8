package state

import (
	"context"
	"fmt"

	"neuroprobe/ablate"
	"neuroprobe/internal/stats"
)

// slowImages is how many images see orders with one neuron at a time.
const slowImages = 64

// compare shows the images in other orders and from other starts.
func (x *asyncExperiment) compare(ctx context.Context, r *Async, own *asyncMeasures) error {
	arms := []asyncArm{{Rule: x.Rule, From: x.From, draws: x.Orders}}
	for _, rule := range []Rule{{RandomOrder, DefaultPart}, {RandomOrder, 0.5}, {RandomOrder, 1}, {Order: SequentialOrder}, {Order: ForwardOrder}, {Order: BackwardOrder}} {
		if rule != x.Rule {
			arms = append(arms, asyncArm{Rule: rule, From: x.From, draws: 1})
		}
	}
	for _, from := range AsyncStarts {
		if from != x.From {
			arms = append(arms, asyncArm{Rule: x.Rule, From: from, draws: 1})
		}
	}
	for k, arm := range arms {
		arm.images = len(x.images)
		m := own
		if k > 0 {
			if arm.Order == SequentialOrder {
				arm.images = min(arm.images, slowImages)
			}
			trials, err := x.run(ctx, fmt.Sprintf("order %d of %d: %v, from %s", k, len(arms)-1, arm.Rule, arm.From), arm)
			if err != nil {
				return err
			}
			m = newAsyncMeasures(x, trials, newClock(x.n, arm.Rule, x.Seed).tick())
			r.Identical += len(trials) * len(trials[0])
		}
		r.Arms = append(r.Arms, m.arm(arm, own, k > 0))
		if arm.From == FromPrevious {
			m.after(r)
		}
	}
	return nil
}

// arm is an arm's result, compared with the experiment's own unless it is that.
func (m *asyncMeasures) arm(arm asyncArm, own *asyncMeasures, other bool) AsyncArm {
	a := AsyncArm{Name: arm.String(), Rule: arm.Rule, From: arm.From, Images: m.images, Orders: arm.draws}
	var e gathered
	e.add(&a.Decision, stats.MeanOf(m.decision))
	e.add(&a.Settling, stats.MeanOf(m.settling))
	e.add(&a.Detour, stats.MeanOf(m.detour))
	if changing := m.changing(); count(changing) > 0 {
		a.MustChange, a.Changing = count(changing), &ablate.Interval{}
		e.add(a.Changing, stats.GroupMean(m.decision, changing))
	}
	if len(m.x.n.Classes) == 2 {
		a.Answers = m.difference(&e, m.x.settled[:m.images])
	}
	if other {
		a.Change = &ablate.Interval{}
		e.add(a.Change, stats.MeanOf(minus(m.decision, own.decision[:m.images])))
	}
	e.fill(m.x.bootstrap(), m.images)
	m.each(func(_ int, t *trial) {
		a.LatestDecision = max(a.LatestDecision, m.tick*float64(t.decided()))
		a.LatestSettling = max(a.LatestSettling, m.tick*float64(t.settled()))
	})
	return a
}

// after divides the images by whether the one before settles on the same answer.
func (m *asyncMeasures) after(r *Async) {
	same, other := make([]bool, m.images), make([]bool, m.images)
	for i := range same {
		same[i] = m.x.settled[i] == m.x.settled[m.x.previous(i)]
		other[i] = !same[i]
	}
	var e gathered
	groups := m.groups(&e, []string{"same", "another"}, [][]bool{same, other})
	e.fill(m.x.bootstrap(), m.images)
	for k := range groups {
		if groups[k].Name == "same" {
			r.AfterSame = &groups[k]
		} else {
			r.AfterOther = &groups[k]
		}
	}
}

// shamImages is how many images follow themselves.
const shamImages = 64

// sham shows images to the network that they have settled in: every neuron must update, and no
// activation change.
func (x *asyncExperiment) sham(ctx context.Context, r *Async) error {
	r.Sham.Images = min(shamImages, len(x.images))
	trials, err := x.run(ctx, "sham", asyncArm{Rule: x.Rule, From: FromPrevious, images: r.Sham.Images, draws: 1, itself: true})
	if err != nil {
		return err
	}
	for i := range trials[0] {
		if t := &trials[0][i]; t.settled() > 0 || len(t.says) > 1 {
			return fmt.Errorf("state: %w: image %d changed an activation of the network that it had settled in", ablate.ErrSham, x.images[i])
		}
	}
	r.Sham.Updates = r.Sham.Images * newClock(x.n, x.Rule, x.Seed).neurons
	r.Identical += r.Sham.Images
	return nil
}
