package reports

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"neuroprobe/ablate/state"
	"neuroprobe/model"
)

// RestReport is what an experiment without a stimulus hands in.
type RestReport struct {
	Result state.Rest
	Source
}

// Rest is the entry of an experiment without a stimulus.
func Rest(r RestReport) Entry {
	x := r.Result
	e := Entry{
		Kind:     "state-rest",
		Slug:     "state-rest",
		Title:    "The network at rest",
		Claim:    "“What can a network do if there is no input?”",
		Question: "Which neurons fire when there is nothing to see, what does the network answer, how sure is it, and does its activity resemble that of a class?",
		Answer:   r.answer(),
		Method:   r.method(),
		Sections: []Section{r.answersSection(), r.activitySection(), r.resemblanceSection(), r.neuronsSection()},
		Warnings: x.Warnings,
		Caveats: []string{
			"“No input” is no input to the first layer's neurons: the input normalised to 0. For this network that is a picture of the mean colour; a network cannot tell the two apart.",
			"In convolutions with padding the border is 0 as well, so that at rest a map is the same everywhere; on images it is not.",
			"A brain at rest is busy with itself. Nothing here goes on in time: what the network does without input, it does once.",
			"Uniform colours and noise are far from the images that the network was raised on. What it answers there is as it comes; that it is sure of it is the point.",
			"Resemblance is over the neurons of a layer, most of which vary together: a large correlation is no surprise, which is why the null deals out classes and not neurons.",
			"One network is one specimen (n = 1): another seed has another resting answer.",
		},
		Provenance: r.provenance(x.Split, x.Seed, Fact{"noise draws", Count(x.Draws)}, Fact{"class shuffles", Count(x.Shuffles)}, Fact{"bootstrap resamples", Count(x.Resamples)}),
		Run:        r.Run,
		Data: struct {
			Split string `json:"split"`
			state.Rest
		}{x.Split.String(), x},
	}
	if len(x.Lesions) > 0 {
		e.Slug, e.Title = "state-rest-lesioned", "The network at rest, without "+neuronList(x.Lesions)
	}
	return e
}

// neuronList names neurons, some of many.
func neuronList(all []model.Address) string {
	const most = 6
	var names []string
	for _, a := range all[:min(most, len(all))] {
		names = append(names, a.String())
	}
	if more := len(all) - len(names); more > 0 {
		names = append(names, Count(more)+" more")
	}
	return enumerate(names)
}

func (r RestReport) nothing() state.RestCondition { return r.Result.Conditions[0] }

// firing counts neurons that fire under a condition of a single image.
func (r RestReport) firing(c state.RestCondition) int {
	n := 0.0
	for _, l := range c.Layers {
		n += l.Firing * float64(r.Network.Geometry(l.Layer).Act[0])
	}
	return int(math.Round(n))
}

func (r RestReport) answer() string {
	x, rest := r.Result, r.nothing()
	said := fmt.Sprintf("It answers all the same: with no input %s of %s neurons fire, and the network says %s with a probability of %s, surer than on %s of %s %s images",
		Count(r.firing(rest)), Count(x.Total), x.Classes[rest.Said], Percent(rest.Confidence.Estimate), Percent(rest.Surer), Count(x.Images), x.Split)
	same := 0
	var others []string
	for _, c := range x.Conditions[1:] {
		if c.Said == rest.Said {
			same++
		} else if name := r.name(c); !slices.Contains(others, name) {
			others = append(others, name)
		}
	}
	if len(others) == 0 {
		said += fmt.Sprintf("; it says the same of all %s other things that are no stimulus", Count(same))
	} else {
		said += fmt.Sprintf("; of %s other things that are no stimulus it says the same of %s", Count(len(x.Conditions)-1), Count(same))
	}
	return said + "; " + r.resemblance() + "."
}

