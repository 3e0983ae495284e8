package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate/state"
	"neuroprobe/probe"
)

// RestReport is what an experiment without input hands in.
type RestReport struct {
	Result *state.Rest
	Source
}

// Rest is the entry of an experiment without input.
func Rest(r RestReport) Entry {
	x := r.Result
	return Entry{
		Kind:     "state-rest",
		Slug:     "state-rest",
		Title:    "At rest: the network without input",
		Claim:    "“What can a network do if there is no input?”",
		Question: fmt.Sprintf("Without input, or before images that show nothing, which neurons of the network that tells %s fire, what does it answer, and does its activity resemble that of a class?", telling(r.Set.Classes)),
		Answer:   r.answer(),
		Method:   r.method(),
		Sections: []Section{r.answerSection(), r.firingSection(), r.resemblanceSection(), r.lesionSection()},
		Caveats:  r.caveats(),
		Provenance: r.provenance(x.Split, x.Seed, Fact{"noise images of each strength", Count(x.Draws)},
			Fact{"bootstrap resamples", Count(x.Resamples)}),
		Run:      r.Run,
		Warnings: x.Warnings,
		Data: struct {
			Split string `json:"split"`
			*state.Rest
		}{x.Split.String(), x},
	}
}

// bare is the condition without input.
func (r RestReport) bare() state.RestCondition { return r.Result.Conditions[0] }

func (r RestReport) class(k int) string { return r.Result.Classes[k] }

// condition names one in a table.
func condition(c state.RestCondition) string {
	if c.Name == state.Noise {
		return fmt.Sprintf("noise, %s sd", strengthOf(c.Strength))
	}
	return c.Name
}

// strengthOf is a number without zeros that say nothing: 0.25, 1, 10.
func strengthOf(v float64) string {
	s := Number(v)
	if strings.Contains(s, ".") && !strings.Contains(s, "e") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}

// answer is the result in one sentence.
func (r RestReport) answer() string {
	x, c := r.Result, r.bare()
	var s strings.Builder
	firing, units := 0.0, 0
	for k, l := range x.Layers {
		if l.Rated {
			firing, units = firing+float64(c.Layers[k].Firing)*float64(l.Units), units+l.Units
		}
	}
	if units > 0 {
		fmt.Fprintf(&s, "It does not rest: without input %s of %s with ReLU fire, and it", Count(int(math.Round(firing))), plural(units, "hidden neuron"))
		if math.Round(firing) == 0 {
			s.Reset()
			fmt.Fprintf(&s, "Without input none of %s with ReLU fires, and it", plural(units, "hidden neuron"))
		}
	} else {
		s.WriteString("Without input it")
	}
	fmt.Fprintf(&s, " answers %s with a confidence of %s, more than on %s of %s (%s); ", r.class(c.Answer), Percent(c.Confidence.Estimate), Percent(c.Rank), plural(x.Images, "image"), x.Split)
	s.WriteString(r.noiseAnswer())
	s.WriteString(r.resemblanceAnswer())
	return s.String()
}

// noiseAnswer says what it makes of noise.
func (r RestReport) noiseAnswer() string {
	var noise []state.RestCondition
	for _, c := range r.Result.Conditions {
		if c.Name == state.Noise {
			noise = append(noise, c)
		}
	}
	if len(noise) == 0 {
		return ""
	}
	same := !slices.ContainsFunc(noise, func(c state.RestCondition) bool { return c.Answer != noise[0].Answer })
	low, high := noise[0].Share().Estimate, noise[0].Share().Estimate
	for _, c := range noise {
		low, high = min(low, c.Share().Estimate), max(high, c.Share().Estimate)
	}
	if same {
		if low == high {
			return fmt.Sprintf("of noise of every strength it says %s on %s of draws (%s each); ", r.class(noise[0].Answer), Percent(low), Count(noise[0].N))
		}
		return fmt.Sprintf("of noise it says %s on %s to %s of draws, by strength (%s each); ", r.class(noise[0].Answer), Percent(low), Percent(high), Count(noise[0].N))
	}
	var parts []string
	for k, c := range noise {
		if k == 0 || c.Answer != noise[k-1].Answer {
			parts = append(parts, fmt.Sprintf("%s from %s sd on (%s of %s draws)", r.class(c.Answer), strengthOf(c.Strength), Percent(c.Share().Estimate), Count(c.N)))
		}
	}
	return "of noise it mostly says " + enumerate(parts) + "; "
}

// resemblanceAnswer says whether activity without input is like a class's.
func (r RestReport) resemblanceAnswer() string {
	var found []string
	tested, least := 0, 1.0
	for k, a := range r.bare().Layers {
		for _, m := range a.Resemblance {
			if !m.P.Defined() {
				continue
			}
			tested, least = tested+1, min(least, float64(m.Adjusted))
			if m.Adjusted < probe.Alpha {
				found = append(found, fmt.Sprintf("%s in layer %d (r = %s)", r.towards(m), r.Result.Layers[k].Layer, r.size(m)))
			}
		}
	}
	switch {
	case tested == 0:
		return "resemblance to a class cannot be tested."
	case len(found) == 0:
		return fmt.Sprintf("in none of %s does its activity without input resemble a class more than an image's does once its class is taken away (adjusted p of %s or more%s).",
			plural(len(r.Result.Layers), "hidden layer"), PValue(least), r.power())
	}
	return "its activity without input resembles " + enumerate(found) + ", more than an image's does once its class is taken away."
}

