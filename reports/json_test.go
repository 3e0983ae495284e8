package reports

import (
	"encoding/json"
	"math"
	"testing"
)

func TestLayOut(t *testing.T) {
	for in, want := range map[string]string{
		`{"a":1,"b":[1,2.5],"c":{}}`:             "{\n  \"a\": 1,\n  \"b\": [1, 2.5],\n  \"c\": {}\n}\n",
		`[[{"x":null,"y":true},{"x":"a<b\"c"}]]`: "[\n  [\n    {\"x\": null, \"y\": true},\n    {\"x\": \"a<b\\\"c\"}\n  ]\n]\n",
		`0.1234567891234`:                        "0.123456789\n",
		`-12345678901234567890`:                  "-12345678901234567890\n", // a seed, not a measurement
		`1.5e-300`:                               "1.5e-300\n",
		`-0.0`:                                   "0\n",
		`[]`:                                     "[]\n",
		`0.30000001192092896`:                    "0.300000012\n",
	} {
		if got, err := layOut([]byte(in)); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{``, `{`, `[1,`, `{"a"}`, `nope`, `[1}`} {
		if got, err := layOut([]byte(in)); err == nil {
			t.Errorf("%q: %q", in, got)
		}
	}
}

// FuzzLayOut: what is laid out means the same, fractions to nine digits.
func FuzzLayOut(f *testing.F) {
	f.Add([]byte(`{"a":[1,2.25,"x"],"b":{"c":[{},[[]]]},"d":-1e-7}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		var before any
		if json.Unmarshal(in, &before) != nil {
			return
		}
		out, err := layOut(in)
		if err != nil {
			return // a number no float64 holds
		}
		var after any
		if err := json.Unmarshal(out, &after); err != nil {
			t.Fatalf("%q became %q: %v", in, out, err)
		}
		if !alike(before, after) {
			t.Errorf("%q became %q", in, out)
		}
	})
}

func alike(a, b any) bool {
	switch x := a.(type) {
	case float64:
		y, ok := b.(float64)
		return ok && math.Abs(x-y) <= 1e-8*math.Abs(x)
	case []any:
		y, ok := b.([]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k := range x {
			if !alike(x[k], y[k]) {
				return false
			}
		}
		return true
	case map[string]any:
		y, ok := b.(map[string]any)
		if !ok || len(x) != len(y) {
			return false
		}
		for k := range x {
			if !alike(x[k], y[k]) {
				return false
			}
		}
		return true
	}
	return a == b
}
