package probe

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"neuroprobe/internal/stats"
	"neuroprobe/model/kernel"
)

// SimilarityOptions say how a table of similarities is tested.
type SimilarityOptions struct {
	Permutations int // of the images of one side; 0: stats.DefaultPermutations, below 0: no test
	Seed         uint64
	Workers      int
	Progress     func(done, total int)
}

// Similarities are those of every representation of one side with every one of another, all of
// the same images.
type Similarities struct {
	Images       int `json:"images"`
	Permutations int `json:"permutations"`
	Tests        int `json:"tests"`
	// Cells are by row (A) and column (B).
	Cells [][]SimilarityCell `json:"cells"`

	// Folds are the debiased similarities without each of 20 shares of the images in turn: share, row,
	// column. With the same seed the shares of the same number of images are the same.
	Folds [][][]float64 `json:"-"`
}

// SimilarityCell is one pair of representations. Low and High are a 95 % interval of the debiased
// CKA, by a jackknife over shares of the images.
type SimilarityCell struct {
	Similarity
	Low  Number `json:"low"`
	High Number `json:"high"`
	// NullCKA and NullDebiased are means with the images of B in random orders, NullHigh is the
	// plain CKA's 95 % quantile there. P is the chance of a plain CKA as high; Adjusted is
	// corrected for all cells (Benjamini–Hochberg).
	NullCKA      Number `json:"null_cka"`
	NullHigh     Number `json:"null_cka_95"`
	NullDebiased Number `json:"null_debiased_cka"`
	P            Number `json:"p"`
	Adjusted     Number `json:"p_adjusted"`
}

// Beats tells whether the similarity beats its null.
func (c SimilarityCell) Beats() bool { return float64(c.Adjusted) < Alpha }

// jackknifeFolds are how many shares the images are divided into.
const jackknifeFolds = 20

// CompareRepresentations makes the table of all similarities between two sides. Its null puts the
// images of B in random orders: what alignment there is by the numbers of images and features
// alone.
func CompareRepresentations(ctx context.Context, a, b []*Representation, o SimilarityOptions) (*Similarities, error) {
	if len(a) == 0 || len(b) == 0 {
		return nil, fmt.Errorf("probe: %d and %d representations to compare (want at least 1 each)", len(a), len(b))
	}
	n := a[0].Images
	for _, r := range slices.Concat(a, b) {
		if r.Images != n {
			return nil, fmt.Errorf("probe: representations of %d and %d images cannot be compared", n, r.Images)
		}
	}
	if o.Permutations == 0 {
		o.Permutations = stats.DefaultPermutations
	}
	o.Permutations = max(o.Permutations, 0)
	s := &Similarities{Images: n, Permutations: o.Permutations}
	t := newAligner(a, b)
	observed := t.similarities()
	for i := range a {
		row := make([]SimilarityCell, len(b))
		for j := range b {
			row[j] = SimilarityCell{Similarity: observed[i][j], Low: Undefined, High: Undefined,
				NullCKA: Undefined, NullHigh: Undefined, NullDebiased: Undefined, P: Undefined, Adjusted: Undefined}
		}
		s.Cells = append(s.Cells, row)
	}
	if o.Permutations > 0 {
		if err := s.test(ctx, t, o); err != nil {
			return nil, err
		}
	}
	return s, s.jackknife(ctx, a, b, o)
}

// aligner computes the criterion between all representations of two sides at once.
type aligner struct {
	a, b   []*Representation
	aa, bb []criterion // of each with itself
	// whole are all features of a side beside each other. gramsA and gramsB are the Gram matrices
	// where these are cheaper.
	wholeA, wholeB *Representation
	gramsA, gramsB [][]float32
}

// gramPays is how many products of features a pair of images is worth: a Gram matrix costs a
// look-up in memory a pair, features a multiplication each in a matrix product.
const gramPays = 12

func newAligner(a, b []*Representation) *aligner {
	t := &aligner{a: a, b: b, wholeA: beside(a), wholeB: beside(b)}
	t.aa, t.bb = selfs(a, t.wholeA), selfs(b, t.wholeB)
	n := t.wholeA.Images
	if t.wholeA.Features*t.wholeB.Features > gramPays*n*len(a)*len(b) {
		t.gramsA, t.gramsB = grams(a), grams(b)
	}
	return t
}

