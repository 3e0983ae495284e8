package probe

import (
	"cmp"
	"context"
	"math"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// ResponseOptions say how the responses of a network's neurons are measured.
type ResponseOptions struct {
	Split        datasets.Split
	Resamples    int // of the bootstrap; 0: stats.DefaultResamples
	Permutations int // of the classes; 0: stats.DefaultPermutations
	Seed         uint64
	Workers      int
}

// Responses are what all hidden neurons of a network do on the images of a split: how selective
// and how sparse they are. A channel is described by its mean over positions, as Morcos et al. do.
type Responses struct {
	Images int `json:"images"`
	// Neurons are by address.
	Neurons []NeuronResponse `json:"-"`
	Layers  []LayerResponse  `json:"layers"`
	// AUROC is the mean over the neurons that are rated, Index, the class-selectivity index, and Lifetime, the
	// lifetime sparseness, over those that have one. Population, the population sparseness, and Firing, the
	// share of neurons with an activation above 0, are means over images of the mean over hidden layers
	// with a ReLU.
	AUROC      Sampled `json:"class_auroc"`
	Index      Sampled `json:"class_selectivity"`
	Lifetime   Sampled `json:"lifetime_sparseness"`
	Population Sampled `json:"population_sparseness"`
	Firing     Sampled `json:"firing"`
	// Rated are the neurons with an AUROC, Selective those of them whose AUROC beats shuffled
	// classes (adjusted over the rated ones).
	Rated     int `json:"rated"`
	Selective int `json:"selective"`
	Dead      int `json:"dead"`
	AlwaysOn  int `json:"always_on"`
}

// NeuronResponse is one hidden neuron. Class is the class that it tells best from the others, chosen
// on select by AUROC in either direction; Inverted, that it responds less to it. -1 is a neuron
// that is constant on select.
type NeuronResponse struct {
	Address  model.Address
	Class    int
	Inverted bool
	// AUROC is for that class in that direction, on the measured images: 0.5 on average of a neuron
	// that tells nothing, which the largest over classes and directions would not be.
	AUROC    Number
	P        Number // classes permuted, two-sided
	Adjusted Number
	// Index is the class-selectivity index towards the class of the highest mean on select; NaN without
	// a ReLU.
	Index    Number
	Lifetime Number
	Dead     bool // on select and the measured images
	AlwaysOn bool
}

// LayerResponse is a hidden layer's share. Population and Firing are undefined without a ReLU.
type LayerResponse struct {
	Layer      int        `json:"layer"`
	Name       string     `json:"name"`
	Kind       model.Kind `json:"kind"`
	Neurons    int        `json:"neurons"`
	Rated      int        `json:"rated"`
	Selective  int        `json:"selective"`
	Dead       int        `json:"dead"`
	AlwaysOn   int        `json:"always_on"`
	AUROC      Quantiles  `json:"class_auroc"`
	Index      Quantiles  `json:"class_selectivity"`
	Lifetime   Quantiles  `json:"lifetime_sparseness"`
	Population Number     `json:"population_sparseness"`
	Firing     Number     `json:"firing"`
}

// Quantiles of a number over neurons: 10, 25, 50, 75 and 90 %.
type Quantiles [5]Number

func newQuantiles(values []float64) (q Quantiles) {
	values = slices.DeleteFunc(slices.Clone(values), math.IsNaN)
	slices.Sort(values)
	for k, at := range []float64{0.1, 0.25, 0.5, 0.75, 0.9} {
		q[k] = Number(stats.QuantileSorted(values, at))
	}
	return q
}

// Sampled is a number measured on images, with what intervals of it are made of: its values on
// bootstrap resamples of the images and, where it is a mean over images, each image's term. The draws
// depend on the seed and the number of images alone, so that those of two networks are paired.
type Sampled struct {
	Value Number    `json:"value"`
	Low   Number    `json:"low"`
	High  Number    `json:"high"`
	Draws []float64 `json:"-"`
	Terms []float64 `json:"-"`
}

// NewSampled is a number with its values on the resamples.
func NewSampled(value float64, draws []float64) Sampled {
	i := stats.Bootstrap{}.Percentiles(slices.Clone(draws))
	return Sampled{Value: Number(value), Low: Number(i.Low), High: Number(i.High), Draws: draws}
}

// MeanOver is the mean of one term an image, under the resamples of counts (see Bootstrap.Counts).
func MeanOver(terms []float64, counts []uint8) Sampled {
	n := len(terms)
	draws := make([]float64, len(counts)/max(1, n))
	for r := range draws {
		for i, c := range counts[r*n : (r+1)*n] {
			draws[r] += float64(c) * terms[i]
		}
		draws[r] /= float64(n)
	}
	s := NewSampled(stats.Mean(terms), draws)
	s.Terms = terms
	return s
}

// Respond measures the hidden neurons' responses on the images of a split. Classes and directions
// are chosen on select.
func Respond(ctx context.Context, n *model.Network, set *datasets.Set, o ResponseOptions) (*Responses, error) {
	if o.Permutations == 0 {
		o.Permutations = stats.DefaultPermutations
	}
	r := &responder{ResponseOptions: o, n: n, set: set, result: &Responses{}}
	var hidden []int
	for l := 1; l < n.Depth(); l++ {
		hidden = append(hidden, l)
	}
	if len(hidden) == 0 {
		return r.result, nil
	}
	var err error
	if r.selected, err = Record(ctx, n, set, datasets.Select, hidden, o.Workers, nil); err != nil {
		return nil, err
	}
	if r.measured = r.selected; o.Split != datasets.Select {
		if r.measured, err = Record(ctx, n, set, o.Split, hidden, o.Workers, nil); err != nil {
			return nil, err
		}
	}
	r.result.Images = r.measured.Images
	for _, step := range []func(context.Context) error{r.choose, r.test, r.sample} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	r.layers()
	return r.result, ctx.Err()
}

// responder is one measurement at work.
type responder struct {
	ResponseOptions
	n                  *model.Network
	set                *datasets.Set
	selected, measured *Recording
	raw                *ranking // of the measured images
	indexClass         []int    // of each neuron
	result             *Responses
}

func (r *responder) labels(of *Recording) []int { return r.set.Labels[of.First : of.First+of.Images] }

// relu tells whether a neuron cannot be below 0.
func (r *responder) relu(a model.Address) bool { return r.n.Layer(a.Layer).Activation == model.ReLU }

// of tells which images are of a class.
func ofClass(labels []int, class int) []bool {
	out := make([]bool, len(labels))
	for i, l := range labels {
		out[i] = l == class
	}
	return out
}

// choose finds each neuron's class and direction on select, and what it is there.
func (r *responder) choose(ctx context.Context) error {
	columns := func(of *Recording) [][]float64 {
		out := make([][]float64, len(of.Units))
		for u := range out {
			out[u] = of.values(u, Mean)
		}
		return out
	}
	chosen, err := rank(ctx, r.Workers, columns(r.selected), nil)
	if err != nil {
		return err
	}
	if r.raw, err = rank(ctx, r.Workers, columns(r.measured), nil); err != nil {
		return err
	}
	quality := qualities(r.n, r.selected, r.measured, Mean)
	labels := r.labels(r.selected)
	for u, a := range r.measured.Units {
		means := classMeans(r.selected.values(u, Mean), labels, len(r.set.Classes))
		r.indexClass = append(r.indexClass, slices.Index(means, slices.Max(means)))
		r.result.Neurons = append(r.result.Neurons, NeuronResponse{Address: a, Class: -1, Dead: quality[u].Dead, AlwaysOn: quality[u].AlwaysOn,
			AUROC: Undefined, P: Undefined, Adjusted: Undefined, Index: Undefined, Lifetime: Undefined})
	}
	best := make([]float64, len(r.result.Neurons))
	for class := range r.set.Classes {
		for u, v := range chosen.aurocs(chosen.contrast(ofClass(labels, class))) {
			// Of equals the first class, and the direction above: of two classes the mirror images.
			if size := math.Abs(float64(v) - 0.5); v.Defined() && (r.result.Neurons[u].Class < 0 || size > best[u]) {
				best[u] = size
				r.result.Neurons[u].Class, r.result.Neurons[u].Inverted = class, v < 0.5
			}
		}
	}
	return nil
}

func classMeans(values []float64, labels []int, classes int) []float64 {
	sums, counts := make([]float64, classes), make([]float64, classes)
	for i, v := range values {
		sums[labels[i]] += v
		counts[labels[i]]++
	}
	for c := range sums {
		sums[c] /= counts[c]
	}
	return sums
}

// test measures each neuron's AUROC and holds it against permuted classes: one test a neuron, its
// class having been chosen on other images.
func (r *responder) test(ctx context.Context) error {
	var contrasts []contrast
	for class := range r.set.Classes {
		contrasts = append(contrasts, r.raw.contrast(ofClass(r.labels(r.measured), class)))
	}
	extreme, err := r.raw.permute(ctx, r.Workers, stats.Permutations{Count: r.Permutations, Seed: r.Seed}, contrasts, nil, nil)
	if err != nil {
		return err
	}
	p := make([]float64, len(r.result.Neurons))
	for class := range contrasts {
		aurocs := r.raw.aurocs(contrasts[class])
		for u := range r.result.Neurons {
			n := &r.result.Neurons[u]
			if n.Class != class || !aurocs[u].Defined() {
				continue
			}
			if n.AUROC = aurocs[u]; n.Inverted {
				n.AUROC = 1 - n.AUROC
			}
			n.P = Number(stats.PermutationP(extreme[class][u], r.Permutations))
		}
	}
	for u, n := range r.result.Neurons {
		p[u] = float64(n.P)
	}
	for u, adjusted := range stats.BenjaminiHochberg(p) {
		n := &r.result.Neurons[u]
		n.Adjusted = Number(adjusted)
	}
	return nil
}

// Selective tells whether the neuron's AUROC beats shuffled classes, in the direction that select gave.
func (n NeuronResponse) Selective() bool { return float64(n.Adjusted) < Alpha && n.AUROC > 0.5 }

// neuronsAtOnce is the size of a task: it does not depend on the number of workers, and so
// neither does any sum.
const neuronsAtOnce = 32

// neuronSums are, of each resample, sums of a number over neurons and how many had one.
type neuronSums struct{ auroc, index, lifetime, auroced, indexed, timed []float64 }

// sample puts the numbers together, on the images as they are and on every resample.
func (r *responder) sample(ctx context.Context) error {
	counts := stats.Bootstrap{Resamples: r.Resamples, Seed: r.Seed}.Counts(r.measured.Images)
	images := r.measured.Images
	resamples := len(counts) / images
	tasks := (len(r.result.Neurons) + neuronsAtOnce - 1) / neuronsAtOnce
	found := make([]neuronSums, tasks)
	err := parallel(ctx, r.Workers, tasks, func(t int) {
		column := func() []float64 { return make([]float64, resamples+1) }
		s := neuronSums{column(), column(), column(), column(), column(), column()}
		for u := t * neuronsAtOnce; u < min((t+1)*neuronsAtOnce, len(r.result.Neurons)); u++ {
			r.add(u, counts, &s)
		}
		found[t] = s
	})
	if err != nil {
		return err
	}
	whole := func(sum, n func(neuronSums) []float64) Sampled {
		top, bottom := make([]float64, resamples+1), make([]float64, resamples+1)
		for _, s := range found {
			for k := range top {
				top[k] += sum(s)[k]
				bottom[k] += n(s)[k]
			}
		}
		for k := range top {
			top[k] /= bottom[k]
		}
		return NewSampled(top[0], top[1:])
	}
	r.result.AUROC = whole(func(s neuronSums) []float64 { return s.auroc }, func(s neuronSums) []float64 { return s.auroced })
	r.result.Index = whole(func(s neuronSums) []float64 { return s.index }, func(s neuronSums) []float64 { return s.indexed })
	r.result.Lifetime = whole(func(s neuronSums) []float64 { return s.lifetime }, func(s neuronSums) []float64 { return s.timed })
	population, firing := r.images()
	r.result.Population, r.result.Firing = MeanOver(population, counts), MeanOver(firing, counts)
	return nil
}

// add takes one neuron in: place 0 of the sums is the images as they are, the others the resamples.
func (r *responder) add(u int, counts []uint8, s *neuronSums) {
	n, values, labels := &r.result.Neurons[u], r.measured.values(u, Mean), r.labels(r.measured)
	images := len(values)
	classes, relu := len(r.set.Classes), r.relu(n.Address)
	order := make([]int, images)
	for i := range order {
		order[i] = i
	}
	rated := n.AUROC.Defined()
	if rated {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	}
	once := make([]uint8, images)
	for i := range once {
		once[i] = 1
	}
	sums, held := make([]float64, classes), make([]float64, classes)
	for k := range s.auroc {
		drawn := once
		if k > 0 {
			drawn = counts[(k-1)*images : k*images]
		}
		if rated {
			a := weightedAUROC(values, order, labels, n.Class, drawn)
			if n.Inverted {
				a = 1 - a
			}
			accumulate(s.auroc, s.auroced, k, a)
		}
		if !relu {
			continue
		}
		clear(sums)
		clear(held)
		squares := 0.0
		for i, v := range values {
			c := float64(drawn[i])
			sums[labels[i]] += c * v
			held[labels[i]] += c
			squares += c * v * v
		}
		index, lifetime := selectivityTowards(r.indexClass[u], sums, held), sparseness(sum(sums), squares, images)
		switch {
		case k == 0:
			n.Index, n.Lifetime = Number(index), Number(lifetime)
		case !(squares > 0):
			// Silent on all images that were drawn: it keeps its values, or the mean would be over
			// other neurons from resample to resample.
			index, lifetime = float64(n.Index), float64(n.Lifetime)
		}
		accumulate(s.index, s.indexed, k, index)
		accumulate(s.lifetime, s.timed, k, lifetime)
	}
}

func accumulate(sums, counts []float64, k int, v float64) {
	if !math.IsNaN(v) {
		sums[k] += v
		counts[k]++
	}
}

func sum(values []float64) float64 {
	s := 0.0
	for _, v := range values {
		s += v
	}
	return s
}

// weightedAUROC is the AUROC of a class with each image counted as often as it was drawn; order
// has the images by ascending value.
func weightedAUROC(values []float64, order []int, labels []int, class int, drawn []uint8) float64 {
	u, positives, negatives := 0, 0, 0 // u is doubled
	for start := 0; start < len(order); {
		end, p, n := start, 0, 0
		for end < len(order) && values[order[end]] == values[order[start]] {
			i := order[end]
			if labels[i] == class {
				p += int(drawn[i])
			} else {
				n += int(drawn[i])
			}
			end++
		}
		u += p * (2*negatives + n)
		positives, negatives, start = positives+p, negatives+n, end
	}
	return float64(u) / 2 / (float64(positives) * float64(negatives))
}

// selectivityTowards is the class-selectivity index (see stats.ClassSelectivity) with a given class in the
// place of that of the highest mean: below 0 where another's is higher.
func selectivityTowards(class int, sums, held []float64) float64 {
	rest := 0.0
	for c := range sums {
		if c != class {
			rest += sums[c] / held[c] / float64(len(sums)-1)
		}
	}
	mean := sums[class] / held[class]
	return (mean - rest) / (mean + rest)
}

// images are each image's population sparseness and share of neurons that fire, the mean over
// the hidden layers with a ReLU; and fills in the layers' own means.
func (r *responder) images() (population, firing []float64) {
	population, firing = make([]float64, r.measured.Images), make([]float64, r.measured.Images)
	perLayer := map[int][2][]float64{}
	var layers []int
	for from := 0; from < len(r.measured.Units); {
		layer := r.measured.Units[from].Layer
		to := from
		for to < len(r.measured.Units) && r.measured.Units[to].Layer == layer {
			to++
		}
		if r.relu(r.measured.Units[from]) && to-from > 1 {
			sparse, fires := make([]float64, r.measured.Images), make([]float64, r.measured.Images)
			for i := range sparse {
				total, squares := 0.0, 0.0
				for u := from; u < to; u++ {
					v := float64(r.measured.Mean[u*r.measured.Images+i])
					total, squares = total+v, squares+v*v
					if r.measured.Max[u*r.measured.Images+i] > 0 {
						fires[i] += 1 / float64(to-from)
					}
				}
				if sparse[i] = sparseness(total, squares, to-from); math.IsNaN(sparse[i]) {
					sparse[i] = 1 // no neuron fires: as sparse as can be
				}
			}
			layers, perLayer[layer] = append(layers, layer), [2][]float64{sparse, fires}
		}
		from = to
	}
	for _, l := range layers {
		for i := range population {
			population[i] += perLayer[l][0][i] / float64(len(layers))
			firing[i] += perLayer[l][1][i] / float64(len(layers))
		}
	}
	if len(layers) == 0 {
		for i := range population {
			population[i], firing[i] = math.NaN(), math.NaN()
		}
	}
	for l := 1; l < r.n.Depth(); l++ {
		layer := LayerResponse{Layer: l, Name: r.n.Layer(l).Name, Kind: r.n.Layer(l).Kind, Neurons: r.n.Geometry(l).Act[0], Population: Undefined, Firing: Undefined}
		if both, known := perLayer[l]; known {
			layer.Population, layer.Firing = Number(stats.Mean(both[0])), Number(stats.Mean(both[1]))
		}
		r.result.Layers = append(r.result.Layers, layer)
	}
	return population, firing
}

// layers fills in what the neurons of each layer have.
func (r *responder) layers() {
	for k := range r.result.Layers {
		layer := &r.result.Layers[k]
		var aurocs, indices, lifetimes []float64
		for _, n := range r.result.Neurons {
			if n.Address.Layer != layer.Layer {
				continue
			}
			aurocs, indices, lifetimes = append(aurocs, float64(n.AUROC)), append(indices, float64(n.Index)), append(lifetimes, float64(n.Lifetime))
			for _, has := range []struct {
				it bool
				in *int
			}{{n.AUROC.Defined(), &layer.Rated}, {n.Selective(), &layer.Selective}, {n.Dead, &layer.Dead}, {n.AlwaysOn, &layer.AlwaysOn}} {
				if has.it {
					*has.in++
				}
			}
		}
		r.result.Rated, r.result.Selective = r.result.Rated+layer.Rated, r.result.Selective+layer.Selective
		r.result.Dead, r.result.AlwaysOn = r.result.Dead+layer.Dead, r.result.AlwaysOn+layer.AlwaysOn
		layer.AUROC, layer.Index, layer.Lifetime = newQuantiles(aurocs), newQuantiles(indices), newQuantiles(lifetimes)
	}
}
