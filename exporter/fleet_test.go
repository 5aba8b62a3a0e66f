package exporter

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// After a long absence the collector gets one small request first, and twice as
// much each time once it takes them.
func TestSlowStart(t *testing.T) {
	var end time.Time
	var mu sync.Mutex
	var sizes []int // of what came after the absence
	c := &fakeCollector{}
	c.answer = func(_ int, names []string) answer {
		if time.Now().Before(end) {
			return answer{verdict: again, code: "UNAVAILABLE"}
		}
		mu.Lock()
		defer mu.Unlock()
		sizes = append(sizes, len(names))
		return answer{latency: time.Second}
	}
	bubble(t, c, Config{Blocked: ready}, func(t *testing.T, e *Exporter) {
		end = time.Now().Add(time.Hour)
		var wg sync.WaitGroup
		for _, source := range []string{"a", "b"} {
			wg.Go(func() { mustSend(t, e, records(source, 3000, 1000)) })
		}
		wg.Wait()
		equal(t, "accepted", len(c.accepted), 6000)
		for name, n := range c.accepted {
			if n != 1 {
				t.Errorf("%s came %d times", name, n)
			}
		}
		if sizes[0] > smallTrial/1000 {
			t.Errorf("the first request has %d records", sizes[0])
		}
		if len(sizes) > 20 {
			t.Errorf("%d requests: %v", len(sizes), sizes)
		}
		// The trial is alone: the next request is sent when it is answered.
		first := slices.IndexFunc(c.times, func(at time.Time) bool { return !at.Before(end) })
		if apart := c.times[first+1].Sub(c.times[first]); apart < time.Second {
			t.Errorf("the second request came %v after the first", apart)
		}
		if late := c.times[first].Sub(end); late > 30*time.Second {
			t.Errorf("the first came %v late", late)
		}
	})
}

// A short failure is no absence: nothing is cut.
func TestNoSlowStartAfterAHiccup(t *testing.T) {
	c := &fakeCollector{answer: func(n int, _ []string) answer {
		if n <= 3 {
			return answer{verdict: again, code: "UNAVAILABLE"}
		}
		return answer{}
	}}
	bubble(t, c, Config{Blocked: ready}, func(t *testing.T, e *Exporter) {
		mustSend(t, e, records("a", 1000, 1000))
		equal(t, "requests", c.sizes(), "[1000 1000 1000 1000]")
	})
}

// Many senders whose collector was away come back one by one: whichever of the
// two back-offs it is, no second sees more than three times the mean of the
// minute after, and all are back within it.
func TestFleetComesBackSpread(t *testing.T) {
	grpcDelay := func(n int) time.Duration { // as https://github.com/grpc/grpc/blob/master/doc/connection-backoff.md has it
		d := min(float64(reconnecting.BaseDelay)*math.Pow(reconnecting.Multiplier, float64(n)), float64(reconnecting.MaxDelay))
		return time.Duration(d * (1 + reconnecting.Jitter*(2*rand.Float64()-1)))
	}
	const members = 20_000
	const chance = 130 // four standard deviations of the members that come in a second
	for name, delay := range map[string]func(int) time.Duration{"connections": grpcDelay, "requests": backoffDelay} {
		for _, away := range []time.Duration{3 * time.Minute, time.Hour} {
			t.Run(fmt.Sprint(name, " after ", away), func(t *testing.T) {
				seconds := map[int]int{}
				var last time.Duration
				for range members {
					at := time.Duration(0)
					for n := 0; at < away; n++ {
						at += delay(n)
					}
					seconds[int((at-away)/time.Second)]++
					last = max(last, at-away)
				}
				for second, n := range seconds {
					if n > 3*members/60+chance {
						t.Errorf("%d of %d come in second %d", n, members, second)
					}
				}
				if last > time.Minute {
					t.Errorf("the last comes after %v", last)
				}
			})
		}
	}
}

