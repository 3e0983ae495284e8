package reports

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/probe"
)

func TestGoldenSweep(t *testing.T) {
	e := Sweep(fixtureSweep(t))
	golden(t, "0005-ablate-sweep.md", e.Markdown("0005-ablate-sweep"))
	golden(t, "0005-ablate-sweep.txt", []byte(Terminal(e)))
	again := Sweep(fixtureSweep(t))
	for i, f := range e.figures() {
		if !bytes.Equal(f.PNG, again.figures()[i].PNG) {
			t.Errorf("two drawings of %s differ", f.File)
		}
	}
	if _, err := e.JSON(); err != nil {
		t.Error(err)
	}
	if err := e.check(); err != nil {
		t.Error(err)
	}
}

// TestSweepOfNothing: neurons that all are dead, in one layer, in one way, without curves or
// features.
func TestSweepOfNothing(t *testing.T) {
	r := fixtureSweep(t)
	res := r.Result
	res.Layers, res.Neurons, res.Kinds, res.Curves, res.Pairs, res.Features, res.Warnings = res.Layers[:1], res.Neurons[13:14], res.Kinds[:1], nil, nil, nil, nil
	res.Layers[0].Neurons, res.Layers[0].Trust = 1, []probe.Number{probe.Undefined}
	res.Neurons[0].Lesions = res.Neurons[0].Lesions[:1]
	res.Families = []ablate.Family{{Kind: ablate.Zero, Test: ablate.TestAccuracy, LeftOut: 1}, {Kind: ablate.Zero, Test: ablate.TestLogitDiff, LeftOut: 1}}
	e := Sweep(r)
	if !strings.HasSuffix(e.Answer, "; no neuron moves any answer.") {
		t.Errorf("answer %q", e.Answer)
	}
	text := string(e.Markdown("0001-x"))
	for _, absent := range []string{"NaN", "How many neurons can go", "Do the kinds", "contrast"} {
		if strings.Contains(text, absent) {
			t.Errorf("the page has %q", absent)
		}
	}
	if !strings.Contains(text, "1 dead neuron, which fires") {
		t.Error("the dead neuron is not named among the exclusions")
	}
}

// TestSweepOfManyClasses has columns and rows for a few of them only.
func TestSweepOfManyClasses(t *testing.T) {
	r := fixtureSweep(t)
	res := r.Result
	for c := range 38 {
		res.Classes, res.ClassImages = append(res.Classes[:len(res.Classes):len(res.Classes)], fmt.Sprintf("class %d", c)), append(res.ClassImages, 5)
		for i := range res.Neurons {
			for k := range res.Neurons[i].Lesions {
				l := &res.Neurons[i].Lesions[k]
				l.Recall, l.ByClass = append(l.Recall, l.Recall[0]), append(l.ByClass, l.ByClass[0])
				l.Select.ByClass = append(l.Select.ByClass, l.Select.ByClass[0])
			}
		}
	}
	text := string(Sweep(r).Markdown("0001-x"))
	for _, want := range []string{"hurts a class", "12 more rows can be had"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(text, "recall of class 3") {
		t.Error("40 classes have columns of their own")
	}
}
