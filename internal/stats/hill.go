package stats

import (
	"fmt"
	"math"
)

// Hill is the dose–response curve
//
//	E(d) = Plateau · dˢ / (dˢ + EC50ˢ),   s = Slope,
//
// which is 0 at dose 0, half of Plateau at EC50, and comes close to Plateau far beyond it. A slope
// of 1 saturates from the beginning, one above 1 makes an S.
//
// A. V. Hill, Journal of Physiology 40:iv (1910).
type Hill struct {
	EC50, Slope, Plateau float64
}

// At is the effect of a dose; a dose of 0 or below has none.
func (h Hill) At(dose float64) float64 {
	if dose <= 0 {
		return 0
	}
	return h.Plateau * hillShape(math.Log(dose), math.Log(h.EC50), h.Slope)
}

// HalfOf is the dose with half of the effect that a dose has. Unlike EC50 it never lies beyond
// that dose, however far off the plateau is.
func (h Hill) HalfOf(dose float64) float64 {
	ratio := math.Pow(h.EC50/dose, h.Slope) // 1/(1+ratio) of the plateau at dose
	return dose * math.Exp(math.Log(ratio/(1+2*ratio))/h.Slope)
}

// hillShape is dˢ/(dˢ + EC50ˢ), from logarithms.
func hillShape(logDose, logEC50, slope float64) float64 {
	return 1 / (1 + math.Exp(slope*(logEC50-logDose)))
}

// HillFitter fits Hill curves to effects at the same doses, many times over.
type HillFitter struct {
	logs []float64   // of the doses above 0
	at   []int       // their places
	grid [][]float64 // where a search begins: log EC50, log slope, then the shape at each dose
	n    int
	low  [2]float64 // bounds of log EC50 and log slope
	high [2]float64
}

// The bounds of a fit: EC50 from a tenth of the lowest dose above 0 to a hundred times the highest,
// slope from 0.1 to 20. A curve that never bends (a straight line is one) has no EC50 that is best:
// the fit runs into the bound.
const (
	hillBelow, hillBeyond    = 0.1, 100
	hillFlattest, hillSteep  = 0.1, 20
	hillGridEC50, hillGridSl = 28, 18
)

// NewHillFitter prepares fits at these doses, of which three at least must be above 0.
func NewHillFitter(doses []float64) (*HillFitter, error) {
	f := &HillFitter{n: len(doses)}
	least, most := math.Inf(1), 0.0
	for i, d := range doses {
		if math.IsNaN(d) || math.IsInf(d, 0) {
			return nil, fmt.Errorf("stats: dose %d is %v (want a finite number)", i, d)
		}
		if d > 0 {
			f.logs, f.at = append(f.logs, math.Log(d)), append(f.at, i)
			least, most = min(least, d), max(most, d)
		}
	}
	if len(f.logs) < 3 {
		return nil, fmt.Errorf("stats: %d doses above 0 for a curve of three parameters (want 3 or more)", len(f.logs))
	}
	f.low = [2]float64{math.Log(least * hillBelow), math.Log(hillFlattest)}
	f.high = [2]float64{math.Log(most * hillBeyond), math.Log(hillSteep)}
	for i := range hillGridEC50 {
		for k := range hillGridSl {
			row := []float64{
				f.low[0] + (f.high[0]-f.low[0])*(float64(i)+0.5)/hillGridEC50,
				f.low[1] + (f.high[1]-f.low[1])*(float64(k)+0.5)/hillGridSl,
			}
			for _, l := range f.logs {
				row = append(row, hillShape(l, row[0], math.Exp(row[1])))
			}
			f.grid = append(f.grid, row)
		}
	}
	return f, nil
}

// HillFit is a fitted curve.
type HillFit struct {
	Hill
	R2 float64 // share of the effects' variance about their mean that the curve explains
	// AtBound: EC50 or the slope ran into a bound of the search, and is not to be believed.
	AtBound bool
}

// Fit finds the curve of least squares. For given EC50 and slope the best plateau is a quotient of
// sums, so that two parameters are left to search: on a grid of their logarithms first, from
// the best point on by Marquardt's steps. Effects all 0 or not finite give NaN.
//
// Separable parameters: L. Kaufman, BIT 15:49 (1975). Steps: D. W. Marquardt, Journal of the
// Society for Industrial and Applied Mathematics 11:431 (1963).
func (f *HillFitter) Fit(effects []float64) HillFit {
	if len(effects) != f.n {
		panic(fmt.Sprintf("stats: %d effects at %d doses", len(effects), f.n))
	}
	scale := 0.0
	for _, e := range effects {
		scale = max(scale, math.Abs(e))
		if math.IsNaN(e) {
			scale = e
			break
		}
	}
	if !(scale > 0) || math.IsInf(scale, 0) {
		nan := math.NaN()
		return HillFit{Hill: Hill{nan, nan, nan}, R2: nan}
	}
	y := make([]float64, len(f.at))
	for k, i := range f.at {
		y[k] = effects[i] / scale
	}
	best, start := math.Inf(1), f.grid[0]
	for _, row := range f.grid {
		if _, s := plateauOf(y, row[2:]); s < best {
			best, start = s, row
		}
	}
	z, plateau := f.descend(y, [2]float64{start[0], start[1]}, best)
	fit := HillFit{Hill: Hill{EC50: math.Exp(z[0]), Slope: math.Exp(z[1]), Plateau: scale * plateau}}
	for k := range z {
		fit.AtBound = fit.AtBound || z[k] < f.low[k]+1e-3 || z[k] > f.high[k]-1e-3
	}
	fit.R2 = f.explained(fit.Hill, effects)
	return fit
}

