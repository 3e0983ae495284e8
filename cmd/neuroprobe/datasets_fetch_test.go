package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"neuroprobe/datasets"
)

// cifarArchive is an archive like CIFAR-10's, with 40 records a file: cats and dogs (classes 3
// and 5) that differ in brightness.
func cifarArchive(t *testing.T) []byte {
	t.Helper()
	var records []byte
	for k := range 40 {
		label := byte(3 + k%2*2)
		records = append(records, label)
		records = append(records, bytes.Repeat([]byte{40*label + byte(k)}, 3*32*32)...)
	}
	var archive bytes.Buffer
	zipped := gzip.NewWriter(&archive)
	packed := tar.NewWriter(zipped)
	for _, file := range []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"} {
		if err := packed.WriteHeader(&tar.Header{Name: "cifar-10-batches-bin/" + file + ".bin", Mode: 0o644, Size: int64(len(records))}); err != nil {
			t.Fatal(err)
		}
		packed.Write(records)
	}
	packed.Close()
	zipped.Close()
	return archive.Bytes()
}

// The command line has no way to another sum than the published one, so this goes in below it.
func TestFetchedDataCanBeTrainedOn(t *testing.T) {
	archive := cifarArchive(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Write(archive) }))
	defer server.Close()
	t.Chdir(t.TempDir())
	sum := md5.Sum(archive)
	var out bytes.Buffer
	o := &fetchOptions{globals: &globals{streams: streams{Out: &out, Err: io.Discard, Terminal: true}},
		FetchOptions: datasets.FetchOptions{To: "cifar", URL: server.URL, MD5: hex.EncodeToString(sum[:])}}
	if err := runFetch(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if want := "CIFAR-10 is in cifar\ntrain on it with: neuroprobe train --data cifar10:cifar\n"; out.String() != want {
		t.Errorf("product %q, want %q", out.String(), want)
	}
	if left := entries(t, "cifar"); !slices.Equal(left, []string{"cifar-10-batches-bin"}) {
		t.Errorf("the folder holds %q", left)
	}
	server.Close()
	if err := runFetch(t.Context(), o); err != nil {
		t.Errorf("fetched again: %v", err)
	}
	mustRun(t, "train", "--data", "cifar10:cifar", "--epochs", "1")
	mustRun(t, "ablate", "--neuron", "3:17")
	shown := mustRun(t, "datasets", "show", "--data", "cifar10:cifar")
	if want := fmt.Sprint(6 * 40); !strings.Contains(shown, want) {
		t.Errorf("datasets show does not count %s images:\n%s", want, shown)
	}
}
