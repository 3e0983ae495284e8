package circuit

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"neuroprobe/model"
	"neuroprobe/model/kernel"
)

// ACDC takes edges away greedily, from the output to the image: the edges into a receiver are tried one
// after another, those of least |EAP| first, and one is dropped for good if y, averaged over the pairs,
// changes by no more than a threshold. As the paper does, it is judged by what the circuit so far loses
// without the edge; against redundancy, also by what the edge alone brings back:
//
//	noising    y of what is left, this edge corrupted too − y of what is left
//	denoising  the same layer's edges all corrupted and what lies between it and the output cut down
//	           to the circuit: y with this edge restored − y
//
// The second finds both inputs of an OR, either of which can be done without; before anything has
// been dropped the two are Exact's. An edge into a neuron that nothing in the circuit reads is dropped
// untried. The score is the noising effect or minus the denoising effect at the time, whichever is
// larger in size.
//
// A. Conmy et al., Towards automated circuit discovery for mechanistic interpretability, NeurIPS 2023,
// arXiv:2304.14997.
type ACDC struct {
	// Threshold is the change of y that counts, as a share of y of the whole network − y with every edge
	// corrupted; 0: DefaultThreshold.
	Threshold float64
	// Pairs is how many pairs are used at most; 0: DefaultACDCPairs, below 0: all.
	Pairs int
}

// The defaults of ACDC. Hardly an edge of thousands changes y by a hundredth alone: a threshold ten times
// as high leaves no way through from the image to the output of a trained network of the cnn preset.
const (
	DefaultThreshold = 0.0005
	DefaultACDCPairs = 128
)

// Name implements Method.
func (ACDC) Name() string { return "acdc" }

// Score implements Method.
func (m ACDC) Score(ctx context.Context, t *Task) (*Scores, error) {
	if m.Threshold == 0 {
		m.Threshold = DefaultThreshold
	}
	if m.Pairs == 0 {
		m.Pairs = DefaultACDCPairs
	}
	if !(m.Threshold > 0) {
		return nil, fmt.Errorf("circuit: acdc with threshold %v (want above 0)", m.Threshold)
	}
	if m.Pairs > 0 {
		t = t.first(m.Pairs)
	}
	order, err := EAP{}.Score(ctx, t)
	if err != nil {
		return nil, err
	}
	g, err := t.newGreedy(true)
	if err != nil {
		return nil, err
	}
	nothing := g.y(g.circuits, t.Network.NewMask(false))
	g.now = g.y(g.circuits, g.circuit)
	g.threshold = m.Threshold * math.Abs(g.now-nothing)
	if err := g.run(ctx, order.Score); err != nil {
		return nil, err
	}
	return &Scores{Score: g.score, Kept: g.kept}, nil
}

// first is the task of its first pairs, which are in random order.
func (t *Task) first(pairs int) *Task {
	pairs = min(pairs, t.Len())
	part, size := *t, t.Set.ImageSize()
	part.Places, part.Clean = t.Places[:pairs], t.Clean[:pairs*size]
	if t.Corrupted != nil {
		part.Corrupted = t.Corrupted[:pairs*size]
	}
	return &part
}

// greedy is a search under way.
type greedy struct {
	*Task
	// circuits and restorations hold the pairs, a block each: one runs the circuit, the other what single
	// edges restore, so that little changes from run to run of either.
	circuits, restorations []*model.MaskedSession
	circuit                *model.Mask // all edges but those dropped
	now                    float64     // its y
	threshold              float64
	sends                  map[model.Address]bool // neurons that something in the circuit reads
	kept                   []bool                 // by edge
	score                  []float64
	tried                  int
}

// acdcBlock is how many pairs a session holds: all workers have one, and sums do not depend on
// how many there are.
const acdcBlock = 32

func (t *Task) newGreedy(restoring bool) (*greedy, error) {
	g := &greedy{Task: t, circuit: t.Network.NewMask(true), sends: map[model.Address]bool{}, kept: make([]bool, len(t.Edges)), score: make([]float64, len(t.Edges))}
	size := t.Set.ImageSize()
	for first := 0; first < t.Len(); first += acdcBlock {
		last, ref := min(first+acdcBlock, t.Len()), t.Reference()
		if ref.Images != nil {
			ref.Images = ref.Images[first*size : last*size]
		}
		sessions := []*[]*model.MaskedSession{&g.circuits}
		if restoring {
			sessions = append(sessions, &g.restorations)
		}
		for _, to := range sessions {
			s, err := model.NewMaskedSession(t.Network, t.Clean[first*size:last*size], ref)
			if err != nil {
				return nil, err
			}
			*to = append(*to, s)
		}
	}
	return g, nil
}

// y is the mean over the pairs under a mask.
func (g *greedy) y(sessions []*model.MaskedSession, m *model.Mask) float64 {
	sums, classes := make([]float64, len(sessions)), len(g.weights)
	kernel.Parallel(g.Workers, len(sessions), func(_, block int) {
		logits := sessions[block].Run(m)
		for at := 0; at < len(logits); at += classes {
			sums[block] += g.Y(logits[at : at+classes])
		}
	})
	total := 0.0
	for _, s := range sums {
		total += s
	}
	return total / float64(g.Len())
}

// run visits all receivers, the output's first. order gives the edges' scores by another method.
func (g *greedy) run(ctx context.Context, order []float64) error {
	end := len(g.Edges)
	for layer := g.Network.Depth(); layer >= 1; layer-- {
		first := end - g.into(layer)
		base := g.corruptedAt(layer)
		corrupted := g.y(g.restorations, base)
		for first < end {
			next := first + 1 // the edges of one receiver are neighbours
			for next < end && g.Edges[next].To == g.Edges[first].To {
				next++
			}
			var edges []int
			for e := first; e < next; e++ {
				edges = append(edges, e)
			}
			slices.SortStableFunc(edges, func(a, b int) int { return cmp.Compare(math.Abs(order[a]), math.Abs(order[b])) })
			if err := g.receiver(ctx, edges, base, corrupted); err != nil {
				return err
			}
			first = next
		}
		end -= g.into(layer)
	}
	return nil
}

// corruptedAt keeps the circuit's edges from a layer onwards, and all edges that lead to the layer's
// senders: what is restored into the layer reaches the output, and nothing else does.
func (g *greedy) corruptedAt(layer int) *model.Mask {
	m := g.Network.NewMask(false)
	for k, e := range g.Edges {
		m.Set(e, e.To.Layer < layer || e.From.Layer >= layer && g.kept[k])
	}
	return m
}

// receiver tries the edges into one neuron.
func (g *greedy) receiver(ctx context.Context, edges []int, base *model.Mask, corrupted float64) error {
	to := g.Edges[edges[0]].To
	read := to.Layer == g.Network.Depth() || g.sends[to]
	for _, k := range edges {
		if err := ctx.Err(); err != nil {
			return err
		}
		e := g.Edges[k]
		g.circuit.Set(e, false)
		if read {
			without := g.y(g.circuits, g.circuit)
			base.Set(e, true)
			restored := g.y(g.restorations, base)
			base.Set(e, false)
			g.score[k] = larger(without-g.now, corrupted-restored)
			if g.kept[k] = math.Abs(g.score[k]) > g.threshold; g.kept[k] {
				g.circuit.Set(e, true)
				g.sends[e.From] = true
			} else {
				g.now = without
			}
		}
		if g.tried++; g.tried%64 == 0 || g.tried == len(g.Edges) {
			g.progress("acdc", g.tried, len(g.Edges))
		}
	}
	return nil
}
