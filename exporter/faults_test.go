package exporter_test

import (
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/exporter/exportertest"
)

// A fault is one way in which a collector may misbehave, and what must come of
// it. Nothing may ever be lost: each record is taken by the receiver, or is a
// dead letter.
type fault struct {
	name    string
	only    string // a protocol, if it makes sense over one only
	cfg     exportertest.Config
	answer  func(n int, r *exportertest.Request) *exportertest.Fault // n counts from 1
	admit   func(n int) bool
	client  func(*exporter.Config)
	size    int // of the bodies; 100 if 0
	records int // 150 if 0

	code    string        // that the status must show
	repeats bool          // records may come twice
	dead    []string      // uids
	atLeast time.Duration // how long it must take
	rejects int64
}

var long = flag.Bool("long", false, "try each code over a real connection, and not one of each kind")

// first refuses the first k requests with f.
func first(k int, f exportertest.Fault) func(int, *exportertest.Request) *exportertest.Fault {
	return func(n int, _ *exportertest.Request) *exportertest.Fault {
		if n <= k {
			return &f
		}
		return nil
	}
}

func contains(r *exportertest.Request, uid string) bool { return slices.Contains(uidsOf(r), uid) }

// ifIn refuses each request that holds a record.
func ifIn(uid string, f exportertest.Fault) func(int, *exportertest.Request) *exportertest.Fault {
	return func(_ int, r *exportertest.Request) *exportertest.Fault {
		if contains(r, uid) {
			return &f
		}
		return nil
	}
}

func retriedCodes() []fault {
	var faults []fault
	for _, c := range []struct {
		code codes.Code
		name string
	}{
		{codes.Canceled, "CANCELLED"},
		{codes.Unavailable, "UNAVAILABLE"},
		{codes.DeadlineExceeded, "DEADLINE_EXCEEDED"},
		{codes.Aborted, "ABORTED"},
		{codes.OutOfRange, "OUT_OF_RANGE"},
		{codes.DataLoss, "DATA_LOSS"},
		{codes.ResourceExhausted, "RESOURCE_EXHAUSTED"},
		{codes.Internal, "INTERNAL"},
		{codes.Unknown, "UNKNOWN"},
		{codes.Unauthenticated, "UNAUTHENTICATED"},
		{codes.PermissionDenied, "PERMISSION_DENIED"},
		{codes.Unimplemented, "UNIMPLEMENTED"},
		{codes.NotFound, "NOT_FOUND"},
		{codes.AlreadyExists, "ALREADY_EXISTS"},
		{codes.FailedPrecondition, "FAILED_PRECONDITION"},
	} {
		if !*long && !slices.Contains([]codes.Code{codes.Unavailable, codes.Internal, codes.ResourceExhausted, codes.Unauthenticated}, c.code) {
			continue // TestClassifyGRPC has them all
		}
		faults = append(faults, fault{
			name: c.name, only: exporter.ProtocolGRPC, code: c.name, atLeast: 250 * time.Millisecond,
			answer: first(1, exportertest.Fault{Code: c.code, Message: "no"}),
		})
	}
	for _, status := range []int{301, 302, 303, 307, 308, 401, 403, 404, 405, 408, 409, 410, 415, 418, 429, 500, 501, 502, 503, 504, 599} {
		if !*long && !slices.Contains([]int{307, 401, 429, 500, 503}, status) {
			continue // TestClassifyHTTP has them all
		}
		code := fmt.Sprintf("HTTP %d", status)
		faults = append(faults, fault{
			name: code, only: exporter.ProtocolHTTP, code: code, atLeast: 250 * time.Millisecond,
			answer: first(1, exportertest.Fault{Status: status, Message: "no", Header: http.Header{"Location": {"http://127.0.0.1:1/"}}}),
		})
	}
	return faults
}

func faults() []fault {
	return append(retriedCodes(),
		fault{
			name: "RetryInfo", code: "", atLeast: time.Second,
			answer: first(1, exportertest.Fault{Code: codes.Unavailable, Wait: time.Second}),
		},
		fault{
			name: "RetryInfo of a receiver out of resources", atLeast: time.Second,
			answer: first(1, exportertest.Fault{Code: codes.ResourceExhausted, Wait: time.Second}),
		},
		fault{
			name: "Retry-After as a date", only: exporter.ProtocolHTTP, atLeast: time.Second,
			answer: func(n int, _ *exportertest.Request) *exportertest.Fault {
				if n > 1 {
					return nil
				}
				// A date has whole seconds, so this is one to two of them away.
				date := time.Now().Add(2 * time.Second).UTC().Format(http.TimeFormat)
				return &exportertest.Fault{Status: 429, Header: http.Header{"Retry-After": {date}}}
			},
		},
		fault{
			name: "stall", code: "DEADLINE_EXCEEDED", repeats: true, atLeast: time.Second,
			answer: first(1, exportertest.Fault{Stall: true}),
			client: func(c *exporter.Config) { c.Timeout = time.Second },
		},
		fault{
			name: "stall and keep", repeats: true,
			answer: first(1, exportertest.Fault{Stall: true, Taken: true}),
			client: func(c *exporter.Config) { c.Timeout = time.Second },
		},
		fault{name: "connection closed before the records", admit: func(n int) bool { return n > 1 }},
		fault{
			name: "connection closed before large records", admit: func(n int) bool { return n > 1 }, size: 20_000,
			cfg: exportertest.Config{MaxMessage: 64 << 20}, client: func(c *exporter.Config) { c.MaxRequest = 32 << 20 },
		},
		fault{name: "connection closed instead of an answer", answer: first(1, exportertest.Fault{Drop: true})},
		fault{name: "lost acknowledgement", repeats: true, answer: first(1, exportertest.Fault{Drop: true, Taken: true})},
		fault{name: "kept and refused", repeats: true, answer: first(1, exportertest.Fault{Code: codes.Unavailable, Taken: true})},
		fault{name: "partial success", answer: first(1, exportertest.Fault{Rejected: 7, Message: "seven are too old"}), rejects: 7},
		fault{name: "warning", answer: first(1, exportertest.Fault{Message: "deprecated"})},
		fault{
			name: "one bad record in a thousand", dead: []string{"a/617"}, records: 1000,
			answer: ifIn("a/617", exportertest.Fault{Code: codes.InvalidArgument, Message: "bad record"}),
		},
		fault{
			name: "HTTP 422 for one record", only: exporter.ProtocolHTTP, dead: []string{"a/0"},
			answer: ifIn("a/0", exportertest.Fault{Status: 422, Message: "bad record"}),
		},
		fault{
			name: "everything refused for a while", repeats: false,
			answer: first(16, exportertest.Fault{Code: codes.InvalidArgument, Message: "broken pipeline"}),
		},
		fault{name: "message limit", cfg: exportertest.Config{MaxMessage: 20_000}},
		fault{
			name: "a single record over the limit", cfg: exportertest.Config{MaxMessage: 20_000}, dead: []string{"b/0"},
		},
	)
}

