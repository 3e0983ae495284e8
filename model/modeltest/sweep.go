package modeltest

import (
	"context"

	"neuroprobe/model"
)

// Sweep is the oracle of a sweep: the network runs on all images under one arm after another,
// each by a Session with the arm's edits. It returns arms × images × classes.
func Sweep(n *model.Network, images []float32, arms []model.Arm, sources []model.Source) ([]float32, error) {
	var out []float32
	var inForce []model.Arm // of a run joined by Next
	for _, a := range arms {
		if !a.Next {
			inForce = nil
		}
		inForce = append(inForce, a)
		edits, err := editsOf(n, images, inForce, sources)
		if err != nil {
			return nil, err
		}
		logits, err := n.Logits(context.Background(), images, edits, 1)
		if err != nil {
			return nil, err
		}
		out = append(out, logits...)
	}
	return out, nil
}

// editsOf are the edits in force after a run of arms: all patches, then of the edits of the same
// place the last.
func editsOf(n *model.Network, images []float32, run []model.Arm, sources []model.Source) ([]model.Edit, error) {
	var patches, edits []model.Edit
	for _, a := range run {
		for _, p := range a.Patches {
			e, err := patch(n, images, p, sources[a.Source])
			if err != nil {
				return nil, err
			}
			patches = append(patches, e)
		}
		for _, edge := range a.PatchEdges {
			e, err := patchEdge(n, images, edge, sources[a.Source])
			if err != nil {
				return nil, err
			}
			patches = append(patches, e)
		}
		var kept []model.Edit
		for _, old := range edits {
			replaced := false
			for _, e := range a.Edits {
				replaced = replaced || e.Target == old.Target && (e.From == nil) == (old.From == nil) && (e.From == nil || *e.From == *old.From)
			}
			if !replaced {
				kept = append(kept, old)
			}
		}
		edits = append(kept, a.Edits...)
	}
	return append(patches, edits...), nil
}

// patch is an edit that puts another run's activations in place.
func patch(n *model.Network, images []float32, target model.Address, s model.Source) (model.Edit, error) {
	var fill []float32
	err := onCounterparts(n, images, s, &model.Trace{Post: []int{target.Layer}}, func(t *model.Trace) {
		n.EachActivation(target, t.Activation(target.Layer), func(_ int, values func(yield func(float32) bool)) {
			for v := range values {
				fill = append(fill, v)
			}
		})
	})
	return model.Edit{Target: target, Keep: model.Constant(0), Fill: model.Level{Values: fill, PerImage: true, PerPosition: true}}, err
}

// patchEdge is an edit that makes an edge carry what it carries in another run.
func patchEdge(n *model.Network, images []float32, e model.Edge, s model.Source) (model.Edit, error) {
	var fill []float32
	contribution := make([]float32, n.Positions(e.To))
	err := onCounterparts(n, images, s, &model.Trace{Out: []int{e.From.Layer}}, func(t *model.Trace) {
		n.Contribution(contribution, e.From, e.To, t.Output(e.From.Layer))
		fill = append(fill, contribution...)
	})
	return model.Edit{Target: e.To, From: &e.From, Keep: model.Constant(0), Fill: model.Level{Values: fill, PerImage: true, PerPosition: true}}, err
}

// onCounterparts runs the network on each image's counterpart in turn.
func onCounterparts(n *model.Network, images []float32, s model.Source, trace *model.Trace, see func(*model.Trace)) error {
	size, session := n.Spec.Input.Size(), model.NewSession(n)
	for i := range len(images) / size {
		at := i
		if s.Index != nil {
			at = s.Index[i]
		}
		if _, err := session.Run(s.Images[at*size:(at+1)*size], 0, nil, trace); err != nil {
			return err
		}
		see(trace)
	}
	return nil
}
