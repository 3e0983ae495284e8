package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"neuroprobe/model/kernel"
)

func TestInterruptedTrainingResumesToTheSameLab(t *testing.T) {
	for _, c := range []struct {
		name, at string
		terminal bool
		args     []string
		left     []string // in the lab, after the interruption
	}{
		{"between epochs", "epoch  1/3", false, nil, []string{"checkpoint.safetensors"}},
		{"within an epoch", "epoch 1/3, loss", true, nil, []string{"checkpoint.safetensors"}},
		{"before the first step", "training cnn", false, nil, []string{"checkpoint.safetensors"}},
		{"after the last step", "epoch  3/3", false, nil, nil},
		{"second of two networks", "network 2/2, epoch  1/3", false, []string{"--specimens", "2"},
			[]string{"checkpoint.safetensors", "data.json", "model.safetensors"}},
		{"between two networks", "network 1/2, epoch  3/3", false, []string{"--specimens", "2"},
			[]string{"checkpoint.safetensors", "data.json", "model.safetensors"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := append(slices.Clone(short), c.args...)
			t.Chdir(t.TempDir())
			mustRun(t, args...)
			whole := contents(t, "lab")

			t.Chdir(t.TempDir())
			code, out, messages := interrupted(t, c.at, c.terminal, args...)
			if c.left == nil { // too late: there was nothing left to do but the report
				if code != exitDone {
					t.Errorf("exit code %d, want %d", code, exitDone)
				}
				sameContents(t, contents(t, "lab"), whole)
				return
			}
			if code != exitInterrupted || out != "" {
				t.Errorf("exit code %d with the product %q, want %d with none", code, out, exitInterrupted)
			}
			if want := "checkpoint saved to lab/checkpoint.safetensors\nneuroprobe: interrupted\nhint: go on with: neuroprobe train --resume\n"; !strings.HasSuffix(messages, want) {
				t.Errorf("messages end with %q, want %q", messages, want)
			}
			if left := entries(t, "lab"); !slices.Equal(left, c.left) {
				t.Errorf("the lab holds %q, want %q", left, c.left)
			}
			if code, _, messages := neuroprobe(t.Context(), short...); code != exitFailed || !strings.Contains(messages, "checkpoint of an interrupted run") {
				t.Errorf("training over a checkpoint: exit code %d, %s", code, messages)
			}
			mustRun(t, "train", "--resume")
			sameContents(t, contents(t, "lab"), whole)
		})
	}
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range found {
		names = append(names, e.Name())
	}
	return names
}

func TestInterruptedTwiceAndResumedTwice(t *testing.T) {
	t.Chdir(t.TempDir())
	mustRun(t, short...)
	whole := contents(t, "lab")
	t.Chdir(t.TempDir())
	interrupted(t, "epoch  1/3", false, short...)
	if code, _, _ := interrupted(t, "epoch  2/3", false, "train", "--resume"); code != exitInterrupted {
		t.Errorf("exit code %d, want %d", code, exitInterrupted)
	}
	mustRun(t, "train", "--resume")
	sameContents(t, contents(t, "lab"), whole)
}

func TestInterruptedForcedTrainingKeepsTheOldNetwork(t *testing.T) {
	t.Chdir(t.TempDir())
	mustRun(t, append(short, "--specimens", "2")...)
	before := contents(t, "lab")
	interrupted(t, "epoch  1/3", false, append(short, "--force", "--seed", "9")...)
	after := contents(t, "lab")
	delete(after, "checkpoint.safetensors")
	sameContents(t, after, before)
	mustRun(t, "ablate", "--neuron", "3:17")
}

func TestResumeRefusesChangedData(t *testing.T) {
	t.Chdir(t.TempDir())
	mustRun(t, "datasets", "export", "--to", "faces", "--train-images", "20", "--select-images", "10", "--confirm-images", "10")
	interrupted(t, "epoch  1/3", false, "train", "--data", "folder:faces", "--epochs", "3")
	if err := os.Rename("faces/features.csv", "features.csv"); err != nil {
		t.Fatal(err)
	}
	os.Remove("faces/parts.csv")
	code, _, messages := neuroprobe(t.Context(), "train", "--resume")
	if code != exitFailed || !strings.Contains(messages, "data have changed since the checkpoint") {
		t.Errorf("exit code %d: %s", code, messages)
	}
	if left := entries(t, "lab"); !slices.Equal(left, []string{"checkpoint.safetensors"}) {
		t.Errorf("the lab holds %q", left)
	}
}

