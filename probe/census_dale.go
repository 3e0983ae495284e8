package probe

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"neuroprobe/internal/stats"
	"neuroprobe/model"
	"neuroprobe/model/kernel"
)

// Dale tells of one layer's neurons, as senders, whether they keep to one sign: excite all their
// receivers or inhibit all. The form of the principle is that of J. C. Eccles, P. Fatt and K. Koketsu,
// Journal of Physiology 126:524 (1954); P. Strata and R. Harvey, Brain Research Bulletin 50:349 (1999).
type Dale struct {
	Layer   int    `json:"layer"` // of the senders
	Name    string `json:"name"`
	Readers []int  `json:"readers,omitempty"` // layers whose weights read them
	// NotTested says why there is no test: the senders can be below 0, or no weight reads them.
	NotTested string `json:"not_tested,omitempty"`
	Senders   int    `json:"senders"` // with at least one outgoing weight other than 0
	Synapses  int    `json:"synapses"`
	Exact     int    `json:"exact"` // senders all of whose weights have one sign
	// Balance are the tests of the mean balance, one a null and measure; ExactTests those of the
	// number of exact senders, one a null.
	Balance []BalanceTest `json:"balance,omitempty"`
	Exacts  []BalanceTest `json:"exact_tests,omitempty"`
	// Band are the 2.5 % and 97.5 % quantiles of a single sender's balance by number under shuffled
	// signs, over all senders and permutations.
	Band [2]Number `json:"band"`
}

// Null is what a permutation shuffles.
type Null string

// The nulls of Dale's principle. ShuffledSigns deals the signs of a weight matrix out anew among
// its weights; magnitudes stay. It also breaks kernels, whose neighbouring weights are alike. ShuffledSenders
// deals out, for each receiver, its bundles (one weight, or one kernel) anew among the senders: kernels and
// each receiver's budget of excitation and inhibition stay, and only who sent what is lost.
const (
	ShuffledSigns   Null = "signs"
	ShuffledSenders Null = "senders"
)

// The measures of a sender's balance.
const (
	ByNumber   = "number"
	ByStrength = "strength"
)

// BalanceTest holds a layer's number against its null distribution.
type BalanceTest struct {
	Null     Null    `json:"null"`
	Measure  string  `json:"measure,omitempty"`
	Observed float64 `json:"observed"`
	Expected float64 `json:"expected"` // mean over permutations
	Low      float64 `json:"low"`      // 2.5 % and 97.5 % quantile
	High     float64 `json:"high"`
	// POver is the p of as much one-sidedness or more, PUnder of as little or less; the adjusted ones are by
	// Benjamini and Hochberg, over all of the census.
	POver         float64 `json:"p_over"`
	PUnder        float64 `json:"p_under"`
	AdjustedOver  float64 `json:"adjusted_over"`
	AdjustedUnder float64 `json:"adjusted_under"`
}

// outgoingSigns are all weights that read a neuron; nil if no layer with weights does.
func outgoingSigns(n *model.Network, a model.Address) *Signs {
	var out *Signs
	for _, r := range weighing(n, a.Layer) {
		if out == nil {
			out = &Signs{}
		}
		fanIn, bundle := n.Geometry(r).FanIn, bundleSize(n, a.Layer, r)
		for row := 0; row < len(n.Params[r].Weight); row += fanIn {
			for _, w := range n.Params[r].Weight[row+a.Unit*bundle : row+(a.Unit+1)*bundle] {
				out.add(float64(w))
			}
		}
	}
	return out
}

// weighing are the layers that read a layer through weights.
func weighing(n *model.Network, layer int) []int {
	return slices.DeleteFunc(receivers(n, layer), func(r int) bool { return n.Layer(r).Kind == model.Add })
}

// bundleSize is how many weights of one receiver read one sender: a kernel, or a weight for each
// position of the sender's map.
func bundleSize(n *model.Network, sender, receiver int) int {
	return n.Geometry(receiver).FanIn / n.Geometry(sender).Out[0]
}

