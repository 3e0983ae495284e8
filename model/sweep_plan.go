package model

import (
	"cmp"
	"maps"
	"slices"
)

// group is arms that take the same way through the network: the same first layer is changed,
// in the same manner.
type group struct {
	start  int       // the first changed layer
	source int       // of their patches; -1 without
	front  frontKind // how the change at the first layer is held
	arms   []armPlan
	// edited has the layers after start at which an arm of the group has edits.
	edited map[int]bool
	// corrected are the layers whose pre-activations a chain carries along: all that read start
	// but sums.
	corrected []int
}

// frontKind is how a group's change begins.
type frontKind int

const (
	// few: each arm changes a few whole units (or parts of them) of the first layer.
	few frontKind = iota
	// many: the first layer's output is computed anew.
	many
	// chain: each arm changes a few units of the arm before it.
	chain
)

// armPlan is one arm sorted by layers and units.
type armPlan struct {
	arm   int
	units []unitPlan    // of the first layer, for few and chain
	first stage         // everything at the first layer, for many
	later map[int]stage // at later layers
}

// stage is what an arm does to one layer.
type stage struct {
	actions []action
	// constant: every action is an edit of a whole unit (or layer) with constant levels, which may
	// be done in any order of the values.
	constant bool
}

func (s stage) with(a action) stage {
	return stage{append(s.actions, a), (s.constant || len(s.actions) == 0) && a.constant()}
}

// constant tells whether the action is an edit of whole units by constants.
func (a *action) constant() bool {
	e := a.edit
	return e != nil && e.From == nil && e.Target.Row == AllPositions && e.Keep.constant() && e.Fill.constant()
}

// unitPlan is what an arm does to one unit of its first layer.
type unitPlan struct {
	unit    int
	actions []action
	// scaled: the unit's activation a becomes keep·a + fill, both constant: pooling commutes.
	scaled     bool
	keep, fill float32
}

// action is one edit or patch.
type action struct {
	edit  *Edit // nil: a patch
	patch Address
	edge  *Edge // patch only what this carries; patch is its receiver
}

func (a *action) target() Address {
	if a.edit != nil {
		return a.edit.Target
	}
	return a.patch
}

// onEdge tells whether the action changes a contribution, before the activation function.
func (a *action) onEdge() bool { return a.edge != nil || a.edit != nil && a.edit.From != nil }

// plan sorts arms into groups. Runs of arms joined by Next become chains where each step is a
// few whole units of one layer; others are written out.
func (n *Network) planSweep(arms []Arm) []group {
	var groups []group
	var alone []numbered
	for k := 0; k < len(arms); {
		end := k + 1
		for end < len(arms) && arms[end].Next {
			end++
		}
		if run, ok := n.chainOf(arms, k, end); ok && end > k+1 {
			groups = append(groups, run)
		} else {
			for i, a := range expand(arms[k:end]) {
				alone = append(alone, numbered{k + i, a})
			}
		}
		k = end
	}
	return append(groups, n.gather(alone)...)
}

// numbered is an arm with its place among all.
type numbered struct {
	arm int
	Arm
}

// chainOf is a run of arms as a chain, if it can be one.
func (n *Network) chainOf(arms []Arm, from, to int) (group, bool) {
	g := group{start: -1, source: -1, front: chain, edited: map[int]bool{}}
	patched := map[int]bool{} // unit → by a patch
	for k := from; k < to; k++ {
		p := armPlan{arm: k}
		if arms[k].patches() {
			if g.source >= 0 && g.source != arms[k].Source {
				return g, false
			}
			g.source = arms[k].Source
		}
		for _, a := range actionsOf(&arms[k]) {
			t := a.target()
			if g.start < 0 {
				g.start = t.Layer
			}
			whole := t.Unit != AllUnits && t.Row == AllPositions && !a.onEdge()
			before, known := patched[t.Unit]
			if !whole || t.Layer != g.start || known && (before || a.edit == nil) || p.has(t.Unit) {
				return g, false
			}
			patched[t.Unit] = a.edit == nil
			p.units = append(p.units, newUnitPlan(t.Unit, []action{a}))
		}
		g.arms = append(g.arms, p)
	}
	if g.start < 0 || n.entangled(g.start) {
		return g, false
	}
	for m := g.start + 1; m <= n.Depth(); m++ {
		if n.Spec.Layers[m-1].Kind != Add && n.geo[m].Inputs[0] == g.start {
			g.corrected = append(g.corrected, m)
		}
	}
	return g, true
}

