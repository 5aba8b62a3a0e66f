package exporter

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A collector that has no room for large requests gets smaller ones, and large
// ones again once it has.
func TestPace(t *testing.T) {
	for name, no := range map[string]answer{
		"its queue is full": {verdict: again, code: "UNAVAILABLE", answered: true},
		"exhausted":         {verdict: again, code: "RESOURCE_EXHAUSTED", answered: true},
		"too slow":          {verdict: again, code: "DEADLINE_EXCEEDED"},
		"HTTP 429":          {verdict: again, code: "HTTP 429"},
		"HTTP 503":          {verdict: again, code: "HTTP 503"},
	} {
		t.Run(name, func(t *testing.T) {
			var full atomic.Bool
			full.Store(true)
			c := &fakeCollector{}
			c.answer = func(_ int, names []string) answer {
				if full.Load() && len(names) > 200 {
					return no
				}
				return answer{}
			}
			bubble(t, c, Config{Blocked: ready}, func(t *testing.T, e *Exporter) {
				mustSend(t, e, records("a", 2000, 1000))
				for _, r := range c.requests[5:] {
					if len(r) > 500 {
						t.Errorf("after the first refusals a request has %d records: %v", len(r), c.sizes())
					}
				}
				full.Store(false)
				for range 10 {
					mustSend(t, e, records("b", 2000, 1000))
				}
				if n := len(c.requests[len(c.requests)-1]); n != 2000 {
					t.Errorf("when there is room again a request has %d records", n)
				}
				equal(t, "accepted", c.accepted["a0"]+c.accepted["a1999"], 2)
			})
		})
	}
}

// An answer that takes long makes requests smaller before they time out.
func TestPaceOfASlowCollector(t *testing.T) {
	c := &fakeCollector{}
	c.answer = func(_ int, names []string) answer { // 100 kB a second
		return answer{latency: time.Duration(len(names)) * 10 * time.Millisecond}
	}
	bubble(t, c, Config{Blocked: ready}, func(t *testing.T, e *Exporter) {
		mustSend(t, e, records("a", 900, 1000))
		mustSend(t, e, records("b", 5000, 1000))
		for _, r := range c.requests[1:] {
			if len(r) > 500 {
				t.Errorf("a request takes %d s", len(r)/100)
			}
		}
	})
}

// While the collector takes less than there is, what is fresh does not wait behind
// the backlog of others.
func TestFreshBeforeBacklog(t *testing.T) {
	var mu sync.Mutex
	c := &fakeCollector{}
	c.answer = func(_ int, names []string) answer {
		mu.Lock()
		defer mu.Unlock()
		if len(names) > 10 {
			return answer{verdict: again, code: "UNAVAILABLE", answered: true}
		}
		return answer{}
	}
	bubble(t, c, Config{Blocked: ready}, func(t *testing.T, e *Exporter) {
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				d, err := e.EnqueueOf(i, []Group{records(fmt.Sprint("back", i, "-"), 1000, 1000)})
				if err == nil {
					_, _ = d.Wait(t.Context())
				}
			})
		}
		time.Sleep(time.Minute)
		for i := range 20 {
			start := time.Now()
			d, err := e.EnqueueOf("live", []Group{records(fmt.Sprint("live", i, "-"), 3, 300)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.Wait(t.Context()); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took > time.Second {
				t.Errorf("live lines took %v", took)
			}
		}
		c.mu.Lock()
		if len(c.accepted) > 100 {
			t.Errorf("the backlog was not behind: %d", len(c.accepted))
		}
		if c.mostBusy > 3 {
			t.Errorf("%d requests at once", c.mostBusy)
		}
		c.mu.Unlock()
		_ = e.Close(t.Context()) // the backlog would not end
		wg.Wait()
	})
}

