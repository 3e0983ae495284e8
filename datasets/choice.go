package datasets

import (
	"fmt"
	"slices"
	"strings"
)

// classSlots tells for each class a source knows which place it has among the wanted
// classes, -1 for the classes to leave out.
func classSlots(wanted, known []string) ([]int, error) {
	if len(wanted) < 2 {
		return nil, fmt.Errorf("datasets: --classes %s: a classifier needs two classes at least (known: %s)",
			strings.Join(wanted, ","), strings.Join(known, ", "))
	}
	slots := slices.Repeat([]int{-1}, len(known))
	for place, name := range wanted {
		k, err := indexOf("class", name, known)
		if err != nil {
			return nil, err
		}
		if slots[k] >= 0 {
			return nil, fmt.Errorf("datasets: --classes %s: %q is there twice", strings.Join(wanted, ","), name)
		}
		slots[k] = place
	}
	return slots, nil
}

// checkFileOptions refuses options that make no sense for data read from files.
func checkFileOptions(o Options) error {
	if o.Noise != nil {
		return fmt.Errorf("datasets: --noise %g: only petfaces draws noise (leave --noise out)", *o.Noise)
	}
	for _, f := range []struct {
		flag  string
		value int
	}{{"size", o.Size}, {"train-images", o.Train}, {"select-images", o.Select}, {"confirm-images", o.Confirm}} {
		if f.value < 0 {
			return fmt.Errorf("datasets: --%s %d: must not be negative (0 means the default)", f.flag, f.value)
		}
	}
	return nil
}
