// Package datasets delivers labelled images as one in-memory Set, whatever they come from:
// petfaces (drawn by the program, with every feature, mask and counterfactual twin known),
// CIFAR-10's binary records, folders of photos, or MNIST's idx files. One file a source.
//
// Pixels are float32 in [0,1], images N×C×H×W, always multiples of 1/255, so that a set
// written as PNG files and read back is the same set.
//
// The package does not normalise, augment or shuffle: that belongs to training.
package datasets
