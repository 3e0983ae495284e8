package datasets

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// archiveOf packs entries as the published archive is packed.
func archiveOf(t *testing.T, entries ...tar.Header) []byte {
	t.Helper()
	var buf bytes.Buffer
	zipped := gzip.NewWriter(&buf)
	packed := tar.NewWriter(zipped)
	for _, entry := range entries {
		content := cifarRecords(numbered, 3, 5)
		if entry.Typeflag == 0 {
			entry.Typeflag = tar.TypeReg
		}
		if entry.Mode = 0o644; entry.Typeflag != tar.TypeReg {
			content = nil
		}
		entry.Size = int64(len(content))
		if err := packed.WriteHeader(&entry); err != nil {
			t.Fatal(err)
		}
		packed.Write(content)
	}
	packed.Close()
	zipped.Close()
	return buf.Bytes()
}

func cifarEntries(more ...tar.Header) []tar.Header {
	entries := []tar.Header{{Name: cifarFolder + "/", Typeflag: tar.TypeDir}, {Name: cifarFolder + "/readme.html"}}
	for _, file := range cifarLayouts[0].files() {
		entries = append(entries, tar.Header{Name: cifarFolder + "/" + file})
	}
	return append(entries, more...)
}

func md5Hex(data []byte) string {
	sum := md5.Sum(data)
	return hex.EncodeToString(sum[:])
}

// archiveServer serves data, and notes the Range of each request. With ranges unset it
// knows no Range.
type archiveServer struct {
	data    []byte
	ranges  bool
	breakAt int        // when positive, the connection breaks after so many bytes, once
	lock    sync.Mutex // each request has a goroutine of its own, and the client is through before it ends
	asked   []string
}

func (s *archiveServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.lock.Lock()
	s.asked = append(s.asked, r.Header.Get("Range"))
	breakAt := s.breakAt
	s.breakAt = 0
	s.lock.Unlock()
	if breakAt > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(s.data)))
		w.Write(s.data[:breakAt])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	if s.ranges {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(s.data))
		return
	}
	w.Write(s.data)
}

// requests are the ranges asked for so far.
func (s *archiveServer) requests() []string {
	s.lock.Lock()
	defer s.lock.Unlock()
	return slices.Clone(s.asked)
}

// serve starts the server on the loopback interface and makes options to fetch from it.
func serve(t *testing.T, h http.Handler, data []byte) FetchOptions {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return FetchOptions{To: filepath.Join(t.TempDir(), "photos"), URL: server.URL, MD5: md5Hex(data), Client: server.Client()}
}

func (o FetchOptions) part() string { return filepath.Join(o.To, "cifar-10-binary.tar.gz.part") }

// wantFetched verifies that the set can be opened and that nothing else is there.
func wantFetched(t *testing.T, o FetchOptions) {
	t.Helper()
	if s := mustOpen(t, "cifar10", o.To, Options{}); s.Len() != 12 {
		t.Errorf("%d images fetched, want 12", s.Len())
	}
	wantLeft(t, o.To, cifarFolder)
}

func wantLeft(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, _ := os.ReadDir(dir)
	var names []string
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	if !slices.Equal(names, want) {
		t.Errorf("in the folder are %v, want %v", names, want)
	}
}

