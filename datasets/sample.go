package datasets

import (
	"math/rand/v2"
	"slices"
)

// Sample is the set with at most so many images of each split, drawn at random and kept in their
// order; the set itself where no split has more. A sample has no masks, parts or twins.
func (s *Set) Sample(seed uint64, train, selected, confirm int) (*Set, error) {
	random := rand.New(rand.NewPCG(seed, 0x73756273)) // "subs"
	var images []int
	var sizes [3]int
	for k, most := range []int{train, selected, confirm} {
		lo, hi := s.Range(Split(k))
		split := random.Perm(hi - lo)
		split = split[:min(len(split), most)]
		slices.Sort(split)
		for _, i := range split {
			images = append(images, lo+i)
		}
		sizes[k] = len(split)
	}
	if len(images) == s.Len() {
		return s, nil
	}
	out := Set{Source: s.Source, Classes: s.Classes, Channels: s.Channels, Height: s.Height, Width: s.Width, Features: s.Features,
		Bound: s.Bound, Warnings: s.Warnings, Images: make([]float32, 0, len(images)*s.ImageSize())}
	for _, i := range images {
		out.Images, out.Labels, out.Names = append(out.Images, s.Image(i)...), append(out.Labels, s.Labels[i]), append(out.Names, s.Names[i])
		out.Present = append(out.Present, s.Present[i*len(s.Features):(i+1)*len(s.Features)]...)
	}
	return New(out, sizes[0], sizes[1], sizes[2])
}
