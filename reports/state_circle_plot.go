package reports

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// stepsPNG draws accuracy to the left, activity to the right, step by step.
func (r CircleReport) stepsPNG() []byte {
	x := r.Result
	var steps []float64
	var accuracy, firing, similar []effect
	low := 100.0
	for k, s := range x.Readings {
		steps = append(steps, float64(s.Step))
		accuracy = append(accuracy, percentOf(s.Accuracy))
		low = min(low, 100*s.Accuracy.Low)
		a := x.Activity[k]
		firing = append(firing, effect{100 * a.Firing, 100 * a.Firing, 100 * a.Firing})
		similar = append(similar, effect{100 * a.Similar, 100 * a.Similar, 100 * a.Similar})
	}
	// A single step has no axis of its own.
	if len(steps) == 1 {
		steps = append(steps, 2)
		none := effect{math.NaN(), math.NaN(), math.NaN()}
		accuracy, firing, similar = append(accuracy, none), append(firing, none), append(similar, none)
	}
	return tiredPanels(
		tiredPanel{x: "step", y: "accuracy (%)", doses: steps, low: max(0, low-5), level: math.NaN(),
			lines: []tiredLine{{firstSeries("accuracy, read after the step"), solid, accuracy}}},
		tiredPanel{x: "step", y: "%", doses: steps, low: 0, level: math.NaN(),
			lines: []tiredLine{{secondSeries("neurons firing"), dashed, firing}, {thirdSeries("similarity to the last step"), dotted, similar}}})
}

// The layout of the picture of lesions, in pixels.
const (
	circleTop     = 52
	circleLargest = 26
)

// lesionsPNG draws neurons as columns, steps as rows.
func (r CircleReport) lesionsPNG() []byte {
	x := r.Result
	neurons := x.Neurons[:min(circleColumns, len(x.Neurons))]
	largest := 0.0
	for _, n := range neurons {
		largest = max(largest, math.Abs(n.All.Estimate))
		for _, l := range n.Lesions {
			largest = max(largest, math.Abs(l.Estimate))
		}
	}
	labels := textStyle(regular, 13, ink)
	left := float64(labels.Width("all steps")/pixel) + 24
	cell := min(circleLargest, math.Floor((plotWidth-left-16)/float64(len(neurons))))
	bottom := 14.0
	for _, n := range neurons {
		bottom = max(bottom, float64(labels.Width(n.Address.String())/pixel)+16)
	}
	rows := x.Steps + 1
	height := circleTop + float64(rows)*cell + bottom
	return renderPNG(int(height), func(c draw.Canvas) {
		c.FillText(labels, vg.Point{X: 16 * pixel, Y: c.Max.Y - 18*pixel}, "silenced at one step and at all; full colour: "+Number(largest)+" logits")
		g := matrixGrid{c, left, height - circleTop, cell}
		for row := range rows {
			name := fmt.Sprintf("step %d", row+1)
			if row == x.Steps {
				name = "all steps"
			}
			style := labels
			style.XAlign = draw.XRight
			g.FillText(style, g.corner(float64(row)+0.5, 0).Add(vg.Point{X: -7 * pixel}), name)
			for col, n := range neurons {
				e := n.All
				if row < x.Steps {
					e = n.Lesions[row]
				}
				g.fill(row, col, mixed(signColour(e.Estimate), share01(e.Estimate, largest)))
				if e.Significant() {
					colour := ink
					if share01(e.Estimate, largest) > 0.62 {
						colour = color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}
					}
					drawSign(g.Canvas, g.centre(row, col), cell*0.22, e.Estimate, colour)
				}
			}
		}
		for col, n := range neurons {
			style := labels
			style.XAlign, style.Rotation = draw.XRight, math.Pi/2
			g.FillText(style, g.corner(float64(rows), float64(col)+0.5).Add(vg.Point{Y: -7 * pixel}), n.Address.String())
		}
	})
}
