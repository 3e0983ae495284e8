package model

// Trace asks a Session to keep what it computes on the way, and holds it after the run. Pre,
// Post and Out name layers, 1 to Depth; Post and Out also take 0, the normalised input. The values
// are images × units × positions; they are overwritten by the session's
// next run, and not to be written to.
type Trace struct {
	Pre  []int // layers whose pre-activations are kept
	Post []int // layers whose activations (after edits, before pooling) are kept
	Out  []int // layers of which is kept what they hand on (after pooling)

	pre, post, out map[int][]float32
}

// PreActivation is layer's pre-activation in the last run, nil if it was not asked for.
func (t *Trace) PreActivation(layer int) []float32 { return t.pre[layer] }

// Activation is layer's activation in the last run, nil if it was not asked for.
func (t *Trace) Activation(layer int) []float32 { return t.post[layer] }

// Output is what layer handed on in the last run, nil if it was not asked for.
func (t *Trace) Output(layer int) []float32 { return t.out[layer] }

func (t *Trace) prepare() {
	if t.pre == nil {
		t.pre, t.post, t.out = wanted(t.Pre), wanted(t.Post), wanted(t.Out)
	}
}

func wanted(layers []int) map[int][]float32 {
	store := map[int][]float32{}
	for _, l := range layers {
		store[l] = []float32{}
	}
	return store
}

// show lends values to the store if the layer was asked for: the session leaves them alone until
// the next run.
func show(store map[int][]float32, layer int, values []float32) {
	if _, wanted := store[layer]; wanted {
		store[layer] = values
	}
}

// keep copies values into the store if the layer was asked for.
func keep(store map[int][]float32, layer int, values []float32) {
	if buffer, wanted := store[layer]; wanted {
		store[layer] = append(buffer[:0], values...)
	}
}