// entangled tells whether a change of one unit of a layer changes what others of it hand on: where
// the layer is normalised as a whole, or reads itself.
func (n *Network) entangled(layer int) bool {
	l := &n.Spec.Layers[layer-1]
	return l.Pool.normalises() || l.Kind == Recurrent
}

func (p *armPlan) has(unit int) bool {
	return slices.ContainsFunc(p.units, func(u unitPlan) bool { return u.unit == unit })
}

func actionsOf(a *Arm) []action {
	var all []action
	for _, p := range a.Patches {
		all = append(all, action{patch: p})
	}
	for k := range a.PatchEdges {
		all = append(all, action{patch: a.PatchEdges[k].To, edge: &a.PatchEdges[k]})
	}
	for k := range a.Edits {
		all = append(all, action{edit: &a.Edits[k]})
	}
	return all
}

// gather puts arms that stand alone into groups, in the order of their first layers.
func (n *Network) gather(arms []numbered) []group {
	type key struct {
		source, start int
		front         frontKind
	}
	byKey := map[key]*group{}
	for k := range arms {
		actions := actionsOf(&arms[k].Arm)
		if len(actions) == 0 {
			continue // nothing is done: the intact logits
		}
		p, start, front := n.planArm(arms[k].arm, actions)
		at := key{-1, start, front}
		if arms[k].patches() {
			at.source = arms[k].Source
		}
		g := byKey[at]
		if g == nil {
			g = &group{start: start, source: at.source, front: front, edited: map[int]bool{}}
			byKey[at] = g
		}
		for l := range p.later {
			g.edited[l] = true
		}
		g.arms = append(g.arms, p)
	}
	keys := slices.SortedFunc(maps.Keys(byKey), func(a, b key) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.start, b.start), cmp.Compare(a.front, b.front))
	})
	var groups []group
	for _, k := range keys {
		groups = append(groups, *byKey[k])
	}
	return groups
}

// planArm sorts one arm's actions by layer and, at its first layer, by unit. Where more than a
// quarter of the units change, to compute the next layer anew is cheaper than to correct it. A change
// of one unit of a recurrent layer reaches its others.
func (n *Network) planArm(arm int, actions []action) (p armPlan, start int, front frontKind) {
	p = armPlan{arm: arm, later: map[int]stage{}}
	start = n.Depth()
	for _, a := range actions {
		start = min(start, a.target().Layer)
	}
	byUnit := map[int][]action{}
	whole := false
	for _, a := range actions {
		switch t := a.target(); {
		case t.Layer != start:
			p.later[t.Layer] = p.later[t.Layer].with(a)
		default:
			p.first = p.first.with(a)
			byUnit[t.Unit] = append(byUnit[t.Unit], a)
			whole = whole || t.Unit == AllUnits
		}
	}
	if whole || n.entangled(start) || len(byUnit) > max(1, n.geo[start].Act[0]/4) {
		return p, start, many
	}
	for _, u := range slices.Sorted(maps.Keys(byUnit)) {
		p.units = append(p.units, newUnitPlan(u, byUnit[u]))
	}
	return p, start, few
}

func newUnitPlan(unit int, actions []action) unitPlan {
	u := unitPlan{unit: unit, actions: actions}
	if len(actions) != 1 || !actions[0].constant() {
		return u
	}
	if e := actions[0].edit; e.Keep.Values[0] >= 0 {
		u.scaled, u.keep, u.fill = true, e.Keep.Values[0], e.Fill.Values[0]
	}
	return u
}

// single tells whether the arm changes one value of a layer of this shape by constants, and
// nothing else.
func (p *armPlan) single(shape Shape) bool {
	return len(p.units) == 1 && p.units[0].scaled && shape.Area() == 1 && len(p.later) == 0
}
