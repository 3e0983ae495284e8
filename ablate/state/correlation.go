package state

import "neuroprobe/probe"

// Correlation is Spearman's over neurons, with a bootstrap interval and the p of exchanging neurons.
type Correlation struct {
	Neurons int          `json:"neurons"`
	R       probe.Number `json:"r"`
	Low     probe.Number `json:"low"`
	High    probe.Number `json:"high"`
	P       probe.Number `json:"p"`
}
