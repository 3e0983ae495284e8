package main

import (
	"context"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"neuroprobe/datasets"

	"github.com/spf13/cobra"
)

// parseTrain gives what a command line of train asks for, without doing it.
func parseTrain(t *testing.T, args ...string) (*trainOptions, error) {
	t.Helper()
	var got *trainOptions
	cmd := newTrainCmd(&globals{}, func(_ context.Context, o *trainOptions) error {
		got = o
		return nil
	})
	return got, execute(cmd, args)
}

func parseAblate(t *testing.T, args ...string) (got *ablateOptions, err error) {
	t.Helper()
	cmd := newAblateCmd(&globals{}, func(_ context.Context, o *ablateOptions) error {
		got = o
		return nil
	})
	err = execute(cmd, args)
	return got, err
}

func execute(cmd *cobra.Command, args []string) error {
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(io.Discard)
	cmd.SetArgs(args)
	return cmd.ExecuteContext(context.Background())
}

func TestTrainFlags(t *testing.T) {
	o, err := parseTrain(t)
	if err != nil {
		t.Fatal(err)
	}
	if o.data.Data != "petfaces" || o.data.Noise != nil || o.data.Seed != 1 || o.training.Seed != 1 || o.preset != "cnn" || o.specimens != 1 || o.resume || o.force {
		t.Errorf("defaults: %+v", o)
	}
	o, err = parseTrain(t, "--seed", "9", "--noise", "0", "--classes", "dog,cat", "--flip=false", "--lr", "1e-4", "--json", "--force")
	if err != nil {
		t.Fatal(err)
	}
	if o.training.Seed != 9 || o.data.Seed != 9 {
		t.Errorf("--seed 9 gives the training %d and the data %d", o.training.Seed, o.data.Seed)
	}
	if o.data.Noise == nil || *o.data.Noise != 0 {
		t.Errorf("--noise 0 gives %v, which is the default", o.data.Noise)
	}
	if !slices.Equal(o.data.Classes, []string{"dog", "cat"}) || o.training.Flip || o.training.Rate != 1e-4 {
		t.Errorf("got %+v", o)
	}
	if want := "train --classes dog,cat --flip=false --lr 0.0001 --noise 0 --seed 9"; o.command != want {
		t.Errorf("to repeat it: %q, want %q", o.command, want)
	}
}

func TestAblateFlags(t *testing.T) {
	o, err := parseAblate(t, "--neuron", "2:*", "--split", "train", "--resamples", "500")
	if err != nil {
		t.Fatal(err)
	}
	if o.neurons != "2:*" || o.ablate.Split != datasets.Train || o.ablate.Resamples != 500 || o.ablate.Seed != 1 || o.controls != 20 || len(o.kinds) != 3 {
		t.Errorf("got %+v", o)
	}
	if want := "ablate --neuron '2:*' --resamples 500 --split train"; o.command != want {
		t.Errorf("to repeat it: %q, want %q", o.command, want)
	}
	if o, err := parseAblate(t, "--split", "train"); o != nil || err == nil {
		t.Errorf("without --neuron: %+v, %v", o, err)
	}
}

// A shell reads a quoted word as the word.
func TestQuotedWordsPaste(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	for _, word := range []string{"lab", "a b", "it's", `"`, `\`, "$HOME", "`ls`", "~/x", "*", "2:*", "3:17@4,5", "a;b", "a&b", "{a,b}", "größe", "", "-x", "#a", "a\tb", "!x", "=ls", "a\nb"} {
		out, err := exec.Command(sh, "-c", "printf %s "+quote(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("the shell reads %s as %q (%v), want %q", quote(word), out, err, word)
		}
	}
	for _, word := range []string{"lab", "../my-lab", "folder:photos", "3:17@4,5", "0.5"} {
		if quote(word) != word {
			t.Errorf("%s is quoted for nothing: %s", word, quote(word))
		}
	}
}

// Every command explains itself: what it does, an example that starts with its own name, and
// flags that say what they are for.
func TestEveryCommandHasHelpWithExamples(t *testing.T) {
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		args := append(strings.Fields(cmd.CommandPath())[1:], "--help")
		code, out, messages := neuroprobe(t.Context(), args...)
		if code != exitDone || messages != "" {
			t.Errorf("%v: exit code %d, messages %q", args, code, messages)
		}
		for _, want := range []string{"Usage:", "Examples:", "  " + cmd.CommandPath(), "--help", "--lab folder"} {
			if cmd.Name() == "completion" && want == "  "+cmd.CommandPath() {
				continue // goes into a pipe
			}
			if !strings.Contains(out, want) {
				t.Errorf("%v does not show %q:\n%s", args, want, out)
			}
		}
		if long := longestLine(out); long > 140 {
			t.Errorf("%v has a line of %d characters", args, long)
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(newRootCmd(streams{Out: io.Discard, Err: io.Discard}))
	help := mustRun(t, "help", "datasets", "fetch")
	if help != mustRun(t, "datasets", "fetch", "--help") {
		t.Errorf("help datasets fetch prints\n%s", help)
	}
	if bare := mustRun(t); bare != mustRun(t, "--help") {
		t.Errorf("neuroprobe alone prints\n%s", bare)
	}
}

func longestLine(text string) int {
	longest := 0
	for line := range strings.Lines(text) {
		longest = max(longest, len([]rune(strings.TrimSuffix(line, "\n"))))
	}
	return longest
}

// Examples of the commands must at least parse.
func TestExamplesParse(t *testing.T) {
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		for line := range strings.SplitSeq(cmd.Example, "\n") {
			words := shellWords(line)
			if len(words) == 0 || words[0] != "neuroprobe" {
				continue
			}
			if cut := slices.Index(words, ">"); cut >= 0 {
				words = words[:cut]
			}
			if code, _, messages := neuroprobe(t.Context(), append(words[1:], "--help")...); code != exitDone {
				t.Errorf("%s: %s", line, messages)
			}
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(newRootCmd(streams{Out: io.Discard, Err: io.Discard}))
}
