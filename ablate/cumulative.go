package ablate

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"neuroprobe/internal/stats"
	"neuroprobe/model"
)

// Cumulative is what became of the answers while more and more neurons were ablated at once,
// in the order that select gives them, in the opposite one and in random ones.
//
// A. S. Morcos, D. G. T. Barrett, N. C. Rabinowitz and M. Botvinick, On the importance of single
// directions for generalization, ICLR 2018; B. Zhou, Y. Sun, D. Bau and A. Torralba, Revisiting
// the importance of individual units in CNNs via ablation, arXiv:1806.02891 (2018).
type Cumulative struct {
	Layer   int    `json:"layer"` // 0: all layers of the sweep together
	Name    string `json:"name"`  // the layer's; "" for all
	Kind    Kind   `json:"kind"`
	Neurons int    `json:"neurons"`
	// Removed are the numbers of ablated neurons at which the curves have points; the first is 0
	// and the last all.
	Removed []int `json:"removed"`
	// Most has the most important first, Least last.
	Most  []Point `json:"most_important_first"`
	Least []Point `json:"least_important_first"`
	// Random are the random orders, at every second of the points: RandomRemoved.
	RandomRemoved []int     `json:"random_removed"`
	Random        [][]Point `json:"random"`
	// Area is between the curves of Least and Most, accuracy over the fraction ablated; so is
	// AreaRandom between the mean of Random and Most.
	Area       float64 `json:"area_least_most"`
	AreaRandom float64 `json:"area_random_most"`
	// Spare is how many neurons could be ablated, the least important first, before accuracy was
	// more than Tolerance below the intact network's.
	Spare int `json:"spare"`
}

// Tolerance is the loss of accuracy that Cumulative.Spare allows.
const Tolerance = 0.01

// Point is a point of a cumulative curve: the network's accuracy and metric with so many neurons
// ablated.
type Point struct {
	Accuracy float64 `json:"accuracy"`
	Metric   float64 `json:"metric"`
}

// gridSteps is how many steps a curve has at most.
const gridSteps = 16

// grid are the numbers of ablated neurons of a curve.
func grid(neurons int) []int {
	steps := min(neurons, gridSteps)
	out := make([]int, steps+1)
	for k := range out {
		out[k] = (2*k*neurons + steps) / (2 * steps) // k·neurons/steps, rounded
	}
	return out
}

// cumulate makes the curves of each layer and of all together, under the sweep's first kind.
func (s *sweep) cumulate(ctx context.Context) error {
	ranked := func(keep func(*SweptNeuron) bool) []model.Address {
		var some []*SweptNeuron
		for i := range s.result.Neurons {
			if u := &s.result.Neurons[i]; keep(u) {
				some = append(some, u)
			}
		}
		slices.SortFunc(some, func(a, b *SweptNeuron) int { return cmp.Compare(a.Lesions[0].Select.Rank, b.Lesions[0].Select.Rank) })
		order := make([]model.Address, len(some))
		for i, u := range some {
			order[i] = u.Address
		}
		return order
	}
	layers := append([]SweptLayer(nil), s.result.Layers...)
	if len(layers) > 1 {
		layers = append(layers, SweptLayer{}) // all
	}
	for _, l := range layers {
		order := ranked(func(u *SweptNeuron) bool { return l.Number == 0 || u.Address.Layer == l.Number })
		curves, err := Part(s.Parts, fmt.Sprintf("sweep/curves/%d", l.Number), func() (Cumulative, error) {
			return s.curves(ctx, l, order)
		})
		if err != nil {
			return err
		}
		s.result.Curves = append(s.result.Curves, curves)
	}
	return nil
}

