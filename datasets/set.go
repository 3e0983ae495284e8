package datasets

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
)

// Split names one of the three parts of a Set. Their use is fixed: train fits weights,
// select chooses (thresholds, rankings, which neuron), confirm measures.
type Split int

// The three splits, in the order in which a Set stores them.
const (
	Train Split = iota
	Select
	Confirm
)

// Splits lists the splits in storage order.
var Splits = []Split{Train, Select, Confirm}

func (s Split) String() string { return [...]string{"train", "select", "confirm"}[s] }

// ParseSplit reads a split's name.
func ParseSplit(name string) (Split, error) {
	for _, s := range Splits {
		if s.String() == name {
			return s, nil
		}
	}
	return 0, fmt.Errorf("datasets: no split %q (there are train, select and confirm)", name)
}

// Set is a labelled image collection in memory, in the form every later room works on.
//
// Images are stored train first, then select, then confirm; Range gives each split's
// place. A Set is not changed once its source has returned it, and may be read by several
// goroutines at once.
type Set struct {
	Source  string // what --data named, options included: "petfaces", "cifar10:photos"
	Images  []float32
	Labels  []int // class of each image
	Classes []string

	Channels, Height, Width int

	// Features are the named attributes the source knows; none for plain photos.
	// Present is N×F, row-major: Present[i*len(Features)+f].
	Features []string
	Present  []bool

	// Parts are the image regions a mask can be asked for ("ears", "background").
	// FeatureParts[f] is the part in which feature f shows, as an index into Parts, or -1.
	Parts        []string
	FeatureParts []int

	// Names say where each image came from: a file's path below the folder, or a record
	// of a file ("test.bin record 12").
	Names []string

	// Bound is the accuracy of the best possible classifier that sees every feature, where
	// the source can work it out; nil where it cannot.
	Bound *Bound

	// Skipped lists the bad images left out on request, one line each.
	Skipped []string
	// Warnings are doubts about the data that belong under every number drawn from them.
	Warnings []string

	sizes [3]int // images in each split
	mask  func(image, part int) Mask
	masks func(image int) []Mask // all at once, where that is cheaper; else nil
	twin  func(image, feature int) []float32
}

// Bound is the best accuracy any classifier can reach from the features alone.
type Bound struct {
	Accuracy float64
	How      string // one sentence on how it was worked out
}

// Mask marks the pixels of one image that belong to a part: Height×Width, row-major.
// It is nil where the part is not visible in that image.
type Mask []bool

// New makes a set from images in memory, stored train first, then select, then confirm, of
// the given sizes. Features, parts, names and bound may be left empty; missing names are made up.
func New(s Set, train, selected, confirm int) (*Set, error) {
	s.sizes = [3]int{train, selected, confirm}
	if s.Source == "" {
		s.Source = "memory"
	}
	for i := len(s.Names); i < s.Len(); i++ {
		s.Names = append(s.Names, fmt.Sprintf("image %d", i))
	}
	for f := len(s.FeatureParts); f < len(s.Features); f++ {
		s.FeatureParts = append(s.FeatureParts, -1)
	}
	return &s, s.check()
}

// Len is the number of images in the set.
func (s *Set) Len() int { return len(s.Labels) }

// ImageSize is the number of values of one image, Channels×Height×Width.
func (s *Set) ImageSize() int { return s.Channels * s.Height * s.Width }

// Image is the i-th image, Channels×Height×Width, values in [0,1]. It is a view: do not write to it.
func (s *Set) Image(i int) []float32 {
	n := s.ImageSize()
	return s.Images[i*n : (i+1)*n : (i+1)*n]
}

// Range gives the images of a split as the half-open interval [lo, hi).
func (s *Set) Range(split Split) (lo, hi int) {
	for k := range int(split) {
		lo += s.sizes[k]
	}
	return lo, lo + s.sizes[split]
}

// SplitOf tells which split image i belongs to.
func (s *Set) SplitOf(i int) Split {
	for _, split := range Splits {
		if lo, hi := s.Range(split); i >= lo && i < hi {
			return split
		}
	}
	panic(fmt.Sprintf("datasets: image %d of %d", i, s.Len()))
}

// HasFeature tells whether feature f is present in image i.
func (s *Set) HasFeature(i, f int) bool { return s.Present[i*len(s.Features)+f] }

// HasMasks tells whether the source knows where in an image its parts are.
func (s *Set) HasMasks() bool { return s.mask != nil && len(s.Parts) > 0 }

// Mask is where the given part shows in image i; nil if it is not visible there or the
// source has no masks.
func (s *Set) Mask(i, part int) Mask {
	if s.mask == nil {
		return nil
	}
	return s.mask(i, part)
}

