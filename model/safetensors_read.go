package model

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// readTensors reads a safetensors file.
func readTensors(path string) (*tensorFile, error) {
	data, err := readRegular(path)
	if err != nil {
		return nil, err
	}
	return decodeTensors(path, data)
}

// readRegular is os.ReadFile for files of a sane size; a device or a pipe may have no end.
func readRegular(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, fmt.Errorf("model: %w", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("model: %s: not a file", path)
	case info.Size() > maxTensorFile:
		return nil, fmt.Errorf("model: %s: %d bytes (at most %d are supported)", path, info.Size(), int64(maxTensorFile))
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return data, nil
}

// decodeTensors reads the bytes of a safetensors file; name is for its errors. It is as strict
// as the reference implementation and stricter where that is silent (names that appear twice,
// unknown keys of a tensor). The tensors take at most twice the memory of the file (F16).
func decodeTensors(name string, data []byte) (*tensorFile, error) {
	f, err := parseTensors(data)
	if err != nil {
		return nil, inFile(name, err)
	}
	return f, nil
}

func parseTensors(data []byte) (*tensorFile, error) {
	header, data, err := cutHeader(data)
	if err != nil {
		return nil, err
	}
	f := &tensorFile{}
	var places []tensorPlace
	p := headerParser{json.NewDecoder(bytes.NewReader(header))}
	p.decoder.UseNumber()
	err = p.object("header", func(key string) error {
		if key == metadataKey {
			f.Metadata, err = p.metadata()
			return err
		}
		place, err := p.tensor(key)
		places = append(places, place)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := checkPlaces(places, len(data)); err != nil {
		return nil, err
	}
	for _, place := range places {
		t := place.tensor
		if t.Data, err = toFloat32(t.DType, data[place.begin:place.end]); err != nil {
			return nil, fmt.Errorf("tensor %q: %w", t.Name, err)
		}
		f.Tensors = append(f.Tensors, t)
	}
	return f, nil
}

// cutHeader takes the file apart and verifies that the header is JSON.
func cutHeader(data []byte) (header, rest []byte, err error) {
	if len(data) < 8 {
		return nil, nil, fmt.Errorf("not a safetensors file: it has %d bytes (want at least 8)", len(data))
	}
	length, rest := binary.LittleEndian.Uint64(data), data[8:]
	if limit := uint64(min(len(rest), maxHeader)); length > limit {
		return nil, nil, fmt.Errorf("not a safetensors file, or cut short: its header should have %d bytes (want at most %d)", length, limit)
	}
	header, rest = rest[:length], rest[length:]
	if len(header) == 0 || header[0] != '{' {
		return nil, nil, errors.New("not a safetensors file: its header does not begin with {")
	}
	for at := 0; at < len(header); {
		r, size := utf8.DecodeRune(header[at:])
		if r == utf8.RuneError && size == 1 {
			return nil, nil, fmt.Errorf("header: byte %d is not UTF-8", at)
		}
		at += size
	}
	if err := json.Unmarshal(header, &struct{}{}); err != nil {
		at := 0
		if e, ok := errors.AsType[*json.SyntaxError](err); ok {
			at = int(e.Offset)
		}
		return nil, nil, fmt.Errorf("header: byte %d: %w", at, err)
	}
	return header, rest, nil
}

// headerParser reads the header token by token, since decoding into a map would not notice
// names that appear twice. The JSON is known to be valid.
type headerParser struct{ decoder *json.Decoder }

// object calls each for every key; each must read the value.
func (p headerParser) object(what string, each func(key string) error) error {
	if err := p.delimiter(what, '{', "an object"); err != nil {
		return err
	}
	seen := map[string]bool{}
	for p.decoder.More() {
		token, err := p.decoder.Token()
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		key, _ := token.(string)
		if seen[key] {
			return fmt.Errorf("%s: %q appears twice", what, key)
		}
		seen[key] = true
		if err := each(key); err != nil {
			return err
		}
	}
	return p.delimiter(what, '}', "}")
}

func (p headerParser) delimiter(what string, want json.Delim, name string) error {
	token, err := p.decoder.Token()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if token != want {
		return fmt.Errorf("%s is %v (want %s)", what, token, name)
	}
	return nil
}

func (p headerParser) text(what string) (string, error) {
	token, err := p.decoder.Token()
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	s, ok := token.(string)
	if !ok {
		return "", fmt.Errorf("%s is %v (want a string)", what, token)
	}
	return s, nil
}

// numbers reads an array of at most `most` whole numbers of 0 or more.
func (p headerParser) numbers(what string, most int) ([]int, error) {
	if err := p.delimiter(what, '[', "an array"); err != nil {
		return nil, err
	}
	var out []int
	for p.decoder.More() {
		token, err := p.decoder.Token()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", what, err)
		}
		number, _ := token.(json.Number)
		v, err := strconv.ParseUint(number.String(), 10, strconv.IntSize-1)
		if err != nil {
			return nil, fmt.Errorf("%s holds %v (want whole numbers of 0 or more)", what, token)
		}
		if len(out) == most {
			return nil, fmt.Errorf("%s has more than %d numbers", what, most)
		}
		out = append(out, int(v))
	}
	return out, p.delimiter(what, ']', "]")
}

func (p headerParser) metadata() (map[string]string, error) {
	out := map[string]string{}
	err := p.object(metadataKey, func(key string) (err error) {
		out[key], err = p.text(fmt.Sprintf("%s: %q", metadataKey, key))
		return err
	})
	return out, err
}

// tensorPlace is a tensor, yet without its data, and where they are said to be.
type tensorPlace struct {
	tensor     storedTensor
	begin, end int
}

func (p headerParser) tensor(name string) (tensorPlace, error) {
	t, what := storedTensor{Name: name}, fmt.Sprintf("tensor %q", name)
	var offsets []int
	missing := map[string]bool{"dtype": true, "shape": true, "data_offsets": true}
	err := p.object(what, func(key string) (err error) {
		delete(missing, key)
		switch key {
		case "dtype":
			t.DType, err = p.text(what + ": dtype")
		case "shape":
			t.Shape, err = p.numbers(what+": shape", maxRank)
		case "data_offsets":
			offsets, err = p.numbers(what+": data_offsets", 2)
		default:
			err = fmt.Errorf("%s: unknown key %q (want dtype, shape and data_offsets)", what, key)
		}
		return err
	})
	if err != nil {
		return tensorPlace{}, err
	}
	for _, key := range slices.Sorted(maps.Keys(missing)) {
		return tensorPlace{}, fmt.Errorf("%s: no %s", what, key)
	}
	size := dtypeSizes[t.DType]
	if size == 0 {
		return tensorPlace{}, fmt.Errorf("%s: unknown dtype %q (known: %s)", what, t.DType, strings.Join(slices.Sorted(maps.Keys(dtypeSizes)), ", "))
	}
	if len(offsets) != 2 || offsets[0] > offsets[1] {
		return tensorPlace{}, fmt.Errorf("%s: data_offsets are %v (want begin and end)", what, offsets)
	}
	length := offsets[1] - offsets[0]
	if length%size != 0 || length/size != elements(t.Shape) {
		return tensorPlace{}, fmt.Errorf("%s: %s of shape %s does not take the %d bytes of its data_offsets, %d to %d",
			what, t.DType, shapeText(t.Shape), length, offsets[0], offsets[1])
	}
	return tensorPlace{t, offsets[0], offsets[1]}, nil
}

// checkPlaces sorts the tensors by their data and verifies that every byte belongs to exactly one.
func checkPlaces(places []tensorPlace, length int) error {
	slices.SortStableFunc(places, func(a, b tensorPlace) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	at, before := 0, ""
	for _, p := range places {
		switch name := p.tensor.Name; {
		case p.end > length:
			return fmt.Errorf("tensor %q: data_offsets are %d to %d, but there are %d bytes of data (is the file cut short?)", name, p.begin, p.end, length)
		case p.begin < at:
			return fmt.Errorf("tensor %q: begins at byte %d of the data, before tensor %q ends (at %d)", name, p.begin, before, at)
		case p.begin > at:
			return fmt.Errorf("bytes %d to %d of the data belong to no tensor", at, p.begin)
		}
		at, before = p.end, p.tensor.Name
	}
	if at != length {
		return fmt.Errorf("bytes %d to %d of the data belong to no tensor", at, length)
	}
	return nil
}
