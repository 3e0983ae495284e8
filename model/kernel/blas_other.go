//go:build !unix

package kernel

import "fmt"

func loadBLAS(path string) (backend, error) {
	return nil, fmt.Errorf("%s: %w: a system BLAS can be loaded on Linux, macOS and BSD only", path, errNoLibrary)
}
