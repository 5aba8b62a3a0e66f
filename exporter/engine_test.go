package exporter

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// A fakeCollector answers attempts inside a synctest bubble. Its records are
// strings in the place of encoded ones.
type fakeCollector struct {
	answer   func(n int, names []string) answer // n counts from 1; nil accepts
	connects time.Duration                      // when it says that there is a connection

	mu       sync.Mutex
	n        int
	times    []time.Time
	requests [][]string
	accepted map[string]int
	probes   int
	busy     int
	mostBusy int
}

func (c *fakeCollector) send(ctx context.Context, p *payload) answer {
	names := namesIn(p)
	c.mu.Lock()
	c.n++
	n := c.n
	if n > 1e6 {
		panic("the exporter never comes to an end")
	}
	c.times = append(c.times, time.Now())
	c.requests = append(c.requests, names)
	c.busy++
	c.mostBusy = max(c.mostBusy, c.busy)
	c.mu.Unlock()
	a := answer{code: "OK"}
	if c.answer != nil {
		a = c.answer(n, names)
	}
	if a.latency > 0 { // how long it takes
		select {
		case <-time.After(a.latency):
		case <-ctx.Done():
			a = answer{verdict: again, code: "DEADLINE_EXCEEDED"}
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy--
	if a.verdict == accepted {
		if c.accepted == nil {
			c.accepted = map[string]int{}
		}
		for _, name := range names {
			if name == probe {
				c.probes++
				continue
			}
			c.accepted[name]++
		}
	}
	return a
}

func (c *fakeCollector) watch(ctx context.Context, ready func()) {
	if c.connects > 0 {
		pass(ctx, c.connects, nil)
		ready()
	}
}

func (c *fakeCollector) close() error { return nil }

func (c *fakeCollector) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.accepted))
}

// sizes are the numbers of records of the requests.
func (c *fakeCollector) sizes() (all []int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.requests {
		all = append(all, len(r))
	}
	return all
}

func (c *fakeCollector) attempts() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

const probe = "(probe)"

// namesIn decodes a payload down to the records.
func namesIn(p *payload) []string {
	var wire []byte
	for _, s := range p.segments {
		wire = append(wire, p.bytes(s)...)
	}
	groups, err := groupsOf(wire)
	if err != nil {
		panic(err)
	}
	var names []string
	for _, g := range groups {
		err := eachField(g.Records, func(_ protowire.Number, _ protowire.Type, v []byte, _ uint64) error {
			name := string(v)
			if strings.Contains(name, "rtcship.probe") {
				name = probe
			}
			names = append(names, strings.TrimRight(name, " "))
			return nil
		})
		if err != nil {
			panic(err)
		}
	}
	return names
}

// records returns a group of records called source0, source1 and so on, each
// filled up to size.
func records(source string, n, size int) Group {
	g := Group{Resource: []byte(source), Scope: []byte("scope")}
	for i := range n {
		g.Records = appendMessage(g.Records, 2, fmt.Appendf(nil, "%-*s", size, fmt.Sprint(source, i)))
		g.Ends = append(g.Ends, len(g.Records))
	}
	return g
}

func namesOf(source string, n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprint(source, i))
	}
	slices.Sort(names)
	return names
}

// bubble runs f with an Exporter over c in a synctest bubble.
func bubble(t *testing.T, c *fakeCollector, cfg Config, f func(t *testing.T, e *Exporter)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		cfg := cfg.withDefaults()
		e, err := newExporter(cfg, c)
		if err != nil {
			t.Fatal(err)
		}
		f(t, e)
		if err := e.Close(t.Context()); err != nil {
			t.Error(err)
		}
		synctest.Wait()
	})
}

func mustSend(t *testing.T, e *Exporter, groups ...Group) {
	t.Helper()
	if err := e.Send(t.Context(), groups); err != nil {
		t.Error(err)
	}
}

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func ready(int) bool { return true }

