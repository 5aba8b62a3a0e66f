package tailer

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A sink is a consumer that remembers what it was given.
type sink struct {
	mu   sync.Mutex
	got  []received
	hold chan struct{} // if set, nothing is settled until it is closed

	stall func(b entry.Batch) bool // if set, batches for which it says so are never settled
	takes time.Duration            // until a batch is settled
}

// A received entry, with what makes its uid.
type received struct {
	log, text, gen string
	offset         int64
	time           time.Time
	cut            bool
	path           string
	run            int       // which run of the tailer handed it on
	handed         time.Time // when it was handed on
	settled        time.Time // when it was settled; zero if it was not
}

func (s *sink) consumer(run int) entry.Consumer { return sinkRun{s, run} }

type sinkRun struct {
	*sink
	run int
}

func (s sinkRun) Offer(_ context.Context, b entry.Batch) (entry.Receipt, error) {
	s.mu.Lock()
	hold, first := s.hold, len(s.got)
	if s.stall != nil && s.stall(b) {
		hold = make(chan struct{})
	}
	for _, e := range b.Entries {
		s.got = append(s.got, received{
			log: b.Origin.Log, text: string(e.Text), gen: fmt.Sprintf("%x", b.Origin.Generation), offset: e.Offset,
			time: e.Time, cut: e.Cut, path: filepath.Base(b.Origin.Path), run: s.run, handed: time.Now(),
		})
	}
	s.mu.Unlock()
	return entry.ReceiptFunc(func(ctx context.Context) error { return s.settle(ctx, hold, first, len(b.Entries)) }), nil
}

// settle settles the n entries from the given one on.
func (s *sink) settle(ctx context.Context, hold chan struct{}, first, n int) error {
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	time.Sleep(s.takes)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range n {
		s.got[first+i].settled = time.Now()
	}
	return nil
}

// texts returns what was received, in the order of each file: batches that are
// under way at once may be received in any.
func (s *sink) texts() []string {
	got := s.all()
	first := map[string]int{}
	for i, r := range got {
		if _, ok := first[r.gen]; !ok {
			first[r.gen] = i
		}
	}
	slices.SortStableFunc(got, func(a, b received) int {
		return cmp.Or(cmp.Compare(first[a.gen], first[b.gen]), cmp.Compare(a.offset, b.offset))
	})
	var texts []string
	for _, r := range got {
		texts = append(texts, r.text)
	}
	return texts
}

func (s *sink) all() []received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.got)
}

// A world is a log directory, a state directory and a tailer between a stop and
// the next. It lives in a synctest bubble: time passes only while all wait.
type world struct {
	t     reporter
	dir   string
	cfg   Config
	sink  *sink
	tail  *Tailer
	stop  func()
	runs  int
	ended chan error
	timed bool // files get their times from the bubble's clock
	piece func(int64)
	boots int // of the machine

	between func()
}

// A reporter is as much of a test as a world needs.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
	Error(args ...any)
	Fatal(args ...any)
	Log(args ...any)
}

// inWorld runs f in a bubble of its own.
func inWorld(t *testing.T, f func(w *world)) {
	t.Helper()
	inWorldAt(t, t.TempDir(), f)
}

// inWorldAt is inWorld with a log directory that is there.
func inWorldAt(t *testing.T, dir string, f func(w *world)) {
	t.Helper()
	state := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, dir, state)
		f(w)
		w.kill()
	})
}

// inWorlds runs each of several stories in a bubble of its own.
func inWorlds(t *testing.T, stories map[string]func(w *world)) {
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, story)
		})
	}
}

func newWorld(t reporter, dir, state string) *world {
	w := &world{t: t, dir: dir, sink: &sink{}}
	booted := time.Now()
	w.cfg = Config{
		StateDir: state,
		Sources:  []Source{{Name: "sora", Origin: "sora", Dir: dir, Rules: SoraRules()}},
		Logger:   slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		clock:    func() saved.Clock { return saved.Clock{Boot: fmt.Sprint(w.boots), At: booted} },
	}
	return w
}

// testLog writes the tailer's log to the test's.
type testLog struct{ t reporter }

func (l testLog) Write(b []byte) (int, error) {
	if os.Getenv("TAILER_LOG") != "" {
		l.t.Log(strings.TrimSpace(string(b)))
	}
	return len(b), nil
}

// start starts a tailer and gives it time for its first scans.
func (w *world) start() {
	w.t.Helper()
	w.begin()
	w.pass(3 * time.Second)
}

func (w *world) begin() {
	w.t.Helper()
	w.runs++
	tail, err := New(w.cfg, w.sink.consumer(w.runs))
	if err != nil {
		w.t.Fatal(err)
	}
	tail.store.NoSync = true
	tail.desk.Piece, tail.between = w.piece, w.between
	ctx, cancel := context.WithCancel(context.Background())
	w.tail, w.stop, w.ended = tail, cancel, make(chan error, 1)
	go func() { w.ended <- tail.Run(ctx) }()
}

// end stops the tailer in good order.
func (w *world) end() {
	w.t.Helper()
	if w.tail == nil {
		return
	}
	w.stop()
	if err := <-w.ended; err != nil {
		w.t.Errorf("Run: %v", err)
	}
	w.tail = nil
}

// kill ends the tailer without letting it save anything.
func (w *world) kill() {
	if w.tail == nil {
		return
	}
	w.tail.mu.Lock()
	w.tail.dead = true
	w.tail.mu.Unlock()
	w.end()
}

