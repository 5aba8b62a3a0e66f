package exporter_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rtcship/rtcship/exporter"
)

// A local stands in the place of an endpoint.
type local struct {
	answer func(call int) error

	mu       sync.Mutex
	requests [][]byte
}

func (l *local) deliver(_ context.Context, request []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, bytes.Clone(request))
	return l.answer(len(l.requests))
}

func newLocal(t *testing.T, l *local, c exporter.Config) *exporter.Exporter {
	t.Helper()
	c.Deliver = l.deliver
	c.MaxDelay = time.Millisecond
	e, err := exporter.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return e
}

func localGroup(records ...string) exporter.Group {
	g := exporter.Group{Resource: []byte{}, Scope: []byte{}}
	for _, r := range records {
		body := append([]byte{1<<3 | 2, byte(len(r))}, r...)
		record := append([]byte{5<<3 | 2, byte(len(body))}, body...)
		g.Records = append(append(g.Records, 2<<3|2, byte(len(record))), record...)
		g.Ends = append(g.Ends, len(g.Records))
	}
	return g
}

func TestDeliverLocally(t *testing.T) {
	final := fmt.Errorf("%w: bad mapping", exporter.ErrRefused)
	tests := []struct {
		name    string
		answers []error // to one call after another, then nil
		want    exporter.Outcome
		calls   int
	}{
		{"accepted", nil, exporter.Outcome{Accepted: 2}, 1},
		{"fails at first", []error{errors.New("full"), errors.New("full")}, exporter.Outcome{Accepted: 2}, 3},
		{"refused for good", []error{final}, exporter.Outcome{Dead: 2}, 1},
		{"refused after a failure", []error{errors.New("full"), final}, exporter.Outcome{Dead: 2}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := &local{answer: func(call int) error {
				if call <= len(tt.answers) {
					return tt.answers[call-1]
				}
				return nil
			}}
			path := filepath.Join(t.TempDir(), "dead.jsonl")
			e := newLocal(t, l, exporter.Config{DeadLetters: exporter.DeadLetters{Path: path}})
			d, err := e.Enqueue([]exporter.Group{localGroup("one", "two")})
			if err != nil {
				t.Fatal(err)
			}
			got, err := d.Wait(t.Context())
			if err != nil || got != tt.want || len(l.requests) != tt.calls {
				t.Errorf("%+v after %d calls, %v, want %+v after %d", got, len(l.requests), err, tt.want, tt.calls)
			}
			for _, r := range l.requests {
				if !bytes.Equal(r, l.requests[0]) || !bytes.Contains(r, []byte("two")) {
					t.Errorf("request %q differs from %q", r, l.requests[0])
				}
			}
			if s := e.Status(); s.Accepted != int64(tt.want.Accepted) || s.Dead != int64(tt.want.Dead) {
				t.Errorf("status counts %d accepted, %d dead", s.Accepted, s.Dead)
			}
			letters := 0
			err = exporter.ReadDeadLetters(path, func(d exporter.DeadLetter) error {
				letters += d.Records
				if d.Code != exporter.CodeRefused {
					t.Errorf("letter with code %s", d.Code)
				}
				return nil
			})
			if err != nil || letters != tt.want.Dead {
				t.Errorf("%d records in dead letters, %v", letters, err)
			}
		})
	}
}

// What cannot be kept as a dead letter is not settled.
func TestRefusedLocallyAndNowhereToKeepIt(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	l := &local{answer: func(call int) error {
		if call == 2 { // it is offered again
			cancel()
		}
		return exporter.ErrRefused
	}}
	e := newLocal(t, l, exporter.Config{})
	if err := e.Send(ctx, []exporter.Group{localGroup("one")}); !errors.Is(err, context.Canceled) {
		t.Errorf("Send: %v", err)
	}
}
