package model

// Trace asks a Session to keep what it computes on the way, and holds it after the run. Pre
// and Post name layers, 1 to Depth; Post also takes 0, the normalised input. The values are
// images × units × positions, before pooling; they are overwritten by the next run.
type Trace struct {
	Pre  []int // layers whose pre-activations are kept
	Post []int // layers whose activations (after edits) are kept

	pre, post map[int][]float32
}

// PreActivation is layer's pre-activation in the last run, nil if it was not asked for.
func (t *Trace) PreActivation(layer int) []float32 { return t.pre[layer] }

// Activation is layer's activation in the last run, nil if it was not asked for.
func (t *Trace) Activation(layer int) []float32 { return t.post[layer] }

func (t *Trace) prepare() {
	if t.pre == nil {
		t.pre, t.post = map[int][]float32{}, map[int][]float32{}
		for _, l := range t.Pre {
			t.pre[l] = []float32{}
		}
		for _, l := range t.Post {
			t.post[l] = []float32{}
		}
	}
}

// keep copies values into the store if the layer was asked for.
func keep(store map[int][]float32, layer int, values []float32) {
	if buffer, wanted := store[layer]; wanted {
		store[layer] = append(buffer[:0], values...)
	}
}
