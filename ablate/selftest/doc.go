// Package selftest calibrates neuroprobe where it runs: on this processor, with this BLAS, in the
// user's own binary. Its cases are questions whose answers are known beforehand, one file a room:
// networks wired by hand, whose lesions can be worked out on paper; identities (a sham changes no
// bit, shares add up to the whole); values published by others; a fast way held against a slow one
// that shares no code with it; and negative controls, where there is nothing to find.
//
// It shows that the machinery measures what it says. It cannot show that a result on a network
// that nobody wired is right: that takes the controls of each experiment.
//
// It is the one room whose code, not only tests, may use model/modeltest.
package selftest
