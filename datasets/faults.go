package datasets

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
)

// faultsShown is how many faults an error spells out; the others are counted.
const faultsShown = 10

// faults gathers what is wrong with the files below one folder, so that a user mends
// them all at once instead of one a run.
//
// Structural faults (a missing file, a bad header) always fail. A bad image or record
// fails too, unless skipBad is set: then it is left out and listed.
type faults struct {
	dir     string
	skipBad bool

	structural, bad []fault
}

// fault is one thing wrong with one file, named relative to the folder, slash separated.
type fault struct {
	file string
	err  error
}

func (f fault) Error() string {
	if f.file == "" {
		return f.err.Error()
	}
	return f.file + ": " + f.err.Error()
}

// add notes a structural fault.
func (f *faults) add(file, format string, args ...any) {
	f.structural = append(f.structural, fault{file, fmt.Errorf(format, args...)})
}

// addBad notes a fault that spoils one image only.
func (f *faults) addBad(file, format string, args ...any) {
	f.bad = append(f.bad, fault{file, fmt.Errorf(format, args...)})
}

// skipped lists the bad images, one line each.
func (f *faults) skipped() []string {
	var lines []string
	for _, b := range f.bad {
		lines = append(lines, b.Error())
	}
	return lines
}

// err is nil where nothing was found that must stop the reading.
func (f *faults) err() error {
	list := f.structural
	if !f.skipBad {
		list = append(list[:len(list):len(list)], f.bad...)
	}
	if len(list) == 0 {
		return nil
	}
	return &faultsError{f.dir, list}
}

// faultsError is the error made of a list of faults: one line for one fault, a list for many.
type faultsError struct {
	dir  string
	list []fault
}

func (e *faultsError) Error() string {
	if len(e.list) == 1 {
		one := e.list[0]
		return fmt.Sprintf("datasets: %s: %s", filepath.Join(e.dir, filepath.FromSlash(one.file)), one.err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "datasets: %d faults in %s:", len(e.list), e.dir)
	for _, one := range e.list[:min(len(e.list), faultsShown)] {
		b.WriteString("\n  " + one.Error())
	}
	if more := len(e.list) - faultsShown; more > 0 {
		fmt.Fprintf(&b, "\n  and %d more", more)
	}
	return b.String()
}

func (e *faultsError) Unwrap() []error {
	errs := make([]error, len(e.list))
	for i, one := range e.list {
		errs[i] = one.err
	}
	return errs
}

// stopped is the error for a cancelled context; errors.Is finds the context's own.
func stopped(ctx context.Context, doing string) error {
	return fmt.Errorf("datasets: %s: stopped: %w", doing, ctx.Err())
}
