package state

import (
	"context"
	"math"
	"slices"

	"neuroprobe/ablate"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/kernel"
	"neuroprobe/probe"
)

// neurons maps whose fatigue matters: for every hidden neuron, only it tired in a fresh network, only it fresh in
// the tired one, and its zero lesion, each on every image with the gains of the subject that is tested with it.
func (t *tiring) neurons(ctx context.Context, r *TiredResult) error {
	m := t.arms()
	arms := []model.Arm{{Edits: t.edits}, {Edits: t.with(m.gains, -1)}}
	for k := range m.all {
		arms = append(arms, model.Arm{Edits: append([]model.Edit{m.gains[k]}, t.edits...)})
	}
	for k := range m.all {
		arms = append(arms, model.Arm{Edits: append([]model.Edit{model.Zero(m.all[k])}, t.edits...)})
	}
	for k := range m.all {
		arms = append(arms, model.Arm{Edits: t.with(m.gains, k)})
	}
	var diff, correct [][]float64
	err := t.Sweep(ctx, "neurons", arms, nil, func(_ int, o *ablate.Outcomes) {
		diff, correct = append(diff, wide(o.Diff)), append(correct, wide(o.Correct))
	})
	if err != nil {
		return err
	}
	n := len(m.all)
	changes := func(columns [][]float64) (alone, among, lesion [][]float64) {
		for k := range n {
			alone = append(alone, minus(columns[2+k], columns[0]))
			lesion = append(lesion, minus(columns[2+n+k], columns[0]))
			among = append(among, minus(columns[1], columns[2+2*n+k]))
		}
		return alone, among, lesion
	}
	alone, among, lesion := changes(diff)
	rightAlone, rightAmong, _ := changes(correct)
	r.Map.Whole = estimates(t.bootstrap(), t.Images, stats.MeanOf(minus(diff[1], diff[0])))[0]
	t.progress("testing neurons", 0, 1)
	r.Neurons = t.fatigues(m, [5][][]float64{alone, among, lesion, rightAlone, rightAmong})
	t.test1(r, alone, among)
	t.correlate(r, alone, among, lesion)
	return ctx.Err()
}

// fatigueArms are the neurons that can tire and are not under lesion, each with its gain as an edit.
type fatigueArms struct {
	all   []model.Address
	gains []model.Edit
}

func (t *tiring) arms() fatigueArms {
	var m fatigueArms
	subject := make([]int, t.Images) // of an image in the test
	for s := range t.Images {
		subject[t.plan.image(t.o.Steps, s)] = s
	}
	for _, l := range Tiring(t.Network) {
		for u := range t.Network.Geometry(l).Act[0] {
			a := model.Neuron(l, u)
			if t.lesioned(a) {
				continue
			}
			gains := make([]float32, t.Images)
			for i, s := range subject {
				gains[i] = float32(t.worked.Gain(l, u, s))
			}
			m.all = append(m.all, a)
			m.gains = append(m.gains, model.Edit{Target: a, Keep: model.Level{Values: gains, PerImage: true}, Fill: model.Constant(0)})
		}
	}
	return m
}

// lesioned tells whether a neuron is under lesion, wholly.
func (t *tiring) lesioned(a model.Address) bool {
	return slices.ContainsFunc(t.o.Lesions, func(l model.Address) bool {
		return l.Layer == a.Layer && (l.Unit == a.Unit || l.Unit == model.AllUnits) && l.Row == model.AllPositions
	})
}

// with are all gains but one, and the lesions.
func (t *tiring) with(gains []model.Edit, but int) []model.Edit {
	out := make([]model.Edit, 0, len(gains)+len(t.edits))
	for k, g := range gains {
		if k != but {
			out = append(out, g)
		}
	}
	return append(out, t.edits...)
}

func wide(values []float32) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}

// fatigues are the effects of all neurons with their intervals, from columns of changes.
func (t *tiring) fatigues(m fatigueArms, columns [5][][]float64) []NeuronFatigue {
	out := make([]NeuronFatigue, len(m.all))
	var ends [5][]stats.Interval
	kernel.Parallel(t.Workers, len(columns), func(_, c int) { ends[c] = t.bootstrap().Means(columns[c]...) })
	for k, a := range m.all {
		of := func(c int) ablate.Interval {
			return ablate.Interval{Estimate: stats.Mean(columns[c][k]), Low: ends[c][k].Low, High: ends[c][k].High}
		}
		out[k] = NeuronFatigue{Address: a, Layer: t.Network.Layer(a.Layer).Name, Gain: stats.Mean(wide(m.gains[k].Keep.Values)),
			Alone: TestedEffect{Interval: of(0)}, Among: TestedEffect{Interval: of(1)}, Lesion: of(2), AloneAccuracy: of(3), AmongAccuracy: of(4)}
	}
	return out
}

// still is up to which change of a logit difference counts as none: the rounding of sums of 32 bits.
const still = 1e-5

