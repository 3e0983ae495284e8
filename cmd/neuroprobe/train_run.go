package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// trainRun is a training under way: of one network, or of several from several seeds.
type trainRun struct {
	*trainOptions
	lab     lab
	started time.Time
	plan    trainPlan
	set     *datasets.Set
	trainer *model.Trainer // of the network under way; nil before it is begun
}

// trainPlan is what a run is about: kept in the checkpoint, so that --resume needs nothing else.
type trainPlan struct {
	Data       labData    `json:"data"`
	Spec       model.Spec `json:"spec"`
	First      uint64     `json:"first_seed"`
	Specimens  int        `json:"specimens"`
	Done       int        `json:"done"` // specimens finished before this one
	Command    string     `json:"command"`
	Arithmetic string     `json:"arithmetic"`
}

func runTrain(ctx context.Context, o *trainOptions) error {
	r := &trainRun{trainOptions: o, lab: lab{o.labDir}, started: time.Now()}
	if err := r.allowed(); err != nil {
		return err
	}
	begin := r.begin
	if o.resume {
		begin = r.goOn
	}
	if err := begin(ctx); err != nil {
		return err
	}
	fmt.Fprintf(o.Err, "training %s%s on %s with %s\n", r.plan.Spec.Name, byRule(r.training.Rule), r.set.Source, o.arithmetic())
	for r.plan.Done < r.plan.Specimens {
		if err := r.raise(ctx); err != nil {
			return err
		}
	}
	// From here on it is a matter of moments, and there is nothing left to resume.
	if err := r.report(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	if err := os.Remove(r.lab.checkpointPath()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// byRule names a learning rule that is not the usual one.
func byRule(rule string) string {
	if rule == "" {
		return ""
	}
	return " by " + rule
}

// allowed keeps a run from overwriting what somebody may still want.
func (r *trainRun) allowed() error {
	switch {
	case r.resume && !exists(r.lab.checkpointPath()):
		return hint(fmt.Errorf("no checkpoint in the lab %q", r.lab.dir), "start with: neuroprobe train%s", r.lab.flag())
	case r.resume || r.force:
		return nil
	case exists(r.lab.checkpointPath()):
		return hint(fmt.Errorf("the lab %q holds the checkpoint of an interrupted run", r.lab.dir), "neuroprobe train --resume%s goes on with it, --force starts over", r.lab.flag())
	case exists(r.lab.modelPath()):
		return hint(fmt.Errorf("the lab %q holds a network already", r.lab.dir), "choose another --lab, or replace it with --force")
	}
	return nil
}

// begin prepares a fresh run.
func (r *trainRun) begin(ctx context.Context) (err error) {
	r.plan = trainPlan{First: r.training.Seed, Specimens: r.specimens, Command: r.command, Arithmetic: r.arithmetic()}
	if r.spec != "" {
		if r.plan.Spec, err = model.ReadSpec(r.spec); err != nil {
			return err
		}
	}
	if r.set, err = r.readData(ctx, r.data.Options, r.data.Data); err != nil {
		return err
	}
	if r.plan.Data, err = newLabData(r.data.Options, r.set); err != nil {
		return err
	}
	if r.spec == "" {
		r.plan.Spec, err = r.network(model.Shape{r.set.Channels, r.set.Height, r.set.Width}, len(r.set.Classes))
	}
	return err
}

// raise trains the next network, from the trainer of a checkpoint if there is one, and saves it.
func (r *trainRun) raise(ctx context.Context) (err error) {
	if r.trainer == nil {
		options := r.training
		options.Seed = r.plan.First + uint64(r.plan.Done)
		if r.trainer, err = model.NewTrainer(r.set, r.plan.Spec, options); err != nil {
			return err
		}
	}
	defer r.trainer.Close()
	if err := r.lab.claim(); err != nil {
		return err
	}
	watch := watchTraining(r.streams, r.plan.Done+1, r.plan.Specimens)
	err = r.trainer.Run(ctx, watch.see)
	watch.finish()
	if errors.Is(err, context.Canceled) {
		return r.interrupt(err)
	}
	if err != nil {
		return err
	}
	if err := r.save(); err != nil {
		return err
	}
	r.plan.Done++
	r.trainer = nil
	return nil
}

// save writes the network that the trainer has finished. The first of a run makes room: other
// specimens that the lab may hold are none of its kin.
func (r *trainRun) save() error {
	n, err := r.trainer.Network(version)
	if err != nil {
		return err
	}
	if r.plan.Done == 0 {
		if err := os.RemoveAll(r.lab.specimensPath()); err != nil {
			return err
		}
		// The data file goes before the network: without one it is harmless.
		if err := r.lab.saveData(r.plan.Data); err != nil {
			return err
		}
	}
	path := r.lab.specimenPath(r.plan.Done + 1)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	return n.Save(path)
}
