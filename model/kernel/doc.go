// Package kernel is the arithmetic under the network: matrix product, convolution, dense
// layers, pooling, ReLU, forward and backward, on plain float32 slices.
//
// Training (inside gorgonia's graph) and inference (model.Session) call the same functions,
// so a trained network and its experiments share one implementation.
//
// Matrix products come from one of two back ends behind Product: a system BLAS (OpenBLAS,
// Accelerate) loaded at run time without cgo, or SIMD Go (viterin/vek). Convolution lowers to
// a matrix product (im2col; Chellapilla et al. 2006). Sweeps multiply with Packed weights, by AVX-512 or
// AVX2 assembly where the processor has it.
//
// Work is cut into tasks by the sizes of the data, never by the number of workers, and partial
// sums are added in a fixed order: the same input gives the same bytes with any worker count.
package kernel
