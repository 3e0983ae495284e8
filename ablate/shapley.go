package ablate

import (
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"neuroprobe/internal/stats"
)

// The Shapley value of player i of a game v of n players is its marginal contribution, averaged
// over all orders in which the players can leave:
//
//	φᵢ = 1/n · Σ over s = 0 … n−1 of the mean over coalitions S without i, |S| = s, of v(S∪i) − v(S).
//
// It alone is efficient (Σφ = v(all) − v(none)), symmetric, additive, and 0 for a player that
// never changes anything. Here v is a column, one number an observation, and so is φ.
//
// L. S. Shapley, A value for n-person games (1953); of units of a network: A. Ghorbani and J. Zou,
// Neuron Shapley, NeurIPS 2020, arXiv:2002.09815.

// exactPlayers is up to how many players all 2ⁿ coalitions are gone through.
const exactPlayers = 12

// walk is a sequence of coalitions, each one player away from the one before: all players but
// those in out, and after each step with one player more who has left, or has come back.
type walk struct{ out, steps []int }

// coalitions is how many there are on the walk.
func (w walk) coalitions() int { return 1 + len(w.steps) }

// estimator finds Shapley values from the values of coalitions on walks.
type estimator interface {
	walks() []walk
	// add takes in a coalition's value, walk by walk and step by step.
	add(t *tally, walk, step int, value []float64)
	// weight is what one sum of a tally for coalitions of a size counts.
	weight(size int) float64
	// sizes is how many sums a tally has for each player.
	sizes() int
	// whole is how often a tally has taken in the whole and the empty coalition.
	whole() float64
}

// tally is what the coalitions so far add up to, by observation. Tallies of different walks add.
type tally struct {
	// Sums are the differences that a player made, by player and size of the rest of the coalition.
	Sums [][]float64
	// All and None are sums of v(all) and v(none).
	All, None []float64
	// Orders has, for each order, every player's marginal contribution, averaged over observations.
	Orders [][]float64
	// Alone are the values with all players, without each of them, and with none: single lesions, and
	// v(none) had in one step.
	Alone [][]float64
	// Coalitions is how many were played.
	Coalitions int

	last []float64
}

// game hands see the value of every coalition of some walks, walk by walk and step by step: a column
// of one number an observation. The walks are one part of so many.
type game func(part, of int, walks []walk, see func(walk, step int, value []float64)) error

// partLength is how many coalitions a part has, about: many enough that what all coalitions share costs little.
const partLength = 2048

// alone are the walks of tally.Alone.
func alone(players int) []walk {
	walks := []walk{{}}
	var all []int
	for i := range players {
		walks, all = append(walks, walk{out: []int{i}}), append(all, i)
	}
	return append(walks, walk{out: all})
}

// play plays all that an estimator needs, in parts that are kept.
func play(e estimator, players, observations int, parts Parts, g game) (*tally, error) {
	before := len(alone(players))
	groups := cut(append(alone(players), e.walks()...))
	total, first := newTally(players, e.sizes(), observations), 0
	for k, walks := range groups {
		t, err := Part(parts, fmt.Sprintf("shapley-%d-of-%d", k+1, len(groups)), func() (*tally, error) {
			t := newTally(players, e.sizes(), observations)
			err := g(k, len(groups), walks, func(walk, step int, value []float64) {
				t.Coalitions++
				if at := first + walk; at < before {
					t.Alone = append(t.Alone, value)
				} else {
					e.add(t, at-before, step, value)
				}
			})
			return t, err
		})
		if err != nil {
			return nil, err
		}
		total.merge(t)
		first += len(walks)
	}
	return total, nil
}

// cut makes parts of walks.
func cut(walks []walk) [][]walk {
	var parts [][]walk
	held := partLength
	for _, w := range walks {
		if held >= partLength {
			parts, held = append(parts, nil), 0
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], w)
		held += w.coalitions()
	}
	return parts
}

func newTally(players, sizes, observations int) *tally {
	t := &tally{All: make([]float64, observations), None: make([]float64, observations)}
	for range players * sizes {
		t.Sums = append(t.Sums, make([]float64, observations))
	}
	return t
}

func (t *tally) merge(other *tally) {
	for k := range t.Sums {
		add(t.Sums[k], other.Sums[k])
	}
	add(t.All, other.All)
	add(t.None, other.None)
	t.Orders = append(t.Orders, other.Orders...)
	t.Alone = append(t.Alone, other.Alone...)
	t.Coalitions += other.Coalitions
}

// values are the Shapley values, a column a player, with v(all) and v(none).
func (t *tally) values(e estimator) (phi [][]float64, all, none []float64) {
	sizes := e.sizes()
	for first := 0; first < len(t.Sums); first += sizes {
		column := make([]float64, len(t.All))
		for s := range sizes {
			addScaled(column, t.Sums[first+s], e.weight(s))
		}
		phi = append(phi, column)
	}
	all, none = make([]float64, len(t.All)), make([]float64, len(t.All))
	addScaled(all, t.All, 1/e.whole())
	addScaled(none, t.None, 1/e.whole())
	return phi, all, none
}

