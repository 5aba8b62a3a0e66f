package receive_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
)

// BenchmarkPdata says what a record costs the collector beside rtcship's own
// work: to be read from wire form on the way in, and to be written by an exporter.
func BenchmarkPdata(b *testing.B) {
	p := place{b.TempDir(), b.TempDir()}
	sink := new(consumertest.LogsSink)
	p.write(b, 0, 1000)
	stop := run(b, p.config(), sink)
	wait(b, "1000 lines", func() bool { return sink.LogRecordCount() == 1000 })
	if err := stop(waitLimit); err != nil {
		b.Fatal(err)
	}
	logs := plog.NewLogs()
	for _, l := range sink.AllLogs() {
		l.ResourceLogs().MoveAndAppendTo(logs.ResourceLogs())
	}
	wire, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N/1000 + 1 {
			r := plogotlp.NewExportRequest()
			if err := r.UnmarshalProto(wire); err != nil {
				b.Fatal(err)
			}
			_ = consumertest.NewNop().ConsumeLogs(context.Background(), r.Logs())
		}
	})
	b.Run("write", func(b *testing.B) {
		b.ReportAllocs()
		for range b.N/1000 + 1 {
			if _, err := plogotlp.NewExportRequestFromLogs(logs).MarshalProto(); err != nil {
				b.Fatal(err)
			}
		}
	})
}
