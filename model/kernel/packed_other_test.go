//go:build !amd64

package kernel

import "testing"

func everyPanel(t *testing.T, test func(t *testing.T)) { t.Run("plain", test) }
