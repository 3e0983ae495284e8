package reports

import (
	"fmt"
	"math"
	"strings"

	"neuroprobe/probe"
)

// CensusReport is what a census hands in.
type CensusReport struct {
	Result *probe.Census
	Source
}

// Census is the entry of a count of neurons and synapses.
func Census(r CensusReport) Entry {
	x := r.Result
	return Entry{
		Kind:     "census",
		Slug:     "census",
		Title:    "Census of neurons and synapses",
		Claim:    "“A neuron is a row of weights, a synapse is one weight; excitatory and inhibitory.”",
		Question: fmt.Sprintf("How many neurons and synapses has the network that tells %s, do its neurons excite or inhibit as a brain's do, and how sparsely do they fire?", telling(r.Set.Classes)),
		Answer:   r.answer(),
		Method:   r.method(),
		Sections: []Section{r.countSection(), r.brainSection(), r.daleSection(), r.weightSection(), r.activitySection()},
		Caveats: []string{
			"A weight's sign is that of what arrives only if the sender is never below 0. Pixels are normalised and have a sign; so have layers without ReLU. They are left out of the test of Dale's principle.",
			"A brain's synapse is a contact between two cells, with a delay and a size that changes in seconds; a weight is a number. The counts compare wiring, not computing power.",
			"The network was free to give a neuron both signs. That it does shows that this training does not lead to Dale's principle by itself, not that the principle would cost anything.",
			"Effective fan-in looks at weights alone: a strong weight from a sender that never fires carries nothing.",
			"One network is one specimen (n = 1): another seed gives other weights.",
		},
		Provenance: r.provenance(x.Split, x.Seed, Fact{"permutations", Count(x.Permutations)}),
		Run:        r.Run,
		Warnings:   x.Warnings,
		Data: struct {
			Split string `json:"split"`
			*probe.Census
		}{x.Split.String(), x},
	}
}

// signs are the whole network's synapses.
func (r CensusReport) signs() probe.Signs {
	var s probe.Signs
	for _, l := range r.Result.Layers {
		s.Excitatory += l.Excitatory
		s.Inhibitory += l.Inhibitory
		s.Silent += l.Silent
		s.ExcitatoryStrength += l.ExcitatoryStrength
		s.InhibitoryStrength += l.InhibitoryStrength
	}
	return s
}

// answer is the result in one sentence.
func (r CensusReport) answer() string {
	x, signs := r.Result, r.signs()
	var s strings.Builder
	fmt.Fprintf(&s, "As a count yes: %s hold %s, %s of them excitatory (%s by strength). ", plural(x.Total.Neurons, "neuron"), plural(x.Total.Synapses, "synapse"),
		Percent(float64(signs.Share())), Percent(float64(signs.StrengthShare())))
	s.WriteString(r.daleAnswer())
	if dead, of := r.dead(); of > 0 {
		fmt.Fprintf(&s, " On %s (n = %s) %s of %s with ReLU are dead.", x.Split, plural(x.Images, "image"), Count(dead), plural(of, "neuron"))
	}
	return s.String()
}

// dead counts the neurons that never fire, of those that have a rate.
func (r CensusReport) dead() (dead, of int) {
	for _, l := range r.Result.Layers {
		if l.Activity != nil {
			dead += len(l.Activity.Dead)
			of += l.Neurons
		}
	}
	return dead, of
}

// daleAnswer says whether senders keep to one sign.
func (r CensusReport) daleAnswer() string {
	senders, exact, expected, tested := 0, 0, 0.0, 0
	var more, less []string
	for _, d := range r.Result.Dale {
		if d.NotTested != "" {
			continue
		}
		tested++
		senders, exact, expected = senders+d.Senders, exact+d.Exact, expected+d.Exacts[0].Expected
		over, under, nearest := daleVerdict(d)
		against := fmt.Sprintf("layer %d (%s against %s)", d.Layer, Percent(d.Balance[0].Observed), Percent(nearest))
		switch {
		case over:
			more = append(more, against)
		case under:
			less = append(less, against)
		}
	}
	if tested == 0 {
		return "No layer's neurons can be tested for Dale's principle."
	}
	s := fmt.Sprintf("But the sign belongs to the synapse, not to the neuron as in a brain: %s of %s keep to one sign (Dale's principle; %s expected with shuffled signs)",
		Count(exact), plural(senders, "sender"), expectedCount(expected))
	if exact == senders {
		s = fmt.Sprintf("And each of %s keeps to one sign, as Dale's principle says of a brain's (%s expected with shuffled signs)", plural(senders, "sender"), expectedCount(expected))
	}
	if len(more)+len(less) == 0 {
		return s + "; no layer's mean balance differs from both nulls."
	}
	if len(more) > 0 {
		s += "; senders are on average more one-sided than under both nulls in " + enumerate(more)
	}
	if len(less) > 0 {
		s += "; less one-sided than under both nulls in " + enumerate(less)
	}
	return s + "."
}

