package reports

import (
	"fmt"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// Source is where the numbers of an entry come from: a network, the data it was measured on, and
// the run.
type Source struct {
	Network    *model.Network
	Set        *datasets.Set
	DataDigest string
	ModelPath  string // as the lab names it: "model.safetensors"
	Run
}

// provenance are the lines of provenance of a measurement on a split with random choices.
func (s Source) provenance(split datasets.Split, seed uint64, more ...Fact) []Fact {
	facts := []Fact{
		{"model", s.ModelPath},
		{"model digest", s.Network.Digest()},
		{"data", s.Set.Source},
		{"data digest", s.DataDigest},
		{"split", split.String()},
		{"seed", fmt.Sprint(seed)},
	}
	return append(append(facts, more...), s.Run.facts()...)
}
