package reports

import (
	"fmt"

	"neuroprobe/ablate"
	"neuroprobe/model"
)

// targets is how an entry speaks of what was ablated.
type targets struct {
	name  string // "neuron 3:17", "layer 3", "neurons 3:0-15"
	where string // "channel 17 of conv3"
	slug  string
	many  bool
}

func (t targets) does() string {
	if t.many {
		return "do"
	}
	return "does"
}

func (t targets) together() string {
	if t.many {
		return "together "
	}
	return ""
}

// listedAddresses is how many addresses a sentence or a file name can bear.
const listedAddresses = 4

func nameTargets(n *model.Network, all []ablate.Target) targets {
	if len(all) == 1 {
		a := all[0].Address
		t := targets{name: "neuron " + a.String(), where: place(n, a), slug: Slug("ablate", a.String())}
		switch {
		case a.Unit == model.AllUnits && a.Row == model.AllPositions:
			t.name = fmt.Sprintf("layer %d", a.Layer)
		case a.Unit == model.AllUnits && a.Step() > 0:
			t.name = fmt.Sprintf("layer %d at step %d", a.Layer, a.Step())
		case a.Unit == model.AllUnits:
			t.name = "position " + a.String()
		}
		return t
	}
	addresses := contract(all)
	shown := addresses
	if more := len(addresses) - listedAddresses; more > 0 {
		shown = append(addresses[:listedAddresses:listedAddresses], fmt.Sprintf("%d more", more))
	}
	return targets{
		name:  "neurons " + enumerate(shown),
		where: fmt.Sprintf("%s in %s", targetCount(all), enumerate(layerNames(all))),
		slug:  Slug(append([]string{"ablate"}, shown...)...),
		many:  true,
	}
}

// targetCount says how many neurons there are, as far as the addresses are neurons.
func targetCount(all []ablate.Target) string {
	for _, t := range all {
		if t.Address.Unit == model.AllUnits || t.Address.Row != model.AllPositions {
			return plural(len(all), "target")
		}
	}
	return plural(len(all), "neuron")
}

// contract writes runs of neighbouring neurons as ranges: 3:0, 3:1, 3:2 is 3:0-2.
func contract(all []ablate.Target) []string {
	var out []string
	for i := 0; i < len(all); {
		first := all[i].Address
		k := i + 1
		for k < len(all) && follows(all[k-1].Address, all[k].Address) {
			k++
		}
		if s := first.String(); k-i > 2 {
			out = append(out, fmt.Sprintf("%s-%d", s, all[k-1].Address.Unit))
			i = k
		} else {
			out = append(out, s)
			i++
		}
	}
	return out
}

func follows(a, b model.Address) bool {
	return a.Unit != model.AllUnits && b == model.Neuron(a.Layer, a.Unit+1) && a.Row == model.AllPositions
}

func layerNames(all []ablate.Target) []string {
	var names []string
	seen := map[string]bool{}
	for _, t := range all {
		if !seen[t.Layer] {
			seen[t.Layer] = true
			names = append(names, t.Layer)
		}
	}
	return names
}

// place says where in the network an address is.
func place(n *model.Network, a model.Address) string {
	l, g := n.Layer(a.Layer), n.Geometry(a.Layer)
	s, channels := "", "channel"
	if l.Steps > 0 {
		channels = "neuron"
	}
	switch {
	case a.Unit == model.AllUnits && a.Row == model.AllPositions:
		return fmt.Sprintf("%s, all %s", l.Name, plural(g.Act[0], "neuron"))
	case a.Unit == model.AllUnits:
		s = fmt.Sprintf("all %s of %s", plural(g.Act[0], channels), l.Name)
	case g.Act.Area() > 1 && l.Steps == 0:
		s = fmt.Sprintf("channel %d of %s", a.Unit, l.Name)
	case a.Layer == n.Depth():
		s = fmt.Sprintf("unit %d of %s, the logit of %s", a.Unit, l.Name, n.Classes[a.Unit])
	default:
		s = fmt.Sprintf("unit %d of %s", a.Unit, l.Name)
	}
	switch {
	case a.Step() > 0:
		s += fmt.Sprintf(" at step %d", a.Step())
	case a.Row != model.AllPositions && g.Act.Area() > 1:
		s += fmt.Sprintf(" at row %d, column %d", a.Row, a.Col)
	}
	return s
}
