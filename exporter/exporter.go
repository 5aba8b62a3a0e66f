// Package exporter delivers encoded records to an OpenTelemetry Collector and
// answers for each of them: Send returns nil once its records are settled.
//
// A record is settled when the collector has acknowledged it, or when the
// collector refuses it for good and it has been written to the dead letters.
// Everything else is tried again for as long as the caller is willing to wait,
// because the caller's data is on disk and costs nothing to keep.
package exporter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/rtcship/rtcship/internal/endpoint"
)

// A Group is records that share a resource and a scope, each already in
// OTLP's protobuf wire form
// (https://github.com/open-telemetry/opentelemetry-proto, logs/v1/logs.proto, and
// trace/v1/trace.proto for spans).
type Group struct {
	Resource []byte // an encoded Resource message, without tag and length; shared between groups
	Scope    []byte // an encoded InstrumentationScope message, without tag and length; shared between groups
	Records  []byte // encoded log_records fields of ScopeLogs, or spans fields of ScopeSpans, tag and length included, one after another
	Ends     []int  // where each record ends in Records, so that a request can be split
}

// ErrClosed is what Send returns after Close.
var ErrClosed = errors.New("exporter is closed")

// An Exporter gathers records of many callers into requests and sends them.
// All its methods may be called from several goroutines at once.
type Exporter struct {
	cfg      Config
	client   client
	payloads payloads
	dead     *deadLetters
	resend   sync.Mutex // held while the dead letters are sent again
	endpoint string     // for people
	log      *slog.Logger
	loud     *limiter // complaints to the log, each kind once in a while
	stats    counters

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	runs   sync.WaitGroup // one for each request under way

	mu       sync.Mutex
	fresh    queue       // of files that have no backlog
	pending  queue       // the others
	origins  map[any]int // calls of each with unsettled records that are not fresh
	flush    bool        // whatever is pending leaves as soon as a request may
	timer    *time.Timer
	inFlight int // requests
	freshOut int // those of them that have the place of what is fresh
	calls    int // Send calls with unsettled records
	closed   bool
	paused   int // requests that cannot write their dead letter; no other starts
	learned  sizeLimit
	pace     pace

	accepts acceptance
	trial   chan struct{} // held by the one request that meets the collector after a long absence
}

// New returns an Exporter for cfg. It reads the files that cfg names, so that
// a fault in them is known at once, and does not connect.
func New(cfg Config) (*Exporter, error) {
	cfg = cfg.withDefaults()
	if cfg.Deliver != nil {
		cfg.Endpoint, cfg.Protocol = "", "local"
		return newExporter(cfg, &localClient{deliver: cfg.Deliver})
	}
	target, err := parseEndpoint(cfg)
	if err != nil {
		return nil, err
	}
	creds, err := newCredentials(cfg.TLS, target.secure, cfg.Logger)
	if err != nil {
		return nil, err
	}
	headers, err := newHeaders(cfg.Headers, cfg.HeadersFile)
	if err != nil {
		return nil, err
	}
	client, err := newClient(cfg, target, creds, headers)
	if err != nil {
		return nil, err
	}
	client = &discreet{client, cfg.Signal, headers, append(proxySecrets(), endpointSecrets(cfg.Endpoint)...)}
	e, err := newExporter(cfg, client)
	if err != nil {
		return nil, errors.Join(err, client.close())
	}
	if target.plainGuess {
		e.log.Warn("the endpoint has no scheme and no TLS settings: records are sent unencrypted; write https:// or http:// to say what is meant",
			"endpoint", e.endpoint)
	}
	return e, nil
}

// newExporter returns an Exporter that sends with c. cfg has its defaults.
func newExporter(cfg Config, c client) (*Exporter, error) {
	dead, err := openDeadLetters(cfg.DeadLetters)
	if err != nil {
		return nil, err
	}
	e := &Exporter{
		cfg: cfg, endpoint: endpoint.Mask(cfg.Endpoint),
		client: c, dead: dead, log: cfg.Logger, loud: newLimiter(time.Minute), trial: make(chan struct{}, 1),
		origins: map[any]int{},
	}
	e.ctx, e.cancel = context.WithCancel(context.Background())
	e.runs.Go(func() { c.watch(e.ctx, e.accepts.wake) })
	return e, nil
}

func newClient(cfg Config, t target, creds *credentials, headers *headerSource) (client, error) {
	if cfg.Protocol == ProtocolHTTP {
		return newHTTPClient(cfg, t, creds, headers), nil
	}
	if t.roundRobin {
		return newDNSClient(cfg, t, creds, headers)
	}
	if cfg.MaxConnectionAge > 0 {
		return newAgeingClient(cfg, t, creds, headers), nil
	}
	return newGRPCClient(cfg, t, creds, headers)
}

