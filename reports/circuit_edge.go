package reports

import (
	"fmt"
	"math"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/ablate/circuit"
	"neuroprobe/probe"
)

// CircuitEdgeReport is what path patching along one edge hands in.
type CircuitEdgeReport struct {
	Result *circuit.EdgeResult
	Source
}

// CircuitEdge is the entry of path patching along one edge.
func CircuitEdge(r CircuitEdgeReport) Entry {
	x := r.Result
	return Entry{
		Kind:       "circuit-edge",
		Slug:       Slug("edge", strings.Replace(x.Name, "->", "-", 1)),
		Title:      fmt.Sprintf("Edge %s (%s to %s)", x.Name, x.Sender.Layer, x.Receiver.Layer),
		Question:   fmt.Sprintf("What reaches %s through the edge %s alone?", r.y(), x.Name),
		Answer:     r.answer(),
		Method:     r.method(),
		Sections:   nonEmpty(r.effectSection(), r.contextSection(), r.answersSection(), r.intoSection(), r.matchedSection(), r.doseSection(), r.positionsSection()),
		Exclusions: r.exclusions(),
		Caveats:    r.caveats(),
		Provenance: r.provenance(x.Split, x.Seed, Fact{"target", x.Target.Name}, Fact{"metric", x.Metric}, Fact{"leading corruption", string(r.lead().Against)},
			Fact{"bootstrap resamples", Count(x.Resamples)}, Fact{"sign flips", Count(x.Permutations)}),
		Run:  r.Run,
		Data: x,
	}
}

func (r CircuitEdgeReport) lead() circuit.EdgeKind { return r.Result.Kinds[0] }

// y says what y is.
func (r CircuitEdgeReport) y() string {
	return yPhrase(r.Result.Metric, r.Result.Class, r.Set.Classes)
}

// edgeCarries says what a corrupted edge carries, after "carries".
func edgeCarries(a circuit.Against) string {
	switch a {
	case circuit.Twins:
		return "what it carries on the image's twin"
	case circuit.Resample:
		return "what it carries on another image"
	case circuit.Mean:
		return "its mean over the select images, position by position"
	}
	return "nothing"
}

func edgeWords(i ablate.Interval) string {
	return fmt.Sprintf("%s (95 %% interval %s)", Signed(noDust(i.Estimate)), SignedInterval(i.Low, i.High))
}

func edgeShare(e circuit.EdgeEffect) (share, span string) {
	return finePercent(float64(e.Share)), edgeSpan(e.ShareLow, e.ShareHigh)
}

func edgeSpan(low, high probe.Number) string {
	return unit(Interval(100*float64(low), 100*float64(high)), "%")
}

// finePercent is Percent with three significant figures for shares that are small.
func finePercent(x float64) string {
	if math.Abs(x) < 0.1 {
		return unit(Number(noDust(100*x)), "%")
	}
	return Percent(x)
}

func (r CircuitEdgeReport) answer() string {
	x, k := r.Result, r.lead()
	var said string
	if k.Noising.Told() {
		said = fmt.Sprintf("When %s alone carries %s, %s changes by %s", x.Name, edgeCarries(k.Against), r.y(), edgeWords(k.Noising.Effect))
		if share, span := edgeShare(k.Noising); share != Missing {
			said += fmt.Sprintf(", which is %s (%s) of what all edges together carry", share, span)
		}
	} else {
		said = fmt.Sprintf("No effect of %s alone on %s can be told from 0: when it carries %s, y changes by %s", x.Name, r.y(), edgeCarries(k.Against), edgeWords(k.Noising.Effect))
	}
	said += fmt.Sprintf(", on %s of the %s split", plural(k.Pairs, "image"), x.Split)
	var ranks []string
	if len(x.Into.Edges) > 0 {
		ranks = append(ranks, fmt.Sprintf("%d of %d among the edges into %s", x.Into.Rank, len(x.Into.Edges)+1, x.Receiver.ID))
	}
	if len(x.Matched.Edges) > 0 {
		ranks = append(ranks, fmt.Sprintf("%d of %d among edges that carry about as much", x.Matched.Rank, len(x.Matched.Edges)+1))
	}
	if len(ranks) > 0 {
		said += "; its rank is " + enumerate(ranks)
	}
	return strings.TrimSpace(said + ". " + r.agreement())
}

// agreement says whether the kinds of corruption agree.
func (r CircuitEdgeReport) agreement() string {
	x := r.Result
	disagree, opposite := 0, 0
	for _, c := range x.Contrasts {
		if c.Verdict.Disagree() {
			disagree++
		}
		if c.Verdict == ablate.Opposite {
			opposite++
		}
	}
	switch {
	case len(x.Contrasts) == 0:
		return ""
	case disagree == 0:
		return fmt.Sprintf("The %d kinds of corruption do not contradict each other.", len(x.Kinds))
	case opposite == 0:
		return fmt.Sprintf("The kinds of corruption agree on the direction, but not on the size: %d of %d comparisons lie apart.", disagree, len(x.Contrasts))
	}
	return fmt.Sprintf("The kinds of corruption disagree: %d of %d comparisons lie apart, %d of them with opposite signs.", disagree, len(x.Contrasts), opposite)
}

