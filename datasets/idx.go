package datasets

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// MNIST's idx files: big-endian 32-bit numbers (magic, count and, for images, rows and
// columns), then one byte a label or a pixel. The magic's third byte is the type of the
// values (8, unsigned byte), its fourth the number of dimensions.
//
// Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits",
// http://yann.lecun.com/exdb/mnist/.
const (
	idxLabels = 0x00000801
	idxImages = 0x00000803

	// maxIDXSide and maxIDXBytes bound what a header may ask for; MNIST needs 28 and 47 MB.
	maxIDXSide  = 4096
	maxIDXBytes = 2 << 30
)

var idxClasses = []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}

// idxPart is one pair of files: images and their labels.
type idxPart struct {
	name           string
	images, labels string
}

var idxParts = []idxPart{
	{"training", "train-images-idx3-ubyte", "train-labels-idx1-ubyte"},
	{"test", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"},
}

// idxBlock is the content of one idx file of images.
type idxBlock struct {
	count, rows, cols int
	pixels            []byte
}

func (b idxBlock) image(i int) []byte {
	n := b.rows * b.cols
	return b.pixels[i*n : (i+1)*n]
}

// openIDX reads MNIST or a set published in its form. Select is held out of the training
// images; confirm is t10k.
func openIDX(ctx context.Context, o Options, dir string) (*Set, error) {
	if err := checkFileOptions(o); err != nil {
		return nil, err
	}
	if len(o.Classes) > 0 { // before the long reading
		if _, err := classSlots(o.Classes, idxClasses); err != nil {
			return nil, err
		}
	}
	if err := requireDir(dir); err != nil {
		return nil, err
	}
	var (
		blocks [2]idxBlock
		labels [2][]byte
		tick   = counting(o.Progress, len(idxParts))
	)
	f := &faults{dir: dir, skipBad: o.SkipBad}
	for k, part := range idxParts {
		blocks[k], labels[k] = readIDXPart(ctx, dir, part, f)
		if ctx.Err() != nil {
			return nil, stopped(ctx, "reading "+dir)
		}
		tick()
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	return idxSet(o, dir, blocks, labels, f)
}

// readIDXPart reads one pair of files; what is wrong with them goes to f.
func readIDXPart(ctx context.Context, dir string, part idxPart, f *faults) (idxBlock, []byte) {
	var (
		block  idxBlock
		labels []byte
	)
	imagesFile, imagesErr := withIDX(ctx, dir, part.images, func(r io.Reader) (err error) {
		block, err = readIDXImages(r)
		return err
	})
	labelsFile, labelsErr := withIDX(ctx, dir, part.labels, func(r io.Reader) (err error) {
		labels, err = readIDXLabels(r)
		return err
	})
	if imagesErr != nil {
		f.add(imagesFile, "%w", imagesErr)
	}
	if labelsErr != nil {
		f.add(labelsFile, "%w", labelsErr)
	}
	if imagesErr == nil && labelsErr == nil && block.count != len(labels) {
		f.add(labelsFile, "%d labels for the %d images of %s", len(labels), block.count, imagesFile)
	}
	for i, label := range labels {
		if int(label) >= len(idxClasses) {
			f.addBad(labelsFile, "label %d: %d (the classes are 0 to 9)", i, label)
		}
	}
	return block, labels
}

// withIDX opens an idx file, gzipped or not, and has it read. It returns the name the file
// turned out to have.
func withIDX(ctx context.Context, dir, name string, read func(io.Reader) error) (string, error) {
	for _, file := range []string{name, name + ".gz"} {
		if !isFile(filepath.Join(dir, file)) {
			continue
		}
		f, err := os.Open(filepath.Join(dir, file))
		if err != nil {
			return file, bare(err)
		}
		defer f.Close()
		r, err := gunzipped(contextReader{ctx, f})
		if err != nil {
			return file, err
		}
		return file, read(r)
	}
	return name, errors.New("not there (looked for it with and without .gz)")
}

// gunzipped looks at the content, not at the name: some downloads unpack a file and keep its .gz.
func gunzipped(r io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(r)
	if start, _ := buffered.Peek(2); !bytes.Equal(start, []byte{0x1f, 0x8b}) {
		return buffered, nil
	}
	return gzip.NewReader(buffered)
}

func readIDXImages(r io.Reader) (idxBlock, error) {
	header, err := readIDXHeader(r, idxImages, 3)
	if err != nil {
		return idxBlock{}, err
	}
	count, rows, cols := header[0], header[1], header[2]
	switch {
	case rows < 1 || cols < 1 || rows > maxIDXSide || cols > maxIDXSide:
		return idxBlock{}, fmt.Errorf("header: images of %d×%d pixels (1 to %d a side)", rows, cols, maxIDXSide)
	case count*rows*cols > maxIDXBytes:
		return idxBlock{}, fmt.Errorf("header: %d images of %d×%d pixels, above the limit of %d bytes", count, rows, cols, maxIDXBytes)
	}
	need := fmt.Sprintf("%d images of %d×%d pixels", count, rows, cols)
	pixels, err := readExactly(r, count*rows*cols, need)
	return idxBlock{int(count), int(rows), int(cols), pixels}, err
}

func readIDXLabels(r io.Reader) ([]byte, error) {
	header, err := readIDXHeader(r, idxLabels, 1)
	if err != nil {
		return nil, err
	}
	if header[0] > maxIDXBytes {
		return nil, fmt.Errorf("header: %d labels, above the limit of %d", header[0], maxIDXBytes)
	}
	return readExactly(r, header[0], fmt.Sprintf("%d labels", header[0]))
}

// readIDXHeader reads the magic and the sizes of the dimensions.
func readIDXHeader(r io.Reader, magic uint32, dimensions int) ([]int64, error) {
	header := make([]byte, 4+4*dimensions)
	n, err := io.ReadFull(r, header)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil, fmt.Errorf("header: truncated, %d of %d bytes", n, len(header))
	}
	if err != nil {
		return nil, err
	}
	if found := binary.BigEndian.Uint32(header); found != magic {
		return nil, fmt.Errorf("header: magic number 0x%08x%s, not 0x%08x", found, idxMagicMeaning(found), magic)
	}
	sizes := make([]int64, dimensions)
	for d := range sizes {
		sizes[d] = int64(binary.BigEndian.Uint32(header[4+4*d:]))
	}
	return sizes, nil
}

func idxMagicMeaning(magic uint32) string {
	switch magic {
	case idxLabels:
		return " (a file of labels)"
	case idxImages:
		return " (a file of images)"
	}
	return ""
}

// readExactly reads the rest of a file, which must be want bytes. Memory grows with what
// arrives, not with what the header promised.
func readExactly(r io.Reader, want int64, need string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, want+1))
	switch {
	case err != nil && err != io.ErrUnexpectedEOF: // that one is a gzip cut short
		return nil, err
	case int64(len(data)) < want:
		return nil, fmt.Errorf("truncated: the header says %s, %d bytes, but %d follow", need, want, len(data))
	case int64(len(data)) > want:
		return nil, fmt.Errorf("too long: the header says %s, %d bytes, but more follow", need, want)
	}
	if err != nil {
		return nil, errors.New("truncated: the gzip checksum at its end is missing")
	}
	return data, nil
}

