package kernel

// DenseForward computes dst = x·weightᵀ + bias, followed by ReLU if relu is set: x is
// images×in, weight out×in, dst images×out.
func DenseForward(dst, x, weight, bias []float32, images, in, out int, relu bool, workers int) {
	w := Dense(weight, out, in)
	Parallel(workers, shards(images), func(_, task int) {
		lo, hi := shardRange(task, images)
		Product(Dense(dst[lo*out:], hi-lo, out), Dense(x[lo*in:], hi-lo, in), w, Op{TransposeB: true})
		for i := lo; i < hi; i++ {
			row := dst[i*out : (i+1)*out]
			for j, b := range bias {
				row[j] += b
			}
			if relu {
				ReLU(row)
			}
		}
	})
}

// DenseBackwardInput computes dx = dz·weight, the gradient of the input.
func DenseBackwardInput(dx, dz, weight []float32, images, in, out int, workers int) {
	w := Dense(weight, out, in)
	Parallel(workers, shards(images), func(_, task int) {
		lo, hi := shardRange(task, images)
		Product(Dense(dx[lo*in:], hi-lo, in), Dense(dz[lo*out:], hi-lo, out), w, Op{})
	})
}

// DenseBackwardWeight computes dw = dzᵀ·x and db = the column sums of dz: gradients summed
// over the images.
func DenseBackwardWeight(dw, db, dz, x []float32, images, in, out int, workers int) {
	const rows = 16 // neurons a task
	xs, dzs := Dense(x, images, in), Dense(dz, images, out)
	Parallel(workers, (out+rows-1)/rows, func(_, task int) {
		lo, hi := task*rows, min((task+1)*rows, out)
		Product(Dense(dw[lo*in:], hi-lo, in), dzs.Columns(lo, hi), xs, Op{TransposeA: true})
	})
	clear(db)
	for i := range images {
		for j, v := range dz[i*out : (i+1)*out] {
			db[j] += v
		}
	}
}