// expectedCount is a mean number of things.
func expectedCount(v float64) string {
	if v > 0 && v < 0.01 {
		return "fewer than 0.01"
	}
	return Number(v)
}

// daleVerdict tells whether a layer's mean balance by number is more, or less, one-sided than under both
// nulls, adjusted for all tests; nearest is the expectation that comes nearer to it.
func daleVerdict(d probe.Dale) (over, under bool, nearest float64) {
	over, under, nearest = true, true, math.Inf(1)
	for _, t := range d.Balance {
		if t.Measure == probe.ByNumber {
			over = over && t.AdjustedOver < probe.Alpha
			under = under && t.AdjustedUnder < probe.Alpha
			if math.Abs(t.Expected-t.Observed) < math.Abs(nearest-t.Observed) {
				nearest = t.Expected
			}
		}
	}
	return over, under, nearest
}

func (r CensusReport) method() string {
	x := r.Result
	var s strings.Builder
	s.WriteString("A neuron is a unit of a dense layer or a channel of a convolution; its dendrites are its K weights (fan-in), a synapse is one weight, and biases are counted apart. " +
		"A convolution's neuron uses its K synapses at every position: connections are N×K×positions, which would be synapses if each position had a cell of its own, as in a brain. " +
		"A layer that adds has no weights: its inputs arrive with a fixed weight of 1, which count as connections and not as synapses. " +
		"A weight above 0 is excitatory, below 0 inhibitory; its strength is |w|. What a neuron does with its inputs, term by term, is shown by neuroprobe circuit image. ")
	s.WriteString("A sender's balance is the share of its outgoing weights, to all layers that read it, whose sign is that of the majority: by number max(n₊, n₋)/n, by strength max(Σ₊|w|, Σ₋|w|)/Σ|w|; 1 obeys " +
		"Dale's principle as Eccles put it, one sign per sender (Eccles, Fatt and Koketsu, J. Physiol. 126:524 (1954); Strata and Harvey, Brain Res. Bull. 50:349 (1999)), 0.5 is even. Senders are hidden neurons with ReLU. ")
	fmt.Fprintf(&s, "The statistic is the layer's mean over senders, held against two nulls of %s each. Signs: the signs of each weight matrix are dealt out anew among its weights, magnitudes kept; this also breaks kernels, whose "+
		"neighbouring weights are alike. Senders: for each receiver its kernels (or weights) are dealt out anew among the senders; kernels and each receiver's share of excitation stay, and only who sent what is lost. "+
		"p is one-sided, (b+1)/(m+1), both ways, adjusted by Benjamini and Hochberg for all %s of this census, those of the number of exact senders included. Seed %d. ", plural(x.Permutations, "permutation"), plural(x.DaleTests, "test"), x.Seed)
	s.WriteString("Effective fan-in is the participation ratio of a neuron's weights, (Σw²)²/Σw⁴ (Bell and Dean, Discuss. Faraday Soc. 50:55 (1970)): K if all are equally strong, 1 if one does it all, about (K+2)/3 for normally distributed weights. " +
		"A weak synapse has |w| below a tenth of its layer's standard deviation. ")
	fmt.Fprintf(&s, "Activity was recorded on %s of the %s split. A neuron's rate on an image is its activation averaged over its map; it fires if any position is above 0. Sparseness is (1 − (Σr/n)²/(Σr²/n))/(1 − 1/n), over images for a neuron (lifetime) "+
		"and over a layer's neurons for an image (population): 0 if all rates are equal, 1 if one alone is above 0 (Treves and Rolls, Network 2:371 (1991); Rolls and Tovee, J. Neurophysiol. 73:713 (1995); Vinje and Gallant, Science 287:1273 (2000)). "+
		"Dead neurons fire on none of these images and of the %s of select.", plural(x.Images, "image"), x.Split, Count(x.SelectImages))
	return s.String()
}