// Masks are the masks of all parts in image i, in the order of Parts; nil where a part is not
// visible there, and no masks at all if the source has none. It draws or decodes the image once,
// where Mask would do so for every part.
func (s *Set) Masks(i int) []Mask {
	switch {
	case !s.HasMasks():
		return nil
	case s.masks != nil:
		return s.masks(i)
	}
	all := make([]Mask, len(s.Parts))
	for part := range all {
		all[part] = s.mask(i, part)
	}
	return all
}

// HasTwins tells whether the source can draw an image again with one feature flipped.
func (s *Set) HasTwins() bool { return s.twin != nil }

// Twin is image i drawn again with feature f flipped and all else equal, nuisances and
// noise included. It returns nil where the source cannot make twins.
func (s *Set) Twin(i, f int) []float32 {
	if s.twin == nil {
		return nil
	}
	return s.twin(i, f)
}

// FeatureIndex finds a feature by name.
func (s *Set) FeatureIndex(name string) (int, error) { return indexOf("feature", name, s.Features) }

// ClassIndex finds a class by name.
func (s *Set) ClassIndex(name string) (int, error) { return indexOf("class", name, s.Classes) }

func indexOf(kind, name string, known []string) (int, error) {
	for i, k := range known {
		if k == name {
			return i, nil
		}
	}
	return 0, fmt.Errorf("datasets: unknown %s %q (known: %s)", kind, name, strings.Join(known, ", "))
}

// Digest is a SHA-256 over shape, classes, features, names of parts, splits, labels, presence and
// pixels: all that training and tuning depend on. Masks are not in it; a result that depends on
// them names MaskDigest as well.
func (s *Set) Digest() string {
	h := sha256.New()
	fmt.Fprintf(h, "%d %d %d %d %v %q %q %q\n", s.Len(), s.Channels, s.Height, s.Width, s.sizes, s.Classes, s.Features, s.Parts)
	buf := make([]byte, 0, 1<<16)
	flush := func() { h.Write(buf); buf = buf[:0] }
	for _, l := range s.Labels {
		buf = binary.LittleEndian.AppendUint32(buf, uint32(l))
		if len(buf) > 1<<16-8 {
			flush()
		}
	}
	flush()
	for _, p := range s.Present {
		b := byte(0)
		if p {
			b = 1
		}
		if buf = append(buf, b); len(buf) > 1<<16-8 {
			flush()
		}
	}
	flush()
	for _, v := range s.Images {
		buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(v))
		if len(buf) > 1<<16-8 {
			flush()
		}
	}
	flush()
	return hex.EncodeToString(h.Sum(nil))
}

// MaskDigest is a SHA-256 over the masks of a split and which part each feature shows in; empty
// without masks.
func (s *Set) MaskDigest(split Split) string {
	if !s.HasMasks() {
		return ""
	}
	h := sha256.New()
	fmt.Fprintf(h, "%q %v\n", s.Parts, s.FeatureParts)
	lo, hi := s.Range(split)
	for i := lo; i < hi; i++ {
		for _, m := range s.Masks(i) {
			bits := make([]byte, 1+len(m)) // of a part that is not visible a 0 alone
			for k, belongs := range m {
				bits[0] = 1
				if belongs {
					bits[1+k] = 1
				}
			}
			h.Write(bits)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// check verifies what every source must deliver, so that a faulty source fails here and
// not as a wrong number three rooms later.
func (s *Set) check() error {
	n := s.Len()
	switch {
	case s.sizes[0]+s.sizes[1]+s.sizes[2] != n:
		return fmt.Errorf("datasets: splits of %v images do not add up to %d", s.sizes, n)
	case len(s.Images) != n*s.ImageSize():
		return fmt.Errorf("datasets: %d pixel values for %d images of %d×%d×%d", len(s.Images), n, s.Channels, s.Height, s.Width)
	case len(s.Present) != n*len(s.Features):
		return fmt.Errorf("datasets: %d presence values for %d images and %d features", len(s.Present), n, len(s.Features))
	case len(s.Names) != n:
		return fmt.Errorf("datasets: %d names for %d images", len(s.Names), n)
	case len(s.FeatureParts) != len(s.Features):
		return fmt.Errorf("datasets: %d feature parts for %d features", len(s.FeatureParts), len(s.Features))
	}
	for i, l := range s.Labels {
		if l < 0 || l >= len(s.Classes) {
			return fmt.Errorf("datasets: %s has label %d (classes are 0 to %d)", s.Names[i], l, len(s.Classes)-1)
		}
	}
	for _, split := range Splits {
		lo, hi := s.Range(split)
		counts := make([]int, len(s.Classes))
		for _, l := range s.Labels[lo:hi] {
			counts[l]++
		}
		for c, k := range counts {
			if k == 0 {
				return fmt.Errorf("datasets: class %q has no image in the %s split", s.Classes[c], split)
			}
		}
	}
	return nil
}
