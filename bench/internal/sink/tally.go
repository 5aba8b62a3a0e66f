package sink

import (
	"slices"
	"sync"
	"time"

	"github.com/rtcship/rtcship/bench/internal/corpus"
)

// A Plan says which lines are expected.
type Plan struct {
	Lines  int64 // numbered 0 to Lines-1 by their timestamps; 0 if Delays is set
	Delays bool  // lines are stamped with the time of writing; see corpus.Shift
}

// A Tally is what has arrived since the last plan was given.
type Tally struct {
	Requests int64
	Bytes    int64 // of requests, in wire form, without gRPC's framing
	Wire     int64 // the same as it came, compressed or not; may be a request behind
	Records  int64 // all of them, a program's own log included
	Lines    int64 // expected lines, each counted once
	Repeats  int64 // expected lines that had arrived before
	First    time.Time
	Last     time.Time
}

// Delays is how long lines took from write to arrival.
type Delays struct {
	Median, P99, Max time.Duration
}

// A counter keeps the tally. Its methods may be called from several
// goroutines at once.
type counter struct {
	mu     sync.Mutex
	plan   Plan
	tally  Tally
	seen   []uint64 // one bit for each numbered line
	delays []time.Duration
}

// maxDelays bounds the delays that are kept.
const maxDelays = 1 << 21

func (c *counter) reset(p Plan) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plan, c.tally = p, Tally{}
	c.seen = make([]uint64, (p.Lines+63)/64)
	c.delays = nil
	if p.Delays {
		c.delays = make([]time.Duration, 0, 1<<18)
	}
}

// request counts one request. walk calls its argument with each record's time.
func (c *counter) request(bytes int, walk func(record func(unixNano uint64)) error) error {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tally.Requests == 0 {
		c.tally.First = now
	}
	c.tally.Requests++
	c.tally.Bytes += int64(bytes)
	c.tally.Last = now
	if c.plan.Delays {
		shifted := now.Add(-corpus.Shift).UnixNano()
		return walk(func(t uint64) { c.delayed(shifted - int64(t)) })
	}
	base := corpus.Base.UnixNano()
	return walk(func(t uint64) { c.numbered(int64(t) - base) })
}

// wire counts a request of so many bytes as it came.
func (c *counter) wire(bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tally.Wire += int64(bytes)
}

// delayed counts a record that arrived so many nanoseconds after its time. A
// line of this run is never a minute late; another record is years off.
func (c *counter) delayed(ns int64) {
	c.tally.Records++
	delay := time.Duration(ns)
	if delay < -time.Second || delay > time.Minute {
		return
	}
	c.tally.Lines++
	if len(c.delays) < maxDelays {
		c.delays = append(c.delays, delay)
	}
}

// numbered counts the record of a line, given its time after corpus.Base.
func (c *counter) numbered(ns int64) {
	c.tally.Records++
	n := ns / int64(corpus.Step)
	if ns < 0 || n >= c.plan.Lines {
		return
	}
	word, bit := &c.seen[n/64], uint64(1)<<(n%64)
	if *word&bit != 0 {
		c.tally.Repeats++
		return
	}
	*word |= bit
	c.tally.Lines++
}

func (c *counter) current() Tally {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.tally
}

func (c *counter) measured() Delays {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.delays)
	if n == 0 {
		return Delays{}
	}
	slices.Sort(c.delays)
	return Delays{Median: c.delays[n/2], P99: c.delays[n*99/100], Max: c.delays[n-1]}
}
