// Package circuit finds and tests the wiring by which a network comes to an answer.
//
// Nodes are neurons (layer 0: the channels of the image), edges are what a sender contributes to one
// receiver's pre-activation (model.Edge). To corrupt an edge is to give that contribution its
// reference value: what it is on another image (Twins, Resample), on average (Mean), or nothing
// (Zero). Everything is measured by one number y of an image, a weighted sum of the logits (Target).
//
// Methods score every edge: by a gradient (EAP, EAP-IG), by corrupting one at a time (Exact), or by
// greedy removal (ACDC), or anew within what is left while the weakest leave (Elimination). A circuit is a set of edges. It is checked by running it alone, all other
// edges corrupted:
//
//	faithfulness  F(C) = (y_C − y_∅) / (y_whole − y_∅)
//	completeness  F(all edges but C): near 0
//	minimality    F(C) − F(C without one edge): above 0 for every edge
//
// beside random circuits of the same size. Candidates are chosen on select images; every number of a
// check is from others. Signs: effect = with intervention − without.
//
// Chains finds the strongest paths of edges from the image to an output neuron, and holds them against
// networks with shuffled weights. Image tells what happened for one image: who fired, the chain that carried
// the decision, and what each of its neurons received, term by term.
//
// N. Nanda, Attribution patching, 2023; A. Syed, C. Rager and A. Conmy, Attribution patching
// outperforms automated circuit discovery, arXiv:2310.10348; M. Hanna, S. Pezzelle and Y. Belinkov,
// Have faith in faithfulness, COLM 2024, arXiv:2403.17806; A. Conmy et al., Towards automated circuit
// discovery for mechanistic interpretability, NeurIPS 2023, arXiv:2304.14997; K. Wang et al.,
// Interpretability in the wild, ICLR 2023, arXiv:2211.00593.
package circuit
