package datasets

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// portion is one of the two parts in which CIFAR-10 and MNIST are published.
type portion struct {
	name  string // "training" or "test"
	tally []int  // images of each known class, wanted or not
}

// requireClasses verifies that every wanted class has images in both parts.
func requireClasses(dir string, wanted, known []string, parts ...portion) error {
	for _, p := range parts {
		for _, name := range wanted {
			if k := slices.Index(known, name); p.tally[k] > 0 {
				continue
			}
			return fmt.Errorf("datasets: %s: class %q has no image in the %s files (they hold %s)",
				dir, name, p.name, describeTally(p.tally, known))
		}
	}
	return nil
}

func describeTally(tally []int, known []string) string {
	var held []string
	for k, n := range tally {
		if n > 0 {
			held = append(held, fmt.Sprintf("%s %d", known[k], n))
		}
	}
	if len(held) == 0 {
		return "none of any class"
	}
	return strings.Join(held, ", ")
}

// splitHeldOut makes the three splits where a source has two parts: select is held out of
// train, the other part is confirm. The options then limit train and confirm, so that
// --train-images changes neither of the other splits.
func splitHeldOut(o Options, labels, train, confirm []int, classes []string) (picks, error) {
	rest, held, err := splitTrain(o, labels, train, classes)
	if err != nil {
		return picks{}, err
	}
	return limit(picks{rest, held, confirm}, labels, len(classes), [3]int{o.Train, 0, o.Confirm})
}

// splitTrain holds out what Options.Select asks for: by default a tenth.
func splitTrain(o Options, labels, train []int, classes []string) (rest, held []int, err error) {
	want := o.Select
	if want == 0 {
		want = max(len(train)/10, len(classes))
	}
	return holdOut(labels, train, classes, want, o.Seed)
}

// holdOut moves want images out of from, in the proportions of the classes. Which ones, a
// PCG seeded by seed and the class decides; both lists keep their order.
func holdOut(labels, from []int, classes []string, want int, seed uint64) (rest, held []int, err error) {
	byClass := groupByClass(labels, from, len(classes))
	counts, room := make([]int, len(classes)), make([]int, len(classes))
	for c, members := range byClass {
		if len(members) < 2 {
			return nil, nil, fmt.Errorf("datasets: class %q has %s: too few to hold a select split out", classes[c], counted(len(members), "training image"))
		}
		counts[c], room[c] = len(members), len(members)-1
	}
	quota := quotas(counts, room, want)
	if quota == nil {
		return nil, nil, fmt.Errorf("datasets: --select-images %d: from %d to %d of these %d training images can be held out", want, len(classes), sum(room), len(from))
	}
	isHeld := make(map[int]bool, want)
	for c, members := range byClass {
		rng := rand.New(rand.NewPCG(seed, uint64(c)))
		for _, k := range rng.Perm(len(members))[:quota[c]] {
			isHeld[members[k]] = true
		}
	}
	for _, i := range from {
		if isHeld[i] {
			held = append(held, i)
		} else {
			rest = append(rest, i)
		}
	}
	return rest, held, nil
}
