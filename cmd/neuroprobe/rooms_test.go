package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// rooms, left to right: each may import those before it, never one after it.
var rooms = []string{"internal", "model/kernel", "datasets", "model", "probe", "ablate", "ablate/circuit", "ablate/state", "ablate/selftest", "reports", "cmd"}

// fences name the only room that may import a dependency, tests apart.
var fences = map[string]string{
	"gorgonia.org/":                       "model",
	"github.com/chewxy/hm":                "model",
	"github.com/viterin/vek":              "model/kernel",
	"github.com/ebitengine/purego":        "model/kernel",
	"github.com/olekukonko/tablewriter":   "reports",
	"github.com/parquet-go/":              "probe",
	"gonum.org/v1/plot":                   "reports",
	"gonum.org/v1/gonum":                  "internal",
	"github.com/google/renameio":          "internal",
	"github.com/spf13/":                   "cmd",
	"github.com/schollz/progressbar":      "cmd",
	"image/jpeg":                          "datasets",
	"golang.org/x/image/draw":             "datasets",
	"golang.org/x/image/vector":           "datasets",
	"neuroprobe/model/modeltest":          "ablate/selftest",
	"google.golang.org/protobuf/encoding": "model/onnx",
}

// topLevel are all folders the project may have.
var topLevel = []string{"cmd", "model", "probe", "ablate", "datasets", "reports", "internal"}

type goPackage struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "neuroprobe/...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// roomOf is the number of the room a package lies in, the most particular that fits.
func roomOf(path string) int {
	path = strings.TrimPrefix(path, "neuroprobe/")
	best := -1
	for i, room := range rooms {
		if (path == room || strings.HasPrefix(path, room+"/")) && (best < 0 || len(room) > len(rooms[best])) {
			best = i
		}
	}
	return best
}

func TestRoomsImportOnlyToTheLeft(t *testing.T) {
	for _, p := range packages(t) {
		if top, _, _ := strings.Cut(strings.TrimPrefix(p.ImportPath, "neuroprobe/"), "/"); !slices.Contains(topLevel, top) {
			t.Errorf("%s: no such top-level folder (want one of %v)", p.ImportPath, topLevel)
		}
		for _, i := range slices.Concat(p.Imports, p.TestImports, p.XTestImports) {
			if strings.HasPrefix(i, "neuroprobe/") && roomOf(i) > roomOf(p.ImportPath) {
				t.Errorf("%s imports %s, which lies to its right", p.ImportPath, i)
			}
		}
	}
}

func TestDependenciesStayInTheirRooms(t *testing.T) {
	for _, p := range packages(t) {
		for _, i := range p.Imports {
			for dependency, room := range fences {
				if (i == dependency || strings.HasPrefix(i, dependency)) && (room == "" || rooms[roomOf(p.ImportPath)] != room) {
					t.Errorf("%s imports %s, which belongs into %q only", p.ImportPath, i, room)
				}
			}
		}
	}
}
