package probe

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"neuroprobe/datasets"
	"neuroprobe/model"
)

// Origin is what a recording was made from, as its Parquet file tells it. Time and host are no
// part of it, so that the same run writes the same bytes.
type Origin struct {
	Version    string          `json:"version"` // of neuroprobe
	Command    string          `json:"command"`
	Model      string          `json:"model"` // digest
	Data       string          `json:"data"`  // source
	DataDigest string          `json:"data_digest"`
	Split      string          `json:"split"`       // train, select, confirm, or AllSplits
	First      int             `json:"first_image"` // number in the set
	Images     int             `json:"images"`
	Classes    []string        `json:"classes"`
	Features   []string        `json:"features"`
	Layers     []RecordedLayer `json:"layers"`
	Maps       bool            `json:"maps"`
}

// AllSplits is the Origin.Split of a recording of every image of a set.
const AllSplits = "all"

// RecordedLayer is a layer all of whose units are recorded.
type RecordedLayer struct {
	Number int        `json:"number"`
	Name   string     `json:"name"`
	Kind   model.Kind `json:"kind"`
	Units  int        `json:"units"`
	// Rows and Cols are the shape of a unit's map before pooling; 1 × 1 for a dense unit.
	Rows int `json:"rows"`
	Cols int `json:"cols"`
}

func newOrigin(n *model.Network, set *datasets.Set, layers []int, o ParquetOptions) *Origin {
	first, last := set.Range(o.Split)
	split := o.Split.String()
	if o.All {
		first, last, split = 0, set.Len(), AllSplits
	}
	origin := &Origin{
		Version: validText(o.Version), Command: validText(o.Command), Model: n.Digest(), Data: validText(set.Source), DataDigest: validText(o.Data),
		Split: split, First: first, Images: last - first, Classes: validTexts(set.Classes), Features: validTexts(set.Features), Maps: o.Maps,
	}
	for _, l := range layers {
		shape := n.Geometry(l).Act
		origin.Layers = append(origin.Layers, RecordedLayer{l, n.Layer(l).Name, n.Layer(l).Kind, shape[0], shape[1], shape[2]})
	}
	return origin
}

func validTexts(names []string) []string {
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = validText(name)
	}
	return out
}

// CheckModel refuses a recording of another network than the one with this digest.
func (o *Origin) CheckModel(digest string) error {
	if o.Model != digest {
		return fmt.Errorf("probe: a recording of another model: its digest is %.12s…, this model's %.12s…", o.Model, digest)
	}
	return nil
}

// keyPrefix marks our entries in a file's key-value metadata.
const keyPrefix = "neuroprobe."

// metadataEntry is one entry of the metadata: its key and the place of its value, a *string for text
// that is stored as it is, anything else for JSON.
type metadataEntry struct {
	key   string
	value any
}

// entries are all of Origin but for Images, which the file counts itself.
func (o *Origin) entries() []metadataEntry {
	return []metadataEntry{
		{"version", &o.Version}, {"command", &o.Command}, {"model", &o.Model}, {"data", &o.Data}, {"data_digest", &o.DataDigest},
		{"split", &o.Split}, {"first_image", &o.First}, {"classes", &o.Classes}, {"features", &o.Features},
		{"layers", &o.Layers}, {"maps", &o.Maps},
	}
}

func (o *Origin) metadata() map[string]string {
	all := map[string]string{}
	for _, e := range o.entries() {
		if s, ok := e.value.(*string); ok {
			all[keyPrefix+e.key] = *s
			continue
		}
		value, err := json.Marshal(e.value)
		if err != nil {
			panic(err) // numbers, names and lists of them
		}
		all[keyPrefix+e.key] = string(value)
	}
	return all
}

// errNotOurs is a Parquet file's that is no recording.
var errNotOurs = errors.New("a Parquet file, but not a recording (neuroprobe record writes those)")

// readOrigin reads the metadata of a file of so many rows.
func readOrigin(lookup func(key string) (string, bool), rows int64) (*Origin, error) {
	o := &Origin{Images: int(rows)}
	for _, e := range o.entries() {
		found, ok := lookup(keyPrefix + e.key)
		if s, isText := e.value.(*string); ok && isText {
			*s = found
			continue
		}
		if !ok {
			return nil, errNotOurs
		}
		if err := json.Unmarshal([]byte(found), e.value); err != nil {
			return nil, fmt.Errorf("metadata %s%s: %w", keyPrefix, e.key, err)
		}
	}
	return o, o.check()
}

// check refuses what the rest relies on not to be there. The layers' sizes come from a file: none
// may be so large that a product overflows.
func (o *Origin) check() error {
	const most = 1 << 24
	switch {
	case o.Images < 1 || o.Images > 1<<31-1 || o.First < 0 || o.First > 1<<31-1:
		return errors.New("metadata: image numbers out of range: " + strconv.Itoa(o.First) + " and " + strconv.Itoa(o.Images) + " more")
	case o.Split != AllSplits && !slices.ContainsFunc(datasets.Splits, func(s datasets.Split) bool { return s.String() == o.Split }):
		return fmt.Errorf("metadata: no split %q", o.Split)
	case len(o.Layers) == 0 || len(o.Layers) > maxColumns:
		return fmt.Errorf("metadata: %d layers", len(o.Layers))
	}
	for i, l := range o.Layers {
		if l.Units < 1 || l.Units > maxColumns || l.Rows < 1 || l.Rows > most || l.Cols < 1 || l.Cols > most || i > 0 && l.Number <= o.Layers[i-1].Number {
			return fmt.Errorf("metadata: layer %+v", l)
		}
	}
	return nil
}
