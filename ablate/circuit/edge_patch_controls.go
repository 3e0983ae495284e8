package circuit

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// EdgeControls are other edges that were corrupted the same way.
type EdgeControls struct {
	Edge  EdgeControl   `json:"edge"` // the one that all is about
	Edges []EdgeControl `json:"edges"`
	// Rank is the edge's by the size of its effect among itself and the others; ties go to the others.
	// P is Rank/(K+1), and cannot fall below 1/(K+1).
	Rank int          `json:"rank"`
	P    probe.Number `json:"p"`
	// Why says why there are none.
	Why string `json:"why_none,omitempty"`
}

// EdgeControl is an edge with what it carries and what corrupting it does.
type EdgeControl struct {
	Edge   model.Edge      `json:"-"`
	Name   string          `json:"edge"`
	Label  string          `json:"sender_label,omitempty"`
	Mean   float64         `json:"contribution"`      // over clean images and positions
	Size   float64         `json:"mean_contribution"` // of |contribution|
	Share  probe.Number    `json:"share"`             // of Σ|contribution| over what is compared
	Effect ablate.Interval `json:"effect"`
}

// into corrupts every edge into the receiver.
func (r *EdgeResult) into(ctx context.Context, t *Task) error {
	var edges []model.Edge
	for _, e := range t.Edges {
		if e.To == r.Edge.To {
			edges = append(edges, e)
		}
	}
	carried, err := t.contributions(ctx, t.Clean, edges)
	if err != nil {
		return err
	}
	r.PreActivation = carried.pre
	r.Into, err = t.controls(ctx, "edges into "+r.Edge.To.String(), r.Edge, edges, carried)
	slices.SortStableFunc(r.Into.Edges, func(a, b EdgeControl) int {
		return cmp.Compare(math.Abs(b.Effect.Estimate), math.Abs(a.Effect.Estimate))
	})
	if len(edges) == 1 {
		r.Into.Why = fmt.Sprintf("%v is the only edge into %v", r.Edge, r.Edge.To)
	}
	return err
}

// matchedOn bounds the select images that edges are matched on.
const matchedOn = 100

// matched corrupts the edges between the same layers that carry most nearly as much, whatever the
// sign.
func (r *EdgeResult) matched(ctx context.Context, t *Task, wanted int) error {
	if wanted < 0 {
		r.Matched.Why = "none were asked for"
		return nil
	}
	var edges []model.Edge
	self := 0
	for _, e := range t.Edges {
		if e.To.Layer == r.Edge.To.Layer && e.From.Layer == r.Edge.From.Layer {
			if e == r.Edge {
				self = len(edges)
			}
			edges = append(edges, e)
		}
	}
	chosen, err := t.Task(ctx, datasets.Select, Zero)
	if err != nil {
		return err
	}
	images := chosen.Clean[:min(chosen.Len(), matchedOn)*t.Network.Spec.Input.Size()]
	t.progress("matching edges", 0, 1)
	carried, err := t.contributions(ctx, images, edges)
	if err != nil {
		return err
	}
	order := make([]int, len(edges))
	for k := range order {
		order[k] = k
	}
	far := func(k int) float64 { return math.Abs(carried.size[k] - carried.size[self]) }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Or(count(b == self)-count(a == self), cmp.Compare(far(a), far(b))) })
	order = order[:min(len(order), wanted+1)]
	var near []model.Edge
	means := &carriedBy{}
	for _, k := range order {
		near, means.mean, means.size = append(near, edges[k]), append(means.mean, carried.mean[k]), append(means.size, carried.size[k])
	}
	r.Matched, err = t.controls(ctx, "matched edges", r.Edge, near, means)
	switch k := len(r.Matched.Edges); {
	case k == 0:
		r.Matched.Why = "there is no other edge between these layers"
	case k < 19:
		r.Warnings = append(r.Warnings, fmt.Sprintf("with %d matched edges p cannot fall below %.2g", k, 1/float64(k+1)))
	}
	return err
}

// controls corrupts edges one at a time and ranks one of them.
func (t *Task) controls(ctx context.Context, stage string, self model.Edge, edges []model.Edge, carried *carriedBy) (EdgeControls, error) {
	c := EdgeControls{P: probe.Undefined}
	arms := make([]model.Arm, len(edges))
	total := 0.0
	for k, e := range edges {
		arms[k] = t.arm(e)
		total += math.Abs(carried.mean[k])
	}
	said, err := t.answers(ctx, stage, Noising, arms)
	if err != nil {
		return c, err
	}
	for k, i := range t.intervals(said.y...) {
		e := EdgeControl{Edge: edges[k], Name: edges[k].String(), Label: t.Labels[edges[k].From].Name, Mean: carried.mean[k], Size: carried.size[k], Share: probe.Undefined, Effect: i}
		if total > 0 {
			e.Share = probe.Number(math.Abs(e.Mean) / total)
		}
		if edges[k] == self {
			c.Edge = e
		} else {
			c.Edges = append(c.Edges, e)
		}
	}
	c.Rank = 1
	for _, e := range c.Edges {
		if math.Abs(e.Effect.Estimate) >= math.Abs(c.Edge.Effect.Estimate) {
			c.Rank++
		}
	}
	if len(c.Edges) > 0 {
		c.P = probe.Number(float64(c.Rank) / float64(len(c.Edges)+1))
	}
	return c, nil
}

// DriveRank is the edge's rank by the size of its mean contribution among all into the receiver.
func (r *EdgeResult) DriveRank() int {
	rank := 1
	for _, e := range r.Into.Edges {
		if math.Abs(e.Mean) >= math.Abs(r.Into.Edge.Mean) {
			rank++
		}
	}
	return rank
}

// EdgeDose is the effect on y of scaling what the edge carries: dose d leaves (1−d) of it.
type EdgeDose struct {
	Doses   []float64         `json:"doses"`
	Effects []ablate.Interval `json:"effects"`
}

func (t *Task) edgeDose(ctx context.Context, e model.Edge) (EdgeDose, error) {
	d := EdgeDose{Doses: ablate.Doses}
	var arms []model.Arm
	for _, dose := range d.Doses {
		from := e.From
		arms = append(arms, model.Arm{Edits: []model.Edit{{Target: e.To, From: &from, Keep: model.Constant(float32(1 - dose)), Fill: model.Constant(0)}}})
	}
	said, err := t.answers(ctx, "doses", Noising, arms)
	if err != nil {
		return d, err
	}
	d.Effects = t.intervals(said.y...)
	return d, nil
}