func TestBackoff(t *testing.T) {
	const failures = 40
	c := &fakeCollector{answer: func(n int, _ []string) answer {
		if n <= failures {
			return answer{verdict: again, code: "UNAVAILABLE"}
		}
		return answer{code: "OK"}
	}}
	bubble(t, c, Config{Blocked: ready}, func(t *testing.T, e *Exporter) {
		mustSend(t, e, records("a", 1, 1))
		want := 500 * time.Millisecond
		distinct := map[time.Duration]bool{}
		for i := 1; i <= failures; i++ {
			got := c.times[i].Sub(c.times[i-1])
			if got < want/2 || got > want {
				t.Errorf("wait %d is %v, want %v to %v", i, got, want/2, want)
			}
			distinct[got] = true
			want = min(2*want, 30*time.Second)
		}
		if len(distinct) < failures/2 {
			t.Errorf("only %d different waits: no jitter", len(distinct))
		}
		equal(t, "retries", e.Status().Retries, failures)
	})
}

func TestDelayIsObeyed(t *testing.T) {
	for _, tt := range []struct{ asked, want time.Duration }{
		{time.Millisecond, time.Millisecond},
		{7 * time.Second, 7 * time.Second},
		{2 * time.Minute, 2 * time.Minute},
		{24 * time.Hour, 5 * time.Minute},
	} {
		c := &fakeCollector{answer: func(n int, _ []string) answer {
			if n == 1 {
				return answer{verdict: again, code: "UNAVAILABLE", delay: tt.asked}
			}
			return answer{}
		}}
		bubble(t, c, Config{Blocked: ready}, func(t *testing.T, e *Exporter) {
			begin := time.Now()
			mustSend(t, e, records("a", 1, 1))
			if waited := time.Since(begin); waited < tt.want || waited > tt.want+tt.want/4 {
				t.Errorf("waited %v, want %v and up to a quarter more", waited, tt.want)
			}
		})
	}
}

