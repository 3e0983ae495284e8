package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxSpecFile is far above any real spec's size.
const maxSpecFile = 1 << 20

// ReadSpec reads a network description from a JSON file. Unknown fields are errors: a
// misspelled "paddding" must not train another network.
func ReadSpec(path string) (Spec, error) {
	f, err := os.Open(path)
	if err != nil {
		return Spec{}, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxSpecFile+1))
	if err != nil {
		return Spec{}, err
	}
	return parseSpec(path, text)
}

func parseSpec(name string, text []byte) (Spec, error) {
	var s Spec
	if len(text) > maxSpecFile {
		return s, fmt.Errorf("model: %s: larger than %d bytes: is it a spec?", name, maxSpecFile)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err := d.Decode(&s)
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return s, fmt.Errorf("model: %s: line %d: %w", name, 1+bytes.Count(text[:syntax.Offset], []byte("\n")), err)
	case err != nil:
		return s, fmt.Errorf("model: %s: %w", name, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return s, fmt.Errorf("model: %s: more text after the spec", name)
	}
	if _, err := s.Geometries(); err != nil {
		return s, inFile(name, err)
	}
	return s, nil
}
