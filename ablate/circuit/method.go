package circuit

import "context"

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
}