// Most of the time goes by waiting, so all faults are tried at once.
func TestFaults(t *testing.T) {
	t.Parallel()
	eachProtocol(t, func(t *testing.T, protocol string) {
		t.Parallel()
		var running sync.WaitGroup
		for _, f := range faults() {
			if f.only == "" || f.only == protocol {
				running.Go(func() { f.run(named{t, f.name}, protocol) })
			}
		}
		running.Wait()
	})
}

// named says which of the faults that run at once an error is about.
type named struct {
	*testing.T
	name string
}

func (n named) Errorf(format string, args ...any) {
	n.Helper()
	n.T.Errorf(n.name+": "+format, args...)
}

func (f fault) run(t named, protocol string) {
	var got ledger
	var admitted, answered atomic.Int64
	var returned atomic.Bool
	cfg := f.cfg
	cfg.Take = got.take
	cfg.Admit = func() bool { return f.admit == nil || f.admit(int(admitted.Add(1))) }
	cfg.Answer = func(r *exportertest.Request) *exportertest.Fault {
		if returned.Load() && !f.repeats { // an attempt that was given up may get here late
			t.Errorf("a request after Send has returned")
		}
		if f.answer == nil {
			return nil
		}
		return f.answer(int(answered.Add(1)), r)
	}
	s := start(t.T, cfg)
	client := exporter.Config{
		Endpoint: s.Endpoint(protocol), Protocol: protocol, Blocked: always,
		DeadLetters: exporter.DeadLetters{Path: filepath.Join(t.TempDir(), "dead-letters.jsonl")},
		Timeout:     5 * time.Minute, // so that no slow machine brings it about
	}
	if f.client != nil {
		f.client(&client)
	}
	e := open(t.T, client)
	size := f.size
	if size == 0 {
		size = 100
	}
	n := f.records
	if n == 0 {
		n = 150
	}
	a, uids := group("a", n, size)
	b, uidsB := group("b", 1, 30_000)
	begin := time.Now()
	if err := e.Send(t.Context(), []exporter.Group{a, b}); err != nil {
		t.Errorf("send: %v", err)
	}
	returned.Store(true)
	if took := time.Since(begin); took < f.atLeast {
		t.Errorf("took %v, want at least %v", took, f.atLeast)
	}
	if f.cfg.MaxMessage == 20_000 {
		f.dead = uidsB
	}
	f.check(t, e, &got, append(uids, uidsB...), client.DeadLetters.Path)
}

func (f fault) check(t named, e *exporter.Exporter, got *ledger, uids []string, path string) {
	t.Helper()
	if missing := got.missing(uids); !slices.Equal(missing, f.dead) {
		t.Errorf("%d records missing, e.g. %.3q, want %q", len(missing), missing, f.dead)
	}
	for uid, n := range got.times {
		if n > 1 && !f.repeats {
			t.Errorf("%s came %d times", uid, n)
			break
		}
	}
	s := atRest(e)
	if want := int64(len(uids)-len(f.dead)) - f.rejects; s.Accepted != want || s.Rejected != f.rejects || s.Dead != int64(len(f.dead)) {
		t.Errorf("accepted %d, rejected %d, dead %d, want %d, %d, %d", s.Accepted, s.Rejected, s.Dead, want, f.rejects, len(f.dead))
	}
	if f.code != "" && s.Requests[f.code] == 0 {
		t.Errorf("answers %v, want some %s", s.Requests, f.code)
	}
	if s.InFlight != 0 || s.Waiting != 0 || s.Paused {
		t.Errorf("status %+v", s)
	}
	var dead []string
	err := exporter.ReadDeadLetters(path, func(l exporter.DeadLetter) error {
		dead = append(dead, l.UID)
		return nil
	})
	if err != nil || !slices.Equal(dead, f.dead) {
		t.Errorf("dead letters %q, %v, want %q", dead, err, f.dead)
	}
}
