package probe

import (
	"math/bits"

	"neuroprobe/datasets"
)

// wordsFor is how many words hold one bit for each of so many pixels, row by row.
func wordsFor(pixels int) int { return (pixels + 63) / 64 }

// unitMaps says of every unit and image of a block in which pixels the unit's map is above its
// threshold: units × images × words.
type unitMaps struct {
	images, words int
	bits          []uint64
}

func (m *unitMaps) at(unit, image int) []uint64 {
	return m.bits[(unit*m.images+image)*m.words:][:m.words]
}

// setAbove sets the bits of the values above the threshold.
func setAbove[T float32 | float64](to []uint64, values []T, threshold T) {
	for w := range to {
		word := uint64(0)
		for b, v := range values[w*64 : min(w*64+64, len(values))] {
			if v > threshold {
				word |= 1 << b
			}
		}
		to[w] = word
	}
}

// partMasks says of every image of a block in which pixels each part shows: images × words ×
// parts, so that one word of a map meets the words of all parts side by side.
type partMasks struct {
	words, parts int
	bits         []uint64
}

// set takes the masks of the chosen parts of one image.
func (m *partMasks) set(image int, all []datasets.Mask, parts []int) {
	row := m.bits[image*m.words*m.parts:][:m.words*m.parts]
	clear(row)
	for p, part := range parts {
		for i, belongs := range all[part] {
			if belongs {
				row[i/64*m.parts+p] |= 1 << (i % 64)
			}
		}
	}
}

// count adds to each part's count its pixels in the first images.
func (m *partMasks) count(to []int, images int) {
	for i, word := range m.bits[:images*m.words*m.parts] {
		to[i%m.parts] += bits.OnesCount64(word)
	}
}

// piece is a word of a map with something in it. Few words have: of all pixels 0.5 %.
type piece struct {
	image, word int32
	bits        uint64
}

// pieces lists what a unit's maps have on the first images, and counts their pixels.
func (m *unitMaps) pieces(unit, images int) (all []piece, pixels int) {
	for i := range images {
		for w, word := range m.at(unit, i) {
			if word != 0 {
				all = append(all, piece{int32(i), int32(w), word})
				pixels += bits.OnesCount64(word)
			}
		}
	}
	return all, pixels
}

// intersect adds to each part's count the pixels that a unit's maps have in common with it where
// the map of image i is laid on the masks of image order[i].
func (m *partMasks) intersect(to []int, maps []piece, order []int32) {
	for _, p := range maps {
		masks := m.bits[(int(order[p.image])*m.words+int(p.word))*m.parts:][:len(to)]
		for k, mask := range masks {
			to[k] += bits.OnesCount64(mask & p.bits)
		}
	}
}

// inOrder is the pairing of every map with the masks of its own image.
func inOrder(images int) []int32 {
	order := make([]int32, images)
	for i := range order {
		order[i] = int32(i)
	}
	return order
}
