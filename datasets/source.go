package datasets

import (
	"context"
	"fmt"
	"strings"
)

// Options choose and shape a set. The zero value asks for petfaces with its defaults.
// It is kept with the lab, so that later commands find the same data again; a field that
// does not apply to the chosen source is an error where it is set.
type Options struct {
	// Data names the source: "petfaces", "cifar10:DIR", "folder:DIR" or "idx:DIR".
	Data string `json:"data"`
	// Classes are the classes to use, in this order. Empty: the source's default
	// (cat,dog for cifar10; every class found for folder and idx).
	Classes []string `json:"classes,omitempty"`
	// Size is the image side in pixels (petfaces, folder); 0 means 32. The other sources refuse
	// any but their images' own.
	Size int `json:"size,omitempty"`
	// Train, Select and Confirm are the sizes of the splits (petfaces: 4000, 1000, 1000).
	// For the other sources Select is held out of train, a tenth of it by default, and Train
	// and Confirm limit what is there, classes in proportion.
	Train   int `json:"train,omitempty"`
	Select  int `json:"select,omitempty"`
	Confirm int `json:"confirm,omitempty"`
	// Noise is the standard deviation of petfaces' pixel noise on the scale 0 to 1; nil
	// means the default.
	Noise *float64 `json:"noise,omitempty"`
	// Seed makes petfaces and the held-out select split repeatable.
	Seed uint64 `json:"seed"`
	// SkipBad leaves unreadable images out and lists them in Set.Skipped.
	SkipBad bool `json:"skip_bad,omitempty"`
	// Progress, if not nil, is called now and then with the work done and the total.
	Progress func(done, total int) `json:"-"`
}

// Source describes one kind of data for listings.
type Source struct {
	Name, Usage, Summary string
	open                 func(ctx context.Context, o Options, dir string) (*Set, error)
}

// Sources lists the kinds of data --data accepts.
var Sources = []Source{
	{"petfaces", "petfaces", "cat and dog faces drawn by the program; features, masks and twins known", openPetfaces},
	{"cifar10", "cifar10:DIR", "CIFAR-10's binary records; any of its ten classes", openCIFAR10},
	{"folder", "folder:DIR", "your own photos, one folder a class; optional features and masks", openFolder},
	{"idx", "idx:DIR", "MNIST's idx files, gzipped or not", openIDX},
}

// Open reads or draws the set the options ask for.
func Open(ctx context.Context, o Options) (*Set, error) {
	if o.Data == "" {
		o.Data = "petfaces"
	}
	name, dir, hasDir := strings.Cut(o.Data, ":")
	for _, src := range Sources {
		if src.Name != name {
			continue
		}
		if wantsDir := strings.Contains(src.Usage, ":"); wantsDir != (hasDir && dir != "") {
			return nil, fmt.Errorf("datasets: --data %s: write it as %s", o.Data, src.Usage)
		}
		set, err := src.open(ctx, o, dir)
		if err != nil {
			return nil, err
		}
		set.Source = o.Data
		return set, set.check()
	}
	return nil, fmt.Errorf("datasets: unknown data %q (known: %s)", o.Data, strings.Join(usages(), ", "))
}

func usages() []string {
	var u []string
	for _, s := range Sources {
		u = append(u, s.Usage)
	}
	return u
}
