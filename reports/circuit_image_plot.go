package reports

import (
	"image"
	"image/color"
	stddraw "image/draw"
	"strings"

	"neuroprobe/ablate/circuit"
	"neuroprobe/datasets"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// chainStrip draws one image's chain, neuron by neuron: the image, its channels' maps over it, and boxes
// for dense neurons, with the links between.
type chainStrip struct {
	chain   *circuit.ImageChain
	picture *datasets.Set // of the one image
	classes []string
}

// The layout of the strip, in pixels.
const (
	stripCell = 92 // the longest side of a picture
	stripGap  = 38 // before it, for the link
	stripText = 64 // below it
	stripTop  = 34
	stripLine = 6 // cells in a line
)

// onePicture is a set of the image alone.
func onePicture(set *datasets.Set, pixels []float32) *datasets.Set {
	return &datasets.Set{Channels: set.Channels, Height: set.Height, Width: set.Width, Images: pixels, Labels: []int{0}}
}

// png draws the strip.
func (s chainStrip) png() []byte {
	lines := (len(s.chain.Neurons) + stripLine - 1) / stripLine
	height := stripTop + lines*(stripCell+stripText)
	return renderPNG(height, func(c draw.Canvas) {
		s.legend(c)
		for k, n := range s.chain.Neurons {
			x := float64(8 + k%stripLine*(stripCell+stripGap) + stripGap)
			y := float64(height - stripTop - k/stripLine*(stripCell+stripText) - stripCell) // the picture's lower edge
			s.neuron(c, x, y, n)
			if k > 0 {
				s.link(c, x, y+stripCell/2, s.chain.Links[k-1])
			}
		}
	})
}

func (s chainStrip) legend(c draw.Canvas) {
	link := func(inhibitory bool) func(c draw.Canvas, x0, x1, y vg.Length) {
		return func(c draw.Canvas, x0, x1, y vg.Length) { drawLink(c, x0, x1, y, 2, inhibitory) }
	}
	legend(c, 14*pixel, c.Max.Y-16*pixel, []legendEntry{{"excitatory", link(false)}, {"inhibitory", link(true)}})
	c.FillText(textStyle(regular, 13, ink), vg.Point{X: 290 * pixel, Y: c.Max.Y - 16*pixel}, "figure and width: change of y when the link is cut")
}

// link is drawn into the gap before a cell.
func (s chainStrip) link(c draw.Canvas, x, y float64, l circuit.ImageLink) {
	drawLink(c, vg.Length(x-stripGap+2)*pixel, vg.Length(x-2)*pixel, vg.Length(y)*pixel, linkWidth(l.Effect, largestSize(s.effects())), !l.Excitatory())
	text := signedFixed(l.Effect, linkDecimals(s.effects()))
	size := 11.0
	if len([]rune(text)) > 6 {
		size = 9
	}
	style := textStyle(bold, size, ink)
	style.XAlign = draw.XCenter
	c.FillText(style, vg.Point{X: vg.Length(x-stripGap/2) * pixel, Y: vg.Length(y+13) * pixel}, text)
}

func (s chainStrip) effects() (all []float64) {
	for _, l := range s.chain.Links {
		all = append(all, l.Effect)
	}
	return all
}

// neuron is a picture or a box, with its name and activation below.
func (s chainStrip) neuron(c draw.Canvas, x, y float64, n circuit.ChainNeuron) {
	title, label := n.ID+" · "+n.Layer, n.Label
	switch {
	case n.Neuron.Layer == 0 || n.Map != nil:
		if n.Neuron.Layer == 0 {
			title, label = "the image", strings.TrimSpace(n.ID+" "+channelName(s.picture.Channels, n.Neuron.Unit))
		}
		s.paint(c, x, y, n)
	default:
		box := rectangle(x+4, y+stripCell/2-26, stripCell-8, 52)
		c.FillPolygon(mixed(slate, 0.12), box)
		c.StrokeLines(line(ink, 1.2), append(box, box[0]))
		big := textStyle(bold, 16, ink)
		big.XAlign = draw.XCenter
		c.FillText(big, vg.Point{X: vg.Length(x+stripCell/2) * pixel, Y: vg.Length(y+stripCell/2) * pixel}, Number(n.Activation))
		if k := n.Neuron.Unit; n.Neuron.Layer > 0 && n.Neuron == s.chain.Neurons[len(s.chain.Neurons)-1].Neuron && k < len(s.classes) {
			label = "speaks for " + s.classes[k]
		}
	}
	lines := []string{title}
	if label != "" {
		lines = append(lines, label)
	}
	if n.Neuron.Layer > 0 {
		lines = append(lines, "activation "+Number(n.Activation), "above "+percentileText(n.Percentile)+" of images")
	}
	for k, text := range lines {
		style := textStyle(regular, 11, ink)
		if k == 0 {
			style = textStyle(bold, 12, ink)
		}
		style.XAlign = draw.XCenter
		c.FillText(style, vg.Point{X: vg.Length(x+stripCell/2) * pixel, Y: vg.Length(y-9-13*float64(k)) * pixel}, elide(text, 22))
	}
}

// paint is the image, under the neuron's map if it has one.
func (s chainStrip) paint(c draw.Canvas, x, y float64, n circuit.ChainNeuron) {
	size := image.Pt(stripCell, stripCell)
	if w, h := s.picture.Width, s.picture.Height; w > h {
		size.Y = max(1, stripCell*h/w)
	} else {
		size.X = max(1, stripCell*w/h)
	}
	img := image.NewRGBA(image.Rectangle{Max: size})
	stddraw.Draw(img, img.Rect, image.NewUniform(color.White), image.Point{}, stddraw.Src)
	paint(img, img.Rect, s.picture, 0)
	if n.Map != nil {
		top := 0.0
		for _, v := range n.Map {
			top = max(top, float64(v))
		}
		heat{n.Map, n.Rows, n.Cols, top}.over(img, img.Rect, s.picture.Width, s.picture.Height)
	}
	left, low := x+float64(stripCell-size.X)/2, y+float64(stripCell-size.Y)/2
	corners := rectangle(left, low, float64(size.X), float64(size.Y))
	c.DrawImage(vg.Rectangle{Min: corners[0], Max: corners[2]}, img)
}
