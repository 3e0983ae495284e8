package ablate

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// failing are parts that cannot keep more than so many.
type failing struct {
	memory
	left int
}

var errFull = errors.New("full")

func (f *failing) Save(name string, value any) error {
	if f.left--; f.left < 0 {
		return errFull
	}
	return f.memory.Save(name, value)
}

// Patching that stops after the first feature goes on with the second, to the same result, shares that
// are no numbers included.
func TestInterruptedPatchingGoesOnWhereItStopped(t *testing.T) {
	s := datasets.Set{Channels: 2, Height: 1, Width: 1, Classes: []string{"A", "B"}, Features: []string{"first", "second"}}
	for i := range 120 {
		s.Labels = append(s.Labels, i%2)
		s.Present = append(s.Present, i%2 == 1, i%3 == 0)
		s.Images = append(s.Images, float32(i%2), float32((3-i%3)/3))
	}
	set, err := datasets.New(s, 40, 40, 40)
	if err != nil {
		t.Fatal(err)
	}
	set = set.WithTwins(func(i, f int) []float32 {
		twin := append([]float32(nil), set.Image(i)...)
		twin[f] = 1 - twin[f]
		return twin
	})
	n := modeltest.Wire(2, [][]float32{{1, 0, 0}, {0, 1, 0}}, [][]float32{{0, 0, 0}, {1, 0.5, 0}})
	run := func(parts Parts) (string, error) {
		o := DefaultOptions()
		o.Resamples, o.Permutations, o.Parts = 100, 19, parts
		p, err := Prepare(context.Background(), n, set, o)
		if err != nil {
			t.Fatal(err)
		}
		r, err := p.Patch(context.Background(), [][]model.Address{{model.Neuron(1, 0)}, {model.Neuron(1, 1)}}, PatchOptions{Features: []int{0, 1}})
		text, _ := json.Marshal(r)
		return string(text), err
	}
	want, err := run(nil)
	if err != nil {
		t.Fatal(err)
	}
	parts := &failing{memory{}, 1}
	if _, err := run(parts); !errors.Is(err, errFull) || len(parts.memory) != 1 {
		t.Fatalf("%v, %d parts kept", err, len(parts.memory))
	}
	parts.left = 10
	if got, err := run(parts); err != nil || got != want || parts.left != 9 {
		t.Errorf("resumed (%v): %s\nwant %s", err, got, want)
	}
}