// standardErrors are those of each player's value for the orders being a sample: orders come in
// pairs, one the reverse of the other; the mean over m pairs of their averages dₖ has the standard
// error sd(d)/√m. They are 0 where all coalitions were seen.
func (t *tally) standardErrors(players int) []float64 {
	out := make([]float64, players)
	m := float64(len(t.Orders) / 2)
	if m == 0 {
		return out
	}
	for i := range out {
		mean, squares := 0.0, 0.0
		for pair := range slices.Chunk(t.Orders, 2) {
			mean += (pair[0][i] + pair[1][i]) / 2 / m
		}
		for pair := range slices.Chunk(t.Orders, 2) {
			d := (pair[0][i]+pair[1][i])/2 - mean
			squares += d * d
		}
		out[i] = math.Sqrt(squares / (m - 1) / m)
	}
	return out
}

// checkEfficiency holds Σφ against v(all) − v(none), averaged over observations.
func checkEfficiency(phi [][]float64, all, none []float64) (sum, total float64, err error) {
	for _, column := range phi {
		sum += stats.Mean(column)
	}
	total = stats.Mean(all) - stats.Mean(none)
	scale := max(1, math.Abs(stats.Mean(all)), math.Abs(stats.Mean(none)))
	if !(math.Abs(sum-total) <= efficiency*scale) {
		err = fmt.Errorf("ablate: Shapley values add up to %v, but v(all) − v(none) is %v: the computation is broken", sum, total)
	}
	return sum, total, err
}

// efficiency is how far Σφ may be from v(all) − v(none), both computed in float64.
const efficiency = 1e-9

// exactShapley goes through all coalitions in the order of a Gray code, in which each differs from
// the one before by one player. Sums of v are kept by size and weighed at the end: v comes from
// float32, whose sums and differences float64 holds exactly, so that who changes nothing gets exactly 0.
type exactShapley struct{ players int }

// walkLength bounds a walk. Each begins anew, so that a walk's outcomes fit into memory and rounding
// errors of many small steps do not pile up.
const walkLength = 256

// gray is the k-th coalition as a set of those who are out.
func gray(k int) uint { return uint(k) ^ uint(k)>>1 }

func (e exactShapley) walks() []walk {
	var all []walk
	for first := 0; first < 1<<e.players; first += walkLength {
		var w walk
		for i := range e.players {
			if gray(first)>>i&1 == 1 {
				w.out = append(w.out, i)
			}
		}
		for k := first + 1; k < min(first+walkLength, 1<<e.players); k++ {
			w.steps = append(w.steps, bits.TrailingZeros(uint(k)))
		}
		all = append(all, w)
	}
	return all
}

func (e exactShapley) add(t *tally, walk, step int, value []float64) {
	out := gray(walk*walkLength + step)
	in := e.players - bits.OnesCount(out)
	for i := range e.players {
		if out>>i&1 == 0 {
			addScaled(t.Sums[i*e.players+in-1], value, 1)
		} else {
			addScaled(t.Sums[i*e.players+in], value, -1)
		}
	}
	switch in {
	case e.players:
		add(t.All, value)
	case 0:
		add(t.None, value)
	}
}

// weight is 1/n over the number of coalitions of a size among the others.
func (e exactShapley) weight(size int) float64 {
	return 1 / (float64(e.players) * binomial(e.players-1, size))
}

func (e exactShapley) sizes() int   { return e.players }
func (exactShapley) whole() float64 { return 1 }

func binomial(n, k int) float64 {
	c := 1.0
	for i := range k {
		c = c * float64(n-i) / float64(i+1)
	}
	return math.Round(c)
}

// sampledShapley averages over random orders in which the players leave one after another. Each
// comes with its reverse: what two players do to each other cancels within such a pair, so that only
// interactions of three or more make the estimate vary. It is unbiased.
//
// J. Castro, D. Gómez and J. Tejada, Polynomial calculation of the Shapley value based on sampling,
// Computers & Operations Research 36:1726 (2009); antithetic orders: R. Mitchell, J. Cooper, E. Frank
// and G. Holmes, Sampling permutations for Shapley value estimation, JMLR 23:43 (2022).
type sampledShapley struct{ orders [][]int }

// antithetic draws so many orders, in pairs.
func antithetic(players, orders int, seed uint64) sampledShapley {
	var e sampledShapley
	random := rand.New(rand.NewPCG(seed, 0x73686170)) // "shap"
	for len(e.orders) < orders {
		order := random.Perm(players)
		reverse := slices.Clone(order)
		slices.Reverse(reverse)
		e.orders = append(e.orders, order, reverse)
	}
	return e
}

func (e sampledShapley) walks() []walk {
	var all []walk
	for _, order := range e.orders {
		all = append(all, walk{steps: order})
	}
	return all
}

func (e sampledShapley) add(t *tally, walk, step int, value []float64) {
	order := e.orders[walk]
	if step == 0 {
		add(t.All, value)
		t.Orders = append(t.Orders, make([]float64, len(order)))
	} else {
		i := order[step-1]
		addScaled(t.Sums[i], t.last, 1)
		addScaled(t.Sums[i], value, -1)
		t.Orders[len(t.Orders)-1][i] = stats.Mean(t.last) - stats.Mean(value)
	}
	if step == len(order) {
		add(t.None, value)
	}
	t.last = value
}

func (e sampledShapley) weight(int) float64 { return 1 / float64(len(e.orders)) }
func (e sampledShapley) sizes() int         { return 1 }
func (e sampledShapley) whole() float64     { return float64(len(e.orders)) }

func addScaled(to, from []float64, by float64) {
	for k, v := range from {
		to[k] += by * v
	}
}