// test1 tests every neuron that moves something, alone and among the others, each family for itself.
func (t *tiring) test1(r *TiredResult, alone, among [][]float64) {
	for k := range r.Neurons {
		moved := func(column []float64) bool {
			return slices.ContainsFunc(column, func(v float64) bool { return math.Abs(v) > still })
		}
		r.Neurons[k].Moved = moved(alone[k]) || moved(among[k])
		if r.Neurons[k].Moved {
			r.Map.Tested++
		}
	}
	// No neuron could pass the correction by itself if p could not fall below 0.05 / tests.
	flips := stats.Permutations{Count: max(t.Permutations, 20*r.Map.Tested), Seed: t.Seed}
	r.Map.Flips = flips.Count
	kernel.Parallel(t.Workers, 2*len(r.Neurons), func(_, task int) {
		u, effect, column := &r.Neurons[task/2], &r.Neurons[task/2].Alone, alone[task/2]
		if task%2 == 1 {
			effect, column = &u.Among, among[task/2]
		}
		effect.P, effect.Adjusted = probe.Undefined, probe.Undefined
		if u.Moved {
			effect.P = probe.Number(flips.SignFlip(column))
		}
	})
	var families [2][]*TestedEffect
	for k := range r.Neurons {
		families[0], families[1] = append(families[0], &r.Neurons[k].Alone), append(families[1], &r.Neurons[k].Among)
	}
	for _, f := range families {
		adjust(f)
	}
	for k := range r.Neurons {
		u := &r.Neurons[k]
		if u.Alone.Found() {
			r.Map.Alone++
		}
		if u.Among.Found() {
			r.Map.Among++
			if u.Among.Estimate < 0 {
				r.Map.HarmfulAmong++
			}
		}
	}
}

// Found tells whether the effect passes the correction and its interval excludes 0.
func (e TestedEffect) Found() bool {
	return e.Adjusted.Defined() && e.Adjusted < probe.Alpha && (e.Low > 0 || e.High < 0)
}

// correlate asks whether a lesion predicts what fatigue does.
func (t *tiring) correlate(r *TiredResult, alone, among, lesion [][]float64) {
	n := len(r.Neurons)
	lost := make([]float64, n)
	for k := range r.Neurons {
		lost[k] = 1 - r.Neurons[k].Gain
	}
	means := func(columns [][]float64, counts []float64) []float64 {
		out := make([]float64, n)
		for k := range out {
			out[k] = stats.MeanOf(columns[k])(counts)
		}
		return out
	}
	whole := make([]float64, t.Images)
	for i := range whole {
		whole[i] = 1
	}
	compute := func(counts, into []float64) {
		a, b, l := means(alone, counts), means(among, counts), means(lesion, counts)
		scaled, size, sum := make([]float64, n), make([]float64, n), 0.0
		for k := range a {
			scaled[k], size[k], sum = l[k]*lost[k], math.Abs(a[k]), sum+a[k]
		}
		into[0], into[1], into[2], into[3], into[4] = stats.Spearman(a, l), stats.Spearman(b, l), stats.Spearman(a, scaled), stats.Spearman(size, lost), sum
	}
	best := make([]float64, 5)
	compute(whole, best)
	ends := t.bootstrap()
	ends.Resamples = min(ends.Resamples, fitResamples)
	limits := ends.Several(t.Images, 5, compute)
	r.Map.SumAlone = ablate.Interval{Estimate: best[4], Low: limits[4].Low, High: limits[4].High}
	a, b, l := means(alone, whole), means(among, whole), means(lesion, whole)
	scaled, size := make([]float64, n), make([]float64, n)
	for k := range a {
		scaled[k], size[k] = l[k]*lost[k], math.Abs(a[k])
	}
	for k, c := range []*Correlation{&r.Map.AloneLesion, &r.Map.AmongLesion, &r.Map.AloneScaled, &r.Map.AloneFatigue} {
		x, y := [][]float64{a, b, a, size}[k], [][]float64{l, l, scaled, lost}[k]
		*c = Correlation{n, probe.Number(best[k]), probe.Number(limits[k].Low), probe.Number(limits[k].High), probe.Number(t.rankP(x, y))}
	}
	for k := range r.Layers {
		var x, y []float64
		for u := range r.Neurons {
			if r.Neurons[u].Address.Layer == r.Layers[k].Layer {
				x, y = append(x, a[u]), append(y, l[u])
			}
		}
		r.Layers[k].Rho = probe.Number(stats.Spearman(x, y))
	}
}

// rankP is the two-sided p of a rank correlation, by permuting neurons.
func (t *tiring) rankP(x, y []float64) float64 {
	observed, extreme := math.Abs(stats.Spearman(x, y)), 0
	rx, ry, moved := stats.Midranks(x), stats.Midranks(y), make([]float64, len(y))
	t.permutations().Shuffle(len(y), func(order []int) {
		for i, k := range order {
			moved[i] = ry[k]
		}
		if math.Abs(stats.Pearson(rx, moved)) >= observed*(1-1e-12) {
			extreme++
		}
	})
	if math.IsNaN(observed) {
		return 1
	}
	return stats.PermutationP(extreme, t.Permutations)
}
