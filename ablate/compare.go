package ablate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// CompareSide is one network to compare, with the data it was raised on.
type CompareSide struct {
	Name    string
	Network *model.Network
	Set     *datasets.Set
	// Others are further networks of the same lab, raised by the same recipe from other seeds: the
	// yardstick for the difference. At most MostSeeds of them are measured.
	Others []*model.Network
}

// MostSeeds is how many further networks of a lab are measured.
const MostSeeds = 4

// CompareOptions of Compare.
type CompareOptions struct {
	Options
	// Images is how many images of each split beside train are used at most, but for the answers,
	// which are judged on all; 0: DefaultCompareImages.
	Images int
}

// DefaultCompareImages keep a comparison of small networks below a minute.
const DefaultCompareImages = 1000

// compareTrainImages is how many train images linear probes are fitted on at most: one network's probes
// are to be compared with another's, not to be the best there can be.
const compareTrainImages = 4000

// Compare puts two networks under the same battery, beside untrained networks of the same specs.
func Compare(ctx context.Context, a, b CompareSide, o CompareOptions) (*Comparison, error) {
	o.Options = o.filled()
	if o.Images == 0 {
		o.Images = DefaultCompareImages
	}
	c := &comparer{CompareOptions: o, sides: [2]CompareSide{a, b}}
	c.result = &Comparison{Split: o.Split, SameNetwork: a.Network.Digest() == b.Network.Digest(), Resamples: o.Resamples, Permutations: o.Permutations, Seed: o.Seed}
	for _, step := range []func(context.Context) error{c.lay, c.measure, c.measureSeeds, c.differ, c.align} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	c.warn()
	return c.result, ctx.Err()
}

// comparer is a comparison at work.
type comparer struct {
	CompareOptions
	sides     [2]CompareSide
	samples   [2]*datasets.Set
	untrained [2]*model.Network
	seeds     [2][]*Battery // of Others
	result    *Comparison
}

func (c *comparer) side(k int) *ComparedNet { return []*ComparedNet{&c.result.A, &c.result.B}[k] }

// lay lays out both sides.
func (c *comparer) lay(context.Context) error {
	digests := [2]string{}
	for k := range c.sides {
		s := &c.sides[k]
		if err := s.Network.Fits(s.Set); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		if s.Network.Depth() < 2 {
			return fmt.Errorf("%s: ablate: the network has no hidden neuron to compare", s.Name)
		}
		digests[k] = s.Set.Digest()
		s.Others = s.Others[:min(len(s.Others), MostSeeds)]
	}
	c.result.SameData = digests[0] == digests[1]
	for k := range c.sides {
		s := &c.sides[k]
		var err error
		if k == 1 && c.result.SameData {
			c.samples[1], s.Set = c.samples[0], c.sides[0].Set
		} else if c.samples[k], err = s.Set.Sample(c.Seed, compareTrainImages, c.Images, c.Images); err != nil {
			return fmt.Errorf("%s: with %d images: %w", s.Name, c.Images, err)
		}
		lo, hi := s.Set.Range(c.Split)
		from, to := c.samples[k].Range(c.Split)
		if hi == lo {
			return errors.New("ablate: the " + c.Split.String() + " split is empty")
		}
		seed := c.untrainedSeed(k, 0)
		c.untrained[k] = s.Network.Untrained(seed)
		*c.side(k) = ComparedNet{Name: s.Name, Spec: s.Network.Spec.Name, Rule: TrainingRule(s.Network), Seed: s.Network.Record.Options.Seed,
			Digest: s.Network.Digest(), Data: s.Set.Source, DataDigest: digests[k], Judged: hi - lo, Images: to - from, Others: len(s.Others),
			UntrainedSeed: seed, Layers: s.Network.Spec.Layers}
		for l := 1; l <= s.Network.Depth(); l++ {
			p := s.Network.Params[l]
			c.side(k).Parameters += len(p.Weight) + len(p.Bias)
			if l < s.Network.Depth() {
				c.side(k).Hidden += s.Network.Geometry(l).Act[0]
			}
		}
	}
	return nil
}