func (r CircuitEdgeReport) method() string {
	x := r.Result
	var s strings.Builder
	fmt.Fprintf(&s, "Path patching (Goldowsky-Dill et al. 2023) along one edge. The edge %s is what %s contributes to the pre-activation of %s. Corrupted, this contribution and nothing else takes another value; "+
		"%s goes on as it is to all other receivers, and what follows %s is computed anew. ", x.Name, x.Sender.ID, x.Receiver.ID, x.Sender.ID, x.Receiver.ID)
	fmt.Fprintf(&s, "y is %s. Clean images are %s. ", r.y(), r.images())
	s.WriteString("Noising corrupts the edge in the clean run; denoising restores its clean value in the corrupted run. Effect = y with the intervention − y without. ")
	for _, k := range x.Kinds {
		fmt.Fprintf(&s, "%s: the edge carries %s%s. ", capital(string(k.Against)), edgeCarries(k.Against), r.counterpart(k.Against))
	}
	s.WriteString("Shares are of clean − corrupted: y of the clean run minus y with every edge of the network corrupted the same way; noising's share is what it takes, denoising's what it gives back, each a ratio of means. ")
	fmt.Fprintf(&s, "Intervals are 95 %% bootstrap intervals over images (%s). p is a two-sided sign-flip test of the mean effect (%s), adjusted by Benjamini and Hochberg over all %s of the edge, its sender and its receiver. ",
		plural(x.Resamples, "resample"), plural(x.Permutations, "flip"), plural(x.Tests, "test"))
	fmt.Fprintf(&s, "Matched edges are chosen by what they carry on select. An effect within the rounding of 32-bit logits counts as 0. Seed %d. ", x.Seed)
	if x.Sham.Identical {
		fmt.Fprintf(&s, "Sham: the edge patched from the run itself left every logit of %s bit-identical, by the plain forward pass and by the sweep that measures all arms.", plural(x.Sham.Images, "image"))
	} else {
		s.WriteString("There was no sham arm.")
	}
	return s.String()
}

// images says which images are clean.
func (r CircuitEdgeReport) images() string {
	x := r.Result
	switch {
	case !x.Target.IsFeature():
		return fmt.Sprintf("those of %s", x.Target.Name)
	case r.Set.HasTwins():
		return fmt.Sprintf("drawn with the feature %s, all else as it is", x.Target.Name)
	}
	return fmt.Sprintf("those with the feature %s", x.Target.Name)
}

// counterpart says which image the counterpart is.
func (r CircuitEdgeReport) counterpart(a circuit.Against) string {
	t := r.Result.Target
	switch {
	case a == circuit.Twins && t.IsFeature():
		return " (the same image without the feature)"
	case a == circuit.Twins:
		return " (the same image with one feature flipped, at random among those whose state is typical of the class)"
	case a == circuit.Resample && t.IsFeature():
		return " (at random, without the feature, of the same class where there is one)"
	case a == circuit.Resample:
		return " (at random, of another class)"
	}
	return ""
}

func edgeLabel(e circuit.EdgeEnd) string {
	if e.Label == "" {
		return ""
	}
	return fmt.Sprintf(" (%s)", e.Label)
}

// edgeSign names the sign of a contribution.
func edgeSign(contribution float64) string {
	switch {
	case contribution > 0:
		return "excitatory"
	case contribution < 0:
		return "inhibitory"
	}
	return "neither excitatory nor inhibitory"
}

func (r CircuitEdgeReport) rank(c circuit.EdgeControls) string {
	n := len(c.Edges) + 1
	return fmt.Sprintf("By the size of its effect, %s has rank %d of %d (%s, which is the share with an effect at least as large and cannot be below 1/%d).", r.Result.Name, c.Rank, n, equalsP(float64(c.P)), n)
}

// shownEdges is how many other edges a table shows.
const shownEdges = 12

func (r CircuitEdgeReport) exclusions() []Exclusion {
	var out []Exclusion
	for _, k := range r.Result.Kinds {
		if k.Excluded > 0 {
			out = append(out, Exclusion{Count: k.Excluded, What: fmt.Sprintf("images without a counterpart against %s", k.Against)})
		}
	}
	return out
}

func (r CircuitEdgeReport) caveats() []string {
	c := []string{
		"The effect is of this edge alone. Where another edge stands in for it (OR), noising shows nothing and denoising all; where it needs another (AND), the reverse.",
		"An edge carries all that its sender says, not one concept: a label says what the sender is tuned to, not what passes here.",
	}
	if r.lead().Against == circuit.Zero {
		c = append(c, "A contribution of 0 is off-distribution: part of the effect may come from the missing level, which what follows is adapted to.")
	}
	return append(c,
		"The rank p compares edges of this network, which are not independent of each other; it says how usual the effect is here, and nothing of other networks.",
		"With many images even a tiny effect is detected: look at its size and its share.",
		"One network is one specimen (n = 1): images are repeated measures within it. In a network raised from another seed this edge is another one.")
}