// drain ends the tailer as a signal does.
func (w *world) drain() {
	w.t.Helper()
	w.tail.Drain()
	select {
	case err := <-w.ended:
		if err != nil {
			w.t.Errorf("Run: %v", err)
		}
		w.stop()
		w.tail = nil
	case <-time.After(time.Minute):
		w.dump()
		w.kill()
	}
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// hold keeps what is handed on from being settled until release is called, or
// the tailer ends.
func (w *world) hold() (release func()) {
	held := make(chan struct{})
	w.sink.setHold(held)
	return func() {
		w.sink.setHold(nil)
		close(held)
	}
}

func (s *sink) setHold(c chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hold = c
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

// write appends to a file, and makes it if need be.
func (w *world) write(name, text string) {
	w.t.Helper()
	f, err := os.OpenFile(w.path(name), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := f.WriteString(text); err != nil {
		w.t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		w.t.Fatal(err)
	}
	w.stamp(name)
}

// stamp gives a file that was written to the time of the bubble.
func (w *world) stamp(name string) {
	if w.timed {
		os.Chtimes(w.path(name), time.Now(), time.Now())
	}
}

// lines returns n lines that occur nowhere else.
func lines(from, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s\n", line(from+i))
	}
	return b.String()
}

func line(i int) string {
	return fmt.Sprintf(`{"timestamp":"2031-03-05T07:%02d:%02d.%06dZ","level":"info","msg":"line %d"}`, i/60%60, i%60, i, i)
}

func (w *world) rename(from, to string) {
	w.t.Helper()
	if err := os.Rename(w.path(from), w.path(to)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) remove(name string) {
	w.t.Helper()
	if err := os.Remove(w.path(name)); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) truncate(name string) {
	w.t.Helper()
	if err := os.Truncate(w.path(name), 0); err != nil {
		w.t.Fatal(err)
	}
	w.stamp(name)
}

func (w *world) copy(from, to string) {
	w.t.Helper()
	in, err := os.Open(w.path(from))
	if err != nil {
		w.t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(w.path(to))
	if err != nil {
		w.t.Fatal(err)
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		w.t.Fatal(err)
	}
	w.stamp(to)
}

// wantLines checks that lines 0 to n-1 were each received exactly once, in
// any order.
func (w *world) wantLines(n int) {
	w.t.Helper()
	w.wantSet(n, 1)
}

// wantRepeats checks that lines 0 to n-1 were received at least once, and that
// repeats have the same generation and offset and came from different runs.
func (w *world) wantRepeats(n int) {
	w.t.Helper()
	w.wantSet(n, 0)
	first := map[string]received{}
	for _, r := range w.sink.all() {
		f, ok := first[r.text]
		if !ok {
			first[r.text] = r
			continue
		}
		if f.gen != r.gen || f.offset != r.offset {
			w.t.Errorf("%.90s came twice with different uids: %s+%d in run %d, %s+%d in run %d",
				r.text, f.gen[:8], f.offset, f.run, r.gen[:8], r.offset, r.run)
		}
	}
}

// wantGenerations checks in how many generations what was received came.
func (w *world) wantGenerations(n int) {
	w.t.Helper()
	gens := map[string]bool{}
	for _, r := range w.sink.all() {
		gens[r.gen] = true
	}
	if len(gens) != n {
		w.t.Errorf("entries of %d generations, want %d", len(gens), n)
	}
}

// wantTexts checks what was received, in order.
func (w *world) wantTexts(want ...string) {
	w.t.Helper()
	if got := w.sink.texts(); !slices.Equal(got, want) {
		w.t.Errorf("received %q\nwant %q", got, want)
	}
}

func (w *world) wantSet(n, times int) {
	w.t.Helper()
	count := map[string]int{}
	for _, s := range w.sink.texts() {
		count[s]++
	}
	var missing, twice []int
	for i := range n {
		switch c := count[line(i)]; {
		case c == 0:
			missing = append(missing, i)
		case times > 0 && c > times:
			twice = append(twice, i)
		}
		delete(count, line(i))
	}
	if len(missing) > 0 || len(twice) > 0 {
		w.t.Errorf("of %d lines %d are missing: %v; %d came too often: %v", n, len(missing), brief(missing), len(twice), brief(twice))
	}
	for s, c := range count {
		w.t.Errorf("not written, but received %d times: %.100q", c, s)
	}
}

func brief(l []int) []int { return l[:min(len(l), 10)] }

// gaps returns the bytes of all gaps.
func (w *world) gaps() (n int64) {
	for _, s := range w.tail.Status() {
		for _, g := range s.Gaps {
			n += g.Bytes
		}
	}
	return n
}

func (w *world) wantNoGap() {
	w.t.Helper()
	if n := w.gaps(); n != 0 {
		w.t.Errorf("%d bytes counted as lost", n)
	}
}

// dump reports what the tailer is waiting for.
func (w *world) dump() {
	w.t.Helper()
	w.tail.mu.Lock()
	defer w.tail.mu.Unlock()
	t := w.tail
	w.t.Errorf("not drained: consuming=%d blocked=%v scanNow=%v scanned=%d mem=%d", t.readers.Consuming(), t.readers.Blocked(1<<30), t.scanNow, t.scanned, t.readers.Used())
	t.known.Do(func(l known.Locked) {
		for g := range l.Generations() {
			w.t.Errorf("%+v", l.Look(g))
		}
	})
}

// logs is how many logs are known.
func (w *world) logs() (n int) {
	w.tail.known.Do(func(l known.Locked) {
		for range l.Logs() {
			n++
		}
	})
	return n
}
