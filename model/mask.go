package model

// Mask says which edges of a network are kept; the others carry a reference value (see Reference).
type Mask struct {
	net  *Network
	kept [][]bool // by receiving layer: receiver × sender; of sums sender layer × unit
}

// NewMask keeps all edges or none.
func (n *Network) NewMask(all bool) *Mask {
	m := &Mask{net: n, kept: make([][]bool, n.Depth()+1)}
	for l := 1; l <= n.Depth(); l++ {
		m.kept[l] = make([]bool, n.geo[l].Act[0]*n.sendersOf(l))
		for k := range m.kept[l] {
			m.kept[l][k] = all
		}
	}
	return m
}

// sendersOf is how many senders each neuron of a layer has.
func (n *Network) sendersOf(l int) int {
	if n.Spec.Layers[l-1].Kind == Add {
		return len(n.senders(l))
	}
	return n.geo[l].In[0]
}

// place is an edge's place in kept[e.To.Layer].
func (n *Network) place(e Edge) int {
	if n.Spec.Layers[e.To.Layer-1].Kind != Add {
		return e.To.Unit*n.geo[e.To.Layer].In[0] + e.From.Unit
	}
	senders := n.senders(e.To.Layer)
	for k, l := range senders {
		if l == e.From.Layer {
			return e.To.Unit*len(senders) + k
		}
	}
	panic("model: no such edge: " + e.String())
}

// Set keeps an edge of the network, or does not.
func (m *Mask) Set(e Edge, kept bool) { m.kept[e.To.Layer][m.net.place(e)] = kept }

// Kept tells whether an edge is kept.
func (m *Mask) Kept(e Edge) bool { return m.kept[e.To.Layer][m.net.place(e)] }

// Clone is a copy to be changed.
func (m *Mask) Clone() *Mask {
	c := &Mask{m.net, make([][]bool, len(m.kept))}
	for l := range m.kept {
		c.kept[l] = append([]bool(nil), m.kept[l]...)
	}
	return c
}

// Complement keeps what m does not.
func (m *Mask) Complement() *Mask {
	c := m.Clone()
	for _, layer := range c.kept {
		for k := range layer {
			layer[k] = !layer[k]
		}
	}
	return c
}

// Count is the number of edges kept.
func (m *Mask) Count() (kept int) {
	for _, layer := range m.kept {
		for _, k := range layer {
			if k {
				kept++
			}
		}
	}
	return kept
}
