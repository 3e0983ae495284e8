package state

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// primedSelect is what the network does with the select images, with its lesions and fresh.
type primedSelect struct {
	first, images int
	logits        []float32
	drive         []float64     // by image: mean over the neurons that can tire
	byClass       [][][]float64 // layer, unit, class: mean drive
	confused      int           // images of A or B taken for the other
	warnings      []string
}

// y is the signed logit difference of one image's logits.
func (e *priming) y(logits []float32) float64 {
	return float64(logits[e.classes[0]]) - float64(logits[e.classes[1]])
}

// look watches the select images.
func (e *priming) look(ctx context.Context) error {
	n := e.Network
	lo, hi := e.Set.Range(datasets.Select)
	s := &primedSelect{first: lo, images: hi - lo, drive: make([]float64, hi-lo), byClass: make([][][]float64, n.Depth()+1)}
	drives := make([][]float64, n.Depth()+1) // layer: images × units
	for _, l := range e.tiring {
		drives[l] = make([]float64, s.images*n.Geometry(l).Act[0])
	}
	size := e.Set.ImageSize()
	var err error
	s.logits, err = n.Observe(ctx, e.Set.Images[lo*size:hi*size], e.lesions, e.Workers, model.Trace{Pre: e.tiring}, func(first int, t *model.Trace) {
		for _, l := range e.tiring {
			units, area := n.Geometry(l).Act[0], n.Geometry(l).Act.Area()
			for k := range t.PreActivation(l)[:len(t.PreActivation(l))/area] {
				sum := 0.0
				for _, z := range t.PreActivation(l)[k*area:][:area] {
					sum += float64(max(z, 0))
				}
				if usual := e.rates.Mean[l][k%units]; usual > 0 {
					drives[l][first*units+k] = sum / float64(area) / usual
				}
			}
		}
	})
	if err != nil {
		return err
	}
	neurons, held := 0, make([]float64, len(n.Classes))
	for _, label := range e.Set.Labels[lo:hi] {
		held[label]++
	}
	for _, l := range e.tiring {
		units := n.Geometry(l).Act[0]
		neurons += units
		s.byClass[l] = make([][]float64, units)
		for u := range units {
			s.byClass[l][u] = make([]float64, len(n.Classes))
			for i, label := range e.Set.Labels[lo:hi] {
				s.drive[i] += drives[l][i*units+u]
				s.byClass[l][u][label] += drives[l][i*units+u] / held[label]
			}
		}
	}
	for i := range s.drive {
		s.drive[i] /= float64(neurons)
	}
	e.selected = s
	e.settle()
	return nil
}

// settle decides on the two classes.
func (e *priming) settle() {
	s, classes := e.selected, len(e.Network.Classes)
	confused := make([]int, classes*classes) // later × earlier
	for i := range s.images {
		label, answer := e.Set.Labels[s.first+i], model.Answer(s.logits[i*classes:][:classes])
		if label != answer {
			confused[max(label, answer)*classes+min(label, answer)]++
		}
	}
	best := classes // the first two
	for k, c := range confused {
		if c > confused[best] {
			best = k
		}
	}
	e.classes = [2]int{best / classes, best % classes}
	if e.o.Classes != nil {
		e.classes = [2]int{e.o.Classes[0], e.o.Classes[1]}
	}
	s.confused = confused[max(e.classes[0], e.classes[1])*classes+min(e.classes[0], e.classes[1])]
}

// candidates are the select images of A (0) or B (1) that the network gets right, or where these are
// fewer than two, all of the class.
func (e *priming) candidates(class int) (right []Prime, enough bool) {
	s, classes := e.selected, len(e.Network.Classes)
	var all []Prime
	for i := range s.images {
		if e.Set.Labels[s.first+i] != e.classes[class] {
			continue
		}
		logits := s.logits[i*classes:][:classes]
		all = append(all, Prime{Image: s.first + i, Name: e.Set.Names[s.first+i], Class: class, Y: e.y(logits), Drive: s.drive[i]})
		if model.Answer(logits) == e.classes[class] {
			right = append(right, all[len(all)-1])
		}
	}
	if len(right) < 2 {
		return all, false
	}
	return right, true
}

// choose takes the primes, those of A first.
func (e *priming) choose() error {
	for class := range e.classes {
		all, enough := e.candidates(class)
		name := e.Set.Classes[e.classes[class]]
		switch {
		case len(all) < 2:
			return fmt.Errorf("state: the select split has %d images of %s (want at least 2 as primes)", len(all), name)
		case !enough:
			e.selected.warnings = append(e.selected.warnings, fmt.Sprintf("fewer than 2 select images of %s are answered rightly: wrong ones are primes too", name))
		}
		if e.o.Choice == Random {
			random := rand.New(rand.NewPCG(e.Seed, 0x7072696d+uint64(class))) // "prim"
			random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		} else {
			slices.SortStableFunc(all, func(a, b Prime) int { return cmp.Compare(b.margin(), a.margin()) })
		}
		if len(all) < e.o.Primes {
			e.selected.warnings = append(e.selected.warnings, fmt.Sprintf("only %d select images of %s can be primes, fewer than the %d wanted", len(all), name, e.o.Primes))
		}
		e.primes = append(e.primes, all[:min(len(all), e.o.Primes)]...)
	}
	return nil
}

// margin is y towards the prime's own class.
func (p *Prime) margin() float64 {
	if p.Class == 0 {
		return p.Y
	}
	return -p.Y
}

// aim takes the targets: images of A and B of the measured split.
func (e *priming) aim() error {
	for i := range e.Images {
		if l := e.Labels[i]; l == e.classes[0] || l == e.classes[1] {
			e.targets = append(e.targets, e.First+i)
		}
	}
	if len(e.targets) == 0 {
		return fmt.Errorf("state: the %s split has no image of %s or %s", e.Split, e.Set.Classes[e.classes[0]], e.Set.Classes[e.classes[1]])
	}
	if e.o.Targets > 0 {
		var kept []int
		for _, k := range e.part(len(e.targets), e.o.Targets, 0x74617267) { // "targ"
			kept = append(kept, e.targets[k])
		}
		e.targets = kept
	}
	e.few = e.part(len(e.targets), e.o.CurveTargets, 0x63757276) // "curv"
	e.pixels = e.images(e.targets)
	var few []int
	for _, k := range e.few {
		few = append(few, e.targets[k])
	}
	e.fewer = e.images(few)
	return nil
}

// part is a random part of 0..n-1, in order.
func (e *priming) part(n, want int, stream uint64) []int {
	chosen := rand.New(rand.NewPCG(e.Seed, stream)).Perm(n)[:min(n, want)]
	slices.Sort(chosen)
	return chosen
}

func (e *priming) images(places []int) (pixels []float32) {
	for _, i := range places {
		pixels = append(pixels, e.Set.Image(i)...)
	}
	return pixels
}
