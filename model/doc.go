// Package model holds the network as plain data and everything that makes it run: training
// inside gorgonia's graph, inference under interventions, gradients, saving and loading.
//
// A Network is a Spec (layers and their wiring) with Params (weights), immutable once trained.
// A Session runs it under Edits and fills a Trace; a Trainer raises it; Gradients
// differentiates it; a Sweep runs it under many Arms on the same images, from the first changed
// pre-activation on. All arithmetic is package kernel's.
//
// The package does not know what a neuron means, nor whether an effect is real: that is the
// business of probe and ablate.
package model
