package known

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/reader"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// A world is an index over a directory. Nothing is read in it but what a test settles.
type world struct {
	*testing.T
	dir string
	x   *Index
	s   *Followed
	now time.Time

	gate    chan struct{}    // until it is closed nothing is settled
	saved   map[string]Saved // what notices are told
	rescans int
	changes atomic.Int64
}

var all = []rules.Rule{
	{Pattern: "sora.jsonl"}, {Pattern: "crash.log", Form: entry.Reports}, {Pattern: "ulimit.log", Form: entry.Whole},
	{Pattern: "erlang.log.[1-9]", Log: "erlang", Form: entry.Clocked, Ring: true},
	{Pattern: "small/*.jsonl", Small: true}, {Pattern: "*.log"}, {Pattern: "*.jsonl"},
}

func newWorld(t *testing.T, change ...func(*Config, *rules.Source)) *world {
	w := &world{T: t, dir: t.TempDir(), now: time.Now(), saved: map[string]Saved{}}
	cfg := Config{
		StateDir: filepath.Join(w.dir, "state"), OpenFiles: 100, DeletedBytes: 1 << 30,
		Scan: time.Second, Still: time.Minute, RotateWait: 5 * time.Second, Forget: time.Hour, Logger: slog.New(slog.DiscardHandler),
	}
	src := rules.Source{Name: "sora", Origin: "sora", Dir: w.dir, Rules: all}
	for _, f := range change {
		f(&cfg, &src)
	}
	readers := progress.New(progress.Config{Next: w, MaxEntry: 1 << 20, Memory: 1 << 20, Logger: cfg.Logger, Nudge: func() {}, Changed: func(bool) { w.changes.Add(1) }})
	readers.Begin(t.Context())
	w.x = New(cfg, readers, Notice{
		Rescan: func() { w.rescans++ }, Changed: func(bool) { w.changes.Add(1) },
		IsSaved: func(_ *Followed, path string) bool { _, ok := w.saved[path]; return ok },
		Saved:   func(_ *Followed, path string) (Saved, bool) { s, ok := w.saved[path]; return s, ok },
	}, []rules.Source{src})
	w.s = w.x.Sources()[0]
	if w.s.Set.HasSmall() {
		if err := w.s.Small.Load("", "", "", slices.Values([]string(nil))); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		w.findsAll()
		w.x.CloseAll()
		if n := w.x.OpenFiles(); n != 0 {
			t.Errorf("%d files are left open", n)
		}
	})
	return w
}

// findsAll says where what is found by going through all and what is looked up differ.
func (w *world) findsAll() {
	w.Helper()
	w.x.learnStarts()
	keys, starts := 0, 0
	for g := range w.x.generations() {
		start := g.HashOf(match.Little)
		if g.at.Key != (file.Key{}) {
			keys++
		}
		if start != 0 {
			starts++
		}
		if is := slices.Contains(w.x.byKey[g.at.Key], g); is != (g.at.Key != file.Key{}) {
			w.Errorf("%s is found by its key: %v", g.at.Path, is)
		}
		if is := slices.Contains(w.x.byStart[start], g); is != (start != 0) {
			w.Errorf("%s is found by how it begins: %v", g.at.Path, is)
		}
	}
	for what, n := range map[string]int{"keys": keys - w.x.byKey.len(), "beginnings": starts - w.x.byStart.len()} {
		if n != 0 {
			w.Errorf("%d %s are looked up of what is not known any more", -n, what)
		}
	}
}

