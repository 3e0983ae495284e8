package reports

import (
	"math"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
	"neuroprobe/datasets"
	"neuroprobe/model"
)

// fixtureAsync is an experiment from rest, where the network says cat.
func fixtureAsync(t testing.TB) AsyncReport {
	span := func(x, half float64) *ablate.Interval { i := within(x, half); return &i }
	group := func(name string, n, must int, decision, change float64) state.AsyncGroup {
		g := state.AsyncGroup{Name: name, N: n, Decision: within(decision, 0.2), Settling: within(16.8, 0.1), Wrong: within(0.9*decision, 0.2),
			Begins: within(float64(must)/float64(n), 0.05), Ever: within(float64(must)/float64(n)+0.01, 0.05), Detour: within(0.014, 0.006), Changes: within(0.5, 0.06), MustChange: must, Other: "cat", Others: 8 * must}
		if must > 0 {
			g.Change = span(change, 0.19)
		}
		return g
	}
	x := state.Async{Rule: state.Rule{Order: state.RandomOrder, Part: 0.1}, From: state.FromRest, Orders: 8, Split: datasets.Confirm, Images: 100, Of: 200,
		Classes: []string{"cat", "dog"}, Depth: 4, Neurons: 114, Tick: 0.1, Identical: 2364, StartAnswers: []int{800, 0, 0}, Accuracy: 0.96,
		All:          group("all", 100, 51, 1.6, 3.08),
		Decisions:    state.AsyncSpread{Median: 1.9, Low: 0, High: 4.5},
		Settlings:    state.AsyncSpread{Median: 16.6, Low: 13, High: 21.3},
		Gap:          within(15.2, 0.2),
		ByClass:      []state.AsyncGroup{group("cat", 50, 2, 0.24, 4.9), group("dog", 50, 49, 3, 3.02)},
		ByAnswer:     []state.AsyncGroup{group("cat", 49, 0, 0.12, 0), group("dog", 51, 51, 3.08, 3.08)},
		ByOutcome:    []state.AsyncGroup{group("right", 99, 50, 1.6, 3), group("wrong", 1, 1, 3.3, 4.9)},
		ByStart:      []state.AsyncGroup{group("begin with their answer", 49, 0, 0.12, 0), group("begin with another", 51, 51, 3.08, 3.08)},
		ByDifficulty: []state.AsyncGroup{group("hard", 38, 19, 2.05, 3.8), group("medium", 30, 16, 1.5, 2.8), group("easy", 32, 16, 1.25, 2.5)},
		Difficulty: state.AsyncDifficulty{Cuts: [2]float64{5.9, 7.9}, Select: 60, Within: &state.AsyncCorrelation{Images: "all, within answers", Time: "decision", N: 100, Rho: within(-0.64, 0.07)},
			Correlations: []state.AsyncCorrelation{{Images: "all", Time: "decision", N: 100, Rho: within(-0.29, 0.12)}, {Images: "all", Time: "settling", N: 100, Rho: within(-0.07, 0.13)},
				{Images: "settled on dog", Time: "decision", N: 51, Rho: within(-0.81, 0.06)}}},
		Tests: []state.AsyncTest{{Name: "decision time by class", Difference: span(2.73, 0.24), P: 0.001, Adjusted: 0.0015}, {Name: "decision time by settled answer", Difference: span(2.96, 0.21), P: 0.001, Adjusted: 0.0015},
			{Name: "decision time by margin, within answers", P: 0.04, Adjusted: 0.04}},
		Missed: span(0.125, 0.1),
		Variances: []state.AsyncVariance{{Images: 100, Orders: 8, ImageSD: within(1.65, 0.16), OrderSD: within(0.86, 0.15), Share: within(0.21, 0.05)},
			{Shared: true, Images: 100, Orders: 8, ImageSD: within(1.48, 0.13), OrderSD: within(0.75, 0.13), Share: within(0.2, 0.05), Common: span(0.022, 0.008)},
			{Changing: true, Images: 51, Orders: 8, ImageSD: within(0.99, 0.28), OrderSD: within(0.91, 0.15), Share: within(0.46, 0.1)},
			{Changing: true, Shared: true, Images: 51, Orders: 8, ImageSD: within(0.85, 0.23), OrderSD: within(0.79, 0.12), Share: within(0.465, 0.08), Common: span(0.21, 0.08)}},
		AfterSame:  &state.AsyncGroup{N: 58, Decision: ablate.Interval{Estimate: 0.05, Low: 0, High: 0.16}},
		AfterOther: &state.AsyncGroup{N: 42, Decision: within(4.64, 0.25)},
		Sham:       state.AsyncSham{Images: 64, Updates: 7296},
		Resamples:  2000, Permutations: 999, Seed: 1}
	for k := range 20 {
		f := float64(k)
		share := round(0.5 + 0.5/(1+math.Exp(3-f)))
		x.Course = append(x.Course, state.AsyncPoint{Time: round(1.2 * f), Accuracy: within(round(0.96*share), 0.03), Final: within(share, 0.02), Decided: within(round(share-0.01), 0.02),
			Settled: within(round(1/(1+math.Exp(14-f))), 0.01), Margin: within(round(6.5*(2*share-1)), 0.3)})
	}
	for k, name := range []string{"conv1", "conv2", "conv3", "dense4"} {
		x.Layers = append(x.Layers, state.AsyncLayer{Layer: k + 1, Name: name, Units: []int{16, 32, 64, 2}[k], Time: within([]float64{3.2, 7.2, 11.6, 13}[k], 0.06)})
	}
	arm := func(rule state.Rule, from state.AsyncStart, must int, decision, settling float64) state.AsyncArm {
		return state.AsyncArm{Name: rule.String(), Rule: rule, From: from, Images: 100, Orders: 1, Decision: within(round(decision/2), 0.2), Settling: within(settling, 0.1), Detour: within(0.01, 0.005), MustChange: must,
			Changing: span(decision, 0.1), Change: span(round(decision/2-1.6), 0.2), Answers: span(round(decision-0.1), 0.3), LatestDecision: round(decision + 0.5), LatestSettling: round(settling + 4)}
	}
	x.Arms = []state.AsyncArm{arm(x.Rule, state.FromRest, 51, 3.08, 16.8), arm(state.Rule{Order: state.RandomOrder, Part: 1}, state.FromRest, 51, 4, 4), arm(state.Rule{Order: state.ForwardOrder}, state.FromRest, 51, 1, 1),
		arm(state.Rule{Order: state.BackwardOrder}, state.FromRest, 51, 3.25, 3.25), arm(x.Rule, state.FromSilence, 100, 1.7, 17), arm(x.Rule, state.FromPrevious, 42, 4.64, 17)}
	x.Arms[0].Change, x.Arms[0].Orders = nil, 8
	for k := range x.Arms[2:4] {
		x.Arms[2+k].LatestDecision, x.Arms[2+k].LatestSettling = []float64{1, 3.25}[k], []float64{1, 3.25}[k]
	}
	x.Example = &state.AsyncExample{Image: 453, Name: "confirm/00193", Label: 1, Answer: 1, Margin: 7.9}
	for k := range 5 {
		f := float64(k)
		x.Example.Tracks = append(x.Example.Tracks, []state.Track{{Time: 0, Margin: -1}, {Time: round(1.5 + f/3), Margin: 0.4}, {Time: round(2 + f/2), Margin: -0.3}, {Time: round(3 + f/2), Margin: round(2 + f/4)}, {Time: 9, Margin: 7.9}, {Time: round(16 + f), Margin: 7.9}})
	}
	for k := range 100 {
		f := float64(k)
		x.Dots = append(x.Dots, state.AsyncDot{Margin: round(0.1 + 0.12*f), Decision: round(float64(k%2) * (2.4 + 4/(1+f/10))), Answer: k % 2, Changing: k%2 == 1})
	}
	return AsyncReport{Result: x, Source: fixtureSource(t, "neuroprobe state async --images 100")}
}

// lesioned are lesions of a neuron of the fixture.
var lesioned = []model.Address{model.Neuron(3, 17)}
