package datasets

import (
	"context"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// CIFAR-10's binary version: files of records without header, each one label byte and then
// 1,024 red, 1,024 green and 1,024 blue bytes, row by row. Records are counted from 0, as
// in most programs that read them.
//
// A. Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009;
// https://www.cs.toronto.edu/~kriz/cifar.html.
const (
	cifarSide   = 32
	cifarRecord = 1 + 3*cifarSide*cifarSide
	cifarFolder = "cifar-10-batches-bin" // the folder in the published archive
)

var cifarClasses = []string{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}

// cifarLayout is one way in which the records are spread over files.
type cifarLayout struct {
	train []string
	test  string
}

var cifarLayouts = []cifarLayout{
	{[]string{"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"}, "test_batch.bin"},
	{[]string{"train.bin"}, "test.bin"},
}

func (l cifarLayout) files() []string { return append(l.train[:len(l.train):len(l.train)], l.test) }

// openCIFAR10 reads the wanted classes (cat and dog by default) of CIFAR-10. Select is held
// out of the training records; confirm is the test file.
func openCIFAR10(ctx context.Context, o Options, dir string) (*Set, error) {
	if err := checkFileOptions(o); err != nil {
		return nil, err
	}
	if o.Size != 0 && o.Size != cifarSide {
		return nil, fmt.Errorf("datasets: --size %d: CIFAR-10's images are 32 by 32 (leave --size out)", o.Size)
	}
	classes := o.Classes
	if len(classes) == 0 {
		classes = []string{"cat", "dog"}
	}
	slots, err := classSlots(classes, cifarClasses)
	if err != nil {
		return nil, err
	}
	below, layout, err := findCIFAR10(dir)
	if err != nil {
		return nil, err
	}
	c := &cifarReader{
		slots:  slots,
		kept:   records{channels: 3, height: cifarSide, width: cifarSide},
		faults: faults{dir: dir, skipBad: o.SkipBad},
	}
	return c.readSet(ctx, o, dir, below, layout, classes)
}

// findCIFAR10 looks for the records in dir itself and in the archive's folder below it.
func findCIFAR10(dir string) (below string, layout cifarLayout, err error) {
	if err := requireDir(dir); err != nil {
		return "", layout, err
	}
	for _, below := range []string{"", cifarFolder} {
		for _, layout := range cifarLayouts {
			var missing []string
			for _, file := range layout.files() {
				if !isFile(filepath.Join(dir, below, file)) {
					missing = append(missing, file)
				}
			}
			switch {
			case len(missing) == 0:
				return below, layout, nil
			case len(missing) < len(layout.files()):
				return "", layout, fmt.Errorf("datasets: %s: %s missing (%s belong together)",
					filepath.Join(dir, below), strings.Join(missing, ", "), strings.Join(layout.files(), ", "))
			}
		}
	}
	return "", layout, fmt.Errorf("datasets: %s: no CIFAR-10 there (looked for data_batch_1.bin to data_batch_5.bin and test_batch.bin, or train.bin and test.bin, there and in %s)", dir, cifarFolder)
}

// cifarReader keeps the records of the wanted classes.
type cifarReader struct {
	slots  []int // place of each of the ten classes among the wanted ones, or -1
	kept   records
	faults faults
	tick   func(records int)
}

func (c *cifarReader) readSet(ctx context.Context, o Options, dir, below string, layout cifarLayout, classes []string) (*Set, error) {
	c.tick = recordProgress(o.Progress, dir, below, layout)
	training, test := portion{"training", make([]int, len(c.slots))}, portion{"test", make([]int, len(c.slots))}
	for _, file := range layout.train {
		if err := c.readFile(ctx, dir, path.Join(below, file), training.tally); err != nil {
			return nil, err
		}
	}
	train := upTo(0, c.kept.len())
	if err := c.readFile(ctx, dir, path.Join(below, layout.test), test.tally); err != nil {
		return nil, err
	}
	confirm := upTo(len(train), c.kept.len())
	if err := c.faults.err(); err != nil {
		return nil, err
	}
	if err := requireClasses(dir, classes, cifarClasses, training, test); err != nil {
		return nil, err
	}
	p, err := splitHeldOut(o, c.kept.labels, train, confirm, classes)
	if err != nil {
		return nil, err
	}
	set := c.kept.set(classes, p)
	set.Skipped = c.faults.skipped()
	return set, nil
}

func (c *cifarReader) readFile(ctx context.Context, dir, file string, tally []int) error {
	f, err := os.Open(filepath.Join(dir, filepath.FromSlash(file)))
	if err != nil {
		return fmt.Errorf("datasets: %s: %w", filepath.Join(dir, file), bare(err))
	}
	defer f.Close()
	err = c.read(contextReader{ctx, f}, file, tally)
	switch {
	case ctx.Err() != nil:
		return stopped(ctx, "reading "+filepath.Join(dir, file))
	case err != nil:
		return fmt.Errorf("datasets: %s: %w", filepath.Join(dir, file), bare(err))
	}
	return nil
}

// recordsAtATime is how many records are read from the disk at once.
const recordsAtATime = 64

// read takes the records of one file. It returns only errors of r: bad records are faults.
func (c *cifarReader) read(r io.Reader, file string, tally []int) error {
	buf := make([]byte, recordsAtATime*cifarRecord)
	for first := 0; ; first += recordsAtATime {
		n, err := io.ReadFull(r, buf)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return err
		}
		full := n / cifarRecord
		for k := range full {
			c.take(buf[k*cifarRecord:(k+1)*cifarRecord], file, first+k, tally)
		}
		if rest := n % cifarRecord; rest > 0 {
			c.faults.addBad(file, "record %d: truncated, %d of %d bytes", first+full, rest, cifarRecord)
		}
		if c.tick != nil {
			c.tick(full)
		}
		if err != nil {
			return nil // the end of the file
		}
	}
}

// take keeps one record if its class is wanted.
func (c *cifarReader) take(record []byte, file string, number int, tally []int) {
	label := int(record[0])
	if label >= len(c.slots) {
		c.faults.addBad(file, "record %d: label byte %d (CIFAR-10 labels are 0 to 9)", number, label)
		return
	}
	tally[label]++
	if slot := c.slots[label]; slot >= 0 {
		c.kept.add(record[1:], slot, fmt.Sprintf("%s record %d", path.Base(file), number))
	}
}

// recordProgress reports records read out of all the files' records.
func recordProgress(progress func(done, total int), dir, below string, layout cifarLayout) func(int) {
	if progress == nil {
		return nil
	}
	done, total := 0, 0
	for _, file := range layout.files() {
		if info, err := os.Stat(filepath.Join(dir, below, file)); err == nil {
			total += int(info.Size() / cifarRecord)
		}
	}
	return func(records int) {
		done += records
		progress(done, total)
	}
}

// upTo lists the numbers from lo to hi-1.
func upTo(lo, hi int) []int {
	list := make([]int, hi-lo)
	for i := range list {
		list[i] = lo + i
	}
	return list
}
