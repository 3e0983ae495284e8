package state

import (
	"context"
	"math"
	"slices"

	"neuroprobe/ablate"
)

// orderMatters divides the variance of decision times: with orders of each image's own, and with
// the same orders for all images.
func (x *asyncExperiment) orderMatters(ctx context.Context, r *Async, own [][]trial) error {
	if x.Orders < 2 {
		return nil
	}
	shared, err := x.run(ctx, "the same orders for all images", asyncArm{Rule: x.Rule, From: x.From, images: len(x.images), draws: x.Orders, shared: true})
	if err != nil {
		return err
	}
	r.Identical += len(shared) * len(shared[0])
	changing := newAsyncMeasures(x, own, r.Tick).changing()
	for _, only := range [][]bool{nil, changing} {
		if only != nil && (count(only) < 2 || count(only) == len(only)) {
			continue
		}
		r.Variances = append(r.Variances, x.variance(own, r.Tick, false, only), x.variance(shared, r.Tick, true, only))
	}
	return nil
}

// variance is a random-effects analysis of variance of decision times, with one trial a cell:
//
//	own orders      time = image + order within image
//	shared orders   time = image + order + image × order
//
// of all images, or of those marked in only. Components are estimated by equating mean squares with their expectations, those below 0 being 0
// (S. R. Searle, G. Casella and C. E. McCulloch, Variance Components (1992), 3.5 and 4.3).
func (x *asyncExperiment) variance(trials [][]trial, tick float64, shared bool, only []bool) AsyncVariance {
	times := make([][]float64, len(trials))
	for d := range times {
		for i := range trials[d] {
			if only == nil || only[i] {
				times[d] = append(times[d], tick*float64(trials[d][i].decided()))
			}
		}
	}
	images := len(times[0])
	v := AsyncVariance{Shared: shared, Changing: only != nil, Images: images, Orders: len(trials)}
	to := []*ablate.Interval{&v.ImageSD, &v.OrderSD, &v.Share}
	if shared {
		v.Common = &ablate.Interval{}
		to = append(to, v.Common)
	}
	compute := func(counts, into []float64) {
		image, common, rest := components(times, counts, shared)
		order := common + rest
		into[0], into[1], into[2] = math.Sqrt(image), math.Sqrt(order), shareOf(order, image+order)
		if shared {
			into[3] = shareOf(common, image+order)
		}
	}
	estimated := make([]float64, len(to))
	compute(slices.Repeat([]float64{1}, images), estimated)
	for k, i := range x.bootstrap().Several(images, len(to), compute) {
		*to[k] = ablate.Interval{Estimate: estimated[k], Low: i.Low, High: i.High}
	}
	return v
}

// shareOf is a part of a whole, 0 of nothing.
func shareOf(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}

// components are the variances between images, between orders for all images alike (0 where each
// image has its own), and of what is left, with images counted so many times.
func components(times [][]float64, counts []float64, shared bool) (image, common, rest float64) {
	orders, n := float64(len(times)), 0.0
	byImage, byOrder, mean := make([]float64, len(counts)), make([]float64, len(times)), 0.0
	for i, c := range counts {
		n += c
		for d := range times {
			byImage[i] += times[d][i] / orders
			byOrder[d] += c * times[d][i]
		}
		mean += c * byImage[i]
	}
	mean /= n
	var images, between, residual float64 // sums of squares
	for d := range byOrder {
		byOrder[d] = byOrder[d]/n - mean
		between += n * byOrder[d] * byOrder[d]
	}
	for i, c := range counts {
		images += c * orders * (byImage[i] - mean) * (byImage[i] - mean)
		for d := range times {
			left := times[d][i] - byImage[i] - byOrder[d]
			residual += c * left * left
		}
	}
	if shared {
		rest = residual / ((n - 1) * (orders - 1))
		common = max(0, (between/(orders-1)-rest)/n)
	} else {
		rest = (residual + between) / (n * (orders - 1))
	}
	return max(0, (images/(n-1)-rest)/orders), common, rest
}
