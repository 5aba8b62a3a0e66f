package reader_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	oracle "github.com/nxadm/tail"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/internal/reader"
)

func settings(t *testing.T) *reader.Settings {
	t.Helper()
	c, err := convert.New(convert.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return &reader.Settings{Converter: c, MaxEntry: 1 << 20}
}

// A list is lines as they come in.
type list struct {
	mu    sync.Mutex
	lines []string
}

func (l *list) add(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

func (l *list) get() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

// On logs that only grow, and on those that are truncated between lines, both
// read the same lines: ours, and the library that everybody uses.
func TestOracle(t *testing.T) {
	for _, c := range []struct {
		name  string
		write func(w *writer)
	}{
		{"grows", func(w *writer) {
			for n := range 200 {
				w.lines(n%7 + 1)
				if n%20 == 0 {
					w.settle()
				}
			}
		}},
		{"grows in pieces", func(w *writer) {
			for n := range 60 {
				w.pieces(fmt.Sprintf("piece %d of a longer line", n))
			}
		}},
		{"truncated", func(w *writer) {
			for turn := range 4 {
				w.lines(30 - turn)
				w.settle()
				w.truncate()
				w.lines(3)
				w.settle()
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWriter(t)
			c.write(w)
			w.settle()
			ours, theirs := w.ours.get(), w.theirs.get()
			if !slices.Equal(ours, theirs) {
				t.Errorf("ours has %d lines, theirs %d; the first that differs is\n%s", len(ours), len(theirs), differs(ours, theirs))
			}
		})
	}
}

func differs(a, b []string) string {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("%d: %q and %q", i, at(a, i), at(b, i))
		}
	}
	return "none"
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return ""
}

// A writer writes a log that both read.
type writer struct {
	t            *testing.T
	f            *os.File
	n            int // lines so far
	ours, theirs list
}

func newWriter(t *testing.T) *writer {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notes.log")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	w := &writer{t: t, f: f}
	// By default it hands on what it has of a line if that grows at the wrong moment.
	theirs, err := oracle.TailFile(path, oracle.Config{Follow: true, Poll: true, CompleteLines: true, Logger: oracle.DiscardingLogger, Location: &oracle.SeekInfo{Whence: io.SeekStart}})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for line := range theirs.Lines {
			w.theirs.add(line.Text)
		}
	}()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	ready := make(chan struct{})
	follow, err := reader.Follow([]string{filepath.Dir(path)}, "sora", nil, settings(t))
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		ended <- follow.Run(ctx, func([]reader.Input) error { close(ready); return nil }, func(r *reader.Record) error {
			w.ours.add(string(r.Body))
			return nil
		})
	}()
	<-ready
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		_ = theirs.Stop()
		f.Close()
	})
	return w
}

func (w *writer) text(s string) {
	w.t.Helper()
	if _, err := w.f.WriteString(s); err != nil {
		w.t.Fatal(err)
	}
}

func (w *writer) lines(n int) {
	for range n {
		w.text(fmt.Sprintf("line %d\n", w.n))
		w.n++
	}
}

// pieces writes a line byte by byte.
func (w *writer) pieces(s string) {
	for i := range len(s) {
		w.text(s[i : i+1])
	}
	w.text("\n")
	w.n++
}

func (w *writer) truncate() {
	if err := w.f.Truncate(0); err != nil {
		w.t.Fatal(err)
	}
}

// settle waits until both have read all lines.
func (w *writer) settle() {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); len(w.ours.get()) < w.n || len(w.theirs.get()) < w.n; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("of %d lines ours has read %d, theirs %d", w.n, len(w.ours.get()), len(w.theirs.get()))
		}
	}
}
