package reports

import (
	"fmt"

	"neuroprobe/model"
	"neuroprobe/probe"
)

// synapseSection lists the strongest synapses into and out of the neuron.
func (r NeuronReport) synapseSection() Section {
	x := r.Examination
	blocks := []Block{}
	if len(x.Incoming) > 0 {
		blocks = append(blocks, r.synapses("Incoming", "from", x.Incoming, x.IncomingCount, func(s probe.Synapse) model.Address { return s.From }))
	}
	if len(x.Outgoing) > 0 {
		blocks = append(blocks, r.synapses("Outgoing", "to", x.Outgoing, x.OutgoingCount, func(s probe.Synapse) model.Address { return s.To }))
	}
	if len(blocks) == 0 {
		return Section{}
	}
	said := "Contribution: what the sender adds to the receiver's pre-activation, averaged over images and the receiver's positions; " +
		"above 0 it excites. Weight: the synapse's, or the sum over a bundle (a convolution's kernel)."
	if r.Network.Steps(x.Unit.Address.Layer) > 0 {
		said += " A recurrent layer's positions are its steps; within the layer a sender carries what it showed a step before, and nothing at the first."
	}
	return Section{"Synapses", append([]Block{Paragraph(said)}, blocks...)}
}

func (r NeuronReport) synapses(title, end string, all []probe.Synapse, count probe.SignCount, other func(probe.Synapse) model.Address) Table {
	t := Table{
		Caption: fmt.Sprintf("%s: %s excitatory, %s inhibitory", title, Count(count.Excitatory), Count(count.Inhibitory)),
		Columns: append(textColumns(end, "its label"), numberColumns("weight", "mean contribution")...),
	}
	t.Columns = append(t.Columns, Column{"sign", false})
	excitatory, inhibitory := 0, 0
	for _, s := range all {
		sign := "excitatory"
		if s.Contribution < 0 {
			sign = "inhibitory"
			inhibitory++
		} else {
			excitatory++
		}
		t.Rows = append(t.Rows, []string{r.nodeName(other(s)), r.otherLabel(other(s), s.Label), signedFigure(s.Weight), signedFigure(s.Contribution), sign})
	}
	if excitatory < count.Excitatory || inhibitory < count.Inhibitory {
		t.Notes = []Note{{Text: fmt.Sprintf("The strongest %d excitatory and %d inhibitory ones.", excitatory, inhibitory)}}
	}
	return t
}

// nodeName is the other end of a synapse: a neuron, an input channel, or a class's logit.
func (r NeuronReport) nodeName(a model.Address) string {
	switch {
	case a.Layer == 0:
		return fmt.Sprintf("input channel %d", a.Unit)
	case a.Layer == r.Network.Depth() && a.Unit < len(r.Network.Classes):
		return fmt.Sprintf("%s (logit of %s)", a, r.Network.Classes[a.Unit])
	}
	return a.String()
}

// otherLabel is the label of the other end; a dead neuron has none, and that matters.
func (r NeuronReport) otherLabel(a model.Address, l *probe.Label) string {
	if u := unitOf(r.Examination.Survey, a); u != nil && u.Quality.Dead {
		return "(dead)"
	}
	return labelled(l)
}

// neighbourSection is what may make the neuron's numbers worthless or double.
func (r NeuronReport) neighbourSection() Section {
	u, s := r.unit(), r.Examination.Survey
	quality := List{
		fmt.Sprintf("presence: above 0 at %s of all positions of all images", Percent(float64(u.Quality.Presence))),
		"class selectivity (best class against the mean of the others, Morcos et al. 2018): " + figure(u.Selectivity),
	}
	if f := flags(s, u); f != "" {
		quality = append(quality, "flags: "+f)
	} else {
		quality = append(quality, "flags: none (not dead, not constant, not always on, no duplicate)")
	}
	blocks := []Block{quality}
	if len(r.Examination.Nearest) > 0 {
		t := Table{Caption: "Nearest neurons of the layer", Columns: textColumns("neuron", "its label")}
		t.Columns = append(t.Columns, Column{"r", true}, Column{"duplicate", false})
		for _, d := range r.Examination.Nearest {
			other, duplicate := unitOf(s, d.Address), "no"
			if d.R > probe.DuplicateR || d.R < -probe.DuplicateR {
				duplicate = "yes"
			}
			label := Missing
			if other != nil {
				label = labelled(other.Label)
			}
			t.Rows = append(t.Rows, []string{r.nodeName(d.Address), label, signedFigure(d.R), duplicate})
		}
		t.Notes = []Note{{Text: fmt.Sprintf("Pearson's r of the summaries on select; duplicates have |r| above %s.", fixed(probe.DuplicateR, 2))}}
		blocks = append(blocks, t)
	}
	return Section{"Quality and neighbours", blocks}
}
