package probe

import "math"

// upsampler brings maps to image size by bilinear interpolation with pixel centres aligned, as
// PyTorch's interpolate(mode="bilinear", align_corners=False) does: output pixel i of n lies over
// input position (i+½)·m/n - ½ of m, and what lies outside the outermost centres takes the value
// of the nearest. Every value is a convex combination of four of the map, rounding included: where
// the map does not exceed a level, the image does not either.
type upsampler struct {
	rows, cols []tap // one for each output row and column
	height     int   // of the map
	width      int
}

// tap is where an output row or column takes its value from: from·(1-share) + to·share.
type tap struct {
	from, to int
	share    float64
}

func newUpsampler(height, width, rows, cols int) *upsampler {
	return &upsampler{rows: taps(height, rows), cols: taps(width, cols), height: height, width: width}
}

func taps(in, out int) []tap {
	all := make([]tap, out)
	for i := range all {
		at := max((float64(i)+0.5)*float64(in)/float64(out)-0.5, 0)
		whole, share := math.Modf(at)
		from := int(whole)
		all[i] = tap{from: from, to: min(from+1, in-1), share: share}
	}
	return all
}

// identity tells whether a map is as large as the image.
func (u *upsampler) identity() bool { return u.height == len(u.rows) && u.width == len(u.cols) }

// scratch is room for one call of upsample: the map stretched to the image's width.
func (u *upsampler) scratch() []float64 { return make([]float64, u.height*len(u.cols)) }

// upsample fills image (rows × columns) with the map (height × width).
func (u *upsampler) upsample(image []float64, values []float32, scratch []float64) {
	width := len(u.cols)
	for y := range u.height {
		line, stretched := values[y*u.width:][:u.width], scratch[y*width:][:width]
		for x, t := range u.cols {
			stretched[x] = between(float64(line[t.from]), float64(line[t.to]), t.share)
		}
	}
	for y, t := range u.rows {
		line, upper, lower := image[y*width:][:width], scratch[t.from*width:][:width], scratch[t.to*width:][:width]
		for x := range line {
			line[x] = between(upper[x], lower[x], t.share)
		}
	}
}

// between goes the share, below 1, of the way from a to b. In this form it is exactly a where
// both are equal, and never past b.
func between(a, b, share float64) float64 { return a + share*(b-a) }
