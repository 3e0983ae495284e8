package probe

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"reflect"
	"strings"

	"neuroprobe/datasets"
	"neuroprobe/model"

	"github.com/parquet-go/parquet-go"
)

// ParquetOptions say what WriteParquet records.
type ParquetOptions struct {
	Split  datasets.Split
	All    bool  // the images of every split; Split does not count
	Layers []int // nil: all
	// Maps adds a channel's activation at every position to its maximum and mean.
	Maps     bool
	Workers  int // 0: all cores
	Version  string
	Command  string
	Data     string // digest of the set
	Progress func(done, total int)
}

// rowGroupBytes is how much of a file is collected before it is written: readers take a file row
// group by row group, and small ones are slow.
const rowGroupBytes = 64 << 20

// heldBytes bounds what is held of the images being recorded.
const heldBytes = 64 << 20

// maxColumns is a limit of the Parquet library.
const maxColumns = parquet.MaxColumnIndex

// WriteParquet runs the images of a split through the network and writes a row for each, in the
// set's order, to w. Origin.Columns lists the columns. Images are recorded and written in blocks:
// the memory it takes does not grow with their number. The same run writes the same bytes.
//
// Values are float32, uncompressed but for Snappy, which pandas (by pyarrow or fastparquet) and
// DuckDB read; −0 is written as 0. After an error, what w has received is not a Parquet file.
func WriteParquet(ctx context.Context, w io.Writer, n *model.Network, set *datasets.Set, o ParquetOptions) (*Origin, error) {
	layers, err := checkLayers(n, o.Layers)
	if err != nil {
		return nil, err
	}
	if err := n.Fits(set); err != nil {
		return nil, err
	}
	origin := newOrigin(n, set, layers, o)
	switch {
	case origin.Images == 0:
		return nil, fmt.Errorf("probe: the %s split is empty: nothing to record", origin.Split)
	case origin.width() > maxColumns:
		return nil, fmt.Errorf("probe: a recording of these layers has %d columns, Parquet takes at most %d: record fewer layers", origin.width(), maxColumns)
	}
	p := newParquetWriter(w, origin, o.Workers)
	for _, split := range o.splits() {
		first, end := set.Range(split)
		for step := origin.blockImages(); first < end; first += step {
			b := newRecordedBlock(n, set, origin, first, min(step, end-first), layers)
			if err := b.record(ctx, n, layers, o.Workers); err != nil {
				return nil, err
			}
			if err := p.write(ctx, b); err != nil {
				return nil, err
			}
			if o.Progress != nil {
				o.Progress(first+b.Images-origin.First, origin.Images)
			}
		}
	}
	return origin, p.close()
}

// splits are those recorded. No block spans two: the last bit of an activation can depend on which
// images a batch holds, and an image's row is the same in the file of its split and in that of all.
func (o ParquetOptions) splits() []datasets.Split {
	if o.All {
		return datasets.Splits
	}
	return []datasets.Split{o.Split}
}

// blockImages is how many images are held at a time. It is a multiple of alignImages, so that
// maps or not, and more layers or fewer, batches are the same and so are the activations.
func (o *Origin) blockImages() int {
	fit := min(blockImages, heldBytes/o.imageBytes())
	return max(alignImages, fit-fit%alignImages)
}

// alignImages is a multiple of the batches in which Observe runs images, and divides blockImages.
const alignImages = 32

// parquetWriter writes blocks as rows.
type parquetWriter struct {
	file    *parquet.GenericWriter[any]
	out     *sealer
	columns []parquetColumn
	// groups are the row groups in the making, which goroutines fill side by side: one, or with
	// maps mapGroups, which are written out after each block.
	groups  []*parquet.ConcurrentRowGroupWriter
	workers int
	rowSize int // about the bytes of a row
	pending int // bytes of rows since the last row group
}

// mapGroups is how many row groups a block with maps becomes. It depends on nothing, and so
// neither do the file's bytes.
const mapGroups = 4

func newParquetWriter(w io.Writer, o *Origin, workers int) *parquetWriter {
	p := &parquetWriter{out: newSealer(w), columns: o.columns(), workers: workers, rowSize: o.imageBytes()}
	config := parquet.WriterConfig{
		CreatedBy:        "neuroprobe version " + o.Version,
		Compression:      &parquet.Snappy,
		KeyValueMetadata: o.metadata(),
		// Version 1 pages are those that every reader knows.
		DataPageVersion: 1,
		// The library takes a page's worth of memory for every column at once.
		PageBufferSize: min(32<<10, max(4<<10, heldBytes/len(p.columns))),
	}
	fields := make([]parquet.Field, len(p.columns))
	for i, c := range p.columns {
		fields[i] = parquetField{c.node(), c.name}
		if c.kind == mapColumn {
			config.SkipPageBounds = append(config.SkipPageBounds, []string{c.name, "list", "element"})
		}
	}
	config.Schema = parquet.NewSchema("recording", parquetSchema{fields: fields})
	p.file = parquet.NewGenericWriter[any](p.out, &config)
	p.groups = append(p.groups, p.file.BeginRowGroup())
	for o.Maps && len(p.groups) < mapGroups {
		p.groups = append(p.groups, p.file.BeginRowGroup())
	}
	return p
}

