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
