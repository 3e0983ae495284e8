package circuit

import (
	"context"
	"fmt"
	"math"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// EdgeOptions say what is measured of an edge beside its effect.
type EdgeOptions struct {
	Controls  int  // matched edges between the same layers; 0: ablate.DefaultControls, below 0: none
	Positions bool // each position of the receiver by itself
}

// EdgeResult is path patching along one edge: only what the sender contributes to this receiver's
// pre-activation is that of another run (or its mean, or nothing); the sender goes on as it is to all
// other receivers.
//
// N. Goldowsky-Dill, C. MacLeod, L. Sato and A. Arora, Localizing model behavior with path
// patching, arXiv:2304.05969 (2023).
type EdgeResult struct {
	Split     datasets.Split `json:"-"`
	SplitName string         `json:"split"`
	Edge      model.Edge     `json:"-"`
	Name      string         `json:"edge"`
	Sender    EdgeEnd        `json:"sender"`
	Receiver  EdgeEnd        `json:"receiver"`
	Synapses  int            `json:"synapses"`
	Weight    float64        `json:"weight_sum"`
	Target    Target         `json:"target"`
	Class     string         `json:"class"` // whose logit y is about
	Metric    string         `json:"metric"`
	// Kinds are what the edge is corrupted with, the leading one first; Contrasts compare every two.
	Kinds     []EdgeKind     `json:"kinds"`
	Contrasts []EdgeContrast `json:"contrasts"`
	Tests     int            `json:"tests"` // that the p-values of Kinds are adjusted for
	Sham      EdgeSham       `json:"sham"`

	// The rest is by the leading kind, in its noising direction.
	PreActivation float64      `json:"receiver_pre_activation"` // mean over clean images and positions
	Bias          float64      `json:"receiver_bias"`
	Into          EdgeControls `json:"edges_into_receiver"`
	Matched       EdgeControls `json:"matched_edges"`
	Dose          EdgeDose     `json:"dose"`
	Positions     *EdgeMaps    `json:"positions,omitempty"`

	Permutations int      `json:"permutations"`
	Resamples    int      `json:"resamples"`
	Seed         uint64   `json:"seed"`
	Warnings     []string `json:"warnings,omitempty"`
}

// EdgeEnd is one of an edge's two neurons.
type EdgeEnd struct {
	Neuron model.Address `json:"-"`
	ID     string        `json:"id"`
	Layer  string        `json:"layer"` // "input" for the image
	Label  string        `json:"label,omitempty"`
}

// EdgeEffect is a mean over pairs, with a bootstrap 95 % interval, as a number and as a share of
// clean − corrupted.
type EdgeEffect struct {
	Effect   ablate.Interval `json:"effect"` // y with the intervention − y without
	P        probe.Number    `json:"p"`      // sign flips
	Adjusted probe.Number    `json:"p_adjusted"`
	// Share is of clean − corrupted: what noising takes, what denoising gives back. It is a ratio of
	// means, undefined where the interval of clean − corrupted includes 0.
	Share     probe.Number `json:"share"`
	ShareLow  probe.Number `json:"share_low"`
	ShareHigh probe.Number `json:"share_high"`
}

// Told tells an effect from none.
func (e EdgeEffect) Told() bool {
	return e.Adjusted.Defined() && e.Adjusted < probe.Alpha && apart(e.Effect)
}

// EdgeKind is what one kind of corruption does.
type EdgeKind struct {
	Against  Against `json:"against"`
	Pairs    int     `json:"pairs"`
	Excluded int     `json:"excluded"`
	// Clean and Corrupted are mean y of the whole network and with every edge corrupted; Gap is their
	// difference.
	Clean     float64         `json:"clean"`
	Corrupted float64         `json:"corrupted"`
	Gap       ablate.Interval `json:"clean_minus_corrupted"`
	// Contribution and Reference are what the sender adds to the receiver's pre-activation when clean
	// and when corrupted, averaged over images and positions.
	Contribution float64 `json:"contribution"`
	Reference    float64 `json:"reference_contribution"`

	Noising   EdgeEffect  `json:"noising"`
	Denoising *EdgeEffect `json:"denoising,omitempty"` // where the reference is a run on images
	// Sender and Receiver are the effects (noising) of corrupting all edges out of the one and the
	// other. ThroughSender and ThroughReceiver are the edge's effect as a share of them, undefined
	// where their intervals include 0.
	Sender          EdgeEffect `json:"whole_sender"`
	Receiver        EdgeEffect `json:"whole_receiver"`
	ThroughSender   EdgeShare  `json:"share_of_sender"`
	ThroughReceiver EdgeShare  `json:"share_of_receiver"`
	// Right and RightPatched are the shares of clean images answered rightly, without and with the
	// edge corrupted.
	Right        float64      `json:"accuracy_clean"`
	RightPatched float64      `json:"accuracy_noised"`
	ToWrong      int          `json:"right_to_wrong"`
	ToRight      int          `json:"wrong_to_right"`
	McNemarP     probe.Number `json:"mcnemar_p"`

	task *Task
	y    []float64 // noising, by pair
}

// EdgeShare is a ratio of mean effects with its 95 % interval.
type EdgeShare struct {
	Share probe.Number `json:"share"`
	Low   probe.Number `json:"low"`
	High  probe.Number `json:"high"`
}

var undefinedShare = EdgeShare{probe.Undefined, probe.Undefined, probe.Undefined}

// EdgeContrast is the noising effect by the second kind less that by the first, on the images that
// both have.
type EdgeContrast struct {
	Kinds      [2]Against       `json:"kinds"`
	Images     int              `json:"images"`
	Difference ablate.Interval  `json:"difference"`
	Verdict    ablate.Agreement `json:"verdict"`
}

// EdgeSham is the edge patched from the run itself, which must leave every logit bit-identical.
type EdgeSham struct {
	Images    int  `json:"images"`
	Identical bool `json:"bit_identical"`
}

// PatchEdge measures one edge with every kind of corruption there is for the target, that of the
// preparation leading.
func PatchEdge(ctx context.Context, p *Preparation, e model.Edge, o EdgeOptions) (*EdgeResult, error) {
	if err := p.Network.CheckEdge(e); err != nil {
		return nil, err
	}
	if o.Controls == 0 {
		o.Controls = ablate.DefaultControls
	}
	r := &EdgeResult{Split: p.Split, SplitName: p.Split.String(), Edge: e, Name: e.String(), Sender: p.end(e.From), Receiver: p.end(e.To),
		Target: p.Goal, Class: p.Network.Classes[p.Goal.Class], Metric: p.Metric, Permutations: p.Permutations, Resamples: p.Resamples, Seed: p.Seed}
	if weights := p.Network.Layer(e.To.Layer).Kind; weights != model.Add {
		for _, w := range p.Network.Synapses(e.From, e.To) {
			r.Synapses++
			r.Weight += float64(w)
		}
		r.Bias = float64(p.Network.Params[e.To.Layer].Bias[e.To.Unit])
	}
	for _, against := range p.kindsOfEdge() {
		k, err := p.edgeKind(ctx, e, against)
		if err != nil {
			return nil, err
		}
		r.Kinds = append(r.Kinds, *k)
	}
	r.adjust()
	r.contrast(p)
	lead := r.Kinds[0].task
	var err error
	if r.Sham, err = lead.edgeSham(ctx, e); err != nil {
		return nil, err
	}
	if err = r.into(ctx, lead); err != nil {
		return nil, err
	}
	if err = r.matched(ctx, lead, o.Controls); err != nil {
		return nil, err
	}
	if r.Dose, err = lead.edgeDose(ctx, e); err != nil {
		return nil, err
	}
	if o.Positions {
		if r.Positions, err = lead.edgeMaps(ctx, e); err != nil {
			return nil, err
		}
	}
	r.warn()
	return r, ctx.Err()
}

// kindsOfEdge are the kinds of corruption that the data allow, the preparation's first.
func (p *Preparation) kindsOfEdge() []Against {
	all := []Against{p.Against}
	for _, a := range AllAgainst {
		if a != p.Against && (a != Twins || p.Set.HasTwins() && len(p.Set.Features) > 0) {
			all = append(all, a)
		}
	}
	return all
}

// end names a neuron.
func (p *Preparation) end(a model.Address) EdgeEnd {
	e := EdgeEnd{Neuron: a, ID: a.String(), Layer: "input", Label: p.Labels[a].Name}
	if a.Layer > 0 {
		e.Layer = p.Network.Layer(a.Layer).Name
	}
	return e
}

// edgeKind corrupts the edge, all edges of its sender, all of its receiver, and all.
func (p *Preparation) edgeKind(ctx context.Context, e model.Edge, against Against) (*EdgeKind, error) {
	t, err := p.Task(ctx, p.Split, against)
	if err != nil {
		return nil, err
	}
	k := &EdgeKind{Against: against, Pairs: t.Len(), Excluded: t.Excluded, task: t}
	stage := "corrupting against " + string(against)
	said, err := t.answers(ctx, stage, Noising, []model.Arm{t.arm(e), t.neuronArm(e.From), t.neuronArm(e.To)})
	if err != nil {
		return nil, err
	}
	none, err := t.Run(ctx, stage+": all edges", []*model.Mask{p.Network.NewMask(false)})
	if err != nil {
		return nil, err
	}
	gap := settled(said.intact, none[0])
	k.Clean, k.Corrupted, k.y = stats.Mean(said.intact), stats.Mean(none[0]), said.y[0]
	k.Gap = t.intervals(gap)[0]
	effects := t.edgeEffects(gap, -1, said.y...)
	k.Noising, k.Sender, k.Receiver = effects[0], effects[1], effects[2]
	k.ThroughSender, k.ThroughReceiver = t.share(said.y[0], said.y[1], effects[1].Effect), t.share(said.y[0], said.y[2], effects[2].Effect)
	k.flips(said)
	if against.images() {
		back, err := t.answers(ctx, stage+": denoising", Denoising, []model.Arm{t.arm(e)})
		if err != nil {
			return nil, err
		}
		k.Denoising = &t.edgeEffects(gap, 1, back.y[0])[0]
	}
	return k, t.carried(ctx, e, k)
}

// flips counts the answers that noising changes.
func (k *EdgeKind) flips(said *answers) {
	before, after := 0, 0
	for i, right := range said.wasRight {
		now := said.right[0][i]
		switch {
		case right && !now:
			k.ToWrong++
		case now && !right:
			k.ToRight++
		}
		before, after = before+count(right), after+count(now)
	}
	n := float64(len(said.wasRight))
	k.Right, k.RightPatched = float64(before)/n, float64(after)/n
	k.McNemarP = probe.Number(stats.McNemarExact(k.ToWrong, k.ToRight))
}

// carried fills in what the edge carries, clean and corrupted.
func (t *Task) carried(ctx context.Context, e model.Edge, k *EdgeKind) error {
	clean, err := t.contributions(ctx, t.Clean, []model.Edge{e})
	if err != nil {
		return err
	}
	k.Contribution = clean.mean[0]
	switch {
	case t.Against == Mean:
		for _, v := range t.reference(e) {
			k.Reference += float64(v) / float64(t.Network.Positions(e.To))
		}
	case t.Against.images():
		corrupted, err := t.contributions(ctx, t.Corrupted, []model.Edge{e})
		if err != nil {
			return err
		}
		k.Reference = corrupted.mean[0]
	}
	return nil
}

// edgeEffects judges effects by pair; the share of the gap has the given sign.
func (t *Task) edgeEffects(gap []float64, sign float64, columns ...[]float64) []EdgeEffect {
	out := make([]EdgeEffect, len(columns))
	whole := t.intervals(gap)[0]
	for k, i := range t.intervals(columns...) {
		signed := make([]float64, len(columns[k]))
		for j, v := range columns[k] {
			signed[j] = sign * v
		}
		s := t.share(signed, gap, whole)
		out[k] = EdgeEffect{Effect: i, P: probe.Number(t.permutations().SignFlip(columns[k])), Adjusted: probe.Undefined, Share: s.Share, ShareLow: s.Low, ShareHigh: s.High}
	}
	return out
}

// share is the ratio of the mean of a column to that of a whole that can be told from 0.
func (t *Task) share(column, whole []float64, of ablate.Interval) EdgeShare {
	if !apart(of) {
		return undefinedShare
	}
	ratio := func(counts []float64) float64 {
		a, b := 0.0, 0.0
		for i, c := range counts {
			a, b = a+c*column[i], b+c*whole[i]
		}
		return a / b
	}
	i := t.bootstrap().Intervals(len(whole), ratio)[0]
	return EdgeShare{probe.Number(stats.Mean(column) / stats.Mean(whole)), probe.Number(i.Low), probe.Number(i.High)}
}

// apart tells whether an interval excludes 0.
func apart(i ablate.Interval) bool { return i.Low > 0 || i.High < 0 }

// settled is a − b by pair, without what float32 sums leave of nothing.
func settled(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		if d := a[i] - b[i]; math.Abs(d) > 2e-6*max(1, math.Abs(a[i])) {
			out[i] = d
		}
	}
	return out
}

