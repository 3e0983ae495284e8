package datasets

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"
)

// The folder form: photos in one folder a class, with what is known of them beside.
//
//	DIR/<class>/<photo>                      split by a hash of class and file name
//	DIR/{train,select,confirm}/<class>/…     split as it stands; without select, it is held out of train
//	DIR/features.csv                         optional: path, then one 0/1 column a feature
//	DIR/masks/<part>/<photo's path>.png      optional: where a part shows (.png instead of the photo's own ending)
//	DIR/parts.csv                            optional: which feature shows in which part
//
// Photos are .jpg, .jpeg and .png. Each is cropped to the square at its centre and resized
// to Size (Catmull-Rom); 16-bit values are reduced to 8, palettes looked up, and
// transparency laid over white. EXIF orientation is not honoured: turn photos before. Where
// every photo is stored as gray, the set has one channel, otherwise three.
//
// Images are ordered by file name, then class, so that an Export read back keeps its order.
const (
	minFolderSize     = 8
	maxFolderSize     = 1024
	defaultFolderSize = 32
)

// Shares of the photos that fall to train and to train or select where none are given;
// the rest is confirm.
const (
	trainShare  = 0.70
	selectShare = 0.85
)

// openFolder reads the user's own photos.
func openFolder(ctx context.Context, o Options, dir string) (*Set, error) {
	if err := checkFileOptions(o); err != nil {
		return nil, err
	}
	if o.Size == 0 {
		o.Size = defaultFolderSize
	}
	if o.Size < minFolderSize || o.Size > maxFolderSize {
		return nil, fmt.Errorf("datasets: --size %d: from %d to %d pixels", o.Size, minFolderSize, maxFolderSize)
	}
	listing, err := listFolder(dir)
	if err != nil {
		return nil, err
	}
	classes := o.Classes
	if len(classes) == 0 {
		classes = listing.classes
	}
	slots, err := classSlots(classes, listing.classes)
	if err != nil {
		return nil, err
	}
	r := &folderReader{Options: o, listing: listing, classes: classes, slots: slots, wanted: listing.wanted(slots)}
	r.faults = faults{dir: dir, skipBad: o.SkipBad}
	return r.read(ctx)
}

// folderReader is the reading of one folder.
type folderReader struct {
	Options
	*listing
	faults
	classes []string // the wanted ones
	slots   []int    // place among them of each class of the listing, or -1

	wanted []int   // photos of the wanted classes, as indices into listing.photos
	images []photo // what was read of each
	good   []int   // the usable ones, as indices into wanted and images
	order  []int   // the same for each image of the finished Set
}

// read reads everything the listing names, and fails only when all faults are gathered.
func (r *folderReader) read(ctx context.Context) (*Set, error) {
	r.requirePhotos(r.slots, &r.faults)
	features := openFeatures(r.dir, r.listing, r.slots, &r.faults)
	masks := listMasks(r.dir, r.listing, &r.faults)
	parts := openParts(r.dir, features.names, masks.parts, &r.faults)
	if err := r.readPhotos(ctx, masks); err != nil {
		return nil, stopped(ctx, "reading "+r.dir)
	}
	r.findGood(features)
	if err := r.err(); err != nil {
		return nil, err
	}
	set, err := r.arrange()
	if err != nil {
		return nil, err
	}
	set.Skipped, set.Warnings = r.skipped(), r.warnings()
	features.fill(set, r.wanted, r.order)
	set.Parts, set.FeatureParts = parts.parts, parts.of
	if len(set.Parts) > 0 {
		set.mask = maskLookup(r.images, r.order, parts.folder, set.Height*set.Width)
	}
	return set, nil
}

