package kernel

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"sync"
)

// backend multiplies matrices. A loaded library belongs to the whole process, so the choice
// is the process's too.
type backend interface {
	product(c, a, b Matrix, op Op)
	String() string
}

var selected struct {
	sync.RWMutex
	backend backend
	problem error // why the system BLAS found by "auto" is not used; nil if there is none
}

// Use chooses the back end: "auto" (a system BLAS if there is one that passes its start-up
// check, else Go), "go", or the path of a BLAS library. A named library that does not work is
// an error; under "auto" it is only remembered, see Problem.
func Use(choice string) error {
	selected.Lock()
	defer selected.Unlock()
	switch choice {
	case "auto", "":
		selected.backend, selected.problem = automatic()
		return nil
	case "go":
		selected.backend, selected.problem = goBackend{}, nil
		return nil
	}
	b, err := loadBLAS(choice)
	if err != nil {
		return fmt.Errorf("kernel: %w", err)
	}
	selected.backend, selected.problem = b, nil
	return nil
}

// Arithmetic names the back end in use, for reports: "OpenBLAS 0.3.21 (libopenblas.so.0)" or
// "Go (vek, AVX2)".
func Arithmetic() string { return current().String() }

// Problem tells why a system BLAS that was found is not in use; nil where none was found or
// all is well.
func Problem() error {
	current()
	selected.RLock()
	defer selected.RUnlock()
	return selected.problem
}

func current() backend {
	selected.RLock()
	b := selected.backend
	selected.RUnlock()
	if b != nil {
		return b
	}
	selected.Lock()
	defer selected.Unlock()
	if selected.backend == nil {
		selected.backend, selected.problem = automatic()
	}
	return selected.backend
}

// automatic tries the usual names of the system's BLAS in turn.
func automatic() (backend, error) {
	var problems []error
	for _, name := range libraryNames(runtime.GOOS) {
		b, err := loadBLAS(name)
		if err == nil {
			return b, nil
		}
		if !errors.Is(err, errNoLibrary) {
			problems = append(problems, err)
		}
	}
	return goBackend{}, errors.Join(problems...)
}

var errNoLibrary = errors.New("no such library")

// libraryError is the loader's own message; it is errNoLibrary to errors.Is where there is no
// such file.
type libraryError struct {
	path    string
	err     error
	missing bool
}

func (e *libraryError) Error() string {
	return "cannot load " + e.path + ": " + strings.TrimPrefix(e.err.Error(), e.path+": ")
}

func (e *libraryError) Is(target error) bool { return e.missing && target == errNoLibrary }

// libraryNames lists only tuned libraries: Debian's libblas.so.3 may be the reference
// implementation, which is slower than Go's.
func libraryNames(goos string) []string {
	switch goos {
	case "darwin":
		return []string{"/System/Library/Frameworks/Accelerate.framework/Accelerate"}
	case "linux", "freebsd", "netbsd":
		return []string{"libopenblas.so.0", "libopenblas.so"}
	}
	return nil
}

// checkBackend multiplies small matrices in every combination of transposition, accumulation
// and stride and compares with the definition: a library with another calling convention
// (64-bit integers, say) must fail here and not in a report.
func checkBackend(b backend) error {
	const m, n, k, gap = 5, 7, 9, 3
	for variant := range 8 {
		op := Op{variant&1 != 0, variant&2 != 0, variant&4 != 0}
		a, bb, c := pattern(m, k, op.TransposeA, gap, 1), pattern(k, n, op.TransposeB, gap, 2), pattern(m, n, false, gap, 3)
		want := pattern(m, n, false, gap, 3)
		productByDefinition(want, a, bb, op)
		b.product(c, a, bb, op)
		for i, v := range c.Data {
			if math.Abs(float64(v-want.Data[i])) > 1e-4 || v != v {
				return fmt.Errorf("%v failed its start-up check (%+v: element %d is %v, want %v)", b, op, i, v, want.Data[i])
			}
		}
	}
	return nil
}

func pattern(rows, cols int, transposed bool, gap, seed int) Matrix {
	if transposed {
		rows, cols = cols, rows
	}
	m := Matrix{Data: make([]float32, rows*(cols+gap)), Rows: rows, Cols: cols, Stride: cols + gap}
	for i := range m.Data {
		m.Data[i] = float32((i*7+seed*13)%23) - 11
	}
	return m
}

// productByDefinition is the slow oracle: three loops, float64 sums.
func productByDefinition(c, a, b Matrix, op Op) {
	k := a.Cols
	if op.TransposeA {
		k = a.Rows
	}
	for i := range c.Rows {
		for j := range c.Cols {
			sum := 0.0
			for l := range k {
				x, y := element(a, i, l, op.TransposeA), element(b, l, j, op.TransposeB)
				sum += float64(x) * float64(y)
			}
			if at := i*c.Stride + j; op.Accumulate {
				c.Data[at] += float32(sum)
			} else {
				c.Data[at] = float32(sum)
			}
		}
	}
}

func element(m Matrix, i, j int, transposed bool) float32 {
	if transposed {
		i, j = j, i
	}
	return m.Data[i*m.Stride+j]
}
