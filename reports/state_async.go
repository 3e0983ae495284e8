package reports

import "neuroprobe/ablate/state"

// AsyncReport is what an experiment on asynchrony hands in.
type AsyncReport struct {
	Result state.Async
	Source
}

// Async is the entry.
func Async(r AsyncReport) Entry {
	return Entry{Kind: "state-async", Slug: "async", Title: "Out of step", Answer: "x", Run: r.Run, Data: r.Result}
}
