package probe_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// latents is a set whose "pixels" are what petfaces are drawn from: channel f is 0 without feature
// f and between 0.5 and 1 with it. Channel 8 is a confound, lit in 9 of 10 cats and 1 of 10 dogs
// and no feature; channel 9 is noise. Twins flip one feature's channel and nothing else. With
// `always`, there is a ninth feature that every image has.
func latents(t *testing.T, images int, seed uint64, always bool) *datasets.Set {
	t.Helper()
	faces, err := datasets.Open(context.Background(), datasets.Options{Data: "petfaces", Size: 16, Train: 2, Select: images, Confirm: images, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	const channels = 10
	features := len(faces.Features)
	r := rand.New(rand.NewPCG(seed, 5))
	s := datasets.Set{Classes: faces.Classes, Labels: faces.Labels, Features: slices.Clone(faces.Features), Channels: channels, Height: 1, Width: 1}
	lit := make([]float32, 0, faces.Len()*features) // the level of each feature's channel where it is lit
	for i, label := range faces.Labels {
		image := make([]float32, channels)
		for f := range features {
			level := 0.5 + 0.5*r.Float32()
			lit = append(lit, level)
			if faces.HasFeature(i, f) {
				image[f] = level
			}
		}
		if (r.Float64() < 0.9) == (label == 0) {
			image[8] = 0.5 + 0.5*r.Float32()
		}
		image[9] = r.Float32()
		s.Images = append(s.Images, image...)
		s.Present = append(s.Present, faces.Present[i*features:(i+1)*features]...)
		if always {
			s.Present = append(s.Present, true)
		}
	}
	if always {
		s.Features = append(s.Features, "always")
	}
	set, err := datasets.New(s, 2, images, images)
	if err != nil {
		t.Fatal(err)
	}
	return set.WithTwins(func(i, f int) []float32 {
		if f >= features {
			return nil
		}
		twin := slices.Clone(set.Image(i))
		twin[f] = lit[i*features+f] - twin[f]
		return twin
	})
}

// The units of wired: what each reads is in its name.
const (
	earUnit         = iota // pointed-ears, feature 0
	confoundUnit           // channel 8
	deadUnit               // below 0 on every image
	earsAgainUnit          // twice the pointed-ear unit
	noWhiskersUnit         // the absence of whiskers, feature 1
	constantUnit           // 1 on every image
	noiseUnit              // channel 9
	earOrMuzzleUnit        // pointed-ears less long-muzzle, features 0 and 4
	wiredUnits
)

// wired has one hidden layer whose units are known detectors, and answers "cat" by pointed ears.
func wired() *model.Network {
	hidden := make([][]float32, wiredUnits)
	for u := range hidden {
		hidden[u] = make([]float32, 11) // ten channels and the bias
	}
	hidden[earUnit][0] = 1
	hidden[confoundUnit][8] = 1
	hidden[deadUnit][9], hidden[deadUnit][10] = -1, -0.1
	hidden[earsAgainUnit][0] = 2
	hidden[noWhiskersUnit][1], hidden[noWhiskersUnit][10] = -1, 0.4
	hidden[constantUnit][10] = 1
	hidden[noiseUnit][9] = 1
	hidden[earOrMuzzleUnit][0], hidden[earOrMuzzleUnit][4], hidden[earOrMuzzleUnit][10] = 1, -1, 1
	output := [][]float32{make([]float32, wiredUnits+1), make([]float32, wiredUnits+1)}
	output[0][earUnit], output[1][wiredUnits] = 1, 0.3
	n := modeltest.Wire(10, hidden, output)
	n.Classes = []string{"cat", "dog"}
	return n
}

// shuffled deals the classes and features of a set out anew among the images of each split, each
// image's together. There are no twins.
func shuffled(t *testing.T, set *datasets.Set, seed uint64) *datasets.Set {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 6))
	s := datasets.Set{Classes: set.Classes, Labels: slices.Clone(set.Labels), Features: set.Features, Present: slices.Clone(set.Present),
		Images: set.Images, Channels: set.Channels, Height: set.Height, Width: set.Width}
	var sizes []int
	features := len(set.Features)
	for _, split := range datasets.Splits {
		lo, hi := set.Range(split)
		sizes = append(sizes, hi-lo)
		for to, from := range r.Perm(hi - lo) {
			s.Labels[lo+to] = set.Labels[lo+from]
			copy(s.Present[(lo+to)*features:(lo+to+1)*features], set.Present[(lo+from)*features:])
		}
	}
	out, err := datasets.New(s, sizes[0], sizes[1], sizes[2])
	if err != nil {
		t.Fatal(err)
	}
	return out
}
