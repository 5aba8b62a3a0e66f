package progress

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/reader"
)

// A consumer is called with each batch, and settles it then.
type consumer func(entry.Batch)

func (c consumer) Offer(_ context.Context, b entry.Batch) (entry.Receipt, error) {
	c(b)
	return entry.Settled, nil
}

// newReaders are Readers that hand on to next.
func newReaders(t *testing.T, next entry.Consumer) *Readers {
	r := New(Config{
		Next: next, MaxEntry: 1 << 20, Memory: 16 << 20, Retry: time.Second, Logger: slog.New(slog.DiscardHandler),
		Nudge: func() {}, Changed: func(bool) {},
	})
	r.Begin(t.Context())
	t.Cleanup(r.Wait)
	return r
}

// openLog makes a Progress of a file that holds text, and that a checkpoint knows.
func openLog(t *testing.T, r *Readers, text []byte) *Progress {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sora.jsonl")
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	var open atomic.Int64
	src, st, err := file.Open(path, file.Unpacked, &open)
	if err != nil {
		t.Fatal(err)
	}
	log := NewLog(&Source{Zone: time.UTC}, entry.Lines, nil)
	p := r.Add(log, nil)
	p.Begin(Home{Log: log, Origin: &entry.Origin{Path: path}}, src, text[:min(len(text), file.HeadBytes)], st, time.Now())
	p.SavedHead(min(len(text), file.HeadBytes))
	t.Cleanup(p.Close)
	return p
}

// An orderly consumer says when a batch comes before the one before it was taken, or is
// not what stands behind that.
type orderly struct {
	t       *testing.T
	taking  atomic.Bool
	at      int64
	settled chan struct{}
}

func (c *orderly) Offer(_ context.Context, b entry.Batch) (entry.Receipt, error) {
	if c.taking.Swap(true) {
		c.t.Error("a batch is offered before the one before it was taken")
	}
	time.Sleep(time.Second) // whoever else would offer has the time for it
	for _, e := range b.Entries {
		if e.Offset != c.at {
			c.t.Errorf("an entry at %d comes where one at %d is to", e.Offset, c.at)
		}
		c.at = e.Offset + int64(len(e.Text)) + 1
	}
	c.taking.Store(false)
	return entry.ReceiptFunc(func(context.Context) error { <-c.settled; return nil }), nil
}

// Batches of a log are offered one at a time, in the order written; some are under way
// at once, and no more.
func TestBatchesAreOfferedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		next := &orderly{t: t, settled: make(chan struct{})}
		r := newReaders(t, next)
		p := openLog(t, r, bytes.Repeat([]byte("{\"timestamp\":\"2031-11-21T03:04:05Z\"}\n"), 5*entry.BatchBytes/38))
		r.Feed(p.log, []*Progress{p}, time.Now())
		time.Sleep(time.Minute)
		r.mu.Lock()
		n := len(p.inflight)
		r.mu.Unlock()
		if n != UnderWay {
			t.Errorf("%d batches are under way", n)
		}
		if !r.Blocked(UnderWay) {
			t.Error("nobody is told that reading waits for what is under way")
		}
		close(next.settled)
		r.Wait()
		if !p.Done() {
			t.Errorf("%+v", p.View())
		}
	})
}

// A source that waits for its batch to be taken is blocked like one that waits for it to
// be settled: what is under way is to be sent.
func TestBlockedWhileOffering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		room := make(chan struct{})
		r := newReaders(t, consumer(func(entry.Batch) { <-room }))
		p := openLog(t, r, bytes.Repeat([]byte("{\"timestamp\":\"2031-11-21T03:04:05Z\"}\n"), 2*entry.BatchBytes/38))
		r.Feed(p.log, []*Progress{p}, time.Now())
		synctest.Wait()
		if r.Blocked(0) || !r.Blocked(1) {
			t.Errorf("blocked while nobody waits: %v, while the consumer does: %v", r.Blocked(0), r.Blocked(1))
		}
		close(room)
		r.Wait()
		if r.Blocked(0) || !p.Done() {
			t.Errorf("%+v", p.View())
		}
	})
}

