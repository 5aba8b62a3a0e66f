package ownlog

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	sdklog "go.opentelemetry.io/otel/sdk/log"
)

// A waiter is an exporter that waits an hour before it tries again, as long as it
// is not told that the collector is back.
type waiter struct {
	sdklog.Exporter
	tries int
	ready bool // the attempt was one for which the connection is waited for
}

func (w *waiter) Export(ctx context.Context, _ []sdklog.Record) error {
	w.tries++
	if w.ready = len(callOptions(ctx)) > 0; w.ready {
		return nil
	}
	select {
	case <-time.After(time.Hour):
		return errors.New("away")
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *waiter) Shutdown(context.Context) error { return nil }

func TestWakeEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &waiter{}
		p := &patient{Exporter: w, end: map[int]context.CancelFunc{}}
		p.wake() // nobody waits
		begin := time.Now()
		time.AfterFunc(time.Minute, p.wake)
		if err := p.Export(t.Context(), nil); err != nil || w.tries != 2 || !w.ready || time.Since(begin) != time.Minute {
			t.Errorf("%v after %d tries and %v", err, w.tries, time.Since(begin))
		}
		if len(p.end) != 0 {
			t.Errorf("%d attempts are not forgotten", len(p.end))
		}
	})
}

// Its own context ends an export all the same, and so does its own failure.
func TestWakeIsNoEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &patient{Exporter: &waiter{}, end: map[int]context.CancelFunc{}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := p.Export(ctx, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		if err := p.Export(t.Context(), nil); err == nil {
			t.Error("a failure is hidden")
		}
	})
}
