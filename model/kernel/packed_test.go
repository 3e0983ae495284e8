package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func randoms(r *rand.Rand, n int) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(r.NormFloat64())
	}
	return out
}

// multiplyByDefinition is the slow oracle of Multiply, on the matrix by rows.
func multiplyByDefinition(c []float32, ldc int, start []float32, ldstart int, a []float32, lda, rows int, w Window, b []float32, n int) {
	for i := range rows {
		for j := range n {
			sum := float64(start[i*ldstart+j])
			for o := range w.Outer {
				for k := range w.Inner {
					sum += float64(a[i*lda+o*w.Jump+k]) * float64(b[(o*w.Inner+k)*n+j])
				}
			}
			c[i*ldc+j] = float32(sum)
		}
	}
}

// TestPackedMultiply holds every number of rows and columns around the size of a panel, windows of
// one and several runs, overlapping rows, a common start and gaps against the definition, and
// nothing outside the result may be touched.
func TestPackedMultiply(t *testing.T) {
	everyPanel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for range 400 {
			w := Window{Inner: 1 + r.IntN(9), Outer: 1 + r.IntN(3), Jump: r.IntN(20)}
			rows, n, lda := 1+r.IntN(20), 1+r.IntN(70), r.IntN(12)
			k := w.Inner * w.Outer
			b, a := randoms(r, k*n), randoms(r, (rows-1)*lda+(w.Outer-1)*w.Jump+w.Inner)
			ldc, ldstart := n+r.IntN(3), []int{0, n}[r.IntN(2)]
			start := randoms(r, (rows-1)*ldstart+n)
			got := randoms(r, (rows-1)*ldc+n+5)
			want := slices.Clone(got)
			Pack(b, k, n).Multiply(got[:len(got)-5], ldc, start, ldstart, a, lda, rows, w)
			multiplyByDefinition(want, ldc, start, ldstart, a, lda, rows, w, b, n)
			for i := range want {
				if d := math.Abs(float64(got[i] - want[i])); !(d <= 1e-5) {
					t.Fatalf("%d×%d by %d, %+v, lda %d: value %d is %v, want %v", rows, k, n, w, lda, i, got[i], want[i])
				}
			}
		}
	})
}

// TestPackedMultiplyInPlace: the result may be what it starts from.
func TestPackedMultiplyInPlace(t *testing.T) {
	everyPanel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(3, 4))
		for _, rows := range []int{3, 8, 13} {
			const k, n = 5, 37
			b, a, c := randoms(r, k*n), randoms(r, rows*k), randoms(r, rows*n)
			want := make([]float32, len(c))
			multiplyByDefinition(want, n, c, n, a, k, rows, Window{k, 1, 0}, b, n)
			Pack(b, k, n).Multiply(c, n, c, n, a, k, rows, Window{k, 1, 0})
			for i := range want {
				if math.Abs(float64(c[i]-want[i])) > 1e-5 {
					t.Fatalf("%d rows: value %d is %v, want %v", rows, i, c[i], want[i])
				}
			}
		}
	})
}

func TestPackedMultiplyRefusesShortOperands(t *testing.T) {
	p := Pack(make([]float32, 6), 2, 3)
	for name, call := range map[string]func(){
		"c": func() {
			p.Multiply(make([]float32, 5), 3, make([]float32, 6), 3, make([]float32, 4), 2, 2, Window{2, 1, 0})
		},
		"start": func() {
			p.Multiply(make([]float32, 6), 3, make([]float32, 5), 3, make([]float32, 4), 2, 2, Window{2, 1, 0})
		},
		"a": func() {
			p.Multiply(make([]float32, 6), 3, make([]float32, 6), 3, make([]float32, 3), 2, 2, Window{2, 1, 0})
		},
		"window": func() {
			p.Multiply(make([]float32, 6), 3, make([]float32, 6), 3, make([]float32, 4), 2, 2, Window{3, 1, 0})
		},
		"pack": func() { Pack(make([]float32, 5), 2, 3) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: went through", name)
				}
			}()
			call()
		}()
	}
}

// TestElementwise: lengths around what SIMD takes at a time.
func TestElementwise(t *testing.T) {
	everyPanel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		for n := range 40 {
			a, b := randoms(r, n), randoms(r, n)
			dst := make([]float32, n)
			AddScaled(dst, a, b, 0.5)
			floored := slices.Clone(a)
			Floor(floored, 0.25)
			for i := range n {
				if want := float64(a[i]) + 0.5*float64(b[i]); math.Abs(float64(dst[i])-want) > 1e-6 {
					t.Fatalf("n %d: %v + 0.5·%v gave %v", n, a[i], b[i], dst[i])
				}
				if floored[i] != max(a[i], 0.25) {
					t.Fatalf("n %d: floor of %v is %v", n, a[i], floored[i])
				}
			}
			AddScaled(a, a, b, 0.5)
			if !slices.Equal(a, dst) {
				t.Fatalf("n %d: in place %v, want %v", n, a, dst)
			}
		}
		nan := make([]float32, 9)
		for i := range nan {
			nan[i] = float32(math.NaN())
		}
		Floor(nan, 0)
		for i, v := range nan {
			if v == v {
				t.Errorf("floor of NaN at %d is %v", i, v)
			}
		}
	})
}

// TestPoolLast: pooling channels last is pooling channel by channel, for even and odd maps, windows
// that overlap, and numbers of channels that SIMD takes and does not.
func TestPoolLast(t *testing.T) {
	everyPanel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(7, 8))
		for _, size := range [][5]int{{8, 4, 6, 2, 2}, {16, 5, 7, 2, 2}, {3, 6, 6, 2, 2}, {8, 6, 5, 3, 1}, {8, 7, 7, 3, 2}, {1, 2, 2, 2, 2}} {
			p := NewMaxPool(size[0], size[1], size[2], size[3], size[4])
			a := randoms(r, p.Channels*p.H*p.W)
			first := make([]float32, p.Channels*p.OutH*p.OutW)
			p.Forward(first, a, 1, 1)
			for _, floor := range []float32{0, float32(math.Inf(-1))} {
				last := make([]float32, len(first))
				p.ForwardLast(last, channelsLast(a, p.Channels), floor)
				want := channelsLast(first, p.Channels)
				for i, v := range want {
					if last[i] != max(v, floor) {
						t.Fatalf("%v, floor %v: value %d is %v, want %v", size, floor, i, last[i], max(v, floor))
					}
				}
			}
		}
	})
}

func channelsLast(a []float32, channels int) []float32 {
	out, area := make([]float32, len(a)), len(a)/channels
	for c := range channels {
		for p := range area {
			out[p*channels+c] = a[c*area+p]
		}
	}
	return out
}

func BenchmarkPacked(b *testing.B) {
	for _, s := range [][3]int{{64, 288, 64}, {256, 9, 32}, {128, 128, 64}, {64, 1024, 64}} {
		b.Run(fmt.Sprintf("%dx%dx%d", s[0], s[1], s[2]), func(b *testing.B) {
			r := rand.New(rand.NewPCG(1, 1))
			a, p, c := randoms(r, s[0]*s[1]), Pack(randoms(r, s[1]*s[2]), s[1], s[2]), make([]float32, s[0]*s[2])
			for b.Loop() {
				p.Multiply(c, s[2], c, s[2], a, s[1], s[0], Window{s[1], 1, 0})
			}
			b.ReportMetric(2*float64(s[0]*s[1]*s[2])*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