func TestTimeout(t *testing.T) {
	c := &fakeCollector{answer: func(n int, _ []string) answer {
		if n == 1 {
			return answer{latency: time.Hour}
		}
		return answer{}
	}}
	bubble(t, c, Config{Blocked: ready, Timeout: 3 * time.Second}, func(t *testing.T, e *Exporter) {
		begin := time.Now()
		mustSend(t, e, records("a", 1, 1))
		if took := time.Since(begin); took < 3250*time.Millisecond || took > 3500*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

func TestGatherByDelay(t *testing.T) {
	c := &fakeCollector{}
	bubble(t, c, Config{}, func(t *testing.T, e *Exporter) {
		begin := time.Now()
		var wg sync.WaitGroup
		for i := range 4 { // at 0, 90, 180 and 270 ms
			wg.Go(func() { mustSend(t, e, records(string(rune('a'+i)), 1, 1)) })
			time.Sleep(90 * time.Millisecond)
		}
		wg.Wait()
		equal(t, "requests", c.requests, "[[a0 b0 c0] [d0]]")
		equal(t, "first", c.times[0].Sub(begin), 200*time.Millisecond)
		equal(t, "second", c.times[1].Sub(begin), 470*time.Millisecond)
	})
}

func TestGatherBySize(t *testing.T) {
	c := &fakeCollector{}
	bubble(t, c, Config{MaxRequest: 1000, MaxDelay: time.Hour}, func(t *testing.T, e *Exporter) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		begin := time.Now()
		err := e.Send(ctx, []Group{records("a", 20, 100)})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v: what is left of a large Send must wait for more", err)
		}
		equal(t, "time", c.times[1].Sub(begin), time.Duration(0))
		equal(t, "records by request", c.sizes(), "[9 9]")
	})
}

// While nothing is under way, a quarter of a request need not wait for the rest;
// what comes until it is answered leaves together.
func TestGatherWhileIdle(t *testing.T) {
	c := &fakeCollector{answer: func(int, []string) answer { return answer{latency: time.Second} }}
	bubble(t, c, Config{MaxRequest: 1000, MaxDelay: time.Hour}, func(t *testing.T, e *Exporter) {
		begin := time.Now()
		var wg sync.WaitGroup
		for i, n := range []int{1, 3, 2, 2, 1} { // records of 100 bytes
			wg.Go(func() { mustSend(t, e, records(string(rune('a'+i)), n, 100)) })
			time.Sleep(100 * time.Millisecond)
		}
		wg.Wait()
		equal(t, "records by request", c.sizes(), "[4 5]")
		equal(t, "first", c.times[0].Sub(begin), 100*time.Millisecond)
		equal(t, "second", c.times[1].Sub(begin), 1100*time.Millisecond)
	})
}

// No request may be larger than MaxRequest, headers and all, unless it is a
// single record.
func TestRequestsFit(t *testing.T) {
	c := &sizedCollector{}
	synctest.Test(t, func(t *testing.T) {
		cfg := Config{MaxRequest: 1000, Blocked: ready}.withDefaults()
		e, err := newExporter(cfg, c)
		if err != nil {
			t.Fatal(err)
		}
		var groups []Group
		for i := range 40 {
			groups = append(groups, records(fmt.Sprint("source", i%7), i%9, 3+i*17%200))
		}
		groups = append(groups, records("big", 3, 2000))
		mustSend(t, e, groups...)
		for _, r := range c.seen {
			if r.size > 1000 && r.records > 1 {
				t.Errorf("request of %d bytes with %d records", r.size, r.records)
			}
		}
		if len(c.seen) > 30 {
			t.Errorf("%d requests: they are not filled", len(c.seen))
		}
		if err := e.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

type sizedCollector struct {
	mu   sync.Mutex
	seen []struct{ size, records int }
}

func (c *sizedCollector) send(_ context.Context, p *payload) answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen = append(c.seen, struct{ size, records int }{p.size, p.records})
	return answer{}
}

func (c *sizedCollector) watch(context.Context, func()) {}

func (c *sizedCollector) close() error { return nil }

// With Blocked, a request leaves as soon as every source waits.
func TestGatherByBlocked(t *testing.T) {
	c := &fakeCollector{}
	asked := []int{}
	cfg := Config{MaxDelay: time.Hour, Blocked: func(waiting int) bool {
		asked = append(asked, waiting)
		return waiting == 3
	}}
	bubble(t, c, cfg, func(t *testing.T, e *Exporter) {
		begin := time.Now()
		var wg sync.WaitGroup
		for i := range 3 {
			wg.Go(func() { mustSend(t, e, records(string(rune('a'+i)), 1, 1)) })
			time.Sleep(time.Second)
		}
		wg.Wait()
		equal(t, "requests", c.requests, "[[a0 b0 c0]]")
		equal(t, "time", c.times[0].Sub(begin), 2*time.Second)
		equal(t, "asked", asked, "[1 2 3]")
	})
}

func TestPoke(t *testing.T) {
	c := &fakeCollector{}
	var last atomic.Bool
	bubble(t, c, Config{MaxDelay: time.Hour, Blocked: func(int) bool { return last.Load() }}, func(t *testing.T, e *Exporter) {
		var wg sync.WaitGroup
		wg.Go(func() { mustSend(t, e, records("a", 1, 1)) })
		time.Sleep(time.Minute)
		equal(t, "before", c.attempts(), 0)
		last.Store(true)
		e.Poke()
		wg.Wait()
	})
}

// A source that goes away while others wait may leave only such as wait.
func TestWithdrawAsksAgain(t *testing.T) {
	c := &fakeCollector{}
	cfg := Config{MaxDelay: time.Hour, Blocked: func(waiting int) bool { return waiting == 1 }}
	bubble(t, c, cfg, func(t *testing.T, e *Exporter) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var wg sync.WaitGroup
		others := func(n int) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.calls += n
		}
		others(1) // somebody waits already, so that neither call is alone at first
		begin := time.Now()
		wg.Go(func() { _ = e.Send(ctx, []Group{records("gone", 1, 1)}) })
		wg.Go(func() { mustSend(t, e, records("a", 1, 1)) })
		synctest.Wait()
		others(-1)
		wg.Wait()
		equal(t, "accepted", c.names(), "[a0]")
		equal(t, "after", time.Since(begin), 10*time.Second)
	})
}

func TestConcurrency(t *testing.T) {
	for _, limit := range []int{1, 2, 5} {
		c := &fakeCollector{answer: func(int, []string) answer { return answer{latency: time.Second} }}
		bubble(t, c, Config{Concurrency: limit, MaxRequest: 1000, Blocked: ready}, func(t *testing.T, e *Exporter) {
			begin := time.Now()
			mustSend(t, e, records("a", 90, 100))
			equal(t, "most requests at once", c.mostBusy, limit)
			equal(t, "time", time.Since(begin), time.Duration(10/limit)*time.Second)
		})
	}
}

// While a request is refused, another one that is accepted shows that the
// collector is back, and the first does not sleep on.
func TestAcceptanceWakes(t *testing.T) {
	var mu sync.Mutex
	down := true
	c := &fakeCollector{}
	c.answer = func(int, []string) answer {
		mu.Lock()
		defer mu.Unlock()
		if down {
			return answer{verdict: again, code: "UNAVAILABLE"}
		}
		return answer{}
	}
	bubble(t, c, Config{Blocked: ready}, func(t *testing.T, e *Exporter) {
		var wg sync.WaitGroup
		ends := make([]time.Time, 2)
		for i := range ends {
			wg.Go(func() {
				mustSend(t, e, records("a", 1, 1))
				ends[i] = time.Now()
			})
		}
		time.Sleep(10 * time.Minute)
		mu.Lock()
		down = false
		mu.Unlock()
		wg.Wait()
		if apart := ends[0].Sub(ends[1]).Abs(); apart > time.Second {
			t.Errorf("the second came %v after the first", apart)
		}
	})
}

// A connection that has been made ends the wait for the next attempt.
func TestConnectionWakes(t *testing.T) {
	var begin time.Time
	c := &fakeCollector{connects: 61 * time.Minute, answer: func(int, []string) answer {
		if time.Since(begin) < time.Hour {
			return answer{verdict: again, code: "UNAVAILABLE", delay: 0}
		}
		return answer{}
	}}
	for range 20 { // the back-off is random
		c.n = 0
		bubble(t, c, Config{Blocked: ready}, func(t *testing.T, e *Exporter) {
			begin = time.Now().Add(time.Minute - time.Second)
			mustSend(t, e, records("a", 1, 1))
			if late := time.Since(begin) - time.Hour; late > time.Second {
				t.Fatalf("delivered %v late", late)
			}
		})
	}
}

// A call that withdraws takes only its own records out of a request.
func TestWithdrawFromSharedRequest(t *testing.T) {
	c := &fakeCollector{answer: func(n int, _ []string) answer {
		if n == 1 {
			return answer{latency: time.Hour}
		}
		return answer{}
	}}
	bubble(t, c, Config{MaxDelay: time.Millisecond, Timeout: 2 * time.Hour}, func(t *testing.T, e *Exporter) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		var wg sync.WaitGroup
		begin := time.Now()
		wg.Go(func() {
			if err := e.Send(ctx, []Group{records("gone", 2, 1)}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v", err)
			}
			equal(t, "withdrawn after", time.Since(begin), time.Minute)
		})
		wg.Go(func() { mustSend(t, e, records("a", 2, 1)) })
		wg.Wait()
		equal(t, "took", time.Since(begin), time.Minute)
		equal(t, "accepted", c.names(), "[a0 a1]")
		equal(t, "interrupted attempts do not count as failures", e.Status().LatencyCount, 1)
	})
}

