package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"neuroprobe/datasets"
	"neuroprobe/model"
	"neuroprobe/probe"
)

func TestProbeGolden(t *testing.T) {
	atlas, neuron := Atlas(fixtureAtlas(t)), Neuron(fixtureNeuron(t, model.Neuron(3, 17)))
	golden(t, "0003-probe.md", atlas.Markdown("0003-probe"))
	golden(t, "0003-probe.txt", []byte(Terminal(atlas)))
	golden(t, "0004-probe-3-17.md", neuron.Markdown("0004-probe-3-17"))
	golden(t, "0004-probe-3-17.txt", []byte(Terminal(neuron)))
	data, err := neuron.JSON()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "0004-probe-3-17.json", data)
}

func TestSameSurveySameBytes(t *testing.T) {
	for name, entry := range map[string]func() Entry{
		"atlas":  func() Entry { return Atlas(fixtureAtlas(t)) },
		"neuron": func() Entry { return Neuron(fixtureNeuron(t, model.Neuron(3, 17))) },
	} {
		a, b := entry(), entry()
		if !bytes.Equal(a.Markdown("0001-x"), b.Markdown("0001-x")) || Terminal(a) != Terminal(b) {
			t.Errorf("%s: two renderings differ", name)
		}
		x, y := a.figures(), b.figures()
		if len(x) < 4 || len(x) != len(y) {
			t.Fatalf("%s: %d and %d pictures", name, len(x), len(y))
		}
		for i := range x {
			if !bytes.Equal(x[i].PNG, y[i].PNG) {
				t.Errorf("%s: two drawings of %s differ", name, x[i].File)
			}
		}
	}
}

// plainPhotos leaves classes alone: no features, no masks, no twins.
func plainPhotos(s *probe.Survey) {
	s.Concepts, s.Parts, s.Responders, s.Detectors = s.Concepts[:1], nil, s.Responders[:1], nil
	s.Families = probe.Families{Raw: 112}
	for i := range s.Units {
		u := &s.Units[i]
		u.Overlaps, u.BestPart, u.RunnersUp = nil, -1, nil
		if u.Tested() {
			u.Tuning = u.Tuning[:1]
		}
		if u.Label != nil && u.Label.Concept > 0 {
			u.Label = nil
		}
	}
}

func noTwins(s *probe.Survey) {
	s.Families.Twin = 0
	for i := range s.Units {
		for _, t := range s.Units[i].Tuning {
			t.Twin = nil
		}
	}
	for c := range s.Responders {
		s.Responders[c].Twin, s.Responders[c].StrongTwin = 0, nil
	}
}

func noMasks(s *probe.Survey) {
	s.Parts, s.Detectors, s.Families.Part = nil, nil, 0
	for i := range s.Units {
		s.Units[i].Overlaps, s.Units[i].BestPart = nil, -1
	}
}

// nothingFound takes every label and every significance away.
func nothingFound(s *probe.Survey) {
	for i := range s.Units {
		u := &s.Units[i]
		u.Label, u.RunnersUp = nil, nil
		for c := range u.Tuning {
			u.Tuning[c] = fixtureTuning(c, 0.52)
		}
	}
	for c := range s.Responders {
		s.Responders[c] = probe.Responders{Concept: c, Tested: s.Responders[c].Tested}
	}
}

func nothingTested(s *probe.Survey) {
	for i := range s.Units {
		u := &s.Units[i]
		u.Tuning, u.Label, u.RunnersUp, u.Overlaps, u.BestPart, u.Quality.Constant = nil, nil, nil, nil, -1, true
	}
	for c := range s.Responders {
		s.Responders[c] = probe.Responders{Concept: c}
	}
	s.Families, s.Sheets, s.Null = probe.Families{}, nil, [2]probe.Number{probe.Undefined, probe.Undefined}
}

