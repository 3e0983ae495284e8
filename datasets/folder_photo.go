package datasets

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	_ "image/jpeg" // the two formats the folder form accepts
	_ "image/png"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/image/draw"
)

const (
	maxPhotoPixels = 50_000_000 // decoding takes up to 8 bytes a pixel
	maxPhotoBytes  = 512 << 20
)

// photo is what was read of one image: pixels as three planes of size×size bytes, the
// photo's own size, whether it is stored as gray, and its masks by part.
type photo struct {
	pixels        []byte
	width, height int
	gray          bool
	masks         []bitmask // nil where the image has none of that part
	faults        []fault
}

// readPhoto reads one file; what is wrong with it becomes a fault of the photo.
func readPhoto(dir, file string, size int) photo {
	data, err := readLimited(filepath.Join(dir, filepath.FromSlash(file)), maxPhotoBytes)
	if err != nil {
		return photo{faults: []fault{{file, err}}}
	}
	p, err := decodePhoto(data, size, maxPhotoPixels)
	if err != nil {
		return photo{faults: []fault{{file, err}}}
	}
	return p
}

func readLimited(name string, limit int64) ([]byte, error) {
	// To open a pipe would wait for somebody to write to it.
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return nil, errors.New("is no regular file")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, bare(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, bare(err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("file of more than %d MB", limit>>20)
	}
	return data, nil
}

// decodePhoto turns a file's bytes into size×size pixels. It refuses images of more than
// maxPixels before it decodes them.
func decodePhoto(data []byte, size, maxPixels int) (photo, error) {
	decoded, config, err := decodeImage(data, maxPixels)
	if err != nil {
		return photo{}, err
	}
	return photo{
		pixels: planes(square(decoded, size)),
		width:  config.Width, height: config.Height,
		gray: config.ColorModel == color.GrayModel || config.ColorModel == color.Gray16Model,
	}, nil
}

func decodeImage(data []byte, maxPixels int) (image.Image, image.Config, error) {
	config, _, err := image.DecodeConfig(bytes.NewReader(data))
	switch {
	case errors.Is(err, image.ErrFormat):
		return nil, config, errors.New("no image (JPEG and PNG can be read)")
	case err != nil:
		return nil, config, fmt.Errorf("broken image: %w", err)
	case config.Width < 1 || config.Height < 1:
		return nil, config, fmt.Errorf("broken image: %d×%d pixels", config.Width, config.Height)
	case config.Width > maxPixels/config.Height:
		return nil, config, fmt.Errorf("%d×%d pixels, above the limit of %d million", config.Width, config.Height, maxPixels/1_000_000)
	}
	decoded, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, config, fmt.Errorf("broken image: %w", err)
	}
	return decoded, config, nil
}

// square crops the square at the centre and resizes it. An image that has the right size
// already keeps its pixels as they are.
func square(src image.Image, size int) *image.RGBA {
	crop := centre(src.Bounds())
	opaque := image.NewRGBA(image.Rect(0, 0, crop.Dx(), crop.Dy()))
	draw.Draw(opaque, opaque.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(opaque, opaque.Rect, src, crop.Min, draw.Over)
	if crop.Dx() == size {
		return opaque
	}
	dst := image.NewRGBA(image.Rect(0, 0, size, size))
	draw.CatmullRom.Scale(dst, dst.Rect, opaque, opaque.Rect, draw.Src, nil)
	return dst
}

// centre is the largest square in the middle of r.
func centre(r image.Rectangle) image.Rectangle {
	side := min(r.Dx(), r.Dy())
	corner := r.Min.Add(image.Pt((r.Dx()-side)/2, (r.Dy()-side)/2))
	return image.Rectangle{corner, corner.Add(image.Pt(side, side))}
}

// planes lists all red bytes, then all green, then all blue ones.
func planes(img *image.RGBA) []byte {
	n := img.Rect.Dx() * img.Rect.Dy()
	out := make([]byte, 3*n)
	for i := range n {
		for c := range 3 {
			out[c*n+i] = img.Pix[4*i+c]
		}
	}
	return out
}