// What was read of a file that is known to be another one by the time the read
// is over is not handed on.
func TestFileThatChangesHandsWhileItIsRead(t *testing.T) {
	for name, part := range map[string]func(p *Progress){
		"detached": func(p *Progress) { p.Detach() },
		"parted": func(p *Progress) {
			v := p.View()
			st, _ := v.Src.Stat()
			if src := p.Part(st, v.Tick); src != nil {
				src.Close()
			}
		},
		"closed": func(p *Progress) { p.Close() },
	} {
		r := newReaders(t, consumer(func(entry.Batch) { t.Error("handed on") }))
		p := openLog(t, r, bytes.Repeat([]byte("line\n"), 10))
		p.pumps, p.reading = 1, true
		r.reading++
		n, _ := p.next()
		buf := p.buffer(n.Want)
		res := n.Read(buf)
		if len(res.Cut.Entries) != 10 {
			t.Fatalf("%d entries were read", len(res.Cut.Entries))
		}
		part(p)
		if b, _ := p.apply(&n, &res, buf); b != nil {
			t.Errorf("%s: %d entries are handed on", name, len(b.Entries))
		}
		if _, on := p.next(); on || p.pumps != 0 || r.reading != 0 || r.Used() != 0 {
			t.Errorf("%s: the pump goes on", name)
		}
	}
}

// A look at a file that is older than the last read says nothing.
func TestOldLooksSayNothing(t *testing.T) {
	r := newReaders(t, consumer(func(entry.Batch) {}))
	p := openLog(t, r, bytes.Repeat([]byte("line\n"), 10))
	v := p.View()
	before, _ := v.Src.Stat()
	r.Feed(p.log, []*Progress{p}, time.Now())
	r.Wait()
	shorter := before
	shorter.Size = 5
	if p.Observe(shorter, true, v.Tick, time.Now()) != Old || p.IsSuspect() {
		t.Error("a look from before a read says that the file was truncated")
	}
	if _, ok := p.Confirm(shorter, nil, v.Tick); ok {
		t.Error("a look from before a read confirms a size")
	}
	if p.Part(shorter, v.Tick) != nil {
		t.Error("a look from before a read takes the file away")
	}
	if p.Observe(shorter, true, r.Tick(), time.Now()) != Else || !p.IsSuspect() {
		t.Error("a file that has become shorter is not looked into")
	}
}

// A file with more gaps than anybody would look at keeps their sums and some of
// them, not all.
func TestManyGaps(t *testing.T) {
	p := New(Config{}).Add(nil, nil)
	var count, total int64
	reasons := []string{"damaged", "the file is gone", "removed from the end of the file"}
	sums := map[string]int64{}
	for i := range int64(100_000) {
		gap := entry.Gap{At: 100 * i, Bytes: 1 + i%7, Reason: reasons[i*i%3], Time: time.Unix(i, 0)}
		p.addGaps(gap)
		count++
		total += gap.Bytes
		sums[gap.Reason] += gap.Bytes
	}
	if len(p.gaps) > MaxGaps {
		t.Errorf("%d gaps are kept", len(p.gaps))
	}
	for _, gap := range p.gaps {
		count -= 1 + gap.More
		total -= gap.Bytes
		sums[gap.Reason] -= gap.Bytes
	}
	if count != 0 || total != 0 {
		t.Errorf("%d gaps and %d bytes too few are left", count, total)
	}
	for reason, n := range sums {
		if n != 0 {
			t.Errorf("%d bytes too few are %s", n, reason)
		}
	}
	if last := p.gaps[len(p.gaps)-1]; last.At != 100*99_999 || last.More != 0 {
		t.Errorf("the newest gap is %+v", last)
	}
}

// BenchmarkRead reads a log of one million bytes' worth of lines of 343 bytes
// again and again: what a line costs until it is in a batch.
func BenchmarkRead(b *testing.B) {
	path := filepath.Join(b.TempDir(), "sora.jsonl")
	line := append(bytes.Repeat([]byte("x"), 342), '\n')
	const n = 100_000
	if err := os.WriteFile(path, bytes.Repeat(line, n), 0o644); err != nil {
		b.Fatal(err)
	}
	var open atomic.Int64
	src, st, err := file.Open(path, file.Unpacked, &open)
	if err != nil {
		b.Fatal(err)
	}
	defer src.Close()
	p := New(Config{MaxEntry: 8 << 20}).Add(NewLog(&Source{}, entry.Lines, nil), nil)
	p.src, p.size = src, st.Size
	var bufs reader.Pools
	b.ReportAllocs()
	lines := 0
	for b.Loop() {
		if p.read.At >= st.Size {
			p.read = reader.Position{}
		}
		n := p.plan()
		buf := bufs.Get(n.Want)
		r := n.Read(buf)
		if r.Other || r.Err != nil {
			b.Fatal("wrong file", r.Err)
		}
		p.read.Mark = r.Mark
		lines += len(r.Cut.Entries)
		bufs.Put(buf)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(lines), "ns/line")
}