// tenClasses makes ten classes of the two, each against the rest.
func tenClasses(s *probe.Survey) {
	plainPhotos(s)
	s.Concepts, s.Classes, s.Responders = nil, nil, nil
	for c := range 10 {
		name := fmt.Sprintf("class%d", c)
		s.Classes = append(s.Classes, name)
		s.Concepts = append(s.Concepts, probe.Concept{Name: name, Without: "not " + name, Kind: probe.Class, Index: c, Part: -1})
	}
	for i := range s.Units {
		u := &s.Units[i]
		u.FiresByClass = make([]probe.Rate, 10)
		if !u.Tested() {
			continue
		}
		first := u.Tuning[0]
		for c := 1; c < 10; c++ {
			u.Tuning = append(u.Tuning, fixtureTuning(c, 0.51))
			u.Tuning[c].Within, u.Tuning[c].Twin = nil, nil
		}
		if u.Label != nil {
			u.Label.Name = map[bool]string{false: "class0", true: "not class0"}[u.Label.Absent]
			u.Label.AUROC = max(first.AUROC, 1-first.AUROC)
		}
	}
	for c := range 10 {
		s.Responders = append(s.Responders, fixtureResponders(s, c))
		s.Responders[c].StrongTwin = nil
	}
}

func hostileNames(s *probe.Survey) {
	s.Concepts[0].Name, s.Concepts[0].Without, s.Concepts[1].Name = "a|b", "<c>\n# d", "`ears` | *x*"
	s.Classes = []string{"a|b", "<c>\n# d"}
	s.Parts = []string{"[p](q)|", "_e_"}
	s.Warnings = []string{"a|b | <script>"}
	for i := range s.Units {
		if l := s.Units[i].Label; l != nil {
			l.Name = "x|y"
		}
	}
}

// undefined makes numbers NaN wherever there may be none.
func undefined(s *probe.Survey) {
	s.Null = [2]probe.Number{probe.Undefined, probe.Undefined}
	for i := range s.Units {
		u := &s.Units[i]
		u.Selectivity, u.MapThreshold, u.Threshold, u.Quality.Presence = probe.Undefined, probe.Undefined, probe.Undefined, probe.Undefined
		for _, t := range u.Tuning {
			t.DPrime = probe.Undefined
			if t.Within != nil {
				t.Within.AUROC, t.Within.Adjusted = probe.Undefined, probe.Undefined
				t.Twin.SDs, t.Twin.SelectSDs, t.Twin.Adjusted = probe.Undefined, probe.Undefined, probe.Undefined
			}
		}
	}
}

// surveys are all the kinds of surveys that a report must bear.
var surveys = []struct {
	name   string
	change func(s *probe.Survey)
}{
	{"features, twins and masks", func(*probe.Survey) {}},
	{"plain photos", plainPhotos},
	{"features without twins", noTwins},
	{"features without masks", noMasks},
	{"features alone", func(s *probe.Survey) { noTwins(s); noMasks(s) }},
	{"nothing found", nothingFound},
	{"nothing tested", nothingTested},
	{"ten classes", tenClasses},
	{"hostile names", hostileNames},
	{"numbers that are none", undefined},
	{"measured on select", func(s *probe.Survey) { s.Split = datasets.Select }},
	{"another rule and summary", func(s *probe.Survey) { s.Fires, s.Summary = probe.Rule{Quantile: 0.995}, probe.Mean }},
	{"no images kept", func(s *probe.Survey) { s.Sheets = append(s.Sheets[:1:1], probe.Sheet{Address: model.Neuron(3, 2)}) }},
	{"one feature asked for", func(s *probe.Survey) {
		s.Concepts, s.Responders = s.Concepts[1:2], []probe.Responders{{Tested: 112, Raw: 30, Within: 22, Twin: 25, Named: 11}}
		for i := range s.Units {
			u := &s.Units[i]
			u.Label, u.RunnersUp = nil, nil
			if u.Tested() {
				u.Tuning = u.Tuning[1:2]
			}
		}
	}},
}

