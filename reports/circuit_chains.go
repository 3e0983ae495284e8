package reports

import (
	"fmt"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/ablate/circuit"
	"neuroprobe/probe"
)

// ChainsReport is what a search for chains hands in.
type ChainsReport struct {
	Result circuit.ChainsResult
	Source
}

// Chains is the entry of the strongest chains from the image to an output neuron.
func Chains(r ChainsReport) Entry {
	x := &r.Result
	return Entry{
		Kind:     "chains",
		Slug:     Slug("chains", x.End),
		Title:    fmt.Sprintf("Chains of neurons to %s (%s)", x.End, x.EndClass),
		Question: fmt.Sprintf("Along which chains of neurons does the image reach output neuron %s, which speaks for %s?", x.End, x.EndClass),
		Answer:   r.answer(),
		Method:   r.method(),
		Sections: []Section{r.chainsSection(), r.bottlenecksSection(), r.linksSection(), r.neuronsSection(), r.surrogatesSection()},
		Caveats:  r.caveats(),
		Provenance: r.provenance(x.Split, x.Seed, Fact{"target", x.Target.Name}, Fact{"metric", x.Metric}, Fact{"corrupted edges carry", string(x.Against)},
			Fact{"surrogate networks", Count(x.Surrogates.Count)}, Fact{"bootstrap resamples", Count(x.Resamples)}, Fact{"sign flips", Count(x.Permutations)}),
		Exclusions: chainExclusions(x),
		Warnings:   sentences(x.Warnings),
		Run:        r.Run,
		Data:       x,
	}
}

func chainExclusions(x *circuit.ChainsResult) []Exclusion {
	if x.Excluded == 0 {
		return nil
	}
	return []Exclusion{{Count: x.Excluded, What: fmt.Sprintf("images of %s without a counterpart (%s)", x.Target.Name, x.Against)}}
}

// sentences are warnings as sentences.
func sentences(warnings []string) []string {
	var out []string
	for _, w := range warnings {
		out = append(out, sentence(w))
	}
	return out
}

// chainText is a chain in a line: "0:1 → 1:3 ⊣ 2:5 → 3:1".
func chainText(x *circuit.ChainsResult, c circuit.Chain) string {
	var b strings.Builder
	for k, n := range c.Neurons {
		if k > 0 {
			b.WriteString(arrow(x.Links[c.Links[k-1]].Excitatory()))
		}
		b.WriteString(n)
	}
	return b.String()
}

// arrow is an edge's sign in text.
func arrow(excitatory bool) string {
	if excitatory {
		return " → "
	}
	return " ⊣ "
}

// answer is the strongest chain in one sentence.
func (r ChainsReport) answer() string {
	x := &r.Result
	c := x.Chains[0]
	weakest := x.Weakest(c)
	said := fmt.Sprintf("The strongest chain is %s: cutting its weakest link, %s, changes %s by %s (95 %% interval %s) of %s on %s (n = %s)", chainText(x, c), weakest.Edge,
		yPhrase(x.Metric, x.Class, r.Set.Classes), Signed(weakest.Exact.Estimate), SignedInterval(weakest.Exact.Low, weakest.Exact.High), Number(x.Whole), x.SplitName, plural(x.Pairs, "image"))
	if !excludesZero(weakest.Exact.Low, weakest.Exact.High) {
		said += ", which is not told from 0"
	}
	if !c.P.Defined() {
		return said + "; it was not held against surrogate networks."
	}
	beaten := func(p probe.Number) bool { return float64(p) < probe.Alpha }
	p, relative := equalsP(float64(c.P)), equalsP(float64(c.RelativeP))
	said += fmt.Sprintf("; of %s with shuffled weights, the strongest chains are ", plural(x.Surrogates.Count, "network"))
	switch {
	case beaten(c.P) && beaten(c.RelativeP):
		return fmt.Sprintf("%sweaker (%s), also as shares of all that changes y (%s).", said, p, relative)
	case beaten(c.P):
		return fmt.Sprintf("%sweaker (%s), but not as shares of all that changes y (%s).", said, p, relative)
	case beaten(c.RelativeP):
		return fmt.Sprintf("%sas strong (%s), but weaker as shares of all that changes y (%s).", said, p, relative)
	}
	return fmt.Sprintf("%sas strong (%s), also as shares of all that changes y (%s).", said, p, relative)
}