// beside puts representations next to each other.
func beside(all []*Representation) *Representation {
	whole := &Representation{Images: all[0].Images}
	for _, r := range all {
		whole.Features += r.Features
	}
	whole.values = make([]float32, whole.Images*whole.Features)
	at := 0
	for _, r := range all {
		for i := range r.Images {
			copy(whole.values[i*whole.Features+at:], r.values[i*r.Features:][:r.Features])
		}
		at += r.Features
	}
	return whole
}

func selfs(all []*Representation, whole *Representation) []criterion {
	// By the same product as between two sides: of the same representation on both sides the
	// similarity is 1 to the last bit.
	squares := alignedBlocks(all, all, whole, whole)
	out := make([]criterion, len(all))
	for k, r := range all {
		out[k] = newCriterion(squares[k][k], r, r, nil)
	}
	return out
}

// alignedBlocks are ‖XᵀY‖² of all pairs, from one product of everything with everything.
func alignedBlocks(a, b []*Representation, wholeA, wholeB *Representation) [][]float64 {
	product := make([]float32, wholeA.Features*wholeB.Features)
	kernel.Product(kernel.Dense(product, wholeA.Features, wholeB.Features), wholeA.matrix(), wholeB.matrix(), kernel.Op{TransposeA: true})
	out := make([][]float64, len(a))
	row := 0
	for i, x := range a {
		out[i] = make([]float64, len(b))
		for range x.Features {
			at := row * wholeB.Features
			for j, y := range b {
				out[i][j] += sumOfSquares(product[at:][:y.Features])
				at += y.Features
			}
			row++
		}
	}
	return out
}

func grams(all []*Representation) [][]float32 {
	out := make([][]float32, len(all))
	for k, r := range all {
		out[k] = make([]float32, r.Images*r.Images)
		kernel.Product(kernel.Dense(out[k], r.Images, r.Images), r.matrix(), r.matrix(), kernel.Op{TransposeB: true})
	}
	return out
}

// criteria are the criterion of all pairs with B's images in an order.
func (t *aligner) criteria(order []int) [][]criterion {
	var squares [][]float64
	if t.gramsA != nil && order != nil {
		squares = t.byGrams(order)
	} else {
		squares = alignedBlocks(t.a, t.b, t.wholeA, t.wholeB.shuffled(order))
	}
	out := make([][]criterion, len(t.a))
	for i, x := range t.a {
		for j, y := range t.b {
			out[i] = append(out[i], newCriterion(squares[i][j], x, y, order))
		}
	}
	return out
}

// byGrams are ‖XᵀY‖² = Σ K·L, which is symmetric: twice what is below the diagonal, and the
// diagonal.
func (t *aligner) byGrams(order []int) [][]float64 {
	n := len(order)
	out := make([][]float64, len(t.a))
	for i := range out {
		out[i] = make([]float64, len(t.b))
	}
	row := make([]float32, n)
	for j, l := range t.gramsB {
		for u, from := range order {
			line := l[from*n:][:n]
			for v, at := range order[:u+1] {
				row[v] = line[at]
			}
			for i, k := range t.gramsA {
				sum := 0.0
				for v, x := range k[u*n:][:u] {
					sum += float64(x) * float64(row[v])
				}
				out[i][j] += 2*sum + float64(k[u*n+u])*float64(row[u])
			}
		}
	}
	return out
}

func (t *aligner) similarities() [][]Similarity {
	all := t.criteria(nil)
	out := make([][]Similarity, len(t.a))
	for i := range t.a {
		for j := range t.b {
			out[i] = append(out[i], align(all[i][j], t.aa[i], t.bb[j]))
		}
	}
	return out
}

// ordersAtOnce are permuted on all workers before more are drawn.
const ordersAtOnce = 64

