package fleet

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/rtcship/rtcship/exporter"
)

// Simulated members are the exporter alone: what a tier sees of thousands of members,
// on a machine that cannot hold as many processes.

// sendEvery is how often such a member has a record to send.
const sendEvery = 10 * time.Second

// A size is what a tier takes with so many members that have nothing to send.
type size struct {
	members  int
	memory   float64 // MiB, of all collectors, more than without members
	bytes    float64 // a second, of each member
	connects int
}

// TestSimulated puts more and more members in front of a tier, and takes it away from
// the most of them. With -plot it draws what it saw.
func TestSimulated(t *testing.T) {
	if os.Getenv(inside) == "" || *simulated == 0 {
		t.Skip("it needs namespaces of its own, and -simulated=N")
	}
	tr := newTier(t, *collectors)
	tr.start(t)
	empty := tr.memory(t)
	w := newWatch(t, nil)
	var all []*sender
	var sizes []size
	for _, part := range []int{8, 4, 2, 1} {
		for n := *simulated / part; len(all) < n; {
			all = append(all, newSender(t, fmt.Sprintf("s%05d", len(all))))
		}
		sizes = append(sizes, stand(t, tr, w, all, empty))
	}
	h := comeBack(t, tr, w, all)
	if n := tr.books.again(); n > 0 {
		t.Errorf("%d records came again", n)
	}
	if *plot != "" {
		if err := os.WriteFile(*plot, draw(sizes, h), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// stand has each member send one record, and measures what they are to a tier while
// they have nothing more.
func stand(t *testing.T, tr *tier, w *watch, all []*sender, empty int64) size {
	t.Helper()
	var wg sync.WaitGroup
	for i, s := range all {
		wg.Go(func() {
			time.Sleep(time.Duration(i) * 4 * time.Millisecond) // pods do not all start at once
			ctx, cancel := context.WithTimeout(t.Context(), within(connectWithin))
			defer cancel()
			if err := s.e.Send(ctx, []exporter.Group{s.group(1)}); err != nil {
				t.Errorf("%s: %v", s.name, err)
			}
		})
	}
	wg.Wait()
	time.Sleep(2 * time.Second)
	to0, from0 := traffic()
	start := time.Now()
	time.Sleep(*idle)
	to1, from1 := traffic()
	n := float64(len(all))
	s := size{
		members: len(all), connects: w.connections(),
		memory: float64(tr.memory(t)-empty) / (1 << 20),
		bytes:  float64(to1-to0+from1-from0) / n / time.Since(start).Seconds(),
	}
	measured(t, "%d simulated members with %d connections: %.1f MiB at the tier, %.1f KiB and %.1f B/s each", s.members, s.connects, s.memory, s.memory*1024/n, s.bytes)
	if s.bytes >= idleBytes || s.memory*(1<<20)/n >= idleMemory {
		t.Errorf("%d members: %.1f B/s and %.1f KiB each", s.members, s.bytes, s.memory*1024/n)
	}
	return s
}

// comeBack takes the tier away while all members send now and then, and returns how
// many connects there were in each second after it was back.
func comeBack(t *testing.T, tr *tier, w *watch, all []*sender) []int {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	settled := map[*sender]time.Time{}
	var wg sync.WaitGroup
	for _, s := range all {
		wg.Go(func() {
			wait := rand.N(sendEvery)
			for {
				select {
				case <-ctx.Done():
					return
				case <-time.After(wait):
				}
				if err := s.e.Send(ctx, []exporter.Group{s.group(1)}); err != nil {
					return // the end
				}
				mu.Lock()
				settled[s] = time.Now()
				mu.Unlock()
				wait = sendEvery/2 + rand.N(sendEvery)
			}
		})
	}
	time.Sleep(sendEvery)
	tr.stop(t)
	time.Sleep(*absence)
	w.reset()
	for _, c := range tr.collectors {
		c.launch(t)
	}
	tr.collectors[0].wait(t)
	returned := time.Now()
	late := func() (n int) {
		mu.Lock()
		defer mu.Unlock()
		for _, s := range all {
			if settled[s].Before(returned) {
				n++
			}
		}
		return n
	}
	deadline := returned.Add(within(connectWithin + settleWithin))
	for late() > 0 && time.Now().Before(deadline) {
		time.Sleep(100 * time.Millisecond)
	}
	took := time.Since(returned)
	if n := late(); n > 0 {
		t.Errorf("of %d members %d had nothing settled after %.0f s", len(all), n, took.Seconds())
	}
	most, n, until := w.busiest(returned)
	mean := float64(n) / max(until.Seconds(), 1)
	h := w.perSecond(returned)
	measured(t, "%d simulated members have sent something %.1f s after the tier's return; %d connects in %.1f s, at most %d in a second, %.1f times the mean",
		len(all), took.Seconds(), n, until.Seconds(), most, float64(most)/mean)
	t.Logf("connects in each second after the return: %v", h)
	if until > within(connectWithin) || float64(most) > connectsPeak*mean {
		t.Errorf("%d connects in one second, the last one after %v", most, until)
	}
	cancel()
	wg.Wait()
	return h
}
