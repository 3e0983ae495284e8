package probe

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"neuroprobe/internal/stats"
)

// Summary is the number that stands for a channel's map on an image. A dense unit has one value,
// which is both.
type Summary string

// The summaries.
const (
	Max  Summary = "max"
	Mean Summary = "mean"
)

// Rule says when a unit fires on an image: when its summary is above a level, or above the
// unit's own quantile over the select split. The zero value is "above 0".
type Rule struct {
	Level    float64 `json:"level"`
	Quantile float64 `json:"quantile,omitempty"` // used if above 0
}

// ParseRule reads "0", "0.5" (a level) or "q0.995" (a quantile between 0 and 1).
func ParseRule(text string) (Rule, error) {
	number, isQuantile := strings.CutPrefix(text, "q")
	v, err := strconv.ParseFloat(number, 64)
	switch {
	case err != nil || math.IsNaN(v) || math.IsInf(v, 0):
	case !isQuantile:
		return Rule{Level: v}, nil
	case v > 0 && v < 1:
		return Rule{Quantile: v}, nil
	}
	return Rule{}, fmt.Errorf("probe: firing threshold %q (want a number, like 0 or 0.5, or a quantile between q0 and q1, like q0.995)", text)
}

func (r Rule) String() string {
	if r.Quantile > 0 {
		return "q" + strconv.FormatFloat(r.Quantile, 'g', -1, 64)
	}
	return strconv.FormatFloat(r.Level, 'g', -1, 64)
}

// threshold is the rule's level for a unit, given its summaries on the select split. Quantiles are
// exact, of type 7 (see stats.Quantile).
func (r Rule) threshold(selected []float64) float64 {
	if r.Quantile > 0 {
		return stats.Quantile(selected, r.Quantile)
	}
	return r.Level
}
