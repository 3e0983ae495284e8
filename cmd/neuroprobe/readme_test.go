package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"neuroprobe/datasets"
)

// root is the project's folder, seen from here.
const root = "../.."

// document reads one of the project's documents.
func document(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("%s is missing from the project's folder", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// shellBlock is a fenced block of shell commands.
var shellBlock = regexp.MustCompile("(?ms)^```sh\n(.*?)^```")

// readmeCommands are the README's command lines, in order, without the part that starts
// neuroprobe.
func readmeCommands(t *testing.T) [][]string {
	var commands [][]string
	for _, block := range shellBlock.FindAllStringSubmatch(document(t, "README.md"), -1) {
		for line := range strings.Lines(block[1]) {
			if rest, ok := strings.CutPrefix(line, "go run ./cmd/neuroprobe "); ok {
				commands = append(commands, shellWords(rest))
			}
		}
	}
	return commands
}

// shellWords splits a command line as a shell does: at blanks, but for quotes, up to a comment.
// Of our examples, two blanks start a comment too.
func shellWords(line string) []string {
	line = strings.TrimSpace(line)
	if cut := regexp.MustCompile(`\s#|\s\s`).FindStringIndex(line); cut != nil {
		line = line[:cut[0]]
	}
	var words []string
	for _, word := range regexp.MustCompile(`(?:'[^']*'|"[^"]*"|\S)+`).FindAllString(line, -1) {
		words = append(words, regexp.MustCompile(`['"]`).ReplaceAllString(word, ""))
	}
	return words
}

// value is what a flag is given on a command line, "" if it is not.
func value(words []string, flag string) string {
	for k, word := range words {
		if v, ok := strings.CutPrefix(word, flag+"="); ok {
			return v
		}
		if word == flag && k+1 < len(words) {
			return words[k+1]
		}
	}
	return ""
}

// runnable tells whether a command can be done here: without the network, and with folders
// that are there.
func runnable(words []string) bool {
	_, dir, hasDir := strings.Cut(value(words, "--data"), ":")
	lab := value(words, "--lab")
	switch {
	case len(words) > 1 && words[1] == "fetch", slices.Contains(words, "--resume"):
		return false
	case hasDir && !exists(dir):
		return false
	}
	return lab == "" || words[0] == "train" || exists(lab)
}

// quick adds what makes a command quick that trains or draws images.
func quick(words []string) []string {
	few := []string{"--train-images", "200", "--select-images", "40", "--confirm-images", "60"}
	switch {
	case words[0] == "train":
		return slices.Concat(words, few, []string{"--epochs", "1"})
	case words[0] == "datasets" && words[1] != "list":
		return slices.Concat(words, few)
	}
	return words
}

// A command of the README that cannot be done here must parse at least.
func TestReadmeCommands(t *testing.T) {
	commands := readmeCommands(t)
	for _, want := range []string{"train", "ablate --neuron 3:17"} {
		if !slices.ContainsFunc(commands, func(words []string) bool { return strings.Join(words, " ") == want }) {
			t.Errorf("README.md has no line: go run ./cmd/neuroprobe %s", want)
		}
	}
	t.Chdir(t.TempDir())
	for _, words := range commands {
		redirected := ""
		if k := slices.Index(words, ">"); k >= 0 {
			words, redirected = words[:k], words[k+1]
		}
		args := append(slices.Clone(words), "--help")
		if runnable(words) {
			args = quick(words)
		}
		out := mustRun(t, args...)
		if redirected != "" {
			if err := os.WriteFile(redirected, []byte(out), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

var (
	linkTarget = regexp.MustCompile(`\]\(([^)\s]+)|(?:src|href)="([^"]+)"`)
	namedFile  = regexp.MustCompile("`((?:[a-z0-9_]+/)+[a-z0-9_]+\\.(?:go|md))`")
	scheme     = regexp.MustCompile(`^[a-z]+:`)
)

// Every link and picture of the documents leads somewhere, and every file they name is there.
func TestDocumentLinks(t *testing.T) {
	for _, name := range []string{"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"} {
		text := document(t, name)
		for _, found := range append(linkTarget.FindAllStringSubmatch(text, -1), namedFile.FindAllStringSubmatch(text, -1)...) {
			target := strings.Join(found[1:], "")
			path, _, _ := strings.Cut(target, "#")
			if path == "" || scheme.MatchString(target) || strings.HasPrefix(path, "lab/") {
				continue
			}
			if !exists(filepath.Join(root, path)) {
				t.Errorf("%s: %s is not there", name, target)
			}
		}
	}
}

// TestReadmeTellsPetfacesProbabilities: the README's table of features is the one they are
// drawn from.
func TestReadmeTellsPetfacesProbabilities(t *testing.T) {
	readme := document(t, "README.md")
	for _, f := range datasets.PetfaceFeatures() {
		row := regexp.MustCompile(fmt.Sprintf(`(?m)^\| %s \| [a-z ]+ \| %.2f \| %.2f \|$`, "`"+f.Name+"`", f.Cat, f.Dog))
		if !row.MatchString(readme) {
			t.Errorf("README.md has no row for %s with %.2f and %.2f", f.Name, f.Cat, f.Dog)
		}
	}
}
