package receive_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/otelcol/internal/receive"
)

// ends writes the lines that end n connections of one minute each.
func (p place) ends(t *testing.T, n int) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(p.logs, "event_webhook.jsonl"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i := range n {
		fmt.Fprintf(f, `{"timestamp":"2026-11-21T06:01:00.010000Z","req":{"type":"connection.destroyed","timestamp":"2026-11-21T06:01:00.000000Z",`+
			`"channel_id":"lobby","connection_id":"%026d","created_timestamp":"2026-11-21T06:00:00.000000Z","destroyed_timestamp":"2026-11-21T06:01:00.000000Z"}}`+"\n", i)
	}
}

// signals are the receivers of one configuration as the collector has them: one
// for each signal, each of which it starts and stops. Either may be nil. spanWait is
// how long records wait for their spans; 0 is as in production.
func signals(t *testing.T, c config.Config, spanWait time.Duration, logs consumer.Logs, traces consumer.Traces) (stop func()) {
	t.Helper()
	all := &receive.Receivers{Config: func(component.Config) config.Config { return c }, SpanWait: spanWait}
	var parts []component.Component
	if traces != nil {
		r, err := all.CreateTraces(t.Context(), settings("a"), &c, traces)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, r)
	}
	if logs != nil {
		r, err := all.CreateLogs(t.Context(), settings("a"), &c, logs)
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, r)
	}
	for _, r := range parts {
		if err := r.Start(t.Context(), componenttest.NewNopHost()); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), waitLimit)
		defer cancel()
		for _, r := range parts {
			if err := r.Shutdown(ctx); err != nil {
				t.Error(err)
			}
		}
	}
}

// Each call is one span, and the records of its lines carry its trace id.
func TestSpans(t *testing.T) {
	t.Parallel()
	p, logs, traces := newPlace(t), new(consumertest.LogsSink), new(consumertest.TracesSink)
	p.ends(t, 50)
	stop := signals(t, p.config(), time.Minute, logs, traces)
	wait(t, "50 spans", func() bool { return traces.SpanCount() == 50 })
	p.ends(t, 1)
	stop()
	if got := traces.SpanCount(); got != 51 || logs.LogRecordCount() != 51 {
		t.Errorf("%d spans and %d records of 51 lines", got, logs.LogRecordCount())
	}
	of := map[pcommon.TraceID]bool{}
	for _, l := range logs.AllLogs() {
		for _, rl := range l.ResourceLogs().All() {
			for _, lr := range rl.ScopeLogs().At(0).LogRecords().All() {
				of[lr.TraceID()] = true
			}
		}
	}
	for _, all := range traces.AllTraces() {
		for _, rs := range all.ResourceSpans().All() {
			for _, s := range rs.ScopeSpans().At(0).Spans().All() {
				if !of[s.TraceID()] || s.TraceID().IsEmpty() {
					t.Errorf("no record has the trace id %s of a span", s.TraceID())
				}
				if got := s.EndTimestamp().AsTime().Sub(s.StartTimestamp().AsTime()); got.Minutes() != 1 {
					t.Errorf("a call of a minute took %s", got)
				}
			}
		}
	}

	stop = signals(t, p.config(), time.Minute, logs, traces) // the next of the same configuration
	stop()
	if traces.SpanCount() != 51 {
		t.Error("spans came again though all were settled")
	}
}

// Whatever becomes of spans, records arrive as if there were none.
func TestRecordsDoNotWaitForSpans(t *testing.T) {
	t.Parallel()
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	answers := map[string]func(ctx context.Context) error{
		"for ever":          func(context.Context) error { <-over; return nil },
		"until the context": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"refused":           func(context.Context) error { return consumererror.NewPermanent(errors.New("no")) },
		"away":              func(context.Context) error { return errors.New("connection refused") },
	}
	for name, answer := range answers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, logs := newPlace(t), new(consumertest.LogsSink)
			traces, err := consumer.NewTraces(func(ctx context.Context, _ ptrace.Traces) error { return answer(ctx) })
			if err != nil {
				t.Fatal(err)
			}
			p.ends(t, 50)
			stop := signals(t, p.config(), 0, logs, traces)
			wait(t, "50 records", func() bool { return logs.LogRecordCount() == 50 })
			p.ends(t, 50)
			wait(t, "50 more", func() bool { return logs.LogRecordCount() == 100 })
			stop()
			if logs.LogRecordCount() != 100 {
				t.Errorf("%d of 100 records", logs.LogRecordCount())
			}
		})
	}
}

// A pipeline of logs alone gets what it got before there were spans, and one of
// traces alone gets its spans.
func TestOneSignal(t *testing.T) {
	t.Parallel()
	t.Run("logs", func(t *testing.T) {
		p, logs := newPlace(t), new(consumertest.LogsSink)
		p.ends(t, 1)
		stop := signals(t, p.config(), time.Minute, logs, nil)
		wait(t, "the record", func() bool { return logs.LogRecordCount() == 1 })
		stop()
		if id := first(logs.AllLogs()[0]).TraceID(); !id.IsEmpty() {
			t.Errorf("trace id %s, and nobody has the span", id)
		}
	})
	t.Run("traces", func(t *testing.T) {
		p, traces := newPlace(t), new(consumertest.TracesSink)
		p.ends(t, 1)
		stop := signals(t, p.config(), time.Minute, nil, traces)
		wait(t, "the span", func() bool { return traces.SpanCount() == 1 })
		stop()
	})
}

func first(l plog.Logs) plog.LogRecord {
	return l.ResourceLogs().At(0).ScopeLogs().At(0).LogRecords().At(0)
}
