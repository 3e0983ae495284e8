package probe

import (
	"fmt"
	"math"

	"neuroprobe/model/kernel"
)

// Representation is what a layer shows of n images, one row of p numbers an image, less each
// column's mean. Its scale is taken away too: nothing here depends on it.
type Representation struct {
	Images, Features int

	values  []float32 // Images × Features
	squares []float64 // of each row: the diagonal of the Gram matrix
}

// NewRepresentation centres values, images × features.
func NewRepresentation(values []float64, images, features int) (*Representation, error) {
	if images < 4 || features < 1 || len(values) != images*features {
		return nil, fmt.Errorf("probe: %d numbers for a representation of %d images by %d features (want at least 4 images)", len(values), images, features)
	}
	means := make([]float64, features)
	for k, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("probe: feature %d of image %d is %v (want a finite number)", k%features, k/features, v)
		}
		means[k%features] += v
	}
	varies, largest := make([]bool, features), 0.0
	for k, v := range values {
		varies[k%features] = varies[k%features] || v != values[k%features]
	}
	for j := range means {
		means[j] /= float64(images)
	}
	centred := make([]float64, len(values))
	for k, v := range values {
		if varies[k%features] { // a constant column is exactly 0: rounding could make it vary
			centred[k] = v - means[k%features]
			largest = max(largest, math.Abs(centred[k]))
		}
	}
	r := &Representation{Images: images, Features: features, values: make([]float32, len(values)), squares: make([]float64, images)}
	if largest == 0 {
		return r, nil
	}
	for k, v := range centred {
		r.values[k] = float32(v / largest)
		r.squares[k/features] += float64(r.values[k]) * float64(r.values[k])
	}
	return r, nil
}

// Similarity is how alike two representations of the same images are. Both numbers are NaN where
// one of the two is the same on every image, Debiased also where the estimate of a representation
// with itself is not above 0.
type Similarity struct {
	// CKA is linear centred kernel alignment, from 0 to 1: for centred X and Y, images × features,
	//
	//	CKA = ‖XᵀY‖² / (‖XᵀX‖·‖YᵀY‖),   ‖·‖ the Frobenius norm.
	//
	// It is 1 for X and X·Q·c, Q orthogonal and c a number; other invertible maps change it. It is
	// biased upwards, towards 1, where there are not many more images than features.
	CKA Number `json:"cka"`
	// Debiased has unbiased estimates of the Hilbert–Schmidt independence criterion in the place of
	// the norms: 0 on average for representations that have nothing to do with each other,
	// however many features they have. It can be below 0.
	Debiased Number `json:"debiased_cka"`
}

// Similar is the linear CKA of two representations of the same images in the same order.
//
// S. Kornblith, M. Norouzi, H. Lee and G. Hinton, Similarity of neural network representations
// revisited, ICML 2019, arXiv:1905.00414; debiased: T. Nguyen, M. Raghu and S. Kornblith, Do wide and
// deep networks learn the same things?, ICLR 2021, arXiv:2010.15327, with the estimator of L. Song, A.
// Smola, A. Gretton, J. Bedo and K. Borgwardt, JMLR 13:1393 (2012).
func Similar(x, y *Representation) Similarity {
	if x.Images != y.Images {
		panic(fmt.Sprintf("probe: representations of %d and %d images", x.Images, y.Images))
	}
	return align(alignment(x, y, nil), alignment(x, x, nil), alignment(y, y, nil))
}

// criterion is the Hilbert–Schmidt independence criterion of two representations, up to a factor
// that cancels: plain, and unbiased.
type criterion struct{ plain, unbiased float64 }

// align makes similarities of the criterion between two representations and of each with itself.
func align(xy, xx, yy criterion) Similarity {
	s := Similarity{Undefined, Undefined}
	if xx.plain > 0 && yy.plain > 0 {
		s.CKA = Number(xy.plain / math.Sqrt(xx.plain*yy.plain))
		if xx.unbiased > 0 && yy.unbiased > 0 {
			s.Debiased = Number(xy.unbiased / math.Sqrt(xx.unbiased*yy.unbiased))
		}
	}
	return s
}

// alignment is the criterion with image order[i] of y beside image i of x; nil leaves the order.
func alignment(x, y *Representation, order []int) criterion {
	product := kernel.Dense(make([]float32, x.Features*y.Features), x.Features, y.Features)
	kernel.Product(product, x.matrix(), y.shuffled(order).matrix(), kernel.Op{TransposeA: true})
	return newCriterion(sumOfSquares(product.Data), x, y, order)
}

func (r *Representation) matrix() kernel.Matrix { return kernel.Dense(r.values, r.Images, r.Features) }

// shuffled has the rows in another order.
func (r *Representation) shuffled(order []int) *Representation {
	if order == nil {
		return r
	}
	out := &Representation{Images: r.Images, Features: r.Features, values: make([]float32, len(r.values))}
	for i, from := range order {
		copy(out.values[i*r.Features:][:r.Features], r.values[from*r.Features:][:r.Features])
	}
	return out
}

// newCriterion completes the criterion, whose plain form is ‖XᵀY‖² = Σ K·L over all pairs of images
// with K = XXᵀ and L = YYᵀ. The unbiased one leaves the diagonals out (Song et al. 2012, equation 5),
//
//	Σ K̃·L̃ + ΣK̃·ΣL̃/((n−1)(n−2)) − 2/(n−2)·Σᵢ (K̃1)ᵢ(L̃1)ᵢ,
//
// where rows of centred Gram matrices sum to 0, so that those of K̃, without the diagonal, sum
// to −Kᵢᵢ.
func newCriterion(plain float64, x, y *Representation, order []int) criterion {
	n := float64(x.Images)
	diagonals, traceX, traceY := 0.0, 0.0, 0.0
	for i, k := range x.squares {
		j := i
		if order != nil {
			j = order[i]
		}
		diagonals += k * y.squares[j]
		traceX, traceY = traceX+k, traceY+y.squares[i]
	}
	return criterion{plain, plain - diagonals + traceX*traceY/((n-1)*(n-2)) - 2*diagonals/(n-2)}
}

func sumOfSquares(values []float32) float64 {
	var s0, s1, s2, s3 float64
	for ; len(values) >= 4; values = values[4:] {
		v := (*[4]float32)(values)
		s0, s1 = s0+float64(v[0])*float64(v[0]), s1+float64(v[1])*float64(v[1])
		s2, s3 = s2+float64(v[2])*float64(v[2]), s3+float64(v[3])*float64(v[3])
	}
	for _, v := range values {
		s0 += float64(v) * float64(v)
	}
	return (s0 + s1) + (s2 + s3)
}
