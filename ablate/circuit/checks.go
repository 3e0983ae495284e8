package circuit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// secondPairs is how many pairs the references beside the main one are checked on at most.
const secondPairs = 200

// checked is a check with what only the main reference's is asked for.
type checked struct {
	Check      Check
	Minimal    []ablate.Interval
	Identities Identities
}

// checks runs the circuit alone under each reference.
func (f *finder) checks(ctx context.Context) error {
	references := []Against{f.Against}
	for _, a := range []Against{Mean, Zero, Resample} {
		if a != f.Against {
			references = append(references, a)
		}
	}
	for k, a := range references {
		c, err := ablate.Part(f.parts, "circuit check "+string(a), func() (checked, error) { return f.check(ctx, a) })
		if errors.Is(err, errNoPairs) && k > 0 { // the circuit does not hang on it
			f.warnf("not checked against %s: %v", a, err)
			continue
		}
		if err != nil {
			return err
		}
		f.result.Checks = append(f.result.Checks, c.Check)
		if k == 0 {
			f.result.Minimal, f.result.Identities = c.Minimal, c.Identities
		}
		f.result.Identities.WholeWorst = max(f.result.Identities.WholeWorst, c.Identities.WholeWorst)
		f.result.Identities.NoneWorst = max(f.result.Identities.NoneWorst, c.Identities.NoneWorst)
	}
	return nil
}

// check is one reference's.
func (f *finder) check(ctx context.Context, against Against) (checked, error) {
	t := f.measured
	if against != f.Against {
		var err error
		if t, err = f.Task(ctx, f.Split, against); err != nil {
			return checked{}, err
		}
		t = t.first(secondPairs)
	}
	// Neighbours differ in few edges, those nearest the output first: the least is computed anew.
	alone := f.Mask(f.wiring.Edges)
	masks := []*model.Mask{f.Network.NewMask(true), f.Network.NewMask(false), alone.Complement(), alone}
	ys, err := t.Run(ctx, "checking against "+string(against), masks)
	if err != nil {
		return checked{}, err
	}
	without, err := f.without(ctx, t, alone)
	if err != nil {
		return checked{}, err
	}
	whole, none, rest, y := ys[0], ys[1], ys[2], ys[3]
	out := checked{}
	if out.Identities, err = t.identities(ctx, whole, none); err != nil {
		return out, err
	}
	s := newScale(whole, none, f.bootstrap())
	numerators := [][]float64{minus(y, none), minus(rest, none)}
	for _, v := range without {
		numerators = append(numerators, minus(y, v))
	}
	intervals := s.intervals(f.bootstrap(), numerators...)
	out.Minimal = intervals[2:]
	out.Check = Check{Against: against, Pairs: t.Len(), Whole: stats.Mean(whole), Corrupted: stats.Mean(none), Alone: stats.Mean(y), Defined: s.defined,
		Faithfulness: intervals[0], Completeness: intervals[1]}
	for _, i := range out.Minimal {
		if i.Low > 0 {
			out.Check.Needed++
		}
	}
	if err := f.atRandom(ctx, t, s, &out.Check); err != nil {
		return out, err
	}
	return out, f.everywhere(ctx, against, alone, &out.Check)
}

// minimalChunk is how many circuits without one edge are laid out at a time: a mask is as large as the network.
const minimalChunk = 256

// without is y by pair of the circuit without each of its edges, in their order.
func (f *finder) without(ctx context.Context, t *Task, alone *model.Mask) ([][]float64, error) {
	places := make([]int, len(f.wiring.Edges))
	for k := range places {
		places[k] = k
	}
	slices.SortFunc(places, func(a, b int) int { return f.wiring.Edges[b] - f.wiring.Edges[a] })
	out, done := make([][]float64, len(places)), 0
	for part := range slices.Chunk(places, minimalChunk) {
		var masks []*model.Mask
		for _, k := range part {
			m := alone.Clone()
			m.Set(f.Edges[f.wiring.Edges[k]], false)
			masks = append(masks, m)
		}
		ys, err := t.Run(ctx, fmt.Sprintf("against %s, without edge %d of %d", t.Against, done+1, len(places)), masks)
		if err != nil {
			return nil, err
		}
		for i, k := range part {
			out[k] = ys[i]
		}
		done += len(part)
	}
	return out, nil
}

