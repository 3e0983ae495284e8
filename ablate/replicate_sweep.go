package ablate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/kernel"
	"neuroprobe/probe"
)

// SweepReplication is a sweep over the hidden neurons of several specimens, and what holds in all.
type SweepReplication struct {
	Split        datasets.Split  `json:"-"`
	Images       int             `json:"images"`
	Matched      int             `json:"matched_images"` // select images over which activations were correlated
	Metric       Metric          `json:"metric"`
	Kind         Kind            `json:"kind"`
	Layers       []string        `json:"layers"` // names of the layers swept
	Numbers      []int           `json:"layer_numbers"`
	Specimens    []SweptSpecimen `json:"specimens"`
	Claims       []Claim         `json:"claims"`
	Neurons      int             `json:"neurons"` // in each specimen: as many tests, corrected together
	Matches      int             `json:"matches_tested"`
	Correlations int             `json:"correlations_tested"`
	Permutations int             `json:"permutations"`
	Seed         uint64          `json:"seed"`
	Warnings     []string        `json:"warnings,omitempty"`
}

// SweptSpecimen is one network's sweep.
type SweptSpecimen struct {
	SpecimenFacts
	Layers []LayerTally `json:"layers"`
	// TopShare is the part of all damage that single lesions do (contributions lost, where above
	// 0) that comes from the tenth of the neurons whose loss damages most.
	TopShare probe.Number `json:"top_tenth_share"`
	// Effects are the changes of the metric, with − without, by neuron.
	Effects []NeuronEffect `json:"effects"`
}

// NeuronEffect is what a lesion of one neuron does.
type NeuronEffect struct {
	Neuron    model.Address `json:"neuron"`
	Change    float64       `json:"change"`
	P         float64       `json:"p"`
	AdjustedP float64       `json:"adjusted_p"` // over all neurons swept in this network
	// Homologue in this network of the reference's neuron of the same place in Effects; nil for the
	// reference itself.
	Homologue *Homologue `json:"homologue_of_reference,omitempty"`
}

// LayerTally sums up a layer's neurons in one network. Hurts and Helps count neurons whose loss makes
// the metric worse or better with an adjusted p below 0.05.
type LayerTally struct {
	Neurons int     `json:"neurons"`
	Hurts   int     `json:"hurts"`
	Helps   int     `json:"helps"`
	Lost    float64 `json:"mean_contribution_lost"`
	// Agreement is Spearman's rank correlation of the effects of the reference's neurons with those
	// of their homologues here; P is its chance if homologues were dealt out at random in the
	// layer, one-sided. Undefined in the reference.
	Agreement  probe.Number `json:"agreement"`
	P          probe.Number `json:"agreement_p"`
	AdjustedP  probe.Number `json:"agreement_adjusted_p"`
	Homologues int          `json:"homologues"` // pairs behind it
}

// Share is the part of the layer's neurons whose loss hurts.
func (l LayerTally) Share() float64 { return float64(l.Hurts) / float64(l.Neurons) }

// Claim is a statement about one network, and in how many of those in which it could be tried it holds.
type Claim struct {
	Text  string `json:"text"`
	Holds int    `json:"holds"`
	Of    int    `json:"of"`
}

// SweepReplicates ablates every hidden neuron of the given layers (nil: all) of every specimen, one at a
// time.
func SweepReplicates(ctx context.Context, specimens []Specimen, m Metric, kind Kind, layers []int) (*SweepReplication, error) {
	if len(specimens) < 2 {
		return nil, errors.New("ablate: replicates need two specimens or more")
	}
	first := specimens[0]
	rows := first.Rows(layers)
	if len(rows) == 0 {
		return nil, errors.New("ablate: no hidden neuron to sweep")
	}
	lo, hi := first.Set.Range(datasets.Select)
	r := &SweepReplication{Split: first.Split, Images: first.Images, Matched: hi - lo, Metric: m, Kind: kind, Neurons: len(rows),
		Permutations: first.Permutations, Seed: first.Seed}
	targets := make([]model.Address, len(rows))
	for k, row := range rows {
		if targets[k] = row[0]; !slices.Contains(r.Numbers, row[0].Layer) {
			r.Numbers = append(r.Numbers, row[0].Layer)
			r.Layers = append(r.Layers, first.Network.Layer(row[0].Layer).Name)
		}
	}
	matches, err := matchAll(ctx, specimens, targets)
	if err != nil {
		return nil, err
	}
	for k, s := range specimens {
		effects, err := Part(s.Parts, "sweep", func() ([]NeuronEffect, error) { return s.sweepEffects(ctx, m, kind, rows) })
		if err != nil {
			return nil, err
		}
		swept := SweptSpecimen{SpecimenFacts: s.facts(), Effects: effects, TopShare: topShare(m, effects)}
		if k > 0 {
			for i := range effects {
				h := matches[k-1][i]
				effects[i].Homologue = &h
				if h.P.Defined() {
					r.Matches++
				}
			}
		}
		for _, l := range r.Numbers {
			swept.Layers = append(swept.Layers, sweptLayer(m, l, effects))
		}
		r.Specimens = append(r.Specimens, swept)
	}
	r.agree(first.permutations())
	r.claim()
	r.warn(first.Set.Warnings)
	return r, ctx.Err()
}

