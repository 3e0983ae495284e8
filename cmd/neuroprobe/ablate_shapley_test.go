package main

import (
	"context"
	"testing"

	"neuroprobe/ablate"
)

func TestShapleyAndPatchFlags(t *testing.T) {
	var s *shapleyOptions
	shapley := func(args ...string) error {
		return execute(newAblateShapleyCmd(&globals{}, func(_ context.Context, o *shapleyOptions) error {
			s = o
			return nil
		}), args)
	}
	if err := shapley(); err != nil {
		t.Fatal(err)
	}
	if s.ablate.Metric != "accuracy" || s.shapley.Orders != 50 || s.shapley.Kind != ablate.Zero || s.shapley.Images != 0 {
		t.Errorf("defaults: %+v, %+v", s.shapley, s.ablate)
	}
	if err := shapley("--kind", "mean", "--permutations-of-units", "8", "--images", "9", "--memory", "32", "--resume"); err != nil {
		t.Fatal(err)
	}
	if s.shapley != (ablate.ShapleyOptions{Kind: ablate.Mean, Orders: 8, Images: 9}) || s.ablate.Memory != 32<<20 || !s.resume {
		t.Errorf("got %+v, %+v", s.shapley, s.ablate)
	}
	var p *patchOptions
	patch := func(args ...string) error {
		return execute(newAblatePatchCmd(&globals{}, func(_ context.Context, o *patchOptions) error {
			p = o
			return nil
		}), args)
	}
	if err := patch("--neuron", "3:17", "--feature", "whiskers,collar", "--seed", "7"); err != nil {
		t.Fatal(err)
	}
	if len(p.features) != 2 || p.ablate.Seed != 7 || p.all {
		t.Errorf("got %+v", p)
	}
	if want := "patch --feature whiskers,collar --neuron 3:17 --seed 7"; p.command != want {
		t.Errorf("to repeat it: %q, want %q", p.command, want)
	}
	for _, bad := range [][]string{{}, {"--all", "--neuron", "3:1"}, {"--neuron", "3:1", "--draws", "2"}} {
		if err := patch(bad...); err == nil {
			t.Errorf("%v is taken", bad)
		}
	}
}