// resemblance is the last layer's under no input, in a clause.
func (r RestReport) resemblance() string {
	x, layers := r.Result, r.nothing().Layers
	last := layers[len(layers)-1]
	significant := 0
	for _, l := range layers {
		for _, s := range l.Resembles {
			significant += yesNumber(likely(s))
		}
	}
	if len(last.Resembles) == 0 || !last.Resembles[0].R.Defined() {
		return "whether its activity resembles a class cannot be told"
	}
	best := last.Resembles[0]
	for _, s := range last.Resembles[1:] {
		if math.Abs(float64(s.R)) > math.Abs(float64(best.R)) {
			best = s
		}
	}
	class := x.Classes[best.Class]
	if best.R < 0 && len(x.Classes) == 2 {
		class = x.Classes[1-best.Class]
	}
	if !likely(best) {
		return fmt.Sprintf("in the last hidden layer its activity resembles no class more than chance would (strongest r = %s, adjusted p = %s)", fixed(float64(best.R), 2), PValue(float64(best.Adjusted)))
	}
	if best.R < 0 && len(x.Classes) > 2 {
		class = "the opposite of " + class
	}
	return fmt.Sprintf("in the last hidden layer its activity resembles %s (r = %s over neurons, adjusted p = %s)", class, fixed(math.Abs(float64(best.R)), 2), PValue(float64(best.Adjusted)))
}

func likely(s state.Resemblance) bool { return s.Adjusted.Defined() && s.Adjusted < 0.05 }

func (r RestReport) name(c state.RestCondition) string {
	if c.Strength > 0 {
		return fmt.Sprintf("noise, %s sd", dose(c.Strength))
	}
	return c.Name
}

func (r RestReport) method() string {
	x := r.Result
	var b strings.Builder
	fmt.Fprintf(&b, "No input: the normalised input is 0 everywhere, so that the biases alone drive the network. That is an image of the channels' mean colour; its normalised values differ from 0 by at most %s. ", Number(x.UniformDiffers))
	fmt.Fprintf(&b, "Black, grey and white are uniform images, the mean image is that of %s of select, noise is independent at every pixel about the mean colour, its standard deviation in multiples of the data's own, cut to [0, 1], %s each. ", plural(x.SelectImages, "image"), plural(x.Draws, "draw"))
	b.WriteString("A neuron's rate is its activation averaged over its map; it fires if any position is above 0. Neurons are those of hidden layers with ReLU. Resting rates are given as a multiple of the evoked rate, the neuron's mean over the measured images. ")
	b.WriteString("Confidence is the softmax probability of the answer, the lead its logit less the strongest other; intervals are 95 % bootstrap over draws (a single image has none). ")
	fmt.Fprintf(&b, "Resemblance with a class is the correlation, over a layer's neurons, of the rates' z-scores (by each neuron's mean and standard deviation on select, without which all correlations are high) with the class's mean z-score less that of all other images. "+
		"Null: the classes dealt out anew among the select images (%s); p two-sided, (b+1)/(m+1), adjusted by Benjamini and Hochberg over all %s of this entry. ", plural(x.Shuffles, "time"), plural(x.Tests, "test"))
	b.WriteString("Positive control: the measured images of each class, measured alike. Drivers: each neuron silenced (zero ablation) without input; the identity edit on each layer")
	if x.ShamChanged == 0 {
		b.WriteString(" changed no logit by a bit")
	} else {
		fmt.Fprintf(&b, " changed %s", plural(x.ShamChanged, "logit"))
	}
	fmt.Fprintf(&b, ". Seed %d.", x.Seed)
	if len(x.Lesions) > 0 {
		b.WriteString(" Silent throughout: " + neuronList(x.Lesions) + ".")
	}
	return b.String()
}

// all are the conditions and the positive control.
func (r RestReport) all() []state.RestCondition {
	return append(slices.Clone(r.Result.Conditions), r.Result.Evoked...)
}

