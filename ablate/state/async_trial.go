package state

import (
	"math"
	"slices"
)

// undecided is the answer where no logit is above all others.
const undecided = -1

// saying is what the output neurons said from a tick on.
type saying struct {
	tick   int
	answer int
	margin float32 // the settled answer's logit less the strongest other
}

// say reads an answer off logits, and its margin towards the settled answer.
func say(tick int, logits []float32, settled int) saying {
	s := saying{tick: tick, answer: undecided}
	best, ties := float32(math.Inf(-1)), 0
	other := float32(math.Inf(-1))
	for k, v := range logits {
		switch {
		case v > best:
			best, ties, s.answer = v, 0, k
		case v == best:
			ties++
		}
		if k != settled {
			other = max(other, v)
		}
	}
	if ties > 0 {
		s.answer = undecided
	}
	if s.margin = logits[settled] - other; len(logits) == 1 {
		s.margin = logits[settled]
	}
	return s
}

// trial is what one image did in one order, in ticks.
type trial struct {
	says  []saying // at the start, tick 0, and whenever a logit changed
	moved []int    // by layer: the last tick that changed an activation
}

func (t *trial) final() int { return t.says[len(t.says)-1].answer }

// decided is the first tick after which the answer never changes again.
func (t *trial) decided() int {
	tick := t.says[len(t.says)-1].tick
	for _, s := range slices.Backward(t.says) {
		if s.answer != t.final() {
			break
		}
		tick = s.tick
	}
	return tick
}

// settled is the last tick that changed anything.
func (t *trial) settled() int { return slices.Max(t.moved) }

// wrong is the number of ticks for which the answer was another than the final one.
func (t *trial) wrong() int {
	ticks := 0
	for k, s := range t.says[1:] {
		if t.says[k].answer != t.final() {
			ticks += s.tick - t.says[k].tick
		}
	}
	return ticks
}

// detour tells whether the final answer was there, was left, and was found again.
func (t *trial) detour() bool {
	had := false
	for _, s := range t.says {
		if had && s.answer != t.final() {
			return true
		}
		had = had || s.answer == t.final()
	}
	return false
}

// others are the other answers that were given at some time, each once, undecided not counted.
func (t *trial) others() []int {
	var all []int
	for _, s := range t.says {
		if s.answer != t.final() && s.answer != undecided && !slices.Contains(all, s.answer) {
			all = append(all, s.answer)
		}
	}
	return all
}

// finds tells whether the answer changed to this one at some time.
func (t *trial) finds(answer int) bool {
	for k, s := range t.says[1:] {
		if s.answer == answer && t.says[k].answer != answer {
			return true
		}
	}
	return false
}

// changes is how often the answer changed.
func (t *trial) changes() int {
	n := 0
	for k, s := range t.says[1:] {
		if s.answer != t.says[k].answer {
			n++
		}
	}
	return n
}

// at is what was said when so many ticks had passed.
func (t *trial) at(tick int) saying {
	k, found := slices.BinarySearchFunc(t.says, tick, func(s saying, tick int) int { return s.tick - tick })
	if !found {
		k--
	}
	return t.says[k]
}
