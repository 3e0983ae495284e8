package datasets

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// Export writes a set in the folder form: {train,select,confirm}/<class>/NNNNN.png, where
// NNNNN is the image's number in the set; features.csv, where the set has features; masks/
// and parts.csv, where it has masks; and contact-sheet.png to look at. Opened as folder:DIR
// with the set's size and classes, it gives the same pixels, labels, features, parts and
// masks in the same order. Twins, bound and names are lost.
//
// Dir must be new or empty, and lie in a folder that exists. It appears when all of it is
// written; an export that fails or is stopped leaves nothing. Progress, if not nil, is
// called with the number of images written and that of all.
func Export(ctx context.Context, set *Set, dir string, progress func(done, total int)) error {
	if err := exportTo(ctx, set, filepath.Clean(dir), progress); err != nil {
		return fmt.Errorf("datasets: export to %s: %w", dir, err)
	}
	return nil
}

func exportTo(ctx context.Context, set *Set, dir string, progress func(done, total int)) error {
	if err := checkExport(set); err != nil {
		return err
	}
	if err := checkFree(dir); err != nil {
		return err
	}
	scratch, err := os.MkdirTemp(filepath.Dir(dir), ".export-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)

	e := newExporter(set, filepath.Join(scratch, "set"))
	if err := e.write(ctx, progress); err != nil {
		return err
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err // no longer empty
	}
	return os.Rename(e.dir, dir)
}

// checkExport refuses what could not be read back.
func checkExport(set *Set) error {
	if set.Channels != 1 && set.Channels != 3 {
		return fmt.Errorf("images of %d channels (PNG files hold 1 or 3)", set.Channels)
	}
	for _, class := range set.Classes {
		if !isFolderName(class) {
			return fmt.Errorf("class %q cannot be the name of a folder", class)
		}
	}
	if set.HasMasks() {
		for _, part := range set.Parts {
			if !isFolderName(part) {
				return fmt.Errorf("part %q cannot be the name of a folder", part)
			}
		}
	}
	return nil
}

func isFolderName(name string) bool {
	return name != "" && !isHidden(name) && !strings.ContainsAny(name, `/\:*?"<>|`+"\x00")
}

// CheckExport tells whether Export could write to dir, for callers whose set takes long to make.
func CheckExport(dir string) error {
	if err := checkFree(filepath.Clean(dir)); err != nil {
		return fmt.Errorf("datasets: export to %s: %w", dir, err)
	}
	return nil
}

func checkFree(dir string) error {
	if err := checkEmpty(dir); err != nil {
		return err
	}
	parent := filepath.Dir(dir)
	if info, err := os.Stat(parent); err != nil || !info.IsDir() {
		return fmt.Errorf("no folder %s", parent)
	}
	return nil
}

// checkEmpty accepts a folder that is not there or holds nothing.
func checkEmpty(dir string) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return bare(err)
	case len(entries) > 0:
		return fmt.Errorf("not empty (holds %s)", entries[0].Name())
	}
	return nil
}

// exporter writes one set into a folder of its own.
type exporter struct {
	set    *Set
	dir    string
	digits int
}

func newExporter(set *Set, dir string) *exporter {
	return &exporter{set, dir, max(5, len(strconv.Itoa(set.Len())))}
}

// stem is the path of image i without its ending.
func (e *exporter) stem(i int) string {
	return path.Join(e.set.SplitOf(i).String(), e.set.Classes[e.set.Labels[i]], fmt.Sprintf("%0*d", e.digits, i))
}

func (e *exporter) write(ctx context.Context, progress func(done, total int)) error {
	if err := e.makeFolders(); err != nil {
		return err
	}
	if err := e.writeImages(ctx, progress); err != nil {
		return err
	}
	if err := e.writeFeatures(); err != nil {
		return err
	}
	if err := e.writeParts(); err != nil {
		return err
	}
	if e.set.HasTwins() {
		if err := writePNG(filepath.Join(e.dir, overview), ContactSheet(e.set, Train, 8, 4)); err != nil {
			return err
		}
	}
	return writePNG(filepath.Join(e.dir, contactSheet), e.sheet())
}

