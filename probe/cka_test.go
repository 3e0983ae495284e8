package probe_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"neuroprobe/probe"
)

func representation(t testing.TB, values []float64, features int) *probe.Representation {
	t.Helper()
	r, err := probe.NewRepresentation(values, len(values)/features, features)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// gaussian are images × features of independent noise.
func gaussian(seed uint64, images, features int) []float64 {
	r := rand.New(rand.NewPCG(seed, 5))
	out := make([]float64, images*features)
	for k := range out {
		out[k] = r.NormFloat64()
	}
	return out
}

// times is x·m, where x has as many columns as m has rows.
func times(x []float64, m [][]float64) []float64 {
	p, q := len(m), len(m[0])
	out := make([]float64, len(x)/p*q)
	for k := range out {
		for j := range p {
			out[k] += x[k/q*p+j] * m[j][k%q]
		}
	}
	return out
}

// TestCKAByHand: centred, X = (−3 −1 1 3)ᵀ and Y = (1 −1 −1 1 | 2 0 −2 0), two columns.
//
//	XᵀY = (−3+1−1+3, −6−2) = (0, −8)        ‖XᵀY‖² = 64
//	XᵀX = 20                                ‖XᵀX‖  = 20
//	YᵀY = (4, 4 | 4, 8)                     ‖YᵀY‖  = √(16+16+16+64) = √112
//
// and CKA = 64/(20·√112). Without the diagonals, Kᵢᵢ = 9 1 1 9 and Lᵢᵢ = 5 1 5 1, traces 20 and 12,
// Σ KᵢᵢLᵢᵢ = 45+1+5+9 = 60, n = 4:
//
//	HSIC(X,Y) = 64 − 60 + 20·12/6 − 60 = −16
//	HSIC(X,X) = 400 − 164 + 400/6 − 164 = 416/3       (Σ Kᵢᵢ² = 164)
//	HSIC(Y,Y) = 112 − 52 + 144/6 − 52 = 32            (Σ Lᵢᵢ² = 52)
//
// so that the debiased one is −16/√(416/3·32).
func TestCKAByHand(t *testing.T) {
	x := representation(t, []float64{7, 9, 11, 13}, 1)           // less its mean, 10
	y := representation(t, []float64{2, 7, 0, 5, 0, 3, 2, 5}, 2) // less 1 and 5
	closeTo(t, "CKA", probe.Similar(x, y).CKA, 64/(20*math.Sqrt(112)), 1e-6)
	closeTo(t, "debiased CKA", probe.Similar(x, y).Debiased, -16/math.Sqrt(416./3*32), 1e-6)
}

// TestCKAOfColumns: of single columns it is the squared correlation.
func TestCKAOfColumns(t *testing.T) {
	x, y := gaussian(1, 50, 1), gaussian(2, 50, 1)
	var sx, sy, sxx, syy, sxy float64
	for i := range x {
		y[i] += x[i]
		sx, sy, sxx, syy, sxy = sx+x[i], sy+y[i], sxx+x[i]*x[i], syy+y[i]*y[i], sxy+x[i]*y[i]
	}
	r := (sxy - sx*sy/50) / math.Sqrt((sxx-sx*sx/50)*(syy-sy*sy/50))
	closeTo(t, "CKA", probe.Similar(representation(t, x, 1), representation(t, y, 1)).CKA, r*r, 1e-6)
}

// TestCKAIdentities: 1 with itself, the same both ways, under rotation, scaling and shifts; but not
// under other invertible maps.
func TestCKAIdentities(t *testing.T) {
	const n, p = 60, 3
	x, y := gaussian(3, n, p), gaussian(4, n, p)
	for k := range y {
		y[k] += 0.7 * x[k]
	}
	sin, cos := math.Sincos(0.7)
	turned := times(times(y, [][]float64{{cos, -sin, 0}, {sin, cos, 0}, {0, 0, 1}}), [][]float64{{0, 0, -1}, {1, 0, 0}, {0, 1, 0}})
	for k := range turned {
		turned[k] = 12*turned[k] + float64(k%p)
	}
	rx, ry, rt := representation(t, x, p), representation(t, y, p), representation(t, turned, p)
	if s := probe.Similar(rx, rx); s.CKA != 1 || s.Debiased != 1 {
		t.Errorf("with itself %+v, want 1", s)
	}
	s := probe.Similar(rx, ry)
	for what, other := range map[string]probe.Similarity{"the other way": probe.Similar(ry, rx), "turned, scaled and shifted": probe.Similar(rx, rt)} {
		closeTo(t, what, other.CKA, float64(s.CKA), 1e-6)
		closeTo(t, what+", debiased", other.Debiased, float64(s.Debiased), 1e-5)
	}
	closeTo(t, "with itself turned", probe.Similar(ry, rt).CKA, 1, 1e-6)
	stretched := representation(t, times(y, [][]float64{{10, 0, 0}, {0, 1, 0}, {0, 0, 1}}), p)
	if got := probe.Similar(ry, stretched); float64(got.CKA) > 0.95 {
		t.Errorf("stretched along one axis: %v, want it to differ", got.CKA)
	}
}

// TestOfNothing: a representation that never varies is like nothing.
func TestOfNothing(t *testing.T) {
	flat := make([]float64, 40)
	for k := range flat {
		flat[k] = 0.1 + float64(k%2)/3
	}
	if s := probe.Similar(representation(t, flat, 2), representation(t, gaussian(1, 20, 3), 3)); s.CKA.Defined() || s.Debiased.Defined() {
		t.Errorf("%+v, want none", s)
	}
	for _, values := range [][]float64{{1, 2, 3}, {1, 2, 3, math.NaN()}, {1, 2, 3, 4, 5}} {
		if _, err := probe.NewRepresentation(values, 4, 1); err == nil {
			t.Errorf("%v is taken for four images", values)
		}
	}
}

// TestBiasOfCKA: representations of noise that have nothing in common. Plain CKA is far above 0 where
// features are many; debiased it is 0 on average.
func TestBiasOfCKA(t *testing.T) {
	const n, p, draws = 40, 120, 40
	plain, debiased, square := 0.0, 0.0, 0.0
	for k := range uint64(draws) {
		s := probe.Similar(representation(t, gaussian(10+k, n, p), p), representation(t, gaussian(1000+k, n, p), p))
		plain += float64(s.CKA) / draws
		debiased += float64(s.Debiased) / draws
		square += float64(s.Debiased) * float64(s.Debiased) / draws
	}
	if se := math.Sqrt(square / draws); plain < 0.6 || math.Abs(debiased) > 3*se {
		t.Errorf("mean %v, debiased %v ± %v", plain, debiased, se)
	}
}

func similarities(t testing.TB, a, b []*probe.Representation, o probe.SimilarityOptions) *probe.Similarities {
	t.Helper()
	s, err := probe.CompareRepresentations(context.Background(), a, b, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSimilaritiesTogether: the table has what pairs have one by one, whether by features or, where
// these are many, by Gram matrices; and its nulls are the same by either.
func TestSimilaritiesTogether(t *testing.T) {
	const n = 80
	few := []*probe.Representation{representation(t, gaussian(1, n, 2), 2), representation(t, gaussian(2, n, 5), 5)}
	// 70 × 70 products are more than 12·80 a pair: Gram matrices. The same numbers with columns of
	// nothing beside them.
	var wide []*probe.Representation
	for k, p := range []int{2, 5} {
		x, padded := gaussian(uint64(1+k), n, p), make([]float64, n*35)
		for i := range n {
			copy(padded[i*35:], x[i*p:][:p])
		}
		wide = append(wide, representation(t, padded, 35))
	}
	noise := gaussian(3, n, 5)
	for k, v := range gaussian(2, n, 5) {
		noise[k] += v
	}
	other := []*probe.Representation{representation(t, noise, 5), representation(t, gaussian(4, n, 35), 35)}
	o := probe.SimilarityOptions{Permutations: 60, Seed: 3}
	byFeatures, byGrams := similarities(t, few, other[:1], o), similarities(t, wide, []*probe.Representation{other[0], other[1], other[1]}, o)
	for i := range few {
		one := probe.Similar(few[i], other[0])
		f, g := byFeatures.Cells[i][0], byGrams.Cells[i][0]
		for what, pair := range map[string][2]probe.Number{"CKA": {f.CKA, g.CKA}, "debiased": {f.Debiased, g.Debiased}, "null": {f.NullCKA, g.NullCKA},
			"95 % of the null": {f.NullHigh, g.NullHigh}, "debiased null": {f.NullDebiased, g.NullDebiased}, "p": {f.P, g.P}, "low": {f.Low, g.Low}, "one by one": {f.CKA, one.CKA}} {
			closeTo(t, what, pair[1], float64(pair[0]), 1e-5)
		}
	}
	if related, unrelated := byFeatures.Cells[1][0], byFeatures.Cells[0][0]; !related.Beats() || unrelated.Beats() || float64(related.P) != 1./61 {
		t.Errorf("related p %v, unrelated p %v", related.P, unrelated.P)
	}
	o.Workers = 1
	if again := similarities(t, few, other[:1], o); asJSON(t, again) != asJSON(t, byFeatures) {
		t.Error("one worker gives another table")
	}
	// A side against itself: 1 on the diagonal, to the last bit.
	self := similarities(t, few, few, o)
	for i := range few {
		if c := self.Cells[i][i]; c.CKA != 1 || c.Debiased != 1 || c.Low != 1 || c.High != 1 {
			t.Errorf("with itself %+v", c)
		}
	}
}

// TestTheNullIsHonest: of representations that have nothing in common p is uniform; and the
// jackknife's interval covers 0.
func TestTheNullIsHonest(t *testing.T) {
	const tables = 60
	below, covers := 0, 0
	for k := range uint64(tables) {
		s := similarities(t, []*probe.Representation{representation(t, gaussian(7*k, 90, 3), 3)}, []*probe.Representation{representation(t, gaussian(7*k+1, 90, 4), 4)},
			probe.SimilarityOptions{Permutations: 39, Seed: k})
		c := s.Cells[0][0]
		if c.P <= 0.25 {
			below++
		}
		if c.Low <= 0 && c.High >= 0 {
			covers++
		}
		if math.Abs(float64(c.NullDebiased)) > 0.02 {
			t.Errorf("debiased null of %v", c.NullDebiased)
		}
	}
	// 15 expected, standard deviation 3.4; of a 95 % interval 57.
	if below < 5 || below > 25 || covers < 50 {
		t.Errorf("p is at most 0.25 in %d of %d, the interval covers 0 in %d", below, tables, covers)
	}
}
