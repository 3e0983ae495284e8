package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// workers are the cores Go may use, as found at the start of the process.
var workers = runtime.GOMAXPROCS(0)

// Workers is the number of goroutines Parallel uses: the cores Go may use.
func Workers() int { return workers }

// spareProcessor gives the scheduler one processor more than there are workers. A goroutine
// inside a C call holds its processor only while another one is idle; otherwise the runtime takes
// it away after 20 µs, about as long as one of our products lasts, and the way back costs two
// thread switches. With a spare one inference is a fifth faster.
var spareProcessor = sync.OnceFunc(func() { runtime.GOMAXPROCS(workers + 1) })

// Parallel runs f for every task in [0, tasks) on up to `workers` goroutines (0 means
// Workers()) and waits for all. f gets the number of its worker, below workers, to find that
// worker's scratch space. What a task computes must not depend on the worker.
func Parallel(workers, tasks int, f func(worker, task int)) {
	if workers <= 0 {
		workers = Workers()
	}
	if workers = min(workers, tasks); workers <= 1 {
		for t := range tasks {
			f(0, t)
		}
		return
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			for t := int(next.Add(1)) - 1; t < tasks; t = int(next.Add(1)) - 1 {
				f(w, t)
			}
		})
	}
	wait.Wait()
}

// shard is how many images one task takes. It is fixed so that partial sums over images are
// the same whatever the number of workers.
const shard = 16

func shards(images int) int { return (images + shard - 1) / shard }

func shardRange(task, images int) (lo, hi int) { return task * shard, min((task+1)*shard, images) }
