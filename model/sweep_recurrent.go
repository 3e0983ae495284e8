package model

import "neuroprobe/model/kernel"

// A recurrent layer lies channels last too: what all units show at a step is one run of values. The
// pre-activation of the first step, when the layer has shown nothing yet, is its drive, the weighted
// sum of its input, and with U the weights back,
//
//	z_1 = drive,  z_t = drive + U·h_{t-1}.
//
// A change of the layer's input corrects the drive; a change in the layer itself changes all of it from
// the next step on, and is computed step by step.

// driven is the number of values that the input drives: of a recurrent layer one step's.
func (s *sweeper) driven(m int) int {
	if s.net.Spec.Layers[m-1].Kind == Recurrent {
		return s.net.geo[m].Act[0]
	}
	return s.net.geo[m].Act.Size()
}

// feedBack computes the steps after the first, of which pre- and post-activations are there.
func (s *sweeper) feedBack(m int, pre, post []float32, images int) {
	size := s.net.geo[m].Act.Size()
	for t := 1; t < s.net.geo[m].Act[1]; t++ {
		s.again(m, t, pre, pre, size, post, images)
		for i := range images {
			at := i*size + t*s.net.geo[m].Act[0]
			now := post[at:][:s.net.geo[m].Act[0]]
			copy(now, pre[at:])
			if s.relu(m) {
				kernel.Floor(now, 0)
			}
		}
	}
}

// again computes the pre-activations of step t (from 1 on) from what act has for the step before. to and
// act are images × Act, the images' drives lie so many values apart.
func (s *sweeper) again(m, t int, to, drives []float32, apart int, act []float32, images int) {
	units, size := s.net.geo[m].Act[0], s.net.geo[m].Act.Size()
	s.weights[m].feedback.Multiply(to[t*units:], size, drives, apart, act[(t-1)*units:], size, images, kernel.Window{Inner: units, Outer: 1})
}

// poolSteps is what a recurrent layer hands on, channels last.
func poolSteps(p *Pool, out, act []float32) {
	switch {
	case p == nil:
		copy(out, act)
	case p.Kind == LastStep:
		copy(out, act[len(act)-len(out):])
	default:
		averageLast(out, act)
	}
}

// renewSteps computes the first layer's output anew where that is recurrent. As long as nothing differs
// from the intact run, the next step is the intact one, bit by bit.
func (w *sweepWorker) renewSteps(m int, a *armPlan, image int, out []float32) {
	geo := &w.net.geo[m]
	units, size := geo.Act[0], geo.Act.Size()
	w.steps = sized(w.steps, size)
	act, pre, intact := w.steps[:size], w.intact.pre[m][image*size:][:size], w.intact.act[m][image*size:][:size]
	differs := false
	for t := range geo.Act[1] {
		now, was := act[t*units:][:units], intact[t*units:][:units]
		if differs {
			w.again(m, t, act, pre, size, act, 1)
			if w.relu(m) {
				kernel.Floor(now, 0)
			}
		} else {
			copy(now, was)
		}
		w.atStep(m, now, t, a.first.actions, image)
		differs = differs || !same(now, was)
	}
	poolSteps(w.net.Spec.Layers[m-1].Pool, out, act)
}

// atStep does actions to what all units show at one step.
func (w *sweepWorker) atStep(m int, now []float32, t int, actions []action, image int) {
	geo := &w.net.geo[m]
	for k := range actions {
		a := &actions[k]
		if a.edit != nil {
			a.edit.applyStep(now, geo.Act, t, w.first+image)
			continue
		}
		other := w.patched.act[m][image*geo.Act.Size()+t*geo.Act[0]:]
		lo, hi, _, _ := a.patch.atStep(geo.Act, t)
		copy(now[lo:hi], other[lo:])
	}
}

// recur computes a recurrent layer in every pair, from whatever drives it.
func (w *sweepWorker) recur(g *group, m int, input stateKind) {
	s, geo, n := &w.states[m], &w.net.geo[m], len(w.pairs)
	units, size, out := geo.Act[0], geo.Act.Size(), geo.Out.Size()
	w.drive, w.steps = sized(w.drive, n*units), sized(w.steps, n*size)
	drive := w.drive[:n*units]
	switch {
	case s.hasPre:
		copy(drive, s.pre)
	case input == asIntact:
		for k := range w.pairs {
			copy(drive[k*units:(k+1)*units], w.intactPre(m, k))
		}
	case input == inUnits:
		w.correctRows(m, drive)
	default:
		w.dense(m, drive, units, w.states[geo.Inputs[0]].out, n)
	}
	for t := range geo.Act[1] {
		if t > 0 {
			w.again(m, t, w.steps, drive, units, w.steps, n)
		}
		for k, p := range w.pairs {
			now := w.steps[k*size+t*units:][:units]
			if t == 0 {
				copy(now, drive[k*units:])
			}
			if w.relu(m) {
				kernel.Floor(now, 0)
			}
			if g.edited[m] {
				w.atStep(m, now, t, p.plan.later[m].actions, p.image)
			}
		}
	}
	s.out = extend(s.out[:0], n*out)
	for k := range w.pairs {
		poolSteps(w.net.Spec.Layers[m-1].Pool, s.out[k*out:(k+1)*out], w.steps[k*size:(k+1)*size])
	}
}
