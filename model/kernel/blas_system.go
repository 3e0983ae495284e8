//go:build darwin || freebsd || linux || netbsd

package kernel

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// systemBLAS calls a library's Fortran entry point sgemm_, whose arguments are all pointers:
// the C entry point mixes integers and floats, which purego can pass only through reflection.
type systemBLAS struct {
	name  string
	sgemm uintptr
	args  sync.Pool // *sgemmArgs
}

// sgemmArgs holds one call's scalars where C can point to them. Integers are 64 bits wide: on a
// little-endian machine a library that reads 32 of them sees the same number.
type sgemmArgs struct {
	transA, transB         byte
	m, n, k, lda, ldb, ldc int64
	alpha, beta            float32
}

func loadBLAS(path string) (b backend, err error) {
	handle, err := open(path)
	if err != nil {
		return nil, &libraryError{path, err, notFound(err)}
	}
	sgemm, err := purego.Dlsym(handle, "sgemm_")
	if err != nil {
		return nil, fmt.Errorf("%s: no function sgemm_ in it: is it a BLAS?", path)
	}
	s := &systemBLAS{name: libraryTitle(handle, path), sgemm: sgemm}
	s.args.New = func() any { return new(sgemmArgs) }
	singleThreaded(handle)
	if err := checkBackend(s); err != nil {
		return nil, err
	}
	spareProcessor()
	return s, nil
}

// open loads a library. The loader keeps its last error by thread, so the goroutine must not
// move to another between the failure and asking for its cause: it would find none.
func open(path string) (uintptr, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
}

// notFound tells a library that is not there from one that is and cannot be loaded: the loader
// says so only in words.
func notFound(err error) bool {
	text := strings.ToLower(err.Error())
	return strings.Contains(text, "no such file") || strings.Contains(text, "image not found")
}

// singleThreaded keeps OpenBLAS's own threads out: our goroutines share the cores out, and
// two layers of threads spin against each other.
func singleThreaded(handle uintptr) {
	if set, err := purego.Dlsym(handle, "openblas_set_num_threads"); err == nil {
		purego.SyscallN(set, 1)
	}
}

func libraryTitle(handle uintptr, path string) string {
	file := filepath.Base(path)
	if get, err := purego.Dlsym(handle, "openblas_get_config"); err == nil {
		var config func() string
		purego.RegisterFunc(&config, get)
		// "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH NO_AFFINITY SkylakeX MAX_THREADS=64"
		words := strings.Fields(config())
		title := file
		if len(words) >= 2 {
			title = words[0] + " " + words[1]
		}
		if core, err := purego.Dlsym(handle, "openblas_get_corename"); err == nil {
			var name func() string
			purego.RegisterFunc(&name, core)
			title += " " + name()
		}
		return title + " (" + file + ")"
	}
	return file
}

func (s *systemBLAS) String() string { return s.name }

// product turns the row-major product around: what is row-major C to us is column-major Cᵀ
// to Fortran, and Cᵀ = op(B)ᵀ·op(A)ᵀ.
func (s *systemBLAS) product(c, a, b Matrix, op Op) {
	p := s.args.Get().(*sgemmArgs)
	k := a.Cols
	if op.TransposeA {
		k = a.Rows
	}
	*p = sgemmArgs{
		transA: transposition(op.TransposeB), transB: transposition(op.TransposeA),
		m: int64(c.Cols), n: int64(c.Rows), k: int64(k),
		lda: int64(b.Stride), ldb: int64(a.Stride), ldc: int64(c.Stride),
		alpha: 1,
	}
	if op.Accumulate {
		p.beta = 1
	}
	purego.SyscallN(s.sgemm,
		uintptr(unsafe.Pointer(&p.transA)), uintptr(unsafe.Pointer(&p.transB)),
		uintptr(unsafe.Pointer(&p.m)), uintptr(unsafe.Pointer(&p.n)), uintptr(unsafe.Pointer(&p.k)),
		uintptr(unsafe.Pointer(&p.alpha)),
		uintptr(unsafe.Pointer(&b.Data[0])), uintptr(unsafe.Pointer(&p.lda)),
		uintptr(unsafe.Pointer(&a.Data[0])), uintptr(unsafe.Pointer(&p.ldb)),
		uintptr(unsafe.Pointer(&p.beta)),
		uintptr(unsafe.Pointer(&c.Data[0])), uintptr(unsafe.Pointer(&p.ldc)),
		1, 1) // the lengths of the two character arguments, which Fortran appends
	runtime.KeepAlive(p)
	s.args.Put(p)
}

func transposition(t bool) byte {
	if t {
		return 'T'
	}
	return 'N'
}
