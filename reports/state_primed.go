package reports

import (
	"fmt"
	"math"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
)

// PrimedReport is what an experiment on priming hands in.
type PrimedReport struct {
	Result state.Priming
	Source
}

// Primed is the entry of an experiment on priming.
func Primed(r PrimedReport) Entry {
	x := r.Result
	return Entry{
		Kind:     "state-primed",
		Slug:     r.slug(),
		Title:    r.title(),
		Claim:    "Cognitive contrast: what was seen before distorts what is seen next.",
		Question: fmt.Sprintf("Does an image of %s or of %s change what the network makes of the next image, and does it push the answer away from itself or towards itself?", r.a(), r.b()),
		Answer:   r.answer(),
		Method:   r.method(),
		Sections: []Section{r.effectSection(), r.answersSection(), r.curvesSection(), r.controlsSection(), r.layersSection(), r.neuronsSection(), r.primesSection()},
		Warnings: r.warnings(),
		Caveats:  r.caveats(),
		Provenance: r.provenance(x.Split, x.Seed, Fact{"fatigue κ", fmt.Sprint(x.Body.Fatigue)}, Fact{"recovery τ", primedTime(x.Body.Recovery)},
			Fact{"prime", fmt.Sprintf("%s, then a rest of %v", primedTime(x.Duration), x.Delay)}, Fact{"bootstrap resamples", Count(x.Resamples)}, Fact{"permutations", Count(x.Permutations)}),
		Run: r.Run,
		Data: struct {
			Split string `json:"split"`
			state.Priming
		}{x.Split.String(), x},
	}
}

func (r PrimedReport) slug() string {
	words := []string{"primed", r.a(), r.b()}
	if len(r.Result.Lesions) > 0 {
		words = append(words, "lesioned")
	}
	return Slug(words...)
}

func (r PrimedReport) title() string {
	title := fmt.Sprintf("Primed with %s and %s", r.a(), r.b())
	if len(r.Result.Lesions) > 0 {
		title += ", " + r.silent() + " silent"
	}
	return title
}

func (r PrimedReport) a() string { return r.Result.Classes[0] }
func (r PrimedReport) b() string { return r.Result.Classes[1] }

// y is the measure in words.
func (r PrimedReport) y() string { return fmt.Sprintf("logit(%s) − logit(%s)", r.a(), r.b()) }

// held is how many primes there are of A and of B.
func (r PrimedReport) held() (n [2]int) {
	for _, p := range r.Result.Primes {
		n[p.Class]++
	}
	return n
}

// all is the effect on all targets.
func (r PrimedReport) all() state.PrimedGroup { return r.Result.Groups[0] }

// answer is the result in one sentence.
func (r PrimedReport) answer() string {
	x, g, n := r.Result, r.all(), r.held()
	stateless := fmt.Sprintf("As it is the network has no memory: without fatigue not a bit of %s changes after any prime.", plural(x.Stateless.Logits, "logit"))
	if x.Body.Fatigue == 0 {
		return stateless
	}
	where := fmt.Sprintf("(effect %s, 95 %% interval over targets and primes %s, %s, n = %s on %s and %d + %d primes)", Signed(g.Effect.Estimate),
		primedRange(g.Effect), equalsP(float64(g.P)), plural(g.N, "target"), x.Split, n[0], n[1])
	tiring := fmt.Sprintf("With neurons that tire (κ = %v, τ = %v)", x.Body.Fatigue, x.Body.Recovery)
	if len(x.Lesions) > 0 {
		tiring += fmt.Sprintf(" and %s silent", r.silent())
	}
	after := fmt.Sprintf("%s of the next image is %s %%s after %s than after %s", r.y(), Number(math.Abs(g.Effect.Estimate)), r.a(), r.b())
	switch x.Verdict {
	case state.Contrast:
		return fmt.Sprintf("%s %s there is contrast, away from the prime: %s %s.", stateless, tiring, fmt.Sprintf(after, "lower"), where)
	case state.Assimilation:
		return fmt.Sprintf("%s %s there is assimilation, towards the prime: %s %s.", stateless, tiring, fmt.Sprintf(after, "higher"), where)
	}
	return fmt.Sprintf("%s %s no difference between primes of %s and of %s is detected %s.", stateless, tiring, r.a(), r.b(), where)
}

// warnings are doubts about the entry as a whole.
func (r PrimedReport) warnings() (out []string) {
	for _, w := range r.Result.Warnings {
		out = append(out, sentence(w))
	}
	return out
}

