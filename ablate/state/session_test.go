package state

import (
	"context"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// relay is one neuron that repeats its input x, and an output that repeats the neuron.
func relay() *model.Network { return modeltest.Wire(1, [][]float32{{1, 0}}, [][]float32{{1, 0}}) }

// usual are rates of 1 for every neuron of a network.
func usual(n *model.Network) *Rates {
	r := &Rates{Mean: make([][]float64, n.Depth()+1), SD: make([][]float64, n.Depth()+1)}
	for l := 1; l <= n.Depth(); l++ {
		r.Mean[l] = slices.Repeat([]float64{1}, n.Geometry(l).Act[0])
		r.SD[l] = r.Mean[l]
	}
	return r
}

func newSession(t *testing.T, n *model.Network, b Body, subjects int) *Session {
	t.Helper()
	s, err := NewSession(n, b, usual(n), 0, NewState(n, subjects))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestAdaptationFollowsItsClosedForm: under a constant stimulus r the gain after t presentations is
// g + (1-g)·exp(-(1+κr)t/τ) with g = 1/(1+κr), whatever pieces t is shown in.
func TestAdaptationFollowsItsClosedForm(t *testing.T) {
	const kappa, tau = 2, 5
	drives := []float32{0, 0.25, 0.5, 1}
	s := newSession(t, relay(), Body{Fatigue: kappa, Recovery: tau}, len(drives))
	time := 0.0
	for _, piece := range []float64{1, 0.5, 3, 0, 0.25, 10, 100} {
		logits, err := s.Show(drives, piece)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range drives {
			end := 1 / (1 + kappa*float64(r))
			gain := end + (1-end)*math.Exp(-(1+kappa*float64(r))*time/tau)
			if want := gain * float64(r); math.Abs(float64(logits[i])-want) > 1e-6 {
				t.Errorf("drive %v after %v presentations: output %v, want %v", r, time, logits[i], want)
			}
		}
		time += piece
	}
	for i, want := range []float64{1, 1 / 1.5, 0.5, 1 / 3.0} {
		if got := s.State.Gain(1, 0, i); math.Abs(got-want) > 1e-9 {
			t.Errorf("drive %v: the gain settles at %v, want 1/(1+κr) = %v", drives[i], got, want)
		}
	}
}

// TestRecoveryTimeConstantFromASimulation fits the time constant to gains seen during rest.
func TestRecoveryTimeConstantFromASimulation(t *testing.T) {
	const tau = 7.5
	s := newSession(t, relay(), Body{Fatigue: 3, Recovery: tau}, 1)
	if _, err := s.Show([]float32{1}, 20); err != nil {
		t.Fatal(err)
	}
	// log(1-x) falls along a line of slope -1/τ: least squares.
	var n, sx, sy, sxx, sxy float64
	for k := range 12 {
		x, y := float64(k)*0.5, math.Log(1-s.State.Gain(1, 0, 0))
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
		if err := s.Rest(0.5); err != nil {
			t.Fatal(err)
		}
	}
	if got := -(n*sxx - sx*sx) / (n*sxy - sx*sy); math.Abs(got-tau) > 1e-6 {
		t.Errorf("time constant from the simulation: %v, want %v", got, tau)
	}
}

// bodiless networks: every preset, on random images.
func eachPreset(t *testing.T, test func(t *testing.T, n *model.Network, images []float32)) {
	for _, p := range model.Presets {
		t.Run(p.Name, func(t *testing.T) {
			spec, err := model.Preset(p.Name, model.Shape{3, 16, 16}, 3)
			if err != nil {
				t.Fatal(err)
			}
			n := modeltest.Random(spec, 5)
			test(t, n, modeltest.Images(spec.Input, 4, 6))
		})
	}
}

func TestWithoutABodyNothingIsCarried(t *testing.T) {
	eachPreset(t, func(t *testing.T, n *model.Network, images []float32) {
		plain, err := model.NewSession(n).Run(images, 0, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := slices.Clone(plain)
		s := newSession(t, n, Body{}, 4)
		for k := range 5 {
			if err := s.Rest(float64(k)); err != nil {
				t.Fatal(err)
			}
			got, err := s.Show(images, 1)
			if err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
					t.Fatalf("showing %d: logit %d is %v, of the stateless network %v", k, i, got[i], want[i])
				}
			}
		}
	})
}

func TestALesionActsOnATiredNetwork(t *testing.T) {
	// Two neurons repeat x; the output adds them. One is silenced: what is left is one tired neuron.
	n := modeltest.Wire(1, [][]float32{{1, 0}, {1, 0}}, [][]float32{{1, 1, 0}})
	s := newSession(t, n, Body{Fatigue: 1, Recovery: 1}, 1)
	if _, err := s.Show([]float32{1}, 1000); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		edits []model.Edit
		want  float32
	}{{nil, 1}, {[]model.Edit{model.Zero(model.Neuron(1, 0))}, 0.5}} {
		got, err := s.Show([]float32{1}, 0, c.edits...)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(float64(got[0]-c.want)) > 1e-6 {
			t.Errorf("%d lesions: output %v, want %v", len(c.edits), got[0], c.want)
		}
	}
}

