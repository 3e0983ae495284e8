package ablate

import (
	"bytes"
	"encoding/gob"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"neuroprobe/internal/stats"
)

// gameOf plays a game that is given as a function of who is in.
func gameOf(players int, v func(in []bool) float64) game {
	return columnsOf(players, 1, func(in []bool, _ int) float64 { return v(in) })
}

func columnsOf(players, observations int, v func(in []bool, observation int) float64) game {
	return func(_, _ int, walks []walk, see func(walk, step int, value []float64)) error {
		for k, w := range walks {
			in := make([]bool, players)
			for i := range in {
				in[i] = !slices.Contains(w.out, i)
			}
			for step := range w.coalitions() {
				if step > 0 {
					in[w.steps[step-1]] = !in[w.steps[step-1]]
				}
				column := make([]float64, observations)
				for o := range column {
					column[o] = v(in, o)
				}
				see(k, step, column)
			}
		}
		return nil
	}
}

// solve is a game's Shapley values, its tally, and the standard errors.
func solve(t *testing.T, e estimator, players int, g game) (phi, errs []float64, all *tally) {
	t.Helper()
	all, err := play(e, players, 1, nil, g)
	if err != nil {
		t.Fatal(err)
	}
	columns, whole, none := all.values(e)
	if _, _, err := checkEfficiency(columns, whole, none); err != nil {
		t.Error(err)
	}
	for _, c := range columns {
		phi = append(phi, c[0])
	}
	return phi, all.standardErrors(players), all
}