const stageDale = "shuffling signs"

// daleTests tests every hidden layer.
func (c *Census) daleTests(ctx context.Context, n *model.Network, o CensusOptions) error {
	for l := 1; l < n.Depth(); l++ {
		d := Dale{Layer: l, Name: n.Layer(l).Name, Readers: weighing(n, l), Band: [2]Number{Undefined, Undefined}}
		switch {
		case n.Layer(l).Activation != model.ReLU:
			d.NotTested = "no ReLU: what its neurons send can be below 0, and a weight's sign is not that of what arrives"
		case len(d.Readers) == 0:
			d.NotTested = "read by add layers alone, with a fixed weight of 1"
		default:
			if err := d.test(ctx, n, o); err != nil {
				return err
			}
		}
		c.Dale = append(c.Dale, d)
		o.Progress(stageDale, l, n.Depth()-1)
	}
	var tests []*BalanceTest
	var p []float64
	for k := range c.Dale {
		for _, group := range [][]BalanceTest{c.Dale[k].Balance, c.Dale[k].Exacts} {
			for i := range group {
				tests = append(tests, &group[i])
				p = append(p, group[i].POver, group[i].PUnder)
			}
		}
	}
	c.DaleTests = len(p)
	for i, q := range stats.BenjaminiHochberg(p) {
		if t := tests[i/2]; i%2 == 0 {
			t.AdjustedOver = q
		} else {
			t.AdjustedUnder = q
		}
	}
	return nil
}

// senderSigns are the outgoing synapses of a layer's neurons.
type senderSigns []Signs

// balance is the layer's statistic: the mean balance of the senders by number and by strength, and
// how many keep to one sign. each, if any, is told every sender's balance by number.
func (s senderSigns) balance(each func(number float64)) (number, strength float64, exact, senders int) {
	for k := range s {
		if s[k].Excitatory+s[k].Inhibitory == 0 {
			continue
		}
		a, b := s[k].majority()
		number, strength, senders = number+a, strength+b, senders+1
		if s[k].Excitatory == 0 || s[k].Inhibitory == 0 {
			exact++
		}
		if each != nil {
			each(a)
		}
	}
	return number / float64(senders), strength / float64(senders), exact, senders
}

