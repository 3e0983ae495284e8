package reports

import (
	"fmt"
	"strings"

	"neuroprobe/ablate/circuit"
)

// yPhrase says what y is.
func yPhrase(metric, class string, classes []string) string {
	switch {
	case metric == "logit" || len(classes) < 2:
		return "the logit of " + class
	case len(classes) == 2:
		other := classes[0]
		if other == class {
			other = classes[1]
		}
		return fmt.Sprintf("the logit of %s minus that of %s", class, other)
	}
	return fmt.Sprintf("the logit of %s minus the mean of the other logits", class)
}

// corruptedPhrase says what a corrupted edge carries.
func corruptedPhrase(a circuit.Against, t circuit.Target) string {
	switch {
	case a == circuit.Mean:
		return "it carries, at each position, its mean over the select images"
	case a == circuit.Zero:
		return "it carries nothing"
	case a == circuit.Resample && t.IsFeature():
		return fmt.Sprintf("it carries what it carries on an image without %s", t.Name)
	case a == circuit.Resample:
		return "it carries what it carries on an image of another class"
	case t.IsFeature():
		return fmt.Sprintf("it carries what it carries on the same image drawn again without %s", t.Name)
	}
	return "it carries what it carries on the same image drawn again with one feature flipped"
}

// cleanPhrase says which images are clean.
func cleanPhrase(t circuit.Target) string {
	if t.IsFeature() {
		return "images with " + t.Name
	}
	return "images of " + t.Name
}

// layerNames are those of the network, the image first.
func (s Source) layerNames() []string {
	names := []string{"image"}
	for l := 1; l <= s.Network.Depth(); l++ {
		names = append(names, s.Network.Layer(l).Name)
	}
	return names
}

// tuned is a neuron's label, or what it is without.
func (s Source) tuned(n circuit.Node) string {
	switch {
	case n.Label != "":
		return n.Label
	case n.Layer == "input":
		return strings.TrimSpace("image " + channelName(s.Set.Channels, n.Neuron.Unit))
	}
	return Missing
}

// channelName is that of a channel of colour images.
func channelName(channels, k int) string {
	if channels != 3 {
		return ""
	}
	return []string{"red", "green", "blue"}[k]
}
