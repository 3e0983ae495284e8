//go:build !(darwin || freebsd || linux || netbsd)

package kernel

import "fmt"

func loadBLAS(path string) (backend, error) {
	return nil, fmt.Errorf("%s: %w: a system BLAS can be loaded on Linux, macOS, FreeBSD and NetBSD only", path, errNoLibrary)
}
