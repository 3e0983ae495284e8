package datasets

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// A mask is a PNG of its photo's size; a pixel that is neither black nor transparent
// belongs to the part. Masks are cropped as the photo is; a pixel of the result belongs if
// at least half of its area does.

// bitmask is a Mask at one bit a pixel.
type bitmask []uint64

func (b bitmask) has(i int) bool { return b[i/64]>>(i%64)&1 == 1 }

// maskListing is what the folder masks holds, by name only.
type maskListing struct {
	parts []string          // sorted
	files []map[string]bool // by part: paths below masks/<part>, without .png
}

// listMasks finds the masks and notes those that belong to no photo.
func listMasks(dir string, l *listing, f *faults) *maskListing {
	m := &maskListing{}
	var err error
	if m.parts, err = subfolders(filepath.Join(dir, masksFolder)); err != nil {
		f.add(masksFolder, "%w", errors.Unwrap(err))
		return m
	}
	photos := photosByStem(l)
	for _, part := range m.parts {
		files := map[string]bool{}
		for _, file := range filesBelow(filepath.Join(dir, masksFolder, part), "", maskDepth) {
			name := path.Join(masksFolder, part, file)
			stem, isPNG := strings.CutSuffix(file, ".png")
			owners := photos[stem]
			switch {
			case !isPNG:
				l.ignored = append(l.ignored, name)
			case len(owners) == 0:
				f.addBad(name, "no photo of that name (looked for %s.jpg, .jpeg and .png)", stem)
			case len(owners) > 1:
				f.add(name, "belongs to either of %s (rename one)", strings.Join(owners, ", "))
			default:
				files[stem] = true
			}
		}
		m.files = append(m.files, files)
	}
	return m
}

// maskDepth is the deepest a mask can lie below its part: <split>/<class>/<file>.
const maskDepth = 3

func photosByStem(l *listing) map[string][]string {
	photos := map[string][]string{}
	for _, p := range l.photos {
		photos[p.stem()] = append(photos[p.stem()], p.path)
	}
	return photos
}

// filesBelow lists the files below dir, not deeper than depth, hidden ones left out.
func filesBelow(dir, below string, depth int) []string {
	entries, err := os.ReadDir(filepath.Join(dir, filepath.FromSlash(below)))
	if err != nil || depth == 0 {
		return nil
	}
	var files []string
	for _, entry := range entries {
		name := path.Join(below, entry.Name())
		switch info, err := os.Stat(filepath.Join(dir, filepath.FromSlash(name))); {
		case err != nil || isHidden(entry.Name()):
		case info.IsDir():
			files = append(files, filesBelow(dir, name, depth-1)...)
		case info.Mode().IsRegular():
			files = append(files, name)
		}
	}
	return files
}

// read adds the masks of one photo to it.
func (m *maskListing) read(dir string, listed listedPhoto, p *photo, size int) {
	p.masks = make([]bitmask, len(m.parts))
	for k, part := range m.parts {
		if !m.files[k][listed.stem()] {
			continue
		}
		file := path.Join(masksFolder, part, listed.stem()+".png")
		mask, err := readMask(filepath.Join(dir, filepath.FromSlash(file)), listed.path, p, size)
		if err != nil {
			p.faults = append(p.faults, fault{file, err})
		}
		p.masks[k] = mask
	}
}

func readMask(file, photoName string, p *photo, size int) (bitmask, error) {
	data, err := readLimited(file, maxPhotoBytes)
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")) {
		return nil, errors.New("no PNG (masks must be)")
	}
	decoded, config, err := decodeImage(data, maxPhotoPixels)
	if err != nil {
		return nil, err
	}
	if config.Width != p.width || config.Height != p.height {
		return nil, fmt.Errorf("%d×%d pixels (its photo %s has %d×%d)", config.Width, config.Height, photoName, p.width, p.height)
	}
	return squareMask(decoded, size), nil
}

// squareMask crops the square at the centre and resizes it; it is nil where nothing is left.
func squareMask(src image.Image, size int) bitmask {
	var (
		crop   = centre(src.Bounds())
		side   = crop.Dx()
		member = membership(src)
		mask   = make(bitmask, (size*size+63)/64)
		any    bool
	)
	for y := range size {
		for x := range size {
			area := 0 // of the side×side small squares into which size×size cuts a pixel
			for sy := y * side / size; sy*size < (y+1)*side; sy++ {
				high := overlap(y, side, sy, size)
				for sx := x * side / size; sx*size < (x+1)*side; sx++ {
					if member(crop.Min.X+sx, crop.Min.Y+sy) {
						area += high * overlap(x, side, sx, size)
					}
				}
			}
			if 2*area >= side*side {
				i := y*size + x
				mask[i/64] |= 1 << (i % 64)
				any = true
			}
		}
	}
	if !any {
		return nil
	}
	return mask
}

// overlap is the common length of the i-th interval of length a and the j-th of length b,
// both counted from 0. In whole numbers, so that half an area is exactly half.
func overlap(i, a, j, b int) int {
	return min((i+1)*a, (j+1)*b) - max(i*a, j*b)
}

// membership tells of a pixel whether it is neither black nor transparent.
func membership(src image.Image) func(x, y int) bool {
	switch src := src.(type) {
	case *image.Gray:
		return func(x, y int) bool { return src.Pix[src.PixOffset(x, y)] != 0 }
	case *image.Paletted:
		var belongs [256]bool
		for i, c := range src.Palette {
			r, g, b, _ := c.RGBA()
			belongs[i] = r|g|b != 0
		}
		return func(x, y int) bool { return belongs[src.Pix[src.PixOffset(x, y)]] }
	}
	return func(x, y int) bool {
		r, g, b, _ := src.At(x, y).RGBA() // premultiplied: 0 where transparent
		return r|g|b != 0
	}
}

// maskLookup makes a Set's mask function; order gives each image's place in read. The parts
// of the Set may be in another order than the folders: place gives each one's folder.
func maskLookup(read []photo, order, place []int, pixels int) func(image, part int) Mask {
	masks := make([][]bitmask, len(order))
	for to, k := range order {
		masks[to] = read[k].masks
	}
	return func(image, part int) Mask {
		bits := masks[image][place[part]]
		if bits == nil {
			return nil
		}
		mask := make(Mask, pixels)
		for i := range mask {
			mask[i] = bits.has(i)
		}
		return mask
	}
}