func (r RestReport) answersSection() Section {
	x := r.Result
	columns := append(textColumns("shown"), numberColumns("images")...)
	columns = append(columns, textColumns("says")...)
	t := Table{Terminal: true, Caption: "What the network answers", Columns: append(columns, numberColumns("share", "confidence", "95 % interval", "lead", "95 % interval", "surer than")...)}
	for _, c := range r.all() {
		confidence, lead := Missing, Missing
		if c.Draws > 1 {
			confidence, lead = PercentInterval(c.Confidence.Low, c.Confidence.High), Interval(c.Lead.Low, c.Lead.High)
		}
		t.Rows = append(t.Rows, []string{r.name(c), Count(c.Draws), x.Classes[c.Said], Percent(c.Answers[c.Said]), Percent(c.Confidence.Estimate), confidence, Number(c.Lead.Estimate), lead, Percent(c.Surer)})
	}
	t.Notes = []Note{{Text: fmt.Sprintf("Share: of the images, with this answer. Lead: the answer's logit less the strongest other. Surer than: the share of %s images of %s whose answer has less confidence than this mean.", Count(x.Images), x.Split)}}
	for _, c := range x.Conditions {
		if c.Clipped > 0.01 {
			t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("Of %s, %s of the values had to be cut to [0, 1].", r.name(c), Percent(c.Clipped))})
		}
	}
	return Section{"The answer to nothing", []Block{
		Figure{File: "answers.png", PNG: r.answersPNG(), Alt: "Answers and confidence with noise of growing strength; the table has the numbers",
			Caption: "Left: the share of draws with each answer. Right: the confidence of the answer, and its mean on real images (line)."}, t}}
}

func (r RestReport) activitySection() Section {
	t := Table{Terminal: true, Caption: "Activity without input", Columns: append(numberColumns("#"), textColumns("layer")...)}
	t.Columns = append(t.Columns, numberColumns("neurons", "fire", "rest / evoked", "quartiles")...)
	for _, l := range r.nothing().Layers {
		t.Rows = append(t.Rows, []string{Count(l.Layer), l.Name, Count(r.Network.Geometry(l.Layer).Act[0]), Percent(l.Firing), Number(float64(l.Ratio[0])), Interval(float64(l.Ratio[1]), float64(l.Ratio[2]))})
	}
	x := r.Result
	t.Notes = []Note{{Text: fmt.Sprintf("Rest / evoked: median over the neurons that real images drive. With all dendrites silent, by their bias alone, %s of %s neurons would fire.", Count(x.Alone), Count(x.Total))}}
	other := Table{Caption: "Neurons that fire, by condition", Columns: textColumns("shown")}
	for _, l := range r.nothing().Layers {
		other.Columns = append(other.Columns, numberColumns(fmt.Sprintf("%d %s", l.Layer, l.Name), "rest / evoked")...)
	}
	for _, c := range r.all() {
		row := []string{r.name(c)}
		for _, l := range c.Layers {
			row = append(row, Percent(l.Firing), Number(float64(l.Ratio[0])))
		}
		other.Rows = append(other.Rows, row)
	}
	other.Notes = []Note{{Text: "Share of a layer's neurons that fire, mean over images, and the median of rest / evoked."}}
	return Section{"Who fires", []Block{t,
		Figure{File: "activity.png", PNG: r.activityPNG(), Alt: "Each neuron's rate without input as a multiple of its evoked rate, by layer; the table has the quartiles",
			Caption: "Each dot is a neuron: its rate without input as a multiple of its mean on real images. 0: silent at rest. 1: as on images. The largest of each layer has its name; above 3 is drawn at 3."}, other}}
}

