package state

import (
	"fmt"
	"math"
	"math/rand/v2"

	"neuroprobe/model"
)

// Session is a network with a body: a model.Session that carries a State from image to image. It
// belongs to one goroutine.
type Session struct {
	State *State // may be looked at, saved, reset, and replaced by another of as many subjects

	network *model.Network
	body    Body
	rates   *Rates
	session *model.Session
	tiring  []int
	trace   model.Trace
	first   int // number of the first subject, which decides its noise
	edits   []model.Edit
	keep    [][]float32 // by layer, units × subjects: the levels of the body's edits
	fill    [][]float32
}

// NewSession gives a network a body. rates may be nil for a body that neither tires nor makes
// noise. first is the number of the first subject among all of an experiment: the noise of a
// subject depends on its number, and not on who runs beside it.
func NewSession(n *model.Network, body Body, rates *Rates, first int, s *State) (*Session, error) {
	return sessionWith(n, body, rates, first, s, model.NewSession(n))
}

// sessionWith is NewSession with the buffers of a session that is used no more.
func sessionWith(n *model.Network, body Body, rates *Rates, first int, s *State, buffers *model.Session) (*Session, error) {
	if err := body.Check(); err != nil {
		return nil, err
	}
	if rates == nil && (body.Fatigue > 0 || body.Noise > 0) {
		return nil, fmt.Errorf("state: fatigue and noise are measured by the neurons' usual rates, and there are none")
	}
	if err := s.check(n); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	session := &Session{State: s, network: n, body: body, rates: rates, session: buffers, tiring: Tiring(n), first: first,
		keep: make([][]float32, n.Depth()+1), fill: make([][]float32, n.Depth()+1)}
	if body.Fatigue > 0 { // else nobody asks for the drive, and the layers run in one go
		session.trace.Pre = session.tiring
	}
	session.layOut()
	return session, nil
}

// layOut makes the body's edits, one a neuron, whose levels are filled in before each image.
func (s *Session) layOut() {
	for _, l := range s.tiring {
		units, subjects := s.network.Geometry(l).Act[0], s.State.Subjects
		s.keep[l], s.fill[l] = make([]float32, units*subjects), make([]float32, units*subjects)
		for u := range units {
			from, to := u*subjects, (u+1)*subjects
			s.edits = append(s.edits, model.Edit{Target: model.Neuron(l, u),
				Keep: model.Level{Values: s.keep[l][from:to], PerImage: true}, Fill: model.Level{Values: s.fill[l][from:to], PerImage: true}})
		}
	}
}

// Show shows each subject an image (subjects × C×H×W, values in [0,1]) for a duration, in
// presentations, under further edits, which act after the body's and whose per-image levels are one
// a subject. It returns the logits, subjects × classes, overwritten by the next Show. The answer is
// that of the neurons as they are at the image's onset; then they tire.
func (s *Session) Show(images []float32, duration float64, edits ...model.Edit) ([]float32, error) {
	if size := s.network.Spec.Input.Size(); len(images) != s.State.Subjects*size {
		return nil, fmt.Errorf("state: %d pixel values for %d subjects (want an image of %d for each)", len(images), s.State.Subjects, size)
	}
	if !(duration >= 0) || math.IsInf(duration, 0) {
		return nil, fmt.Errorf("state: an image is shown for %v presentations (want 0 or more)", duration)
	}
	s.levels()
	logits, err := s.session.Run(images, 0, append(s.edits[:len(s.edits):len(s.edits)], edits...), &s.trace)
	if err != nil {
		return nil, err
	}
	if s.body.Fatigue > 0 {
		for _, l := range s.tiring {
			s.tire(l, duration)
		}
	}
	s.State.Shown++
	return logits, nil
}

// levels writes gains and noise into the body's edits.
func (s *Session) levels() {
	for _, l := range s.tiring {
		for k, gain := range s.State.Gains[l] {
			s.keep[l][k] = float32(gain * (1 + s.body.Arousal))
		}
	}
	if s.body.Noise == 0 {
		return
	}
	for subject := range s.State.Subjects {
		random := rand.New(rand.NewPCG(s.body.Seed, uint64(s.first+subject)<<32|uint64(s.State.Shown)))
		for _, l := range s.tiring {
			for u, sd := range s.rates.SD[l] {
				s.fill[l][u*s.State.Subjects+subject] = float32(random.NormFloat64() * s.body.Noise * sd)
			}
		}
	}
}

// tire moves the gains of a layer on by the duration of the image that was shown.
func (s *Session) tire(l int, duration float64) {
	shape, pre, subjects := s.network.Geometry(l).Act, s.trace.PreActivation(l), s.State.Subjects
	area := shape.Area()
	for subject := range subjects {
		for u, usual := range s.rates.Mean[l] {
			if usual <= 0 {
				continue // dead on select: there is no rate to measure it by
			}
			sum := 0.0
			for _, z := range pre[subject*shape.Size()+u*area:][:area] {
				sum += float64(max(z, 0))
			}
			drive := (1 + s.body.Arousal) * sum / float64(area) / usual
			x := &s.State.Gains[l][u*subjects+subject]
			*x = s.body.tired(*x, drive, duration)
		}
	}
}

// tired is the gain after a constant drive, exactly: it decays exponentially to its end.
func (b *Body) tired(gain, drive, duration float64) float64 {
	end := 1 / (1 + b.Fatigue*drive)
	return end + (gain-end)*math.Exp(-(1+b.Fatigue*drive)*duration/b.recovery())
}

// Rest lets time pass, in presentations, with nothing shown and no neuron driven.
func (s *Session) Rest(duration float64) error {
	if !(duration >= 0) || math.IsInf(duration, 0) {
		return fmt.Errorf("state: a rest of %v presentations (want 0 or more)", duration)
	}
	left := math.Exp(-duration / s.body.recovery())
	for _, l := range s.tiring {
		for k, x := range s.State.Gains[l] {
			s.State.Gains[l][k] = 1 - (1-x)*left
		}
	}
	return nil
}
