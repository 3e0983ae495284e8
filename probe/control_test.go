package probe

import (
	"slices"
	"testing"

	"neuroprobe/datasets"
)

func TestStimulusTypesAreCombinations(t *testing.T) {
	// In the order of the combinations: A without p, A with p, B without p.
	types, count := stimulusTypes(&datasets.Set{Labels: []int{1, 0, 0, 1, 0}, Features: []string{"p"}, Present: []bool{false, true, false, false, true}})
	if want := []int{2, 1, 0, 2, 1}; count != 3 || !slices.Equal(types, want) {
		t.Errorf("%d types %v, want 3 of %v", count, types, want)
	}
	types, count = stimulusTypes(&datasets.Set{Labels: []int{1, 0, 0}})
	if want := []int{0, 1, 2}; count != 3 || !slices.Equal(types, want) {
		t.Errorf("without features %d types %v, want each image its own", count, types)
	}
}

func TestControlTaskDrawsAnAnswerAType(t *testing.T) {
	const count = 40
	types, train := make([]int, 4000), make([]int, 0, 3000)
	for i := range types {
		types[i] = i * i % count // squares: the types are of very different sizes, and not all exist
		if types[i] != 9 && i < 3000 {
			train = append(train, i) // type 9 is not in train
		}
	}
	inTrain := map[int]bool{}
	for _, i := range train {
		inTrain[types[i]] = true
	}
	seen := map[bool]bool{}
	for stream := range uint64(50) {
		answers := controlTask(types, count, train, 0.3, 7, stream)
		byType := map[int]bool{}
		for i, a := range answers {
			if before, known := byType[types[i]]; known && before != a {
				t.Fatalf("draw %d: type %d says yes and no", stream, types[i])
			}
			byType[types[i]] = a
		}
		yes := 0
		for k := range inTrain {
			if byType[k] {
				yes++
			}
		}
		// 30 % of the types in train: squares modulo 40 are 0, 1, 4, 9, 16, 20, 24, 25 and 36, and 9
		// is left out: 2.4 of 8.
		if len(inTrain) != 8 || yes != 2 {
			t.Errorf("draw %d: %d of %d train types say yes, want 2 of 8", stream, yes, len(inTrain))
		}
		seen[byType[9]] = true
		if !slices.Equal(answers, controlTask(types, count, train, 0.3, 7, stream)) {
			t.Errorf("draw %d differs the second time", stream)
		}
	}
	if len(seen) != 2 {
		t.Error("the type that train lacks says the same in 50 draws")
	}
	if slices.Equal(controlTask(types, count, train, 0.3, 7, 1), controlTask(types, count, train, 0.3, 7, 2)) {
		t.Error("two streams draw the same")
	}
}

// However rare or common a concept is, a control task has answers of both kinds to learn; of one
// type there is none.
func TestControlTaskAtItsEnds(t *testing.T) {
	types, train := []int{0, 1, 2, 0}, []int{0, 1, 2}
	for _, prevalence := range []float64{0, 0.01, 0.99, 1} {
		a := controlTask(types, 3, train, prevalence, 1, 1)
		if !slices.Contains(a, true) || !slices.Contains(a, false) {
			t.Errorf("prevalence %v: answers %v", prevalence, a)
		}
	}
	if a := controlTask(types, 3, []int{0, 3}, 0.5, 1, 1); a != nil {
		t.Errorf("of one type in train a control task was drawn: %v", a)
	}
}

func TestControlTasksAreIndependent(t *testing.T) {
	seen := map[uint64]bool{}
	for _, kind := range []ConceptKind{Class, Feature} {
		for index := range 3 {
			for k := range 1000 {
				seen[controlStream(Concept{Kind: kind, Index: index}, k)] = true
			}
		}
	}
	if len(seen) != 6000 {
		t.Errorf("6000 control tasks have %d streams", len(seen))
	}
}