func TestResumeWithOtherArithmeticSaysSo(t *testing.T) {
	t.Cleanup(func() { kernel.Use("auto") }) // --blas holds for the process
	t.Chdir(t.TempDir())
	interrupted(t, "epoch  1/3", false, append(short, "--blas", "go")...)
	checkpoint, err := os.ReadFile("lab/checkpoint.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.Replace(checkpoint, []byte("Go (vek"), []byte("No (vek"), 1)
	if err := os.WriteFile("lab/checkpoint.safetensors", other, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, messages := neuroprobe(t.Context(), "train", "--resume", "--blas", "go"); !strings.Contains(messages, "began with No (vek") {
		t.Errorf("messages: %s", messages)
	}
}

func TestInterruptedCommandsLeaveNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	mustRun(t, short...)
	before := contents(t, ".")
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{
		{"ablate", "--neuron", "3:17"},
		{"ablate", "--neuron", "3:17", "--json"},
		{"datasets", "show"},
		{"datasets", "export", "--to", "faces"},
		append(slices.Clone(short), "--lab", "other"),
	} {
		code, out, messages := neuroprobe(ended, args...)
		if code != exitInterrupted || out != "" {
			t.Errorf("%v: exit code %d with the product %q, want %d with none", args, code, out, exitInterrupted)
		}
		if !strings.HasPrefix(messages, "neuroprobe: interrupted") || strings.Contains(messages, "context canceled") {
			t.Errorf("%v: messages %q", args, messages)
		}
		sameContents(t, contents(t, "."), before)
	}
}

// A bar appears with the first image drawn and the first written.
func TestInterruptedDuringExportLeavesNothing(t *testing.T) {
	for _, at := range []string{"reading petfaces", "writing faces"} {
		t.Chdir(t.TempDir())
		code, out, messages := interrupted(t, at, true, "datasets", "export", "--to", "faces", "--size", "16", "--train-images", "1000")
		if left := entries(t, "."); code != exitInterrupted || out != "" || len(left) > 0 {
			t.Errorf("%s: exit code %d, product %q, files %q", at, code, out, left)
		}
		if !strings.Contains(messages, "\nneuroprobe: interrupted: datasets: ") && !strings.Contains(messages, "\rneuroprobe: interrupted: datasets: ") {
			t.Errorf("%s: messages %q", at, messages)
		}
	}
}

// TestCtrlC presses a real Ctrl-C.
func TestCtrlC(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals")
	}
	t.Chdir(t.TempDir())
	cmd := exec.Command("neuroprobe", append(slices.Clone(short), "--epochs", "100000", "--patience", "0")...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var last string
	for lines := bufio.NewScanner(stderr); lines.Scan(); last = lines.Text() {
		if strings.HasPrefix(lines.Text(), "epoch  1/") {
			cmd.Process.Signal(os.Interrupt)
		}
	}
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || last != "hint: go on with: neuroprobe train --resume" {
		t.Errorf("exit code %d, last message %q", code, last)
	}
	if left := entries(t, "lab"); !slices.Equal(left, []string{"checkpoint.safetensors"}) {
		t.Errorf("the lab holds %q", left)
	}
}

// stubborn is a program that goes on after the first Ctrl-C.
func stubborn() {
	interruptible(context.Background(), func() { io.WriteString(os.Stdout, "again\n") })
	io.WriteString(os.Stdout, "ready\n")
	io.Copy(io.Discard, os.Stdin)
}

func TestSecondCtrlCEndsAtOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no signals")
	}
	cmd := exec.Command("stubborn")
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(stdout)
	for _, want := range []string{"ready\n", "again\n"} {
		if line, err := lines.ReadString('\n'); line != want {
			t.Fatalf("stubborn says %q (%v), want %q", line, err, want)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGINT {
		t.Errorf("ended with %v, want by the signal", cmd.ProcessState)
	}
}

// TestInterruptedProbeLeavesNothing: neither half a report nor half a recording.
func TestInterruptedProbeLeavesNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	mustRun(t, short...)
	before := contents(t, "lab")
	for at, args := range map[string][]string{
		"recording":        {"probe"},
		"permuting labels": {"probe", "--neuron", "3:17"},
		"showing twins":    {"probe"},
		"decoding":         {"probe", "decode"},
		"recording lab":    {"record", "--split", "all"},
	} {
		code, out, messages := interrupted(t, at, true, args...)
		if code != exitInterrupted || out != "" || !strings.Contains(messages, "neuroprobe: interrupted") {
			t.Errorf("%v at %q: exit code %d with the product %q and %q", args, at, code, out, messages)
		}
		sameContents(t, contents(t, "lab"), before)
	}
}