// untrainedSeed is that of a side's untrained network in the given pair of them: far from the seeds that
// networks are usually trained from, and another for each, so that they have the wiring and nothing else
// in common.
func (c *comparer) untrainedSeed(side, pair int) uint64 {
	return c.Seed + 1_000_000 + uint64(2*pair+side)
}

// The training rules that reports know.
const (
	Backpropagation = "backprop"
	ForwardForward  = "forward-forward"
)

// TrainingRule is the rule by which a network was trained, as its record has it; none stands for
// backpropagation.
func TrainingRule(n *model.Network) string {
	text, err := json.Marshal(n.Record.Options)
	if err != nil {
		panic(err) // plain data
	}
	var options struct {
		Rule string `json:"rule"`
	}
	if json.Unmarshal(text, &options) != nil || options.Rule == "" {
		return Backpropagation
	}
	return options.Rule
}

// options of the battery of a side. Draws of two sides are the same for the same images, and others
// for others: then the differences of draws are those of paired or of independent samples.
func (c *comparer) options(k int, what string, trained bool) batteryOptions {
	o := batteryOptions{Options: c.Options, trained: trained, stage: string(rune('A'+k)) + what}
	if k == 1 && !c.result.SameData {
		o.Seed++
	}
	return o
}

// measure measures both networks and the untrained ones.
func (c *comparer) measure(ctx context.Context) (err error) {
	for k, s := range c.sides {
		side := c.side(k)
		if side.Battery, err = measureBattery(ctx, s.Network, s.Set, c.samples[k], c.options(k, "", true)); err != nil {
			return named(s.Name, err)
		}
		if side.Untrained, err = measureBattery(ctx, c.untrained[k], s.Set, c.samples[k], c.options(k, ", untrained", false)); err != nil {
			return named(s.Name, err)
		}
	}
	return nil
}

// named says whose error it is; the end of a context is nobody's.
func named(side string, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%s: %w", side, err)
}

// measureSeeds measures the other networks of the labs: values alone, without intervals.
func (c *comparer) measureSeeds(ctx context.Context) error {
	for k, s := range c.sides {
		for i, n := range s.Others {
			o := c.options(k, fmt.Sprintf(", network %d", i+2), true)
			o.Resamples = -1
			b, err := measureBattery(ctx, n, s.Set, c.samples[k], o)
			if err != nil {
				return named(fmt.Sprintf("%s, network %d", s.Name, i+2), err)
			}
			c.seeds[k] = append(c.seeds[k], b)
		}
	}
	return nil
}

// differ makes the table of measures.
func (c *comparer) differ(context.Context) error {
	r := c.result
	var p []float64
	for _, m := range batteryMeasures {
		row := CompareRow{Name: m.name, Group: m.group, Percent: m.percent, A: m.of(r.A.Battery), B: m.of(r.B.Battery), N: [2]int{r.A.Images, r.B.Images},
			Untrained: [2]probe.Number{m.of(r.A.Untrained).Value, m.of(r.B.Untrained).Value}}
		if m.group == OfAnswers {
			row.N = [2]int{r.A.Judged, r.B.Judged}
		}
		row.P, row.Test = c.test(m, row)
		d := float64(row.B.Value - row.A.Value)
		row.Difference = Change{probe.Number(d), probe.Undefined, probe.Undefined}
		if draws := differences(row.A.Draws, row.B.Draws); len(draws) > 0 {
			i := stats.Bootstrap{}.Percentiles(draws)
			row.Difference.Low, row.Difference.High = probe.Number(i.Low), probe.Number(i.High)
		}
		row.Seeds = c.spread(m)
		if row.P.Defined() {
			r.Tests++
		}
		p = append(p, float64(row.P))
		r.Rows = append(r.Rows, row)
	}
	for k, adjusted := range stats.BenjaminiHochberg(p) {
		row := &r.Rows[k]
		row.Adjusted = probe.Number(adjusted)
		row.A.Draws, row.A.Terms, row.B.Draws, row.B.Terms = nil, nil, nil, nil
	}
	for _, b := range []*Battery{r.A.Battery, r.B.Battery, r.A.Untrained, r.B.Untrained} {
		b.strip()
	}
	return nil
}

