//go:build unix

package datasets

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestAPipeIsNoPhoto: to open one would wait for ever.
func TestAPipeIsNoPhoto(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "photo.jpg")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Skip(err)
	}
	s := Set{Channels: 3, Height: 8, Width: 8}
	if _, err := s.ReadPhoto(pipe); err == nil || !strings.Contains(err.Error(), pipe+": is no regular file") {
		t.Errorf("error %v", err)
	}
}
