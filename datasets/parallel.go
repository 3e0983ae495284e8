package datasets

import (
	"context"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
)

// parallel calls work(0) … work(n-1) on as many goroutines as there are processors. Each
// call must write to its own place only, so that the result is the same for any number of
// workers. It returns the context's error if that ended before the work.
func parallel(ctx context.Context, n int, work func(i int)) error {
	var (
		next    atomic.Int64
		workers sync.WaitGroup
	)
	for range min(n, runtime.GOMAXPROCS(0)) {
		workers.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				work(i)
			}
		})
	}
	workers.Wait()
	return ctx.Err()
}

// counting turns a progress callback into a function to call once for each piece of work
// done, from any goroutine; the callback itself is never called twice at a time.
func counting(progress func(done, total int), total int) func() {
	if progress == nil {
		return func() {}
	}
	var (
		mu   sync.Mutex
		done int
	)
	return func() {
		mu.Lock()
		defer mu.Unlock()
		done++
		progress(done, total)
	}
}

// contextReader ends a reading when its context ends.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