func (r RestReport) resemblanceSection() Section {
	x := r.Result
	var tested []int
	for _, l := range r.nothing().Layers {
		if len(l.Resembles) > len(tested) {
			tested = nil
			for _, s := range l.Resembles {
				tested = append(tested, s.Class)
			}
		}
	}
	if len(tested) == 0 {
		return Section{"Does rest resemble a class?", []Block{Paragraph("No layer has enough neurons to correlate.")}}
	}
	t := Table{Caption: "Correlation with the classes", Columns: append(textColumns("shown", "layer", "class"), numberColumns("r", "null 95 %", "adjusted p")...)}
	for _, c := range r.all() {
		for _, l := range c.Layers {
			for _, s := range l.Resembles {
				if len(tested) > 2 && !likely(s) {
					continue // of many classes only what there is to see
				}
				mark := ""
				if likely(s) {
					mark = " *"
				}
				t.Rows = append(t.Rows, []string{r.name(c), l.Name, x.Classes[s.Class], fixedOr(float64(s.R)) + mark, SignedInterval(s.Null[0], s.Null[1]), PValue(float64(s.Adjusted))})
			}
		}
	}
	t.Notes = []Note{{Text: fmt.Sprintf("*: adjusted p below 0.05, over %s. r above 0 resembles the class, below 0 the others.", plural(x.Tests, "test"))}}
	if len(tested) > 2 {
		t.Notes = append(t.Notes, Note{Text: "Those with an adjusted p of 0.05 or more are only in the JSON file."})
	}
	const most = 60
	if more := len(t.Rows) - most; more > 0 {
		t.Rows = t.Rows[:most]
		t.Notes = append(t.Notes, Note{Text: plural(more, "more row") + " only in the JSON file."})
	}
	return Section{"Does rest resemble a class?", []Block{t}}
}

func fixedOr(v float64) string {
	if math.IsNaN(v) {
		return Missing
	}
	return signedFixed(v, 2)
}

// restRows is how many neurons the tables show.
const restRows = 10

func (r RestReport) neuronsSection() Section {
	x := r.Result
	t := Table{Caption: "The most active without input", Columns: append(textColumns("neuron", "layer"), numberColumns("bias", "at rest", "evoked", "rest / evoked")...)}
	for _, n := range x.Neurons[:min(restRows, len(x.Neurons))] {
		if !n.Ratio.Defined() || n.Rest == 0 {
			break
		}
		t.Rows = append(t.Rows, []string{n.Address.String(), r.Network.Layer(n.Address.Layer).Name, Signed(n.Bias), Number(n.Rest), Number(n.Evoked), Number(float64(n.Ratio))})
	}
	t.Notes = []Note{{Text: fmt.Sprintf("Of %s with a hidden ReLU.", plural(x.Total, "neuron"))}}
	d := Table{Terminal: true, Caption: "Who makes the resting answer", Columns: append(textColumns("neuron", "layer"), numberColumns("change of the lead", "the answer")...)}
	for _, n := range x.Drivers[:min(restRows, len(x.Drivers))] {
		flips := "stays"
		if n.Flips {
			flips = "changes"
		}
		d.Rows = append(d.Rows, []string{n.Address.String(), r.Network.Layer(n.Address.Layer).Name, Signed(n.Change), flips})
	}
	flipping := 0
	for _, n := range x.Drivers {
		flipping += yesNumber(n.Flips)
	}
	d.Notes = []Note{{Text: fmt.Sprintf("Each neuron silenced without input: the lead is %s intact. %s the lead, %s the answer.", Number(x.Margin), capital(changing(len(x.Drivers))), changing(flipping))}}
	var blocks []Block
	if len(d.Rows) > 0 {
		blocks = append(blocks, d)
	}
	if len(t.Rows) > 0 {
		blocks = append(blocks, t)
	}
	if blocks == nil {
		blocks = []Block{Paragraph("No neuron fires without input.")}
	}
	return Section{"Which neurons", blocks}
}

// noiseOf are the strengths of noise and what came of them.
func (r RestReport) noiseOf() (strengths []float64, conditions []state.RestCondition) {
	for _, c := range r.Result.Conditions {
		if c.Strength > 0 {
			strengths, conditions = append(strengths, c.Strength), append(conditions, c)
		}
	}
	return strengths, conditions
}

// restAt is no input as the noise of strength 0.
func (r RestReport) restAt() ([]float64, []state.RestCondition) {
	s, c := r.noiseOf()
	return append([]float64{0}, s...), append([]state.RestCondition{r.nothing()}, c...)
}