// makeFolders makes the masks' folders too, so that a part that shows nowhere is kept.
func (e *exporter) makeFolders() error {
	var folders []string
	for _, split := range Splits {
		for _, class := range e.set.Classes {
			folders = append(folders, filepath.Join(split.String(), class))
		}
	}
	if e.set.HasMasks() {
		for _, part := range e.set.Parts {
			folders = append(folders, filepath.Join(masksFolder, part))
		}
	}
	for _, folder := range folders {
		if err := os.MkdirAll(filepath.Join(e.dir, folder), 0o755); err != nil {
			return err
		}
	}
	return nil
}

func (e *exporter) writeImages(ctx context.Context, progress func(done, total int)) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	tick := counting(progress, e.set.Len())
	err := parallel(ctx, e.set.Len(), func(i int) {
		if err := e.writeImage(i); err != nil {
			stop(err) // the disk is full, most likely: no use in going on
			return
		}
		tick()
	})
	if err != nil {
		return context.Cause(ctx)
	}
	return nil
}

// writeImage writes image i and its masks.
func (e *exporter) writeImage(i int) error {
	file := filepath.FromSlash(e.stem(i)) + ".png"
	if err := writePNG(filepath.Join(e.dir, file), e.set.picture(i)); err != nil {
		return err
	}
	if !e.set.HasMasks() {
		return nil
	}
	for k, part := range e.set.Parts {
		mask := e.set.Mask(i, k)
		if mask == nil {
			continue
		}
		name := filepath.Join(e.dir, masksFolder, part, file)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := writePNG(name, e.maskPicture(mask)); err != nil {
			return err
		}
	}
	return nil
}

// maskPicture is white where the part is and black elsewhere, one bit a pixel.
func (e *exporter) maskPicture(mask Mask) image.Image {
	picture := image.NewPaletted(image.Rect(0, 0, e.set.Width, e.set.Height), color.Palette{color.Black, color.White})
	for k, belongs := range mask {
		if belongs {
			picture.Pix[k] = 1
		}
	}
	return picture
}

func (e *exporter) writeFeatures() error {
	if len(e.set.Features) == 0 {
		return nil
	}
	rows := [][]string{append([]string{"path"}, e.set.Features...)}
	for i := range e.set.Len() {
		row := []string{e.stem(i) + ".png"}
		for f := range e.set.Features {
			value := "0"
			if e.set.HasFeature(i, f) {
				value = "1"
			}
			row = append(row, value)
		}
		rows = append(rows, row)
	}
	return e.writeCSV(featuresFile, rows)
}

// writeParts names every part first, in order, then says in which one each feature shows.
func (e *exporter) writeParts() error {
	if !e.set.HasMasks() {
		return nil
	}
	rows := [][]string{{"feature", "part"}}
	for _, part := range e.set.Parts {
		rows = append(rows, []string{"", part})
	}
	for f, feature := range e.set.Features {
		part := ""
		if k := e.set.FeatureParts[f]; k >= 0 {
			part = e.set.Parts[k]
		}
		rows = append(rows, []string{feature, part})
	}
	return e.writeCSV(partsFile, rows)
}

func (e *exporter) writeCSV(name string, rows [][]string) (err error) {
	f, err := os.Create(filepath.Join(e.dir, name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return csv.NewWriter(f).WriteAll(rows)
}

const (
	sheetColumns = 8
	sheetWidth   = 112 // of an image on the exported sheet, about
)

// sheet shows a row of training images for each class, spread over the split.
func (e *exporter) sheet() image.Image {
	lo, hi := e.set.Range(Train)
	byClass := groupByClass(e.set.Labels, upTo(lo, hi), len(e.set.Classes))
	columns := sheetColumns
	for _, members := range byClass {
		columns = min(columns, len(members))
	}
	var shown []int
	for _, members := range byClass {
		for k := range columns {
			shown = append(shown, members[k*len(members)/columns])
		}
	}
	return Gallery(e.set, shown, columns, sheetWidth/e.set.Width)
}

func writePNG(name string, picture image.Image) (err error) {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return pngEncoder.Encode(f, picture)
}

// pngEncoder keeps its buffers: for images as small as ours, making them takes longer than
// the encoding.
var pngEncoder = png.Encoder{BufferPool: &pngBuffers{}}

type pngBuffers struct{ pool sync.Pool }

func (p *pngBuffers) Get() *png.EncoderBuffer {
	b, _ := p.pool.Get().(*png.EncoderBuffer)
	return b // nil makes the encoder start a new one
}

func (p *pngBuffers) Put(b *png.EncoderBuffer) { p.pool.Put(b) }
