package datasets_test

import (
	"testing"

	"neuroprobe/datasets"
)

func TestSample(t *testing.T) {
	s := datasets.Set{Channels: 1, Height: 1, Width: 1, Classes: []string{"A", "B"}, Features: []string{"f", "g"}}
	for i := range 60 {
		s.Images, s.Labels, s.Present = append(s.Images, float32(i)/255), append(s.Labels, i%2), append(s.Present, i%3 == 0, i%5 == 0)
	}
	set, err := datasets.New(s, 30, 20, 10)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := set.Sample(1, 30, 20, 10); err != nil || same != set {
		t.Errorf("all of a set is another set: %v", err)
	}
	some, err := set.Sample(1, 12, 50, 7)
	if err != nil {
		t.Fatal(err)
	}
	for split, want := range map[datasets.Split]int{datasets.Train: 12, datasets.Select: 20, datasets.Confirm: 7} {
		lo, hi := some.Range(split)
		from, to := set.Range(split)
		if hi-lo != want {
			t.Errorf("%v has %d images, want %d", split, hi-lo, want)
		}
		before := -1
		for i := lo; i < hi; i++ {
			was := int(some.Image(i)[0]*255 + 0.5) // each image has its number
			if was < from || was >= to || was <= before || some.Labels[i] != was%2 || some.HasFeature(i, 0) != (was%3 == 0) || some.HasFeature(i, 1) != (was%5 == 0) || some.Names[i] != set.Names[was] {
				t.Errorf("image %d of %v is number %d, after %d", i, split, was, before)
			}
			before = was
		}
	}
	again, _ := set.Sample(1, 12, 50, 7)
	other, _ := set.Sample(2, 12, 50, 7)
	if again.Digest() != some.Digest() || other.Digest() == some.Digest() {
		t.Error("a sample hangs on something else than its seed")
	}
}
