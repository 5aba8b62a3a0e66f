package tailer

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/inspect"
)

// A bystander notes which of the lines that matter come, and when.
type bystander struct {
	mu   sync.Mutex
	gens map[string]string // of the lines "first" and "last"
	got  int               // lines of the log beside it
	last int               // how often "last" came
}

func (b *bystander) Offer(_ context.Context, batch entry.Batch) (entry.Receipt, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, e := range batch.Entries {
		switch text := string(e.Text[:min(len(e.Text), 10)]); {
		case batch.Origin.Log == "sora":
			b.got++
		case text == "first", text == "last":
			b.gens[text] = fmt.Sprintf("%x", batch.Origin.Generation)
			if text == "last" {
				b.last++
			}
		}
	}
	return entry.Settled, nil
}

func (b *bystander) lines() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.got
}

// TestLargeArchiveHoldsNobodyUp has a generation be compressed while nobody
// looks, 200 MB of it in many gzip members. Unpacking that to see whose it is
// takes a while, in which the lines of another log keep coming.
func TestLargeArchiveHoldsNobodyUp(t *testing.T) {
	dir := t.TempDir()
	cfg := Config{StateDir: t.TempDir(), Poll: 10 * time.Millisecond, Sources: []Source{{Name: "sora", Origin: "sora", Dir: dir, Rules: SoraRules()}}, Logger: slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	log, beside := filepath.Join(dir, "signaling.jsonl"), filepath.Join(dir, "sora.jsonl")
	appendTo(t, log, "first\n")
	appendTo(t, beside, "a line\n")
	sink := &bystander{gens: map[string]string{}}
	stop := runTailer(t, newTailer(t, cfg, sink))
	await(t, "the first lines", func() bool { return sink.lines() == 1 && sink.gen("first") != "" })
	stop()

	var filler strings.Builder // does not compress well
	random := rand.New(rand.NewPCG(1, 2))
	for filler.Len() < 1<<20 {
		fmt.Fprintf(&filler, "%0100x\n", random.Uint64())
	}
	members := slices.Concat(gzipOf("first\n"), bytes.Repeat(gzipOf(filler.String()), megabytes), gzipOf("last\n"))
	if err := os.WriteFile(log+".1.gz", members, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	tail := newTailer(t, cfg, sink)
	var once sync.Once
	tail.desk.Piece = func(end int64) { // unpacking stands still until lines of the other log have come
		if end < 8<<20 {
			return
		}
		once.Do(func() {
			want := sink.lines() + 3
			for end := time.Now().Add(30 * time.Second); sink.lines() < want && time.Now().Before(end); {
				appendTo(t, beside, "a line\n")
				time.Sleep(10 * time.Millisecond)
			}
			if sink.lines() < want {
				t.Error("no line of another log comes while an archive is unpacked")
			}
		})
	}
	defer runTailer(t, tail)()
	await(t, "the archive", func() bool { return sink.gen("last") != "" })
	if sink.gen("last") != sink.gen("first") || sink.last != 1 {
		t.Errorf("the archive is %s, what it was made of %s; its end came %d times", sink.gen("last"), sink.gen("first"), sink.last)
	}
}

// A compressed copy of a log that goes on is no log of its own, however long.
func TestCompressedCopyOfALog(t *testing.T) {
	for _, ext := range []string{".gz", ".zst"} {
		inWorld(t, func(w *world) {
			w.write("sora.jsonl", lines(0, 5000))
			w.start()
			w.pack("sora.jsonl", "sora.jsonl.1"+ext)
			w.write("sora.jsonl", lines(5000, 10))
			w.pass(20 * time.Second)
			w.wantLines(5010)
			if n := len(w.tail.Status()); n != 1 {
				w.t.Errorf("%d lines in the ledger", n)
			}
		})
	}
}

func (b *bystander) gen(text string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.gens[text]
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func newTailer(t *testing.T, cfg Config, next entry.Consumer) *Tailer {
	t.Helper()
	tail, err := New(cfg, next)
	if err != nil {
		t.Fatal(err)
	}
	return tail
}

// runTailer has a tailer follow real files in real time until stop is called.
func runTailer(t *testing.T, tail *Tailer) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- tail.Run(ctx) }()
	return func() {
		cancel()
		<-done
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// Archives that are passed over at a first start are unpacked only to know how
// long they are. Nothing depends on it, so a stop does not wait for it.
func TestStopDoesNotWaitForArchivesThatArePassedOver(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("tmp", strings.Repeat(strings.Repeat("x", 1023)+"\n", 2*inspect.InlineBytes>>10))
		for i := range 3 {
			w.pack("tmp", fmt.Sprintf("sora.jsonl.%d.gz", i+1))
		}
		w.remove("tmp")
		w.write("sora.jsonl", lines(0, 10))
		w.piece = func(end int64) {
			if end > inspect.InlineBytes {
				time.Sleep(time.Second) // more than a minute for each of them
			}
		}
		w.start()
		w.pass(3 * time.Second)
		if !w.tail.desk.Busy() {
			t.Fatal("nothing is being unpacked")
		}
		begin := time.Now()
		w.drain()
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("the stop took %s", took)
		}
		w.wantLines(10)
	})
}
