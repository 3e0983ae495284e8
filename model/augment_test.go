package model

import (
	"fmt"
	"testing"
)

// TestAugmentationDrawsEveryVariant: every draw is one of 2·3·3 variants, worked out by the
// definition (what moves in is the channel's mean), and all of them occur about equally often.
func TestAugmentationDrawsEveryVariant(t *testing.T) {
	src := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32}
	mean := []float32{50, 60}
	a := augmenter{shape: Shape{2, 3, 4}, flip: true, shift: 1, seed: 1, mean: mean}
	drawn := map[string]int{}
	for mirror := range 2 {
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				want := make([]float32, 24)
				for i := range want {
					c, y, x := i/12, i/4%3-dy, i%4-dx
					if x < 0 || x > 3 || y < 0 || y > 2 {
						want[i] = mean[c]
						continue
					}
					if mirror == 1 {
						x = 3 - x
					}
					want[i] = src[(c*3+y)*4+x]
				}
				drawn[fmt.Sprint(want)] = 0
			}
		}
	}
	for image := range 900 {
		dst := make([]float32, 24)
		for i := range dst {
			dst[i] = 99
		}
		a.draw(dst, src, 3, image)
		if _, known := drawn[fmt.Sprint(dst)]; !known {
			t.Fatalf("image %d: %v", image, dst)
		}
		drawn[fmt.Sprint(dst)]++
	}
	for v, n := range drawn {
		if n < 20 || n > 90 {
			t.Errorf("%s drawn %d times of 900 (50 expected)", v, n)
		}
	}
}

// TestAugmentationDependsOnSeedEpochAndImage: the same three give the same variant; another
// value of any of them gives, over 20 images, others.
func TestAugmentationDependsOnSeedEpochAndImage(t *testing.T) {
	src := []float32{1, 2, 3, 4, 5, 6, 7, 8, 9}
	draws := func(seed uint64, epoch, firstImage int) string {
		a := augmenter{shape: Shape{1, 3, 3}, flip: true, shift: 2, seed: seed, mean: []float32{0}}
		all := make([]float32, 20*9)
		for i := range 20 {
			a.draw(all[i*9:(i+1)*9], src, epoch, firstImage+i)
		}
		return fmt.Sprint(all)
	}
	first := draws(1, 2, 3)
	if again := draws(1, 2, 3); again != first {
		t.Error("the same seed, epoch and images give other variants")
	}
	for what, other := range map[string]string{"seed": draws(2, 2, 3), "epoch": draws(1, 3, 3), "image": draws(1, 2, 23)} {
		if other == first {
			t.Errorf("another %s gives the same variants", what)
		}
	}
}

// TestNoAugmentationCopies: with both changes off the image is what it was.
func TestNoAugmentationCopies(t *testing.T) {
	src, dst := []float32{1, 2, 3, 4}, make([]float32, 4)
	for image := range 20 {
		(&augmenter{shape: Shape{1, 2, 2}, seed: 1, mean: []float32{9}}).draw(dst, src, 0, image)
		if fmt.Sprint(dst) != fmt.Sprint(src) {
			t.Fatalf("image %d: %v", image, dst)
		}
	}
}