// power says how many single real images the test of resemblance finds, by layer and class.
func (r RestReport) power() string {
	low, high := math.Inf(1), math.Inf(-1)
	for _, c := range r.Result.Controls {
		if c.Found.Defined() {
			low, high = min(low, float64(c.Found)), max(high, float64(c.Found))
		}
	}
	if low > high {
		return ""
	}
	return fmt.Sprintf("; of real images the same test finds %s to %s, by layer and class", Percent(low), Percent(high))
}

// towards names the class that a resemblance points to: of two the other one below 0.
func (r RestReport) towards(m state.Resemblance) string {
	if m.R < 0 && len(r.Result.Classes) == 2 {
		return r.class(1 - m.Class)
	}
	if m.R < 0 {
		return "the opposite of " + r.class(m.Class)
	}
	return r.class(m.Class)
}

// size is r, of two classes towards the one it points to.
func (r RestReport) size(m state.Resemblance) string {
	if len(r.Result.Classes) == 2 {
		return Number(math.Abs(float64(m.R)))
	}
	return Number(float64(m.R))
}

func (r RestReport) method() string {
	x := r.Result
	var s strings.Builder
	s.WriteString("Conditions. No input: the normalised input is 0 everywhere, so that the first layer has nothing but its biases; an image of the mean colour by which the network normalises gives exactly that. ")
	fmt.Fprintf(&s, "Check: with all %s from the input cut on a real image, the logits differ from those by at most %s. ", plural(x.CutEdges, "edge"), Number(x.Silenced))
	fmt.Fprintf(&s, "Black, grey and white images (0, 0.5, 1), and the mean of the %s of select. Noise: independent normal values around the mean colour of select, (%s), with a standard deviation in multiples of its pixels' own by channel, (%s); %s of each strength, the same draws at each; "+
		"what lies outside 0 to 1 is cut off and counted (clipped). ", plural(x.SelectImages, "image"), numbers(x.Colour), numbers(x.PixelSD), plural(x.Draws, "image"))
	if slices.ContainsFunc(x.Conditions, func(c state.RestCondition) bool { return c.Name == state.Scrambled }) {
		fmt.Fprintf(&s, "Scrambled: a select image whose Fourier phases are shifted by those of noise, alike in all channels, so that its spectrum, mean and colours stay and its shapes go; %s. ", plural(x.Draws, "image"))
	}
	fmt.Fprintf(&s, "Evoked activity is that on the %s of the %s split. A neuron's activity is its activation averaged over its map, it fires if any position is above 0; the ratio is resting activity (averaged over draws) by mean evoked activity, over the neurons that real images drive. ", plural(x.Images, "image"), x.Split)
	s.WriteString("Confidence is the softmax probability of the answer, the margin its logit less the next one's. “More confident than” is the share of the split's images that are answered with less confidence, ties half. ")
	fmt.Fprintf(&s, "Intervals are 95 %%: of shares Wilson's, of means percentile bootstrap over draws or images (%s). ", plural(x.Resamples, "resample"))
	s.WriteString("Resemblance is Pearson's r over a layer's neurons between the activity and a class's mean activity on select, each neuron as a z-score by its mean and standard deviation over select: without that, any two patterns correlate, as some neurons always fire more. " +
		"The null is real activity without class: each of the split's images less the mean of its class there. It keeps the neurons that go together; permuting neurons would take them for independent and find resemblance everywhere, and shuffled labels give profiles that themselves lean to the classes wherever most variance is between them. " +
		"p = (b+1)/(m+1), two-sided on |r|")
	if len(x.Classes) == 2 {
		s.WriteString("; of two classes the profiles are each other's mirror, so that one test does for both")
	}
	fmt.Fprintf(&s, "; adjusted by Benjamini and Hochberg for all %s. Controls: the mean of each class on the split, which should be found, and single images. ", plural(x.Tests, "test"))
	fmt.Fprintf(&s, "Lesions: each hidden neuron was zero-ablated before each still image; the effect is on the margin of that image's answer, with the lesion less without, and has no interval, as there is one image and no chance. "+
		"Sham: the identity edit on each neuron before each of the %s left every logit bit-identical. Seed %d.", plural(x.Sham.Images, "still image"), x.Seed)
	return s.String()
}

// numbers lists values.
func numbers(values []float64) string {
	var all []string
	for _, v := range values {
		all = append(all, Number(v))
	}
	return strings.Join(all, ", ")
}

func (r RestReport) caveats() []string {
	return []string{
		"None of these images is like those the network was raised on: it was never asked to say “nothing”, and softmax must name a class. A confident answer here is not a belief.",
		"A brain's resting activity changes from moment to moment and has structure in time. A network's is one fixed pattern for each input; only noise makes it vary.",
		"Clipping makes strong noise a coarse pattern of black and white and pulls its mean colour towards grey: the strengths differ in more than size.",
		"Resemblance is of patterns averaged over maps: where in the image something happens is lost. With few neurons in a layer, or neurons that go together, only large r can be told from chance.",
		"Lesions act one at a time; neurons that stand in for each other are missed.",
		"One network is one specimen (n = 1): biases, and with them the resting state, differ from seed to seed.",
	}
}
