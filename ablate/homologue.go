package ablate

import (
	"context"
	"fmt"
	"math"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/kernel"
	"neuroprobe/probe"
)

// Homologue is the neuron of another network, raised by the same recipe, that answers the images
// most as a neuron of the reference network does: of all neurons of the same layer the one whose
// activation correlates best with it over the select images. The best match is one-sided: two
// neurons may have the same homologue, and a homologue's own best match may be another neuron (then
// the match is not mutual). To be alike in that is not to be the same neuron.
//
// Y. Li, J. Yosinski, J. Clune, H. Lipson and J. Hopcroft, Convergent learning: do different neural
// networks learn the same representations?, ICLR 2016, arXiv:1511.07543.
type Homologue struct {
	Neuron model.Address `json:"neuron"` // of the reference network
	Match  model.Address `json:"match"`  // the best match in the other one, also where Problem rejects it
	R      probe.Number  `json:"r"`
	// RunnerUp is the second best; its R is undefined where there is no second.
	RunnerUp  model.Address `json:"runner_up"`
	RunnerUpR probe.Number  `json:"runner_up_r"`
	// Within is the correlation with the match within classes: of what is left of both when each
	// class's mean is taken off. It is undefined where nothing is left.
	Within probe.Number `json:"r_within_class"`
	Mutual bool         `json:"mutual"` // Neuron is Match's best match as well
	// P is the chance of a best match as good if the reference had seen the images in another order;
	// AdjustedP is corrected for all matches of an experiment (Benjamini–Hochberg).
	P         probe.Number `json:"p"`
	AdjustedP probe.Number `json:"adjusted_p"`
	// Given says why nothing had to be matched: a whole layer, a class's own output neuron.
	Given string `json:"given,omitempty"`
	// Problem says why there is no homologue.
	Problem string `json:"problem,omitempty"`
}

// Found tells whether there is a homologue.
func (h Homologue) Found() bool { return h.Problem == "" }

// homologueSummary is what stands for a channel's map on an image: the mean over positions. All
// positions have a say in it; among petfaces networks it makes a third more matches mutual than the
// maximum does, and puts the runner-up further away.
const homologueSummary = probe.Mean

// activity is what the neurons of some layers did on the select images: by layer and unit the
// standardised column of summaries, nil for a constant unit.
type activity struct {
	images int
	labels []int
	units  map[int][][]float64
}

// recordActivity runs a network on the select images.
func recordActivity(ctx context.Context, n *model.Network, set *datasets.Set, layers []int, workers int) (*activity, error) {
	r, err := probe.Record(ctx, n, set, datasets.Select, layers, workers, nil)
	if err != nil {
		return nil, err
	}
	a := &activity{images: r.Images, labels: set.Labels[r.First : r.First+r.Images], units: map[int][][]float64{}}
	column := make([]float64, r.Images)
	from := r.Mean
	if homologueSummary == probe.Max {
		from = r.Max
	}
	for u, neuron := range r.Units {
		for i, v := range from[u*r.Images : (u+1)*r.Images] {
			column[i] = float64(v)
		}
		a.units[neuron.Layer] = append(a.units[neuron.Layer], stats.Standardised(column))
	}
	return a, nil
}

// homologues matches neurons (positions of them, whole layers) of the reference network in
// another one; p-values are not adjusted yet.
func homologues(n *model.Network, reference, other *activity, targets []model.Address, shuffles stats.Permutations, workers int) []Homologue {
	out := make([]Homologue, len(targets))
	byLayer := map[int][]int{} // places in targets
	for k, t := range targets {
		out[k] = Homologue{Neuron: t, Match: t, RunnerUp: t, R: probe.Undefined, RunnerUpR: probe.Undefined, Within: probe.Undefined, P: probe.Undefined, AdjustedP: probe.Undefined}
		switch {
		case t.Unit == model.AllUnits:
			out[k].Given = "the same layer"
		case t.Layer == n.Depth():
			out[k].Given = "the same class"
		default:
			byLayer[t.Layer] = append(byLayer[t.Layer], k)
		}
	}
	for layer, places := range byLayer { // each writes to its own places
		matchLayer(reference.units[layer], other.units[layer], out, places, shuffles, workers)
		for _, k := range places {
			if h := &out[k]; h.Found() {
				h.Within = probe.Number(stats.Pearson(reference.withinClass(h.Neuron), other.withinClass(h.Match)))
			}
		}
	}
	return out
}

