package model

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"neuroprobe/datasets"
)

// Evaluation is how a network does on one split.
type Evaluation struct {
	Split    datasets.Split `json:"-"`
	Images   int            `json:"images"`
	Correct  int            `json:"correct"`
	Accuracy float64        `json:"accuracy"`
	Loss     float64        `json:"cross_entropy"` // mean cross-entropy, nats an image
	// Confusion[true][answered] counts images.
	Confusion [][]int `json:"confusion"`
	// Worst are the wrong answers given with the most confidence, worst first.
	Worst []Mistake `json:"most_confidently_wrong"`
}

// Mistake is one wrong answer.
type Mistake struct {
	Image      int     `json:"image"` // index in the Set
	Name       string  `json:"name"`
	Label      int     `json:"label"`
	Answer     int     `json:"answer"`
	Confidence float64 `json:"confidence"` // softmax probability of the answer
}

// worstKept is how many mistakes an evaluation keeps.
const worstKept = 12

// Evaluate measures the network on one split of a set.
func (n *Network) Evaluate(ctx context.Context, set *datasets.Set, split datasets.Split, workers int) (Evaluation, error) {
	if err := n.Fits(set); err != nil {
		return Evaluation{}, err
	}
	lo, hi := set.Range(split)
	logits, err := n.Logits(ctx, set.Images[lo*set.ImageSize():hi*set.ImageSize()], nil, workers)
	if err != nil {
		return Evaluation{}, err
	}
	e := Evaluation{Split: split, Images: hi - lo, Confusion: make([][]int, len(n.Classes))}
	for c := range e.Confusion {
		e.Confusion[c] = make([]int, len(n.Classes))
	}
	p := make([]float32, len(n.Classes))
	for i := range e.Images {
		row, label := logits[i*len(p):(i+1)*len(p)], set.Labels[lo+i]
		answer := Answer(row)
		e.Confusion[label][answer]++
		e.Loss += CrossEntropyOf(row, label)
		if answer == label {
			e.Correct++
			continue
		}
		Softmax(p, row)
		e.Worst = append(e.Worst, Mistake{lo + i, set.Names[lo+i], label, answer, float64(p[answer])})
	}
	e.Accuracy = float64(e.Correct) / float64(e.Images)
	e.Loss /= float64(e.Images)
	slices.SortStableFunc(e.Worst, func(a, b Mistake) int { return cmp.Compare(b.Confidence, a.Confidence) })
	e.Worst = e.Worst[:min(len(e.Worst), worstKept)]
	return e, nil
}

// Fits tells whether the network can read the set's images and answers with its classes.
func (n *Network) Fits(set *datasets.Set) error {
	if in := n.Spec.Input; in != (Shape{set.Channels, set.Height, set.Width}) {
		return fmt.Errorf("model: the network reads images of %d×%d×%d, the data are %d×%d×%d", in[0], in[1], in[2], set.Channels, set.Height, set.Width)
	}
	if !slices.Equal(n.Classes, set.Classes) {
		return fmt.Errorf("model: the network tells %v apart, the data hold %v", n.Classes, set.Classes)
	}
	return nil
}
