package probe

import (
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
)

// Columns are the names of a recording's columns, in their order:
//
//	image              the image's number in the set (int32)
//	name               where it came from
//	split              train, select or confirm
//	label              the number of its class (int32)
//	class              the name of its class
//	answer             the name of the class the network gives it
//	feature.NAME       whether it has the feature (boolean), for each feature; the prefix keeps
//	                   features apart from whatever else is a column
//	3:17.max 3:17.mean maximum and mean over the positions of a unit with a map (float)
//	3:17.map           the map itself, a list of floats, row by row (only with maps)
//	4:5                the activation of a unit with one position (float)
//
// Units come by layer and number. Activations are those after the activation function and before
// pooling.
func (o *Origin) Columns() []string {
	var names []string
	for _, c := range o.columns() {
		names = append(names, c.name)
	}
	return names
}

// width is the number of columns.
func (o *Origin) width() int {
	width := len(aboutImage) + len(o.Features)
	for _, l := range o.Layers {
		width += l.Units * l.columns(o.Maps)
	}
	return width
}

// imageBytes is what an image takes in memory, and about what it takes in a row group.
func (o *Origin) imageBytes() int {
	size := 0
	for _, l := range o.Layers {
		size += l.Units * 12 // maximum, mean and count of active positions
		if o.Maps && l.hasMap() {
			size += l.Units * l.Rows * l.Cols * 4
		}
	}
	return size
}

// columnKind is what a column holds.
type columnKind int

const (
	intColumn columnKind = iota
	textColumn
	wordColumn // a text that recurs
	boolColumn
	floatColumn
	mapColumn
)

// parquetColumn is one column: its name, its type, and where its values come from.
type parquetColumn struct {
	name string
	kind columnKind
	// unit and summary are those of a neuron's column that Recording has; unit is −1 for others.
	unit    int
	summary Summary // "" where maximum and mean are one column
	append  func(to []parquet.Value, b *recordedBlock, image int) []parquet.Value
}

// aboutImage are the columns in front of features and units.
var aboutImage = []parquetColumn{
	{"image", intColumn, -1, "", perImage(func(b *recordedBlock, i int) parquet.Value { return parquet.Int32Value(int32(b.First + i)) })},
	{"name", textColumn, -1, "", perImage(func(b *recordedBlock, i int) parquet.Value { return textValue(b.set.Names[b.First+i]) })},
	{"split", wordColumn, -1, "", perImage(func(b *recordedBlock, i int) parquet.Value { return textValue(b.set.SplitOf(b.First + i).String()) })},
	{"label", intColumn, -1, "", perImage(func(b *recordedBlock, i int) parquet.Value { return parquet.Int32Value(int32(b.set.Labels[b.First+i])) })},
	{"class", wordColumn, -1, "", perImage(func(b *recordedBlock, i int) parquet.Value { return textValue(b.set.Classes[b.set.Labels[b.First+i]]) })},
	{"answer", wordColumn, -1, "", perImage(func(b *recordedBlock, i int) parquet.Value { return textValue(b.set.Classes[b.answers[i]]) })},
}

// columns are the recording's columns; the reader takes them for what must be in a file.
func (o *Origin) columns() []parquetColumn {
	all := append([]parquetColumn(nil), aboutImage...)
	for f, name := range o.Features {
		all = append(all, parquetColumn{"feature." + name, boolColumn, -1, "", perImage(func(b *recordedBlock, i int) parquet.Value {
			return parquet.BooleanValue(b.set.HasFeature(b.First+i, f))
		})})
	}
	unit := 0
	for _, l := range o.Layers {
		for u := range l.Units {
			all = append(all, l.unitColumns(fmt.Sprintf("%d:%d", l.Number, u), unit, o.Maps)...)
			unit++
		}
	}
	return all
}

func (l RecordedLayer) hasMap() bool { return l.Rows*l.Cols > 1 }

// columns is how many of them each unit has.
func (l RecordedLayer) columns(maps bool) int {
	switch {
	case !l.hasMap():
		return 1
	case maps:
		return 3
	}
	return 2
}

func (l RecordedLayer) unitColumns(address string, unit int, maps bool) []parquetColumn {
	highest := perImage(func(b *recordedBlock, i int) parquet.Value { return floatValue(b.Max[unit*b.Images+i]) })
	mean := perImage(func(b *recordedBlock, i int) parquet.Value { return floatValue(b.Mean[unit*b.Images+i]) })
	if !l.hasMap() {
		return []parquetColumn{{address, floatColumn, unit, "", highest}}
	}
	columns := []parquetColumn{
		{address + ".max", floatColumn, unit, Max, highest},
		{address + ".mean", floatColumn, unit, Mean, mean},
	}
	if maps {
		columns = append(columns, parquetColumn{address + ".map", mapColumn, -1, "", func(to []parquet.Value, b *recordedBlock, i int) []parquet.Value {
			return appendMap(to, b.maps[unit][i*b.Positions[unit]:][:b.Positions[unit]])
		}})
	}
	return columns
}

// appendMap appends a list: in Parquet's terms every element is defined at level 1, and all but the
// first repeat at level 1.
func appendMap(to []parquet.Value, values []float32) []parquet.Value {
	repetition := 0
	for _, v := range values {
		to = append(to, floatValue(v).Level(repetition, 1, 0))
		repetition = 1
	}
	return to
}

// perImage makes a column of one value an image.
func perImage(value func(b *recordedBlock, image int) parquet.Value) func([]parquet.Value, *recordedBlock, int) []parquet.Value {
	return func(to []parquet.Value, b *recordedBlock, image int) []parquet.Value {
		return append(to, value(b, image))
	}
}

func textValue(s string) parquet.Value { return parquet.ByteArrayValue([]byte(validText(s))) }

// floatValue turns −0, which a ReLU yields, into 0.
func floatValue(v float32) parquet.Value {
	if v == 0 {
		v = 0
	}
	return parquet.FloatValue(v)
}

// node is the column's place in the schema.
func (c parquetColumn) node() parquet.Node {
	plain := func(n parquet.Node) parquet.Node { return parquet.Encoded(n, &parquet.Plain) }
	switch c.kind {
	case intColumn:
		return plain(parquet.Int(32))
	case textColumn:
		return plain(parquet.String())
	case wordColumn:
		return parquet.Encoded(parquet.String(), encoding.Encoding(&parquet.RLEDictionary))
	case boolColumn:
		return plain(parquet.Leaf(parquet.BooleanType))
	case mapColumn:
		return parquet.List(plain(parquet.Leaf(parquet.FloatType)))
	}
	return plain(parquet.Leaf(parquet.FloatType))
}