// write appends a block's rows.
func (p *parquetWriter) write(ctx context.Context, b *recordedBlock) error {
	errs := make([]error, len(p.groups))
	err := parallel(ctx, p.workers, len(p.groups), func(k int) {
		errs[k] = p.fill(ctx, p.groups[k], b, b.Images*k/len(p.groups), b.Images*(k+1)/len(p.groups))
	})
	if err := cmp.Or(append(errs, err)...); err != nil {
		return err
	}
	if p.pending += b.Images * p.rowSize; p.pending >= rowGroupBytes || len(p.groups) > 1 {
		return p.commit()
	}
	return nil
}

// fill appends images [lo, hi) of a block to a row group, column by column: the library's way by
// rows takes several times as long.
func (p *parquetWriter) fill(ctx context.Context, group *parquet.ConcurrentRowGroupWriter, b *recordedBlock, lo, hi int) error {
	var values []parquet.Value
	for i, w := range group.ColumnWriters() {
		if err := ctx.Err(); err != nil {
			return err
		}
		for image := lo; image < hi; image++ {
			values = p.columns[i].append(values, b, image)
			if len(values) < valuesAtOnce && image < hi-1 {
				continue
			}
			if _, err := w.WriteRowValues(values); err != nil {
				return err
			}
			values = values[:0]
		}
	}
	return nil
}

// valuesAtOnce is how many values go to the library in one call, give or take an image's.
const valuesAtOnce = 1024

// commit writes the row groups out, in the order of their images.
func (p *parquetWriter) commit() error {
	p.pending = 0
	for _, g := range p.groups {
		if g.Size() == 0 {
			continue // fewer images than groups, or none since the last time
		}
		if _, err := g.Commit(); err != nil {
			return err
		}
	}
	return nil
}

func (p *parquetWriter) close() error {
	if err := p.commit(); err != nil {
		return err
	}
	p.out.hold()
	if err := p.file.Close(); err != nil {
		return err
	}
	return p.out.close()
}

// parquetSchema is the row. A parquet.Group would sort the columns by name, 1:10 before 1:2.
type parquetSchema struct {
	parquet.Group
	fields []parquet.Field
}

func (r parquetSchema) Fields() []parquet.Field { return r.fields }

// String is what the library prints; Group's would print no columns.
func (r parquetSchema) String() string { return fmt.Sprintf("%d columns", len(r.fields)) }

// parquetField is a column of the schema.
type parquetField struct {
	parquet.Node
	name string
}

func (f parquetField) Name() string { return f.name }

// Value is for rows that are Go structs; ours are not.
func (f parquetField) Value(reflect.Value) reflect.Value { return reflect.Value{} }

// recordedBlock is a run of images as recorded, maps included where they are wanted.
type recordedBlock struct {
	*Recording
	set     *datasets.Set
	answers []int
	maps    [][]float32 // by unit: images × positions; nil for units without one
}

func newRecordedBlock(n *model.Network, set *datasets.Set, o *Origin, first, images int, layers []int) *recordedBlock {
	b := &recordedBlock{Recording: newRecording(n, first, images, layers), set: set}
	b.maps = make([][]float32, len(b.Units))
	for u, positions := range b.Positions {
		if o.Maps && positions > 1 {
			b.maps[u] = make([]float32, images*positions)
		}
	}
	return b
}

func (b *recordedBlock) record(ctx context.Context, n *model.Network, layers []int, workers int) error {
	size, classes := b.set.ImageSize(), len(n.Classes)
	images := b.set.Images[b.First*size : (b.First+b.Images)*size]
	err := b.Recording.record(ctx, n, images, b.First, layers, workers, func(batch int, t *model.Trace) {
		unit := 0
		for _, l := range layers {
			shape := n.Geometry(l).Act
			b.keepMaps(unit, batch, t.Activation(l), shape)
			unit += shape[0]
		}
	})
	if err != nil {
		return err
	}
	for i := range b.Images {
		b.answers = append(b.answers, model.Answer(b.Logits[i*classes:][:classes]))
	}
	return nil
}

// keepMaps takes in one layer's activations, images × units × positions, of images from `image`
// on, for units from `unit` on.
func (b *recordedBlock) keepMaps(unit, image int, activations []float32, shape model.Shape) {
	area := shape.Area()
	for u := range shape[0] {
		to := b.maps[unit+u]
		for i := 0; to != nil && i < len(activations)/shape.Size(); i++ {
			copy(to[(image+i)*area:], activations[(i*shape[0]+u)*area:][:area])
		}
	}
}

// validText is a name as Parquet wants it: readers refuse a file with text that is not UTF-8.
func validText(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