// curves are those of neurons given from the most important to the least.
func (s *sweep) curves(ctx context.Context, l SweptLayer, order []model.Address) (Cumulative, error) {
	c := Cumulative{Layer: l.Number, Name: l.Name, Kind: s.Kinds[0], Neurons: len(order), Removed: grid(len(order))}
	least := slices.Clone(order)
	slices.Reverse(least)
	orders := [][]model.Address{order, least}
	random := rand.New(rand.NewPCG(s.Seed, 0x63756d75+uint64(l.Number))) // "cumu"
	for range s.Orders {
		shuffled := slices.Clone(order)
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		orders = append(orders, shuffled)
	}
	removed := [][]int{c.Removed, upToLast(c.Removed)}
	for k := 0; k < len(c.Removed)-1; k += 2 {
		c.RandomRemoved = append(c.RandomRemoved, c.Removed[k])
	}
	for range s.Orders {
		removed = append(removed, c.RandomRemoved)
	}
	name := l.Name
	if l.Number == 0 {
		name = "all layers"
	}
	lines, err := s.ablateMore(ctx, "cumulative ablation of "+name, orders, removed)
	if err != nil {
		return c, err
	}
	// All orders end alike: that is computed once.
	for k := range lines[1:] {
		lines[k+1] = append(lines[k+1], lines[0][len(c.Removed)-1])
	}
	c.RandomRemoved = append(c.RandomRemoved, c.Neurons)
	c.Most, c.Least, c.Random = lines[0], lines[1], lines[2:]
	c.Area = c.area(c.Removed, c.Least) - c.area(c.Removed, c.Most)
	for _, line := range c.Random {
		c.AreaRandom += c.area(c.RandomRemoved, line) / float64(len(c.Random))
	}
	c.AreaRandom -= c.area(c.Removed, c.Most)
	c.Spare, err = s.spare(ctx, &c, least)
	return c, err
}

// spare finds the last number of ablated neurons before accuracy falls too far, between the two
// points of the curve where it does.
func (s *sweep) spare(ctx context.Context, c *Cumulative, least []model.Address) (int, error) {
	fallen := func(p Point) bool { return p.Accuracy < c.Least[0].Accuracy-Tolerance-1e-9 }
	at := slices.IndexFunc(c.Least, fallen)
	if at < 0 {
		return c.Neurons, nil
	}
	between := []int{c.Removed[at-1]} // point 0 is the intact network, which has not fallen
	for k := between[0] + 1; k < c.Removed[at]; k++ {
		between = append(between, k)
	}
	if len(between) == 1 {
		return between[0], nil
	}
	lines, err := s.ablateMore(ctx, "cumulative ablation, finely", [][]model.Address{least}, [][]int{between})
	if err != nil {
		return 0, err
	}
	if k := slices.IndexFunc(lines[0], fallen); k > 0 {
		return between[k] - 1, nil
	}
	return c.Removed[at] - 1, nil
}

func upToLast(all []int) []int { return all[: len(all)-1 : len(all)-1] }

// ablateMore ablates, for each order, the first neurons of it, as many as removed says in turn.
func (s *sweep) ablateMore(ctx context.Context, stage string, orders [][]model.Address, removed [][]int) ([][]Point, error) {
	kind, draws := s.Kinds[0], 1
	if kind == Resample {
		draws = s.Draws
	}
	var arms []model.Arm
	var points []*Point
	lines := make([][]Point, len(orders))
	for o, order := range orders {
		lines[o] = make([]Point, len(removed[o]))
		for d := range draws {
			before := 0
			for k, n := range removed[o] {
				arm := s.Arms(kind, order[before:n])[d]
				arm.Next, before = k > 0, n
				arms, points = append(arms, arm), append(points, &lines[o][k])
			}
		}
	}
	err := s.Sweep(ctx, stage, arms, nil, func(arm int, o *Outcomes) {
		points[arm].Accuracy += mean32(o.Correct) / float64(draws)
		points[arm].Metric += stats.Mean(s.metric.Column(s.Labels, o)) / float64(draws)
	})
	return lines, err
}

// area is under a curve, by trapezoids, over the fraction of neurons ablated.
func (c *Cumulative) area(removed []int, line []Point) float64 {
	sum := 0.0
	for k := 1; k < len(line); k++ {
		sum += (line[k].Accuracy + line[k-1].Accuracy) / 2 * float64(removed[k]-removed[k-1])
	}
	return sum / float64(c.Neurons)
}