// test runs both nulls.
func (d *Dale) test(ctx context.Context, n *model.Network, o CensusOptions) error {
	observed := make(senderSigns, n.Geometry(d.Layer).Act[0])
	for u := range observed {
		observed[u] = *outgoingSigns(n, model.Neuron(d.Layer, u))
		d.Synapses += observed[u].Excitatory + observed[u].Inhibitory + observed[u].Silent
	}
	var number, strength float64
	if number, strength, d.Exact, d.Senders = observed.balance(nil); d.Senders == 0 {
		d.NotTested = "all outgoing weights are 0"
		return nil
	}
	for _, null := range []Null{ShuffledSigns, ShuffledSenders} {
		numbers, strengths, exacts := make([]float64, o.Permutations), make([]float64, o.Permutations), make([]float64, o.Permutations)
		single := make([][]float64, o.Permutations)
		shufflers := make([]*shuffler, o.Workers)
		kernel.Parallel(o.Workers, o.Permutations, func(w, task int) {
			if ctx.Err() != nil {
				return
			}
			if shufflers[w] == nil {
				shufflers[w] = newShuffler(n, d)
			}
			shuffled := shufflers[w].draw(null, rand.New(rand.NewPCG(o.Seed, 0x64616c65<<32|uint64(task)))) // "dale"
			var exact int
			numbers[task], strengths[task], exact, _ = shuffled.balance(func(v float64) { single[task] = append(single[task], v) })
			exacts[task] = float64(exact)
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if null == ShuffledSigns {
			all := slices.Sorted(slices.Values(slices.Concat(single...)))
			d.Band = [2]Number{Number(stats.QuantileSorted(all, 0.025)), Number(stats.QuantileSorted(all, 0.975))}
		}
		d.Balance = append(d.Balance, balanceTest(null, ByNumber, number, numbers), balanceTest(null, ByStrength, strength, strengths))
		d.Exacts = append(d.Exacts, balanceTest(null, "", float64(d.Exact), exacts))
	}
	return nil
}

func balanceTest(null Null, measure string, observed float64, drawn []float64) BalanceTest {
	const rounding = 1e-12 // of sums in another order
	over, under := 0, 0
	for _, v := range drawn {
		if v >= observed-rounding*math.Abs(observed) {
			over++
		}
		if v <= observed+rounding*math.Abs(observed) {
			under++
		}
	}
	sorted := slices.Sorted(slices.Values(drawn))
	return BalanceTest{Null: null, Measure: measure, Observed: observed, Expected: stats.Mean(drawn),
		Low: stats.QuantileSorted(sorted, 0.025), High: stats.QuantileSorted(sorted, 0.975),
		POver: stats.PermutationP(over, len(drawn)), PUnder: stats.PermutationP(under, len(drawn))}
}

// shuffler draws from the nulls of a layer of senders.
type shuffler struct {
	readers []shuffledReader
	out     senderSigns
}

// shuffledReader is a weight matrix that reads the senders.
type shuffledReader struct {
	sizes   []float64 // |w| of weights other than 0
	senders []int32   // who sends them
	signs   []bool    // whether they excite
	drawn   []bool
	bundles []Signs // receivers × senders
	order   []int   // of the senders
}

func newShuffler(n *model.Network, d *Dale) *shuffler {
	units := n.Geometry(d.Layer).Act[0]
	s := &shuffler{out: make(senderSigns, units)}
	for _, r := range d.Readers {
		var x shuffledReader
		bundle := bundleSize(n, d.Layer, r)
		for k, w := range n.Params[r].Weight {
			if k%bundle == 0 {
				x.bundles = append(x.bundles, Signs{})
			}
			x.bundles[len(x.bundles)-1].add(float64(w))
			if w != 0 {
				x.sizes, x.senders, x.signs = append(x.sizes, math.Abs(float64(w))), append(x.senders, int32(k/bundle%units)), append(x.signs, w > 0)
			}
		}
		x.drawn, x.order = make([]bool, len(x.signs)), make([]int, units)
		s.readers = append(s.readers, x)
	}
	return s
}

// draw are the senders' synapses after a random shuffle.
func (s *shuffler) draw(null Null, r *rand.Rand) senderSigns {
	clear(s.out)
	for k := range s.readers {
		if null == ShuffledSigns {
			s.readers[k].shuffleSigns(s.out, r)
		} else {
			s.readers[k].shuffleSenders(s.out, r)
		}
	}
	return s.out
}

func (x *shuffledReader) shuffleSigns(out senderSigns, r *rand.Rand) {
	copy(x.drawn, x.signs)
	r.Shuffle(len(x.drawn), func(i, j int) { x.drawn[i], x.drawn[j] = x.drawn[j], x.drawn[i] })
	for k, excites := range x.drawn {
		s := &out[x.senders[k]]
		if excites {
			s.Excitatory++
			s.ExcitatoryStrength += x.sizes[k]
		} else {
			s.Inhibitory++
			s.InhibitoryStrength += x.sizes[k]
		}
	}
}

func (x *shuffledReader) shuffleSenders(out senderSigns, r *rand.Rand) {
	for row := 0; row < len(x.bundles); row += len(out) {
		for i := range x.order {
			x.order[i] = i
		}
		r.Shuffle(len(x.order), func(i, j int) { x.order[i], x.order[j] = x.order[j], x.order[i] })
		for k, b := range x.bundles[row : row+len(out)] {
			s := &out[x.order[k]]
			s.Excitatory += b.Excitatory
			s.Inhibitory += b.Inhibitory
			s.ExcitatoryStrength += b.ExcitatoryStrength
			s.InhibitoryStrength += b.InhibitoryStrength
		}
	}
}