// descend goes from a point whose squares are given down to where no step makes them smaller.
func (f *HillFitter) descend(y []float64, z [2]float64, squares float64) ([2]float64, float64) {
	const steps, smallest = 200, 1e-12
	shape := make([]float64, len(y))
	f.shape(shape, z)
	plateau, _ := plateauOf(y, shape)
	damping := 1e-3
	for range steps {
		step := f.step(y, shape, z, plateau, damping)
		next := f.clamp([2]float64{z[0] + step[0], z[1] + step[1]})
		f.shape(shape, next)
		p, s := plateauOf(y, shape)
		moved := math.Abs(next[0]-z[0]) + math.Abs(next[1]-z[1])
		if s < squares {
			z, plateau, squares, damping = next, p, s, damping/10
		} else {
			f.shape(shape, z)
			damping *= 10
		}
		if !(moved > smallest) {
			break
		}
	}
	return z, plateau
}

// step solves (JᵀJ + damping·diag JᵀJ)·δ = Jᵀr, where J is how the fitted effects move with log EC50
// and log slope, less what the plateau makes up for.
func (f *HillFitter) step(y, shape []float64, z [2]float64, plateau, damping float64) (delta [2]float64) {
	slope := math.Exp(z[1])
	derivative := func(k int) [2]float64 {
		steep := -slope * shape[k] * (1 - shape[k])
		return [2]float64{steep, steep * (z[0] - f.logs[k])}
	}
	var made [2]float64
	norm := 0.0
	for k, s := range shape {
		d := derivative(k)
		made[0], made[1], norm = made[0]+s*d[0], made[1]+s*d[1], norm+s*s
	}
	var jj [2][2]float64
	var jr [2]float64
	for k, s := range shape {
		d := derivative(k)
		for i := range d {
			d[i] = plateau * (d[i] - s*made[i]/norm)
		}
		for i := range d {
			jr[i] += d[i] * (y[k] - plateau*s)
			for j := range d {
				jj[i][j] += d[i] * d[j]
			}
		}
	}
	for i := range z { // at a bound there is no way on: the other one goes alone
		if z[i] == f.high[i] && jr[i] > 0 || z[i] == f.low[i] && jr[i] < 0 {
			jj[i][i], jj[i][1-i], jj[1-i][i], jr[i] = 1, 0, 0, 0
		}
	}
	a, b, c := jj[0][0]*(1+damping), jj[0][1], jj[1][1]*(1+damping)
	determinant := a*c - b*b
	if !(determinant > 0) {
		return delta
	}
	return [2]float64{(c*jr[0] - b*jr[1]) / determinant, (a*jr[1] - b*jr[0]) / determinant}
}

func (f *HillFitter) clamp(z [2]float64) [2]float64 {
	return [2]float64{min(max(z[0], f.low[0]), f.high[0]), min(max(z[1], f.low[1]), f.high[1])}
}

func (f *HillFitter) shape(into []float64, z [2]float64) {
	slope := math.Exp(z[1])
	for k, l := range f.logs {
		into[k] = hillShape(l, z[0], slope)
	}
}

// explained is R²; the effects at doses of 0, which the curve cannot miss, count.
func (f *HillFitter) explained(h Hill, effects []float64) float64 {
	mean, residual, total := Mean(effects), 0.0, 0.0
	predicted := make([]float64, len(effects))
	for k, i := range f.at {
		predicted[i] = h.Plateau * hillShape(f.logs[k], math.Log(h.EC50), h.Slope)
	}
	for i, e := range effects {
		residual += (e - predicted[i]) * (e - predicted[i])
		total += (e - mean) * (e - mean)
	}
	return 1 - residual/total
}

// plateauOf is the best plateau for a shape, Σyf/Σf², and the squares that it leaves.
func plateauOf(y, shape []float64) (plateau, squares float64) {
	above, below := 0.0, 0.0
	for k, s := range shape {
		above += y[k] * s
		below += s * s
	}
	if below > 0 {
		plateau = above / below
	}
	for k, s := range shape {
		d := y[k] - plateau*s
		squares += d * d
	}
	return plateau, squares
}
