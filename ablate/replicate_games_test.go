package ablate_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"neuroprobe/ablate"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// TestReplicateGames: dissociation, Shapley values and patching, repeated in networks that differ in
// the order of their units alone, come to what the experiment itself finds in the reference.
func TestReplicateGames(t *testing.T) {
	n := smallConvNet(3)
	set := modeltest.Blobs(n.Spec.Input, 20, 60, 60, 1)
	shuffled, _ := shuffledUnits(t, n, 1)
	o := fewDraws()
	specimens := prepareSpecimens(t, set, o, n, shuffled)
	a, b := model.Neuron(1, 2), model.Neuron(2, 0)
	metric := parseMetric(t, "logit-diff", n)
	ctx := context.Background()

	outcomes, err := ablate.ParseOutcomes(set, "")
	if err != nil {
		t.Fatal(err)
	}
	dissociation, err := ablate.Dissociate(ctx, n, set, ablate.DissociateOptions{Options: o, Kind: ablate.Zero, A: &a, B: &b, Outcomes: outcomes})
	if err != nil {
		t.Fatal(err)
	}
	shapley, err := specimens[0].Shapley(ctx, []model.Address{a, b}, ablate.ShapleyOptions{Kind: ablate.Zero, Orders: 4})
	if err != nil {
		t.Fatal(err)
	}
	patch, err := specimens[0].Patch(ctx, [][]model.Address{{a, b}}, ablate.PatchOptions{})
	if err != nil {
		t.Fatal(err)
	}
	values := map[model.Address]float64{}
	for _, u := range shapley.Units {
		values[u.Address] = u.Value.Estimate
	}
	experiments := []ablate.ReplicatedExperiment{ablate.DissociationHeadline(metric, ablate.Zero, outcomes), ablate.PatchHeadline(-1, "the classes", 0)}
	want := []float64{dissociation.Interaction.Estimate, float64(patch.Sets[0].Units[0].Denoising.Share), values[a], values[b]}
	experiments = append(experiments, ablate.ShapleyHeadlines(metric, []model.Address{a, b}, ablate.ShapleyOptions{Kind: ablate.Zero, Orders: 4})...)
	r := replicate(t, specimens, []model.Address{a, b}, experiments...)
	for k, e := range r.Effects {
		for s, h := range e.Headlines {
			if h == nil || math.Abs(h.Estimate-want[k]) > 1e-5 {
				t.Errorf("%s in network %d: %+v, want %v", e.Name, s+1, h, want[k])
			}
		}
		if e.Headlines[0].Estimate == 0 || e.Headlines[0].Low > e.Headlines[0].Estimate || e.Headlines[0].High < e.Headlines[0].Estimate {
			t.Errorf("%s: %+v", e.Name, e.Headlines[0])
		}
	}
}

func TestReplicateGamesRefuse(t *testing.T) {
	n := smallConvNet(3)
	set := modeltest.Blobs(n.Spec.Input, 20, 60, 60, 1)
	shuffled, _ := shuffledUnits(t, n, 1)
	specimens := prepareSpecimens(t, set, fewDraws(), n, shuffled)
	outcomes, err := ablate.ParseOutcomes(set, "")
	if err != nil {
		t.Fatal(err)
	}
	_, err = ablate.Replicate(context.Background(), specimens, []model.Address{model.Neuron(1, 2)}, ablate.DissociationHeadline(parseMetric(t, "logit-diff", n), ablate.Zero, outcomes))
	if err == nil || !strings.Contains(err.Error(), "of two neurons, not 1") {
		t.Errorf("a dissociation of one neuron: %v", err)
	}
}
