package reports

import (
	"regexp"
	"strings"
	"unicode"
)

// plain makes text safe to print on one line: newlines, tabs and terminal control sequences,
// which a file's or class's name may hold, become spaces.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, text)
}

// escape makes plain text of what Markdown would read as markup within a line, in running
// text and in a table's cell alike. What is harmless where it stands ("[−5.1, −3.3]",
// "ear_left") is left alone, so that the source reads well too.
func escape(text string) string {
	var b strings.Builder
	runes := []rune(plain(text))
	at := func(i int) rune {
		if i < 0 || i >= len(runes) {
			return ' '
		}
		return runes[i]
	}
	for i, r := range runes {
		if strings.ContainsRune("\\`*<|~&$", r) ||
			r == '_' && !(isWord(at(i-1)) && isWord(at(i+1))) ||
			r == ']' && strings.ContainsRune("([:", at(i+1)) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// escapeLine is escape for text that starts a line, where "#", "- " or "1. " would make a
// heading or a list and "[x]" a checkbox.
func escapeLine(text string) string {
	text = strings.TrimSpace(text)
	escaped := escape(text)
	switch {
	case text == "":
		return ""
	case strings.ContainsRune("#+-=>[!", rune(text[0])):
		return "\\" + escaped
	}
	if listNumber.MatchString(text) {
		dot := strings.IndexAny(text, ".)")
		return escaped[:dot] + "\\" + escaped[dot:]
	}
	return escaped
}

// listNumber is how a numbered list's item starts: "1. " or "1) ", but not "83.1".
var listNumber = regexp.MustCompile(`^[0-9]+[.)](\s|$)`)

// escapeLink is escape for the text of a link or a picture, which a bracket would end.
func escapeLink(text string) string {
	return strings.NewReplacer(`\]`, `\]`, "[", `\[`, "]", `\]`).Replace(escape(text))
}

// code shows text as it is within a line. The fence is longer than any run of backticks inside.
func code(text string) string {
	text = plain(text)
	longest, run := 0, 0
	for _, r := range text {
		if r != '`' {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	fence := strings.Repeat("`", longest+1)
	if strings.HasPrefix(text, "`") || strings.HasSuffix(text, "`") {
		text = " " + text + " "
	}
	return fence + text + fence
}
