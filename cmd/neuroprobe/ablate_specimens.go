package main

import (
	"context"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"neuroprobe/ablate"
	"neuroprobe/model"
	"neuroprobe/reports"
)

// specimens are all networks of a lab, the first of which is its model.
type specimens struct {
	networks []*model.Network
	names    []string // 01, 02 …
	files    []string // as the lab names them
}

// openSpecimens loads the networks that train --specimens has raised beside n, the lab's model, and
// refuses what is no replicate of it.
func (l lab) openSpecimens(n *model.Network) (*specimens, error) {
	all := &specimens{[]*model.Network{n}, []string{"01"}, []string{filepath.Base(l.modelPath())}}
	paths, err := filepath.Glob(filepath.Join(l.specimensPath(), "*.safetensors"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	raise := "raise several with: neuroprobe train --specimens 5 --lab five"
	if len(paths) == 0 {
		return nil, hint(fmt.Errorf("--specimens needs two networks or more, the lab %q holds 1", l.dir), "%s", raise)
	}
	for _, path := range paths {
		other, err := model.Load(path)
		if err != nil {
			return nil, err
		}
		if err := all.fits(other); err != nil {
			return nil, hint(fmt.Errorf("%s: %w", path, err), "%s", raise)
		}
		file := filepath.ToSlash(filepath.Join(filepath.Base(l.specimensPath()), filepath.Base(path)))
		all.networks = append(all.networks, other)
		all.names = append(all.names, strings.TrimSuffix(filepath.Base(path), ".safetensors"))
		all.files = append(all.files, file)
	}
	return all, nil
}

// fits tells why a network is no replicate of those there are.
func (s *specimens) fits(other *model.Network) error {
	n := s.networks[0]
	switch {
	case !reflect.DeepEqual(other.Spec, n.Spec):
		return fmt.Errorf("a network of another make: %s, where %s is %s", makeOf(other), s.files[0], makeOf(n))
	case !slices.Equal(other.Classes, n.Classes):
		return fmt.Errorf("it tells %s apart, %s %s", strings.Join(other.Classes, ", "), s.files[0], strings.Join(n.Classes, ", "))
	case other.Record.DataDigest != n.Record.DataDigest:
		return fmt.Errorf("it was raised on data with the digest %.12s…, %s on %.12s…", other.Record.DataDigest, s.files[0], n.Record.DataDigest)
	}
	for k, before := range s.networks {
		if before.Digest() == other.Digest() {
			return fmt.Errorf("it is the same network as %s: a copy is no replicate", s.files[k])
		}
	}
	return nil
}

// makeOf says what a network is made of: "cnn (conv1 16, conv2 32, dense3 2)".
func makeOf(n *model.Network) string {
	var layers []string
	for l := 1; l <= n.Depth(); l++ {
		layers = append(layers, fmt.Sprintf("%s %d", n.Layer(l).Name, n.Geometry(l).Act[0]))
	}
	return fmt.Sprintf("%s (%s)", n.Spec.Name, strings.Join(layers, ", "))
}

// openReplicates opens the lab and all its networks, and lays these out.
func (o *experimentOptions) openReplicates(ctx context.Context, check func(*model.Network) error) (*experiment, *specimens, []ablate.Specimen, error) {
	e, err := o.open(ctx, check)
	if err != nil {
		return nil, nil, nil, err
	}
	all, err := e.lab.openSpecimens(e.network)
	if err != nil {
		return nil, nil, nil, err
	}
	prepared, err := ablate.PrepareSpecimens(ctx, all.networks, all.names, e.set, e.ablate)
	if err != nil {
		return nil, nil, nil, e.failed(err)
	}
	return e, all, prepared, nil
}

// runReplicates makes experiments on neurons of the lab's model and on their homologues in all its
// other networks.
func runReplicates(ctx context.Context, o *experimentOptions, neurons string, experiments func(*experiment) ([]ablate.ReplicatedExperiment, error)) error {
	var targets []model.Address
	e, all, prepared, err := o.openReplicates(ctx, func(n *model.Network) (err error) {
		targets, err = n.ParseAddresses(neurons)
		return err
	})
	if err != nil {
		return err
	}
	wanted, err := experiments(e)
	if err != nil {
		return err
	}
	result, err := ablate.Replicate(ctx, prepared, targets, wanted...)
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.Specimens(reports.SpecimensReport{Source: e.source(), Files: all.files, Replication: *result}))
}

// runNeuronSpecimens is ablate --neuron --specimens.
func runNeuronSpecimens(ctx context.Context, o *experimentOptions, neurons string) error {
	return runReplicates(ctx, o, neurons, func(e *experiment) (all []ablate.ReplicatedExperiment, _ error) {
		for _, kind := range e.kinds {
			all = append(all, ablate.LesionHeadline(e.metric, kind))
		}
		return all, nil
	})
}

// runPairSpecimens is ablate pairs --neurons A,B --specimens.
func runPairSpecimens(ctx context.Context, o *experimentOptions, neurons string) error {
	return runReplicates(ctx, o, neurons, func(e *experiment) (all []ablate.ReplicatedExperiment, _ error) {
		for _, kind := range e.kinds {
			all = append(all, ablate.EpistasisHeadline(e.metric, kind))
		}
		return all, nil
	})
}

// runDissociateSpecimens is ablate dissociate --a A --b B --specimens.
func runDissociateSpecimens(ctx context.Context, o *dissociateOptions) error {
	return runReplicates(ctx, o.experimentOptions, o.a+","+o.b, func(e *experiment) ([]ablate.ReplicatedExperiment, error) {
		outcomes, err := ablate.ParseOutcomes(e.set, o.outcomes)
		if err != nil {
			return nil, hint(&usageError{err}, "like --outcomes cat,dog")
		}
		return []ablate.ReplicatedExperiment{ablate.DissociationHeadline(e.metric, e.kinds[0], outcomes)}, nil
	})
}

// runShapleySpecimens is ablate shapley --neurons LIST --specimens.
func runShapleySpecimens(ctx context.Context, o *shapleyOptions) error {
	return runReplicates(ctx, o.experimentOptions, o.neurons, func(e *experiment) ([]ablate.ReplicatedExperiment, error) {
		units, err := e.network.ParseAddresses(o.neurons)
		return ablate.ShapleyHeadlines(e.metric, units, o.shapley), err
	})
}

// runPatchSpecimens is ablate patch --neuron LIST --specimens.
func runPatchSpecimens(ctx context.Context, o *patchOptions) error {
	return runReplicates(ctx, o.experimentOptions, o.neuron, func(e *experiment) (all []ablate.ReplicatedExperiment, _ error) {
		features, err := o.featuresOf(e.set)
		for _, f := range features {
			all = append(all, ablate.PatchHeadline(f, e.set.Features[f], o.images))
		}
		if len(features) == 0 {
			all = append(all, ablate.PatchHeadline(-1, "the classes' difference", o.images))
		}
		return all, err
	})
}

// runSweepSpecimens is ablate sweep --specimens, over the layers that layersOf finds in the lab's model
// (nil: all hidden ones).
func runSweepSpecimens(ctx context.Context, o *experimentOptions, layersOf func(*model.Network) ([]int, error)) error {
	if len(o.kinds) != 1 {
		return usagef("--specimens takes one --kind")
	}
	var layers []int
	e, all, prepared, err := o.openReplicates(ctx, func(n *model.Network) (err error) {
		layers, err = layersOf(n)
		return err
	})
	if err != nil {
		return err
	}
	result, err := ablate.SweepReplicates(ctx, prepared, e.metric, o.kinds[0], layers)
	if err != nil {
		return e.failed(err)
	}
	return e.publish(reports.SweepSpecimens(reports.SweepSpecimensReport{Source: e.source(), Files: all.files, Sweep: *result}))
}
