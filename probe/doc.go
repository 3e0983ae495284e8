// Package probe looks without touching: it records what the neurons of a network do on the images
// of a set, and says what each responds to, with the evidence.
//
//	Record       every neuron's summary of every image: maximum and mean over its positions
//	WriteParquet the same as a file that pandas and DuckDB read
//	Survey       the whole battery: firing, tuning raw and within class, twins, dissection, quality, labels
//	Examine      one neuron of a survey in full: histogram, intervals, images, synapses
//	Decode       linear probes for every concept from every layer, with control tasks
//
// Choices (which concept names a neuron, which part it overlaps best, thresholds, the order of
// tables) are made on the select split; numbers are measured on another, confirm by default. Every
// p is from permutations, (b+1)/(m+1), and adjusted by Benjamini and Hochberg's procedure over all
// tests of its family. Images are repeated measures within one trained network: nothing here says
// that another network would show the same.
//
// The formulas are in internal/stats; dissection is D. Bau, B. Zhou, A. Khosla, A. Oliva and
// A. Torralba, Network Dissection, CVPR 2017, with a permutation null that it lacks; control tasks
// are J. Hewitt and P. Liang, Designing and Interpreting Probes with Control Tasks, EMNLP 2019.
package probe
