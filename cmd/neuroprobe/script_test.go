package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"neuroprobe": main,
		"stubborn":   stubborn,
	})
}

// TestScripts runs testdata/script: the commands as a user meets them, each script in a folder
// and with processes of its own. $SERVER
// serves what is no CIFAR-10 under /wrong.tar.gz and nothing else.
func TestScripts(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/wrong.tar.gz" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, "not an archive")
	}))
	t.Cleanup(server.Close)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("SERVER", server.URL)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"train":    train,
			"paste":    paste,
			"json":     validJSON,
			"holds":    holds,
			"damage":   damage,
			"truncate": truncate,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	})
}

// tiny makes a training of a fraction of a second.
var tiny = []string{"--train-images", "64", "--select-images", "20", "--confirm-images", "40", "--epochs", "2"}

// exits CODE PROGRAM ARGS...: the program ends with this exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if neg || err != nil {
		ts.Fatalf("usage: exits CODE PROGRAM ARGS...")
	}
	code := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		code = exit.ExitCode()
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// train ARGS...: neuroprobe train with tiny sizes, which succeeds.
func train(ts *testscript.TestScript, neg bool, args []string) {
	exits(ts, neg, slices.Concat([]string{"0", "neuroprobe", "train"}, tiny, args))
}

// paste FILE PATTERN: what the pattern's group finds in the file (stdout and stderr are those of
// the last command) runs in a shell, and succeeds.
func paste(ts *testscript.TestScript, neg bool, args []string) {
	found := regexp.MustCompile("(?m)" + args[1]).FindStringSubmatch(ts.ReadFile(args[0]))
	if neg || len(found) != 2 {
		ts.Fatalf("%s has nothing like %s to paste", args[0], args[1])
	}
	ts.Check(ts.Exec("sh", "-c", found[1]))
}

// json FILE [PATH VALUE]...: the file is one JSON value, and has these values at these places.
func validJSON(ts *testscript.TestScript, neg bool, args []string) {
	var all any
	if err := json.Unmarshal([]byte(ts.ReadFile(args[0])), &all); err != nil || neg {
		ts.Fatalf("%s: %v", args[0], err)
	}
	for pair := range slices.Chunk(args[1:], 2) {
		value := all
		for key := range strings.SplitSeq(pair[0], ".") {
			if k, err := strconv.Atoi(key); err == nil {
				value = value.([]any)[k]
			} else {
				value = value.(map[string]any)[key]
			}
		}
		if got := fmt.Sprint(value); got != pair[1] {
			ts.Fatalf("%s: %s is %s, want %s", args[0], pair[0], got, pair[1])
		}
	}
}

// holds DIR NAME...: the folder holds exactly these, hidden ones included.
func holds(ts *testscript.TestScript, neg bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	want := slices.Sorted(slices.Values(args[1:]))
	if neg || !slices.Equal(got, want) {
		ts.Fatalf("%s holds %q, want %q", args[0], got, want)
	}
}

// damage FILE: one bit in the middle of the file is turned over.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	data := []byte(ts.ReadFile(args[0]))
	data[len(data)/2] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o666))
}

// truncate FILE BYTES: the file is cut to its first bytes.
func truncate(ts *testscript.TestScript, neg bool, args []string) {
	size, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), size))
}
