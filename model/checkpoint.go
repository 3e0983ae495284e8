package model

import (
	"encoding/json"
	"fmt"
	"slices"

	"neuroprobe/datasets"
)

// Checkpoint is a training run broken off between two steps: all that a resumed run needs to
// end with the same weights as an unbroken one.
type Checkpoint struct {
	Plan       string // the caller's, kept as it is
	Options    TrainOptions
	Spec       Spec
	DataDigest string

	path         string
	state        trainState
	steps        int // the optimizer's
	params, best []Params
	moments      []Moments
}

// checkpointHead is what the file's metadata hold beside the tensors.
type checkpointHead struct {
	Plan       string       `json:"plan"`
	Options    TrainOptions `json:"options"`
	Spec       Spec         `json:"spec"`
	DataDigest string       `json:"data_digest"`
	State      trainState   `json:"state"`
	Steps      int          `json:"optimizer_steps"`
}

// checkpointKey is the metadata key that marks a checkpoint.
const checkpointKey = "neuroprobe.checkpoint"

// SaveCheckpoint writes where the run stands, with the caller's plan, into one safetensors file.
func (t *Trainer) SaveCheckpoint(path, plan string) error {
	head, err := json.Marshal(checkpointHead{plan, t.options, t.spec, t.set.Digest(), t.state, t.solver.Steps})
	if err != nil {
		return err
	}
	f := tensorFile{Metadata: map[string]string{checkpointKey: string(head)}}
	k := 0
	eachParam(&t.spec, t.geo, func(i int, name string, shape []int, of func(Params) []float32) {
		f.Tensors = append(f.Tensors,
			storedTensor{Name: name, Shape: shape, Data: of(t.params[i])},
			storedTensor{Name: "best:" + name, Shape: shape, Data: of(t.best[i])})
		if t.solver.Moments != nil {
			m := t.solver.Moments[k]
			f.Tensors = append(f.Tensors, storedTensor{Name: "first:" + name, Shape: shape, Data: m.First}, storedTensor{Name: "second:" + name, Shape: shape, Data: m.Second})
		}
		k++
	})
	return f.write(path)
}

// eachParam calls f for each weight and bias in the order of the layers, with its name and
// shape in PyTorch's conventions. The order is also that of the optimizer's moments.
func eachParam(spec *Spec, geo []Geometry, f func(layer int, name string, shape []int, of func(Params) []float32)) {
	for i := 1; i < len(geo); i++ {
		l, g := &spec.Layers[i-1], &geo[i]
		shape := []int{g.Act[0], g.FanIn}
		switch l.Kind {
		case Add:
			continue
		case Conv2D:
			shape = []int{g.Act[0], g.In[0], l.Kernel, l.Kernel}
		}
		f(i, l.Name+".weight", shape, func(p Params) []float32 { return p.Weight })
		f(i, l.Name+".bias", []int{g.Act[0]}, func(p Params) []float32 { return p.Bias })
	}
}

// ReadCheckpoint reads what SaveCheckpoint wrote.
func ReadCheckpoint(path string) (*Checkpoint, error) {
	f, err := readTensors(path)
	if err != nil {
		return nil, err
	}
	return decodeCheckpoint(path, f)
}

func decodeCheckpoint(path string, f *tensorFile) (*Checkpoint, error) {
	text, ok := f.Metadata[checkpointKey]
	if !ok {
		return nil, fmt.Errorf("model: %s: no checkpoint of neuroprobe train (metadata %s is missing)", path, checkpointKey)
	}
	if len(text) > maxMetadata {
		return nil, fmt.Errorf("model: %s: metadata %s has %d bytes (at most %d are read)", path, checkpointKey, len(text), maxMetadata)
	}
	var head checkpointHead
	if err := json.Unmarshal([]byte(text), &head); err != nil {
		return nil, fmt.Errorf("model: %s: metadata %s: %w", path, checkpointKey, err)
	}
	geo, err := head.Spec.Geometries()
	if err != nil {
		return nil, fmt.Errorf("model: %s: %w", path, err)
	}
	c := &Checkpoint{Plan: head.Plan, Options: head.Options, Spec: head.Spec, DataDigest: head.DataDigest, path: path,
		state: head.State, steps: head.Steps, params: make([]Params, len(geo)), best: make([]Params, len(geo))}
	byName := map[string][]float32{}
	for _, t := range f.Tensors {
		byName[t.Name] = t.Data
	}
	find := func(name string, size int) []float32 {
		data := byName[name]
		switch at := firstNotFinite(data); {
		case err != nil:
		case len(data) != size:
			err = fmt.Errorf("model: %s: tensor %q has %d values (want %d)", path, name, len(data), size)
		case at >= 0:
			err = fmt.Errorf("model: %s: tensor %q: value %d is %v (want a finite number)", path, name, at, data[at])
		}
		return data
	}
	k := 0
	eachParam(&c.Spec, geo, func(i int, name string, shape []int, of func(Params) []float32) {
		size := 1
		for _, d := range shape {
			size *= d
		}
		weights, best := find(name, size), find("best:"+name, size)
		if k%2 == 0 {
			c.params[i].Weight, c.best[i].Weight = weights, best
		} else {
			c.params[i].Bias, c.best[i].Bias = weights, best
		}
		if head.Steps > 0 {
			c.moments = append(c.moments, Moments{find("first:"+name, size), find("second:"+name, size)})
		}
		k++
	})
	if err == nil {
		err = c.check()
	}
	return c, err
}

// check keeps a tampered state from running the trainer out of its arrays.
func (c *Checkpoint) check() error {
	s := &c.state
	if s.Epoch < 0 || s.Step < 0 || s.Epoch >= c.Options.Epochs || s.Best < 0 || s.Best > len(s.Epochs) || len(s.Epochs) != s.Epoch || s.Stopped != "" {
		return fmt.Errorf("model: %s: stands at epoch %d of %d, step %d, best %d of %d: no run can", c.path, s.Epoch, c.Options.Epochs, s.Step, s.Best, len(s.Epochs))
	}
	return c.Options.Check()
}

// Resume goes on with a run on the data it began with.
func (c *Checkpoint) Resume(set *datasets.Set) (*Trainer, error) {
	if digest := set.Digest(); digest != c.DataDigest {
		return nil, fmt.Errorf("model: the data have changed since the checkpoint: their digest is %.12s…, the run began on %.12s…", digest, c.DataDigest)
	}
	t, err := prepareTrainer(set, c.Spec, c.Options)
	if err != nil {
		return nil, err
	}
	if c.state.Step > t.Steps() {
		return nil, fmt.Errorf("model: %s: stands at step %d of an epoch of %d", c.path, c.state.Step, t.Steps())
	}
	t.params, t.best, t.state = cloneParams(c.params), cloneParams(c.best), c.state
	t.newSolver()
	t.solver.Steps = c.steps
	for _, m := range c.moments {
		t.solver.Moments = append(t.solver.Moments, Moments{slices.Clone(m.First), slices.Clone(m.Second)})
	}
	return t, t.build()
}
