package reports

import "testing"

func TestEscape(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"cat", "cat"},
		{"a|b", `a\|b`},
		{"<script>alert(1)</script>", `\<script>alert(1)\</script>`},
		{"*bold* and `code`", "\\*bold\\* and \\`code\\`"},
		{"ear_left", "ear_left"},
		{"_ear_ left_", `\_ear\_ left\_`},
		{"[−5.1, −3.3] pp", "[−5.1, −3.3] pp"},
		{"[a](http://x)", `[a\](http://x)`},
		{"![a](b.png)", `![a\](b.png)`},
		{`back\slash`, `back\\slash`},
		{"R&amp;D ~x~ $y$", `R\&amp;D \~x\~ \$y\$`},
		{"two\nlines\tand \x1b[31mred", "two lines and  [31mred"},
		{"83.1 %", "83.1 %"},
		{"猫", "猫"},
	} {
		if got := escape(tt.in); got != tt.want {
			t.Errorf("escape(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestEscapeLine(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"# cats", `\# cats`},
		{"- cats", `\- cats`},
		{"+ cats", `\+ cats`},
		{"> cats", `\> cats`},
		{"1. cats", `1\. cats`},
		{"12) cats", `12\) cats`},
		{"12 cats", "12 cats"},
		{"12", "12"},
		{"83.1 % of cats", "83.1 % of cats"},
		{"[x] done", `\[x] done`},
		{"    indented", "indented"},
		{"−4.2 pp", "−4.2 pp"},
		{"", ""},
	} {
		if got := escapeLine(tt.in); got != tt.want {
			t.Errorf("escapeLine(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestEscapeLink(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"a]b", `a\]b`},
		{"[a](b)", `\[a\](b)`},
		{"a_b", "a_b"},
	} {
		if got := escapeLink(tt.in); got != tt.want {
			t.Errorf("escapeLink(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestCode(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"a_b*c", "`a_b*c`"},
		{"a`b", "``a`b``"},
		{"`a``", "``` `a`` ```"},
		{"a\nb", "`a b`"},
	} {
		if got := code(tt.in); got != tt.want {
			t.Errorf("code(%q) = %q, want %q", tt.in, got, tt.want)
		}
	}
}
