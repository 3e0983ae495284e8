package reports

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// Markdown is the entry as a page named NAME.md (name: "0002-ablate-3-17") whose pictures lie
// in the folder NAME beside it.
func (e Entry) Markdown(name string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "[← notebook](../README.md)\n\n# %s\n\n*%s*\n", escape(e.Title), escape(e.headerLine(name)))
	for _, part := range []struct{ name, text string }{{"Claim", e.Claim}, {"Question", e.Question}, {"Answer", e.Answer}} {
		if part.text != "" {
			fmt.Fprintf(&b, "\n**%s.** %s\n", part.name, escape(part.text))
		}
	}
	for _, w := range e.Warnings {
		fmt.Fprintf(&b, "\n> **Warning.** %s\n", escape(w))
	}
	if e.Method != "" {
		writeSection(&b, name, Section{"Method", []Block{Paragraph(e.Method)}})
	}
	for _, s := range e.Sections {
		writeSection(&b, name, s)
	}
	e.writeExclusions(&b)
	if len(e.Caveats) > 0 {
		writeSection(&b, name, Section{"Caveats", []Block{List(e.Caveats)}})
	}
	e.writeProvenance(&b, name)
	return b.Bytes()
}

// headerLine is the only line that may differ between two runs of the same command.
func (e Entry) headerLine(name string) string {
	number, _, _ := strings.Cut(name, "-")
	parts := []string{"Entry " + number}
	if !e.Created.IsZero() {
		parts = append(parts, e.Created.UTC().Format("2006-01-02 15:04 UTC"))
	}
	if e.Host != "" {
		parts = append(parts, e.Host)
	}
	if e.Seconds > 0 {
		parts = append(parts, Duration(e.Seconds))
	}
	return strings.Join(parts, " · ")
}

func writeSection(b *bytes.Buffer, name string, s Section) {
	fmt.Fprintf(b, "\n## %s\n", escape(s.Title))
	for _, block := range s.Blocks {
		b.WriteByte('\n')
		writeBlock(b, name, block)
	}
}

func writeBlock(b *bytes.Buffer, name string, block Block) {
	switch x := block.(type) {
	case Paragraph:
		fmt.Fprintf(b, "%s\n", escapeLine(string(x)))
	case List:
		for _, item := range x {
			fmt.Fprintf(b, "- %s\n", escapeLine(item))
		}
	case Table:
		writeTable(b, x)
	case Figure:
		fmt.Fprintf(b, "![%s](%s/%s)\n", escapeLink(x.Alt), name, x.File)
		if x.Caption != "" {
			fmt.Fprintf(b, "\n*%s*\n", escape(x.Caption))
		}
	case Files:
		for _, f := range x {
			fmt.Fprintf(b, "- [%s](%s/%s): %s\n", f.File, name, f.File, escape(f.What))
		}
	case Code:
		fence := "```"
		for strings.Contains(x.Text, fence) {
			fence += "`"
		}
		fmt.Fprintf(b, "%s%s\n%s\n%s\n", fence, x.Language, strings.TrimRight(x.Text, "\n"), fence)
	}
}

func writeTable(b *bytes.Buffer, t Table) {
	rows, notes := t.marked()
	if t.Caption != "" {
		fmt.Fprintf(b, "**%s**\n\n", escape(t.Caption))
	}
	b.WriteString(t.markdown(rows))
	for _, n := range notes {
		fmt.Fprintf(b, "\n%s\n", escapeLine(n))
	}
}

func (e Entry) writeExclusions(b *bytes.Buffer) {
	if len(e.Exclusions) == 0 {
		return
	}
	fmt.Fprintf(b, "\n## Exclusions\n\n")
	for _, x := range e.Exclusions {
		fmt.Fprintf(b, "- %s %s\n", Count(x.Count), escape(x.What))
		for _, example := range x.Examples {
			fmt.Fprintf(b, "  - %s\n", escapeLine(example))
		}
		if more := x.Count - len(x.Examples); more > 0 && len(x.Examples) > 0 {
			fmt.Fprintf(b, "  - … and %s more\n", Count(more))
		}
	}
}

var digestPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// short is a fact's value for readers: twelve hexadecimal digits tell two digests apart.
func short(value string) string {
	if digestPattern.MatchString(value) {
		return value[:12]
	}
	return value
}

func (e Entry) writeProvenance(b *bytes.Buffer, name string) {
	fmt.Fprintf(b, "\n## Provenance\n\n")
	for _, f := range e.Provenance {
		fmt.Fprintf(b, "- %s: %s\n", escape(f.Name), code(short(f.Value)))
	}
	fmt.Fprintf(b, "- the same result for programs: [%s.json](%s.json)\n", name, name)
	if e.Command != "" {
		fmt.Fprintf(b, "\nTo repeat it:\n\n")
		writeBlock(b, name, Code{"sh", e.Command})
	}
}