// The wording of every kind of survey and of neurons in it. Whatever the survey holds, the entries
// must be sound: tables of full rows, no NaN, valid JSON.
func TestProbeEntries(t *testing.T) {
	var b bytes.Buffer
	for _, c := range surveys {
		r := fixtureAtlas(t)
		r.Survey.Sheets = r.Survey.Sheets[2:] // pictures take time
		c.change(r.Survey)
		e := Atlas(r)
		checkEntry(t, c.name, e)
		fmt.Fprintf(&b, "== %s\nanswer:   %s\nsections: %s\ncaveats:  %d\n", c.name, e.Answer, titles(e), len(e.Caveats))
		for _, a := range []model.Address{model.Neuron(3, 17), model.Neuron(3, 11), model.Neuron(1, 3), model.Neuron(2, 5), model.Neuron(4, 0)} {
			n := fixtureNeuron(t, a)
			x := n.Examination
			x.Highest, x.Lowest = x.Highest[:1], nil
			c.change(x.Survey)
			x.Unit = *unitOf(x.Survey, a)
			e := Neuron(n)
			checkEntry(t, c.name+", "+a.String(), e)
			fmt.Fprintf(&b, "%-9s %s\n          %s\n", a, e.Answer, titles(e))
		}
		b.WriteByte('\n')
	}
	golden(t, "probe-wording.txt", b.Bytes())
}

func titles(e Entry) string {
	var all []string
	for _, s := range e.Sections {
		all = append(all, s.Title)
	}
	return strings.Join(all, " / ")
}

func checkEntry(t *testing.T, name string, e Entry) {
	t.Helper()
	if err := e.check(); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	data, err := e.JSON()
	if err != nil || !json.Valid(data) {
		t.Errorf("%s: JSON: %v", name, err)
	}
	text := string(e.Markdown("0001-x"))
	for _, bad := range []string{"NaN", "%!", "-0.", "<"} {
		if strings.Contains(strings.ReplaceAll(text, `\<`, ""), bad) {
			t.Errorf("%s: the entry holds %q", name, bad)
		}
	}
	for _, s := range e.Sections {
		checkTables(t, name+", "+s.Title, s)
	}
}

func checkTables(t *testing.T, name string, s Section) {
	t.Helper()
	for _, b := range s.Blocks {
		table, ok := b.(Table)
		if !ok {
			continue
		}
		for _, row := range table.Rows {
			if len(row) != len(table.Columns) {
				t.Errorf("%s: a row has %d cells, the table %d columns: %q", name, len(row), len(table.Columns), row)
			}
		}
		if len(table.Rows) == 0 {
			t.Errorf("%s: a table without rows", name)
		}
		source := table.markdown(table.Rows)
		for line := range strings.Lines(source) {
			if bars := strings.Count(line, "|") - strings.Count(line, `\|`); bars != len(table.Columns)+1 {
				t.Errorf("%s: %d bars for %d columns in %s", name, bars, len(table.Columns), line)
			}
		}
	}
}

// What the terminal shows fits it.
func TestProbeTablesFitTheTerminal(t *testing.T) {
	for what, e := range map[string]Entry{"atlas": Atlas(fixtureAtlas(t)), "neuron": Neuron(fixtureNeuron(t, model.Neuron(3, 17)))} {
		text := Terminal(e)
		for _, want := range map[string][]string{"atlas": {"pointed_ears", "3:17", "ears"}, "neuron": {"without whiskers", "0.951", "[0.921, 0.971]", "+0.541"}}[what] {
			if !strings.Contains(text, want) {
				t.Errorf("%s: the terminal does not show %q", what, want)
			}
		}
		for line := range strings.Lines(text) {
			if n := utf8.RuneCountInString(strings.TrimSpace(line)); n > 100 {
				t.Errorf("%s: a line of %d characters: %s", what, n, line)
			}
		}
	}
}

func TestLayerTables(t *testing.T) {
	text := string(Atlas(fixtureAtlas(t)).Markdown("0001-x"))
	for _, want := range []string{
		"44 more neurons not listed here",      // of conv3's 64, 20 are listed
		"12 more neurons not listed here",      // of conv2's 32
		"| 3:17 ",                              // first in its layer: the strongest label
		"ears 0.120",                           // its IoU, which beats the null
		"always on",                            // 1:4
		"## Layer 4: dense4, the output",       // the last of the layers
		"4:0 (logit of cat)",                   // an output neuron with its class
		"- 1 dead units (activation never abo", // counted among the exclusions
		"  - 1:3",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the atlas does not say %q", want)
		}
	}
	if rows := strings.Count(text, "\n| 3:"); rows != 20 {
		t.Errorf("layer 3 lists %d neurons, want 20", rows)
	}
	section := text[strings.Index(text, "## Layer 3"):]
	if first := section[strings.Index(section, "\n| 3:")+3:]; !strings.HasPrefix(first, "3:17 ") {
		t.Errorf("layer 3 starts with %.20q, want 3:17", first)
	}
}

