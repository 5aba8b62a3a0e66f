package pexipreceiver

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"
)

// As mdatagen would write it for a receiver that needs no folder of its own;
// and what was received is with the pipeline when Shutdown returns.
func TestLifecycle(t *testing.T) {
	factory, set, sink := NewFactory(), receivertest.NewNopSettings(typ), new(consumertest.LogsSink)
	cfg := defaultConfig().(*Config)
	socket := filepath.Join(t.TempDir(), "log")
	cfg.Listen, cfg.StorageDir = []string{"unixgram://" + socket}, t.TempDir()
	for i := range 2 {
		r, err := factory.CreateLogs(t.Context(), set, cfg, sink)
		require.NoError(t, err)
		require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
		send(t, socket, i)
		require.Eventually(t, func() bool { return sink.LogRecordCount() == i+1 }, time.Minute, 10*time.Millisecond)
		require.NoError(t, r.Shutdown(context.Background()))
	}
	require.Equal(t, 2, sink.LogRecordCount())
	record := sink.AllLogs()[0].ResourceLogs().At(0)
	host, _ := record.Resource().Attributes().Get("host.name")
	require.Equal(t, "conf01", host.Str())
}

func send(t *testing.T, socket string, n int) {
	conn, err := net.Dial("unixgram", socket)
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, `<134>2026-11-21T06:00:0%d.000000+00:00 conf01 2026-11-21T06:00:00,000 Level="INFO" Name="support.participant" Message="number %d"`, n, n)
	require.NoError(t, err)
}