// withinClass is a neuron's column less the mean of each image's class.
func (a *activity) withinClass(neuron model.Address) []float64 {
	column := a.units[neuron.Layer][neuron.Unit]
	means := map[int]*stats.Moments{}
	for i, label := range a.labels {
		if means[label] == nil {
			means[label] = &stats.Moments{}
		}
		means[label].Add(column[i])
	}
	out := make([]float64, len(column))
	for i, label := range a.labels {
		if out[i] = column[i] - means[label].Mean(); math.Abs(out[i]) < 1e-9 {
			out[i] = 0 // what rounding leaves of a column that is constant within classes
		}
	}
	return out
}

// matchLayer fills in the homologues at some places, all of one layer.
func matchLayer(mine, theirs [][]float64, out []Homologue, places []int, shuffles stats.Permutations, workers int) {
	var units []int // of the reference, each once: the rows of the null
	row := map[int]int{}
	for _, k := range places {
		h := &out[k]
		if !h.match(mine, theirs) {
			continue
		}
		if _, known := row[h.Neuron.Unit]; !known {
			row[h.Neuron.Unit] = len(units)
			units = append(units, h.Neuron.Unit)
		}
	}
	if len(units) == 0 {
		return
	}
	best := make([]float64, len(units))
	for _, k := range places {
		if h := &out[k]; h.Found() {
			best[row[h.Neuron.Unit]] = float64(h.R)
		}
	}
	p := bestMatchNull(mine, theirs, units, best, shuffles, workers)
	for _, k := range places {
		if h := &out[k]; h.Found() {
			h.P = probe.Number(p[row[h.Neuron.Unit]])
		}
	}
}

// match finds the best and second best neuron of a layer, and tells whether there is one.
func (h *Homologue) match(mine, theirs [][]float64) bool {
	me := mine[h.Neuron.Unit]
	if me == nil {
		h.Problem = "it is constant over the select images in the reference"
		return false
	}
	best, second := -1, -1
	var r, r2 float64
	for u, them := range theirs {
		if them == nil {
			continue
		}
		switch v := product(me, them); {
		case best < 0 || v > r:
			best, second, r, r2 = u, best, v, r
		case second < 0 || v > r2:
			second, r2 = u, v
		}
	}
	if best < 0 {
		h.Problem = "every neuron of the layer is constant over the select images there"
		return false
	}
	h.Match.Unit, h.R = best, probe.Number(r)
	if h.RunnerUp = h.Match; second >= 0 {
		h.RunnerUp.Unit, h.RunnerUpR = second, probe.Number(r2)
	}
	h.Mutual = true
	for u, other := range mine {
		if u != h.Neuron.Unit && other != nil && product(other, theirs[best]) > r {
			h.Mutual = false
		}
	}
	return true
}

// product is the correlation of two standardised columns.
func product(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return min(1, max(-1, sum))
}

// roundingOfR is by how much a correlation of shuffled columns in float32 may be off.
const roundingOfR = 1e-5

// bestMatchNull are the p-values of units' best correlations: how often a unit whose images were
// shuffled finds a match as good among all of theirs. So that choosing the best of many is paid for,
// the maximum over theirs is compared.
func bestMatchNull(mine, theirs [][]float64, units []int, best []float64, shuffles stats.Permutations, workers int) []float64 {
	images := len(mine[units[0]])
	candidates := newColumns(theirs, images)
	rows := make([][]float64, len(units))
	for k, u := range units {
		rows[k] = mine[u]
	}
	reference := newColumns(rows, images)
	// Shuffles come one after another and are used as many at a time as make a large product.
	block := max(1, 256/len(units))
	var orders [][]int
	extreme := make([]int, len(units))
	flush := func() {
		tasks := (len(orders) + block - 1) / block
		hits := make([][]int, tasks)
		kernel.Parallel(workers, tasks, func(_, task int) {
			mine := orders[task*block : min((task+1)*block, len(orders))]
			hits[task] = countMatches(reference, candidates, mine, best)
		})
		for _, h := range hits {
			for k, n := range h {
				extreme[k] += n
			}
		}
		orders = orders[:0]
	}
	total := 0
	shuffles.Shuffle(images, func(order []int) {
		total++
		if orders = append(orders, slices.Clone(order)); len(orders) == 8*block {
			flush()
		}
	})
	flush()
	p := make([]float64, len(units))
	for k, n := range extreme {
		p[k] = stats.PermutationP(n, total)
	}
	return p
}