func (r ChainsReport) method() string {
	x := &r.Result
	var s strings.Builder
	fmt.Fprintf(&s, "An edge is what one neuron (a channel of a convolution, a unit of a dense layer, or a channel of the image, 0:0, 0:1, …) contributes to another's pre-activation. "+
		"y of an image is %s. To corrupt an edge is to change its contribution alone: %s; everything behind it is computed anew. Its exact effect is y with the edge corrupted − y without, averaged over %s: "+
		"below 0, the edge works for y. ", yPhrase(x.Metric, x.Class, r.Set.Classes), corruptedPhrase(x.Against, x.Target), cleanPhrase(x.Target))
	fmt.Fprintf(&s, "A chain leads from a channel of the image, edge by edge, to %s, through skip connections as well. Its strength is the size of its weakest link's effect; of chains with the same weakest link, "+
		"the one with the stronger next-weakest comes first, and so on (leximin, found exactly by dynamic programming). ", x.End)
	fmt.Fprintf(&s, "All %s that can lie on a chain were measured on %s of select, by which chains are ranked; every number told of a chain is from %s of %s. ",
		plural(x.Edges, "edge"), plural(x.SelectPairs, "image"), plural(x.Pairs, "image"), x.SplitName)
	s.WriteString("A link is excitatory (→) if its sender's mean contribution is above 0, else inhibitory (⊣); a chain's sign is the product of its links' signs. ")
	fmt.Fprintf(&s, "Intervals are 95 %% bootstrap intervals over images (%s). The p of a link is a two-sided sign-flip test (%s), adjusted by Benjamini and Hochberg for the %s listed. ",
		plural(x.Resamples, "resample"), plural(x.Permutations, "flip"), plural(len(x.Links), "link"))
	if x.Surrogates.Count > 0 {
		fmt.Fprintf(&s, "Surrogates: %s in which, layer by layer, the bundles of weights between two neurons are shuffled among all pairs of neurons, biases kept. In each the strongest chain to %s was sought on %s of %s. "+
			"The p of a chain is (b+1)/(m+1), b of the m = %s surrogates having a strongest chain at least as strong as it is on the same images: it is adjusted for the search. "+
			"Training makes y large, so the comparison is made twice: p of strengths in logits, and relative p of strengths as shares of what corrupting every edge at once changes in the network in question (root mean square over the images). ",
			plural(x.Surrogates.Count, "network"), x.End, plural(x.Surrogates.Pairs, "image"), x.SplitName, Count(x.Surrogates.Count))
	}
	fmt.Fprintf(&s, "Seed %d.", x.Seed)
	return s.String()
}

// listedChains is how many rows the table has.
const listedChains = 30

func chainSign(sign int) string {
	switch {
	case sign > 0:
		return "+"
	case sign < 0:
		return minus
	}
	return "0"
}

// keeps puts a faithfulness in words.
func keeps(i ablate.Interval) string {
	switch {
	case i.Low >= 0.8:
		return "they nearly suffice"
	case i.High <= 0:
		return "alone they carry none of the answer"
	case i.Low > 0 && i.High < 0.2:
		return "they are a small part of how the answer comes about"
	case i.Low > 0:
		return "they are a part of how the answer comes about"
	}
	return "it is not shown that they carry anything alone"
}

// chainsInAll is a number of chains with its noun.
func chainsInAll(n float64) string {
	if n == 1 {
		return "no other chain"
	}
	return chainCount(n) + " chains in all"
}

// pluralWord is a noun for so many.
func pluralWord(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// chainCount is a number of chains, which may be huge.
func chainCount(n float64) string {
	if n < 1e15 {
		return Count(int(n))
	}
	return Number(n)
}

// chainNumbers lists the chains an edge or a neuron is on.
func chainNumbers(on []string) string {
	if len(on) > 12 {
		return strings.Join(on[:11], ", ") + fmt.Sprintf(" and %d more", len(on)-11)
	}
	return strings.Join(on, ", ")
}

// unlabelled says so where no neuron was probed.
func unlabelled(x *circuit.ChainsResult) string {
	if slices.ContainsFunc(x.Nodes, func(n circuit.Node) bool { return n.Label != "" }) {
		return ""
	}
	return ", or not probed"
}

// median of sorted values.
func median(sorted []float64) float64 {
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}

func (r ChainsReport) caveats() []string {
	x := &r.Result
	c := []string{
		"An edge's effect goes along every path from it to y. That all links of a chain are strong does not show that what passes through one passes on through the next: a chain is a reading of edges, not a measured flow.",
		"Edges are corrupted one at a time: where two stand in for each other, each alone has little effect, and no chain through them is listed (an OR hides).",
		"The strongest chains share most of their links. They are not so many independent findings.",
	}
	if x.Against == circuit.Zero {
		c = append(c, "An edge that carries nothing is off-distribution. --against mean and --against resample tell whether the chains stay.")
	}
	if x.Against == circuit.Mean {
		c = append(c, "Against the mean over select, an edge that carries the same on every image has no effect, however much of the answer rests on it.")
	}
	return append(c,
		"A surrogate keeps weights and biases, and breaks what the layers have learnt about each other: a small p says that the chain is stronger than such accidents, not that it is the reason for the answer.",
		"One network is one specimen (n = 1): the images are repeated measures within it. A network raised from another seed has other chains.")
}
