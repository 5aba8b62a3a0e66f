package rotation

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// A writer appends numbered lines to one log, as Sora does: it keeps the file
// open, and notices only some lines later that the file at its path is another
// one.
type writer struct {
	path, stream string
	reopens      bool // opens its path anew once the file there is another one; else it writes on, as for copytruncate

	mu   sync.Mutex // held while a line is written; whoever holds it has the writer stand still
	file *os.File
	n    int // lines written
}

func newWriter(t *testing.T, path, stream string, reopens bool) *writer {
	t.Helper()
	w := &writer{path: path, stream: stream, reopens: reopens}
	w.open(t)
	t.Cleanup(func() { w.file.Close() })
	return w
}

func (w *writer) open(t *testing.T) {
	t.Helper()
	if w.file != nil {
		w.file.Close()
	}
	f, err := os.OpenFile(w.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		t.Error(err)
		return
	}
	w.file = f
}

// run writes count lines every pause until stop is closed.
func (w *writer) run(t *testing.T, count int, pause time.Duration, stop <-chan struct{}) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		w.write(t, count)
		select {
		case <-stop:
			return
		case <-tick.C:
		}
	}
}

func (w *writer) write(t *testing.T, count int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for range count {
		if _, err := w.file.WriteString(harness.SoraLine(w.stream, w.n, "") + "\n"); err != nil {
			t.Errorf("write %s: %v", w.path, err)
			return
		}
		w.n++
	}
	if w.reopens && w.moved() {
		w.open(t)
	}
}

// moved reports whether the file at the path is not the one that is open.
func (w *writer) moved() bool {
	at, err := os.Stat(w.path)
	if err != nil {
		return true
	}
	open, err := w.file.Stat()
	return err != nil || !os.SameFile(at, open)
}

// awaitReopen returns once the writer writes to the file at its path.
func (w *writer) awaitReopen() {
	for {
		w.mu.Lock()
		moved := w.moved()
		w.mu.Unlock()
		if !moved {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// A fleet is writers that run at the same time.
type fleet struct {
	writers []*writer
	stop    chan struct{}
	once    sync.Once
	running sync.WaitGroup
}

// start lets each writer write count lines every pause.
func start(t *testing.T, count int, pause time.Duration, writers ...*writer) *fleet {
	f := &fleet{writers: writers, stop: make(chan struct{})}
	for _, w := range writers {
		f.running.Go(func() { w.run(t, count, pause, f.stop) })
	}
	t.Cleanup(f.end)
	return f
}

// end stops the writers; what they have written is final when it returns.
func (f *fleet) end() {
	f.once.Do(func() { close(f.stop) })
	f.running.Wait()
}

// shift makes room for generation 1 of a log: sora.jsonl.1 becomes
// sora.jsonl.2, and so on, compressed ones too.
func shift(t *testing.T, path string) {
	t.Helper()
	names, err := filepath.Glob(path + ".*")
	if err != nil {
		t.Fatal(err)
	}
	for n := len(names); n >= 1; n-- {
		for _, suffix := range []string{"", ".gz"} {
			from := fmt.Sprintf("%s.%d%s", path, n, suffix)
			to := fmt.Sprintf("%s.%d%s", path, n+1, suffix)
			if err := os.Rename(from, to); err != nil && !os.IsNotExist(err) {
				t.Error(err)
			}
		}
	}
}
