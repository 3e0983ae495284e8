package logistic

import (
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"gonum.org/v1/gonum/floats"
)

// small is a data set of formulas: 20 rows of 3.
func small() (x []float64, y []bool) {
	for i := range 20 {
		x = append(x, float64(7*i%20)/10-1, float64(3*i*i%11)/5-1, float64(i%4)-1.5)
		y = append(y, (5*i+i*i/3)%7 < 3)
	}
	return x, y
}

// correlated are rows of columns with one cause in common, their answers, almost without noise,
// and answers from a coin.
func correlated(rows, cols int) (x []float64, y, coin []bool) {
	r := rand.New(rand.NewPCG(1, 2))
	for range rows {
		common, score := r.NormFloat64(), 0.0
		for j := range cols {
			v := (common + 0.1*float64(1+j%10)*r.NormFloat64()) / math.Sqrt2
			x = append(x, v)
			if j < 5 {
				score += v * float64(j-2)
			}
		}
		y, coin = append(y, score+0.05*r.NormFloat64() > 0), append(coin, r.IntN(2) == 0)
	}
	return x, y, coin
}

func design(t testing.TB, x []float64, rows int, penalties ...float64) *Design {
	t.Helper()
	d, err := NewDesign(x, rows, len(x)/rows, penalties...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func fit(t testing.TB, d *Design, y []bool) []Model {
	t.Helper()
	path, err := d.Path(y)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range path {
		if !m.Converged {
			t.Errorf("penalty %v did not converge", m.Penalty)
		}
	}
	return path
}

// Coefficients by scikit-learn 1.2.1, LogisticRegression(C=1/(20*penalty), tol=1e-12,
// solver="newton-cg"); its lbfgs differs from them by less than 6e-7.
func TestAgainstScikitLearn(t *testing.T) {
	want := map[float64][4]float64{ // three weights and the intercept
		1:     {-0.080679655, -0.048754132, 0.019435180, -0.631489242},
		0.1:   {-0.481694229, -0.266885474, 0.070176751, -0.705776763},
		0.001: {-1.173443067, -0.602145840, 0.131985072, -0.884068904},
	}
	x, y := small()
	for _, m := range fit(t, design(t, x, 20, 1, 0.1, 0.001), y) {
		for j, got := range append(m.Weights, m.Intercept) {
			if w := want[m.Penalty][j]; math.Abs(got-w) > 2e-6 {
				t.Errorf("penalty %v: coefficient %d is %.9f, want %.9f", m.Penalty, j, got, w)
			}
		}
	}
}

func TestByHand(t *testing.T) {
	// Rows −1 and 1 with answers no and yes: b = 0 by symmetry, and the derivative by w,
	// penalty·w − 1/(1 + exp(w)), is 0 at w = 1 for the penalty 1/(1 + e).
	m := fit(t, design(t, []float64{-1, 1}, 2, 1/(1+math.E)), []bool{false, true})[0]
	if math.Abs(m.Weights[0]-1) > 1e-5 || math.Abs(m.Intercept) > 1e-9 {
		t.Errorf("w is %v and b %v, want 1 and 0", m.Weights[0], m.Intercept)
	}
	// Without inputs only the intercept is left: the log odds of a yes, here 3 to 1.
	m = fit(t, design(t, nil, 4, 1), []bool{true, true, false, true})[0]
	if math.Abs(m.Intercept-math.Log(3)) > 1e-5 {
		t.Errorf("b is %v, want log 3", m.Intercept)
	}
}

func TestGradientIsTheObjectives(t *testing.T) {
	x, y := small()
	o := newObjective(design(t, x, 20, 0.03), y)
	o.step = o.steps[0]
	z := []float64{0.3, -0.7, 1.1, 0.2}
	o.evaluate(z)
	gradient := append([]float64{}, o.gradient...)
	const h = 1e-5
	for j := range z {
		at := func(shift float64) float64 {
			moved := append([]float64{}, z...)
			moved[j] += shift
			o.evaluate(moved)
			return o.value
		}
		if want := (at(h) - at(-h)) / (2 * h); math.Abs(gradient[j]-want) > 1e-8 {
			t.Errorf("derivative %d is %v, by finite differences %v", j, gradient[j], want)
		}
	}
}

// slope is the norm of the gradient of the objective as the package's documentation states it.
func slope(m Model, x []float64, y []bool) float64 {
	cols := len(m.Weights)
	g := make([]float64, cols+1)
	for i, yes := range y {
		row := x[i*cols : (i+1)*cols]
		p := 1 / (1 + math.Exp(-floats.Dot(m.Weights, row)-m.Intercept))
		if yes {
			p--
		}
		for j, v := range row {
			g[j] += p * v / float64(len(y))
		}
		g[cols] += p / float64(len(y))
	}
	for j, w := range m.Weights {
		g[j] += m.Penalty * w
	}
	return floats.Norm(g, 2)
}

func TestMinimaOfAwkwardRows(t *testing.T) {
	x, y, coin := correlated(500, 30)
	spike := append([]float64{}, x...)
	for i := range y {
		spike[i*30+1] = spike[i*30] + 1e-4*float64(i%2) // all but a copy of another column
		spike[i*30+2] = 0                               // constant
		spike[i*30+3] = 0
	}
	spike[3] = 22 // only ever in one row
	rare := make([]bool, len(y))
	rare[0], rare[7] = true, true
	penalties := []float64{1, 1e-2, 1e-5}
	for name, c := range map[string]struct {
		x []float64
		y []bool
	}{"signal": {x, y}, "coin": {x, coin}, "spike": {spike, y}, "rare": {spike, rare}, "wide": {x[:20*30], y[:20]}} {
		for _, m := range fit(t, design(t, c.x, len(c.y), penalties...), c.y) {
			if s := slope(m, c.x, c.y); s > 1e-5 {
				t.Errorf("%s, penalty %v: the gradient is still %v", name, m.Penalty, s)
			}
		}
	}
}

// Where a path starts must not show: a minimum of a strictly convex function is the only one.
func TestPathsMeet(t *testing.T) {
	x, y, _ := correlated(300, 12)
	down := fit(t, design(t, x, 300, 1, 1e-2, 1e-3), y)
	up := fit(t, design(t, x, 300, 1e-3, 1e-2, 1), y)
	for k, m := range down {
		other := up[len(up)-1-k]
		if m.Penalty != other.Penalty || floats.Distance(m.Weights, other.Weights, 2) > 1e-4*floats.Norm(m.Weights, 2) {
			t.Errorf("penalty %v: weights %v downwards, %v upwards", m.Penalty, m.Weights, other.Weights)
		}
	}
}

func TestFromManyGoroutines(t *testing.T) {
	x, y, coin := correlated(200, 8)
	d := design(t, x, 200, 1, 1e-3)
	want := fit(t, d, y)
	var wait sync.WaitGroup
	for k := range 4 {
		wait.Go(func() {
			if k%2 == 0 {
				fit(t, d, coin)
			}
			if got := fit(t, d, y); !floats.Equal(got[1].Weights, want[1].Weights) {
				t.Error("the weights differ")
			}
		})
	}
	wait.Wait()
}

func TestScoresAndCrossEntropy(t *testing.T) {
	m := Model{Weights: []float64{2, -1}, Intercept: 0.5}
	if got := m.Scores([]float64{1, 1, 0, 3}, 2); !floats.Equal(got, []float64{1.5, -2.5}) {
		t.Errorf("scores %v, want 1.5 and −2.5", got)
	}
	// log 2 for an even score; a sure mistake costs its score and a sure hit nothing.
	if got, want := CrossEntropy([]float64{0, 1000, -1000}, []bool{true, false, false}), (math.Ln2+1000)/3; math.Abs(got-want) > 1e-12 {
		t.Errorf("cross-entropy %v, want %v", got, want)
	}
	if got := CrossEntropy(nil, nil); !math.IsNaN(got) {
		t.Errorf("cross-entropy of nothing is %v, want NaN", got)
	}
}

func TestRefusals(t *testing.T) {
	designOf := func(x []float64, rows, cols int, penalties ...float64) error {
		_, err := NewDesign(x, rows, cols, penalties...)
		return err
	}
	pathOf := func(y ...bool) error {
		_, err := design(t, []float64{1, 2, 3}, 3, 1).Path(y)
		return err
	}
	for want, err := range map[string]error{
		"3 numbers for 2 rows of 2":                      designOf([]float64{1, 2, 3}, 2, 2, 1),
		"0 numbers for 0 rows of 2":                      designOf(nil, 0, 2, 1),
		"input 1 of row 1 is NaN (want a finite number)": designOf([]float64{1, 2, 3, math.NaN()}, 2, 2, 1),
		"penalty 0 (want a number above 0)":              designOf([]float64{1}, 1, 1, 0),
		"penalty NaN":                                    designOf([]float64{1}, 1, 1, math.NaN()),
		"lost in rounding":                               designOf([]float64{1e12, 1e12, 1e12, 1e12}, 2, 2, 1e-6),
		"2 answers for 3 rows":                           pathOf(true, false),
		"all 3 answers are the same":                     pathOf(true, true, true),
	} {
		if err == nil || !strings.HasPrefix(err.Error(), "logistic: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

func BenchmarkPath(b *testing.B) {
	x, y, coin := correlated(4000, 128)
	for name, y := range map[string][]bool{"signal": y, "coin": coin} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				fit(b, design(b, x, 4000, 1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5), y)
			}
		})
	}
}
