package fleet

import (
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/rtcship/rtcship/exporter"
)

// A sender is a member without files: the exporter alone, given records as they
// are made of lines of Sora.
type sender struct {
	name string
	n    int
	e    *exporter.Exporter
}

func newSender(t testing.TB, name string) *sender {
	t.Helper()
	e, err := exporter.New(exporter.Config{Endpoint: fmt.Sprintf("dns:///%s:%d", tierName, tierPort)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = e.Close(ctx) // what is under way is of no interest
	})
	return &sender{name: name, e: e}
}

var resource = appendField(nil, 1, keyValue("service.name", "sora"))

// group returns the next n records.
func (s *sender) group(n int) exporter.Group {
	g := exporter.Group{Resource: resource}
	for range n {
		line := fmt.Sprintf(`{"timestamp":"2026-11-21T06:00:00.000000Z","level":"info","msg":"seq=%s/%d %s"}`, s.name, s.n, padding)
		record := appendField(nil, 5, appendField(nil, 1, []byte(line)))
		record = appendField(record, 6, keyValue("log.record.uid", fmt.Sprintf("%s-%012d", s.name, s.n)))
		g.Records = appendField(g.Records, 2, record)
		g.Ends = append(g.Ends, len(g.Records))
		s.n++
	}
	return g
}

func keyValue(k, v string) []byte {
	return appendField(appendField(nil, 1, []byte(k)), 2, appendField(nil, 1, []byte(v)))
}

func appendField(b []byte, num protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, num, protowire.BytesType), v)
}

// capacity measures what the tier takes, in bytes a second at its backends, when
// senders always have more.
func capacity(t testing.TB, tr *tier, d time.Duration) float64 {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	const senders = 8
	for i := range senders {
		s := newSender(t, fmt.Sprintf("capacity%d", i))
		go func() {
			for ctx.Err() == nil {
				_ = s.e.Send(ctx, []exporter.Group{s.group(1500)}) // ends with ctx alone
			}
			done <- struct{}{}
		}()
	}
	time.Sleep(d / 3) // until they are at it
	before, start := sum(tr.taken()), time.Now()
	time.Sleep(d)
	rate := float64(sum(tr.taken())-before) / time.Since(start).Seconds()
	cancel()
	for range senders {
		<-done
	}
	return rate
}

func sum(list []int64) (s int64) {
	for _, n := range list {
		s += n
	}
	return s
}
