package reports

import (
	"math"
	"testing"
)

func TestNumbers(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	tests := []struct{ got, want string }{
		{Number(0), "0"},
		{Number(math.Copysign(0, -1)), "0"},
		{Number(1), "1.00"},
		{Number(0.9994), "0.999"},
		{Number(0.9995), "1.00"},
		{Number(9.995), "9.99"}, // the float64 lies just below 9.995
		{Number(99.96), "100"},
		{Number(-0.0123456), "−0.0123"},
		{Number(0.001), "0.00100"},
		{Number(0.00099999), "0.00100"},
		{Number(0.000999), "9.99e-04"},
		{Number(1e-12), "1.00e-12"},
		{Number(-1e-12), "−1.00e-12"},
		{Number(1234), "1,230"},
		{Number(12345), "12,300"},
		{Number(999999), "1.00e+06"},
		{Number(1e21), "1.00e+21"},
		{Number(nan), "–"},
		{Number(inf), "∞"},
		{Number(-inf), "−∞"},
		{Signed(0.31), "+0.310"},
		{Signed(-0.31), "−0.310"},
		{Signed(0), "0"},
		{Signed(nan), "–"},
		{Signed(inf), "+∞"},

		{Percent(0.831), "83.1 %"},
		{Percent(1), "100.0 %"},
		{Percent(0), "0.0 %"},
		{Percent(-0.0001), "0.0 %"},
		{Percent(nan), "–"},

		{Points(-0.042), "−4.2 pp"},
		{Points(0.003), "+0.3 pp"},
		{Points(0), "0.0 pp"},
		{Points(-0.0001), "0.0 pp"},
		{Points(0.0001), "0.0 pp"},
		{Points(1e-12), "0.0 pp"},
		{Points(nan), "–"},

		{Count(0), "0"},
		{Count(999), "999"},
		{Count(1000), "1,000"},
		{Count(12000), "12,000"},
		{Count(1234567), "1,234,567"},
		{Count(-1000), "−1,000"},

		{PValue(1), "1.0"},
		{PValue(0.999), "1.0"},
		{PValue(0.6234), "0.62"},
		{PValue(0.031), "0.031"},
		{PValue(0.00123), "0.0012"},
		{PValue(0.001), "0.0010"},
		{PValue(0.000999), "1.0e-03"},
		{PValue(1.234e-5), "1.2e-05"},
		{PValue(1e-299), "1.0e-299"},
		{PValue(0), "< 1e-300"},
		{PValue(nan), "–"},
		{PValue(-1), "–"},
		{PValue(1.5), "–"},
		{equalsP(0.031), "p = 0.031"},
		{equalsP(0), "p < 1e-300"},

		{Interval(0.1234, 0.4567), "[0.123, 0.457]"},
		{Interval(0.001234, 0.4567), "[0.001, 0.457]"},
		{Interval(0.0001, 0.4567), "[0.0001, 0.457]"}, // not [0.000, …]
		{Interval(0, 0), "[0, 0]"},
		{Interval(0, 12345), "[0, 12,345]"},
		{Interval(-1e-17, 0), "[0, 0]"},
		{Interval(1e-8, 2e-8), "[1.00e-08, 2.00e-08]"},
		{Interval(nan, 1), "–"},
		{Interval(-inf, inf), "[−∞, ∞]"},
		{SignedInterval(-1.4, 0.05), "[−1.40, +0.05]"},
		{SignedInterval(-1.4, 0.0004), "[−1.40, +0.0004]"},
		{PercentInterval(0.81, 0.8512), "[81.0, 85.1] %"},
		{PointsInterval(-0.051, -0.033), "[−5.1, −3.3] pp"},
		{PointsInterval(-0.009, 0.005), "[−0.9, +0.5] pp"},
		{PointsInterval(-0.051, -0.0004), "[−5.1, −0.04] pp"}, // not [−5.1, 0.0]
		{PointsInterval(-0.051, 1e-17), "[−5.1, 0.0] pp"},
		{PointsInterval(0, 0), "[0.0, 0.0] pp"},
		{PointsInterval(nan, nan), "–"},

		{Duration(0), "0.0 s"},
		{Duration(3.24), "3.2 s"},
		{Duration(9.96), "10 s"},
		{Duration(59.4), "59 s"},
		{Duration(59.6), "1 min 00 s"},
		{Duration(192), "3 min 12 s"},
		{Duration(3599.7), "1 h 00 min"},
		{Duration(3870), "1 h 05 min"},
		{Duration(nan), "–"},
	}
	for i, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("row %d: got %q, want %q", i, tt.got, tt.want)
		}
	}
}

func TestExcludesZero(t *testing.T) {
	for _, tt := range []struct {
		low, high float64
		want      bool
	}{
		{-0.05, -0.03, true}, {0.03, 0.05, true}, {-0.05, 0.01, false}, {-0.05, 0, false}, {0, 0, false},
		{-0.05, -1e-17, false}, // the difference of two equal sums
		{math.NaN(), math.NaN(), false},
	} {
		if got := excludesZero(tt.low, tt.high); got != tt.want {
			t.Errorf("excludesZero(%v, %v) = %v", tt.low, tt.high, got)
		}
	}
}
