package exporter

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// A Status is what an Exporter has done since it was made, and how it is.
type Status struct {
	Endpoint string `json:"endpoint"`
	Protocol string `json:"protocol"`

	Requests     map[string]int64 `json:"requests"`      // attempts by code of the answer
	Accepted     int64            `json:"accepted"`      // records acknowledged, rejected ones not among them
	Rejected     int64            `json:"rejected"`      // records refused by partial success
	Dead         int64            `json:"dead"`          // records that became dead letters
	Retries      int64            `json:"retries"`       // waits before an attempt was repeated
	Bytes        int64            `json:"bytes"`         // of accepted requests, before compression
	WireBytes    int64            `json:"wire_bytes"`    // of all attempts, after compression
	LatencySum   time.Duration    `json:"latency_sum"`   // of all attempts
	LatencyCount int64            `json:"latency_count"` // of all attempts
	LastLatency  time.Duration    `json:"last_latency"`  // of the last accepted request
	InFlight     int              `json:"in_flight"`     // requests sent or waiting to be sent again
	Waiting      int              `json:"waiting"`       // Send calls with unsettled records
	PendingBytes int              `json:"pending_bytes"` // not in a request yet
	Limit        int              `json:"request_limit"` // bytes; below max_request when the collector takes less
	Connected    bool             `json:"connected"`     // the last answer accepted records
	LastAccepted time.Time        `json:"last_accepted"` // zero if never
	Paused       bool             `json:"paused"`        // a dead letter cannot be written
	DeadLetters  DeadLetterStatus `json:"dead_letters"`  // what is in the file
	LastError    *Failure         `json:"last_error"`    // nil if there was none
}

// A Failure is an answer that accepted nothing, in words for people.
type Failure struct {
	Time    time.Time `json:"time"`
	Code    string    `json:"code"`
	Message string    `json:"message"` // the collector's
	Hint    string    `json:"hint"`    // ours; may be empty
}

// counters are what Status reports.
type counters struct {
	dead    atomic.Int64
	retries atomic.Int64

	mu           sync.Mutex
	requests     map[string]int64 // a code or two dozen at most
	accepted     int64
	rejected     int64
	bytes        int64
	wire         int64
	latency      time.Duration
	attempts     int64
	lastLatency  time.Duration
	connected    bool
	failing      bool      // something went wrong since the last acceptance
	since        time.Time // it first did
	lastAccepted time.Time
	lastError    *Failure
}

// Status returns how the Exporter is.
func (e *Exporter) Status() Status {
	s := Status{
		Endpoint:    e.endpoint,
		Protocol:    e.cfg.Protocol,
		Dead:        e.stats.dead.Load(),
		Retries:     e.stats.retries.Load(),
		DeadLetters: e.dead.status(),
	}
	e.stats.report(&s)
	e.mu.Lock()
	defer e.mu.Unlock()
	s.InFlight, s.Waiting, s.PendingBytes = e.inFlight, e.calls, e.fresh.bytes+e.pending.bytes
	s.Paused = e.paused > 0
	s.Limit = e.learned.limit(e.cfg.MaxRequest)
	return s
}

func (c *counters) report(s *Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s.Requests = maps.Clone(c.requests)
	s.Accepted, s.Rejected = c.accepted, c.rejected
	s.Bytes, s.WireBytes = c.bytes, c.wire
	s.LatencySum, s.LatencyCount, s.LastLatency = c.latency, c.attempts, c.lastLatency
	s.Connected, s.LastAccepted = c.connected, c.lastAccepted
	if c.lastError != nil {
		s.LastError = new(*c.lastError)
	}
}

// observe counts an attempt and says in the log what people should know.
func (e *Exporter) observe(a answer, p *payload) {
	recovered := e.stats.add(a, p)
	if recovered {
		e.log.Info("the collector accepts records again")
		if e.cfg.Recovered != nil {
			e.cfg.Recovered()
		}
		e.loud.forget(failing)
	}
	if a.refusedCompression != "" {
		e.loud.do("compression "+a.refusedCompression, func() {
			e.log.Info("the collector does not take this compression, a simpler one is used over this connection", "compression", a.refusedCompression, "answer", a.refusedCode)
		})
	}
	kind := failing + a.code + a.hint
	switch a.verdict {
	case accepted:
		if a.rejected > 0 || a.message != "" {
			e.loud.do("partial success", func() {
				e.log.Warn("the collector accepted a request with reservations", "rejected", a.rejected, "message", a.message)
			})
		}
	case unwelcome:
		e.loud.do(kind, func() {
			e.log.Error("the collector does not take our records; they are kept and tried again", "answer", a.code, "message", a.message, "hint", a.hint)
		})
	default:
		e.loud.do(kind, func() {
			e.log.Warn("a request failed and will be tried again", "answer", a.code, "message", a.message, "hint", a.hint)
		})
	}
}

// absence returns how long nothing has been accepted that was tried.
func (c *counters) absence() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.failing {
		return 0
	}
	return time.Since(c.since)
}

// isFailing reports whether something went wrong since records were accepted.
func (c *counters) isFailing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failing
}

// failing begins the kinds of complaint that a recovery makes news again.
const failing = "failing "

// add counts an attempt and reports whether it ended a time of failures.
func (c *counters) add(a answer, p *payload) (recovered bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.requests == nil {
		c.requests = map[string]int64{}
	}
	c.requests[a.code]++
	if a.refusedCompression != "" {
		c.requests[a.refusedCode]++
	}
	c.attempts++
	c.latency += a.latency
	c.wire += int64(a.wire)
	c.connected = a.verdict == accepted
	if a.verdict != accepted {
		if !c.failing {
			c.failing, c.since = true, time.Now()
		}
		c.lastError = &Failure{Time: time.Now(), Code: a.code, Message: a.message, Hint: a.hint}
		return false
	}
	rejected := min(a.rejected, int64(p.records))
	c.accepted += int64(p.records) - rejected
	c.rejected += rejected
	c.bytes += int64(p.size)
	c.lastLatency, c.lastAccepted = a.latency, time.Now()
	recovered, c.failing = c.failing, false
	return recovered
}
