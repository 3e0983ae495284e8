package model

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ParseLayers reads a list of layers, "1-3", "2,4", "conv3" and any mixture, and returns their
// numbers in ascending order, each once; nothing is nil. withInput allows the input too, "0" or
// "input".
func (n *Network) ParseLayers(list string, withInput bool) ([]int, error) {
	if list == "" {
		return nil, nil
	}
	var layers []int
	for piece := range strings.SplitSeq(list, ",") {
		first, last, isRange := strings.Cut(piece, "-") // names hold no "-"
		if !isRange {
			last = first
		}
		lo, errLo := n.readLayer(first, withInput)
		hi, errHi := n.readLayer(last, withInput)
		if err := cmp.Or(errLo, errHi); err != nil {
			return nil, err
		}
		if lo > hi {
			return nil, fmt.Errorf("model: layers %s: the range runs backwards (want %s-%s)", strings.TrimSpace(piece), strings.TrimSpace(last), strings.TrimSpace(first))
		}
		for k := lo; k <= hi; k++ {
			layers = append(layers, k)
		}
	}
	slices.Sort(layers)
	return slices.Compact(layers), nil
}

func (n *Network) readLayer(text string, withInput bool) (int, error) {
	if text = strings.TrimSpace(text); withInput && (text == "0" || text == "input") {
		return 0, nil
	}
	return n.layerNumber(text)
}

// layerNumber finds a layer by number or name.
func (n *Network) layerNumber(text string) (int, error) {
	var names []string
	for i, l := range n.Spec.Layers {
		if l.Name == text {
			return i + 1, nil
		}
		names = append(names, l.Name)
	}
	if k, err := strconv.Atoi(text); err == nil && k >= 1 && k <= n.Depth() {
		return k, nil
	}
	return 0, fmt.Errorf("model: no layer %q (there are 1 to %d: %s)", text, n.Depth(), strings.Join(names, ", "))
}
