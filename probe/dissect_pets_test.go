package probe

import (
	"os"
	"path/filepath"
	"testing"

	"neuroprobe/datasets"
	"neuroprobe/internal/petstest"
	"neuroprobe/model"
	"neuroprobe/model/modeltest"
)

// TestDissectRealPets runs a dissection on real photos with masks, of a network with random weights.
func TestDissectRealPets(t *testing.T) {
	root := os.Getenv("NEUROPROBE_DATA")
	if root == "" {
		t.Skip("NEUROPROBE_DATA is not set: no real photos to read")
	}
	dir := t.TempDir()
	petstest.Write(t, dir, filepath.Join(root, "pets32"), 150)
	set, err := datasets.Open(t.Context(), datasets.Options{Data: "folder:" + dir})
	if err != nil {
		t.Fatal(err)
	}
	n := modeltest.Random(model.Spec{Name: "pets", Input: model.Shape{3, 32, 32}, Layers: []model.Layer{
		{Name: "conv1", Kind: model.Conv2D, Units: 6, Kernel: 1, Activation: model.Identity, Pool: &model.Pool{Kind: model.MaxPool, Size: 2}},
		{Name: "conv2", Kind: model.Conv2D, Units: 6, Kernel: 3, Padding: 1, Activation: model.ReLU},
		{Name: "dense3", Kind: model.Dense, Units: 2, Activation: model.Identity},
	}}, 2)
	n.Classes = set.Classes
	d := mustDissect(t, n, set, nil, dissectOptions{Split: datasets.Confirm, Permutations: 99, Seed: 1})
	if len(d.Units) != 12 || len(d.Warnings) > 0 {
		t.Fatalf("%d units, warnings %q", len(d.Units), d.Warnings)
	}
	overlapping := 0
	for _, u := range d.Units {
		for p, o := range u.Overlaps {
			// Of a map 0.5 % of the pixels is lit on select, on other photos not much more.
			if !(o.IoU >= 0 && o.IoU < 0.2 && o.NullIoU >= 0 && o.NullIoU < 0.2 && o.P >= 0.01 && o.P <= 1) {
				t.Errorf("%v and %s: %+v", u.Address, set.Parts[p], o)
			}
			if o.IoU > 0 && o.NullIoU > 0 {
				overlapping++
			}
		}
	}
	if overlapping < 24 {
		t.Errorf("%d of 48 overlaps above 0: too few", overlapping)
	}
}
