package fleet

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/rtcship/rtcship/exporter"
)

// TestCost measures what one collector spends on lines: many in a request, as after an
// outage, and one in each, as members send that write a line now and then.
func TestCost(t *testing.T) {
	if os.Getenv(inside) == "" || testing.Short() {
		t.Skip("it needs namespaces of its own, and half a minute")
	}
	tr := newTier(t, 1)
	tr.collectors[0].backend.rate.Store(1 << 40) // the store is not what limits it
	tr.start(t)
	spent := func(send func()) (records int64, cpu time.Duration) {
		pid, back := tr.collectors[0].process.Pid(), tr.collectors[0].backend
		n, u := back.records.Load(), usageOf(t, pid)
		send()
		return back.records.Load() - n, usageOf(t, pid).cpu - u.cpu
	}
	measured(t, "a collector that nobody has sent anything to has %.0f MiB of its own", float64(tr.memory(t))/(1<<20))
	capacity(t, tr, time.Second) // it has been at it before
	n, cpu := spent(func() { capacity(t, tr, 6*time.Second) })
	measured(t, "in requests of many lines, a line costs the collector %.1f µs of a processor (%d lines)", cpu.Seconds()*1e6/float64(n), n)
	if n == 0 || cpu <= 0 {
		t.Error("nothing was measured")
	}
	all := make([]*sender, 50)
	for i := range all {
		all[i] = newSender(t, fmt.Sprintf("one%02d", i))
	}
	oneEach(t, all, time.Second)
	n, cpu = spent(func() { oneEach(t, all, 8*time.Second) })
	measured(t, "in requests of one line, a line costs the collector %.0f µs of a processor (%d lines)", cpu.Seconds()*1e6/float64(n), n)
	if n == 0 || cpu <= 0 {
		t.Error("nothing was measured")
	}
}

// oneEach has each sender send ten records a second, each in a request of its own.
func oneEach(t *testing.T, all []*sender, d time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	defer cancel()
	var wg sync.WaitGroup
	for i, s := range all {
		wg.Go(func() {
			time.Sleep(time.Duration(i) * 2 * time.Millisecond)
			for tick := time.Tick(100 * time.Millisecond); ; {
				select {
				case <-ctx.Done():
					return
				case <-tick:
				}
				_ = s.e.Send(ctx, []exporter.Group{s.group(1)}) // ends with ctx alone
			}
		})
	}
	wg.Wait()
}
