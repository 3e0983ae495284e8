package reports

import (
	"fmt"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/ablate/state"
	"neuroprobe/model"
)

// AsyncReport is what an experiment on asynchrony hands in.
type AsyncReport struct {
	Result state.Async
	Source
}

// Async is the entry of an experiment on asynchrony.
func Async(r AsyncReport) Entry {
	x := r.Result
	return Entry{
		Kind:     "state-async",
		Slug:     r.slug(),
		Title:    r.title(),
		Claim:    "Neurons in a brain communicate asynchronously and in circles; a network synchronously, once.",
		Question: fmt.Sprintf("If its neurons do not wait for each other, what does a network telling %s answer, when, and what does it say before?", telling(x.Classes)),
		Answer:   r.answer(),
		Method:   r.method(),
		Sections: nonEmpty(r.decisionSection(), r.courseSection(), r.waySection(), r.orderSection(), r.armsSection(), r.layersSection(), r.exampleSection(), r.controlsSection()),
		Warnings: r.warnings(),
		Caveats:  r.caveats(),
		Provenance: r.provenance(x.Split, x.Seed, Fact{"order", x.Rule.String()}, Fact{"start", string(x.From)},
			Fact{"bootstrap resamples", Count(x.Resamples)}, Fact{"permutations", Count(x.Permutations)}),
		Run: r.Run,
		Data: struct {
			Split string `json:"split"`
			state.Async
		}{x.Split.String(), x},
	}
}

// slug names what is not the default.
func (r AsyncReport) slug() string {
	x := r.Result
	words := []string{"state-async"}
	if x.Order != state.RandomOrder {
		words = append(words, string(x.Order))
	} else if x.Part != state.DefaultPart {
		words = append(words, fmt.Sprint(x.Part))
	}
	if x.From != state.FromRest {
		words = append(words, "from", string(x.From))
	}
	if len(x.Lesions) > 0 {
		words = append(words, "lesioned")
	}
	return Slug(words...)
}

func (r AsyncReport) title() string {
	x := r.Result
	title := fmt.Sprintf("Out of step: neurons update %s, from %s", r.pace(), x.From)
	if x.From == state.FromPrevious {
		title = fmt.Sprintf("Out of step: neurons update %s, from another image's activity", r.pace())
	}
	if len(x.Lesions) > 0 {
		title += ", " + enumerate(r.lesions()) + " silent"
	}
	return title
}

// pace is the order in words.
func (r AsyncReport) pace() string {
	switch x := r.Result; {
	case x.Order == state.SequentialOrder:
		return "one at a time"
	case x.Order == state.ForwardOrder:
		return "layer by layer, forward"
	case x.Order == state.BackwardOrder:
		return "layer by layer, backward"
	case x.Part == 1:
		return "all at once"
	}
	return "at random"
}

func (r AsyncReport) lesions() []string {
	var all []ablate.Target
	for _, a := range r.Result.Lesions {
		all = append(all, ablate.Target{Address: a})
	}
	return contract(all)
}

// trials are the experiment's own.
func (r AsyncReport) trials() int { return r.Result.Images * r.Result.Orders }

// changing are the images that begin with another answer than they end with; nil if there are none.
func (r AsyncReport) changing() *state.AsyncGroup {
	for k := range r.Result.ByStart {
		if g := &r.Result.ByStart[k]; g.MustChange > 0 {
			return g
		}
	}
	return nil
}

