package reports

import (
	"fmt"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
)

// AblateReport is what one operation hands in.
type AblateReport struct {
	ablate.Operation
	Source
}

// Ablate is the entry of one operation.
func Ablate(r AblateReport) Entry {
	t := nameTargets(r.Network, r.Targets)
	e := r.frame(t)
	e.Sections = nonEmpty(
		r.effectSection(),
		r.kindsSection(),
		r.flipsSection(),
		r.controlsSection(t),
		r.doseSection(t),
		r.rescueSection(t),
		r.activitySection(t),
		r.featuresSection(),
		r.changedSection(),
	)
	return e
}

// frame is the entry without its sections.
func (r AblateReport) frame(t targets) Entry {
	return Entry{
		Kind:       "ablate",
		Slug:       t.slug,
		Title:      fmt.Sprintf("Ablation of %s (%s)", t.name, t.where),
		Question:   fmt.Sprintf("What %s %s (%s) do %sfor telling %s?", t.does(), t.name, t.where, t.together(), telling(r.Classes)),
		Answer:     r.answer(t),
		Method:     r.method(t),
		Warnings:   r.shamWarnings(),
		Caveats:    r.caveats(),
		Provenance: r.provenance(r.Split, r.Seed, Fact{"bootstrap resamples", Count(r.Resamples)}),
		Run:        r.Run,
		Data:       ablateData{r.Split.String(), r.Operation},
	}
}

// ablateData is an operation for programs.
type ablateData struct {
	Split string `json:"split"`
	ablate.Operation
}

// verbOf is a kind of ablation at the start of a sentence.
func verbOf(k ablate.Kind) string {
	if k == ablate.Zero {
		return "Zeroing"
	}
	return capital(string(k)) + "-ablating"
}

// kindNames are all kinds that were run: "zero, mean and resample".
func (r AblateReport) kindNames() string {
	var names []string
	for _, k := range r.Kinds() {
		names = append(names, string(k.Kind))
	}
	return enumerate(names)
}

func (r AblateReport) method(t targets) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%s ablation. For each of %s of the %s split, the activation of %s was replaced, after the activation function and before pooling: %s. ",
		capital(r.kindNames()), plural(r.Images, "image"), r.Split, t.name, r.replacements())
	fmt.Fprintf(&s, "Everything else was left alone and everything downstream computed anew. Each image is compared with itself in the intact "+
		"network: effect = with ablation − without, so a negative change of accuracy is damage. The logit difference is the logit of "+
		"the true class minus the strongest other one. Intervals are 95 %% paired bootstrap intervals over images (%s, seed %d). ",
		plural(r.Resamples, "resample"), r.Seed)
	fmt.Fprintf(&s, "%s", r.tests())
	return s.String()
}

// replacements says for each kind what takes the activation's place.
func (r AblateReport) replacements() string {
	var all []string
	for _, k := range r.Kinds() {
		switch k.Kind {
		case ablate.Zero:
			all = append(all, "by 0 (zero)")
		case ablate.Mean:
			over := ""
			if t := r.Targets[0].Address; r.Network.Geometry(t.Layer).Act.Area() > 1 && t.Row == model.AllPositions {
				over = ", position by position"
				if r.Network.Steps(t.Layer) > 0 {
					over = ", step by step"
				}
				if r.MeanOver == ablate.OverChannel {
					over = ", one number a channel"
				}
			}
			all = append(all, "by its mean over the select split"+over+" (mean)")
		case ablate.Resample:
			all = append(all, fmt.Sprintf("by its activation on another image of the split, %s in turn whose outcomes are averaged (resample)", plural(r.Draws, "random image")))
		}
	}
	return strings.Join(all, "; ")
}

func (r AblateReport) tests() string {
	mcnemar, flip := false, false
	for _, k := range r.Kinds() {
		for _, m := range k.Measures {
			mcnemar, flip = mcnemar || m.Test == ablate.McNemar, flip || m.Test == ablate.SignFlip
		}
	}
	random := fmt.Sprintf("a sign-flip permutation test of the mean change (%s random choices of signs; exact where few images change)", Count(r.Permutations))
	switch {
	case mcnemar && flip:
		return "Accuracy and recalls are tested with McNemar's exact test on the images that changed between right and wrong, all else (and everything " +
			"under resample ablation, where a change is a fraction) with " + random + "."
	case mcnemar:
		return "Accuracy and recalls are tested with McNemar's exact test on the images that changed between right and wrong."
	case flip:
		return "Changes are tested with " + random + "."
	}
	return "No tests were made."
}

func (r AblateReport) caveats() []string {
	const specimen = "One network is one specimen (n = 1): the images are repeated measures within it. A network raised from another seed may divide the work differently."
	if r.nothing() {
		return []string{specimen, fmt.Sprintf("What is silent on %s may fire on other images.", plural(r.Images, "image"))}
	}
	var c []string
	if r.Kind == ablate.Zero {
		c = append(c, "Zero ablation is off-distribution: what follows the target may never have met an activation of exactly 0 in company with "+
			"the others, so part of the effect may come from the strangeness of the value and not from the loss of what the neuron carries.")
	}
	c = append(c, specimen)
	if r.Controls != nil {
		c = append(c, "The controls are matched in mean activation and outgoing norm alone; they may differ from the target in what they respond to, which is the point, and in anything else.")
	}
	if rows := r.featureRows(); rows > 0 {
		c = append(c,
			"The rows by feature are correlational: features come with classes and with each other, so a difference between images with and without a feature need not be due to it.",
			fmt.Sprintf("The rows by feature hold %s, none corrected for multiple comparisons: if nothing had an effect, about 1 in 20 would still exclude 0.", plural(rows*(2+len(r.Others)), "interval")))
	}
	if r.Split == datasets.Select {
		c = append(c, "Measured on the select split: if the target was chosen on these images, the effect is overstated.")
	}
	return c
}
