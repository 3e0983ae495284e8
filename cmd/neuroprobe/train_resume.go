package main

import (
	"context"
	"encoding/json"
	"fmt"

	"neuroprobe/model"
)

// goOn prepares the rest of an interrupted run.
func (r *trainRun) goOn(ctx context.Context) error {
	checkpoint, err := model.ReadCheckpoint(r.lab.checkpointPath())
	if err == nil {
		err = json.Unmarshal([]byte(checkpoint.Plan), &r.plan)
	}
	if err != nil {
		return hint(err, "start over with: neuroprobe train --force%s", r.lab.flag())
	}
	if r.set, err = r.plan.Data.open(ctx, r.streams); err != nil {
		return err
	}
	if now := r.arithmetic(); now != r.plan.Arithmetic {
		fmt.Fprintf(r.Err, "neuroprobe: the run began with %s and goes on with %s: the weights will differ a little from an unbroken run's\n", r.plan.Arithmetic, now)
	}
	r.training = checkpoint.Options
	r.trainer, err = checkpoint.Resume(r.set)
	return err
}

// interrupt saves the checkpoint and says how to go on.
func (r *trainRun) interrupt(cause error) error {
	plan, err := json.Marshal(r.plan)
	if err == nil {
		err = r.trainer.SaveCheckpoint(r.lab.checkpointPath(), string(plan))
	}
	if err != nil {
		return fmt.Errorf("interrupted, and the checkpoint could not be saved: %w", err)
	}
	fmt.Fprintf(r.Err, "checkpoint saved to %s\n", r.lab.checkpointPath())
	return hint(cause, "go on with: neuroprobe train --resume%s", r.lab.flag())
}