// Of one origin nothing overtakes, whatever the sizes and whatever the collector
// does.
func TestOrderOfAnOriginStays(t *testing.T) {
	var mu sync.Mutex // guards down and got
	down := true
	var got []string
	c := &fakeCollector{}
	c.answer = func(_ int, names []string) answer {
		mu.Lock()
		defer mu.Unlock()
		if down {
			return answer{verdict: again, code: "UNAVAILABLE", answered: true}
		}
		got = append(got, slices.DeleteFunc(names, func(n string) bool { return strings.HasPrefix(n, "other") })...)
		return answer{}
	}
	bubble(t, c, Config{Concurrency: 1}, func(t *testing.T, e *Exporter) {
		var want []string
		var wg sync.WaitGroup
		for i, n := range []int{3, 200, 3, 3, 500, 1, 80, 1} {
			name := fmt.Sprintf("a%d-", i)
			other, err := e.EnqueueOf(name, []Group{records("other", 100, 1000)})
			if err != nil {
				t.Fatal(err)
			}
			wg.Go(func() { _, _ = other.Wait(t.Context()) })
			d, err := e.EnqueueOf("a", []Group{records(name, n, 1000)})
			if err != nil {
				t.Fatal(err)
			}
			for k := range n {
				want = append(want, fmt.Sprint(name, k))
			}
			wg.Go(func() { _, _ = d.Wait(t.Context()) })
			time.Sleep(300 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		mu.Lock()
		down = false
		mu.Unlock()
		wg.Wait()
		e.mu.Lock()
		defer e.mu.Unlock()
		if !slices.Equal(got, want) {
			t.Errorf("%d records, in another order than %d were given", len(got), len(want))
		}
		if len(e.origins) != 0 {
			t.Errorf("origins are kept: %v", e.origins)
		}
		equal(t, "requests at once", c.mostBusy, 1)
	})
}

// A call that is withdrawn is forgotten too.
func TestOriginsAreForgotten(t *testing.T) {
	c := &fakeCollector{answer: func(int, []string) answer { return answer{verdict: again, code: "UNAVAILABLE"} }}
	bubble(t, c, Config{Blocked: ready}, func(t *testing.T, e *Exporter) {
		for i := range 100 {
			d, err := e.EnqueueOf(i, []Group{records("a", 100, 1000)})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.Wait(timeout(t, time.Second)); err == nil {
				t.Fatal("it was settled")
			}
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		if len(e.origins) != 0 || !e.empty() {
			t.Errorf("%d origins are kept", len(e.origins))
		}
	})
}

func timeout(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// What leaves while the collector is behind, with what is under way already: what is
// fresh in a place of its own, and with others' backlog only where its own is in there.
func TestWhatDepartsWhileBehind(t *testing.T) {
	for _, c := range []struct {
		name          string
		concurrency   int
		out, freshOut int    // requests under way
		backlog       string // whose it is; "" = there is none
		want          string // the origins of what leaves, in order
		fresh         bool   // it has the place of what is fresh
	}{
		{"the place is free", 2, 2, 0, "b", "a", true},
		{"the place is taken", 2, 1, 1, "b", "b", false},
		{"the place is taken, and its own backlog is behind it", 2, 1, 1, "a", "a a", false},
		{"all places are taken", 2, 3, 1, "b", "", false},
		{"nothing else", 2, 1, 1, "", "", false},
		{"one place, taken", 1, 1, 0, "b", "", false},
		{"one place, taken by what is fresh", 1, 1, 1, "b", "", false},
		{"one place, free", 1, 0, 0, "b", "a", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &Exporter{cfg: Config{Concurrency: c.concurrency}.withDefaults(), origins: map[any]int{}, paused: 1} // nothing leaves by itself
			if _, err := e.EnqueueOf("a", []Group{records("fresh", 1, 100)}); err != nil {
				t.Fatal(err)
			}
			if c.backlog != "" {
				if _, err := e.EnqueueOf(c.backlog, []Group{records("back", 100, 1000)}); err != nil {
					t.Fatal(err)
				}
			}
			e.pace, e.flush, e.inFlight, e.freshOut = smallTrial, true, c.out, c.freshOut
			pieces, fresh := e.depart(e.cfg.MaxRequest)
			var got []string
			for _, p := range pieces {
				got = append(got, fmt.Sprint(p.call.origin))
			}
			if s := strings.Join(got, " "); s != c.want || fresh != c.fresh {
				t.Errorf("%q leaves, fresh %v", s, fresh)
			}
		})
	}
}

// A collector that took nothing for long is left alone for longer each time, as it asks
// for but not for ever, and for a moment only once it has taken something.
func TestRestOfAMember(t *testing.T) { synctest.Test(t, testRestOfAMember) }

func testRestOfAMember(t *testing.T) {
	b, m := newBalancer(nil, nil), &member{}
	defer b.cancel()
	fails := func(delay time.Duration) time.Duration {
		m.rests = time.Time{} // it is over
		b.done(m, answer{verdict: again, code: "UNAVAILABLE", answered: true, delay: delay})
		return time.Until(m.rests)
	}
	for range 8 {
		fails(0)
	}
	if rest := fails(0); rest < lastBackoff/2 {
		t.Errorf("after many misses it rests for %v", rest)
	}
	if rest := fails(1000 * time.Hour); rest > maxDelay {
		t.Errorf("it asked for 1,000 hours and has %v", rest)
	}
	b.done(m, answer{verdict: accepted, code: "OK"})
	if rest := fails(0); rest > 2*firstBackoff {
		t.Errorf("after one miss it rests for %v", rest)
	}
	for range 8 {
		fails(0)
	}
	b.connected(m)
	if !m.rests.IsZero() {
		t.Errorf("a member that has a new connection rests until %v", m.rests)
	}
	if rest := fails(0); rest > 2*firstBackoff {
		t.Errorf("after a new connection and one miss it rests for %v", rest)
	}
}

// Members of a fleet that begin in step do not go on so: in every round about the half of
// them sends to each of two collectors first, and each member sends as much to either.
func TestFleetDoesNotGoInStep(t *testing.T) {
	const fleet, rounds = 1000, 20
	var first [rounds]int // members that send to the first one first
	for range fleet {
		b := newBalancer(func(context.Context) ([]string, error) { return nil, nil }, nil)
		one, other := &member{addr: "1"}, &member{addr: "2"}
		b.members, b.asked, b.due = []*member{one, other}, time.Now(), time.Hour
		for i := range rounds {
			var round [2]*member
			for j := range round {
				m, err := b.pick(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				b.done(m, answer{verdict: accepted, code: "OK"})
				round[j] = m
			}
			if round[0] == round[1] {
				t.Fatalf("one of two had both requests of round %d", i)
			}
			if round[0] == one {
				first[i]++
			}
		}
		b.cancel()
	}
	for i, n := range first[1:] { // the first round is that of the order in which they were made members
		if n < fleet*2/5 || n > fleet*3/5 {
			t.Errorf("%d of %d send to the same one in round %d", n, fleet, i+1)
		}
	}
}
