package probe

import (
	"math"

	"neuroprobe/datasets"
)

// Decoding is how well linear probes read each concept from each layer.
type Decoding struct {
	Split    datasets.Split `json:"-"`            // scored on
	Train    int            `json:"train_images"` // fitted on
	Select   int            `json:"select_images"`
	Images   int            `json:"images"`
	Concepts []Concept      `json:"concepts"`
	Layers   []DecodedLayer `json:"layers"`
	// Best is the place in Layers from which each concept is read best: where the cross-entropy on
	// select is lowest; -1 where no probe was fitted.
	Best []int `json:"best"`
	// Types is the number of stimulus types of the control task: distinct combinations of class and
	// features. 0 where no features are known and every image is a type of its own.
	Types     int       `json:"stimulus_types"`
	Controls  int       `json:"control_tasks"` // drawn for each concept
	Penalties []float64 `json:"penalties"`     // that were tried
	Seed      uint64    `json:"seed"`
	Warnings  []string  `json:"warnings,omitempty"`
}

// DecodedLayer is one layer's probes. Layer 0 is the input: the channels' statistics, a baseline.
type DecodedLayer struct {
	Layer int    `json:"layer"`
	Name  string `json:"name"`
	// Inputs is how many numbers of an image a probe reads: each channel's maximum and mean, each
	// dense unit's activation, but for those that are constant on train, which Constant counts.
	Inputs   int `json:"inputs"`
	Constant int `json:"constant_inputs,omitempty"`
	// Probes are ordered as Decoding.Concepts; an entry is nil where the concept is constant.
	Probes []*LinearProbe `json:"probes"`

	scores [][]float64
}

// Scores are what the probe of a concept, an index into Probes, says of each measured image: above 0
// is yes. They are not kept with the result on disk; nil where there is no probe.
func (l DecodedLayer) Scores(concept int) []float64 { return l.scores[concept] }

// LinearProbe is an L2-penalised logistic regression, fitted on train, its penalty chosen on
// select by cross-entropy, scored on the measured split.
type LinearProbe struct {
	Concept  int    `json:"concept"`
	With     int    `json:"with"` // numbers of measured images
	Without  int    `json:"without"`
	Accuracy Rate   `json:"accuracy"`
	Majority Number `json:"majority"` // accuracy of always giving train's more frequent answer
	AUROC    Number `json:"auroc"`
	// Within is the AUROC within class: what the probe reads beyond the class. Undefined for a class.
	Within Number `json:"auroc_within_class"`
	// Control is the mean accuracy of equally fitted probes on the control tasks, ControlSD the
	// standard deviation over the tasks; Selectivity is accuracy − control.
	Control     Number `json:"control_accuracy"`
	ControlSD   Number `json:"control_sd"`
	Selectivity Number `json:"selectivity"`
	// SelectLoss is the cross-entropy on select in nats, SelectSelectivity the selectivity there:
	// what layers are chosen and tables are ordered by.
	SelectLoss        Number  `json:"select_cross_entropy"`
	SelectSelectivity Number  `json:"select_selectivity"`
	Penalty           float64 `json:"penalty"`
}

// BestProbe is the probe of a concept at its best layer; nil where none was fitted.
func (d *Decoding) BestProbe(concept int) (*DecodedLayer, *LinearProbe) {
	if d.Best[concept] < 0 {
		return nil, nil
	}
	l := &d.Layers[d.Best[concept]]
	return l, l.Probes[concept]
}

// bestLayers finds for each concept the layer whose probe has the lowest cross-entropy on select;
// of equals the first.
func (d *Decoding) bestLayers() []int {
	best := make([]int, len(d.Concepts))
	for c := range best {
		best[c] = -1
		lowest := math.Inf(1)
		for k, l := range d.Layers {
			if p := l.Probes[c]; p != nil && float64(p.SelectLoss) < lowest {
				best[c], lowest = k, float64(p.SelectLoss)
			}
		}
	}
	return best
}
