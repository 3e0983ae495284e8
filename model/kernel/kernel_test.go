package kernel

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// backends are all that work on this machine; the tests hold each against the definition.
func backends(t testing.TB) []string {
	all := []string{"go"}
	if err := Use("auto"); err == nil && Arithmetic() != (goBackend{}).String() {
		all = append(all, "auto")
	}
	t.Cleanup(func() { Use("auto") })
	return all
}

func random(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(r.NormFloat64())
	}
	return out
}

func closeTo(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		if d := math.Abs(float64(got[i] - want[i])); d > tolerance*(1+math.Abs(float64(want[i]))) || got[i] != got[i] {
			t.Fatalf("%s: value %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// TestProductAgainstGonum holds every back end against gonum's BLAS, over sizes that cross
// SIMD widths, all transpositions, strides and accumulation.
func TestProductAgainstGonum(t *testing.T) {
	for _, name := range backends(t) {
		if err := Use(name); err != nil {
			t.Fatal(err)
		}
		for _, size := range [][3]int{{1, 1, 1}, {3, 5, 7}, {16, 64, 27}, {17, 33, 9}, {64, 64, 288}, {1, 10, 64}, {2, 64, 2}} {
			for variant := range 8 {
				op := Op{variant&1 != 0, variant&2 != 0, variant&4 != 0}
				m, n, k := size[0], size[1], size[2]
				a, b, c := pattern(m, k, op.TransposeA, 2, 5), pattern(k, n, op.TransposeB, 0, 6), pattern(m, n, false, 1, 7)
				want := append([]float32(nil), c.Data...)
				beta := float32(0)
				if op.Accumulate {
					beta = 1
				}
				blas32.Gemm(gonumTranspose(op.TransposeA), gonumTranspose(op.TransposeB), 1, general(a), general(b), beta,
					blas32.General{Rows: m, Cols: n, Stride: c.Stride, Data: want})
				Product(c, a, b, op)
				closeTo(t, fmt.Sprintf("%s %v %+v", name, size, op), c.Data, want, 1e-5)
			}
		}
	}
}

func gonumTranspose(t bool) blas.Transpose {
	if t {
		return blas.Trans
	}
	return blas.NoTrans
}

func general(m Matrix) blas32.General {
	return blas32.General{Rows: m.Rows, Cols: m.Cols, Stride: m.Stride, Data: m.Data}
}

func TestUseNamesTheLibrary(t *testing.T) {
	t.Cleanup(func() { Use("auto") })
	if err := Use("/no/such/libblas.so"); err == nil {
		t.Fatal("a library that does not exist was accepted")
	}
	if err := Use("go"); err != nil || Arithmetic() != (goBackend{}).String() {
		t.Fatalf("go back end: %v, %v", Arithmetic(), err)
	}
}

// TestMissingLibraryIsKnownAsMissing asks often, from several goroutines: the loader's message
// belongs to a thread, and a goroutine that moves would read an empty one.
func TestMissingLibraryIsKnownAsMissing(t *testing.T) {
	const path = "/no/such/libblas.so"
	Parallel(4, 400, func(_, _ int) {
		_, err := loadBLAS(path)
		if !errors.Is(err, errNoLibrary) || strings.Count(err.Error(), path) != 1 {
			t.Errorf("error %q", err)
		}
	})
	broken := filepath.Join(t.TempDir(), "libbroken.so")
	if err := os.WriteFile(broken, []byte("no library"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := loadBLAS(broken); err == nil || errors.Is(err, errNoLibrary) || !strings.Contains(err.Error(), broken) {
		t.Errorf("a broken library gives %v", err)
	}
}

// TestStartUpCheckCatchesAWrongLibrary plants faults of the kinds a foreign library has, each
// wrong in one way only: all else goes by the definition, which itself passes.
func TestStartUpCheckCatchesAWrongLibrary(t *testing.T) {
	if err := checkBackend(faulty(productByDefinition)); err != nil {
		t.Fatal(err)
	}
	// A wrong stride or transposition may read, but must not run, beyond the operands.
	roomy := func(m Matrix) Matrix {
		m.Data = append(slices.Clone(m.Data), make([]float32, len(m.Data))...)
		return m
	}
	untransposed := func(m Matrix) Matrix {
		m = roomy(m)
		m.Rows, m.Cols = m.Cols, m.Rows
		return m
	}
	for name, fault := range map[string]func(c, a, b Matrix, op Op){
		"ignores the transposition of a": func(c, a, b Matrix, op Op) {
			if op.TransposeA {
				a, op.TransposeA = untransposed(a), false
			}
			productByDefinition(c, a, b, op)
		},
		"ignores the transposition of b": func(c, a, b Matrix, op Op) {
			if op.TransposeB {
				b, op.TransposeB = untransposed(b), false
			}
			productByDefinition(c, a, b, op)
		},
		"always transposes a": func(c, a, b Matrix, op Op) {
			if !op.TransposeA {
				a, op.TransposeA = untransposed(a), true
			}
			productByDefinition(c, a, b, op)
		},
		"always transposes b": func(c, a, b Matrix, op Op) {
			if !op.TransposeB {
				b, op.TransposeB = untransposed(b), true
			}
			productByDefinition(c, a, b, op)
		},
		"ignores the stride of a": func(c, a, b Matrix, op Op) { a.Stride = a.Cols; productByDefinition(c, a, b, op) },
		"ignores the stride of b": func(c, a, b Matrix, op Op) { b.Stride = b.Cols; productByDefinition(c, a, b, op) },
		"ignores the stride of c": func(c, a, b Matrix, op Op) { c.Stride = c.Cols; productByDefinition(c, a, b, op) },
		"never accumulates":       func(c, a, b Matrix, op Op) { op.Accumulate = false; productByDefinition(c, a, b, op) },
		"always accumulates":      func(c, a, b Matrix, op Op) { op.Accumulate = true; productByDefinition(c, a, b, op) },
		"does nothing":            func(c, a, b Matrix, op Op) {},
		"gives one NaN":           func(c, a, b Matrix, op Op) { productByDefinition(c, a, b, op); c.Data[3] = float32(math.NaN()) },
		"writes into the gap":     func(c, a, b Matrix, op Op) { productByDefinition(c, a, b, op); c.Data[c.Cols] = 99 },
		"misses the last column": func(c, a, b Matrix, op Op) {
			at := (c.Rows-1)*c.Stride + c.Cols - 1
			old := c.Data[at]
			productByDefinition(c, a, b, op)
			c.Data[at] = old
		},
		"is off by a thousandth": func(c, a, b Matrix, op Op) { productByDefinition(c, a, b, op); c.Data[0] += 1e-3 },
	} {
		if err := checkBackend(faulty(fault)); err == nil {
			t.Errorf("a library that %s passed", name)
		}
	}
}

// TestProductLeavesGapsAlone: with 9 to 15 columns Go's back end computes 16, and a stride of 16
// must not make it write them.
func TestProductLeavesGapsAlone(t *testing.T) {
	for _, name := range backends(t) {
		if err := Use(name); err != nil {
			t.Fatal(err)
		}
		for cols := 9; cols <= 16; cols++ {
			for _, accumulate := range []bool{false, true} {
				const rows, k, stride, gap = 5, 6, 16, 77
				a, b := Dense(random(rows*k, 1), rows, k), Dense(random(k*cols, 2), k, cols)
				c := Matrix{Data: make([]float32, rows*stride), Rows: rows, Cols: cols, Stride: stride}
				for i := range c.Data {
					c.Data[i] = gap
				}
				want := Matrix{slices.Clone(c.Data), rows, cols, stride}
				productByDefinition(want, a, b, Op{Accumulate: accumulate})
				Product(c, a, b, Op{Accumulate: accumulate})
				closeTo(t, fmt.Sprint(name, " ", cols, " columns"), c.Data, want.Data, 1e-5)
			}
		}
	}
}

type faulty func(c, a, b Matrix, op Op)

func (f faulty) product(c, a, b Matrix, op Op) { f(c, a, b, op) }
func (f faulty) String() string                { return "faulty" }

// convByDefinition is the oracle: seven loops.
func convByDefinition(c *Conv, x, w, b []float32, images int, relu bool) []float32 {
	out := make([]float32, images*c.outSize())
	for n := range images {
		for o := range c.OutC {
			for y := range c.OutH {
				for xx := range c.OutW {
					s := float64(b[o])
					for i := range c.InC {
						for ky := range c.K {
							for kx := range c.K {
								iy, ix := y*c.Stride+ky-c.Pad, xx*c.Stride+kx-c.Pad
								if iy >= 0 && iy < c.InH && ix >= 0 && ix < c.InW {
									s += float64(x[n*c.inSize()+(i*c.InH+iy)*c.InW+ix]) * float64(w[((o*c.InC+i)*c.K+ky)*c.K+kx])
								}
							}
						}
					}
					if relu {
						s = max(s, 0)
					}
					out[n*c.outSize()+(o*c.OutH+y)*c.OutW+xx] = float32(s)
				}
			}
		}
	}
	return out
}

var convShapes = [][7]int{ // inC, inH, inW, outC, k, stride, pad
	{1, 1, 1, 1, 1, 1, 0}, {3, 8, 8, 4, 3, 1, 1}, {2, 7, 5, 3, 3, 2, 1}, {2, 6, 9, 5, 5, 3, 2}, {4, 32, 32, 8, 3, 1, 1},
	{1, 4, 4, 2, 4, 1, 3}, {2, 5, 5, 2, 1, 2, 0}, {1, 2, 2, 1, 3, 1, 2}, {3, 9, 3, 2, 3, 4, 2},
}

func TestConvForward(t *testing.T) {
	for _, name := range backends(t) {
		Use(name)
		for _, s := range convShapes {
			for _, images := range []int{1, 5, 33} {
				c := NewConv(s[0], s[1], s[2], s[3], s[4], s[5], s[6])
				x, w, b := random(images*c.inSize(), 1), random(c.OutC*c.fanIn(), 2), random(c.OutC, 3)
				for _, relu := range []bool{false, true} {
					got := random(images*c.outSize(), 4)
					c.Forward(got, x, w, b, images, relu, 0)
					want := convByDefinition(c, x, w, b, images, relu)
					closeTo(t, fmt.Sprint(name, s, images, relu), got, want, 1e-4)
					for _, size := range []int{1, 2, 3} {
						if size > min(c.OutH, c.OutW) {
							continue
						}
						pool := NewMaxPool(c.OutC, c.OutH, c.OutW, size, max(1, size-1))
						if size == 2 {
							pool = NewMaxPool(c.OutC, c.OutH, c.OutW, 2, 2)
						}
						pooled, separately := random(images*c.OutC*pool.OutH*pool.OutW, 5), random(images*c.OutC*pool.OutH*pool.OutW, 6)
						c.ForwardPooled(pooled, x, w, b, images, relu, pool, 0)
						pool.Forward(separately, got, images, 0)
						closeTo(t, fmt.Sprint(name, s, images, relu, " pooled ", size), pooled, separately, 0)
					}
				}
			}
		}
	}
}

// TestConvBackward uses that convolution is linear: <dz, conv(x)> has the gradients as its
// coefficients, so <dz, conv(u)> = <dx, u> and <dz, conv_v(x)> = <dw, v> for any u and v.
func TestConvBackward(t *testing.T) {
	for _, name := range backends(t) {
		Use(name)
		for _, s := range convShapes {
			const images = 19
			c := NewConv(s[0], s[1], s[2], s[3], s[4], s[5], s[6])
			x, w, dz := random(images*c.inSize(), 1), random(c.OutC*c.fanIn(), 2), random(images*c.outSize(), 3)
			dx, dw, db := random(len(x), 4), random(len(w), 5), random(c.OutC, 6)
			c.BackwardInput(dx, dz, w, images, 0)
			c.BackwardWeight(dw, db, dz, x, images, 0)
			for try := range uint64(3) {
				u, v, e := random(len(x), 7+try), random(len(w), 17+try), random(c.OutC, 27+try)
				none := make([]float32, c.OutC)
				near(t, fmt.Sprint(name, s, " dx"), dot(dx, u), dot(dz, convByDefinition(c, u, w, none, images, false)))
				near(t, fmt.Sprint(name, s, " dw"), dot(dw, v), dot(dz, convByDefinition(c, x, v, none, images, false)))
				near(t, fmt.Sprint(name, s, " db"), dot(db, e), dot(dz, convByDefinition(c, x, make([]float32, len(w)), e, images, false)))
			}
		}
	}
}

func dot(a, b []float32) (s float64) {
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 2e-4*(10+math.Abs(want)) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

func TestDense(t *testing.T) {
	for _, name := range backends(t) {
		Use(name)
		const images, in, out = 37, 21, 18
		x, w, b, dz := random(images*in, 1), random(out*in, 2), random(out, 3), random(images*out, 4)
		for _, relu := range []bool{false, true} {
			got, want := make([]float32, images*out), make([]float32, images*out)
			DenseForward(got, x, w, b, images, in, out, relu, 0)
			for i := range images {
				for o := range out {
					s := float64(b[o]) + dot(x[i*in:(i+1)*in], w[o*in:(o+1)*in])
					if relu {
						s = max(s, 0)
					}
					want[i*out+o] = float32(s)
				}
			}
			closeTo(t, name+" forward", got, want, 1e-5)
		}
		dx, dw, db := make([]float32, len(x)), make([]float32, len(w)), make([]float32, out)
		DenseBackwardInput(dx, dz, w, images, in, out, 0)
		DenseBackwardWeight(dw, db, dz, x, images, in, out, 0)
		u, v, z := random(len(x), 5), random(len(w), 6), make([]float32, images*out)
		DenseForward(z, u, w, make([]float32, out), images, in, out, false, 0)
		near(t, "dx", dot(dx, u), dot(dz, z))
		DenseForward(z, x, v, make([]float32, out), images, in, out, false, 0)
		near(t, "dw", dot(dw, v), dot(dz, z))
		DenseForward(z, x, make([]float32, len(w)), b, images, in, out, false, 0)
		near(t, "db", dot(db, b), dot(dz, z))
	}
}

func TestReLUOnSpecialValues(t *testing.T) {
	negativeZero := float32(math.Copysign(0, -1))
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	negativeNaN := math.Float32frombits(math.Float32bits(nan) | 1<<31)
	x := []float32{-1, negativeZero, 0, 1, inf, -inf, nan, negativeNaN, math.SmallestNonzeroFloat32, -math.SmallestNonzeroFloat32}
	ReLU(x)
	want := []float32{0, 0, 0, 1, inf, nan, nan, nan, math.SmallestNonzeroFloat32, 0}
	for i := range x {
		same := math.Float32bits(x[i]) == math.Float32bits(want[i]) || (x[i] != x[i] && want[i] != want[i])
		if !same {
			t.Errorf("value %d: %v (bits %x), want %v", i, x[i], math.Float32bits(x[i]), want[i])
		}
	}
	dz, da := make([]float32, 4), []float32{1, 2, 3, 4}
	BackwardReLU(dz, da, []float32{0, 5, math.SmallestNonzeroFloat32, negativeZero}, 0)
	closeTo(t, "relu gradient", dz, []float32{0, 2, 3, 0}, 0)
}

func TestMaxPoolByHand(t *testing.T) {
	p := NewMaxPool(1, 3, 4, 2, 1)
	a := []float32{
		1, 5, 2, 0,
		4, 3, 9, 9,
		7, 0, 0, 8}
	got := make([]float32, 6)
	p.Forward(got, a, 1, 0)
	closeTo(t, "pooled", got, []float32{5, 9, 9, 7, 9, 9}, 0)
	da := random(12, 1)
	p.Backward(da, []float32{1, 2, 4, 8, 16, 32}, a, 1, 0)
	closeTo(t, "gradient", da, []float32{0, 1, 0, 0, 0, 0, 2 + 4 + 16 + 32, 0, 8, 0, 0, 0}, 0)

	half := NewMaxPool(2, 5, 4, 2, 2) // the last row has no whole window
	b := random(3*2*5*4, 2)
	fast, slow := make([]float32, 3*2*2*2), make([]float32, 3*2*2*2)
	half.Forward(fast, b, 3, 0)
	for plane := range 6 {
		half.windows(b[plane*20:(plane+1)*20], half.W, func(k, best int) { slow[plane*4+k] = b[plane*20+best] })
	}
	closeTo(t, "2×2", fast, slow, 0)
	db, want := random(len(b), 3), make([]float32, len(b))
	half.Backward(db, slow, b, 3, 0)
	for plane := range 6 {
		half.windows(b[plane*20:(plane+1)*20], half.W, func(k, best int) { want[plane*20+best] += slow[plane*4+k] })
	}
	closeTo(t, "2×2 gradient", db, want, 0)
}

func TestGlobalAverage(t *testing.T) {
	got := make([]float32, 2)
	GlobalAverage(got, []float32{1, 2, 3, 4, 5, 0, 0, 0, 0, 10}, 2, 5)
	closeTo(t, "mean", got, []float32{3, 2}, 0)
	da := make([]float32, 10)
	BackwardGlobalAverage(da, []float32{5, 10}, 2, 5)
	closeTo(t, "gradient", da, []float32{1, 1, 1, 1, 1, 2, 2, 2, 2, 2}, 0)
}

// TestWorkerCountChangesNoBit is what makes "same seed, same bytes" hold.
func TestWorkerCountChangesNoBit(t *testing.T) {
	for _, name := range backends(t) {
		Use(name)
		const images = 50
		run := func(workers int) []float32 {
			c := NewConv(3, 8, 8, 5, 3, 1, 1)
			x, w, b := random(images*c.inSize(), 1), random(c.OutC*c.fanIn(), 2), random(c.OutC, 3)
			z, dx, dw, db := make([]float32, images*c.outSize()), make([]float32, len(x)), make([]float32, len(w)), make([]float32, c.OutC)
			c.Forward(z, x, w, b, images, true, workers)
			c.BackwardInput(dx, z, w, images, workers)
			c.BackwardWeight(dw, db, z, x, images, workers)
			return append(append(append(z, dx...), dw...), db...)
		}
		one := run(1)
		for _, workers := range []int{2, 3, 8} {
			for i, v := range run(workers) {
				if math.Float32bits(v) != math.Float32bits(one[i]) {
					t.Fatalf("%s: value %d differs with %d workers", name, i, workers)
				}
			}
		}
	}
}