func (l lookup[K]) len() (n int) {
	for _, gens := range l {
		n += len(gens)
	}
	return n
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

// write writes a file, at the time it is by now.
func (w *world) write(name, text string) {
	w.Helper()
	if err := os.MkdirAll(filepath.Dir(w.path(name)), 0o755); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(w.path(name), []byte(text), 0o644); err != nil {
		w.Fatal(err)
	}
	if err := os.Chtimes(w.path(name), w.now, w.now); err != nil {
		w.Fatal(err)
	}
}

func (w *world) rename(from, to string) {
	w.Helper()
	if err := os.MkdirAll(filepath.Dir(w.path(to)), 0o755); err != nil {
		w.Fatal(err)
	}
	if err := os.Rename(w.path(from), w.path(to)); err != nil {
		w.Fatal(err)
	}
}

func (w *world) remove(name string) {
	w.Helper()
	if err := os.Remove(w.path(name)); err != nil {
		w.Fatal(err)
	}
}

// pass lets time pass.
func (w *world) pass(d time.Duration) { w.now = w.now.Add(d) }

// look lists all directories, and reconciles what is known with what is there.
func (w *world) look() (here map[*Generation]bool, loose []*Found) {
	w.Helper()
	dirs := map[string]bool{}
	var files []*Found
	for _, dir := range w.s.Set.Dirs() {
		list, _, err := w.s.List(dir, w.now, func() {})
		if err != nil {
			continue
		}
		dirs[dir] = true
		files = append(files, list...)
	}
	w.s.Early.Follow(true, w.now)
	return w.x.Reconcile(rules.EachOnce(files, (*Found).Name), dirs, w.x.readers.Tick(), w.now)
}

// scan is look, where each file that nobody knows is new; it ends what is over.
func (w *world) scan() {
	w.Helper()
	_, loose := w.look()
	for _, fl := range w.x.Unknown(loose, false, w.now) {
		if c := w.x.Candidate(fl); c != nil {
			w.x.Apply(match.Verdict{What: match.New}, c, w.now)
		}
	}
	w.finish()
}

func (w *world) finish() {
	for _, f := range w.x.Listed(map[string]bool{w.dir: true, w.path("small"): true}) {
		w.x.Finish(f, w.now)
	}
	w.findsAll()
}

// gen is the one generation at a path, nil if there is none.
func (w *world) gen(name string) *Generation {
	for g := range w.x.generations() {
		if g.at.Path == w.path(name) {
			return g
		}
	}
	return nil
}

// must is gen where there has to be one.
func (w *world) must(name string) *Generation {
	w.Helper()
	g := w.gen(name)
	if g == nil {
		w.Fatalf("nothing is known of %s", name)
	}
	return g
}

// Offer settles at once whatever it is offered, or when the gate is opened if there is one.
func (w *world) Offer(context.Context, entry.Batch) (entry.Receipt, error) {
	gate := w.gate
	if gate == nil {
		return entry.Settled, nil
	}
	return entry.ReceiptFunc(func(ctx context.Context) error {
		select {
		case <-gate:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}), nil
}

// until waits for what others do.
func (w *world) until(done func() bool) {
	w.Helper()
	for end := time.Now().Add(time.Minute); !done(); runtime.Gosched() {
		if time.Now().After(end) {
			w.Fatal("it never comes to that")
		}
	}
}

// settle has all of g read and settled; or, if it is said, only what stands before at.
func (w *world) settle(g *Generation, at ...int64) {
	w.Helper()
	w.x.StatNow(g, w.now)
	g.Reread()
	g.SavedHead(g.HeadLen())
	if !g.Done() {
		g.Complete()
	}
	w.until(func() bool {
		g.fam.Feed(w.now)
		return g.Done() && !g.View().Active
	})
	if len(at) > 0 {
		m, err := file.ReadMark(g.Src(), at[0])
		if err != nil {
			w.Fatal(err)
		}
		g.Rewind(reader.Position{Mark: m})
	}
}

// close closes a file as if there were no room for it.
func (w *world) close(g *Generation) { w.x.while(func() { w.x.close(g, w.now) }) }

// where is what is known, as text: the state of each generation by its name.
func (w *world) where() string {
	var list []string
	for g := range w.x.generations() {
		rel, _ := filepath.Rel(w.dir, g.at.Path)
		list = append(list, fmt.Sprintf("%s %s", rel, g.at.State))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func (w *world) want(where string) {
	w.Helper()
	if got := w.where(); got != where {
		w.Errorf("known: %s\nwant: %s", got, where)
	}
}

// lines are some that take more bytes than it needs to tell a copy by.
func lines(what string) string { return strings.Repeat(what+" is a line of this log\n", 9) }