// What a call is told adds up to its records, and over all calls to what the
// status counts.
func TestOutcome(t *testing.T) {
	c := &fakeCollector{answer: func(n int, names []string) answer {
		if slices.Contains(names, "b1") {
			return answer{verdict: refused, code: "CODE"}
		}
		return answer{rejected: int64(min(3, len(names)-1)), message: "too old"}
	}}
	cfg := Config{MaxDelay: time.Millisecond, DeadLetters: letters(t)}
	bubble(t, c, cfg, func(t *testing.T, e *Exporter) {
		outcomes := make([]Outcome, 3)
		sizes := []int{2, 4, 5}
		var wg sync.WaitGroup
		for i, n := range sizes {
			wg.Go(func() {
				d, err := e.Enqueue([]Group{records(string(rune('a'+i)), n, 10)})
				if err != nil {
					t.Error(err)
					return
				}
				if outcomes[i], err = d.Wait(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var sum Outcome
		for i, o := range outcomes {
			equal(t, "records", o.Accepted+o.Rejected+o.Dead, sizes[i])
			sum.Accepted += o.Accepted
			sum.Rejected += o.Rejected
			sum.Dead += o.Dead
		}
		s := e.Status()
		equal(t, "sum", sum, Outcome{int(s.Accepted), int(s.Rejected), int(s.Dead)})
		equal(t, "of b", outcomes[1].Dead, 1)
	})
}

func TestCloseEndsSends(t *testing.T) {
	c := &fakeCollector{answer: func(int, []string) answer { return answer{verdict: again, code: "UNAVAILABLE"} }}
	bubble(t, c, Config{Blocked: ready}, func(t *testing.T, e *Exporter) {
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				if err := e.Send(t.Context(), []Group{records("a", 1, 1)}); !errors.Is(err, ErrClosed) {
					t.Errorf("error %v", err)
				}
			})
		}
		time.Sleep(time.Hour)
		if err := e.Close(t.Context()); err != nil {
			t.Error(err)
		}
		wg.Wait()
	})
}

// letters returns a Config with dead letters in a directory of the test's.
func letters(t *testing.T) DeadLetters {
	return DeadLetters{Path: filepath.Join(t.TempDir(), "dead-letters.jsonl")}
}

// refuseIf refuses each request that holds a record called name.
func refuseIf(v verdict, code string, names ...string) func(int, []string) answer {
	return func(_ int, in []string) answer {
		for _, name := range names {
			if slices.Contains(in, name) {
				return answer{verdict: v, code: code, message: "cannot take " + name}
			}
		}
		return answer{}
	}
}

func TestIsolation(t *testing.T) {
	tests := []struct {
		name    string
		verdict verdict
		bad     []string
		records int
		most    int // attempts
		probes  int
	}{
		{"one of a thousand", refused, []string{"a617"}, 1000, 25, 0},
		{"the first", refused, []string{"a0"}, 1000, 25, 0},
		{"the last, with nothing after it", refused, []string{"a999"}, 1000, 25, 1},
		{"two apart", refused, []string{"a3", "a700"}, 1000, 50, 0},
		{"alone", refused, []string{"a0"}, 1, 4, 1},
		{"all of two", refused, []string{"a0", "a1"}, 2, 8, 1},
		{"all of thirty", refused, namesOf("a", 30), 30, 140, 4},
		{"too large", tooLarge, []string{"a5"}, 10, 12, 0},
		{"answered with INTERNAL for ever", faulty, []string{"a5"}, 1000, 45, 0},
		{"alone and answered with INTERNAL", faulty, []string{"a0"}, 1, 25, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &fakeCollector{answer: refuseIf(tt.verdict, "CODE", tt.bad...)}
			bubble(t, c, Config{Blocked: ready, DeadLetters: letters(t)}, func(t *testing.T, e *Exporter) {
				mustSend(t, e, records("a", tt.records, 50))
				want := slices.DeleteFunc(namesOf("a", tt.records), func(s string) bool { return slices.Contains(tt.bad, s) })
				equal(t, "accepted", c.names(), want)
				equal(t, "dead", e.Status().Dead, len(tt.bad))
				equal(t, "letters", e.Status().DeadLetters.Letters, len(tt.bad))
				equal(t, "probes", c.probes, tt.probes)
				if n := c.attempts(); n > tt.most {
					t.Errorf("%d attempts, want at most %d", n, tt.most)
				}
				for name, n := range c.accepted {
					if n != 1 {
						t.Errorf("%s was accepted %d times", name, n)
					}
				}
			})
		})
	}
}

