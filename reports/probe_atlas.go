package reports

import (
	"fmt"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

// AtlasReport is what a survey of all neurons hands in.
type AtlasReport struct {
	Survey  *probe.Survey
	Network *model.Network
	// Set is the data the survey was measured on; its digest says so.
	Set        *datasets.Set
	DataDigest string

	ModelPath string // as the lab names it: "model.safetensors"
	Run
}

// Atlas is the entry of a survey: every neuron of a network and what it responds to.
func Atlas(r AtlasReport) Entry {
	sections := []Section{r.conceptSection(), r.stripSection()}
	for l := 1; l <= r.Network.Depth(); l++ {
		sections = append(sections, r.layerSection(l))
	}
	return Entry{
		Kind:       "probe",
		Slug:       "probe",
		Title:      "Atlas of the network's neurons",
		Question:   fmt.Sprintf("What does each of the network's %s respond to?", plural(len(r.Survey.Units), "neuron")),
		Answer:     r.answer(),
		Method:     surveyMethod(r.Survey),
		Sections:   nonEmpty(append(sections, definitions(r.Survey))...),
		Exclusions: surveyExclusions(r.Survey),
		Caveats:    r.caveats(),
		Provenance: surveyFacts(r.Survey, r.Network, r.Set, r.ModelPath, r.DataDigest, r.Run),
		Run:        r.Run,
		Data:       atlasData{r.Survey.Split.String(), r.Survey},
	}
}

// atlasData is a survey for programs.
type atlasData struct {
	Split string `json:"split"`
	*probe.Survey
}

// caveats adds to what every survey cannot show how many false finds to expect.
func (r AtlasReport) caveats() []string {
	found := 0
	for _, x := range r.Survey.Responders {
		found += x.Raw
	}
	caveats := surveyCaveats(r.Survey)
	if found > 0 {
		caveats = append(caveats, fmt.Sprintf("Of %s raw tests, %s beat the null; at a false discovery rate of %.0f %% about %s of these are expected to be false.",
			Count(r.Survey.Families.Raw), Count(found), 100*probe.Alpha, Count(int(probe.Alpha*float64(found)+0.5))))
	}
	return caveats
}
