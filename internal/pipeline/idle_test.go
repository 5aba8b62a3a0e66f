package pipeline

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/tailer/entry"
)

// Memory is given back once after each burst, and never while lines come or
// wait for their acknowledgement.
func TestFreeWhenIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		b := newBooks()
		var freed atomic.Int32
		ended := make(chan struct{})
		go func() { freeWhenIdle(ctx, b, func() { freed.Add(1) }); close(ended) }()
		expect := func(what string, n int32) {
			t.Helper()
			synctest.Wait()
			if got := freed.Load(); got != n {
				t.Errorf("%s: given back %d times, want %d", what, got, n)
			}
		}
		arrive := func() { b.begin("sora", 1) }
		settle := func() {
			b.converted("sora", &record.Counts{Entries: 1, Records: 1})
			b.settled(&entry.Origin{Source: "sora"}, &record.Counts{Entries: 1, Records: 1}, exporter.Outcome{Accepted: 1}, 1)
		}
		time.Sleep(10 * idleEvery)
		expect("nothing ever came", 0)
		for range 30 {
			arrive()
			settle()
			time.Sleep(idleEvery / 3)
		}
		expect("lines keep coming", 0)
		time.Sleep(3 * idleEvery)
		expect("a pause", 1)
		time.Sleep(20 * idleEvery)
		expect("the same pause", 1)
		arrive()
		time.Sleep(20 * idleEvery)
		expect("waiting for an acknowledgement", 1)
		settle()
		time.Sleep(3 * idleEvery)
		expect("another pause", 2)
		cancel()
		<-ended
	})
}
