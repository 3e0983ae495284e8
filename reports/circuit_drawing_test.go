package reports

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"image/png"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// drawingOf makes a drawing of edges written "0:1>1:2" (excites) or "0:1|1:2" (inhibits), each weaker
// than the one before.
func drawingOf(edges ...string) circuitDrawing {
	d := circuitDrawing{}
	seen := map[string]bool{}
	add := func(id string) string {
		var layer, unit int
		if _, err := fmt.Sscanf(id, "%d:%d", &layer, &unit); err != nil {
			panic(err)
		}
		for len(d.layers) <= layer {
			d.layers = append(d.layers, fmt.Sprintf("layer%d", len(d.layers)))
		}
		if !seen[id] {
			seen[id] = true
			d.nodes = append(d.nodes, drawnNode{id: id, layer: layer, lines: []string{id, "lesion"}})
		}
		return id
	}
	for k, e := range edges {
		at := strings.IndexAny(e, ">|")
		d.edges = append(d.edges, drawnEdge{from: add(e[:at]), to: add(e[at+1:]), weight: -1 / float64(k+1), excitatory: e[at] == '>'})
	}
	return d
}

// TestStrongestKeepsWholePaths: each kept edge comes with the path through it whose weakest edge is
// strongest; one that would need too many others stays out.
func TestStrongestKeepsWholePaths(t *testing.T) {
	d := drawingOf("1:0>2:0", "0:0>1:0", "2:0>3:0", "0:1>1:1", "0:1>1:0", "1:1>2:1", "2:1>3:0", "2:0>3:1")
	for _, c := range []struct {
		most int
		want []string
	}{
		{8, []string{"1:0>2:0", "0:0>1:0", "2:0>3:0", "0:1>1:1", "0:1>1:0", "1:1>2:1", "2:1>3:0", "2:0>3:1"}},
		{6, []string{"1:0>2:0", "0:0>1:0", "2:0>3:0", "0:1>1:1", "1:1>2:1", "2:1>3:0"}},
		{5, []string{"1:0>2:0", "0:0>1:0", "2:0>3:0", "0:1>1:0", "2:0>3:1"}}, // 0:1>1:1 needs three
		{3, []string{"1:0>2:0", "0:0>1:0", "2:0>3:0"}},
		{2, nil}, // no path is that short
	} {
		drawn, left := d.strongest(c.most)
		var got []string
		for _, e := range drawn.edges {
			got = append(got, e.from+">"+e.to)
		}
		if !slices.Equal(got, c.want) || left != len(d.edges)-len(c.want) {
			t.Errorf("of at most %d edges it keeps %v and leaves %d, want %v", c.most, got, left, c.want)
		}
		for _, n := range drawn.nodes {
			if !slices.ContainsFunc(drawn.edges, func(e drawnEdge) bool { return e.from == n.id || e.to == n.id }) {
				t.Errorf("%s is drawn without an edge", n.id)
			}
		}
	}
}

// ladder is a drawing that can be laid out without a crossing, given in an order full of them.
func ladder(n int) circuitDrawing {
	var edges []string
	for k := range n {
		for l := range 4 {
			edges = append(edges, fmt.Sprintf("%d:%d>%d:%d", l, (k*7+l*3)%n, l+1, (k*7+l*3+3)%n))
		}
	}
	d := drawingOf(edges...)
	slices.SortFunc(d.nodes, func(a, b drawnNode) int { return strings.Compare(a.id, b.id) })
	return d
}

func TestLayoutRemovesCrossings(t *testing.T) {
	before, after := ladder(9).place(), ladder(9).layout()
	if before.crossings() == 0 || after.crossings() != 0 {
		t.Errorf("%d crossings before, %d after", before.crossings(), after.crossings())
	}
	// What runs level stays level: every node stands where its neighbours do.
	for _, route := range after.routes {
		if a, b := after.slots[route[0]].y, after.slots[route[1]].y; math.Abs(a-b) > 1 {
			t.Errorf("an edge goes from %v to %v", a, b)
		}
	}
}

