package circuit

import (
	"context"
	"fmt"
	"strings"
)

// Method scores every edge of the network for a task. The fields of a method are its parameters.
type Method interface {
	// Name is the method's as --method takes it: "eap-ig".
	Name() string
	// Score gives the score of every edge, in the order of Preparation.Edges.
	Score(ctx context.Context, t *Task) (*Scores, error)
}

// Scores are what a method says of the edges: the effect on y, in its unit, of corrupting the edge, by
// estimate or by measurement, averaged over the pairs. Its size ranks the edges.
type Scores struct {
	Score []float64 // by edge
	// Kept is by edge what survived, of methods that decide themselves; nil of those that rank.
	Kept []bool
	// Order has the edges from the one to keep longest to the one to drop first, of methods that rank by
	// something else than |Score|; nil of the others.
	Order []int
}

// MethodNames are the methods' names, the default first.
var MethodNames = []string{"elimination", "eap-ig", "eap", "exact", "acdc"}

// ParseMethod finds a method by name, with its default parameters; "" is the first of MethodNames.
func ParseMethod(name string) (Method, error) {
	switch name {
	case "eap-ig":
		return EAPIG{}, nil
	case "eap":
		return EAP{}, nil
	case "exact":
		return Exact{}, nil
	case "acdc":
		return ACDC{}, nil
	case "", "elimination":
		return Elimination{}, nil
	}
	return nil, fmt.Errorf("circuit: method %q (want %s)", name, strings.Join(MethodNames, ", "))
}
