package pipeline

import (
	"path/filepath"
	"testing"

	"github.com/rtcship/rtcship/internal/config"
)

// TestLogDirNobodyAskedFor: whoever receives Pexip's syslog only is not told
// that Sora's default directory is missing; whoever has written it down is.
func TestLogDirNobodyAskedFor(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "sora")
	for _, c := range []struct {
		name   string
		listen []string
		from   string
		fault  bool
	}{
		{"Pexip, and the directory by default", []string{"udp://127.0.0.1:514"}, "", false},
		{"Pexip, and the directory as configured", []string{"udp://127.0.0.1:514"}, "rtcship.yaml:1:1", true},
		{"nothing configured", nil, "", true},
	} {
		cfg := &config.Loaded{Config: config.Default(), From: map[string]string{"sora.log_dir": c.from}}
		cfg.Sora.LogDir, cfg.Pexip.Listen = missing, c.listen
		var s Status
		s.describe(cfg)
		if (s.LogDirError != "") != c.fault || (s.LogDir != "") != c.fault {
			t.Errorf("%s: directory %q, error %q", c.name, s.LogDir, s.LogDirError)
		}
	}
}
