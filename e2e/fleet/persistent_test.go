package fleet

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// TestPersistent kills all collectors of a tier whose queues are on disk while the store is
// away: the members have forgotten what was acknowledged, and it comes all the same. It
// does not kill a collector that starts, which may lose what it moves.
func TestPersistent(t *testing.T) {
	if os.Getenv(inside) == "" || testing.Short() {
		t.Skip("it needs namespaces of its own, and a minute")
	}
	const lines, fleetSize = 500, 5
	tr := newTierOf(t, "tier-persistent.yaml", 2)
	tr.start(t)
	f := newFleet(t, tr, fleetSize)
	for _, m := range f.members {
		f.line(t, m)
	}
	f.arrive(t, within(2*time.Minute))
	for _, c := range tr.collectors {
		c.backend.rate.Store(1) // as good as away
	}
	for _, m := range f.members {
		m.fallBehind(t, lines)
	}
	harness.Wait(t, within(time.Minute), "the tier to have acknowledged everything", func() error {
		for i, m := range f.members {
			n, err := metricAt(fmt.Sprintf("127.0.0.1:%d", firstPort+i), "rtcship_records_total", `outcome="accepted"`)
			if err != nil || int(n) < len(f.lines(m))+lines {
				return fmt.Errorf("%v records of %s were accepted (%w)", n, m.name, err)
			}
		}
		return nil
	})
	held := missingOf(f)
	if held < lines*fleetSize/2 {
		t.Fatalf("the queues hold %d lines only", held)
	}
	for _, c := range tr.collectors {
		c.process.Kill()
	}
	for _, c := range tr.collectors {
		c.backend.rate.Store(int64(*rate))
	}
	repeats := tr.books.again()
	tr.start(t)
	start := time.Now()
	f.arrive(t, within(2*time.Minute))
	measured(t, "%d lines that were acknowledged and not stored when all collectors were killed came within %.1f s of their return, %d of all lines again", held, time.Since(start).Seconds(), tr.books.again()-repeats)
}
