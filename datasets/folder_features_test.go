package datasets

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

// petRows are the rows of petFolder(t, 1, Splits...), each with the given values.
func petRows(values string) string {
	var b strings.Builder
	for _, split := range Splits {
		for _, class := range []string{"cat", "dog"} {
			b.WriteString(split.String() + "/" + class + "/" + split.String() + "0.png," + values + "\n")
		}
	}
	return b.String()
}

func TestFeatures(t *testing.T) {
	files := petFolder(t, 1, Splits...)
	files["features.csv"] = []byte("\xef\xbb\xbfpath,ears,\"coat, white\"\r\n" + strings.ReplaceAll(petRows("1,0"), "\n", "\r\n"))
	s := mustOpen(t, "folder", writeFiles(t, files), Options{Size: 8})
	if want := []string{"ears", "coat, white"}; !slices.Equal(s.Features, want) {
		t.Errorf("features %q, want %q", s.Features, want)
	}
	for i := range s.Len() {
		if !s.HasFeature(i, 0) || s.HasFeature(i, 1) {
			t.Errorf("%s: ears %t, coat %t, want only ears", s.Names[i], s.HasFeature(i, 0), s.HasFeature(i, 1))
		}
	}
	if !slices.Equal(s.FeatureParts, []int{-1, -1}) {
		t.Errorf("parts of the features %v, want none", s.FeatureParts)
	}
}

func TestFeaturesBadInput(t *testing.T) {
	for _, c := range []struct{ name, csv, want string }{
		{"empty", "", "DIR/features.csv: empty (the first line names the columns)"},
		{"semicolons", "path;ears\n", `DIR/features.csv: line 1: first column "path;ears" (it must be path, with commas between the columns)`},
		{"no features", "path\n", "DIR/features.csv: line 1: no feature columns beside path"},
		{"nameless feature", "path,ears,\n", "DIR/features.csv: line 1: column 3 has no name"},
		{"feature twice", "path,ears,tail,ears\n", `DIR/features.csv: line 1: column "ears" is there twice`},
		{"quote", "path,ears\n" + petRows("1") + "\"train/cat,1\n", "DIR/features.csv: line 8: extraneous or missing \" in quoted-field"},
		{"no such photo", "path,ears\n" + petRows("1") + "cat/gone.png,1\n", "DIR/features.csv: line 8: no photo cat/gone.png"},
		{"row twice", "path,ears\n" + petRows("1") + "train/cat/train0.png,1\n", "DIR/features.csv: line 8: train/cat/train0.png again (first on line 2)"},
		{"columns", "path,ears\n" + strings.Replace(petRows("1"), "1", "1,0", 1), "DIR/features.csv: line 2: 3 columns (the header has 2)"},
		{"value", "path,ears\n" + strings.Replace(petRows("1"), "png,1", "png,yes", 1), `DIR/features.csv: line 2: column ears: "yes" (must be 0 or 1)`},
		{"row missing", "path,ears\n" + strings.Replace(petRows("1"), "train/dog/train0.png,1\n", "", 1), "DIR/train/dog/train0.png: no row in features.csv"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := petFolder(t, 1, Splits...)
			files["features.csv"] = []byte(c.csv)
			wantOpenError(t, "folder", writeFiles(t, files), Options{}, "datasets: "+c.want)
		})
	}
}

// TestFeaturesOfOtherClasses: photos of classes that are not used need no row.
func TestFeaturesOfOtherClasses(t *testing.T) {
	files := petFolder(t, 1, Splits...)
	files["train/wolf/x.png"] = plain(t, 8, 8, red)
	files["features.csv"] = []byte("path,ears\n" + petRows("1"))
	dir := writeFiles(t, files)
	mustOpen(t, "folder", dir, Options{Classes: []string{"cat", "dog"}})
	wantOpenError(t, "folder", dir, Options{}, "datasets: DIR/train/wolf/x.png: no row in features.csv")
}

func fuzzListing() *listing {
	l := &listing{classes: []string{"cat"}, number: map[string]int{}}
	for k, name := range []string{"cat/a.png", "cat/b.png"} {
		l.photos = append(l.photos, listedPhoto{path: name})
		l.number[name] = k
	}
	return l
}

func FuzzFeatures(f *testing.F) {
	f.Add([]byte("path,ears\ncat/a.png,1\ncat/b.png,0\n"))
	f.Add([]byte("\xef\xbb\xbfpath,a,b\r\n\r\ncat/a.png,1\r\n"))
	f.Add([]byte("path,\"a\nb\"\ncat/a.png,1\ncat/a.png,0\n\"x"))
	f.Add([]byte("path" + strings.Repeat(",f", 1000)))
	f.Fuzz(func(t *testing.T, data []byte) {
		table := &featureTable{rows: map[int][]bool{}, spoilt: map[int]bool{}}
		var found faults
		table.read(bytes.NewReader(data), fuzzListing(), &found)
		for i, row := range table.rows {
			if len(row) != len(table.names) {
				t.Errorf("photo %d: %d values for %d features", i, len(row), len(table.names))
			}
		}
		if len(found.structural)+len(found.bad) == 0 && len(table.names) == 0 {
			t.Error("no fault and no feature")
		}
	})
}