// A partial success that rejects everything accepts nothing, so it is no proof
// that the collector is well.
func TestRejectingAllIsNoAcceptance(t *testing.T) {
	var end time.Time
	c := &fakeCollector{answer: func(_ int, names []string) answer {
		switch {
		case time.Now().After(end):
			return answer{}
		case names[0] == "a0":
			return answer{verdict: refused, code: "CODE"}
		}
		return answer{rejected: int64(len(names)), message: "nothing today"}
	}}
	bubble(t, c, Config{Blocked: ready, DeadLetters: letters(t)}, func(t *testing.T, e *Exporter) {
		end = time.Now().Add(time.Hour)
		mustSend(t, e, records("a", 1, 50))
		equal(t, "dead", e.Status().Dead, 0)
	})
}

// A collector that refuses everything is at fault itself: nothing is given up,
// and it is not flooded while that lasts.
func TestCollectorRefusesEverything(t *testing.T) {
	for _, v := range []verdict{refused, tooLarge, faulty} {
		var end time.Time
		c := &fakeCollector{answer: func(int, []string) answer {
			if time.Now().Before(end) {
				return answer{verdict: v, code: "CODE"}
			}
			return answer{}
		}}
		bubble(t, c, Config{Blocked: ready, DeadLetters: letters(t), MaxRequest: 64 << 10}, func(t *testing.T, e *Exporter) {
			end = time.Now().Add(time.Hour)
			var wg sync.WaitGroup
			for i := range 3 {
				wg.Go(func() { mustSend(t, e, records(string(rune('a'+i)), 300, 50)) })
			}
			wg.Wait()
			equal(t, "dead", e.Status().Dead, 0)
			equal(t, "accepted", len(c.accepted), 900)
			if n := c.attempts(); n > 2*180+60*3 {
				t.Errorf("%d attempts in an hour", n)
			}
			if late := time.Since(end); late > time.Minute {
				t.Errorf("done %v after the collector came back", late)
			}
		})
	}
}

