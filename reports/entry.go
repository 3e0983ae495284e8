package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Entry is what every experiment becomes. All its strings are plain text: the renderers
// escape what Markdown or a terminal would read as markup.
type Entry struct {
	// Kind says what was done, for programs: "train", "ablate".
	Kind string
	// Slug is the file name after the number, "ablate-3-17": lower-case letters, digits and
	// single hyphens. Slug (the function) makes one.
	Slug  string
	Title string
	// Claim is the sentence about brains or networks that the experiment puts to the test, where there
	// is one.
	Claim    string
	Question string
	// Answer is one line: the result with its interval and n, and no more certain than they are.
	Answer   string
	Method   string
	Sections []Section
	// Exclusions are what was left out of the numbers.
	Exclusions []Exclusion
	// Warnings are doubts about the entry as a whole; those about one table are its Notes.
	Warnings []string
	// Caveats are what the method cannot show.
	Caveats    []string
	Provenance []Fact
	Run

	// Data is the result for programs; it is marshalled into the entry's JSON file.
	Data any
}

// Run is what every experiment says about its run.
type Run struct {
	Command    string // repeats the experiment
	Version    string // neuroprobe's
	Arithmetic string // what computed the matrix products

	// The header line: all that may differ between two runs of the same command.
	Created time.Time
	Host    string
	Seconds float64
}

// facts are the lines of provenance that every entry ends with.
func (r Run) facts() []Fact { return []Fact{{"neuroprobe", r.Version}, {"arithmetic", r.Arithmetic}} }

// CI is a 95 % confidence interval.
type CI struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Section is a titled part of an entry.
type Section struct {
	Title  string
	Blocks []Block
}

// Block is a piece of a section: Paragraph, List, Table, Figure, Code or Files.
type Block interface{ block() }

// Paragraph is running text.
type Paragraph string

// List is a bulleted list.
type List []string

// Figure is a picture with its caption. File is its name in the entry's picture folder.
type Figure struct {
	File    string // "curves.png"
	PNG     []byte
	Alt     string // what a reader who cannot see it needs to know
	Caption string
}

// Code is text shown as it is. Language "mermaid" draws a diagram on code hosts.
type Code struct{ Language, Text string }

// Files are files for other programs that lie beside the pictures, each with a link.
type Files []Attachment

// Attachment is one of them. File is its name in the entry's picture folder.
type Attachment struct {
	File string // "circuit.dot"
	Data []byte
	What string // what it is for, after the link
}

func (Paragraph) block() {}
func (List) block()      {}
func (Table) block()     {}
func (Figure) block()    {}
func (Code) block()      {}
func (Files) block()     {}

// Exclusion is something left out: how many of what, and some of them by name.
type Exclusion struct {
	Count    int      `json:"count"`
	What     string   `json:"what"` // "images that could not be read"
	Examples []string `json:"examples,omitempty"`
}

// Fact is one line of provenance. A digest is given whole; Markdown shows its beginning.
type Fact struct{ Name, Value string }

// jsonFormat is the version of the layout of an entry's JSON file.
const jsonFormat = 1

// header is the part of an entry's JSON file that is the same for every kind of entry.
type header struct {
	Format     int               `json:"format"`
	Kind       string            `json:"kind"`
	Title      string            `json:"title"`
	Claim      string            `json:"claim,omitempty"`
	Question   string            `json:"question"`
	Answer     string            `json:"answer"`
	Command    string            `json:"command"`
	Created    time.Time         `json:"created"`
	Host       string            `json:"host"`
	Seconds    float64           `json:"seconds"`
	Provenance map[string]string `json:"provenance"`
	Pictures   []string          `json:"pictures"`
	Files      []string          `json:"files,omitempty"`
	Exclusions []Exclusion       `json:"exclusions,omitempty"`
	Warnings   []string          `json:"warnings,omitempty"`
}

// JSON is the entry for programs: the header fields every entry has, and its Data.
func (e Entry) JSON() ([]byte, error) {
	out := struct {
		header
		Data any `json:"data"`
	}{
		header: header{
			Format: jsonFormat, Kind: e.Kind, Title: e.Title, Claim: e.Claim, Question: e.Question, Answer: e.Answer,
			Command: e.Command, Created: e.Created.UTC(), Host: e.Host, Seconds: e.Seconds,
			Provenance: map[string]string{}, Pictures: []string{},
			Exclusions: e.Exclusions, Warnings: e.Warnings,
		},
		Data: e.Data,
	}
	for _, f := range e.Provenance {
		out.Provenance[f.Name] = f.Value
	}
	for _, f := range e.figures() {
		out.Pictures = append(out.Pictures, f.File)
	}
	for _, f := range e.files() {
		out.Files = append(out.Files, f.File)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(out)
	if err == nil {
		var laidOut []byte
		if laidOut, err = layOut(b.Bytes()); err == nil {
			return laidOut, nil
		}
	}
	return nil, fmt.Errorf("reports: entry %q as JSON: %w", e.Title, err)
}

func (e Entry) figures() []Figure {
	var figures []Figure
	for _, s := range e.Sections {
		for _, b := range s.Blocks {
			if f, ok := b.(Figure); ok {
				figures = append(figures, f)
			}
		}
	}
	return figures
}

func (e Entry) files() (all []Attachment) {
	for _, s := range e.Sections {
		for _, b := range s.Blocks {
			if f, ok := b.(Files); ok {
				all = append(all, f...)
			}
		}
	}
	return all
}

// beside is everything that lies in the entry's picture folder, as attachments.
func (e Entry) beside() []Attachment {
	var all []Attachment
	for _, f := range e.figures() {
		all = append(all, Attachment{File: f.File, Data: f.PNG})
	}
	return append(all, e.files()...)
}

var (
	slugPattern    = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	picturePattern = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*\.png$`)
	filePattern    = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*\.[a-z0-9]+$`)
)

// check verifies what the notebook relies on, so that a faulty entry is refused whole.
func (e Entry) check() error {
	switch {
	case !slugPattern.MatchString(e.Slug) || len(e.Slug) > maxSlug:
		return fmt.Errorf("reports: entry's slug is %q (want at most %d lower-case letters, digits and single hyphens)", e.Slug, maxSlug)
	case e.Title == "":
		return fmt.Errorf("reports: entry %s has no title", e.Slug)
	}
	for _, f := range e.figures() {
		if !picturePattern.MatchString(f.File) {
			return fmt.Errorf("reports: picture of entry %s is named %q (want like curves.png)", e.Slug, f.File)
		}
	}
	seen := map[string]bool{}
	for _, f := range e.beside() {
		switch {
		case !filePattern.MatchString(f.File):
			return fmt.Errorf("reports: file of entry %s is named %q (want like circuit.dot)", e.Slug, f.File)
		case seen[f.File]:
			return fmt.Errorf("reports: entry %s has two pictures or files named %s", e.Slug, f.File)
		case len(f.Data) == 0:
			return fmt.Errorf("reports: %s of entry %s is empty", f.File, e.Slug)
		}
		seen[f.File] = true
	}
	return nil
}

// maxSlug keeps file names readable, and far below every file system's limit.
const maxSlug = 60

// Slug makes a file name's part from words: "ablate", "3:17@4,5" gives "ablate-3-17-4-5".
func Slug(words ...string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.Join(words, "-")) {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9':
			b.WriteRune(r)
		case r == '*':
			b.WriteString("all")
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
	}
	s := b.String()
	return strings.Trim(s[:min(len(s), maxSlug)], "-")
}
