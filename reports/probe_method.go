package reports

import (
	"fmt"

	"neuroprobe/datasets"
	"neuroprobe/probe"
)

// surveyMethod says in short how the numbers of a survey came about, for the atlas and a neuron's
// page; definitions has the rest.
func surveyMethod(s *probe.Survey) string {
	has := contentsOf(s)
	text := splitUse(s) + fmt.Sprintf(" Each neuron was tested against each concept by the AUROC of its activation; p is (b + 1)/(m + 1) from %s of the labels, two-sided.", plural(s.Permutations, "permutation"))
	if has.twins {
		text += " For features, twins show what is causal: the same image drawn with the feature and without it."
	}
	return text + " " + correction(s, has)
}

func splitUse(s *probe.Survey) string {
	if s.Split == datasets.Select {
		return fmt.Sprintf("Every neuron was recorded on %s of the select split; choices (thresholds, labels, the order of tables) and numbers are from the same images.", plural(s.Images, "image"))
	}
	return fmt.Sprintf("Every neuron was recorded on %s of the select split, where choices were made (thresholds, labels, the order of tables), and on %s of the %s split, from which all numbers are.",
		plural(s.SelectImages, "image"), plural(s.Images, "image"), s.Split)
}

// correction says how many tests p was adjusted for.
func correction(s *probe.Survey, has surveyed) string {
	families := []string{Count(s.Families.Raw) + " raw"}
	if has.within {
		families = append(families, Count(s.Families.Within)+" within class")
	}
	if has.twins {
		families = append(families, Count(s.Families.Twin)+" on twins")
	}
	if has.parts {
		families = append(families, Count(s.Families.Part)+" of parts")
	}
	return fmt.Sprintf("p is adjusted by Benjamini and Hochberg's procedure over all tests of its kind in the network (%s); to beat the null is an adjusted p below %s, a false discovery rate of %.0f %%.",
		enumerate(families), fixed(probe.Alpha, 2), 100*probe.Alpha)
}

// definitions are what the words and numbers of the tables mean.
func definitions(s *probe.Survey) Section {
	has := contentsOf(s)
	list := List{
		fmt.Sprintf("Activation: a channel's map on an image is summarised by its %s over positions, before pooling; a dense unit has one value.", map[probe.Summary]string{probe.Max: "maximum", probe.Mean: "mean"}[s.Summary]),
		"Fires: the summary is " + firingRule(s) + "; rates have Wilson's 95 % intervals.",
		"AUROC: the chance that an image with the concept drives the neuron more than one without it, ties half. 0.5 is no preference; below, it prefers images without.",
		"d′: the difference of the means, with − without, in standard deviations: (μ₁ − μ₀)/√((σ₁² + σ₀²)/2).",
	}
	if has.within {
		list = append(list, "Within class: the AUROC over pairs of images of the same class only, with labels permuted within each class. What is left beats the null without help of the class.")
	}
	if has.twins {
		list = append(list, fmt.Sprintf("Twin effect: the summary with the feature minus that without it, on the same image drawn twice, all else equal; averaged over images, in units of activation or in standard deviations (sd) "+
			"of the summary over the images. Causal. p is from %s of signs, the interval from a paired bootstrap (%s).", plural(s.Permutations, "random flip"), plural(s.Resamples, "resample")))
	}
	if has.parts {
		list = append(list, fmt.Sprintf("IoU (dissection, Bau et al. 2017): the map, upsampled bilinearly to the image, is cut at the level T_k that no more than 0.5 %% of its positions on select exceed; intersection over union with "+
			"the part's mask, each summed over all images. The null pairs maps with the masks of other images. A detector beats it and has an IoU above %s.", fixed(probe.DetectorIoU, 2)))
	}
	return Section{"Definitions", []Block{append(list, labelRule(has), flagRule(has))}}
}

func firingRule(s *probe.Survey) string {
	if s.Fires.Quantile > 0 {
		return "above the neuron's own " + s.Fires.String() + " quantile on select"
	}
	return "above " + Number(s.Fires.Level)
}

func labelRule(has surveyed) string {
	text := "Label: the concept with the best AUROC on select of those that beat the null in the same direction on the measured images"
	switch {
	case has.twins:
		text += "; a feature must beat it on twins as well, or within class where it has no twins"
	case has.within:
		text += "; a feature must beat it within class as well"
	}
	return text + "."
}

func flagRule(has surveyed) string {
	text := fmt.Sprintf("Flags: always on (after a ReLU, above 0 at every position of every image: it never acts); duplicate (|r| above %s with another neuron of the layer, on select)", fixed(probe.DuplicateR, 2))
	if has.within || has.twins {
		text += "; confounded (the best concept on select is a feature that beats the null raw, but not where the class cannot help)"
	}
	return text + "."
}

// surveyCaveats are what neither report can show.
func surveyCaveats(s *probe.Survey) []string {
	has := contentsOf(s)
	caveats := []string{
		"Tuning is correlational: it says what a neuron goes with, not what the network uses it for. That takes an ablation.",
		fmt.Sprintf("To beat the null is not to be strong: over %s even small effects do. The size is in AUROC, d′ and sd.", plural(s.Images, "image")),
	}
	if has.features {
		text := "Features come with classes and with each other, so a raw tuning to one may be due to another; "
		switch {
		case has.twins:
			text += "only the twin effect shows that the feature itself drives the neuron."
		case has.within:
			text += "the tuning within class rules out the class alone."
		default:
			text += "nothing here rules that out."
		}
		caveats = append(caveats, text)
	}
	caveats = append(caveats, "No label does not mean that a neuron does nothing: its concept may not be among those tested, and a mixture of several concepts has no name.")
	if s.Summary == probe.Max {
		caveats = append(caveats, "The maximum over positions tells whether something is anywhere in the image, not how much of it there is.")
	}
	if has.parts {
		caveats = append(caveats, "A map is spread over the image as if each position saw only its own share; its receptive field is larger, which lowers the IoU with small parts.")
	}
	if s.Split == datasets.Select {
		caveats = append(caveats, "Measured on the select split, where labels and rankings were chosen: the numbers of what was chosen are overstated.")
	}
	return append(caveats, "One network is one specimen (n = 1): the images are repeated measures within it. A network raised from another seed may divide the work differently.")
}