// answer is the result in one sentence.
func (r AsyncReport) answer() string {
	x := r.Result
	var s strings.Builder
	fmt.Fprintf(&s, "True of how a network is run, but its answer does not need it: out of step, %s (%s of %s, %s and starts) all settle on the synchronous logits, bit for bit. ",
		plural(x.Identical, "trial"), plural(x.Images, "image"), x.Split, plural(len(x.Arms), "order"))
	g := r.changing()
	if g == nil {
		fmt.Fprintf(&s, "%s every image begins with the answer that it ends with, %s of the trials leave it for a while, and the last change is at %s updates a neuron %s.", r.from(), Percent(x.All.Detour.Estimate), Number(x.All.Settling.Estimate), asyncRange(x.All.Settling))
		return s.String()
	}
	fmt.Fprintf(&s, "%s %s of %s must %s; they decide after %s updates a neuron (95 %% interval %s)", r.from(), Count(g.N), plural(x.Images, "image"), r.must(),
		Number(g.Decision.Estimate), Interval(g.Decision.Low, g.Decision.High))
	if g.Settling.Low > g.Decision.High {
		fmt.Fprintf(&s, ", while something goes on changing until %s %s", Number(g.Settling.Estimate), asyncRange(g.Settling))
	}
	if c := x.Difficulty.Within; c != nil && excludesZero(c.Rho.Low, c.Rho.High) {
		later := "harder images decide later"
		if c.Rho.Estimate > 0 {
			later = "easier images decide later"
		}
		fmt.Fprintf(&s, "; within an answer %s (ρ = %s, %s)", later, Number(c.Rho.Estimate), Interval(c.Rho.Low, c.Rho.High))
	}
	if v := r.variance(false); v != nil {
		fmt.Fprintf(&s, "; of the variance of their decision times the order makes %s (%s)", Percent(v.Share.Estimate), PercentInterval(v.Share.Low, v.Share.High))
	}
	return s.String() + "."
}

// asyncRange is an interval in brackets behind a number.
func asyncRange(i ablate.Interval) string { return "(" + Interval(i.Low, i.High) + ")" }

// must is what images have to do that do not begin with their answer.
func (r AsyncReport) must() string {
	if r.Result.From == state.FromSilence {
		return "find an answer"
	}
	return "change the answer"
}

// from says where trials begin, at the beginning of a sentence.
func (r AsyncReport) from() string {
	switch r.Result.From {
	case state.FromSilence:
		return "From silence,"
	case state.FromPrevious:
		return "From another image's activity,"
	}
	if c, all := r.startAnswer(); all {
		return fmt.Sprintf("From rest, where it says %s,", c)
	}
	return "From rest,"
}

// startAnswer is the commonest answer at the start, and whether all trials begin with it.
func (r AsyncReport) startAnswer() (class string, all bool) {
	counts := r.Result.StartAnswers
	most := slices.Max(counts)
	k := slices.Index(counts, most)
	class = "nothing"
	if k < len(r.Result.Classes) {
		class = r.Result.Classes[k]
	}
	return class, most == r.trials()
}

// variance is the analysis of the images whose answer must change, or of all where they are the same.
func (r AsyncReport) variance(shared bool) *state.AsyncVariance {
	var found *state.AsyncVariance
	for k := range r.Result.Variances {
		if v := &r.Result.Variances[k]; v.Shared == shared {
			found = v // those of the changing images come last
		}
	}
	return found
}

func (r AsyncReport) warnings() (out []string) {
	for _, w := range r.Result.Warnings {
		out = append(out, sentence(w))
	}
	return out
}

