package ablate

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/kernel"
	"neuroprobe/probe"
)

// Importance is how the answers hang on single neurons: the effects of silencing each hidden neuron
// alone (zero ablation) on the mean logit difference.
type Importance struct {
	Neurons int `json:"neurons"`
	Images  int `json:"images"`
	// Tests are the lesions that moved something; Significant those of them whose effect beats sign
	// flips, adjusted over the tests.
	Tests       int               `json:"tests"`
	Significant int               `json:"significant"`
	Layers      []ImportanceLayer `json:"layers"`
	Effects     []float64         `json:"-"` // by neuron
	// Gini is the Gini index of |effect| over neurons: 0 if all are alike, towards 1 if all hangs
	// on one. Half and Ninety are the smallest share of neurons that have 50 and 90 % of Σ|effect|.
	Gini   probe.Sampled `json:"gini"`
	Half   probe.Sampled `json:"half"`
	Ninety probe.Sampled `json:"ninety"`
	// ShamChange is the most that a sham arm changed a logit difference or a loss.
	ShamChange float64 `json:"sham_change"`
}

// ImportanceLayer is a layer's part of it; Share is that of Σ|effect|.
type ImportanceLayer struct {
	Layer       int     `json:"layer"`
	Neurons     int     `json:"neurons"`
	Significant int     `json:"significant"`
	Share       float64 `json:"share"`
}

// LesionCurve is the accuracy while more and more of all hidden neurons are silenced at once, the
// most important first (by the contribution to the logit difference on select) and in random orders.
type LesionCurve struct {
	Neurons int       `json:"neurons"`
	Removed []int     `json:"removed"`
	Most    []float64 `json:"most_important_first"`
	// Random are the orders' accuracies at RandomRemoved.
	RandomRemoved []int       `json:"random_removed"`
	Random        [][]float64 `json:"random"`
	// AreaMost and AreaRandom are the areas under the curves, accuracy over the share of neurons
	// silenced; of random orders the mean.
	AreaMost   probe.Sampled `json:"area_most_important_first"`
	AreaRandom probe.Sampled `json:"area_random"`
}

// lesions measures importance and the curve.
func (b *Battery) lesions(ctx context.Context, n *model.Network, set *datasets.Set, o batteryOptions) error {
	if !o.trained || n.Depth() < 2 {
		return nil
	}
	both, err := Part(o.Parts, "lesions", func() (lesionPart, error) {
		var part lesionPart
		p, err := Prepare(ctx, n, set, o.Options)
		if err != nil {
			return part, err
		}
		s, err := newSweep(ctx, p, SweepOptions{Kinds: []Kind{Zero}})
		if err != nil {
			return part, err
		}
		if part.Importance, err = s.importance(ctx); err != nil {
			return part, err
		}
		part.Curve, err = s.curve(ctx)
		return part, err
	})
	b.Importance, b.Curve = both.Importance, both.Curve
	return err
}

type lesionPart struct {
	Importance *Importance
	Curve      *LesionCurve
}

// importance silences every neuron alone, on select for the ranking and on the measured split.
func (s *sweep) importance(ctx context.Context) (*Importance, error) {
	onSelect, err := s.change(ctx, s.selected, Zero)
	if err != nil {
		return nil, err
	}
	measured, err := s.change(ctx, s.Preparation, Zero)
	if err != nil {
		return nil, err
	}
	flips, err := s.groups.signFlips(ctx, &measured, s.permutations(), s.Workers)
	if err != nil {
		return nil, err
	}
	r := &Importance{Neurons: len(s.targets), Images: s.Images, ShamChange: max(onSelect.Sham, measured.Sham)}
	p := make([]float64, len(s.targets))
	for k := range s.targets {
		_, _, diff := measured.neuron(k, s.Images)
		r.Effects = append(r.Effects, mean32(diff))
		l := s.groups.shape(s.groups.estimate(measured.neuron(k, s.Images)))
		l.Select = s.chosen.selectEffect(onSelect, k, s.metric, s.Set.Classes)
		s.result.Neurons[k].Lesions[0] = l
		if p[k] = math.NaN(); slices.ContainsFunc(diff, func(v float32) bool { return v != 0 }) {
			p[k] = float64(flips[k][len(s.groups.classes)])
			r.Tests++
		}
	}
	s.rank(0)
	r.gather(s.targets, stats.BenjaminiHochberg(p))
	r.concentrate(measured.Diff, s.bootstrap().Counts(s.Images))
	return r, ctx.Err()
}

// gather counts by layer.
func (r *Importance) gather(targets [][]model.Address, adjusted []float64) {
	total := 0.0
	for k, t := range targets {
		if len(r.Layers) == 0 || r.Layers[len(r.Layers)-1].Layer != t[0].Layer {
			r.Layers = append(r.Layers, ImportanceLayer{Layer: t[0].Layer})
		}
		l := &r.Layers[len(r.Layers)-1]
		l.Neurons++
		if adjusted[k] < probe.Alpha {
			l.Significant++
			r.Significant++
		}
		l.Share += math.Abs(r.Effects[k])
		total += math.Abs(r.Effects[k])
	}
	for k := range r.Layers {
		if total > 0 {
			r.Layers[k].Share /= total
		}
	}
}

