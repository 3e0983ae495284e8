// Package state gives a network what a body has and a network has not: neurons that tire and
// recover, a state of the whole, activity without input, and signals that are not in step.
//
// A network has no memory from image to image: shown the same image again, it gives the same
// bits. A Session of this package carries a State from image to image beside the network; every
// effect of it is an Edit (a neuron's activation times its gain, plus noise), so that lesions
// compose with it, and without a body the edits are shams.
//
// Fatigue is synaptic depression by depletion (M. Tsodyks and H. Markram, PNAS 94:719 (1997);
// L. F. Abbott et al., Science 275:220 (1997)), taken for all of a neuron's outgoing synapses at
// once. With gain x, drive r and time t in presentations,
//
//	dx/dt = (1 - x)/τ - (κ/τ)·r·x,
//
// so that a constant drive brings the gain exponentially, at the rate (1 + κr)/τ, to 1/(1 + κr): the
// divisive form of M. Carandini and D. J. Heeger, Nature Reviews Neuroscience 13:51 (2012), with the
// neuron's own recent activity in the denominator. Without drive it recovers with the time
// constant τ. The drive is what the neuron would fire with fresh, averaged over its map, as a
// multiple of its mean over the select images.
//
// Asynchrony takes the step out of a network: neurons update event by event, in random or other
// orders, from what their inputs show at that moment (J. J. Hopfield, PNAS 79:2554 (1982), updates
// his neurons so). Without circles it must come to rest in the synchronous activations, bit for bit,
// which every run verifies; what is measured is the way there.
package state
