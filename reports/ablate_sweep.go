package reports

import "neuroprobe/ablate"

// SweepReport is what a sweep of all neurons hands in.
type SweepReport struct {
	Result *ablate.SweepResult
	// Table is where the full table was written, from the lab: "recordings/ablate-sweep.parquet".
	Table string
	Source
}

// Sweep is the entry of a sweep.
func Sweep(r SweepReport) Entry {
	return Entry{Kind: "ablate-sweep", Slug: "ablate-sweep", Title: "Sweep", Data: r.Result, Run: r.Run}
}
