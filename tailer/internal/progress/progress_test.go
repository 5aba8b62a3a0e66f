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

type consumer func(entry.Batch)

func (c consumer) Consume(_ context.Context, b entry.Batch) error {
	c(b)
	return nil
}

// newReaders are Readers that hand on to next.
func newReaders(t *testing.T, next consumer) *Readers {
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
	log := NewLog(&Source{Zone: time.UTC}, entry.Lines)
	p := r.Add(log)
	p.Begin(Home{Log: log, Origin: &entry.Origin{Path: path}}, src, text[:min(len(text), file.HeadBytes)], st, time.Now())
	p.SavedHead(min(len(text), file.HeadBytes))
	t.Cleanup(p.Close)
	return p
}

// A batch is not handed on before the one that was read before it.
func TestBatchesAreHandedOnInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		handed := 0
		r := New(Config{Next: consumer(func(entry.Batch) { handed++ })})
		before := make(chan struct{})
		go r.handOn(&batch{begun: make(chan struct{}), before: before})
		synctest.Wait()
		if handed != 0 {
			t.Error("a batch was handed on before the one before it")
		}
		close(before)
		synctest.Wait()
		if handed != 1 {
			t.Error("a batch was not handed on after the one before it")
		}
	})
}

// Batches of a log wait for each other in the order in which they were read,
// whatever became of those between.
func TestBatchesWaitForTheOneBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		r := newReaders(t, func(entry.Batch) { <-release })
		p := openLog(t, r, bytes.Repeat([]byte("{\"timestamp\":\"2031-11-21T03:04:05Z\"}\n"), 4*entry.BatchBytes/38))
		r.Feed(p.log, []*Progress{p}, time.Now())
		synctest.Wait()
		r.mu.Lock()
		if len(p.inflight) < 2 {
			t.Error("too few batches are under way")
		}
		for i, b := range p.inflight[min(1, len(p.inflight)):] {
			if b.before != p.inflight[i].begun {
				t.Errorf("batch %d does not wait for the one before it", i+1)
			}
		}
		r.mu.Unlock()
		close(release)
		r.Wait()
		if !p.Done() {
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
		r := newReaders(t, func(entry.Batch) { t.Error("handed on") })
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
	r := newReaders(t, func(entry.Batch) {})
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
	p := New(Config{}).Add(nil)
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
	p := New(Config{MaxEntry: 8 << 20}).Add(NewLog(&Source{}, entry.Lines))
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