func (r AsyncReport) method() string {
	x := r.Result
	var s strings.Builder
	fmt.Fprintf(&s, "Every one of the %s (a neuron is a unit with its whole map) holds its activation until it updates; then it takes on what its inputs show at that moment, before the tick. ", plural(x.Neurons, "neuron"))
	switch {
	case x.Order == state.SequentialOrder:
		s.WriteString("One neuron updates at a time, in sweeps through all of them, each sweep in a new random order. ")
	case x.Order == state.ForwardOrder:
		s.WriteString("One layer updates at a time, from the input to the output and over again. ")
	case x.Order == state.BackwardOrder:
		s.WriteString("One layer updates at a time, from the output to the input and over again. ")
	case x.Part == 1:
		s.WriteString("All neurons update at every tick. ")
	default:
		fmt.Fprintf(&s, "At each tick each neuron updates with the probability %v, independent of all others. ", x.Part)
	}
	fmt.Fprintf(&s, "Time is counted in updates a neuron: one has passed when each neuron has updated once, on average; a tick takes %s. ", Number(x.Tick))
	switch x.From {
	case state.FromSilence:
		s.WriteString("An image finds all activations at 0. ")
	case state.FromPrevious:
		s.WriteString("An image finds the network settled in another of the images, each in turn. ")
	default:
		s.WriteString("An image finds the network at rest: settled without sensory input, with a normalised input of 0. ")
	}
	fmt.Fprintf(&s, "%s of the %s split (of %s, drawn by seed) were shown", plural(x.Images, "image"), x.Split, Count(x.Of))
	if x.Orders > 1 {
		fmt.Fprintf(&s, " in %d orders each, every image and order with random numbers of its own", x.Orders)
	}
	s.WriteString(", until every neuron had updated after the last change of its inputs. ")
	if len(x.Lesions) > 0 {
		fmt.Fprintf(&s, "All the time %s silent, in the synchronous run, too. ", asyncAre(r.lesions()))
	}
	s.WriteString("Decision time: the first time after which the answer (the largest logit) never changes again. Settling time: the last time at which any activation changes. " +
		"Detour: the final answer is there, is left, and is found again. An image must change its answer if the answer with which it begins is not the one that it ends with. " +
		"Difficulty: the margin of the synchronous answer's logit over the strongest other")
	fmt.Fprintf(&s, "; hard, medium and easy are the terciles of %s (up to %s, up to %s, above). ", plural(x.Difficulty.Select, "select image"), Number(x.Difficulty.Cuts[0]), Number(x.Difficulty.Cuts[1]))
	fmt.Fprintf(&s, "An image counts with the mean over its orders; intervals are 95 %% bootstrap intervals over images (%s). Tests are permutation tests (%s), two-sided, adjusted by Benjamini and Hochberg for all %d: "+
		"the variance of mean decision times between groups, and the correlation of ranks among images that settle on the same answer and begin alike with it or not. ", plural(x.Resamples, "resample"), plural(x.Permutations, "permutation"), len(x.Tests))
	fmt.Fprintf(&s, "Seed %d.", x.Seed)
	return s.String()
}

func asyncAre(names []string) string {
	if len(names) == 1 {
		return names[0] + " is"
	}
	return enumerate(names) + " are"
}

func (r AsyncReport) caveats() []string {
	x := r.Result
	c := []string{
		"That it settles on the synchronous answer follows from data flowing one way: what has settled below stays so. The check is of the machinery, not a discovery; with circles nothing guarantees it.",
		"Decision times are known in hindsight. Nothing in the network tells it that it has decided, and an answer read off earlier may be wrong.",
		"While old and new activity mix, layers see inputs that no image evokes.",
		"Time here has no milliseconds: neurons do not spike, signals take no time on their way, all neurons update equally often, and a channel's positions update together.",
	}
	if x.Order == state.RandomOrder && x.Part < 1 {
		c = append(c, "In random order a layer waits for its slowest neuron, the longer the more neurons it has: settling times say more about the number of neurons and layers than about images.")
	}
	if x.Orders > 1 {
		c = append(c, fmt.Sprintf("Intervals are over images. What is common to all images of an order rests on %d orders.", x.Orders))
	}
	circle := "This is the claim's first half; neuroprobe state circle puts the circle to the test."
	if slices.ContainsFunc(r.Network.Spec.Layers, func(l model.Layer) bool { return l.Kind == model.Recurrent }) {
		circle += " A neuron of a recurrent layer updates with all its steps at once: between layers neurons are out of step, within the circle they are not."
	}
	return append(c, circle, "One network is one specimen (n = 1): which answer it begins with, and so which class has the way to go, may be another's in a network raised from another seed.")
}
