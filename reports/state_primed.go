package reports

import "neuroprobe/ablate/state"

// PrimedReport is what an experiment on priming hands in.
type PrimedReport struct {
	Result state.Priming
	Source
}

// Primed is the entry of an experiment on priming.
func Primed(r PrimedReport) Entry {
	return Entry{Kind: "state-primed", Slug: "state-primed", Title: "x", Run: r.Run, Data: r.Result}
}