func TestFetch(t *testing.T) {
	data := archiveOf(t, cifarEntries()...)
	for _, c := range []struct {
		name  string
		part  []byte // what an earlier run left
		plain bool   // a server without Range
		asked []string
	}{
		{"whole", nil, false, []string{""}},
		{"resumed", data[:100], false, []string{"bytes=100-"}},
		{"resumed without Range", data[:100], true, []string{"bytes=100-"}},
		{"complete but not unpacked", data, false, nil},
		{"part too long", append(slices.Clone(data), 1, 2, 3), false, []string{"bytes=" + strconv.Itoa(len(data)+3) + "-", ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := &archiveServer{data: data, ranges: !c.plain}
			o := serve(t, server, data)
			if c.part != nil {
				addFile(t, o.To, filepath.Base(o.part()), c.part)
			}
			var last [2]int64
			o.Progress = func(done, total int64) { last = [2]int64{done, total} }
			if err := FetchCIFAR10(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			wantFetched(t, o)
			if !slices.Equal(server.requests(), c.asked) {
				t.Errorf("asked for %q, want %q", server.requests(), c.asked)
			}
			if whole := int64(len(data)); c.asked != nil && last != [2]int64{whole, whole} {
				t.Errorf("progress ended at %v, want %d of %d", last, whole, whole)
			}
			if err := FetchCIFAR10(t.Context(), o); err != nil || len(server.requests()) != len(c.asked) {
				t.Errorf("fetched again: %v, asked %q", err, server.requests())
			}
		})
	}
}

// TestFetchBrokenOff: what arrived is kept, and the next call asks for the rest only.
func TestFetchBrokenOff(t *testing.T) {
	data := archiveOf(t, cifarEntries()...)
	server := &archiveServer{data: data, ranges: true, breakAt: 120}
	o := serve(t, server, data)
	err := FetchCIFAR10(t.Context(), o)
	want := "datasets: fetch " + o.URL + ": broke off after 120 of " + strconv.Itoa(len(data)) + " bytes (kept; the next try goes on from there): unexpected EOF"
	if err == nil || err.Error() != want {
		t.Fatalf("error\n%v\nwant\n%s", err, want)
	}
	wantLeft(t, o.To, "cifar-10-binary.tar.gz.part")
	if err := FetchCIFAR10(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	wantFetched(t, o)
	if want := []string{"", "bytes=120-"}; !slices.Equal(server.requests(), want) {
		t.Errorf("asked for %q, want %q", server.requests(), want)
	}
}

// TestFetchStopped: the part file is kept when the context ends in the middle.
func TestFetchStopped(t *testing.T) {
	data := archiveOf(t, cifarEntries()...)
	ctx, cancel := context.WithCancel(context.Background())
	o := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		w.Write(data[:50])
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}), data)
	o.Progress = func(done, total int64) { cancel() }
	err := FetchCIFAR10(ctx, o)
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "stopped after 50 of ") {
		t.Errorf("error %v, want one of a cancelled context", err)
	}
	if kept, _ := os.ReadFile(o.part()); !bytes.Equal(kept, data[:50]) {
		t.Errorf("%d bytes kept, want 50", len(kept))
	}
	if err := FetchCIFAR10(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want a cancelled context from the start", err)
	}
}

func TestFetchBadAnswers(t *testing.T) {
	data := archiveOf(t, cifarEntries()...)
	status := func(code int) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(code) })
	}
	for _, c := range []struct {
		name    string
		handler http.Handler
		part    []byte
		want    string
		left    []string
	}{
		{"not found", status(404), nil, "the server answered 404 Not Found", nil},
		{"not found, part kept", status(404), data[:10], "the server answered 404 Not Found", []string{"cifar-10-binary.tar.gz.part"}},
		{"no range ever", status(416), data[:10], "the server answered 416 Requested Range Not Satisfiable", []string{"cifar-10-binary.tar.gz.part"}},
		{"another file", &archiveServer{data: []byte("<html>Please log in")}, nil,
			"the file loaded has the md5 sum " + md5Hex([]byte("<html>Please log in")) + ", not " + md5Hex(data) + ": removed", nil},
		{"another part", &archiveServer{data: data, ranges: true}, []byte("<html>"),
			"the file loaded has the md5 sum " + md5Hex(slices.Concat([]byte("<html>"), data[6:])) + ", not " + md5Hex(data) + ": removed", nil},
		{"too large", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Length", "99999999999") }), nil,
			"the server offers 99999999999 bytes, above the limit of 1073741824", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := serve(t, c.handler, data)
			if c.part != nil {
				addFile(t, o.To, filepath.Base(o.part()), c.part)
			}
			err := FetchCIFAR10(t.Context(), o)
			if want := "datasets: fetch " + o.URL + ": " + c.want; err == nil || err.Error() != want {
				t.Errorf("error\n%v\nwant\n%s", err, want)
			}
			wantLeft(t, o.To, c.left...)
		})
	}
}

// TestFetchWrongRange: a server that answers with another range than asked for is asked
// for the whole.
func TestFetchWrongRange(t *testing.T) {
	data := archiveOf(t, cifarEntries()...)
	o := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			w.Header().Set("Content-Range", "bytes 0-9/10")
			w.WriteHeader(http.StatusPartialContent)
		}
		w.Write(data)
	}), data)
	addFile(t, o.To, filepath.Base(o.part()), data[:100])
	if err := FetchCIFAR10(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	wantFetched(t, o)
}