// skipping has an edge past two layers.
func skipping() circuitDrawing {
	return drawingOf("0:0>1:0", "0:0>1:1", "1:0>2:0", "1:1|2:1", "2:0>3:0", "2:1>3:1", "3:0>4:0", "3:1>4:0", "1:0>4:0", "1:1|4:0")
}

// TestBoxesDoNotOverlap, nor stand outside, nor on an edge that passes.
func TestBoxesDoNotOverlap(t *testing.T) {
	for name, d := range map[string]circuitDrawing{"ladder": ladder(7), "skip": skipping(), "one edge": drawingOf("0:0>5:1"), "none": {}} {
		l := d.layout()
		for _, column := range l.columns {
			bottom := 0.0
			for _, k := range column {
				s := l.slots[k]
				if s.y-s.height/2 < bottom-1e-6 {
					t.Errorf("%s: a box starts at %v, above %v", name, s.y-s.height/2, bottom)
				}
				bottom = s.y + s.height/2
			}
			if bottom > l.height+1e-6 {
				t.Errorf("%s: a box ends at %v of %v", name, bottom, l.height)
			}
		}
		for k, e := range d.edges {
			if route := l.routes[k]; d.nodes[l.slots[route[0]].node].id != e.from || d.nodes[l.slots[route[len(route)-1]].node].id != e.to {
				t.Errorf("%s: edge %s→%s goes elsewhere", name, e.from, e.to)
			}
		}
	}
}

// TestDrawingFitsThePage: as wide as the page, higher with more boxes in a layer; signs, widths and
// emphasis show.
func TestDrawingFitsThePage(t *testing.T) {
	height := func(d circuitDrawing) int {
		img, err := png.Decode(bytes.NewReader(d.png()))
		if err != nil {
			t.Fatal(err)
		}
		if w := img.Bounds().Dx(); w != plotWidth {
			t.Errorf("%d pixels wide", w)
		}
		return img.Bounds().Dy()
	}
	if few, many := height(ladder(3)), height(ladder(15)); few > 300 || many < 3*few/2 || many > 15*70 {
		t.Errorf("%d and %d pixels high", few, many)
	}
	height(circuitDrawing{})
	style := textStyle(regular, 12, ink)
	for _, name := range []string{"a very long name of a feature, with | pipes 0.87", strings.Repeat("w", 200), strings.Repeat("i ", 80)} {
		if short := shortened(style, name, 80); style.Width(short) > 81*pixel || len(short) < 5 {
			t.Errorf("%q is shortened to %q", name, short)
		}
	}
	base := skipping().png()
	for name, change := range map[string]func(*circuitDrawing){
		"sign":          func(d *circuitDrawing) { d.edges[0].excitatory = false },
		"width":         func(d *circuitDrawing) { d.edges[9].weight = 1 },
		"strong edge":   func(d *circuitDrawing) { d.edges[1].emphasis = true },
		"strong neuron": func(d *circuitDrawing) { d.nodes[1].emphasis = true },
		"text":          func(d *circuitDrawing) { d.edges[0].text = "+1.20" },
		"note":          func(d *circuitDrawing) { d.note = "… and 3 weaker edges" },
	} {
		d := skipping()
		change(&d)
		if bytes.Equal(d.png(), base) {
			t.Errorf("%s does not show", name)
		}
	}
}

// hostile is a drawing whose every name is markup somewhere.
func hostile() circuitDrawing {
	d := skipping()
	for k, text := range []string{`a"b`, "x]; end", "a|b|c", "<br/><b>", "`code`", `back\slash`, "#35; & %% {y}", "line\nbreak", "subgraph end"} {
		d.nodes[k%len(d.nodes)].lines = append(d.nodes[k%len(d.nodes)].lines, text)
		d.layers[k%len(d.layers)] = text
		d.edges[k].text = text
	}
	d.nodes[1].emphasis, d.edges[1].emphasis = true, true
	return d
}

