package datasets

import (
	"fmt"
	"path/filepath"
)

// Photo is one image file made to fit a set.
type Photo struct {
	Pixels        []float32 // Channels×Size×Size, values in [0,1]
	Width, Height int       // of the file
	// Greyed: a colour photo became gray, because the set has one channel. Enlarged: it is smaller than
	// the set's images.
	Greyed, Enlarged bool
}

// ReadPhoto reads a JPEG or PNG as the folder form does: the square at its centre, resized, transparency
// over white. It comes out in the shape of the set's images, which must be square and of one or
// three channels. A colour photo becomes gray by its luminance (Rec. 601) where the set has one channel.
func (s *Set) ReadPhoto(path string) (*Photo, error) {
	if s.Height != s.Width || s.Channels != 1 && s.Channels != 3 {
		return nil, fmt.Errorf("datasets: photos do not fit images of %d channels of %d×%d pixels (want 1 or 3 square ones)", s.Channels, s.Height, s.Width)
	}
	p := readPhoto(filepath.Dir(path), filepath.Base(path), s.Width)
	if len(p.faults) > 0 {
		return nil, fmt.Errorf("datasets: %s: %w", path, p.faults[0].err)
	}
	out := &Photo{Width: p.width, Height: p.height, Enlarged: min(p.width, p.height) < s.Width}
	area := s.Height * s.Width
	for k, b := range p.pixels[:s.Channels*area] {
		v := levels[b]
		if s.Channels == 1 && !p.gray {
			out.Greyed = true
			v = 0.299*v + 0.587*levels[p.pixels[area+k]] + 0.114*levels[p.pixels[2*area+k]]
		}
		out.Pixels = append(out.Pixels, v)
	}
	return out, nil
}