// testsAtOnce is how many neurons' changes wait to be tested together.
const testsAtOnce = 64

// sweepEffects are the changes of the metric under ablation of each neuron alone, tested and
// corrected for their number.
func (p *Preparation) sweepEffects(ctx context.Context, m Metric, kind Kind, rows [][]model.Address) ([]NeuronEffect, error) {
	intact := m.Column(p.Labels, p.Intact)
	if len(intact) == 0 {
		return nil, fmt.Errorf("ablate: no image of the %s split counts for %s", p.Split, m.Name)
	}
	effects := make([]NeuronEffect, len(rows))
	var waiting [][]float64
	tested := 0
	test := func() {
		kernel.Parallel(p.Workers, len(waiting), func(_, k int) { effects[tested+k].P = p.pairedP(waiting[k]) })
		tested, waiting = tested+len(waiting), waiting[:0]
	}
	err := p.Ablate(ctx, "sweep", kind, rows, func(k int, o *Outcomes) {
		change := combine([]float64{1, -1}, m.Column(p.Labels, o), intact)
		effects[k] = NeuronEffect{Neuron: rows[k][0], Change: stats.Mean(change)}
		if waiting = append(waiting, change); len(waiting) == testsAtOnce {
			test()
		}
	})
	if err != nil {
		return nil, err
	}
	test()
	ps := make([]float64, len(effects))
	for k, e := range effects {
		ps[k] = e.P
	}
	for k, adjusted := range stats.BenjaminiHochberg(ps) {
		effects[k].AdjustedP = adjusted
	}
	return effects, nil
}

// contribution is a change of the metric as contribution lost.
func (m Metric) contribution(change float64) float64 {
	if m.Loss {
		return change
	}
	return 0 - change // never −0
}

func sweptLayer(m Metric, layer int, effects []NeuronEffect) LayerTally {
	l := LayerTally{Agreement: probe.Undefined, P: probe.Undefined, AdjustedP: probe.Undefined}
	for _, e := range effects {
		if e.Neuron.Layer != layer {
			continue
		}
		lost := m.contribution(e.Change)
		l.Neurons++
		l.Lost += lost
		switch {
		case e.AdjustedP < 0.05 && lost > 0:
			l.Hurts++
		case e.AdjustedP < 0.05 && lost < 0:
			l.Helps++
		}
	}
	l.Lost /= float64(l.Neurons)
	return l
}

// topShare is the share of the damage that the worst tenth of the neurons (rounded up) does.
func topShare(m Metric, effects []NeuronEffect) probe.Number {
	var damage []float64
	total := 0.0
	for _, e := range effects {
		damage = append(damage, max(0, m.contribution(e.Change)))
		total += max(0, m.contribution(e.Change))
	}
	if total == 0 {
		return probe.Undefined
	}
	slices.Sort(damage)
	slices.Reverse(damage)
	top := 0.0
	for _, d := range damage[:(len(damage)+9)/10] {
		top += d
	}
	return probe.Number(top / total)
}

// fewestPairs is how many homologous pairs a rank correlation needs.
const fewestPairs = 5

// agree correlates the effects of homologues, layer by layer.
func (r *SweepReplication) agree(shuffles stats.Permutations) {
	var ps []float64
	var layers []*LayerTally
	reference := r.Specimens[0].Effects
	for k := 1; k < len(r.Specimens); k++ {
		here := r.Specimens[k].Effects
		change := map[model.Address]float64{}
		for _, e := range here {
			change[e.Neuron] = e.Change
		}
		for i, number := range r.Numbers {
			var x, y []float64
			for j, e := range reference {
				if h := here[j].Homologue; e.Neuron.Layer == number && h.Found() {
					x, y = append(x, e.Change), append(y, change[h.Match])
				}
			}
			l := &r.Specimens[k].Layers[i]
			l.Homologues = len(x)
			if len(x) < fewestPairs {
				continue
			}
			agreement, p := rankAgreement(x, y, shuffles)
			l.Agreement, l.P = probe.Number(agreement), probe.Number(p)
			ps, layers = append(ps, p), append(layers, l)
		}
	}
	for k, adjusted := range stats.BenjaminiHochberg(ps) {
		layers[k].AdjustedP = probe.Number(adjusted)
		if layers[k].P.Defined() {
			r.Correlations++
		}
	}
}

// rankAgreement is Spearman's correlation and its one-sided p by shuffling; both undefined where one of
// the columns is constant.
func rankAgreement(x, y []float64, shuffles stats.Permutations) (rho, p float64) {
	a, b := stats.Standardised(stats.Midranks(x)), stats.Standardised(stats.Midranks(y))
	if a == nil || b == nil {
		return float64(probe.Undefined), float64(probe.Undefined)
	}
	rho = product(a, b)
	extreme, total := 0, 0
	shuffles.Shuffle(len(a), func(order []int) {
		sum := 0.0
		for i, k := range order {
			sum += a[k] * b[i]
		}
		if total++; sum >= rho-1e-12 {
			extreme++
		}
	})
	return rho, stats.PermutationP(extreme, total)
}