// test fills in the nulls.
func (s *Similarities) test(ctx context.Context, t *aligner, o SimilarityOptions) error {
	cells := len(t.a) * len(t.b)
	plain, debiased := make([][]float64, cells), make([]float64, cells)
	var orders [][]int
	done := 0
	flush := func() {
		found := make([][][]criterion, len(orders))
		if parallel(ctx, o.Workers, len(orders), func(k int) { found[k] = t.criteria(orders[k]) }) != nil {
			return
		}
		for _, all := range found {
			for c := range cells {
				i, j := c/len(t.b), c%len(t.b)
				null := align(all[i][j], t.aa[i], t.bb[j])
				plain[c] = append(plain[c], float64(null.CKA))
				debiased[c] += float64(null.Debiased) / float64(o.Permutations)
			}
		}
		done += len(orders)
		orders = orders[:0]
		if o.Progress != nil {
			o.Progress(done, o.Permutations)
		}
	}
	stats.Permutations{Count: o.Permutations, Seed: o.Seed}.Shuffle(s.Images, func(order []int) {
		if ctx.Err() != nil {
			return
		}
		if orders = append(orders, slices.Clone(order)); len(orders) == ordersAtOnce {
			flush()
		}
	})
	flush()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p := make([]float64, cells)
	for c := range cells {
		cell := &s.Cells[c/len(t.b)][c%len(t.b)]
		if p[c] = math.NaN(); !cell.CKA.Defined() {
			continue
		}
		s.Tests++
		extreme := 0
		for _, v := range plain[c] {
			if v >= float64(cell.CKA)*(1-1e-6) { // float32 sums
				extreme++
			}
		}
		p[c] = stats.PermutationP(extreme, o.Permutations)
		cell.P, cell.NullCKA, cell.NullDebiased = Number(p[c]), Number(stats.Mean(plain[c])), Number(debiased[c])
		cell.NullHigh = Number(stats.Quantile(plain[c], 0.95))
	}
	for c, adjusted := range stats.BenjaminiHochberg(p) {
		s.Cells[c/len(t.b)][c%len(t.b)].Adjusted = Number(adjusted)
	}
	return nil
}

// jackknife fills in intervals of the debiased CKA. A bootstrap would not do: an image drawn twice is
// as like itself as can be, in both networks.
func (s *Similarities) jackknife(ctx context.Context, a, b []*Representation, o SimilarityOptions) error {
	if s.Images < 4*jackknifeFolds {
		return nil // too few to leave any out
	}
	share := rand.New(rand.NewPCG(o.Seed, 0x6a61636b)).Perm(s.Images) // "jack"
	s.Folds = make([][][]float64, jackknifeFolds)
	err := parallel(ctx, o.Workers, jackknifeFolds, func(k int) {
		keep := func(all []*Representation) []*Representation {
			out := make([]*Representation, len(all))
			for r := range all {
				out[r] = all[r].without(func(i int) bool { return share[i]%jackknifeFolds == k })
			}
			return out
		}
		for _, row := range newAligner(keep(a), keep(b)).similarities() {
			values := make([]float64, len(row))
			for j, c := range row {
				values[j] = float64(c.Debiased)
			}
			s.Folds[k] = append(s.Folds[k], values)
		}
	})
	if err != nil {
		return err
	}
	for i := range s.Cells {
		for j := range s.Cells[i] {
			c := &s.Cells[i][j]
			var without []float64
			for _, f := range s.Folds {
				without = append(without, f[i][j])
			}
			c.Low, c.High = Jackknife(float64(c.Debiased), without)
		}
	}
	return nil
}

// Jackknife is the 95 % interval of a statistic θ, given its value on all images and those
// θ₋ₖ without each of g shares of them in turn,
//
//	θ ± t₀.₉₇₅,g₋₁ · √((g−1)/g · Σ (θ₋ₖ − mean)²).
//
// It is NaN with fewer than two shares and where a value is NaN.
//
// B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap (1993), ch. 11.
func Jackknife(value float64, without []float64) (low, high Number) {
	var m stats.Moments
	for _, v := range without {
		m.Add(v)
	}
	g := float64(len(without))
	if g < 2 {
		return Undefined, Undefined
	}
	reach := stats.StudentQuantile(0.975, g-1) * math.Sqrt((g-1)*m.PopulationVariance())
	return Number(value - reach), Number(value + reach)
}

// without is the representation without some images, centred again.
func (r *Representation) without(drop func(image int) bool) *Representation {
	var values []float64
	images := 0
	for i := range r.Images {
		if drop(i) {
			continue
		}
		images++
		for _, v := range r.values[i*r.Features:][:r.Features] {
			values = append(values, float64(v))
		}
	}
	out, err := NewRepresentation(values, images, r.Features)
	if err != nil {
		panic(err) // finite numbers, and enough images
	}
	return out
}