func count(in []bool) (n int) {
	for _, b := range in {
		if b {
			n++
		}
	}
	return n
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// weighted is the game in which a coalition wins that has the quota.
func weighted(quota float64, weights ...float64) func([]bool) float64 {
	return func(in []bool) float64 {
		sum := 0.0
		for i, b := range in {
			sum += weights[i] * truth(b)
		}
		return truth(sum >= quota)
	}
}

var knownGames = []struct {
	name    string
	players int
	v       func(in []bool) float64
	want    []float64
}{
	{"AND: each is needed", 2, func(in []bool) float64 { return truth(in[0] && in[1]) }, []float64{1. / 2, 1. / 2}},
	{"OR: no single lesion shows anything, and each has half", 2, func(in []bool) float64 { return truth(in[0] || in[1]) }, []float64{1. / 2, 1. / 2}},
	// Whoever leaves first takes v from 0 to 1, a loss of −1; the second takes it back, a loss of 1.
	{"XOR: they undo each other", 2, func(in []bool) float64 { return truth(in[0] != in[1]) }, []float64{0, 0}},
	{"a decoy beside an OR", 3, func(in []bool) float64 { return truth(in[0] || in[1]) }, []float64{1. / 2, 1. / 2, 0}},
	{"additive: each has what it adds", 3, func(in []bool) float64 { return 3*truth(in[0]) - 2*truth(in[1]) + 0.5*truth(in[2]) + 7 }, []float64{3, -2, 0.5}},
	// Shapley's glove game: one left glove (0), two right ones; a pair is worth 1. The values are 2/3, 1/6, 1/6.
	{"gloves", 3, func(in []bool) float64 { return truth(in[0] && (in[1] || in[2])) }, []float64{2. / 3, 1. / 6, 1. / 6}},
	{"majority of 5", 5, func(in []bool) float64 { return truth(count(in) >= 3) }, []float64{.2, .2, .2, .2, .2}},
	// [51; 50, 49, 1]: 0 turns the vote in 4 of the 6 orders, 1 and 2 in one each.
	{"shareholders of 50, 49 and 1 %", 3, weighted(51, 50, 49, 1), []float64{2. / 3, 1. / 6, 1. / 6}},
	// Four parties of 45, 25, 15 and 15 seats, majority 51 of 100 (1/2, 1/6, 1/6, 1/6): the large one
	// turns the vote at places 2 and 3, 12 of 24 orders.
	{"a council", 4, weighted(51, 45, 25, 15, 15), []float64{1. / 2, 1. / 6, 1. / 6, 1. / 6}},
	// Airport game (Littlechild and Owen 1973): a runway of 1, 2, 3 serves planes up to that length:
	// 1/3, 1/3+1/2, 1/3+1/2+1.
	{"airport", 3, func(in []bool) float64 { return max(truth(in[0]), 2*truth(in[1]), 3*truth(in[2])) }, []float64{1. / 3, 5. / 6, 11. / 6}},
}

func TestExactShapleyValuesOfKnownGames(t *testing.T) {
	for _, c := range knownGames {
		phi, errs, _ := solve(t, exactShapley{c.players}, c.players, gameOf(c.players, c.v))
		for i, want := range c.want {
			if math.Abs(phi[i]-want) > 1e-12 || errs[i] != 0 {
				t.Errorf("%s: φ of player %d is %v ± %v, want %v", c.name, i, phi[i], errs[i], want)
			}
		}
	}
}

func TestSampledShapleyValuesOfKnownGames(t *testing.T) {
	for _, c := range knownGames {
		e := antithetic(c.players, 4000, 3)
		phi, errs, _ := solve(t, e, c.players, gameOf(c.players, c.v))
		for i, want := range c.want {
			if math.Abs(phi[i]-want) > 4*errs[i]+1e-12 || errs[i] > 0.02 {
				t.Errorf("%s: φ of player %d is %v ± %v, want %v", c.name, i, phi[i], errs[i], want)
			}
		}
	}
}

// binary is a random game of float32 values, as networks give them, of which some players are dummies
// and two are twins.
func binary(players int, dummies []int, twins [2]int, seed uint64) func(in []bool) float64 {
	return func(in []bool) float64 {
		key := uint64(0)
		for i, b := range in {
			if b && !slices.Contains(dummies, i) && i != twins[0] && i != twins[1] {
				key |= 1 << i
			}
		}
		key |= uint64(truth(in[twins[0]])+truth(in[twins[1]])) << 40
		return float64(float32(rand.New(rand.NewPCG(key, seed)).NormFloat64()))
	}
}

// With 11 players there are several walks and a part boundary.
func TestDummiesGetExactlyNothingAndTwinsTheSame(t *testing.T) {
	const players = 11
	g := gameOf(players, binary(players, []int{2, 10}, [2]int{4, 7}, 5))
	for name, e := range map[string]estimator{"exact": exactShapley{players}, "sampled": antithetic(players, 40, 1)} {
		phi, _, _ := solve(t, e, players, g)
		if phi[2] != 0 || phi[10] != 0 {
			t.Errorf("%s: players that change nothing have %v and %v", name, phi[2], phi[10])
		}
		if name == "exact" && phi[4] != phi[7] {
			t.Errorf("players that do the same have %v and %v", phi[4], phi[7])
		}
		if phi[0] == 0 {
			t.Errorf("%s: a player of a random game has exactly 0", name)
		}
	}
}

// The definition, with factorials and maps, is the oracle.
func TestExactShapleyAgreesWithTheDefinition(t *testing.T) {
	const players = 9
	v := binary(players, nil, [2]int{0, 1}, 11)
	phi, _, all := solve(t, exactShapley{players}, players, gameOf(players, v))
	factorial := func(n int) float64 { f, _ := math.Lgamma(float64(n + 1)); return math.Exp(f) }
	for i := range players {
		want := 0.0
		for set := range 1 << players {
			if set>>i&1 == 1 {
				continue
			}
			in := make([]bool, players)
			for k := range in {
				in[k] = set>>k&1 == 1
			}
			s, without := count(in), v(in)
			in[i] = true
			want += factorial(s) * factorial(players-s-1) / factorial(players) * (v(in) - without)
		}
		if math.Abs(phi[i]-want) > 1e-9 {
			t.Errorf("φ of player %d is %v, by the definition %v", i, phi[i], want)
		}
	}
	if want := 1<<players + players + 2; all.Coalitions != want {
		t.Errorf("%d coalitions played, want %d", all.Coalitions, want)
	}
}

func TestSingleLesionsComeWithTheValues(t *testing.T) {
	v := func(in []bool) float64 { return 5*truth(in[0]) + 2*truth(in[1] || in[2]) }
	_, _, all := solve(t, exactShapley{3}, 3, gameOf(3, v))
	var got []float64
	for _, column := range all.Alone {
		got = append(got, column[0])
	}
	if want := []float64{7, 2, 7, 7, 0}; !slices.Equal(got, want) {
		t.Errorf("v of all, without each, of none: %v, want %v", got, want)
	}
}

// Of a game without interactions of three, a pair of an order and its reverse gives the exact
// values; single orders vary.
func TestAntitheticOrdersCancelInteractionsOfTwo(t *testing.T) {
	const players = 6
	r := rand.New(rand.NewPCG(2, 2))
	var single [players]float64
	var joint [players][players]float64
	for i := range players {
		single[i] = r.NormFloat64()
		for k := range i {
			joint[i][k] = r.NormFloat64()
		}
	}
	g := gameOf(players, func(in []bool) float64 {
		sum := 0.0
		for i := range players {
			for k := range i {
				sum += joint[i][k] * truth(in[i] && in[k])
			}
			sum += single[i] * truth(in[i])
		}
		return sum
	})
	exact, _, _ := solve(t, exactShapley{players}, players, g)
	phi, errs, all := solve(t, antithetic(players, 4, 1), players, g)
	for i := range phi {
		if math.Abs(phi[i]-exact[i]) > 1e-12 || errs[i] > 1e-12 {
			t.Errorf("φ of player %d is %v ± %v, want %v ± 0", i, phi[i], errs[i], exact[i])
		}
	}
	varies := false
	for i := range players {
		varies = varies || math.Abs(all.Orders[0][i]-exact[i]) > 0.1
	}
	if !varies {
		t.Error("a single order gives every value: the game has no interactions")
	}
}

// rugged has interactions of all orders.
func rugged(in []bool) float64 {
	n := float64(count(in))
	return truth(count(in) >= 4) + 0.3*n*truth(in[0] && in[1] && in[2]) + math.Sqrt(n)
}

func TestSampledValuesAreUnbiasedWithTheStatedError(t *testing.T) {
	const players, runs = 7, 300
	exact, _, _ := solve(t, exactShapley{players}, players, gameOf(players, rugged))
	within, all := 0, 0
	var errors [players]stats.Moments
	for seed := range uint64(runs) {
		phi, errs, _ := solve(t, antithetic(players, 50, seed), players, gameOf(players, rugged))
		for i := range phi {
			errors[i].Add(phi[i] - exact[i])
			all++
			if math.Abs(phi[i]-exact[i]) <= 1.959964*errs[i] {
				within++
			}
		}
	}
	for i := range errors {
		if se := errors[i].SD() / math.Sqrt(runs); math.Abs(errors[i].Mean()) > 4*se {
			t.Errorf("player %d: mean error %v over %d seeds, standard error %v", i, errors[i].Mean(), runs, se)
		}
	}
	// 25 pairs: a t interval would hold 95 %, one of 1.96 standard errors about 93.8 %.
	if share := float64(within) / float64(all); share < 0.91 || share > 0.97 {
		t.Errorf("%.3f of the values lie within 1.96 standard errors, want about 0.94", share)
	}
}

// Who has which number does not matter.
func TestRenumberedPlayersHaveTheirValues(t *testing.T) {
	const players = 6
	to := []int{3, 0, 5, 1, 2, 4}
	v := binary(players, nil, [2]int{1, 4}, 3)
	phi, _, _ := solve(t, exactShapley{players}, players, gameOf(players, v))
	renumbered, _, _ := solve(t, exactShapley{players}, players, gameOf(players, func(in []bool) float64 {
		was := make([]bool, players)
		for i := range was {
			was[i] = in[to[i]]
		}
		return v(was)
	}))
	for i := range phi {
		if phi[i] != renumbered[to[i]] {
			t.Errorf("φ of player %d is %v, renumbered %v", i, phi[i], renumbered[to[i]])
		}
	}
}

// Values are columns: each observation is a game of its own.
func TestObservationsAreGamesOfTheirOwn(t *testing.T) {
	v := func(in []bool, o int) float64 { return knownGames[o].v(in) }
	games := []int{0, 1, 2}
	e := exactShapley{2}
	all, err := play(e, 2, len(games), nil, columnsOf(2, len(games), v))
	if err != nil {
		t.Fatal(err)
	}
	phi, _, _ := all.values(e)
	for o := range games {
		for i, want := range knownGames[o].want {
			if math.Abs(phi[i][o]-want) > 1e-12 {
				t.Errorf("%s, player %d: %v, want %v", knownGames[o].name, i, phi[i][o], want)
			}
		}
	}
}

// memory are parts that survive an interruption.
type memory map[string][]byte

func (m memory) Load(name string, into any) (bool, error) {
	data, ok := m[name]
	if !ok {
		return false, nil
	}
	return true, gob.NewDecoder(bytes.NewReader(data)).Decode(into)
}

func (m memory) Save(name string, value any) error {
	var b bytes.Buffer
	err := gob.NewEncoder(&b).Encode(value)
	m[name] = b.Bytes()
	return err
}

func TestInterruptedGameGoesOnWhereItStopped(t *testing.T) {
	const players = 12
	g := gameOf(players, binary(players, nil, [2]int{1, 4}, 3))
	for name, e := range map[string]estimator{"exact": exactShapley{players}, "sampled": antithetic(players, 400, 1)} {
		want, wantErrs, _ := solve(t, e, players, g)
		kept, stop := memory{}, errors.New("stop")
		_, err := play(e, players, 1, kept, func(part, of int, walks []walk, see func(int, int, []float64)) error {
			if part == 1 {
				return stop
			}
			return g(part, of, walks, see)
		})
		if !errors.Is(err, stop) || len(kept) != 1 {
			t.Fatalf("%s: %v, %d parts kept", name, err, len(kept))
		}
		all, err := play(e, players, 1, kept, func(part, of int, walks []walk, see func(int, int, []float64)) error {
			if part == 0 {
				t.Errorf("%s: a part that was kept is played again", name)
			}
			return g(part, of, walks, see)
		})
		if err != nil {
			t.Fatal(err)
		}
		phi, _, _ := all.values(e)
		errs := all.standardErrors(players)
		for i := range phi {
			if phi[i][0] != want[i] || errs[i] != wantErrs[i] {
				t.Errorf("%s: φ of player %d is %v ± %v, uninterrupted %v ± %v", name, i, phi[i][0], errs[i], want[i], wantErrs[i])
			}
		}
	}
}

func TestBrokenSumsAreAnError(t *testing.T) {
	if _, _, err := checkEfficiency([][]float64{{1}, {2}}, []float64{4}, []float64{1}); err != nil {
		t.Errorf("1 + 2 against 4 − 1: %v", err)
	}
	if _, _, err := checkEfficiency([][]float64{{1}, {2}}, []float64{4}, []float64{1 - 1e-7}); err == nil {
		t.Error("values that do not add up pass")
	}
	if _, _, err := checkEfficiency([][]float64{{math.NaN()}}, []float64{4}, []float64{1}); err == nil {
		t.Error("NaN passes")
	}
}
