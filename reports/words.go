package reports

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// plural is a number with its noun: "1 image", "1,000 images".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Count(n) + " " + noun + "s"
}

// enumerate lists names as in a sentence: "cat", "cat and dog", "cat, dog and horse".
func enumerate(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// telling says what a classifier of these classes does, after "telling" or "to tell": "cat
// from dog", "cat, dog and horse apart", "10 classes apart".
func telling(classes []string) string {
	switch n := len(classes); {
	case n == 2:
		return classes[0] + " from " + classes[1]
	case n > 4 || n == 0:
		return Count(n) + " classes apart"
	}
	return enumerate(classes) + " apart"
}

// sentence makes a whole sentence of another room's remark, which follows the style of errors:
// lower case and no period.
func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") {
		return capital(s)
	}
	return capital(s) + "."
}

// warningNotes are warnings as notes on a whole table.
func warningNotes(warnings []string) []Note {
	var notes []Note
	for _, w := range warnings {
		notes = append(notes, Note{Text: "Warning: " + strings.TrimSuffix(w, ".") + "."})
	}
	return notes
}

// capital is a sentence's first letter in upper case.
func capital(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}