// idxSet puts the two parts together.
func idxSet(o Options, dir string, blocks [2]idxBlock, labels [2][]byte, f *faults) (*Set, error) {
	rows, cols := blocks[0].rows, blocks[0].cols
	if blocks[1].rows != rows || blocks[1].cols != cols {
		return nil, fmt.Errorf("datasets: %s: test images of %d×%d pixels, training images of %d×%d", dir, blocks[1].rows, blocks[1].cols, rows, cols)
	}
	if o.Size != 0 && (o.Size != rows || o.Size != cols) {
		return nil, fmt.Errorf("datasets: --size %d: these images are %d by %d (leave --size out)", o.Size, rows, cols)
	}
	var parts [2]portion
	for k, part := range idxParts {
		parts[k] = portion{part.name, tallyIDX(labels[k])}
	}
	classes := o.Classes
	if len(classes) == 0 {
		classes = presentClasses(idxClasses, parts[0].tally, parts[1].tally)
	}
	slots, err := classSlots(classes, idxClasses)
	if err != nil {
		return nil, err
	}
	if err := requireClasses(dir, classes, idxClasses, parts[0], parts[1]); err != nil {
		return nil, err
	}

	kept := &records{channels: 1, height: rows, width: cols}
	var ranges [2][]int
	for k, part := range idxParts {
		before := kept.len()
		keepIDX(kept, blocks[k], labels[k], slots, strings.TrimSuffix(part.images, "-idx3-ubyte"))
		ranges[k] = upTo(before, kept.len())
	}
	p, err := splitHeldOut(o, kept.labels, ranges[0], ranges[1], classes)
	if err != nil {
		return nil, err
	}
	set := kept.set(classes, p)
	set.Skipped = f.skipped()
	return set, nil
}

// keepIDX adds the images of the wanted classes; labels out of range are already faults.
func keepIDX(kept *records, block idxBlock, labels []byte, slots []int, name string) {
	kept.pixels = slices.Grow(kept.pixels, len(block.pixels))
	for i, label := range labels {
		if int(label) < len(slots) && slots[label] >= 0 {
			kept.add(block.image(i), slots[label], fmt.Sprintf("%s image %d", name, i))
		}
	}
}

func tallyIDX(labels []byte) []int {
	tally := make([]int, len(idxClasses))
	for _, label := range labels {
		if int(label) < len(tally) {
			tally[label]++
		}
	}
	return tally
}

// presentClasses are the classes of which at least one of the tallies has an image.
func presentClasses(known []string, tallies ...[]int) []string {
	var present []string
	for k, name := range known {
		for _, tally := range tallies {
			if tally[k] > 0 {
				present = append(present, name)
				break
			}
		}
	}
	return present
}