// Ten equal answers begin the search; nine and a different one do not.
func TestEqualAnswers(t *testing.T) {
	c := &fakeCollector{answer: func(n int, _ []string) answer {
		if n > 60 {
			return answer{}
		}
		return answer{verdict: faulty, code: []string{"INTERNAL", "UNKNOWN"}[n/9%2]}
	}}
	bubble(t, c, Config{Blocked: ready, DeadLetters: letters(t)}, func(t *testing.T, e *Exporter) {
		mustSend(t, e, records("a", 10, 50))
		for i, r := range c.requests {
			if len(r) != 10 {
				t.Fatalf("request %d has %d records", i, len(r))
			}
		}
	})
}

// A limit that the collector has shown is kept to, and forgotten in time.
func TestLearnedLimit(t *testing.T) {
	const limit = 200 << 10
	c := &fakeCollector{answer: func(_ int, names []string) answer {
		if len(names)*1003 > limit {
			return answer{verdict: tooLarge, code: "HTTP 413"}
		}
		return answer{}
	}}
	bubble(t, c, Config{Blocked: ready}, func(t *testing.T, e *Exporter) {
		mustSend(t, e, records("a", 1000, 1000))
		refusals := e.Status().Requests["HTTP 413"]
		mustSend(t, e, records("b", 1000, 1000))
		equal(t, "refusals once the limit is known", e.Status().Requests["HTTP 413"], refusals)
		time.Sleep(limitLasts + time.Second)
		mustSend(t, e, records("c", 1000, 1000))
		if e.Status().Requests["HTTP 413"] == refusals {
			t.Error("the limit is never tried again")
		}
		equal(t, "dead", e.Status().Dead, 0)
		equal(t, "accepted", len(c.accepted), 3000)
	})
}