// Send blocks until every record of groups is settled: acknowledged by the
// collector, or refused by it for good and kept as a dead letter. It then
// returns nil. It returns an error only if ctx ends first, or the Exporter is
// closed; the records may then have been delivered or not, and must be offered
// again.
//
// Send does not keep groups: when it has returned, the caller may reuse every
// buffer, whatever the network is still doing. Records of one call keep their
// order within a request; between requests order is not promised.
func (e *Exporter) Send(ctx context.Context, groups []Group) error {
	d, err := e.Enqueue(groups)
	if err != nil {
		return err
	}
	_, err = d.Wait(ctx)
	return err
}

// An Outcome says what became of the records of one call.
type Outcome struct {
	Accepted int // acknowledged
	Rejected int // refused by partial success; which ones the collector does not say
	Dead     int // kept as dead letters
}

// A Delivery is records that were handed over with Enqueue.
type Delivery struct {
	e *Exporter
	c *call
}

// Enqueue is the first half of Send and does not block: within a request,
// these records stand behind those of an earlier Enqueue. The caller must call
// Wait, and until that returns, the buffers of groups belong to the Exporter.
func (e *Exporter) Enqueue(groups []Group) (*Delivery, error) { return e.EnqueueOf(nil, groups) }

// EnqueueOf is Enqueue of records that come from one place, such as a file; origin
// is compared with ==. While the collector takes less than there is, few records at
// a time go before many of other origins, never before those of their own.
func (e *Exporter) EnqueueOf(origin any, groups []Group) (*Delivery, error) {
	c := &call{origin: origin, done: make(chan struct{})}
	if err := e.enter(c, groups); err != nil {
		return nil, err
	}
	return &Delivery{e, c}, nil
}

// Wait is the second half of Send, and says how the records were settled. The
// Outcome is zero if there is an error. What a partial success rejected of a
// request is put down to the calls in it in their order, since the answer has
// only a number. Not before Wait it is asked whether more can come (Config.Blocked):
// the next batch of a file is read from the moment on at which this one is enqueued.
func (d *Delivery) Wait(ctx context.Context) (Outcome, error) {
	e, c := d.e, d.c
	select {
	case <-c.done:
		return c.outcome, nil
	default:
	}
	e.evaluate()
	select {
	case <-c.done:
		return c.outcome, nil
	case <-ctx.Done():
		return e.withdraw(c, context.Cause(ctx))
	case <-e.ctx.Done():
		return e.withdraw(c, ErrClosed)
	}
}

func (e *Exporter) enter(c *call, groups []Group) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	size := 0
	for i := range groups {
		size += len(groups[i].Records)
	}
	c.fresh = c.origin != nil && size <= freshAtMost && e.origins[c.origin] == 0
	q := &e.pending
	if c.fresh {
		q = &e.fresh
	}
	now := time.Now()
	for i := range groups {
		q.add(c, &groups[i], now)
	}
	if c.unsettled == 0 {
		close(c.done) // here, since later all of it may be settled, and done closed, by an answer
		return nil
	}
	e.calls++
	if c.origin != nil && !c.fresh {
		e.origins[c.origin]++
	}
	e.pump()
	return nil
}

// freshAtMost is the size of a call up to which its file is taken for one without
// a backlog: one with more to read hands on more at a time.
const freshAtMost = 64 << 10

// leave notes that nothing of c waits any more. The caller holds e.mu.
func (e *Exporter) leave(c *call) {
	if c.origin == nil || c.fresh {
		return
	}
	if e.origins[c.origin]--; e.origins[c.origin] == 0 {
		delete(e.origins, c.origin)
	}
}

// withdraw takes back what has not left yet and waits until no request holds
// c's buffers. If everything was settled meanwhile, there is no error.
func (e *Exporter) withdraw(c *call, cause error) (Outcome, error) {
	e.mu.Lock()
	if c.unsettled > 0 {
		e.calls--
		e.leave(c)
	}
	c.withdrawn = true
	e.pending.remove(c)
	e.fresh.remove(c)
	for _, r := range c.requests {
		r.interrupt()
	}
	idle := c.whenIdle()
	e.mu.Unlock()
	<-idle
	e.evaluate() // fewer calls wait: perhaps those that do are all there are
	select {
	case <-c.done:
		return c.outcome, nil
	default:
		return Outcome{}, fmt.Errorf("deliver: %w", cause)
	}
}

// Poke tells the Exporter that the answer of Config.Blocked may have changed.
func (e *Exporter) Poke() { e.evaluate() }

// Close ends all Send calls that still wait and releases the connection. It
// returns when nothing is under way any more, or when ctx ends. A second call
// does nothing.
func (e *Exporter) Close(ctx context.Context) error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		return nil
	}
	e.closed = true
	if e.timer != nil {
		e.timer.Stop()
	}
	e.mu.Unlock()
	e.cancel()
	idle := make(chan struct{})
	go func() {
		e.runs.Wait()
		close(idle)
	}()
	var err error
	select {
	case <-idle:
	case <-ctx.Done():
		err = fmt.Errorf("close exporter: %w", context.Cause(ctx))
	}
	return errors.Join(err, e.client.close())
}
