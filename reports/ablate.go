package reports

import (
	"fmt"

	"neuroprobe/ablate"
	"neuroprobe/datasets"
	"neuroprobe/model"
)

// AblateReport is what one ablation hands in.
type AblateReport struct {
	Result  ablate.Result
	Network *model.Network
	// Set is the data the ablation was measured on; its digest says so.
	Set        *datasets.Set
	DataDigest string

	ModelPath string // as the lab names it: "model.safetensors"
	Run
}

// Ablate is the entry of one ablation.
func Ablate(r AblateReport) Entry {
	t := nameTargets(r.Network, r.Result.Targets)
	e := r.frame(t)
	e.Sections = nonEmpty(
		r.effectSection(),
		r.flipsSection(),
		r.activitySection(t),
		r.featuresSection(),
		r.changedSection(),
	)
	return e
}

// frame is the entry without its sections.
func (r AblateReport) frame(t targets) Entry {
	return Entry{
		Kind:     "ablate",
		Slug:     t.slug,
		Title:    fmt.Sprintf("Ablation of %s (%s)", t.name, t.where),
		Question: fmt.Sprintf("What %s %s (%s) do %sfor telling %s?", t.does(), t.name, t.where, t.together(), telling(r.Result.Classes)),
		Answer:   r.answer(t),
		Method:   r.method(t),
		Warnings: r.shamWarnings(),
		Caveats:  r.caveats(),
		Provenance: append([]Fact{
			{"model", r.ModelPath},
			{"model digest", r.Network.Digest()},
			{"data", r.Set.Source},
			{"data digest", r.DataDigest},
			{"split", r.Result.Split.String()},
			{"seed", fmt.Sprint(r.Result.Seed)},
			{"bootstrap resamples", Count(r.Result.Resamples)},
		}, r.Run.facts()...),
		Run: r.Run,
		Data: ablateData{
			Split:  r.Result.Split.String(),
			Result: r.Result,
		},
	}
}

// ablateData is an ablation for programs.
type ablateData struct {
	Split string `json:"split"`
	ablate.Result
}

// verb is the ablation at the start of a sentence.
func (r AblateReport) verb() string {
	if r.Result.Kind == "zero" {
		return "Zeroing"
	}
	return capital(r.Result.Kind) + "-ablating"
}

func (r AblateReport) method(t targets) string {
	done := fmt.Sprintf("the activation of %s was replaced (%s ablation)", t.name, r.Result.Kind)
	if r.Result.Kind == "zero" {
		done = fmt.Sprintf("the activation of %s was set to 0", t.name)
	}
	return fmt.Sprintf("%s ablation. For each of %s of the %s split, %s, after the activation function and before pooling; "+
		"everything else was left alone and everything downstream computed anew. Each image is compared with itself in the intact "+
		"network: effect = with ablation − without, so a negative change of accuracy is damage. The logit difference is the logit of "+
		"the true class minus the strongest other one. Intervals are 95 %% paired bootstrap intervals over images (%s, seed %d); "+
		"accuracy is also tested with McNemar's exact test on the images that changed between right and wrong.",
		capital(r.Result.Kind), plural(r.Result.Images, "image"), r.Result.Split, done, plural(r.Result.Resamples, "resample"), r.Result.Seed)
}

func (r AblateReport) caveats() []string {
	const specimen = "One network is one specimen (n = 1): the images are repeated measures within it. A network raised from another seed may divide the work differently."
	if r.nothing() {
		return []string{specimen, fmt.Sprintf("What is silent on %s may fire on other images.", plural(r.Result.Images, "image"))}
	}
	var c []string
	if r.Result.Kind == "zero" {
		c = append(c, "Zero ablation is off-distribution: what follows the target may never have met an activation of exactly 0 in company with "+
			"the others, so part of the effect may come from the strangeness of the value and not from the loss of what the neuron carries.")
	}
	c = append(c, specimen)
	if rows := r.featureRows(); rows > 0 {
		c = append(c,
			"The rows by feature are correlational: features come with classes and with each other, so a difference between images with and without a feature need not be due to it.",
			fmt.Sprintf("The feature table has %s with two intervals each, none corrected for multiple comparisons: if nothing had an effect, about 1 in 20 intervals would still exclude 0.", plural(rows, "row")))
	}
	if r.Result.Split == datasets.Select {
		c = append(c, "Measured on the select split: if the target was chosen on these images, the effect is overstated.")
	}
	return c
}
