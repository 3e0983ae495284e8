package reports

import (
	"testing"

	"neuroprobe/datasets"
)

func TestSetText(t *testing.T) {
	sources := []datasets.Source{{Usage: "petfaces", Summary: "drawn by the program"}, {Usage: "idx:DIR", Summary: "MNIST's files"}}
	golden(t, "set.txt", []byte(SetText(fixtureSet())+"\n"+SourceTable(sources).Text()))
}
