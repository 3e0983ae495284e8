package reports

import (
	"testing"

	"neuroprobe/model"
)

// fixtureForwardForward is the training fixture with a network of dense layers that was trained
// without back-propagation.
func fixtureForwardForward(t testing.TB) TrainReport {
	t.Helper()
	r := fixtureTrain(t)
	plain, err := model.MLP(model.Shape{3, 32, 32}, 2, 12, 10, 8)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := plain.ForwardForward()
	if err != nil {
		t.Fatal(err)
	}
	params := []model.Params{{}}
	for _, size := range [][2]int{{12, 3072}, {10, 12}, {8, 10}, {2, 10}, {2, 8}} {
		params = append(params, model.Params{Weight: make([]float32, size[0]*size[1]), Bias: make([]float32, size[0])})
	}
	n, err := model.NewNetwork(spec, append(params, model.Params{}), []float32{0.5, 0.5, 0.5}, []float32{0.25, 0.25, 0.25}, []string{"cat", "dog"})
	if err != nil {
		t.Fatal(err)
	}
	n.Record = r.Network.Record
	n.Record.Options.Rule = model.ForwardForward
	n.Record.Goodness = &model.GoodnessRecord{LabelStrength: 18.475, Answers: []model.GoodnessOnOneSplit{
		{Split: "select", Images: 60, Correct: 54, Accuracy: 0.9}, {Split: "confirm", Images: 200, Correct: 178, Accuracy: 0.89}}}
	r.Network, r.Goodness = n, CI{0.839, 0.926}
	r.Run = fixtureRun("neuroprobe train --rule forward-forward --hidden 12,10,8")
	return r
}