func TestArousalAndNoise(t *testing.T) {
	s := newSession(t, relay(), Body{Arousal: 0.5}, 2)
	got, err := s.Show([]float32{0.2, 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(float64(got[0])-0.3) > 1e-6 || math.Abs(float64(got[1])-1.5) > 1e-6 {
		t.Errorf("outputs %v, want 1.5 times the inputs", got)
	}
	const subjects = 4000
	s = newSession(t, relay(), Body{Noise: 0.5, Seed: 3}, subjects)
	got, err = s.Show(slices.Repeat([]float32{1}, subjects), 1)
	if err != nil {
		t.Fatal(err)
	}
	mean, square := 0.0, 0.0
	for _, v := range got {
		mean += float64(v) / subjects
		square += (float64(v) - 1) * (float64(v) - 1) / subjects
	}
	if sd := math.Sqrt(square); math.Abs(mean-1) > 0.04 || math.Abs(sd-0.5) > 0.03 {
		t.Errorf("output %v ± %v, want 1 ± 0.5", mean, sd)
	}
}

// run collects the logits of all steps and the last gains of a sequence.
func run(t *testing.T, q Sequence) (logits [][]float32, gains [][]float64) {
	t.Helper()
	classes := len(q.Network.Classes)
	logits = make([][]float32, len(q.Steps))
	for k := range logits {
		logits[k] = make([]float32, q.Subjects*classes)
	}
	gains = make([][]float64, q.Subjects)
	err := q.Run(context.Background(), func(step, first int, l []float32, s *State) {
		copy(logits[step][first*classes:], l)
		for i := range s.Subjects {
			var all []float64
			for _, layer := range Tiring(q.Network) {
				for u := range q.Network.Geometry(layer).Act[0] {
					all = append(all, s.Gain(layer, u, i))
				}
			}
			gains[first+i] = all
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return logits, gains
}

func TestASubjectDependsOnNobody(t *testing.T) {
	spec, err := model.Preset("cnn", model.Shape{3, 8, 8}, 2)
	if err != nil {
		t.Fatal(err)
	}
	n := modeltest.Random(spec, 1)
	pool := modeltest.Images(spec.Input, 90, 2)
	image := func(k int) []float32 { return pool[k%90*spec.Input.Size():][:spec.Input.Size()] }
	steps := []Step{{Image: image}, {Rest: 0.5, Image: func(s int) []float32 { return image(s * 7) }, Duration: 2}, {Rest: 3}, {Image: image}}
	q := Sequence{Network: n, Body: Body{Fatigue: 2, Noise: 0.3, Seed: 9}, Rates: usual(n), Subjects: 70, Steps: steps, Workers: 1}
	logits, gains := run(t, q)
	q.Workers = 3
	again, gainsAgain := run(t, q)
	q.Subjects = 33 // cuts the second batch short; the first is the same to the bit
	fewer, gainsFewer := run(t, q)
	for k := range logits {
		if !slices.Equal(logits[k], again[k]) || !slices.Equal(logits[k][:32*2], fewer[k][:32*2]) {
			t.Errorf("step %d: logits depend on workers or on other subjects", k)
		}
	}
	for i := range 32 {
		if !slices.Equal(gains[i], gainsAgain[i]) || !slices.Equal(gains[i], gainsFewer[i]) {
			t.Errorf("subject %d: gains depend on workers or on other subjects", i)
		}
	}
	if slices.Equal(logits[0], logits[3]) {
		t.Error("the same images after a history: same logits, want others")
	}
}

func TestStateIsSavedAndRead(t *testing.T) {
	n := relay()
	s := newSession(t, n, Body{Fatigue: 1}, 2)
	if _, err := s.Show([]float32{0.3, 0.7}, 1); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "state.json")
	if err := s.State.Save(path); err != nil {
		t.Fatal(err)
	}
	read, err := Load(path, n)
	if err != nil {
		t.Fatal(err)
	}
	other := newSession(t, n, Body{Fatigue: 1}, 2)
	other.State = read
	a, err := s.Show([]float32{1, 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := other.Show([]float32{1, 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(a, b) {
		t.Errorf("the read state goes on with %v, the saved one with %v", b, a)
	}
	s.State.Reset()
	if s.State.Gain(1, 0, 0) != 1 || s.State.Shown != 0 {
		t.Error("a reset state is not fresh")
	}
}

func FuzzDecode(f *testing.F) {
	n := relay()
	for _, text := range []string{
		`{"subjects":1,"shown":2,"gains":[null,[0.5],null]}`, `{"subjects":0}`, `{"subjects":1,"gains":[null,[2],null]}`,
		`{"subjects":1,"gains":[null,[1,1],null]}`, `{"subjects":9007199254740993,"gains":[]}`, `[]`, ``,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := decode(text, n)
		if err != nil {
			return
		}
		if _, err := NewSession(n, Body{Fatigue: 1}, usual(n), 0, s); err != nil {
			t.Fatalf("a state that was read does not run: %v", err)
		}
	})
}
