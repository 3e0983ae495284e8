package model_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"neuroprobe/model"
)

// TestResumedRunEndsWithTheSameWeights breaks a run off within an epoch, at an epoch's end and
// before the first step, each time resuming from the file, and compares with an unbroken run.
func TestResumedRunEndsWithTheSameWeights(t *testing.T) {
	for _, preset := range []string{"cnn", "resnet"} {
		whole := trainer(t, preset, smallOptions())
		if err := whole.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		want, _ := whole.Network("test")

		path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
		broken := trainer(t, preset, smallOptions())
		for _, stop := range []int{0, 3, 7, 10, 11, 25} { // steps of the whole run; an epoch has ten
			ctx, cancel := context.WithCancel(context.Background())
			if stop == 0 {
				cancel()
			}
			err := broken.Run(ctx, func(p model.Progress) {
				if p.Step >= stop {
					cancel()
				}
			})
			cancel()
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("%s, stop at step %d: error %v", preset, stop, err)
			}
			if err := broken.SaveCheckpoint(path, "the plan"); err != nil {
				t.Fatal(err)
			}
			c, err := model.ReadCheckpoint(path)
			if err != nil || c.Plan != "the plan" {
				t.Fatal(c, err)
			}
			if broken, err = c.Resume(blobs()); err != nil {
				t.Fatal(err)
			}
		}
		if err := broken.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
		got, _ := broken.Network("test")
		if got.Digest() != want.Digest() {
			t.Errorf("%s: a run broken off six times ends with other weights", preset)
		}
	}
}

// TestResumedRunKnowsTheBestEpoch breaks a run off after its best epoch: the weights kept at
// the end must be those of before the break.
func TestResumedRunKnowsTheBestEpoch(t *testing.T) {
	want := coinRun(t, nil)
	best := want.Record.Best
	if best > 9 {
		t.Fatalf("the best epoch is %d: too late for this test", best)
	}
	broken := coinTrainer(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	err := broken.Run(ctx, func(p model.Progress) {
		if p.Step == 5*(best+1)+2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	if err := broken.SaveCheckpoint(path, ""); err != nil {
		t.Fatal(err)
	}
	c, err := model.ReadCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	resumed, err := c.Resume(coins(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"on resuming", "at the end"} {
		n := network(t, resumed)
		for l := range n.Params {
			if !identical(n.Params[l].Weight, want.Params[l].Weight) || !identical(n.Params[l].Bias, want.Params[l].Bias) {
				t.Errorf("%s the weights of layer %d are not the best epoch's", when, l)
			}
		}
		if err := resumed.Run(context.Background(), nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := network(t, resumed); n.Digest() != want.Digest() {
		t.Errorf("record %+v, want %+v", n.Record, want.Record)
	}
}

// TestResumeRefusesAStepBeyondTheEpoch: five steps make an epoch of the coins.
func TestResumeRefusesAStepBeyondTheEpoch(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.safetensors")
	if err := coinTrainer(t, nil).SaveCheckpoint(path, ""); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for step, refused := range map[string]bool{"5": false, "6": true, "9": true} {
		changed := strings.Replace(string(whole), `\"step\":0`, `\"step\":`+step, 1)
		if err := os.WriteFile(path, []byte(changed), 0o666); err != nil {
			t.Fatal(err)
		}
		c, err := model.ReadCheckpoint(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Resume(coins(t)); (err != nil) != refused || err != nil && !strings.Contains(err.Error(), "stands at step "+step+" of an epoch of 5") {
			t.Errorf("step %s of 5: error %v", step, err)
		}
	}
}

func TestBadCheckpoints(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.safetensors")
	tr := trainer(t, "cnn", smallOptions())
	if err := tr.SaveCheckpoint(path, ""); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := model.ReadCheckpoint(path)
	if err != nil {
		t.Fatal(err)
	}
	other := blobs()
	other.Images[0] = 0.123
	if _, err := c.Resume(other); err == nil || !strings.Contains(err.Error(), "data have changed") {
		t.Errorf("resume on other data: %v", err)
	}
	for name, bad := range map[string][]byte{
		"truncated":   whole[:len(whole)/2],
		"empty":       {},
		"other epoch": []byte(strings.Replace(string(whole), `\"epoch\":0`, `\"epoch\":9`, 1)),
		"other plan":  []byte(strings.Replace(string(whole), "neuroprobe.checkpoint", "neuroprobe.checkpoinx", 1)),
	} {
		if err := os.WriteFile(path, bad, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := model.ReadCheckpoint(path); err == nil {
			t.Errorf("%s: read without complaint", name)
		}
	}
	n, _ := tr.Network("test")
	if err := n.Save(path); err != nil {
		t.Fatal(err)
	}
	if _, err := model.ReadCheckpoint(path); err == nil || !strings.Contains(err.Error(), "no checkpoint") {
		t.Errorf("a model read as a checkpoint: %v", err)
	}
}
