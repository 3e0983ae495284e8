package model

import (
	"math"

	"neuroprobe/datasets"
)

// channelMoments are mean and standard deviation of each channel over images [lo, hi). A
// channel that never varies gets a standard deviation of 1.
func channelMoments(set *datasets.Set, lo, hi int) (mean, std []float32) {
	area := set.Height * set.Width
	for c := range set.Channels {
		var sum, squares float64
		for i := lo; i < hi; i++ {
			for _, v := range set.Image(i)[c*area : (c+1)*area] {
				sum += float64(v)
				squares += float64(v) * float64(v)
			}
		}
		n := float64((hi - lo) * area)
		m := sum / n
		sd := math.Sqrt(max(0, squares/n-m*m))
		if sd < 1e-6 {
			sd = 1
		}
		mean, std = append(mean, float32(m)), append(std, float32(sd))
	}
	return mean, std
}

// normalise writes (x - mean) / std, channel by channel, of images of the given area.
func normalise(to, images, mean, std []float32, area int) {
	for at := 0; at < len(images); at += area {
		c := at / area % len(mean)
		m, scale := mean[c], 1/std[c]
		out := to[at : at+area]
		for p, v := range images[at : at+area] {
			out[p] = (v - m) * scale
		}
	}
}

// Normalise gives images (N×C×H×W, values in [0,1]) as the network's first layer reads them.
func (n *Network) Normalise(images []float32) []float32 {
	out := make([]float32, len(images))
	normalise(out, images, n.Mean, n.Std, n.Spec.Input.Area())
	return out
}