// adjust corrects the p-values of the edge's own effects together.
func (r *EdgeResult) adjust() {
	var p []float64
	var to []*EdgeEffect
	for k := range r.Kinds {
		x := &r.Kinds[k]
		for _, e := range []*EdgeEffect{&x.Noising, x.Denoising, &x.Sender, &x.Receiver} {
			if e != nil {
				p, to = append(p, float64(e.P)), append(to, e)
			}
		}
	}
	for k, q := range stats.BenjaminiHochberg(p) {
		to[k].Adjusted = probe.Number(q)
	}
	r.Tests = len(p)
}

// contrast compares every two kinds.
func (r *EdgeResult) contrast(p *Preparation) {
	for b := range r.Kinds {
		for a := range b {
			x, y := &r.Kinds[a], &r.Kinds[b]
			at := map[int]int{}
			for i, place := range x.task.Places {
				at[place] = i
			}
			var difference []float64
			for j, place := range y.task.Places {
				if i, both := at[place]; both {
					difference = append(difference, y.y[j]-x.y[i])
				}
			}
			if len(difference) == 0 {
				continue
			}
			i := p.bootstrap().Means(difference)[0]
			c := EdgeContrast{Kinds: [2]Against{x.Against, y.Against}, Images: len(difference), Difference: ablate.Interval{Estimate: stats.Mean(difference), Low: i.Low, High: i.High}}
			c.Verdict = ablate.AgreementOf(x.Noising.Effect, y.Noising.Effect, c.Difference)
			r.Contrasts = append(r.Contrasts, c)
		}
	}
}

// warn says what the numbers cannot be believed for.
func (r *EdgeResult) warn() {
	for _, k := range r.Kinds {
		if !apart(k.Gap) {
			r.Warnings = append(r.Warnings, fmt.Sprintf("against %s: clean and corrupted runs do not differ in y in a way that can be told from 0, so that there are no shares of it", k.Against))
		}
		if k.Pairs < 20 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("against %s: %d pairs are few for an interval", k.Against, k.Pairs))
		}
	}
}
