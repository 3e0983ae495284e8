package reports

import (
	"fmt"
	"slices"
	"strings"

	"neuroprobe/ablate/circuit"
	"neuroprobe/datasets"
)

// ImageReport is what the story of one image hands in.
type ImageReport struct {
	Result circuit.ImageResult
	// Photo is the file, of an image of the user's own.
	Photo *datasets.Photo
	Source
}

// CircuitImage is the entry of what happened for one image.
func CircuitImage(r ImageReport) Entry {
	x := &r.Result
	facts := []Fact{{"image", r.name()}, {"metric", x.Metric}}
	return Entry{
		Kind:       "image",
		Slug:       Slug("image", r.slugName()),
		Title:      "What happened for " + r.name(),
		Question:   fmt.Sprintf("How does the network come to say %s to this image, and what else fires on the way?", x.Answer),
		Answer:     r.answer(),
		Method:     r.method(),
		Sections:   r.sections(),
		Caveats:    r.caveats(),
		Provenance: r.provenance(x.Split, x.Seed, facts...),
		Warnings:   sentences(r.warnings()),
		Run:        r.Run,
		Data:       x,
	}
}

func (r ImageReport) slugName() string {
	if r.Result.Own {
		return r.Result.Name
	}
	return fmt.Sprintf("%s %d", r.Result.SplitName, r.Result.Index)
}

// name is how the entry speaks of the image.
func (r ImageReport) name() string {
	x := &r.Result
	switch {
	case x.Own:
		return x.Name
	case strings.HasPrefix(x.Name, "image "):
		return fmt.Sprintf("image %d of %s", x.Index, x.SplitName)
	}
	return fmt.Sprintf("image %d of %s (%s)", x.Index, x.SplitName, x.Name)
}

func (r ImageReport) warnings() []string {
	warnings := slices.Clone(r.Result.Warnings)
	if r.Photo != nil && r.Photo.Enlarged {
		warnings = append(warnings, fmt.Sprintf("the photo has %d×%d pixels and was enlarged", r.Photo.Width, r.Photo.Height))
	}
	if r.Photo != nil && r.Photo.Greyed {
		warnings = append(warnings, "the photo is in colour and was made gray, as the network's images are")
	}
	return warnings
}

// answer is what the network says and what carried it, in one sentence.
func (r ImageReport) answer() string {
	x := &r.Result
	said := fmt.Sprintf("The network says %s (probability %s)", x.Answer, probability(x.Classes[0].Probability))
	switch x.Label {
	case "":
	case x.Answer:
		said += ", which is right"
	default:
		said += fmt.Sprintf(", which is wrong: it is a %s", x.Label)
	}
	c := x.Chain
	if c == nil {
		return said + "; no chain of edges from the image to the answer's neuron carried it."
	}
	return fmt.Sprintf("%s; the chain that carried it most is %s: cut as a whole, it changes %s from %s to %s and the answer %s%s (n = 1 image).",
		said, imageChainText(c), yPhrase(x.Metric, x.Answer, r.Set.Classes), Number(x.Y), Number(c.Cut.After), becomes(c.Cut), r.besideRandom())
}

// probability is a share that is never told as certain.
func probability(p float64) string {
	switch {
	case p >= 0.9995:
		return "above 99.9 %"
	case p < 0.0005:
		return "below 0.1 %"
	}
	return Percent(p)
}

// besideRandom says how many random chains do as much.
func (r ImageReport) besideRandom() string {
	c := r.Result.Chain
	if len(c.Random) == 0 {
		return ""
	}
	return fmt.Sprintf("; of %s, %s", plural(len(c.Random), "random chain"), r.randomWords())
}

// becomes says what a cut makes of the answer.
func becomes(c circuit.Cut) string {
	if c.Flips {
		return "becomes " + c.Answer
	}
	return "stays " + c.Answer
}

