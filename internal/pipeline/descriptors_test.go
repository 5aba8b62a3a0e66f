package pipeline

import (
	"testing"

	"github.com/rtcship/rtcship/internal/config"
)

// Files and connections together leave the reserve alone, as far as there is one.
func TestDescriptors(t *testing.T) {
	for _, test := range []struct {
		limit, files, connections int
		listens                   bool
		wantFiles, wantConns      int
		note                      bool
	}{
		{1 << 20, 512, 256, true, 512, 256, false},
		{1024, 512, 256, true, 512, 256, false},
		{512, 512, 256, true, 298, 149, true},
		{512, 512, 256, false, 448, 256, true},
		{256, 512, 10000, true, 9, 182, true},
		{64, 512, 256, true, 21, 11, true},
		{16, 512, 256, true, 5, 3, true},
		{4, 512, 256, true, 5, 3, true},
	} {
		cfg := &config.Config{}
		cfg.Limits.OpenFiles, cfg.Pexip.MaxConnections = test.files, test.connections
		if test.listens {
			cfg.Pexip.Listen = []string{"tcp://127.0.0.1:0"}
		}
		files, conns, note := share(cfg, test.limit)
		if files != test.wantFiles || conns != test.wantConns || (note != "") != test.note {
			t.Errorf("limit %d, %d files and %d connections wanted: %d, %d, %q", test.limit, test.files, test.connections, files, conns, note)
		}
	}
}