// newColumns are the columns that vary as the rows of a matrix.
func newColumns(columns [][]float64, images int) kernel.Matrix {
	m := kernel.Matrix{Cols: images, Stride: images}
	for _, c := range columns {
		if c == nil {
			continue
		}
		for _, v := range c {
			m.Data = append(m.Data, float32(v))
		}
		m.Rows++
	}
	return m
}

// countMatches counts, for each reference row, the shuffles under which its best correlation is as
// good as the observed one.
func countMatches(reference, candidates kernel.Matrix, orders [][]int, best []float64) []int {
	images := reference.Cols
	shuffled := kernel.Matrix{Rows: len(orders) * reference.Rows, Cols: images, Stride: images,
		Data: make([]float32, len(orders)*reference.Rows*images)}
	for s, order := range orders {
		for u := range reference.Rows {
			from, to := reference.Data[u*images:(u+1)*images], shuffled.Data[(s*reference.Rows+u)*images:]
			for i, k := range order {
				to[i] = from[k]
			}
		}
	}
	r := kernel.Matrix{Rows: shuffled.Rows, Cols: candidates.Rows, Stride: candidates.Rows, Data: make([]float32, shuffled.Rows*candidates.Rows)}
	kernel.Product(r, shuffled, candidates, kernel.Op{TransposeB: true})
	hits := make([]int, reference.Rows)
	for k := range r.Rows {
		if unit := k % reference.Rows; float64(slices.Max(r.Data[k*r.Cols:(k+1)*r.Cols])) >= best[unit]-roundingOfR {
			hits[unit]++
		}
	}
	return hits
}

// adjustMatches corrects the p-values of all matches of an experiment together and rejects those
// that do not beat shuffled images.
func adjustMatches(matches [][]Homologue) {
	var p []float64
	for _, m := range matches {
		for _, h := range m {
			p = append(p, float64(h.P))
		}
	}
	adjusted := stats.BenjaminiHochberg(p)
	at := 0
	for _, m := range matches {
		for k := range m {
			h := &m[k]
			h.AdjustedP = probe.Number(adjusted[at])
			at++
			if h.AdjustedP.Defined() && !(h.AdjustedP < 0.05) {
				h.Problem = fmt.Sprintf("the best match, %v (r = %.2f), does not beat shuffled images (adjusted p = %.2g)", h.Match, float64(h.R), float64(h.AdjustedP))
			}
		}
	}
}

// layersToMatch are the layers in which something has to be matched.
func layersToMatch(n *model.Network, targets []model.Address) []int {
	var layers []int
	for _, t := range targets {
		if t.Unit != model.AllUnits && t.Layer < n.Depth() && !slices.Contains(layers, t.Layer) {
			layers = append(layers, t.Layer)
		}
	}
	slices.Sort(layers)
	return layers
}

// Homologues matches all hidden neurons of the reference network in another one of the same make, both
// ways on the select images, in the order of layers and units; p-values are adjusted for all of them.
func Homologues(ctx context.Context, reference, other *model.Network, set *datasets.Set, o Options) ([]Homologue, error) {
	o = o.filled()
	var targets []model.Address
	for l := 1; l < reference.Depth(); l++ {
		for u := range reference.Geometry(l).Act[0] {
			targets = append(targets, model.Neuron(l, u))
		}
	}
	if len(targets) == 0 {
		return nil, ctx.Err()
	}
	layers := layersToMatch(reference, targets)
	mine, err := recordActivity(ctx, reference, set, layers, o.Workers)
	if err != nil {
		return nil, err
	}
	theirs, err := recordActivity(ctx, other, set, layers, o.Workers)
	if err != nil {
		return nil, err
	}
	matches := homologues(other, mine, theirs, targets, o.permutations(), o.Workers)
	adjustMatches([][]Homologue{matches})
	return matches, ctx.Err()
}
