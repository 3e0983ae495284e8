package model

import "fmt"

// Arm is one condition of an experiment: what is done to the network, all at once.
//
// Patches take the place of edits whose fill is another run's activation: the patched neuron
// fires as it does on the counterpart of each image in Source. So no activation of the other run
// has to be stored beforehand, whatever the number of images.
type Arm struct {
	Edits []Edit
	// Patches are neurons (positions, whole layers) whose activations become those of the
	// intact network on the images' counterparts. They act before Edits.
	Patches []Address
	// PatchEdges are edges that carry what they carry on the counterparts: the sender's
	// contribution to the receiver's pre-activation becomes that of the other run. They act before
	// Edits of the same layer, and each edge may be named once, here or in Edits.
	PatchEdges []Edge
	// Source is the number of the Source that the patches read.
	Source int
	// Next makes the arm go on from the one before it, whose edits stay in force; an edit of a
	// neuron replaces that neuron's earlier one, so that Sham restores it. An ablation that
	// grows neuron by neuron is a run of arms with one edit each, and costs one column of
	// weights a step.
	Next bool
}

// Source tells with which image each image's patches are made: image i's counterpart is image
// Index[i] of Images (N×C×H×W, values in [0,1]), or image i where there is no Index.
type Source struct {
	Images []float32
	Index  []int
}

// counterpart is the place in Images of image i's counterpart.
func (s *Source) counterpart(i int) int {
	if s.Index == nil {
		return i
	}
	return s.Index[i]
}

// patches tells whether the arm needs another run.
func (a *Arm) patches() bool { return len(a.Patches)+len(a.PatchEdges) > 0 }

// expand gives every arm all that is in force in it, following Next. An arm that goes on from
// one with patches shares its source.
func expand(arms []Arm) []Arm {
	out := make([]Arm, len(arms))
	for k, a := range arms {
		out[k] = Arm{Edits: a.Edits, Patches: a.Patches, PatchEdges: a.PatchEdges, Source: a.Source}
		if !a.Next || k == 0 {
			continue
		}
		before := out[k-1]
		if before.patches() {
			out[k].Source = before.Source
		}
		out[k].Patches = append(before.Patches[:len(before.Patches):len(before.Patches)], a.Patches...)
		out[k].PatchEdges = append(before.PatchEdges[:len(before.PatchEdges):len(before.PatchEdges)], a.PatchEdges...)
		out[k].Edits = nil
		for _, e := range before.Edits {
			if !replaced(&e, a.Edits) {
				out[k].Edits = append(out[k].Edits, e)
			}
		}
		out[k].Edits = append(out[k].Edits, a.Edits...)
	}
	return out
}

// replaced tells whether one of the edits acts on the same place as e.
func replaced(e *Edit, edits []Edit) bool {
	for k := range edits {
		if samePlace(e, &edits[k]) {
			return true
		}
	}
	return false
}

func samePlace(a, b *Edit) bool {
	if !a.Target.same(b.Target) || (a.From == nil) != (b.From == nil) {
		return false
	}
	return a.From == nil || *a.From == *b.From
}

// checkArms verifies every edit, patch and source against the network and the number of images.
func (n *Network) checkArms(arms []Arm, sources []Source, images int) error {
	for k := range arms {
		a := &arms[k]
		for i := range a.Edits {
			if err := n.checkEdit(&a.Edits[i], images); err != nil {
				return fmt.Errorf("%w (arm %d)", err, k)
			}
		}
		for _, p := range a.Patches {
			if err := n.CheckAddress(p); err != nil {
				return fmt.Errorf("%w (patched in arm %d)", err, k)
			}
		}
		for _, e := range a.PatchEdges {
			if err := n.CheckEdge(e); err != nil {
				return fmt.Errorf("%w (patched in arm %d)", err, k)
			}
		}
		if a.patches() && (a.Source < 0 || a.Source >= len(sources)) {
			return fmt.Errorf("model: arm %d patches from source %d (there are %d)", k, a.Source, len(sources))
		}
	}
	for k := range sources {
		if err := n.checkSource(&sources[k], images); err != nil {
			return fmt.Errorf("model: source %d: %w", k, err)
		}
	}
	return nil
}

func (n *Network) checkSource(s *Source, images int) error {
	size := n.Spec.Input.Size()
	if len(s.Images)%size != 0 {
		return fmt.Errorf("%d pixel values are no whole number of %v images", len(s.Images), n.Spec.Input)
	}
	held := len(s.Images) / size
	if s.Index != nil && len(s.Index) != images {
		return fmt.Errorf("%d counterparts for %d images", len(s.Index), images)
	}
	for i := range images {
		if k := s.counterpart(i); k < 0 || k >= held {
			return fmt.Errorf("the counterpart of image %d is image %d (it has %d)", i, k, held)
		}
	}
	return nil
}