// concentrate measures how unevenly the effects are spread, on the images as they are and on every
// resample. diff is neurons × images.
func (r *Importance) concentrate(diff []float32, counts []uint8) {
	resamples := len(counts) / r.Images
	drawn := make([]float32, len(counts))
	for k, c := range counts {
		drawn[k] = float32(c)
	}
	sums := make([]float32, resamples*r.Neurons)
	if resamples > 0 {
		kernel.Product(kernel.Dense(sums, resamples, r.Neurons), kernel.Dense(drawn, resamples, r.Images), kernel.Dense(diff, r.Neurons, r.Images), kernel.Op{TransposeB: true})
	}
	draws := make([][3]float64, resamples)
	sizes := make([]float64, r.Neurons)
	for k := range draws {
		for u, v := range sums[k*r.Neurons : (k+1)*r.Neurons] {
			sizes[u] = math.Abs(float64(v))
		}
		draws[k] = concentration(sizes)
	}
	for u, v := range r.Effects {
		sizes[u] = math.Abs(v)
	}
	observed := concentration(sizes)
	for m, into := range []*probe.Sampled{&r.Gini, &r.Half, &r.Ninety} {
		column := make([]float64, resamples)
		for k := range draws {
			column[k] = draws[k][m]
		}
		*into = probe.NewSampled(observed[m], column)
	}
}

// concentration is the Gini index of sizes and the smallest shares of them that make up 50 and
// 90 % of their sum; NaN if all are 0. It sorts them. With x₁ ≤ … ≤ xₙ the index is
//
//	G = Σ (2i − n − 1)·xᵢ / (n·Σx).
//
// C. Gini, Variabilità e mutabilità (1912); the formula: C. Damgaard and J. Weiner, Ecology 81:1139 (2000).
func concentration(sizes []float64) [3]float64 {
	slices.Sort(sizes)
	n, total, weighted := float64(len(sizes)), 0.0, 0.0
	for i, x := range sizes {
		total += x
		weighted += (2*float64(i+1) - n - 1) * x
	}
	if !(total > 0) {
		return [3]float64{math.NaN(), math.NaN(), math.NaN()}
	}
	out := [3]float64{weighted / n / total}
	for k, part := range []float64{0.5, 0.9} {
		sum, count := 0.0, 0
		for ; count < len(sizes) && sum < part*total*(1-1e-9); count++ {
			sum += sizes[len(sizes)-1-count]
		}
		out[1+k] = float64(count) / n
	}
	return out
}

// curve silences more and more of all neurons at once.
func (s *sweep) curve(ctx context.Context) (*LesionCurve, error) {
	order := make([]model.Address, len(s.targets))
	for i, u := range s.result.Neurons {
		order[u.Lesions[0].Select.Rank-1] = s.targets[i][0]
	}
	c := &LesionCurve{Neurons: len(order), Removed: grid(len(order))}
	for k := 0; k < len(c.Removed); k += 2 {
		c.RandomRemoved = append(c.RandomRemoved, c.Removed[k])
	}
	if last := c.Removed[len(c.Removed)-1]; c.RandomRemoved[len(c.RandomRemoved)-1] != last {
		c.RandomRemoved = append(c.RandomRemoved, last)
	}
	orders, removed := [][]model.Address{order}, [][]int{c.Removed}
	random := rand.New(rand.NewPCG(s.Seed, 0x63756d75)) // "cumu"
	for range s.Orders {
		shuffled := slices.Clone(order)
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		orders, removed = append(orders, shuffled), append(removed, c.RandomRemoved)
	}
	var arms []model.Arm
	var places [][2]int // of each arm: its order, its point
	for o, order := range orders {
		before := 0
		for k, n := range removed[o] {
			arm := s.Arms(Zero, order[before:n])[0]
			arm.Next, before = k > 0, n
			arms, places = append(arms, arm), append(places, [2]int{o, k})
		}
	}
	accuracies := make([][]float64, len(orders))
	most, anyhow := make([]float64, s.Images), make([]float64, s.Images) // areas of each image
	err := s.Sweep(ctx, "cumulative ablation", arms, nil, func(arm int, out *Outcomes) {
		o, k := places[arm][0], places[arm][1]
		accuracies[o] = append(accuracies[o], mean32(out.Correct))
		area, weight := anyhow, trapezoid(removed[o], k)/float64(s.Orders)
		if o == 0 {
			area, weight = most, trapezoid(removed[o], k)
		}
		for i, v := range out.Correct {
			area[i] += weight * float64(v)
		}
	})
	if err != nil {
		return nil, err
	}
	counts := s.bootstrap().Counts(s.Images)
	c.Most, c.Random = accuracies[0], accuracies[1:]
	c.AreaMost, c.AreaRandom = probe.MeanOver(most, counts), probe.MeanOver(anyhow, counts)
	return c, ctx.Err()
}

// trapezoid is the weight of the k-th point of a curve in the area under it, over the share of neurons.
func trapezoid(removed []int, k int) float64 {
	last := len(removed) - 1
	from, to := removed[max(0, k-1)], removed[min(last, k+1)]
	return float64(to-from) / 2 / float64(removed[last])
}
