package reports

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// jsonDigits are the significant digits of a fraction in an entry's JSON: more than a float32 has, so
// that what comes from one can be told from every other; the rest of a float64 would be noise.
const jsonDigits = 9

// layOut makes JSON readable and small: an object or list of nothing but plain values takes one line,
// every other one a line for each of its parts.
func layOut(compact []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(compact))
	d.UseNumber()
	l := jsonLayout{tokens: d}
	root, err := l.read()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	root.write(&b, 0)
	b.WriteByte('\n')
	return b.Bytes(), nil
}

// jsonNode is a value: plain text, or an object's or list's parts, of an object with their keys.
type jsonNode struct {
	text  string
	kind  json.Delim // '{', '[' or 0
	keys  []string
	parts []jsonNode
}

type jsonLayout struct{ tokens *json.Decoder }

func (l jsonLayout) read() (jsonNode, error) {
	t, err := l.tokens.Token()
	if err != nil {
		return jsonNode{}, err
	}
	kind, container := t.(json.Delim)
	if !container {
		text, err := plainJSON(t)
		return jsonNode{text: text}, err
	}
	n := jsonNode{kind: kind}
	for l.tokens.More() {
		if kind == '{' {
			key, err := l.tokens.Token()
			if err != nil {
				return n, err
			}
			text, err := plainJSON(key)
			if err != nil {
				return n, err
			}
			n.keys = append(n.keys, text)
		}
		part, err := l.read()
		if err != nil {
			return n, err
		}
		n.parts = append(n.parts, part)
	}
	_, err = l.tokens.Token() // the end
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// plainJSON is a value that is neither object nor list.
func plainJSON(t json.Token) (string, error) {
	switch v := t.(type) {
	case json.Number:
		return roundedJSON(string(v))
	case string:
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		err := e.Encode(v)
		return strings.TrimSuffix(b.String(), "\n"), err
	case nil:
		return "null", nil
	}
	return fmt.Sprint(t), nil // true, false
}

// roundedJSON leaves whole numbers as they are, seeds and counts among them.
func roundedJSON(number string) (string, error) {
	if !strings.ContainsAny(number, ".eE") {
		return number, nil
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return "", err
	}
	short := strconv.FormatFloat(v, 'g', jsonDigits, 64)
	if v, err = strconv.ParseFloat(short, 64); err != nil {
		return "", err
	}
	if v == 0 {
		return "0", nil
	}
	return strconv.FormatFloat(v, 'g', -1, 64), nil
}

func (n jsonNode) write(b *bytes.Buffer, depth int) {
	if n.kind == 0 {
		b.WriteString(n.text)
		return
	}
	separator, before := ", ", ""
	if n.nested() {
		before = "\n" + strings.Repeat("  ", depth+1)
		separator = "," + before
	}
	b.WriteByte(byte(n.kind))
	b.WriteString(before)
	for k, p := range n.parts {
		if k > 0 {
			b.WriteString(separator)
		}
		if n.kind == '{' {
			b.WriteString(n.keys[k] + ": ")
		}
		p.write(b, depth+1)
	}
	if before != "" {
		b.WriteString("\n" + strings.Repeat("  ", depth))
	}
	b.WriteByte(byte(n.kind) + 2) // '}' and ']' are two after
}

// nested tells whether a part is itself an object or list that is not empty.
func (n jsonNode) nested() bool {
	for _, p := range n.parts {
		if len(p.parts) > 0 {
			return true
		}
	}
	return false
}