func TestFlags(t *testing.T) {
	s := fixtureSurvey(t)
	for _, c := range []struct {
		unit int
		want string
	}{{5, "duplicate of 3:4 and 1 more"}, {11, "confounded: whiskers"}, {17, ""}} {
		if got := flags(s, unitOf(s, model.Neuron(3, c.unit))); got != c.want {
			t.Errorf("flags of 3:%d are %q, want %q", c.unit, got, c.want)
		}
	}
	if got := flags(s, unitOf(s, model.Neuron(1, 3))); got != "dead" {
		t.Errorf("flags of 1:3 are %q, want dead", got)
	}
	// On twins the feature beats the null: not confounded, though within class it does not.
	u := unitOf(s, model.Neuron(3, 11))
	u.Tuning[2].Twin.Adjusted = 0.01
	if got := flags(s, u); got != "" {
		t.Errorf("flags of a unit that twins vouch for are %q, want none", got)
	}
	// Only the best concept on select counts: 3:17 is better at pointed_ears than at whiskers.
	other := unitOf(s, model.Neuron(3, 17))
	other.Tuning[2].Twin.Adjusted = 0.6
	if got := flags(s, other); got != "" {
		t.Errorf("flags of a unit with a better concept are %q, want none", got)
	}
	// Without twins, within class decides.
	u.Tuning[2].Twin = nil
	if got := flags(s, u); got != "confounded: whiskers" {
		t.Errorf("flags without twins are %q, want confounded", got)
	}
}

// The label's numbers are in its direction: for the absence of a concept, AUROC and d′ turn round.
func TestAbsentLabelsAreTurnedRound(t *testing.T) {
	r := fixtureNeuron(t, model.Neuron(3, 17))
	u := &r.Examination.Unit
	u.Tuning[2] = fixtureTuning(2, 0.1) // d′ −2
	u.Label = &probe.Label{Concept: 2, Absent: true, Name: "without whiskers", AUROC: 0.9, Adjusted: 0.004, Causal: true}
	r.Examination.Details[2].AUROCLow, r.Examination.Details[2].AUROCHigh = 0.05, 0.2
	for _, want := range []string{"responds to images without whiskers: AUROC 0.900", "95 % interval [0.800, 0.950]", "within class 0.820", "moves the activation by −0.480"} {
		if answer := r.answer(); !strings.Contains(answer, want) {
			t.Errorf("the answer does not say %q: %s", want, answer)
		}
	}
	if got := labelNumbers(u); got[0] != "0.900" || got[1] != "+2.00" {
		t.Errorf("AUROC and d′ are %q, want 0.900 and +2.00", got)
	}
	if got := firing(u, false); got[1] != "55.0 %" || got[2] != "95.0 %" {
		t.Errorf("fires %q: want 55 %% with the label (without whiskers), 95 %% without it", got)
	}
}

// A network of one layer is all output.
func TestAtlasOfOneLayer(t *testing.T) {
	spec := model.Spec{Name: "flat", Input: model.Shape{3, 32, 32}, Layers: []model.Layer{{Name: "dense1", Kind: model.Dense, Units: 2, Activation: model.Identity}}}
	n, err := model.NewNetwork(spec, []model.Params{{}, {Weight: make([]float32, 2*3072), Bias: make([]float32, 2)}}, []float32{0.5, 0.5, 0.5}, []float32{0.25, 0.25, 0.25}, []string{"cat", "dog"})
	if err != nil {
		t.Fatal(err)
	}
	r := fixtureAtlas(t)
	r.Network, r.Survey.Units, r.Survey.Sheets, r.Survey.Detectors = n, r.Survey.Units[:2], nil, nil
	if got, want := titles(Atlas(r)), "What the neurons respond to / Selectivity by layer / Layer 1: dense1, the output (2 neurons) / Definitions"; got != want {
		t.Errorf("sections are %s, want %s", got, want)
	}
}
