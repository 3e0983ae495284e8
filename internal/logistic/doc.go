// Package logistic fits L2-penalised logistic regressions: many of them over the same rows, each
// along a path of penalties, which is what linear probes with control tasks need.
//
// Of rows x with answers y in {0, 1} it minimises
//
//	mean over rows of log(1 + exp(−s·(w·x + b))), s = 2y − 1,   +   penalty/2 · |w|²
//
// in nats. The intercept b is not penalised. In scikit-learn's terms C = 1/(rows · penalty). The
// inputs are taken as they come: standardise them first, or the penalty means something else for
// each.
//
// The minimum is found by L-BFGS (gonum/optimize) in coordinates in which an upper bound of the
// curvature, XᵀX/(4·rows) + penalty·I (Böhning and Lindsay 1988), is the identity. However the
// inputs are correlated, some ten to thirty steps then do.
package logistic
