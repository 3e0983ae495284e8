package datasets

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// Where CIFAR-10's binary version is published, and the MD5 sum named there.
const (
	CIFAR10URL = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
	CIFAR10MD5 = "c32a1d4ab5d03f1284b67883e8d87530"
)

// maxArchiveBytes bounds a download; the archive has 170 MB.
const maxArchiveBytes = 1 << 30

// FetchOptions say what to fetch and where to put it. Only To must be set.
type FetchOptions struct {
	To  string // folder; made if need be
	URL string // default CIFAR10URL
	MD5 string // default CIFAR10MD5

	Client *http.Client // default http.DefaultClient
	// Progress, if not nil, is called now and then with the bytes loaded, those of an
	// earlier run included, and their total, -1 where the server does not say.
	Progress func(done, total int64)
}

// FetchCIFAR10 downloads CIFAR-10, verifies its MD5 sum and unpacks it to
// To/cifar-10-batches-bin, which appears complete or not at all. It does nothing where that
// exists already. What was loaded when it is stopped is kept in To/cifar-10-binary.tar.gz.part,
// and the next call goes on from there.
func FetchCIFAR10(ctx context.Context, o FetchOptions) error {
	if o.URL == "" {
		o.URL = CIFAR10URL
	}
	if o.MD5 == "" {
		o.MD5 = CIFAR10MD5
	}
	if o.Client == nil {
		o.Client = http.DefaultClient
	}
	if o.To == "" {
		return errors.New("datasets: fetch: no folder given to fetch to")
	}
	if err := o.fetch(ctx); err != nil {
		return fmt.Errorf("datasets: fetch %s: %w", o.URL, err)
	}
	return nil
}

func (o FetchOptions) fetch(ctx context.Context) error {
	target := filepath.Join(o.To, cifarFolder)
	if there, err := isComplete(target); there || err != nil {
		return err
	}
	if err := os.MkdirAll(o.To, 0o755); err != nil {
		return err
	}
	part := filepath.Join(o.To, "cifar-10-binary.tar.gz.part")
	if found, err := md5Of(ctx, part); err != nil || !strings.EqualFold(found, o.MD5) {
		if err := o.download(ctx, part); err != nil {
			return err
		}
		if err := verify(ctx, part, o.MD5); err != nil {
			return err
		}
	}
	if err := unpackCIFAR10(ctx, part, target); err != nil {
		return err // the archive stays: it is good
	}
	return os.Remove(part)
}

// isComplete tells whether the target is there, with all its files.
func isComplete(target string) (bool, error) {
	if _, err := os.Stat(target); errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	for _, file := range cifarLayouts[0].files() {
		if !isFile(filepath.Join(target, file)) {
			return false, fmt.Errorf("%s is there but lacks %s (remove it to fetch it again)", target, file)
		}
	}
	return true, nil
}

// download completes the part file.
func (o FetchOptions) download(ctx context.Context, part string) error {
	have := int64(0)
	if info, err := os.Stat(part); err == nil {
		have = info.Size()
	}
	response, err := o.request(ctx, have)
	if err != nil {
		return err
	}
	if have > 0 && !continues(response, have) {
		// 416: the part file is longer than the archive. 206 from elsewhere: a server that
		// cannot count. In both cases what we have is of no use.
		response.Body.Close()
		have = 0
		if response, err = o.request(ctx, have); err != nil {
			return err
		}
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode == http.StatusOK:
		have = 0 // the whole archive, asked for or because the server knows no Range
	case response.StatusCode != http.StatusPartialContent || have == 0:
		return fmt.Errorf("the server answered %s", response.Status)
	}
	return o.save(ctx, response, part, have)
}

// request asks for the archive from byte have on.
func (o FetchOptions) request(ctx context.Context, have int64) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, o.URL, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept-Encoding", "identity") // the sum is that of the archive as it lies there
	if have > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	response, err := o.Client.Do(request)
	var repeats *url.Error // names the address, as our own message does
	if errors.As(err, &repeats) {
		err = repeats.Err
	}
	return response, err
}

// continues tells whether a response to a request from byte have on can be used: it is
// that rest, or the whole, or an error to report.
func continues(response *http.Response, have int64) bool {
	switch response.StatusCode {
	case http.StatusRequestedRangeNotSatisfiable:
		return false
	case http.StatusPartialContent:
		return strings.HasPrefix(response.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", have))
	}
	return true
}

// save appends a response to the first have bytes of the part file.
func (o FetchOptions) save(ctx context.Context, response *http.Response, part string, have int64) (err error) {
	total := int64(-1)
	if response.ContentLength >= 0 {
		total = have + response.ContentLength
	}
	if total > maxArchiveBytes {
		return fmt.Errorf("the server offers %d bytes, above the limit of %d", total, maxArchiveBytes)
	}
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := f.Truncate(have); err != nil {
		return err
	}
	if _, err := f.Seek(have, io.SeekStart); err != nil {
		return err
	}
	done := &byteCount{n: have, total: total, progress: o.Progress}
	_, err = io.Copy(io.MultiWriter(f, done), io.LimitReader(response.Body, maxArchiveBytes-have+1))
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("stopped after %s (kept; the next try goes on from there): %w", done, ctx.Err())
	case err != nil:
		return fmt.Errorf("broke off after %s (kept; the next try goes on from there): %w", done, err)
	case done.n > maxArchiveBytes:
		return errors.Join(fmt.Errorf("more than the limit of %d bytes", maxArchiveBytes), os.Remove(part))
	}
	return nil
}

// byteCount counts what is written to it and reports it.
type byteCount struct {
	n, total int64
	progress func(done, total int64)
}

func (c *byteCount) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	if c.progress != nil {
		c.progress(c.n, c.total)
	}
	return len(p), nil
}

func (c *byteCount) String() string {
	if c.total < 0 {
		return fmt.Sprintf("%d bytes", c.n)
	}
	return fmt.Sprintf("%d of %d bytes", c.n, c.total)
}

// verify compares the sum of the file, and removes a file with another one: to go on from
// it would never help.
func verify(ctx context.Context, file, want string) error {
	found, err := md5Of(ctx, file)
	if err != nil {
		return err
	}
	if strings.EqualFold(found, want) {
		return nil
	}
	return errors.Join(fmt.Errorf("the file loaded has the md5 sum %s, not %s: removed", found, want), os.Remove(file))
}

func md5Of(ctx context.Context, file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := md5.New()
	if _, err := io.Copy(h, contextReader{ctx, f}); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
