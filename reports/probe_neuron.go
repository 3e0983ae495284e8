package reports

import (
	"fmt"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// NeuronReport is what the examination of one neuron hands in.
type NeuronReport struct {
	Examination *probe.Examination
	Network     *model.Network
	// Set is the data the neuron was examined on; its digest says so.
	Set        *datasets.Set
	DataDigest string

	ModelPath string // as the lab names it: "model.safetensors"
	Run
}

// Neuron is the entry of one neuron's examination.
func Neuron(r NeuronReport) Entry {
	s := r.Examination.Survey
	return Entry{
		Kind:     "probe-neuron",
		Slug:     Slug("probe", r.address().String()),
		Title:    capital(r.name()),
		Question: fmt.Sprintf("What does %s respond to?", r.name()),
		Answer:   r.answer(),
		Method:   surveyMethod(s) + " AUROCs have DeLong's 95 % intervals, mean differences bootstrap intervals with images drawn within the groups.",
		Sections: nonEmpty(
			r.labelSection(),
			r.imagesSection(),
			r.activitySection(),
			r.tuningSection(),
			r.beyondSection(),
			r.overlapSection(),
			r.synapseSection(),
			r.neighbourSection(),
			definitions(s),
		),
		Caveats:    r.caveats(),
		Provenance: surveyFacts(s, r.Network, r.Set, r.ModelPath, r.DataDigest, r.Run),
		Run:        r.Run,
		Data:       r.data(),
	}
}

func (r NeuronReport) unit() *probe.Unit      { return &r.Examination.Unit }
func (r NeuronReport) address() model.Address { return r.Examination.Unit.Address }

// name is the neuron and where it is: "neuron 3:17 (channel 17 of conv3)".
func (r NeuronReport) name() string {
	return fmt.Sprintf("neuron %s (%s)", r.address(), place(r.Network, r.address()))
}

// neuronData is an examination for programs, with what of the survey its indices point into.
type neuronData struct {
	Split        string          `json:"split"`
	Images       int             `json:"images"`
	SelectImages int             `json:"select_images"`
	Classes      []string        `json:"classes"`
	Concepts     []probe.Concept `json:"concepts"`
	Parts        []string        `json:"parts,omitempty"`
	Summary      probe.Summary   `json:"summary"`
	Fires        probe.Rule      `json:"fires"`
	Permutations int             `json:"permutations"`
	Resamples    int             `json:"bootstrap_resamples"`
	Seed         uint64          `json:"seed"`
	Tests        probe.Families  `json:"tests"`
	*probe.Examination
}

func (r NeuronReport) data() neuronData {
	s := r.Examination.Survey
	return neuronData{
		Split: s.Split.String(), Images: s.Images, SelectImages: s.SelectImages, Classes: s.Classes, Concepts: s.Concepts, Parts: s.Parts,
		Summary: s.Summary, Fires: s.Fires, Permutations: s.Permutations, Resamples: s.Resamples, Seed: s.Seed, Tests: s.Families,
		Examination: r.Examination,
	}
}

func (r NeuronReport) caveats() []string {
	caveats := surveyCaveats(r.Examination.Survey)
	if len(r.Examination.Incoming)+len(r.Examination.Outgoing) > 0 {
		caveats = append(caveats, "A synapse's contribution is an average over images; that it is large does not show that the receiver depends on it.")
	}
	if r.unit().Tested() {
		caveats = append(caveats, "If the neuron was picked for its numbers, they are overstated for that reason as well: p is adjusted for the tests of the whole network, intervals are not.")
	}
	return caveats
}
