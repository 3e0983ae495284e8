package datasets

import (
	"image"
	"math"
)

// picture makes an image of image i: gray where the set has one channel, else of its first
// three channels.
func (s *Set) picture(i int) image.Image {
	var (
		values = s.Image(i)
		plane  = s.Height * s.Width
		bounds = image.Rect(0, 0, s.Width, s.Height)
	)
	if s.Channels < 3 {
		gray := image.NewGray(bounds)
		for k, v := range values[:plane] {
			gray.Pix[k] = toByte(v)
		}
		return gray
	}
	rgb := image.NewRGBA(bounds)
	for k := range plane {
		for c := range 3 {
			rgb.Pix[4*k+c] = toByte(values[c*plane+k])
		}
		rgb.Pix[4*k+3] = 255
	}
	return rgb
}

func toByte(v float32) byte {
	return byte(math.Round(255 * float64(min(max(v, 0), 1))))
}
