package state

import (
	"encoding/json"
	"fmt"
	"math"
	"os"

	"neuroprobe/internal/atomicfile"
	"neuroprobe/model"
)

// State is what subjects carry from image to image: how fresh each neuron is. A subject is one
// network with its own history; the value holds several side by side, which see one image each
// at a time.
type State struct {
	Subjects int `json:"subjects"`
	// Shown is how many images each subject has seen since the last Reset.
	Shown int `json:"shown"`
	// Gains are, by layer number, each neuron's gain in (0, 1], units × subjects; 1 is fresh. Layers
	// whose neurons do not tire (the input, the output, layers without ReLU) have none.
	Gains [][]float64 `json:"gains"`
}

// NewState is that of fresh subjects.
func NewState(n *model.Network, subjects int) *State {
	s := &State{Subjects: subjects, Gains: make([][]float64, n.Depth()+1)}
	for _, l := range Tiring(n) {
		s.Gains[l] = make([]float64, n.Geometry(l).Act[0]*subjects)
	}
	s.Reset()
	return s
}

// Tiring are the layers whose neurons have a firing rate, and so can tire: hidden layers with
// ReLU. The values of other layers have a sign.
func Tiring(n *model.Network) []int {
	var layers []int
	for l := 1; l < n.Depth(); l++ {
		if n.Layer(l).Activation == model.ReLU {
			layers = append(layers, l)
		}
	}
	return layers
}

// Reset makes all neurons fresh.
func (s *State) Reset() {
	s.Shown = 0
	for _, gains := range s.Gains {
		for k := range gains {
			gains[k] = 1
		}
	}
}

// Gain is one neuron's gain in one subject, 1 where neurons do not tire.
func (s *State) Gain(layer, unit, subject int) float64 {
	if s.Gains[layer] == nil {
		return 1
	}
	return s.Gains[layer][unit*s.Subjects+subject]
}

// Clone is a copy that goes its own way.
func (s *State) Clone() *State {
	c := *s
	c.Gains = make([][]float64, len(s.Gains))
	for l, gains := range s.Gains {
		if gains != nil {
			c.Gains[l] = append([]float64(nil), gains...)
		}
	}
	return &c
}

// Save writes the state as JSON, whole or not at all.
func (s *State) Save(path string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("state: %w", err)
	}
	return atomicfile.Write(path, append(text, '\n'))
}

// Load reads a state that Save has written, for a network.
func Load(path string, n *model.Network) (*State, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := decode(text, n)
	if err != nil {
		return nil, fmt.Errorf("state: %s: %w", path, err)
	}
	return s, nil
}

func decode(text []byte, n *model.Network) (*State, error) {
	s := &State{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, err
	}
	return s, s.check(n)
}

// check verifies a state against a network.
func (s *State) check(n *model.Network) error {
	if s.Subjects < 1 || s.Shown < 0 {
		return fmt.Errorf("%d subjects that have seen %d images (want at least 1, and 0 or more)", s.Subjects, s.Shown)
	}
	if len(s.Gains) != n.Depth()+1 {
		return fmt.Errorf("gains of %d layers (the network has %d, the input counted)", len(s.Gains), n.Depth()+1)
	}
	units := make([]int, len(s.Gains))
	for _, l := range Tiring(n) {
		units[l] = n.Geometry(l).Act[0]
	}
	for l, gains := range s.Gains {
		if len(gains)%s.Subjects != 0 || len(gains)/s.Subjects != units[l] {
			return fmt.Errorf("layer %d has %d gains for %d subjects (want %d each)", l, len(gains), s.Subjects, units[l])
		}
		for k, g := range gains {
			if !(g >= 0 && g <= 1) || math.IsNaN(g) {
				return fmt.Errorf("layer %d: gain %d is %v (want 0 to 1)", l, k, g)
			}
		}
	}
	return nil
}
