package exporter_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/exporter/exportertest"
)

func TestSendDelivers(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol string) {
		for _, compression := range []string{exporter.CompressionNone, exporter.CompressionGzip, exporter.CompressionZstd} {
			t.Run(compression, func(t *testing.T) {
				var got ledger
				var compressed []string
				s := start(t, exportertest.Config{Take: func(r *exportertest.Request) {
					got.take(r)
					compressed = append(compressed, r.Compression)
				}})
				e := open(t, exporter.Config{Endpoint: s.Endpoint(protocol), Protocol: protocol, Compression: compression, Blocked: always})
				a, uidsA := group("a", 1000, 300)
				b, uidsB := group("b", 3, 10)
				if err := e.Send(t.Context(), []exporter.Group{a, b}); err != nil {
					t.Fatal(err)
				}
				if missing := got.missing(append(uidsA, uidsB...)); len(missing) > 0 || got.bad != nil {
					t.Fatalf("missing %d, e.g. %.3q, %v", len(missing), missing, got.bad)
				}
				if !slices.Equal(got.order, append(uidsA, uidsB...)) {
					t.Error("the order has changed")
				}
				want := []string{compression}
				if compression == exporter.CompressionNone {
					want = []string{""}
				}
				if !slices.Equal(compressed, want) {
					t.Errorf("compressions %q, want %q", compressed, want)
				}
				if s := atRest(e); s.Accepted != 1003 || s.Requests["OK"] != 1 || !s.Connected || s.Waiting != 0 || s.InFlight != 0 {
					t.Errorf("status %+v", s)
				}
			})
		}
	})
}

func TestSendEndsWithContext(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol string) {
		s := start(t, exportertest.Config{Answer: func(*exportertest.Request) *exportertest.Fault { return &exportertest.Fault{Stall: true} }})
		e := open(t, exporter.Config{Endpoint: s.Endpoint(protocol), Protocol: protocol, Blocked: always})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		g, _ := group("a", 100, 4000)
		if err := e.Send(ctx, []exporter.Group{g}); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("error %v", err)
		}
		clear(g.Records) // with -race: nobody may read them any more
		if s := e.Status(); s.Waiting != 0 || s.PendingBytes != 0 {
			t.Errorf("status %+v", s)
		}
	})
}

func TestSendAfterClose(t *testing.T) {
	e, err := exporter.New(exporter.Config{})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := e.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	g, _ := group("a", 1, 1)
	if err := e.Send(t.Context(), []exporter.Group{g}); !errors.Is(err, exporter.ErrClosed) {
		t.Fatalf("error %v", err)
	}
}

func TestSendNothing(t *testing.T) {
	e := open(t, exporter.Config{})
	if err := e.Send(t.Context(), []exporter.Group{{}}); err != nil {
		t.Fatal(err)
	}
}