// An answer may come before Enqueue returns. Nothing but the answer is to settle what
// was handed over then: done, closed twice, would end the program. With -race it is told
// however late the answer comes, if nothing but done is asked.
func TestAnsweredAtOnce(t *testing.T) {
	e, err := newExporter(Config{MaxDelay: time.Millisecond}.withDefaults(), &fakeCollector{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		d, err := e.Enqueue([]Group{records("a", 1+i, 100)})
		if err != nil {
			t.Fatal(err)
		}
		<-d.c.done
	}
	d, err := e.Enqueue(nil)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := d.Wait(t.Context()); err != nil || out != (Outcome{}) {
		t.Errorf("of no records: %+v, %v", out, err)
	}
	if err := e.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// A request that is over leaves nothing behind: a context that is not cancelled would be
// kept by the Exporter's until that ends.
func TestRequestEndsItsContext(t *testing.T) {
	answered := make(chan struct{})
	c := &fakeCollector{answer: func(int, []string) answer { <-answered; return answer{} }}
	bubble(t, c, Config{}, func(t *testing.T, e *Exporter) {
		answered = make(chan struct{}) // of this bubble
		d, err := e.Enqueue([]Group{records("a", 1, 100)})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		e.mu.Lock()
		r := d.c.requests[0]
		e.mu.Unlock()
		close(answered)
		synctest.Wait()
		if e.Status().InFlight != 0 {
			t.Fatal("it is not over")
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		if r.ctx.Err() == nil {
			t.Error("the context of a request that is over is not")
		}
	})
}

// A timer that is due at once is one for something that can leave: it would be due again
// and again otherwise.
func TestTimerIsForWhatCanLeave(t *testing.T) {
	for _, concurrency := range []int{1, 2, 4} {
		for _, slow := range []pace{0, 1000} {
			for inFlight := range concurrency + 2 {
				for freshOut := range 2 {
					for _, waits := range []string{"nothing", "fresh", "rest", "both"} {
						e, err := newExporter(Config{Concurrency: concurrency}.withDefaults(), &fakeCollector{})
						if err != nil {
							t.Fatal(err)
						}
						e.mu.Lock()
						old := time.Now().Add(-time.Hour)
						g := records("a", 1, 100)
						if waits == "fresh" || waits == "both" {
							e.fresh.add(&call{origin: 1, fresh: true}, &g, old)
						}
						if waits == "rest" || waits == "both" {
							e.pending.add(&call{origin: 2}, &g, old)
						}
						e.inFlight, e.freshOut = inFlight, min(freshOut, inFlight)
						e.pace = slow
						e.arm()
						armed := e.timer != nil
						if armed {
							e.timer.Stop()
						}
						if pieces, _ := e.depart(1 << 20); armed != (len(pieces) > 0) {
							t.Errorf("concurrency %d, %d under way, %d of them fresh, pace %d, waiting: %s: armed %v, and %d pieces leave", concurrency, inFlight, e.freshOut, slow, waits, armed, len(pieces))
						}
						e.fresh, e.pending, e.inFlight, e.freshOut = queue{}, queue{}, 0, 0
						e.mu.Unlock()
						if err := e.Close(t.Context()); err != nil {
							t.Error(err)
						}
					}
				}
			}
		}
	}
}
