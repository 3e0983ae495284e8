package reports

import (
	"math"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// fixtureTired is a network that says cat the more, the more tired it is.
func fixtureTired(t testing.TB) TiredReport {
	x := &state.TiredResult{
		Split: datasets.Confirm, HistorySplit: datasets.Select, Images: 200, Classes: []string{"cat", "dog"}, ByClass: []int{100, 100},
		Body: state.Body{Fatigue: 4, Recovery: 4, Seed: 1}, Steps: 3, Resamples: 2000, Permutations: 999, Seed: 1,
		Unchanging: state.Unchanging{Images: 5, Repeats: 1000, Row: state.SameBits{Showings: 5000, Logits: 10000}, Between: state.SameBits{Showings: 5000, Logits: 10000},
			NoFatigue: state.SameBits{Showings: 800, Logits: 1600}, Positive: state.SameBits{Showings: 5000, Logits: 10000, Differing: 9990, Answers: 812}},
		Fresh: fixtureCondition(0), Tired: fixtureCondition(0.4),
		Warnings: []string{"3 images appear in two splits"},
	}
	for _, kappa := range []float64{0, 0.25, 0.5, 1, 2, 4, 8} {
		x.Doses = append(x.Doses, state.TiredDose{Fatigue: kappa, Gain: round(1 / (1 + kappa/4)), Condition: fixtureCondition(kappa / 10)})
	}
	curve := func(measure string, percent bool, last float64, fit *ablate.DoseFit) state.TiredCurve {
		c := state.TiredCurve{Measure: measure, Percent: percent, DoseCurve: ablate.DoseCurve{N: 200, Shape: ablate.NotMonotone, Fit: fit}}
		if fit != nil {
			c.Shape = ablate.Monotone
		}
		for k := range x.Doses {
			c.Effects = append(c.Effects, within(last*float64(k)/6, 0.02))
		}
		return c
	}
	x.Curves = []state.TiredCurve{
		curve("accuracy", true, -0.4, &ablate.DoseFit{EC50: within(5.1, 0.4), Slope: within(2.2, 0.3), Plateau: within(-0.5, 0.1), Half: within(4.2, 0.3), R2: 0.994}),
		curve("recall of cat", true, 0.04, nil),
		curve("recall of dog", true, -0.8, &ablate.DoseFit{EC50: within(5.4, 0.4), Slope: within(2.4, 0.3), Plateau: within(-0.9, 0.1), Half: within(4.4, 0.3), R2: 0.991}),
		curve("logit difference", false, -3.1, &ablate.DoseFit{EC50: within(0.3, 0.02), Slope: within(1, 0.1), Plateau: within(-3.2, 0.1), Half: within(0.29, 0.02), R2: 0.999, Straight: true}),
	}
	for k, worse := range []float64{0, 0.7, 0.5, 0.4} {
		x.Course = append(x.Course, state.TiredMoment{Images: k, Gain: round(1 - 0.6*worse), Condition: fixtureCondition(worse)})
	}
	for _, rest := range []float64{0, 1, 4, 16} {
		back := round(1 - math.Exp(-rest/4))
		share := state.Share{Estimate: probe.Number(back), Low: probe.Number(round(back * 0.9)), High: probe.Number(round(back * 1.1))}
		x.Recovery.Rests = append(x.Recovery.Rests, state.RestedMoment{Rest: rest, Gain: round(0.75 + 0.25*back), Gained: back, Accuracy: share, Diff: share, Condition: fixtureCondition(round(0.4 * (1 - back)))})
	}
	x.Recovery.Tau, x.Recovery.TauRange, x.Recovery.Half, x.Recovery.HalfDiff = 4, [2]probe.Number{4, 4}, 2.8, 2.8
	tested := func(x, half, p float64) state.TestedEffect {
		return state.TestedEffect{Interval: within(x, half), P: probe.Number(p), Adjusted: probe.Number(round(min(1, 1.2*p)))}
	}
	x.Histories = state.Histories{Own: state.HistoryArm{Gain: 0.64, Condition: fixtureCondition(0.6)}, Other: state.HistoryArm{Gain: 0.641, Condition: fixtureCondition(0.1)},
		Mixed: state.HistoryArm{Gain: 0.633, Condition: fixtureCondition(0.4)}, Tests: 9}
	for k, n := range []int{200, 100, 100} {
		x.Histories.Effects = append(x.Histories.Effects, state.HistoryEffect{Class: k - 1, N: n, Accuracy: within(-0.14, 0.03),
			Diff: tested(-0.21, 0.02, 0.001), Uniform: tested(-0.014, 0.02, 0.2), Specific: tested(-0.196, 0.02, 0.001)})
	}
	global := func(doses []float64, zero int) state.GlobalCurve {
		g := state.GlobalCurve{Doses: doses}
		for k := range doses {
			g.Fresh = append(g.Fresh, fixtureCondition(round(0.1*math.Abs(float64(k-zero)))))
			g.Tired = append(g.Tired, fixtureCondition(round(max(0, 0.4-0.3*float64(k-zero)))))
		}
		return g
	}
	x.Arousal, x.Noise = global([]float64{-0.5, 0, 0.5, 1}, 1), global([]float64{0, 0.5, 1, 2}, 0)
	x.Noise.Curves = []state.TiredCurve{curve("accuracy", true, -0.2, nil)}
	x.Controls = state.TiredControls{Frozen: state.SameBits{Showings: 200, Logits: 400},
		Uniform:  state.SpreadControl{Gain: 0.633, Condition: fixtureCondition(0.38), BeyondDiff: tested(-0.1, 0.01, 0.001), BeyondAccuracy: tested(0.008, 0.015, 0.35)},
		Matched:  state.SpreadControl{Gain: 0.595, Condition: fixtureCondition(0.42), BeyondDiff: tested(-0.05, 0.01, 0.001), BeyondAccuracy: tested(0.019, 0.016, 0.02)},
		Shuffled: state.ShuffleControl{Shuffles: 39, Accuracy: [3]float64{-0.12, -0.16, -0.09}, Diff: [3]float64{-6.1, -6.2, -6}, AccuracyP: 0.3, DiffP: 0.025, Recalls: []float64{0.03, -0.28}}}
	r := TiredReport{Result: x, Source: fixtureSource(t, "neuroprobe state tired --steps 3")}
	for l, units := range []int{0, 16, 32, 64} {
		if l == 0 {
			continue // the input
		}
		x.Layers = append(x.Layers, state.LayerFatigue{Layer: l, Name: r.Network.Layer(l).Name, Neurons: units, Gain: round(0.2 * float64(l)), Only: fixtureCondition(round(0.1 / float64(l))),
			AmongAccuracy: within(-0.09/float64(l), 0.02), AmongDiff: within(-1.1/float64(l), 0.03), Rho: probe.Number(round(1 - 0.02*float64(l)))})
		for u := range units {
			size := round(0.12 * math.Cos(float64(u)) / float64(l))
			n := state.NeuronFatigue{Address: model.Neuron(l, u), Layer: r.Network.Layer(l).Name, Gain: round(0.2 * float64(l)), Alone: tested(-3*math.Abs(size), 0.03, 0.001), Among: tested(size, 0.01, round(0.03*math.Exp(-30*math.Abs(size)))),
				AloneAccuracy: within(-0.003, 0.006), AmongAccuracy: within(size/2, 0.02), Lesion: within(-4*math.Abs(size), 0.04), Moved: true}
			if u == 9 {
				n = state.NeuronFatigue{Address: n.Address, Layer: n.Layer, Gain: 1, Alone: state.TestedEffect{P: probe.Undefined, Adjusted: probe.Undefined}, Among: state.TestedEffect{P: probe.Undefined, Adjusted: probe.Undefined}}
			}
			x.Neurons = append(x.Neurons, n)
		}
	}
	rho := func(x float64) state.Correlation {
		return state.Correlation{Neurons: 176, R: probe.Number(x), Low: probe.Number(x - 0.01), High: probe.Number(x + 0.01), P: 0.001}
	}
	x.Map = state.FatigueMap{Tested: 109, Flips: 2180, Alone: 109, Among: 80, HarmfulAmong: 61, SumAlone: within(-13.4, 0.4), Whole: within(-6.2, 0.2),
		AloneLesion: rho(0.95), AmongLesion: rho(0.81), AloneScaled: rho(0.98), AloneFatigue: rho(0.74)}
	return r
}

// fixtureCondition is a state in which so much, from 0 to 1, of the dogs are called cats.
func fixtureCondition(worse float64) state.Condition {
	level := func(fresh, change, half float64) state.Level {
		l := state.Level{Interval: within(fresh+change, half), Change: within(change, half)}
		if change == 0 {
			l.Change = ablate.Interval{}
		}
		return l
	}
	c := state.Condition{
		Accuracy: level(0.96, -0.45*worse, 0.03), Balanced: level(0.96, -0.45*worse, 0.03), Confidence: level(0.97, -0.4*worse, 0.01), LogitDiff: level(6.5, -6*worse, 0.2),
		Recall:      []state.Level{level(0.96, 0.04*worse, 0.03), level(0.96, -0.94*worse, 0.04)},
		Answers:     []state.Level{level(0.5, 0.49*worse, 0.04), level(0.5, -0.49*worse, 0.04)},
		LogitDiffOf: []state.Level{level(6.5, -6*worse, 0.2), level(6.5, -6*worse, 0.2)},
		AUROC:       probe.Number(round(0.997 - 0.02*worse)), AUROCEnds: [2]probe.Number{probe.Number(round(0.99 - 0.03*worse)), probe.Number(round(0.999 - 0.01*worse))},
		Suffers: 1, Gap: within(-0.98*worse, 0.05), P: 0.001, Adjusted: 0.0012,
	}
	if worse == 0 {
		c.Suffers, c.Gap, c.P, c.Adjusted = -1, ablate.Interval{}, 1, 1
	}
	return c
}