func (r PrimedReport) method() string {
	x, n := r.Result, r.held()
	var s strings.Builder
	fmt.Fprintf(&s, "Each subject is the network with a history: a prime is shown for %s, a rest of %s follows, then the target; its answer is that at the target's onset. ",
		primedTime(x.Duration), primedTime(x.Delay))
	fmt.Fprintf(&s, "What carries over is fatigue by depletion (Tsodyks and Markram 1997; Abbott et al. 1997): a neuron's activation is multiplied by a gain that falls with its drive r, "+
		"its fresh activation as a multiple of its mean over the select images, towards 1/(1+κr), κ = %v, and recovers towards 1 with the time constant τ = %s. ", x.Body.Fatigue, primedTime(x.Body.Recovery))
	if len(x.Lesions) > 0 {
		fmt.Fprintf(&s, "All the time %s silent; drives are still multiples of the rates before the lesion. ", primedAre(r.lesions()))
	}
	choice := "those of the select images that the network gets right with the largest logit difference for their class"
	if x.Choice == state.Random {
		choice = "drawn at random from the select images that the network gets right"
	}
	fmt.Fprintf(&s, "Primes: %d images of %s and %d of %s, %s. Targets: %s of these two classes from the %s split; every target is seen after every prime, each time from fresh. ",
		n[0], r.a(), n[1], r.b(), choice, plural(x.Targets, "image"), x.Split)
	fmt.Fprintf(&s, "The measure is y = %s. A shift is y after a prime less y after a rest of the same length, which leaves the network fresh. The effect is the shift after primes of %s less that after primes of %s, "+
		"averaged over primes and targets: what all fatigue does alike cancels. Below 0 is contrast, y moving away from the prime; above 0 is assimilation. ", r.y(), r.a(), r.b())
	fmt.Fprintf(&s, "Intervals are 95 %% percentile intervals of a bootstrap that draws targets and, within their class, primes (%s; the pigeonhole bootstrap of Owen 2007, rather too wide than too narrow). "+
		"p: the primes' classes are exchanged at random (%s); the unit is the prime, with its mean shift over targets, so that p does not fall with more targets. ", plural(x.Resamples, "resample"), plural(x.Permutations, "permutation"))
	fmt.Fprintf(&s, "The effect on all targets is the test of the claim; other p in the tables are not corrected, but for the neurons (Benjamini and Hochberg). Curves, controls, layers and neurons rest on %s, a random part of all. Seed %d. ",
		plural(x.CurveTargets, "target"), x.Seed)
	fmt.Fprintf(&s, "A prime was run once and its state kept; held against sequences run from the start, y differed by at most %s on %s. ", Number(x.Replay.Largest), plural(x.Replay.Logits, "target"))
	fmt.Fprintf(&s, "Control without fatigue (κ = 0): every target after a rest, after a prime of %s and after one of %s, %s in turn: %s of %s differ in a bit.",
		r.a(), r.b(), plural(x.Stateless.Primes, "prime"), Count(x.Stateless.Differing), plural(x.Stateless.Logits, "logit"))
	return s.String()
}

func primedTime(t float64) string {
	if t == 1 {
		return "1 presentation"
	}
	return fmt.Sprintf("%v presentations", t)
}

func (r PrimedReport) lesions() []string {
	var all []ablate.Target
	for _, a := range r.Result.Lesions {
		all = append(all, ablate.Target{Address: a})
	}
	return contract(all)
}

// silent are the lesions in short.
func (r PrimedReport) silent() string {
	names := r.lesions()
	if more := len(names) - listedAddresses; more > 0 {
		names = append(names[:listedAddresses:listedAddresses], fmt.Sprintf("%d more", more))
	}
	return enumerate(names)
}

func primedAre(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	return enumerate(names) + " are"
}

func (r PrimedReport) caveats() []string {
	x := r.Result
	c := []string{
		"The network has no fatigue of its own: it was added. What is shown is what a network with such neurons would do, not that brains do it for this reason.",
		"Fatigue acts on whole neurons (a channel tires everywhere at once, wherever the prime lit it), and a prime tires by its onset's drive, however long it is shown.",
		"An effect in logits need not change an answer: see the answers for what it does to them.",
	}
	if x.Choice == state.Typical {
		c = append(c, "The primes are the clearest images of their class: they say what a dose of the class does, not what the average image does (--primes random).")
	}
	return append(c,
		"Strong fatigue also damps whatever reaches the output, and the effect with it: more fatigue is not more contrast, as the curves show.",
		"One network is one specimen (n = 1): targets and primes are repeated measures within it.")
}