// claim tries the same claims in every specimen, whether they hold or not: of layers that follow each
// other, which has the larger share of neurons whose loss hurts and in which a loss does more damage on
// average; for each layer whether the loss of most neurons hurts, and whether homologues' effects agree;
// whether the damage sits in few neurons. Which side of a claim is tried is read off the mean.
func (r *SweepReplication) claim() {
	for i := 1; i < len(r.Layers); i++ {
		r.compare(i-1, i, LayerTally.Share, "%s has a larger share of neurons whose loss hurts than %s")
	}
	for i := 1; i < len(r.Layers); i++ {
		r.compare(i-1, i, func(l LayerTally) float64 { return l.Lost }, "the loss of one neuron does more damage on average in %s than in %s")
	}
	for i, name := range r.Layers {
		if r.mean(i, LayerTally.Share) > 0.5 {
			r.try("the loss of most single neurons of "+name+" hurts detectably", everywhere, func(s SweptSpecimen) bool { return s.Layers[i].Share() > 0.5 })
		} else {
			r.try("the loss of most single neurons of "+name+" does not hurt detectably", everywhere, func(s SweptSpecimen) bool { return s.Layers[i].Share() < 0.5 })
		}
	}
	r.try("a tenth of the neurons does more than half of all damage", func(s SweptSpecimen) bool { return s.TopShare.Defined() },
		func(s SweptSpecimen) bool { return s.TopShare > 0.5 })
	for i, name := range r.Layers {
		r.try(fmt.Sprintf("the effects of homologues in %s rank alike (adjusted p < 0.05)", name),
			func(s SweptSpecimen) bool { return s.Layers[i].P.Defined() }, func(s SweptSpecimen) bool { return s.Layers[i].AdjustedP < 0.05 })
	}
}

func everywhere(SweptSpecimen) bool { return true }

// try counts the specimens in which a claim holds, of those in which it means something.
func (r *SweepReplication) try(text string, defined, holds func(SweptSpecimen) bool) {
	c := Claim{Text: text}
	for _, s := range r.Specimens {
		if defined(s) {
			c.Of++
			if holds(s) {
				c.Holds++
			}
		}
	}
	if c.Of > 0 {
		r.Claims = append(r.Claims, c)
	}
}

// compare tries which of two layers has more of something.
func (r *SweepReplication) compare(a, b int, of func(LayerTally) float64, text string) {
	if r.mean(b, of) > r.mean(a, of) {
		a, b = b, a
	}
	if !slices.ContainsFunc(r.Specimens, func(s SweptSpecimen) bool { return of(s.Layers[a]) != of(s.Layers[b]) }) {
		return // alike everywhere: there is no order to speak of
	}
	r.try(fmt.Sprintf(text, r.Layers[a], r.Layers[b]), everywhere, func(s SweptSpecimen) bool { return of(s.Layers[a]) > of(s.Layers[b]) })
}

// mean is something of a layer averaged over specimens.
func (r *SweepReplication) mean(layer int, of func(LayerTally) float64) float64 {
	sum := 0.0
	for _, s := range r.Specimens {
		sum += of(s.Layers[layer])
	}
	return sum / float64(len(r.Specimens))
}

// flipsSigns tells whether effects are tested by flipping signs, not by McNemar's exact test.
func (r *SweepReplication) flipsSigns() bool {
	return !r.Metric.Percent || r.Metric.Name == "balanced-accuracy" || r.Kind == Resample
}

func (r *SweepReplication) warn(data []string) {
	r.Warnings = append(r.Warnings, data...)
	if len(r.Specimens) < fewestSpecimens {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d networks: what holds in both may well fail in a third", len(r.Specimens)))
	}
	for k, s := range r.Specimens {
		found, without := 0, 0
		for i, l := range s.Layers {
			found += l.Hurts + l.Helps
			without += l.Neurons - l.Homologues
			if k > 0 && !l.P.Defined() {
				r.Warnings = append(r.Warnings, fmt.Sprintf("network %s: no rank correlation for %s, which has %d pairs of homologues: it takes %d whose effects vary", s.Name, r.Layers[i], l.Homologues, fewestPairs))
			}
		}
		if found == 0 && r.flipsSigns() && float64(r.Neurons) > 0.05*float64(r.Permutations+1) {
			r.Warnings = append(r.Warnings, fmt.Sprintf("network %s: no neuron's loss is detected, and %d permutations are too few for a single one of %d to be", s.Name, r.Permutations, r.Neurons))
		}
		if k > 0 && without > 0 {
			r.Warnings = append(r.Warnings, fmt.Sprintf("network %s: %d of %d neurons of the reference have no homologue and are left out of the rank correlations", s.Name, without, r.Neurons))
		}
	}
}
