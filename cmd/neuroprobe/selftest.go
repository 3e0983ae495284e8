package main

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"time"

	"neuroprobe/ablate/selftest"
	"neuroprobe/model/kernel"
	"neuroprobe/reports"

	"github.com/spf13/cobra"
)

type selftestOptions struct {
	*globals
	cases   []selftest.Case
	only    string
	json    bool
	command string
}

func newSelftestCmd(g *globals, runF func(context.Context, *selftestOptions) error) *cobra.Command {
	o := &selftestOptions{globals: g, cases: selftest.Cases()}
	cmd := &cobra.Command{
		Use:   "selftest",
		Short: "Check on this machine what is known beforehand: a calibration certificate",
		Long: `Ask this copy of neuroprobe, on this processor and with this arithmetic, questions whose answers
are known: networks wired by hand, whose lesions were worked out on paper; identities, such as a
sham that may change no bit; values published by others; the fast ways against slow ones that
share no code with them; and negative controls, where there is nothing to find.

It needs no lab and takes a few seconds. If a case fails the exit code is 1. The last line says
what was tested, with which arithmetic: file it with the results.`,
		Example: `  neuroprobe selftest                       all cases
  neuroprobe selftest --run '^ablate'       those of one room
  neuroprobe selftest --run 'resnet|sham'   those whose room or name match
  neuroprobe selftest --blas go             with other arithmetic
  neuroprobe selftest --json > certificate.json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.command = commandLine(cmd)
			return runF(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.only, "run", "", "only the cases whose 'room: name' match this regular `expression`")
	f.BoolVar(&o.json, "json", false, "print the certificate as JSON")
	return cmd
}

func runSelftest(ctx context.Context, o *selftestOptions) error {
	started := time.Now()
	cases, err := o.chosen()
	if err != nil {
		return err
	}
	r := reports.SelftestReport{Of: len(o.cases), Only: o.only, Built: strings.TrimPrefix(strings.TrimSpace(build()), "built with "),
		Platform: runtime.GOOS + "/" + runtime.GOARCH, Sweeps: kernel.Panels(), Workers: kernel.Workers()}
	if r.Sweeps == "" {
		r.Sweeps = "the same"
	}
	bar := newBar(o.streams, "testing")
	err = selftest.Run(ctx, cases, func(x selftest.Result) {
		r.Results = append(r.Results, x)
		bar.set(len(r.Results), len(cases))
	})
	bar.finish()
	if err != nil {
		return err
	}
	r.Run = o.provenance(o.command, started)
	if err := o.print(r); err != nil {
		return err
	}
	if failed := r.Failed(); len(failed) > 0 {
		var names []string
		for _, x := range failed {
			names = append(names, fmt.Sprintf("%s: %s (%s)", x.Room, x.Name, x.Source))
		}
		return fmt.Errorf("%d of %d cases failed:\n%s", len(failed), len(cases), strings.Join(names, "\n"))
	}
	return nil
}

// chosen are the cases that match --run.
func (o *selftestOptions) chosen() ([]selftest.Case, error) {
	pattern, err := regexp.Compile(o.only)
	if err != nil {
		return nil, usagef("--run %q: want a regular expression (%v)", o.only, err)
	}
	var cases []selftest.Case
	for _, c := range o.cases {
		if pattern.MatchString(c.Room + ": " + c.Name) {
			cases = append(cases, c)
		}
	}
	if cases == nil {
		return nil, hint(usagef("--run %q matches none of %d cases", o.only, len(o.cases)), "neuroprobe selftest lists them")
	}
	return cases, nil
}

func (o *selftestOptions) print(r reports.SelftestReport) error {
	e := reports.Selftest(r)
	if !o.json {
		_, err := fmt.Fprintf(o.Out, "%s\n%s\n", reports.Terminal(e), r.Summary())
		return err
	}
	text, err := e.JSON()
	if err == nil {
		_, err = o.Out.Write(text)
	}
	return err
}