// randomWords says how many random chains do as much.
func (r ImageReport) randomWords() string {
	c := r.Result.Chain
	switch c.AtLeast {
	case 0:
		return "none lowers y as much"
	case 1:
		return "1 lowers y as much"
	}
	return Count(c.AtLeast) + " lower y as much"
}

// imageChainText is the chain in a line.
func imageChainText(c *circuit.ImageChain) string {
	var b strings.Builder
	for k, n := range c.Neurons {
		if k > 0 {
			b.WriteString(arrow(c.Links[k-1].Excitatory()))
		}
		b.WriteString(n.ID)
	}
	return b.String()
}

func (r ImageReport) method() string {
	x := &r.Result
	var s strings.Builder
	if r.Photo != nil {
		fmt.Fprintf(&s, "The photo, %d×%d pixels, was cropped to the square at its centre and resized to %d×%d, as photos in a folder are. ", r.Photo.Width, r.Photo.Height, r.Set.Height, r.Set.Width)
	} else {
		fmt.Fprintf(&s, "The image is number %d of the %s split, counted from 0. ", x.Index, x.SplitName)
	}
	fmt.Fprintf(&s, "Who fired: a neuron's activation (of a channel the highest of its positions) is compared with its own on %s of select: z = (activation − mean) / standard deviation, "+
		"and the share of images on which it is lower. ", plural(x.SelectImages, "image"))
	fmt.Fprintf(&s, "Chain: y is %s. Every edge (what one neuron contributes to another's pre-activation) was cut alone: it carried, at each position, its mean over select instead; everything behind it was computed anew. "+
		"Of the chains from a channel of the image to the answer's neuron whose every edge lowers y when cut, the one with the strongest weakest link is told. Each of its links, and all at once, were then cut again in a run of their own. ",
		yPhrase(x.Metric, x.Answer, r.Set.Classes))
	if x.Chain != nil && len(x.Chain.Random) > 0 {
		fmt.Fprintf(&s, "Beside it %s, each chain of the wiring being as likely as any other, were cut as a whole. ", plural(len(x.Chain.Random), "random chain"))
	}
	fmt.Fprintf(&s, "Sums: a neuron's pre-activation is Σ T_j + bias, T_j = Σ w·x being what sender j contributes, of a channel at the position of its peak. All terms were added up in 64-bit numbers and held against the pre-activation "+
		"that the network recorded in 32-bit ones: the largest difference of all sums here is %s of Σ|w·x| + |bias| (allowed: %s). Seed %d, of the random chains.", tinyShare(x.Worst), tinyShare(circuit.SumTolerance), x.Seed)
	return s.String()
}

// tinyShare shows a tiny share: 1.2e-07, or 0.
func tinyShare(x float64) string {
	if x == 0 {
		return "0"
	}
	return fmt.Sprintf("%.1e", x)
}

// percentileText is a percentile in percent: 97 %, 99.9 %.
func percentileText(p float64) string {
	if p > 0.99 && p < 1 || p > 0 && p < 0.01 {
		return fixed(100*p, 1) + " %"
	}
	return fixed(100*p, 0) + " %"
}

func (r ImageReport) caveats() []string {
	c := []string{
		"This is one image (n = 1): nothing here has an interval, and another image may go another way. neuroprobe circuit chains measures over many.",
		"The chain was chosen on this very image, as the strongest of many: that it does more than random chains is a check of the search, not a test of a hypothesis.",
		"An edge's effect goes along every path from it to y: that all links matter does not show that what passes through one passes on through the next.",
		"A link that is replaced by its mean keeps what it carries on every image: evidence that is always there does not show.",
		"A sum tells what a neuron received at one position. Elsewhere in the channel other terms may lead.",
	}
	if r.Result.Own {
		c = append(c, fmt.Sprintf("The network was raised on %s. A photo from elsewhere may be unlike all it has seen, and the answer is one of its classes whatever the photo shows.", r.Set.Source))
	}
	return append(c, "Labels say what a neuron responds to on average, not what it saw here.")
}
