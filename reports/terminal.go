package reports

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// terminalWidth is where running text wraps.
const terminalWidth = 80

// Terminal is the entry in short, for the screen: title, claim, answer, warnings and the tables
// marked for it.
func Terminal(e Entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", plain(e.Title))
	if e.Claim != "" {
		b.WriteString(wrap("Claim: "+e.Claim, terminalWidth))
	}
	b.WriteString(wrap(e.Answer, terminalWidth))
	for _, w := range e.Warnings {
		b.WriteString("\n" + wrap("warning: "+w, terminalWidth))
	}
	for _, s := range e.Sections {
		for _, block := range s.Blocks {
			t, ok := block.(Table)
			if !ok || !t.Terminal {
				continue
			}
			caption := t.Caption
			if caption == "" {
				caption = s.Title
			}
			fmt.Fprintf(&b, "\n%s\n%s", plain(caption), t.Text())
		}
	}
	return b.String()
}

// wrap breaks text at spaces into lines of at most width characters, where words allow it.
func wrap(text string, width int) string {
	var b strings.Builder
	column := 0
	for word := range strings.FieldsSeq(plain(text)) {
		n := utf8.RuneCountInString(word)
		switch {
		case column == 0:
		case column+1+n > width:
			b.WriteByte('\n')
			column = 0
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	if column > 0 {
		b.WriteByte('\n')
	}
	return b.String()
}
