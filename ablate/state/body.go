package state

import (
	"errors"
	"fmt"
)

// Body is what is added to a network. The zero value adds nothing.
type Body struct {
	// Fatigue is κ, in units of the gain lost: a neuron that goes on firing at its usual rate
	// ends at a gain of 1/(1+κ). 0: neurons do not tire.
	Fatigue float64 `json:"fatigue"`
	// Recovery is τ, in presentations: the time in which a silent neuron makes good all but 1/e of
	// what its gain lacks. 0 means DefaultRecovery.
	Recovery float64 `json:"recovery"`
	// Arousal is the state of the whole, hormone-like: every neuron's activation is multiplied by
	// 1 + Arousal. Above 0 excited, below 0 drowsy, -1 silent.
	Arousal float64 `json:"arousal"`
	// Noise is the standard deviation of what is added to every neuron's activation at each presentation,
	// one number for its whole map, as a multiple of the neuron's own standard deviation over the
	// select images.
	Noise float64 `json:"noise"`
	// Seed decides the noise.
	Seed uint64 `json:"seed"`
}

// DefaultRecovery is τ where nothing else is said, in presentations.
const DefaultRecovery = 4

// Check reports every setting that makes no sense.
func (b *Body) Check() error {
	var faults []error
	complain := func(bad bool, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf("state: "+format, args...))
		}
	}
	complain(!(b.Fatigue >= 0 && b.Fatigue <= 1e6), "fatigue %v (want 0, none, or more; 1 halves the gain of a neuron that fires on)", b.Fatigue)
	complain(!(b.Recovery >= 0 && b.Recovery <= 1e6), "recovery %v (want a number of presentations above 0)", b.Recovery)
	complain(!(b.Arousal >= -1 && b.Arousal <= 100), "arousal %v (want -1, silent, or more; 0 is neutral)", b.Arousal)
	complain(!(b.Noise >= 0 && b.Noise <= 100), "noise %v (want 0 or more standard deviations)", b.Noise)
	return errors.Join(faults...)
}

func (b *Body) recovery() float64 {
	if b.Recovery == 0 {
		return DefaultRecovery
	}
	return b.Recovery
}