// mermaidLines are all that a flowchart of ours may consist of. Within quotes nothing is allowed that
// ends them or makes markup, but for numbered characters and line breaks.
var mermaidLines = regexp.MustCompile(`^(flowchart LR` +
	`|  subgraph L\d+\["[^"<>&|\\{}\[\]` + "`" + `]+"\]` +
	`|    n\d+_\d+\["([^"<>&|\\{}\[\]` + "`" + `]|<br/>)+"\]` +
	`|  end` +
	`|  n\d+_\d+ (-->|-\.-x)(\|"[^"<>&|\\{}\[\]` + "`" + `]+"\|)? n\d+_\d+` +
	`|  linkStyle \d+ stroke:#[0-9A-F]{6},stroke-width:\d\.\dpx(,opacity:0\.4)?` +
	`|  classDef strong stroke-width:3px` +
	`|  class n\d+_\d+(,n\d+_\d+)* strong)$`)

func TestMermaidIsWellFormed(t *testing.T) {
	for name, d := range map[string]circuitDrawing{"plain": skipping(), "hostile": hostile(), "report": Circuit(fixtureFeatureCircuit(t)).mermaidOf(t)} {
		links, declared := 0, map[string]bool{}
		for line := range strings.Lines(d.mermaid()) {
			line = strings.TrimSuffix(line, "\n")
			if !mermaidLines.MatchString(line) {
				t.Errorf("%s: %q", name, line)
			}
			if strings.Contains(line, " --> ") || strings.Contains(line, "-.-x") || strings.Contains(line, "-->|") {
				links++
				for _, id := range regexp.MustCompile(`\bn\d+_\d+\b`).FindAllString(regexp.MustCompile(`".*"`).ReplaceAllString(line, ""), -1) {
					if !declared[id] {
						t.Errorf("%s: %s is not declared", name, id)
					}
				}
			} else if id := regexp.MustCompile(`^    (n\d+_\d+)\[`).FindStringSubmatch(line); id != nil {
				declared[id[1]] = true
			}
		}
		if links != len(d.edges) || len(declared) != len(d.nodes) {
			t.Errorf("%s: %d links of %d, %d nodes of %d", name, links, len(d.edges), len(declared), len(d.nodes))
		}
	}
}

// mermaidOf is the drawing behind an entry made of the feature's fixture.
func (e Entry) mermaidOf(t *testing.T) circuitDrawing {
	t.Helper()
	d := fixtureFeatureCircuit(t)
	drawn, _ := d.drawing().strongest(mostDrawnEdges)
	if !strings.Contains(string(e.Markdown("0001-x")), drawn.mermaid()) {
		t.Error("the entry shows another diagram")
	}
	return drawn
}

// dotLines are all that a file for Graphviz may consist of: quotes and backslashes within strings are
// escaped.
var dotLines = regexp.MustCompile(`^(digraph circuit \{|  [a-z]+.*;( //.*)?|  subgraph cluster_\d+ \{|    label="([^"\\]|\\["\\n])*"; color="#E4E8EC"; rank=same;` +
	`|    "\d+:\d+" \[label="([^"\\]|\\["\\n])*"(, penwidth=2\.5)?\];|  \}|  "\d+:\d+" -> "\d+:\d+" \[color="#[0-9A-F]{6}(60)?", penwidth=\d\.\d\d(, style=dashed, arrowhead=tee)?(, label="([^"\\]|\\["\\n])*")?\];|\})$`)

func TestDotIsWellFormed(t *testing.T) {
	for name, d := range map[string]circuitDrawing{"plain": skipping(), "hostile": hostile()} {
		text := d.dot()
		for line := range strings.Lines(text) {
			if line = strings.TrimSuffix(line, "\n"); !dotLines.MatchString(line) {
				t.Errorf("%s: %q", name, line)
			}
		}
		if got := strings.Count(text, " -> "); got != len(d.edges) {
			t.Errorf("%s: %d edges of %d", name, got, len(d.edges))
		}
		if got := strings.Count(text, "arrowhead=tee"); got != 2 {
			t.Errorf("%s: %d edges inhibit, want 2", name, got)
		}
	}
}

func TestSVGIsWellFormed(t *testing.T) {
	svg := hostile().svg()
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		_, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Contains(svg, []byte(">1:0<")) {
		t.Error("no neuron is named")
	}
	if !bytes.Equal(svg, hostile().svg()) {
		t.Error("two drawings differ")
	}
}
