package model

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Address names what an intervention acts on: one neuron of a layer (a unit of a dense
// layer or a channel of a convolution), one position of a channel, or a whole layer.
type Address struct {
	Layer int `json:"layer"`
	Unit  int `json:"unit"` // AllUnits for the whole layer
	// Row and Col are one position of the channel, AllPositions for all of them. A step of a
	// recurrent layer is the row of that number less 1, with AtStep for its column.
	Row int `json:"row"`
	Col int `json:"col"`
}

// AllUnits and AllPositions stand for "every" in an Address.
const (
	AllUnits     = -1
	AllPositions = -1
)

// AtStep is the column of the address of a step, so that it is written 2:5#3. Column 0 means the same
// place.
const AtStep = -2

// Neuron is the address of a whole neuron: every position of it.
func Neuron(layer, unit int) Address {
	return Address{Layer: layer, Unit: unit, Row: AllPositions, Col: AllPositions}
}

// Step is the address of a neuron of a recurrent layer at one step, counted from 1.
func Step(layer, unit, step int) Address {
	return Address{Layer: layer, Unit: unit, Row: step - 1, Col: AtStep}
}

// Step is the step that an address names, 0 where it names none.
func (a Address) Step() int {
	if a.Col != AtStep {
		return 0
	}
	return a.Row + 1
}

// same tells whether two addresses name the same place.
func (a Address) same(b Address) bool {
	return a.Layer == b.Layer && a.Unit == b.Unit && a.Row == b.Row && (a.Row == AllPositions || a.column() == b.column())
}

func (a Address) String() string {
	s := fmt.Sprintf("%d:%d", a.Layer, a.Unit)
	if a.Unit == AllUnits {
		s = fmt.Sprintf("%d:*", a.Layer)
	}
	switch {
	case a.Col == AtStep:
		s += fmt.Sprintf("#%d", a.Row+1)
	case a.Row != AllPositions:
		s += fmt.Sprintf("@%d,%d", a.Row, a.Col)
	}
	return s
}

// addressJSON is an address in JSON: a step also by its number, its column 0.
type addressJSON struct {
	Layer int `json:"layer"`
	Unit  int `json:"unit"`
	Row   int `json:"row"`
	Col   int `json:"col"`
	Step  int `json:"step,omitempty"`
}

// MarshalJSON writes the position of a step as it lies in recordings, and its number.
func (a Address) MarshalJSON() ([]byte, error) {
	j := addressJSON{a.Layer, a.Unit, a.Row, a.Col, a.Step()}
	if j.Step > 0 {
		j.Col = 0
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (a *Address) UnmarshalJSON(text []byte) error {
	var j addressJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	*a = Address{j.Layer, j.Unit, j.Row, j.Col}
	if j.Step > 0 {
		a.Row, a.Col = j.Step-1, AtStep
	}
	return nil
}

// ParseAddresses reads a comma-separated list of neurons: "3:17", "conv3:17", "3:17@4,5",
// "3:*", "3:0-15", of a recurrent layer's steps "2:5#3", and any mixture. Layers go by number or name; each address is checked
// against the network. A range becomes one address a neuron. To name a neuron (or a position of
// it) twice is an error, be it as part of a range, of a layer or of a whole neuron: an
// intervention would act on it twice.
func (n *Network) ParseAddresses(list string) ([]Address, error) {
	var all []Address
	var pieces [][]Address
	for _, text := range splitAddresses(list) {
		addresses, err := n.parseAddress(text)
		if err != nil {
			return nil, err
		}
		for _, before := range pieces {
			if a, common := overlap(before, addresses); common {
				return nil, fmt.Errorf("model: neuron %v is named twice in %q", a, list)
			}
		}
		pieces = append(pieces, addresses)
		all = append(all, addresses...)
	}
	return all, nil
}

// splitAddresses cuts at commas, but not at the comma inside "@row,col": a piece without a
// colon that follows an "@" belongs to the piece before it.
func splitAddresses(list string) []string {
	var out []string
	for piece := range strings.SplitSeq(list, ",") {
		if k := len(out) - 1; k >= 0 && !strings.Contains(piece, ":") {
			if at := strings.Index(out[k], "@"); at >= 0 && !strings.Contains(out[k][at:], ",") {
				out[k] += "," + piece
				continue
			}
		}
		out = append(out, piece)
	}
	return out
}

// overlap finds what two pieces of a list have in common. A piece is one layer's neurons from
// the first address to the last, all with the same position.
func overlap(a, b []Address) (Address, bool) {
	common := a[0]
	if common.Layer != b[0].Layer {
		return common, false
	}
	switch {
	case a[0].Unit == AllUnits:
		common.Unit = b[0].Unit
	case b[0].Unit != AllUnits:
		common.Unit = max(a[0].Unit, b[0].Unit)
		if common.Unit > a[len(a)-1].Unit || common.Unit > b[len(b)-1].Unit {
			return common, false
		}
	}
	if common.Row == AllPositions {
		common.Row, common.Col = b[0].Row, b[0].Col
	}
	same := b[0].Row == AllPositions || b[0].Row == common.Row && b[0].Col == common.Col
	return common, same
}

func (n *Network) parseAddress(text string) ([]Address, error) {
	text = strings.TrimSpace(text)
	layerText, rest, ok := strings.Cut(text, ":")
	if !ok || rest == "" {
		return nil, fmt.Errorf("model: neuron %q: want LAYER:NEURON, like 3:17, conv3:17, 3:17@4,5, 3:* or 3:0-15", text)
	}
	layer, err := n.layerNumber(layerText)
	if err != nil {
		return nil, err
	}
	unitText, row, col := rest, AllPositions, AllPositions
	if before, position, ok := strings.Cut(rest, "@"); ok {
		unitText = before
		row, col, err = n.parsePosition(text, position, layer)
	} else if before, step, ok := strings.Cut(rest, "#"); ok {
		unitText = before
		row, col, err = n.parseStep(text, step, layer)
	}
	if err != nil {
		return nil, err
	}
	if unitText == "*" {
		return []Address{{layer, AllUnits, row, col}}, nil
	}
	lo, hi, err := n.parseUnits(text, unitText, layer)
	if err != nil {
		return nil, err
	}
	out := make([]Address, 0, hi-lo+1)
	for u := lo; u <= hi; u++ {
		out = append(out, Address{layer, u, row, col})
	}
	return out, nil
}

// parseUnits reads a neuron's number or a range of them.
func (n *Network) parseUnits(text, unitText string, layer int) (lo, hi int, err error) {
	first, last, isRange := strings.Cut(unitText, "-")
	if !isRange {
		last = first
	}
	lo, errLo := strconv.Atoi(first)
	hi, errHi := strconv.Atoi(last)
	if errLo != nil || errHi != nil {
		return 0, 0, fmt.Errorf("model: neuron %q: %q is no neuron number (want like 17, 0-15 or *)", text, unitText)
	}
	if units := n.geo[layer].Act[0]; lo < 0 || hi < 0 || lo >= units || hi >= units {
		return 0, 0, fmt.Errorf("model: neuron %q: layer %d has neurons 0 to %d", text, layer, units-1)
	}
	if lo > hi {
		return 0, 0, fmt.Errorf("model: neuron %q: the range runs backwards (want %d-%d)", text, hi, lo)
	}
	return lo, hi, nil
}

func (n *Network) parsePosition(text, position string, layer int) (row, col int, err error) {
	shape := n.geo[layer].Act
	rowText, colText, ok := strings.Cut(position, ",")
	row, errRow := strconv.Atoi(rowText)
	col, errCol := strconv.Atoi(strings.TrimSpace(colText)) // "3:17@4, 5" is how lists are typed
	if !ok || errRow != nil || errCol != nil {
		return 0, 0, fmt.Errorf("model: neuron %q: position %q (want ROW,COLUMN, like 4,5)", text, position)
	}
	if row < 0 || row >= shape[1] || col < 0 || col >= shape[2] {
		return 0, 0, fmt.Errorf("model: neuron %q: layer %d has rows 0 to %d and columns 0 to %d", text, layer, shape[1]-1, shape[2]-1)
	}
	if n.Steps(layer) > 0 {
		col = AtStep
	}
	return row, col, nil
}

// parseStep reads the step after "#", counted from 1, or "*" for all.
func (n *Network) parseStep(text, step string, layer int) (row, col int, err error) {
	t, err := strconv.Atoi(step)
	steps := n.Steps(layer)
	switch {
	case steps == 0:
		return 0, 0, fmt.Errorf("model: neuron %q: %s", text, n.noSteps(layer))
	case step == "*":
		return AllPositions, AllPositions, nil
	case err != nil:
		return 0, 0, fmt.Errorf("model: neuron %q: %q is no step (want 1 to %d, or *)", text, step, steps)
	case t < 1 || t > steps:
		return 0, 0, fmt.Errorf("model: neuron %q: layer %d has steps 1 to %d", text, layer, steps)
	}
	return t - 1, AtStep, nil
}

// checkStep is CheckAddress of a step.
func (n *Network) checkStep(a Address) error {
	switch steps := n.Steps(a.Layer); {
	case steps == 0:
		return fmt.Errorf("model: neuron %v: %s", a, n.noSteps(a.Layer))
	case a.Row < 0 || a.Row >= steps:
		return fmt.Errorf("model: neuron %v: layer %d has steps 1 to %d", a, a.Layer, steps)
	}
	return nil
}

// noSteps says of a layer without steps which layers have some.
func (n *Network) noSteps(layer int) string {
	for l := 1; l <= n.Depth(); l++ {
		if n.Steps(l) > 0 {
			return fmt.Sprintf("layer %d has no steps (layer %d, %s, is recurrent: want like %d:0#1)", layer, l, n.Spec.Layers[l-1].Name, l)
		}
	}
	return fmt.Sprintf("layer %d has no steps (no layer of this network is recurrent)", layer)
}