// named is the client of one address.
type named struct {
	addr   string
	mu     sync.Mutex
	calls  int
	closed bool
	answer func() answer
}

func (n *named) send(context.Context, *payload) answer {
	n.mu.Lock()
	n.calls++
	n.mu.Unlock()
	if n.answer != nil {
		return n.answer()
	}
	return answer{code: "OK"}
}

func (n *named) watch(ctx context.Context, _ func()) { <-ctx.Done() }

func (n *named) close() error {
	n.closed = true
	return nil
}

// A name server and what was made of its answers.
type names struct {
	addrs   []string
	err     error
	lookups int
	dialled []*named
	down    map[string]bool
}

func (s *names) balancer() *balancer {
	return newBalancer(
		func(context.Context) ([]string, error) {
			s.lookups++
			return slices.Clone(s.addrs), s.err
		},
		func(addr string) (client, error) {
			n := &named{addr: addr}
			n.answer = func() answer {
				if s.down[addr] {
					return answer{verdict: again, code: "UNAVAILABLE"}
				}
				return answer{code: "OK"}
			}
			s.dialled = append(s.dialled, n)
			return n, nil
		})
}

func (s *names) of(addr string) *named {
	for _, n := range slices.Backward(s.dialled) {
		if n.addr == addr {
			return n
		}
	}
	return &named{}
}

func sendFor(t *testing.T, b *balancer, d time.Duration) (failed int) {
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if a := b.send(t.Context(), nil); a.verdict != accepted {
			failed++
		}
	}
	return failed
}

func TestBalancer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &names{addrs: []string{"a", "b"}, down: map[string]bool{}}
		b := s.balancer()
		sendFor(t, b, 10*time.Second)
		if a, b := s.of("a").calls, s.of("b").calls; a != b || a+b != 100 {
			t.Errorf("%d and %d calls", a, b)
		}
		// One more, which gets its share soon.
		s.addrs = []string{"a", "b", "c"}
		sendFor(t, b, lookupEvery)
		before := s.of("c").calls
		sendFor(t, b, 30*time.Second)
		if n := s.of("c").calls - before; n < 90 || n > 110 {
			t.Errorf("the new one gets %d of 300 calls", n)
		}
		// One fewer: nothing is sent there, and it is closed.
		s.addrs = []string{"b", "c"}
		sendFor(t, b, lookupEvery)
		old := s.of("a")
		before = old.calls
		sendFor(t, b, time.Minute)
		if old.calls != before || !old.closed {
			t.Errorf("%d calls to one that has left, closed: %v", old.calls-before, old.closed)
		}
		// One that is down fails once, and is replaced by what the name says by then.
		s.down["b"] = true
		s.addrs = []string{"c", "d"}
		if failed := sendFor(t, b, 5*time.Second); failed > 2 {
			t.Errorf("%d calls failed", failed)
		}
		if s.of("d").calls == 0 || !s.of("b").closed {
			t.Error("the name was not looked up when an address failed")
		}
		// A name server in trouble is no reason to stop.
		s.err = errors.New("no such host")
		if failed := sendFor(t, b, time.Minute); failed > 0 {
			t.Errorf("%d calls failed", failed)
		}
		// Nobody asks for a name when nothing is sent.
		before = s.lookups
		time.Sleep(time.Hour)
		if s.lookups != before {
			t.Errorf("%d lookups in an idle hour", s.lookups-before)
		}
		if err := b.close(); err != nil {
			t.Error(err)
		}
		if a := b.send(t.Context(), nil); a.verdict != again || a.message == "" {
			t.Errorf("after the end: %+v", a)
		}
	})
}