// readPhotos decodes the wanted photos and their masks in parallel.
func (r *folderReader) readPhotos(ctx context.Context, masks *maskListing) error {
	r.images = make([]photo, len(r.wanted))
	tick := counting(r.Progress, len(r.wanted))
	return parallel(ctx, len(r.wanted), func(k int) {
		listed := r.photos[r.wanted[k]]
		r.images[k] = readPhoto(r.dir, listed.path, r.Size)
		if len(r.images[k].faults) == 0 {
			masks.read(r.dir, listed, &r.images[k], r.Size)
		}
		tick()
	})
}

// findGood notes the faults of the images in their order; the images without any, in their
// features neither, are good.
func (r *folderReader) findGood(features *featureTable) {
	for k, i := range r.wanted {
		r.bad = append(r.bad, r.images[k].faults...)
		if len(r.images[k].faults) == 0 && !features.spoilt[i] {
			r.good = append(r.good, k)
		}
	}
}

// arrange makes the Set of the good images.
func (r *folderReader) arrange() (*Set, error) {
	kept := &records{channels: 3, height: r.Size, width: r.Size}
	if !slices.ContainsFunc(r.good, func(k int) bool { return !r.images[k].gray }) {
		kept.channels = 1 // the first of three equal planes
	}
	var p picks
	for place, k := range r.good {
		listed := r.photos[r.wanted[k]]
		kept.add(r.images[k].pixels[:kept.size()], r.slots[listed.class], listed.path)
		p[listed.split] = append(p[listed.split], place)
	}
	p, err := r.splits(kept.labels, p)
	if err != nil {
		return nil, err
	}
	for _, place := range p.all() {
		r.order = append(r.order, r.good[place])
	}
	return kept.set(r.classes, p), nil
}

// splits holds select out where there is none, verifies that each split holds every class,
// and limits the splits as asked.
func (r *folderReader) splits(labels []int, p picks) (picks, error) {
	limits := [3]int{r.Train, r.Select, r.Confirm}
	if r.form == heldOutForm {
		rest, held, err := splitTrain(r.Options, labels, p[Train], r.classes)
		if err != nil {
			return p, err
		}
		p[Train], p[Select], limits[Select] = rest, held, 0
	}
	for _, split := range Splits {
		for c, members := range groupByClass(labels, p[split], len(r.classes)) {
			if len(members) == 0 {
				return p, r.emptyClass(split, c)
			}
		}
	}
	return limit(p, labels, len(r.classes), limits)
}

func (r *folderReader) emptyClass(split Split, class int) error {
	if r.form == hashedForm {
		return fmt.Errorf("datasets: %s: no photo of class %q falls to %s (the file names decide; add photos, or make folders train, select and confirm)",
			r.dir, r.classes[class], split)
	}
	return fmt.Errorf("datasets: %s: class %q has no photo in %s", r.dir, r.classes[class], split)
}

// warnings are the doubts a reader of numbers should know of.
func (r *folderReader) warnings() []string {
	var warnings []string
	if n := len(r.ignored); n > 0 {
		slices.Sort(r.ignored)
		warnings = append(warnings, fmt.Sprintf("%s left out as no .jpg, .jpeg or .png: %s", counted(n, "file"), shorten(r.ignored, 3)))
	}
	small := 0
	for _, k := range r.order {
		if min(r.images[k].width, r.images[k].height) < r.Size {
			small++
		}
	}
	if small > 0 {
		warnings = append(warnings, fmt.Sprintf("%s smaller than %d pixels a side and enlarged", counted(small, "photo"), r.Size))
	}
	return warnings
}

// hashedSplit gives a photo the split its class and file name decide alone, so that adding
// a photo moves no other: the first 8 bytes of their SHA-256 as a fraction of 1.
func hashedSplit(class, file string) Split {
	digest := sha256.Sum256([]byte(class + "/" + file))
	switch u := float64(binary.BigEndian.Uint64(digest[:])) / math.MaxUint64; {
	case u < trainShare:
		return Train
	case u < selectShare:
		return Select
	}
	return Confirm
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// shorten joins the first few of a list and counts the rest.
func shorten(list []string, few int) string {
	if len(list) <= few {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:few], ", "), len(list)-few)
}