// differences of two columns of draws, b − a; nil where one has none.
func differences(a, b []float64) []float64 {
	if len(a) != len(b) {
		return nil
	}
	out := make([]float64, len(a))
	for k := range out {
		out[k] = b[k] - a[k]
	}
	return out
}

// test is the p of a difference: McNemar's exact test of the accuracy and sign flips of a mean over
// images where both saw the same ones; else that of the bootstrap, the smallest level at which the
// percentile interval would leave 0 out,
//
//	p = 2·(min(#{d* ≤ 0}, #{d* ≥ 0}) + 1)/(m + 1).
func (c *comparer) test(m batteryMeasure, row CompareRow) (probe.Number, Test) {
	a, b := row.A, row.B
	switch {
	case !a.Value.Defined() || !b.Value.Defined() || len(a.Draws) == 0 || len(b.Draws) == 0:
		return probe.Undefined, ""
	case c.result.SameData && a.Terms != nil && b.Terms != nil:
		diff := differences(a.Terms, b.Terms)
		if m.name != "accuracy" {
			return probe.Number(c.permutations().SignFlip(diff)), SignFlip
		}
		worse, better := 0, 0
		for _, d := range diff {
			if d < 0 {
				worse++
			} else if d > 0 {
				better++
			}
		}
		return probe.Number(stats.McNemarExact(worse, better)), McNemar
	}
	low, high, all := 0, 0, 0
	for _, d := range differences(a.Draws, b.Draws) {
		if math.IsNaN(d) {
			continue
		}
		all++
		if d <= 0 {
			low++
		}
		if d >= 0 {
			high++
		}
	}
	return probe.Number(min(1, 2*stats.PermutationP(min(low, high), all))), Bootstrapped
}

// spread is the yardstick of a measure: what seeds alone make of it.
func (c *comparer) spread(m batteryMeasure) *SeedSpread {
	s := &SeedSpread{}
	squares, df := 0.0, 0.0
	for k, into := range []*[]probe.Number{&s.A, &s.B} {
		var moments stats.Moments
		*into = append(*into, m.of(c.side(k).Battery).Value)
		for _, b := range c.seeds[k] {
			*into = append(*into, m.of(b).Value)
		}
		for _, v := range *into {
			moments.Add(float64(v))
		}
		if n := moments.N(); n > 1 {
			squares += moments.Variance() * float64(n-1)
			df += float64(n - 1)
		}
	}
	if df == 0 {
		return nil
	}
	sd := math.Sqrt(squares / df)
	s.SD, s.Reach = probe.Number(sd), probe.Number(stats.StudentQuantile(0.975, df)*math.Sqrt2*sd)
	return s
}

// warn adds the doubts that belong under the result.
func (c *comparer) warn() {
	r := c.result
	seen := map[string]bool{}
	warn := func(side, w string) {
		if !seen[w] {
			seen[w] = true
			if !r.SameData && side != "" {
				w = side + ": " + w
			}
			r.Warnings = append(r.Warnings, w)
		}
	}
	for k, s := range c.sides {
		for _, w := range s.Set.Warnings {
			warn(s.Name, w)
		}
		if hidden := c.side(k).Battery; hidden.Responses.Rated < c.side(k).Hidden {
			warn("", fmt.Sprintf("%s: %d of %d hidden neurons are constant and have no AUROC", s.Name, c.side(k).Hidden-hidden.Responses.Rated, c.side(k).Hidden))
		}
	}
	switch c.Split {
	case datasets.Select:
		warn("", "measured on the select images, on which classes, directions, penalties and rankings were chosen")
	case datasets.Train:
		warn("", "measured on the images the networks were trained on")
	}
	if r.SameNetwork {
		warn("", "A and B are the same network: every difference is 0, which is all that this comparison can show")
	}
}
