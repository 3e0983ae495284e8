package probe

import "context"

// dissect compares the maps of the units that vary with the masks of the parts.
func (s *surveyor) dissect(ctx context.Context) error {
	if len(s.parts) == 0 {
		return nil
	}
	d, err := dissect(ctx, s.n, s.set, s.layers, s.parts, dissectOptions{
		Split: s.Split, Permutations: s.Permutations, Seed: s.Seed, Workers: s.Workers,
		Progress: func(done, total int) { s.progress(stageDissect, done, total) },
	})
	if err != nil {
		return err
	}
	s.result.MaskDigest = s.set.MaskDigest(s.Split)
	for _, x := range d.Units {
		u, _ := s.measured.unit(x.Address)
		unit := &s.result.Units[u]
		unit.MapThreshold = Number(x.Threshold)
		if unit.Quality.Dead || unit.Quality.Constant {
			continue // left out, and counted in Survey.Excluded
		}
		unit.Overlaps, unit.BestPart = x.Overlaps, x.BestPart
		for k := range unit.Overlaps {
			unit.Overlaps[k].Adjusted = Undefined
		}
	}
	s.result.Warnings = append(s.result.Warnings, d.Warnings...)
	return nil
}