// A collector that is slow holds up no more than the calls it has: the others go
// where the fewest are under way.
func TestBalancerGoesAroundASlowOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &names{addrs: []string{"a", "b", "c"}}
		b := s.balancer()
		sendFor(t, b, time.Second)
		s.of("a").answer = func() answer { time.Sleep(time.Minute); return answer{code: "OK"} }
		before := s.of("a").calls
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { sendFor(t, b, 30*time.Second) })
		}
		wg.Wait()
		if n := s.of("a").calls - before; n != 1 {
			t.Errorf("%d calls wait for the slow one", n)
		}
		if err := b.close(); err != nil {
			t.Error(err)
		}
	})
}

// A collector that refuses has a rest, longer each time, and its share again when
// it takes calls.
func TestBalancerComesBackToOneThatRefused(t *testing.T) {
	for code, ans := range map[string]answer{
		"for want of memory": {verdict: again, code: "UNAVAILABLE", answered: true},
		"a full queue":       {verdict: again, code: "RESOURCE_EXHAUSTED", answered: true},
		"says how long":      {verdict: again, code: "UNAVAILABLE", answered: true, delay: 20 * time.Second},
		"no answer":          {verdict: again, code: "DEADLINE_EXCEEDED"},
	} {
		t.Run(code, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &names{addrs: []string{"a", "b"}}
				b := s.balancer()
				sendFor(t, b, time.Second)
				lookups := s.lookups
				s.of("a").answer = func() answer { return ans }
				if failed := sendFor(t, b, 5*time.Minute); failed == 0 || failed > 20 {
					t.Errorf("%d of 3000 calls went to the one that refuses", failed)
				}
				if n := s.lookups - lookups; ans.answered && n > 42 {
					t.Errorf("%d lookups, although it is there", n)
				}
				s.of("a").answer = nil
				sendFor(t, b, 40*time.Second) // the last rest
				before := s.of("a").calls
				sendFor(t, b, 10*time.Second)
				if n := s.of("a").calls - before; n < 49 || n > 51 { // a round may be begun and not ended
					t.Errorf("it gets %d of 100 calls afterwards", n)
				}
				if err := b.close(); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestBalancerWithoutAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &names{err: errors.New("lookup c: no such host")}
		b := s.balancer()
		if a := b.send(t.Context(), nil); a.verdict != again || a.hint == "" {
			t.Errorf("%+v", a)
		}
		sendFor(t, b, time.Minute)
		if s.lookups > 32 {
			t.Errorf("%d lookups in a minute", s.lookups)
		}
		s.addrs, s.err = []string{"a"}, nil
		if failed := sendFor(t, b, 10*time.Second); failed > 30 {
			t.Errorf("%d calls failed", failed)
		}
		if err := b.close(); err != nil {
			t.Error(err)
		}
	})
}

func TestConnectionAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &names{addrs: []string{"a"}}
		b := s.balancer()
		b.age = time.Minute
		sendFor(t, b, 10*time.Minute)
		if n := len(s.dialled); n < 9 || n > 12 {
			t.Errorf("%d connections in ten minutes", n)
		}
		for _, n := range s.dialled[:len(s.dialled)-1] {
			if !n.closed {
				t.Error("an old one stays open")
			}
		}
		if err := b.close(); err != nil {
			t.Error(err)
		}
	})
}

func TestParseDNS(t *testing.T) {
	for target, want := range map[string]string{
		"dns:///c.test:4317": " c.test 4317", "dns://10.0.0.1/c.test:4317": "10.0.0.1:53 c.test 4317",
		"dns://10.0.0.1:5353/c:1": "10.0.0.1:5353 c 1", "dns:c.test:1": " c.test 1", "dns:///c.test": " c.test 443", "dns:///[::1]:1": " ::1 1",
	} {
		server, host, port, err := parseDNS(target)
		if got := server + " " + host + " " + port; got != want || err != nil {
			t.Errorf("%q: %q, %v, want %q", target, got, err, want)
		}
	}
	for _, target := range []string{"dns:///", "dns:///:1", "dns://"} {
		if _, _, _, err := parseDNS(target); err == nil {
			t.Errorf("%q is taken", target)
		}
	}
}
