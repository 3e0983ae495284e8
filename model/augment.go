package model

import "math/rand/v2"

// augmenter draws training images with small random changes: mirrored left to right, moved by
// up to some pixels. What moves in from outside has the mean colour: 0 once normalised.
// What happens to an image depends on seed, epoch and image alone.
type augmenter struct {
	shape Shape
	flip  bool
	shift int
	seed  uint64
	mean  []float32 // of each channel
}

// draw writes the image src, changed, into dst.
func (a *augmenter) draw(dst, src []float32, epoch, image int) {
	random := rand.New(rand.NewPCG(a.seed, streamAugment<<56|uint64(epoch)<<32|uint64(image)))
	mirror := a.flip && random.IntN(2) == 1
	dx, dy := 0, 0
	if a.shift > 0 {
		dx, dy = random.IntN(2*a.shift+1)-a.shift, random.IntN(2*a.shift+1)-a.shift
	}
	h, w := a.shape[1], a.shape[2]
	for c := range a.shape[0] {
		for y := range h {
			to := dst[(c*h+y)*w : (c*h+y+1)*w]
			if y-dy < 0 || y-dy >= h {
				for x := range to {
					to[x] = a.mean[c]
				}
				continue
			}
			moveRow(to, src[(c*h+y-dy)*w:(c*h+y-dy+1)*w], dx, mirror, a.mean[c])
		}
	}
}

// moveRow copies a row, mirrored first if asked, then moved right by dx pixels.
func moveRow(to, from []float32, dx int, mirror bool, outside float32) {
	w := len(from)
	for x := range to {
		switch at := x - dx; {
		case at < 0 || at >= w:
			to[x] = outside
		case mirror:
			to[x] = from[w-1-at]
		default:
			to[x] = from[at]
		}
	}
}