// atRandom compares with random circuits of as many edges from layer to layer.
func (f *finder) atRandom(ctx context.Context, t *Task, s *scale, c *Check) error {
	var faithful, complete []float64
	if s.defined && f.random > 0 {
		masks := f.draw(f.wiring.Edges, f.random, 0)
		for _, m := range masks[:f.random] {
			masks = append(masks, m.Complement())
		}
		ys, err := t.Run(ctx, "random circuits against "+string(c.Against), masks)
		if err != nil {
			return err
		}
		for k := range f.random {
			faithful = append(faithful, s.faithfulness(ys[k]))
			complete = append(complete, s.faithfulness(ys[f.random+k]))
		}
	}
	c.Random, c.RandomComplete = spread(faithful), spread(complete)
	c.FaithfulnessP = randomP(faithful, func(v float64) bool { return v >= c.Faithfulness.Estimate })
	c.CompletenessP = randomP(complete, func(v float64) bool { return abs(v) <= abs(c.Completeness.Estimate) })
	if c.RestCut = f.cut(); c.RestCut {
		c.CompletenessP = probe.Undefined
	}
	return nil
}

// cut tells whether the circuit leaves no path through all other edges.
func (f *finder) cut() bool {
	var rest []int
	alone := f.Mask(f.wiring.Edges)
	for e, edge := range f.Edges {
		if !alone.Kept(edge) {
			rest = append(rest, e)
		}
	}
	return len(f.prune(rest)) == 0
}

// everywhere runs the circuit alone on images of all classes of the split: one that always says "dog"
// is faithful on dogs.
func (f *finder) everywhere(ctx context.Context, against Against, alone *model.Mask, c *Check) error {
	lo, hi := f.Set.Range(f.Split)
	images, ref, err := f.counterparts(ctx, against)
	if err != nil {
		return err
	}
	classes := len(f.Network.Classes)
	whole, part := make([]float32, (hi-lo)*classes), make([]float32, (hi-lo)*classes)
	o := model.MaskOptions{Workers: f.Workers, Progress: func(done, total int) { f.progress("images of all classes against "+string(against), done, total) }}
	err = f.Network.RunMasked(ctx, images, ref, []*model.Mask{f.Network.NewMask(true), alone}, o, func(first, _, mask int, logits []float32) {
		copy([][]float32{whole, part}[mask][first*classes:], logits)
	})
	if err != nil {
		return err
	}
	var x, y []float64
	agree, right, rightWhole := 0, 0, 0
	for i, label := range f.Set.Labels[lo:hi] {
		a, b := whole[i*classes:(i+1)*classes], part[i*classes:(i+1)*classes]
		x, y = append(x, f.Y(a)), append(y, f.Y(b))
		said, saidAlone := model.Answer(a), model.Answer(b)
		agree, right, rightWhole = agree+count(said == saidAlone), right+count(saidAlone == label), rightWhole+count(said == label)
	}
	n := float64(hi - lo)
	c.Images, c.Correlation, c.Agreement = hi-lo, probe.Number(stats.Pearson(x, y)), probe.Number(float64(agree)/n)
	c.Accuracy, c.WholeAccuracy = probe.Number(float64(right)/n), probe.Number(float64(rightWhole)/n)
	return nil
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// counterparts are all images of the split, and what corrupted edges carry on them: against Twins the
// target feature flipped, of a class a random feature; against Resample a random image of another class.
func (f *finder) counterparts(ctx context.Context, against Against) ([]float32, model.Reference, error) {
	lo, hi := f.Set.Range(f.Split)
	images := f.Set.Images[lo*f.Set.ImageSize() : hi*f.Set.ImageSize()]
	if !against.images() {
		return images, (&Task{Preparation: f.Preparation, Against: against}).Reference(), nil
	}
	var ref model.Reference
	for i := lo; i < hi; i++ {
		if err := ctx.Err(); err != nil {
			return nil, ref, err
		}
		r := rand.New(rand.NewPCG(f.Seed+uint64(i), 0x65766572)) // "ever"
		if against == Twins {
			feature := f.Goal.Feature
			if !f.Goal.IsFeature() {
				feature = r.IntN(len(f.Set.Features))
			}
			ref.Images = append(ref.Images, f.Set.Twin(i, feature)...)
			continue
		}
		ref.Images = append(ref.Images, f.Set.Image(another(f.Set, lo, hi, i, r))...)
	}
	return images, ref, nil
}

// another is a random image of [lo, hi) of another class than image i's; any where there is only one class.
func another(set *datasets.Set, lo, hi, i int, r *rand.Rand) int {
	start := r.IntN(hi - lo)
	for d := range hi - lo {
		if k := lo + (start+d)%(hi-lo); set.Labels[k] != set.Labels[i] {
			return k
		}
	}
	return lo + start
}
