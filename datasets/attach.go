package datasets

// WithTwins gives a set in memory its twins, where whoever made the images can make them again:
// twin(i, f) is image i with feature f flipped and all else equal.
func (s *Set) WithTwins(twin func(image, feature int) []float32) *Set {
	s.twin = twin
	return s
}

// WithMasks gives a set in memory its masks: mask(i, p) marks where Parts[p] shows in image i, nil
// where it does not. It may be called from several goroutines at once.
func (s *Set) WithMasks(mask func(image, part int) Mask) *Set {
	s.mask, s.masks = mask, nil
	return s
}
