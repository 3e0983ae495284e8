package probe

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
)

// A recording is sealed: between its last page and its footer, where readers of Parquet do not
// look, stand sealMark and the SHA-256 of all other bytes. Parquet has checksums for pages and none
// for page headers and footers, and the library believes the sizes that these give: a flipped bit
// can make it ask for more memory than there is. So nothing but a whole file reaches it.
const (
	sealMark = "neuroprobe seal\n"
	sealSize = len(sealMark) + sha256.Size
)

// parquetMagic stands at both ends of a Parquet file, at the end after the footer's size.
const parquetMagic = "PAR1"

// trailerSize is that of the footer's size and the magic after it.
const trailerSize = 8

// sealer passes on what is written, and puts in the seal.
type sealer struct {
	w    io.Writer
	sum  hash.Hash
	tail *bytes.Buffer // holds the end of the file back; nil before
}

func newSealer(w io.Writer) *sealer { return &sealer{w: w, sum: sha256.New()} }

func (s *sealer) Write(p []byte) (int, error) {
	s.sum.Write(p)
	if s.tail != nil {
		return s.tail.Write(p)
	}
	return s.w.Write(p)
}

// hold is called before the footer is written.
func (s *sealer) hold() { s.tail = &bytes.Buffer{} }

// close writes the rest of the file with the seal in its place.
func (s *sealer) close() error {
	tail := s.tail.Bytes()
	footer := len(tail) - trailerSize - int(binary.LittleEndian.Uint32(tail[len(tail)-trailerSize:]))
	for _, part := range [][]byte{tail[:footer], []byte(sealMark), s.sum.Sum(nil), tail[footer:]} {
		if _, err := s.w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// checkSeal finds out whether so many bytes are a whole recording.
func checkSeal(r io.ReaderAt, size int64) error {
	var head [len(parquetMagic)]byte
	var trailer [trailerSize]byte
	if size < int64(len(head)+trailerSize) {
		return fmt.Errorf("not a Parquet file: %d bytes", size)
	}
	if err := readAt(r, head[:], 0); err != nil {
		return err
	}
	if err := readAt(r, trailer[:], size-trailerSize); err != nil {
		return err
	}
	switch {
	case string(head[:]) != parquetMagic:
		return fmt.Errorf("not a Parquet file: it starts with %q, not %q", head[:], parquetMagic)
	case string(trailer[4:]) != parquetMagic:
		return fmt.Errorf("damaged: it ends with %q, not %q; record it again", trailer[4:], parquetMagic)
	}
	return checkSum(r, size, size-trailerSize-int64(binary.LittleEndian.Uint32(trailer[:])))
}

// checkSum compares the seal in front of the footer with the file.
func checkSum(r io.ReaderAt, size, footer int64) error {
	at := footer - int64(sealSize)
	if at < 0 {
		return errors.New("damaged: its footer is larger than the file; record it again")
	}
	var seal [sealSize]byte
	if err := readAt(r, seal[:], at); err != nil {
		return err
	}
	if !bytes.HasPrefix(seal[:], []byte(sealMark)) {
		return errNotOurs
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, io.MultiReader(io.NewSectionReader(r, 0, at), io.NewSectionReader(r, footer, size-footer))); err != nil {
		return err
	}
	if !bytes.Equal(sum.Sum(nil), seal[len(sealMark):]) {
		return errors.New("damaged: its bytes are not those that were written; record it again")
	}
	return nil
}

// readAt reads all of p.
func readAt(r io.ReaderAt, p []byte, at int64) error {
	n, err := r.ReadAt(p, at)
	if n == len(p) {
		return nil
	}
	return err
}
