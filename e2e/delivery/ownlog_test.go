package delivery

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// TestOwnLog finds rtcship's own log in the collector, as a service of its own.
// While the collector is away, what rtcship says about that must not make it
// say more: at the level debug, at which it says the most, only a handful of
// records come of it, and none of them is about the export of this log.
func TestOwnLog(t *testing.T) {
	for _, protocol := range []string{"grpc", "http/protobuf"} {
		t.Run(strings.ReplaceAll(protocol, "/", "-"), func(t *testing.T) {
			t.Parallel()
			collector := harness.NewCollector(t, harness.PlainConfig, nil)
			collector.Start(t)
			addr := collector.GRPC
			if protocol != "grpc" {
				addr = collector.HTTP
			}
			l := newLoad(t, fmt.Sprintf("{endpoint: \"http://%s\", protocol: %s}\nlog: {level: debug}", addr, protocol))
			l.write(t, 100, 300)
			l.arrives(t, collector)
			harness.Wait(t, 20*time.Second, "rtcship's own log", func() error {
				return said(own(t, collector), "shipping logs")
			}, l.ship.Process())
			before := len(own(t, collector))
			collector.Stop(t)
			l.keepWriting(t, 2000, *refuses)
			collector.Start(t)
			l.finish(t, collector)
			harness.Wait(t, 10*time.Second, "the news that the collector is back", func() error {
				return said(own(t, collector), "the collector accepts records again")
			})
			all := own(t, collector)
			for _, r := range all {
				if strings.Contains(r.Text(), "own log") {
					t.Errorf("the export of the log is news in it: %s %v", r.Text(), r.Attributes)
				}
			}
			if n := len(all) - before; n > 20 {
				t.Errorf("%d records of rtcship's own came of a collector that was away for %v", n, *refuses)
			}
			out := l.ship.Process().Output()
			if n := strings.Count(out, "own log was not exported"); n == 0 || n > 2+int(refuses.Seconds()) {
				t.Errorf("standard error says %d times that the log was not exported, which is tried once a second at most", n)
			}
			t.Logf("%d own records before, %d while the collector was away and after, %d lines on standard error", before, len(all)-before, strings.Count(out, "\n"))
		})
	}
}

func own(t *testing.T, c *harness.Collector) []harness.Record {
	t.Helper()
	return harness.Of("rtcship", c.Records(t))
}

// said is nil if one of the records has this text.
func said(records []harness.Record, text string) error {
	for _, r := range records {
		if r.Text() == text {
			return nil
		}
	}
	return fmt.Errorf("none of %d records of the service rtcship is %q", len(records), text)
}
