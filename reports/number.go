package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Missing stands where there is no number (NaN, an empty group).
const Missing = "–"

// minus is U+2212. It is as wide as a plus sign and never breaks a line, in Markdown, in the
// terminal and in plots alike.
const minus = "−"

// tiny is what rounding errors of sums and differences can leave of an exact 0.
const tiny = 1e-9

// Number shows x with three significant figures: 0.0123, 1.00, 12,300, 1.20e-05.
func Number(x float64) string { return significant(x, 3) }

// Signed is Number with a plus sign before positive values, for changes.
func Signed(x float64) string { return plus(x, Number(x)) }

// Percent shows a fraction in percent with one decimal: 0.831 is 83.1 %.
func Percent(fraction float64) string { return unit(fixed(fraction*100, 1), "%") }

// Points shows a change of a fraction in percentage points, always with its sign: -0.042 is
// −4.2 pp. A change that rounds to zero has no sign.
func Points(change float64) string { return unit(signedFixed(change*100, 1), "pp") }

// Count shows a whole number with commas: 12,000.
func Count(n int) string { return commas(strings.Replace(strconv.Itoa(n), "-", minus, 1)) }

// PValue shows a p-value: 0.62, 0.031, 1.2e-05. It is never 0.
func PValue(p float64) string {
	switch {
	case math.IsNaN(p) || p < 0 || p > 1:
		return Missing
	case p < 1e-300:
		return "< 1e-300" // a float64 cannot tell it from 0
	case p < 0.001:
		return strconv.FormatFloat(p, 'e', 1, 64)
	}
	return significant(p, 2)
}

// equalsP is a p-value in a sentence: "p = 0.031".
func equalsP(p float64) string {
	if s := PValue(p); strings.HasPrefix(s, "<") {
		return "p " + s
	}
	return "p = " + PValue(p)
}

// Interval shows a range of plain numbers, both ends with the same decimals: [0.123, 0.456].
// An end that is not 0 never shows as 0, so that the reader can see whether 0 lies inside.
func Interval(low, high float64) string { return interval(low, high, decimals(low, high), false) }

// SignedInterval is Interval for changes: [−1.40, +0.05].
func SignedInterval(low, high float64) string {
	return interval(low, high, decimals(low, high), true)
}

// PercentInterval shows a range of fractions: [81.0, 85.1] %.
func PercentInterval(low, high float64) string {
	return unit(interval(low*100, high*100, 1, false), "%")
}

// PointsInterval shows a range of changes of a fraction: [−5.1, −3.3] pp.
func PointsInterval(low, high float64) string {
	return unit(interval(low*100, high*100, 1, true), "pp")
}

// Duration shows a time span in the two largest units that matter: 3.2 s, 3 min 12 s, 1 h 04 min.
func Duration(seconds float64) string {
	switch s := int(math.Round(seconds)); {
	case math.IsNaN(seconds) || seconds < 0:
		return Missing
	case seconds < 9.95:
		return fixed(seconds, 1) + " s"
	case s < 60:
		return fmt.Sprintf("%d s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	default:
		m := (s + 30) / 60
		return fmt.Sprintf("%d h %02d min", m/60, m%60)
	}
}

// excludesZero tells whether an interval lies wholly on one side of 0.
func excludesZero(low, high float64) bool { return low > tiny || high < -tiny }

func unit(number, name string) string {
	if number == Missing {
		return Missing
	}
	return number + " " + name
}

func plus(x float64, s string) string {
	if x > 0 && strings.Trim(s, "0.") != "" && s != Missing {
		return "+" + s
	}
	return s
}

func signedFixed(x float64, decimals int) string { return plus(x, fixed(x, decimals)) }

// fixed shows x with so many decimals, never −0.
func fixed(x float64, decimals int) string {
	if s, special := notFinite(x); special {
		return s
	}
	return sign(x, strconv.FormatFloat(math.Abs(x), 'f', decimals, 64))
}

// significant shows x with so many significant figures: plainly from 0.001 to a million, in
// powers of ten beyond.
func significant(x float64, figures int) string {
	if s, special := notFinite(x); special {
		return s
	}
	if x == 0 {
		return "0"
	}
	// Rounding comes first: 0.9995 to three figures is 1.00, one decimal fewer than 0.999.
	scientific := strconv.FormatFloat(math.Abs(x), 'e', figures-1, 64)
	exponent := exponentOf(scientific)
	if exponent < -3 || exponent > 5 {
		return sign(x, scientific)
	}
	rounded, err := strconv.ParseFloat(scientific, 64)
	if err != nil {
		panic(err) // it was formatted a moment ago
	}
	return sign(x, strconv.FormatFloat(rounded, 'f', max(0, figures-1-exponent), 64))
}

func exponentOf(scientific string) int {
	_, digits, _ := strings.Cut(scientific, "e")
	exponent, err := strconv.Atoi(digits)
	if err != nil {
		panic(err)
	}
	return exponent
}

// decimals is how many an interval's ends get: three significant figures at the larger end,
// or -1 where plain decimals do not suit the size.
func decimals(low, high float64) int {
	largest := max(math.Abs(low), math.Abs(high))
	if largest < tiny || math.IsNaN(largest) || math.IsInf(largest, 0) {
		return 0
	}
	exponent := exponentOf(strconv.FormatFloat(largest, 'e', 2, 64))
	if exponent < -3 || exponent > 5 {
		return -1
	}
	return max(0, 2-exponent)
}

func interval(low, high float64, decimals int, signed bool) string {
	if math.IsNaN(low) || math.IsNaN(high) {
		return Missing
	}
	end := func(x float64) string {
		if math.Abs(x) < tiny {
			x = 0
		}
		s := fixed(x, max(decimals, 0))
		switch {
		case decimals < 0:
			s = Number(x)
		case x != 0 && strings.Trim(s, "0.") == "":
			s = fixed(x, -exponentOf(strconv.FormatFloat(x, 'e', 0, 64)))
		}
		if signed {
			s = plus(x, s)
		}
		return s
	}
	return "[" + end(low) + ", " + end(high) + "]"
}

func notFinite(x float64) (string, bool) {
	switch {
	case math.IsNaN(x):
		return Missing, true
	case math.IsInf(x, 1):
		return "∞", true
	case math.IsInf(x, -1):
		return minus + "∞", true
	}
	return "", false
}

// sign puts the minus before the digits of |x|, unless they are all zero, and commas into them.
func sign(x float64, digits string) string {
	digits = commas(digits)
	if x < 0 && strings.Trim(digits, "0.") != "" {
		return minus + digits
	}
	return digits
}

// commas groups the digits before the decimal point in threes.
func commas(digits string) string {
	whole, rest := digits, ""
	if i := strings.IndexAny(digits, ".e"); i >= 0 {
		whole, rest = digits[:i], digits[i:]
	}
	start := strings.TrimPrefix(whole, minus)
	prefix := strings.TrimSuffix(whole, start)
	for i := len(start) - 3; i > 0; i -= 3 {
		start = start[:i] + "," + start[i:]
	}
	return prefix + start + rest
}
