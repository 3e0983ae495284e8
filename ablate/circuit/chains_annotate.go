package circuit

import (
	"context"

	"neuroprobe/model"
)

// annotate measures edges (by number, in order) and the neurons at their ends: exact effects with
// intervals and adjusted p, mean contributions, lesions, labels. It also gives the effects, by edge
// and pair.
func (t *Task) annotate(ctx context.Context, edges []int) ([]Node, []Link, map[int][]float64, error) {
	effects, err := t.Effects(ctx, "measuring links", edges, Noising)
	if err != nil {
		return nil, nil, nil, err
	}
	links, err := t.linksOf(ctx, edges, effects)
	if err != nil {
		return nil, nil, nil, err
	}
	byEdge := map[int][]float64{}
	for k, e := range edges {
		byEdge[e] = effects[k]
	}
	ends := endsOf(links)
	lesions, err := t.lesions(ctx, t.hidden(ends))
	return t.nodesOf(links, ends, lesions), links, byEdge, err
}

// armOf corrupts several edges, by number, at once.
func (t *Task) armOf(numbers []int) model.Arm {
	var edges []model.Edge
	for _, e := range numbers {
		edges = append(edges, t.Edges[e])
	}
	return t.edgesArm(edges)
}