// countSection is the census proper.
func (r CensusReport) countSection() Section {
	x := r.Result
	t := Table{Columns: append(append(numberColumns("#"), textColumns("layer")...),
		numberColumns("neurons N", "dendrites K", "synapses N×K", "positions", "connections", "excitatory", "by strength")...), Terminal: true}
	for _, l := range x.Layers {
		k := Count(l.Dendrites)
		if l.Synapses == 0 {
			k = "(" + k + ")"
		}
		t.Rows = append(t.Rows, []string{fmt.Sprint(l.Layer), l.Name, Count(l.Neurons), k, Count(l.Synapses), Count(l.Positions), Count(l.Connections),
			Percent(float64(l.Share())), Percent(float64(l.StrengthShare()))})
		if l.Synapses == 0 {
			t.Notes = append(t.Notes, Note{Row: len(t.Rows), Col: 3, Text: "Summands of fixed weight 1: connections, no synapses."})
		}
	}
	signs := r.signs()
	t.Rows = append(t.Rows, []string{"", "in all", Count(x.Total.Neurons), "", Count(x.Total.Synapses), "", Count(x.Total.Connections), Percent(float64(signs.Share())), Percent(float64(signs.StrengthShare()))})
	t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("Shares are of the synapses with a sign: %s excite, %s inhibit, %s exactly 0. %s come on top.",
		Count(signs.Excitatory), Count(signs.Inhibitory), are(signs.Silent), capital(biases(x.Total.Biases)))})
	if x.Total.Padding > 0 {
		t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("Of the connections, %s only ever read the zeros around a map.", Count(x.Total.Padding))})
	}
	t.Notes = append(t.Notes, Note{Text: fmt.Sprintf("Layer 1 reads normalised pixels, of which %s are below 0 on %s: there a weight above 0 often inhibits.", Percent(float64(x.Negative)), x.Split)})
	said := fmt.Sprintf("%s at all their positions are %s, and each synapse is used %s times an image on average: no brain shares a synapse between places.",
		capital(plural(x.Total.Neurons, "neuron")), plural(x.Total.Cells, "cell"), Number(float64(x.Total.Connections)/float64(max(1, x.Total.Synapses))))
	if x.Total.Cells == x.Total.Neurons {
		said = "Without convolutions each synapse is used once an image, as in a brain."
	}
	return Section{"Neurons and synapses", []Block{t, Paragraph(said)}}
}

func are(n int) string {
	if n == 1 {
		return "1 is"
	}
	return Count(n) + " are"
}

func biases(n int) string {
	if n == 1 {
		return "1 bias"
	}
	return Count(n) + " biases"
}

// The nervous systems that the network is held beside, each with its source.
const (
	wormNeurons   = 302  // White et al. 1986
	wormSynapses  = 6393 // chemical, among 279 of them; Varshney et al. 2011
	humanNeurons  = 86e9 // Azevedo et al. 2009
	cortexNeurons = 21e9 // Pakkenberg et al. 2003
	cortexEach    = 7000 // synapses of a neocortical neuron; Drachman 2005, after Pakkenberg et al. 2003
)

// brainSection holds the sum beside nervous systems.
func (r CensusReport) brainSection() Section {
	x := r.Result
	each := float64(x.Total.Synapses) / float64(x.Total.Neurons)
	ratio := func(neurons float64) string { return Number(neurons / float64(x.Total.Neurons)) }
	return Section{"Beside a brain", []Block{Table{
		Columns: append(append(textColumns(""), numberColumns("neurons", "synapses", "synapses each", "neurons, as multiple of the network's")...), textColumns("source")...),
		Rows: [][]string{
			{"this network", Count(x.Total.Neurons), Count(x.Total.Synapses), Number(each), "1", "counted above"},
			{"the same, each position a cell", Count(x.Total.Cells), Count(x.Total.Connections), Number(float64(x.Total.Connections) / float64(x.Total.Cells)), ratio(float64(x.Total.Cells)), "counted above"},
			{"the worm C. elegans", Count(wormNeurons), "about " + Count(wormSynapses), "about 23", ratio(wormNeurons), "White et al. 1986; Varshney et al. 2011 (chemical synapses among 279 of them)"},
			{"a human brain", "86 billion (± 8)", "not counted", "–", ratio(humanNeurons), "Azevedo et al. 2009; Herculano-Houzel 2009"},
			{"its neocortex", "19 to 23 billion", "150 trillion", "about " + Count(cortexEach), ratio(cortexNeurons), "Pakkenberg et al. 2003; Drachman 2005"},
		},
		Notes: []Note{
			{Text: "The project's founding text gives a human brain 860 billion neurons. That is ten times the number counted by dissolving brains and counting nuclei: 86 billion, and about as many other cells."},
			{Text: "7,000 synapses a neuron hold for the neocortex. Multiplied by 86 billion neurons they would make 600 trillion, but the granule cells of the cerebellum, most of a brain's neurons, have a handful of dendrites each: a total for the brain has not been counted."},
			{Text: "F. A. C. Azevedo et al., J. Comp. Neurol. 513:532 (2009); S. Herculano-Houzel, Front. Hum. Neurosci. 3:31 (2009); B. Pakkenberg et al., Exp. Gerontol. 38:95 (2003); D. A. Drachman, Neurology 64:2004 (2005); J. G. White et al., Phil. Trans. R. Soc. B 314:1 (1986); L. R. Varshney et al., PLoS Comput. Biol. 7:e1001066 (2011)."},
		},
	}}}
}
