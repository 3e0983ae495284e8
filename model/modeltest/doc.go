// Package modeltest has what tests of networks need: networks wired by hand, whose every
// answer can be worked out on paper, networks with random weights, and a plain forward pass
// by the definitions, to hold the fast one against. It is for tests, those of ablate/selftest
// included, which users run on their own machine; nothing else imports it.
package modeltest
