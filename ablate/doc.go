// Package ablate touches: it silences neurons of a network and measures what becomes of its
// answers, image by image, against the intact network on the same images.
//
// Effects are always lesioned − intact, so a negative change of accuracy is damage. A lesion
// is measured on the confirm split, its target chosen elsewhere. Every lesion has a sham arm:
// the identity edit on the same target through the same code, whose logits must come out
// bit-identical.
//
// Operate does a whole experiment around some neurons: zero, mean and resample ablation side by
// side with where they disagree; the same lesion in matched controls; the effect by dose, with a
// Hill curve where it is monotone; and rescue, (rescued − lesioned)/(intact − lesioned), by injected
// activations. What is chosen (controls, means, the on-class) is chosen on the select split.
//
// Two lesions at once show what one cannot: Pairs measures their epistasis (which neurons stand in
// for each other, which need each other), Dissociate whether two lesions hurt two outcomes
// crosswise. Both count contributions lost, above 0 for damage.
//
// Changes carry paired bootstrap 95 % intervals (images are drawn, with both outcomes) and
// correctness an exact McNemar test. Images are repeated measures within one trained network:
// nothing says that another network would show the same, until the experiment is repeated in others
// (Replicate, SweepReplicates).
//
// Shapley divides a joint effect among units that work together, Patch finds what carries the
// difference between two images.
//
// Sweep ablates every hidden neuron in turn. Its statistics are sums over the images of a class,
// or of a class with a feature, so that those of all neurons on all resamples and permutations
// are matrix products; rankings are made on the select split and measured on another.
package ablate
