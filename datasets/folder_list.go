package datasets

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Names in the folder that are no class.
const (
	featuresFile = "features.csv"
	partsFile    = "parts.csv"
	masksFolder  = "masks"
	contactSheet = "contact-sheet.png"
	overview     = "overview.png" // rows by class, and images beside their twins
)

// folderForm is how the photos of a folder are split.
type folderForm int

const (
	hashedForm  folderForm = iota // class folders only
	heldOutForm                   // train and confirm
	givenForm                     // train, select and confirm
)

// listedPhoto is a photo before it is read.
type listedPhoto struct {
	path  string // below the folder, slash separated
	class int    // index into listing.classes
	split Split
}

// stem is the path without the ending: what a mask is named after.
func (p listedPhoto) stem() string { return strings.TrimSuffix(p.path, path.Ext(p.path)) }

// listing is what a folder holds, by name only.
type listing struct {
	form    folderForm
	classes []string // every class found, sorted
	photos  []listedPhoto
	ignored []string // files that are neither photos nor hidden
	number  map[string]int
}

// listFolder walks the class folders of dir.
func listFolder(dir string) (*listing, error) {
	if err := requireDir(dir); err != nil {
		return nil, err
	}
	l := &listing{number: map[string]int{}}
	top, err := subfolders(dir)
	if err != nil {
		return nil, err
	}
	top = slices.DeleteFunc(top, func(name string) bool { return name == masksFolder })
	splits, err := l.recognise(dir, top)
	if err != nil {
		return nil, err
	}
	if l.form == hashedForm {
		err = l.addClasses(dir, "", top, nil)
	}
	for _, split := range splits {
		var below []string
		if below, err = subfolders(filepath.Join(dir, split.String())); err != nil {
			return nil, err
		}
		if err = l.addClasses(dir, split.String(), below, &split); err != nil {
			return nil, err
		}
	}
	if err != nil {
		return nil, err
	}
	l.sort()
	if len(l.classes) < 2 {
		return nil, fmt.Errorf("datasets: %s: %s there (looked for one folder a class, two at least, or train, select and confirm with such folders in them)",
			dir, foundClasses(l.classes))
	}
	return l, nil
}

func foundClasses(classes []string) string {
	if len(classes) == 0 {
		return "no class folder"
	}
	return fmt.Sprintf("only the class folder %s", classes[0])
}

// recognise tells the form from the folders at the top. A folder named like a split counts
// as one only if it holds folders: "train" may be a class.
func (l *listing) recognise(dir string, top []string) ([]Split, error) {
	var splits []Split
	for _, split := range Splits {
		if !slices.Contains(top, split.String()) {
			continue
		}
		below, err := subfolders(filepath.Join(dir, split.String()))
		if err != nil {
			return nil, err
		}
		if len(below) > 0 {
			splits = append(splits, split)
		}
	}
	switch {
	case len(splits) == 0:
		return nil, nil
	case !slices.Contains(splits, Train) || !slices.Contains(splits, Confirm) || len(top) > len(splits):
		return nil, fmt.Errorf("datasets: %s: has the folders %s (for given splits: train, confirm and, unless it is to be held out of train, select)",
			dir, strings.Join(top, ", "))
	case len(splits) == 2:
		l.form = heldOutForm
	default:
		l.form = givenForm
	}
	return splits, nil
}

// addClasses lists the photos of class folders; split is nil where file names decide.
func (l *listing) addClasses(dir, below string, classes []string, split *Split) error {
	for _, class := range classes {
		number := slices.Index(l.classes, class)
		if number < 0 {
			number = len(l.classes)
			l.classes = append(l.classes, class)
		}
		entries, err := os.ReadDir(filepath.Join(dir, below, class))
		if err != nil {
			return fmt.Errorf("datasets: %s: %w", filepath.Join(dir, below, class), bare(err))
		}
		for _, entry := range entries {
			name := path.Join(below, class, entry.Name())
			switch {
			case isHidden(entry.Name()):
			case !isPhotoName(name) || !isFile(filepath.Join(dir, filepath.FromSlash(name))):
				l.ignored = append(l.ignored, name)
			default:
				p := listedPhoto{path: name, class: number}
				if p.split = hashedSplit(class, entry.Name()); split != nil {
					p.split = *split
				}
				l.photos = append(l.photos, p)
			}
		}
	}
	return nil
}

// sort puts classes and photos into the order that is kept from here on.
func (l *listing) sort() {
	found := slices.Clone(l.classes)
	slices.Sort(l.classes)
	for k, p := range l.photos {
		l.photos[k].class = slices.Index(l.classes, found[p.class])
	}
	slices.SortFunc(l.photos, func(a, b listedPhoto) int {
		return cmp.Or(cmp.Compare(path.Base(a.path), path.Base(b.path)), cmp.Compare(a.path, b.path))
	})
	for k, p := range l.photos {
		l.number[p.path] = k
	}
}

// requirePhotos notes a fault for every wanted class without photos.
func (l *listing) requirePhotos(slots []int, f *faults) {
	counts := make([]int, len(l.classes))
	for _, p := range l.photos {
		counts[p.class]++
	}
	for c, n := range counts {
		if n == 0 && slots[c] >= 0 {
			f.add("", "class %q has no photo (looked for .jpg, .jpeg and .png files)", l.classes[c])
		}
	}
}

// wanted are the photos of the wanted classes.
func (l *listing) wanted(slots []int) []int {
	var wanted []int
	for i, p := range l.photos {
		if slots[p.class] >= 0 {
			wanted = append(wanted, i)
		}
	}
	return wanted
}

// subfolders lists the folders in dir, links to folders included, hidden ones not.
func subfolders(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("datasets: %s: %w", dir, bare(err))
	}
	var names []string
	for _, entry := range entries {
		info, err := os.Stat(filepath.Join(dir, entry.Name()))
		if err == nil && info.IsDir() && !isHidden(entry.Name()) {
			names = append(names, entry.Name())
		}
	}
	return names, nil
}

func isHidden(name string) bool { return strings.HasPrefix(name, ".") }

func isPhotoName(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".jpg", ".jpeg", ".png":
		return true
	}
	return false
}