// TestFetchEvilArchives: nothing is written outside, and nothing is left inside but the archive.
func TestFetchEvilArchives(t *testing.T) {
	for _, c := range []struct {
		name    string
		entries []tar.Header
		want    string
	}{
		{"traversal", cifarEntries(tar.Header{Name: cifarFolder + "/../../evil.bin"}),
			`holds "cifar-10-batches-bin/../../evil.bin", which CIFAR-10's does not`},
		{"absolute", cifarEntries(tar.Header{Name: "/tmp/data_batch_1.bin"}), `holds "/tmp/data_batch_1.bin", which CIFAR-10's does not`},
		{"unknown name", cifarEntries(tar.Header{Name: cifarFolder + "/.bashrc"}), `holds "cifar-10-batches-bin/.bashrc", which CIFAR-10's does not`},
		{"link", []tar.Header{{Name: cifarFolder + "/data_batch_1.bin", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}},
			"cifar-10-batches-bin/data_batch_1.bin: not a regular file"},
		{"hard link", []tar.Header{{Name: cifarFolder + "/data_batch_1.bin", Typeflag: tar.TypeLink, Linkname: "../x"}},
			"cifar-10-batches-bin/data_batch_1.bin: not a regular file"},
		{"folder of a known name", []tar.Header{{Name: cifarFolder + "/data_batch_1.bin", Typeflag: tar.TypeDir}},
			"cifar-10-batches-bin/data_batch_1.bin: not a regular file"},
		{"twice", cifarEntries(tar.Header{Name: cifarFolder + "/test_batch.bin"}), "cifar-10-batches-bin/test_batch.bin: file exists"},
		{"incomplete", cifarEntries()[:6], "lacks data_batch_5.bin, test_batch.bin"},
		{"empty", nil, "lacks data_batch_1.bin, data_batch_2.bin, data_batch_3.bin, data_batch_4.bin, data_batch_5.bin, test_batch.bin"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := archiveOf(t, c.entries...)
			o := serve(t, &archiveServer{data: data}, data)
			err := FetchCIFAR10(t.Context(), o)
			if want := "datasets: fetch " + o.URL + ": archive: " + c.want; err == nil || err.Error() != want {
				t.Errorf("error\n%v\nwant\n%s", err, want)
			}
			wantLeft(t, o.To, "cifar-10-binary.tar.gz.part")
			wantLeft(t, filepath.Dir(o.To), "photos")
		})
	}
}

// TestUnpackSizeLimit: a header that promises too much fails before anything is written.
func TestUnpackSizeLimit(t *testing.T) {
	entry := &tar.Header{Name: cifarFolder + "/test_batch.bin", Typeflag: tar.TypeReg, Size: 1 << 30}
	want := "cifar-10-batches-bin/test_batch.bin: 1073741824 bytes, above the limit of 67108864"
	if _, err := knownEntry(entry); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

func TestFetchOverSomethingElse(t *testing.T) {
	dir := writeFiles(t, map[string][]byte{cifarFolder + "/data_batch_1.bin": nil})
	err := FetchCIFAR10(t.Context(), FetchOptions{To: dir, URL: "http://localhost:0"})
	want := "datasets: fetch http://localhost:0: " + filepath.Join(dir, cifarFolder) + " is there but lacks data_batch_2.bin (remove it to fetch it again)"
	if err == nil || err.Error() != want {
		t.Errorf("error\n%v\nwant\n%s", err, want)
	}
	if err := FetchCIFAR10(t.Context(), FetchOptions{}); err == nil || err.Error() != "datasets: fetch: no folder given to fetch to" {
		t.Errorf("error %v without a folder", err)
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("cifar-10-batches-bin/test_batch.bin"))
	f.Fuzz(func(t *testing.T, data []byte) {
		// As gzip without compression, so that the fuzzer reaches the tar reader.
		var zipped bytes.Buffer
		w, _ := gzip.NewWriterLevel(&zipped, gzip.NoCompression)
		io.Copy(w, bytes.NewReader(data))
		w.Close()
		parent := t.TempDir()
		dir := filepath.Join(parent, "set")
		os.Mkdir(dir, 0o755)
		unpack(&zipped, dir)
		wantLeft(t, parent, "set")
	})
}
