// Neuroprobe trains a small image classifier, records its neurons, knocks them out one by
// one, and writes what it finds into a lab notebook. See the README for a tour.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"
)

// Exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	ctx, stop := interruptible(context.Background(), func() {})
	code := run(ctx, os.Args[1:], streams{Out: os.Stdout, Err: os.Stderr, Terminal: term.IsTerminal(int(os.Stderr.Fd()))})
	stop()
	os.Exit(code)
}

// interruptible ends the context at the first Ctrl-C or SIGTERM. A second one ends the program
// at once, as if we were not listening; from when on, restored tells.
func interruptible(ctx context.Context, restored func()) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop()
		restored()
	})
	return ctx, stop
}

// streams are where a command writes: Out is its product, Err progress and complaints.
type streams struct {
	Out, Err io.Writer
	Terminal bool // Err is a terminal: a progress bar may redraw its line
}

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, s streams) int {
	root := newRootCmd(s)
	root.SetArgs(args)
	return ended(ctx, root.ExecuteContext(ctx), s)
}

// ended words a command's error and finds its exit code.
func ended(ctx context.Context, err error, s streams) int {
	if err == nil {
		return exitDone
	}
	for line := range strings.SplitSeq(strings.TrimSpace(message(ctx, err)), "\n") {
		fmt.Fprintln(s.Err, "neuroprobe:", line)
	}
	var hinted *hintError
	if errors.As(err, &hinted) {
		fmt.Fprintln(s.Err, "hint:", hinted.hint)
	}
	var usage *usageError
	switch {
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage):
		return exitUsage
	}
	return exitFailed
}

// message is what an error says; of an interruption, what it broke into.
func message(ctx context.Context, err error) string {
	text := err.Error()
	if !errors.Is(err, context.Canceled) {
		return text
	}
	for _, cause := range []error{context.Canceled, context.Cause(ctx)} {
		if cause != nil {
			text = strings.TrimSuffix(strings.TrimSuffix(text, cause.Error()), ": ")
		}
	}
	if text == "" {
		return "interrupted"
	}
	return "interrupted: " + text
}

// hintError carries one line on what to do about an error.
type hintError struct {
	error
	hint string
}

func (e *hintError) Unwrap() error { return e.error }

// hint adds a line of advice to an error.
func hint(err error, format string, args ...any) error {
	return &hintError{err, fmt.Sprintf(format, args...)}
}

// usageError marks a command line that makes no sense.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}
