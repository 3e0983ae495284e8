package datasets

import (
	"bytes"
	"slices"
	"testing"
)

func TestParts(t *testing.T) {
	files := petFolder(t, 1, Splits...)
	files["features.csv"] = []byte("path,pointed,tail,wet\n" + petRows("1,0,1"))
	for _, part := range []string{"ears", "nose", "tail"} {
		files["masks/"+part+"/"] = nil
	}
	dir := writeFiles(t, files)
	s := mustOpen(t, "folder", dir, Options{Size: 8})
	if !slices.Equal(s.Parts, []string{"ears", "nose", "tail"}) || !slices.Equal(s.FeatureParts, []int{-1, 2, -1}) {
		t.Errorf("by name: parts %v of features %v", s.Parts, s.FeatureParts)
	}
	addFile(t, dir, "parts.csv", []byte("feature,part\n,tail\npointed,ears\nwet,\n"))
	s = mustOpen(t, "folder", dir, Options{Size: 8})
	if !slices.Equal(s.Parts, []string{"tail", "ears", "nose"}) || !slices.Equal(s.FeatureParts, []int{1, 0, -1}) {
		t.Errorf("by parts.csv: parts %v of features %v", s.Parts, s.FeatureParts)
	}
	addFile(t, dir, "parts.csv", []byte("feature,part\ntail,\n"))
	if s = mustOpen(t, "folder", dir, Options{Size: 8}); !slices.Equal(s.FeatureParts, []int{-1, -1, -1}) {
		t.Errorf("tail has no part by parts.csv, but got %v", s.FeatureParts)
	}
}

func TestPartsBadInput(t *testing.T) {
	for _, c := range []struct{ name, csv, want string }{
		{"empty", "", "DIR/parts.csv: empty (the first line names the columns)"},
		{"header", "part,feature\n", "DIR/parts.csv: line 1: columns part,feature (must be feature,part)"},
		{"columns", "feature,part\nears\n", "DIR/parts.csv: line 2: 1 columns (must be 2: feature,part)"},
		{"unknown part", "feature,part\npointed,eyes\n", "DIR/parts.csv: line 2: no folder masks/eyes (there: ears)"},
		{"unknown feature", "feature,part\nround,ears\n", `DIR/parts.csv: line 2: no feature "round" in features.csv (there: pointed)`},
		{"feature twice", "feature,part\npointed,ears\n\npointed,\n", `DIR/parts.csv: line 4: feature "pointed" again`},
		{"quote", "feature,part\n\"pointed,ears\n", "DIR/parts.csv: line 2: extraneous or missing \" in quoted-field"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := petFolder(t, 1, Splits...)
			files["features.csv"] = []byte("path,pointed\n" + petRows("1"))
			files["masks/ears/"] = nil
			files["parts.csv"] = []byte(c.csv)
			wantOpenError(t, "folder", writeFiles(t, files), Options{}, "datasets: "+c.want)
		})
	}
}

func FuzzParts(f *testing.F) {
	f.Add([]byte("feature,part\npointed,ears\nwet,\n,tail\n"))
	f.Add([]byte("feature,part\n,\n\"a\nb\",x\npointed,ears,3"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := &partLines{features: []string{"pointed", "wet"}, folders: []string{"ears", "tail"}, part: map[int]string{}}
		p.read(bytes.NewReader(data), &faults{})
		table := p.table()
		if sorted := slices.Sorted(slices.Values(table.parts)); !slices.Equal(sorted, p.folders) {
			t.Errorf("parts %v, want those of the folders", table.parts)
		}
		for k, part := range table.of {
			if part < -1 || part >= len(table.parts) {
				t.Errorf("feature %d shows in part %d", k, part)
			}
		}
	})
}
