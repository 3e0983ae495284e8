package datasets

import (
	"slices"
	"testing"
)

func TestQuotas(t *testing.T) {
	for _, c := range []struct {
		name         string
		counts, room []int
		want         int
		quota        []int
	}{
		{"even", []int{50, 50}, []int{49, 49}, 10, []int{5, 5}},
		{"in proportion", []int{75, 25}, []int{74, 24}, 8, []int{6, 2}},
		{"odd goes to the first of equals", []int{50, 50}, []int{50, 50}, 5, []int{3, 2}},
		{"at least one", []int{1000, 1}, []int{1000, 1}, 5, []int{4, 1}},
		{"room", []int{10, 2}, []int{9, 1}, 10, []int{9, 1}},
		{"all", []int{3, 4, 5}, []int{3, 4, 5}, 12, []int{3, 4, 5}},
		{"less than the classes", []int{3, 4}, []int{3, 4}, 1, nil},
		{"more than there are", []int{3, 4}, []int{3, 4}, 8, nil},
		{"an empty class", []int{3, 0}, []int{3, 0}, 2, nil},
	} {
		if got := quotas(c.counts, c.room, c.want); !slices.Equal(got, c.quota) {
			t.Errorf("%s: %v, want %v", c.name, got, c.quota)
		}
	}
}

func TestHoldOut(t *testing.T) {
	labels := make([]int, 400)
	for i := range labels {
		labels[i] = i % 4 / 3 // three quarters 0, one quarter 1
	}
	classes := []string{"a", "b"}
	from := upTo(0, 400)
	rest, held, err := holdOut(labels, from, classes, 40, 1)
	if err != nil {
		t.Fatal(err)
	}
	both := slices.Concat(rest, held)
	slices.Sort(both)
	if !slices.Equal(both, from) {
		t.Error("an image is lost or in both parts")
	}
	if !slices.IsSorted(rest) || !slices.IsSorted(held) {
		t.Error("the order of the file is lost")
	}
	if groups := groupByClass(labels, held, 2); len(groups[0]) != 30 || len(groups[1]) != 10 {
		t.Errorf("%d and %d held out, want 30 and 10", len(groups[0]), len(groups[1]))
	}
	_, again, _ := holdOut(labels, from, classes, 40, 1)
	if !slices.Equal(held, again) {
		t.Error("another choice for the same seed")
	}
	_, other, _ := holdOut(labels, from, classes, 40, 2)
	if slices.Equal(held, other) {
		t.Error("the same choice for another seed")
	}
}
