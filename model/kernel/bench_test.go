package kernel

import (
	"fmt"
	"testing"
)

func BenchmarkProduct(b *testing.B) {
	for _, name := range backends(b) {
		for _, s := range [][3]int{{16, 1024, 27}, {32, 512, 144}, {64, 512, 288}, {64, 64, 1024}} {
			b.Run(fmt.Sprintf("%s/%dx%dx%d", name, s[0], s[1], s[2]), func(b *testing.B) {
				Use(name)
				x, y, z := random(s[0]*s[2], 1), random(s[2]*s[1], 2), random(s[0]*s[1], 3)
				for b.Loop() {
					Product(Dense(z, s[0], s[1]), Dense(x, s[0], s[2]), Dense(y, s[2], s[1]), Op{})
				}
				b.ReportMetric(2*float64(s[0]*s[1]*s[2])*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
			})
		}
	}
}

// BenchmarkConv covers the three convolutions of the cnn preset, 64 images.
func BenchmarkConv(b *testing.B) {
	for _, name := range backends(b) {
		for _, s := range [][3]int{{3, 32, 16}, {16, 16, 32}, {32, 8, 64}} {
			const images = 64
			c := NewConv(s[0], s[1], s[1], s[2], 3, 1, 1)
			x, w, bias := random(images*c.inSize(), 1), random(c.OutC*c.fanIn(), 2), random(c.OutC, 3)
			z, dx, dw, db := make([]float32, images*c.outSize()), make([]float32, len(x)), make([]float32, len(w)), make([]float32, c.OutC)
			b.Run(fmt.Sprintf("%s/%d-%d/forward", name, s[0], s[2]), func(b *testing.B) {
				Use(name)
				for b.Loop() {
					c.Forward(z, x, w, bias, images, true, 0)
				}
			})
			b.Run(fmt.Sprintf("%s/%d-%d/input", name, s[0], s[2]), func(b *testing.B) {
				Use(name)
				for b.Loop() {
					c.BackwardInput(dx, z, w, images, 0)
				}
			})
			b.Run(fmt.Sprintf("%s/%d-%d/weight", name, s[0], s[2]), func(b *testing.B) {
				Use(name)
				for b.Loop() {
					c.BackwardWeight(dw, db, z, x, images, 0)
				}
			})
		}
	}
}

func BenchmarkElementwise(b *testing.B) {
	const images = 64
	a, d := random(images*16*1024, 1), random(images*16*1024, 2)
	ReLU(a)
	p := NewMaxPool(16, 32, 32, 2, 2)
	pooled := make([]float32, images*16*256)
	b.Run("maxpool", func(b *testing.B) {
		for b.Loop() {
			p.Forward(pooled, a, images, 0)
		}
	})
	b.Run("maxpool-backward", func(b *testing.B) {
		for b.Loop() {
			p.Backward(d, pooled, a, images, 0)
		}
	})
	b.Run("relu", func(b *testing.B) {
		for b.Loop() {
			ReLU(a)
		}
	})
	b.Run("relu-backward", func(b *testing.B) {
		for b.Loop() {
			BackwardReLU(d, d, a, 0)
		}
	})
}
