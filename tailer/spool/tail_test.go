package spool_test

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/spool"
)

// A placed number is one with the place of its message in the spool.
type placed struct {
	path   string
	offset int64
	n      int
}

// A sink consumes batches and notes what was in them.
type sink struct {
	mu      sync.Mutex
	numbers []placed
	wrong   error
	hold    chan struct{} // when not nil, settling waits for it
}

func (s *sink) Offer(_ context.Context, b entry.Batch) (entry.Receipt, error) {
	var all []placed
	var wrong error
	for _, e := range b.Entries {
		n, err := check(b.Origin, e)
		wrong = cmp.Or(wrong, err)
		all = append(all, placed{b.Origin.Path, e.Offset, n})
	}
	return entry.ReceiptFunc(func(ctx context.Context) error { return s.settle(ctx, all, wrong) }), nil
}

func (s *sink) settle(ctx context.Context, all []placed, wrong error) error {
	s.mu.Lock()
	hold := s.hold
	s.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbers = append(s.numbers, all...)
	s.wrong = cmp.Or(s.wrong, wrong)
	return nil
}

func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.numbers)
}

var sender = netip.MustParseAddrPort("192.0.2.1:514")

// numbered returns the n-th message of a test, some of them long.
func numbered(n int) spool.Message {
	return spool.Message{
		Text:     fmt.Appendf(nil, "%d %s", n, bytes.Repeat([]byte("."), n*n%1500)),
		Received: time.Unix(1_800_000_000, int64(n)), Peer: sender, Transport: spool.TLS,
	}
}

// check returns the number of a message, and whether it is as it was sent.
func check(o *entry.Origin, e entry.Entry) (int, error) {
	digits, _, _ := bytes.Cut(e.Text, []byte(" "))
	n, err := strconv.Atoi(string(digits))
	if err != nil {
		return 0, err
	}
	want := numbered(n)
	if !bytes.Equal(e.Text, want.Text) || !e.Observed.Equal(want.Received) || e.Peer != sender ||
		e.Transport != "tls" || e.Cut || o.Source != "pexip" || o.Log != "" {
		return n, fmt.Errorf("message %d came as %+v from %+v", n, e, o)
	}
	return n, nil
}

// follow runs a Tailer on a spool until the returned function is called.
func follow(t testing.TB, dir string, s *spool.Spool, c entry.Consumer) (stop func()) {
	_, stop = followed(t, dir, s, c)
	return stop
}

func followed(t testing.TB, dir string, s *spool.Spool, c entry.Consumer) (tl *tailer.Tailer, stop func()) {
	t.Helper()
	tl, err := tailer.New(tailer.Config{
		StateDir: dir, Sources: []tailer.Source{s.Source("pexip")},
		Poll: 5 * time.Millisecond, Scan: 20 * time.Millisecond, Save: 30 * time.Millisecond,
	}, c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- tl.Run(ctx) }()
	return tl, func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	}
}

func open(t testing.TB, dir string, cfg spool.Config) *spool.Spool {
	t.Helper()
	cfg.Dir = filepath.Join(dir, "spool")
	s, err := spool.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func put(t testing.TB, s *spool.Spool, from, to int) {
	t.Helper()
	var b spool.Batch
	for ; from < to; from++ {
		b.Add(numbered(from))
		if b.Len() == 10 || from == to-1 {
			if err := s.Append(t.Context(), &b); err != nil {
				t.Fatal(err)
			}
			b.Reset()
		}
	}
}

func eventually(t testing.TB, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !cond(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not in time: " + what)
		}
	}
}

// inOrder checks that the numbers are those from 0 to n-1, in the order of the
// spool: batches are under way at once and may come in any.
func (s *sink) inOrder(t testing.TB, n int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.wrong != nil {
		t.Error(s.wrong)
	}
	if len(s.numbers) != n {
		t.Fatalf("%d messages, want %d", len(s.numbers), n)
	}
	slices.SortFunc(s.numbers, func(a, b placed) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.offset, b.offset))
	})
	for i, got := range s.numbers {
		if got.n != i {
			t.Fatalf("message %d came as number %d", got.n, i)
		}
	}
}

// From the spool through the tailer to the consumer, in order, and the
// segments go when they are settled.
func TestFollowed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, spool.Config{SegmentBytes: 64 << 10})
	var c sink
	tl, stop := followed(t, dir, s, &c)
	put(t, s, 0, 1000)
	eventually(t, "delivery", func() bool { return c.count() == 1000 })
	eventually(t, "deletion of all but the last segment", func() bool { return s.Status().Segments == 1 })
	put(t, s, 1000, 1100)
	eventually(t, "delivery", func() bool { return c.count() == 1100 })
	eventually(t, "settlement", func() bool { return s.Status().Unsettled == 0 })
	stop()
	for _, f := range tl.Status() {
		if len(f.Gaps) > 0 || f.Lag != 0 {
			t.Errorf("not all there: %+v", f)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	c.inOrder(t, 1100)
	eventually(t, "deletion of the last segment", func() bool {
		names, err := os.ReadDir(s.Dir())
		return err == nil && len(names) == 0
	})
}

// A consumer that stands still fills the spool, and nothing is lost by it.
func TestStalledConsumer(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, spool.Config{MaxBytes: 512 << 10})
	c := sink{hold: make(chan struct{})}
	defer follow(t, dir, s, &c)()
	done := make(chan struct{})
	go func() {
		defer close(done)
		put(t, s, 0, 3000) // some 2 MiB
	}()
	eventually(t, "a full spool", func() bool { return !s.Status().FullSince.IsZero() })
	select {
	case <-done:
		t.Fatal("appending did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	if st := s.Status(); st.Bytes > st.MaxBytes {
		t.Errorf("%d bytes of at most %d", st.Bytes, st.MaxBytes)
	}
	close(c.hold)
	<-done
	eventually(t, "delivery", func() bool { return c.count() == 3000 })
	c.inOrder(t, 3000)
}

// What was not settled is offered again by the next process; what was settled
// and saved is not.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	total := 0
	var all sink
	for round := range 4 {
		s := open(t, dir, spool.Config{SegmentBytes: 64 << 10})
		stop := follow(t, dir, s, &all)
		put(t, s, total, total+300)
		total += 300
		eventually(t, "delivery", func() bool { return all.count() == total })
		stop()
		// These wait for the next round.
		put(t, s, total, total+50)
		total += 50
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if n := all.count(); n != total-50 {
			t.Fatalf("round %d: %d messages, want %d", round, n, total-50)
		}
	}
	s := open(t, dir, spool.Config{})
	defer follow(t, dir, s, &all)()
	eventually(t, "delivery", func() bool { return all.count() >= total })
	eventually(t, "deletion of old segments", func() bool { return s.Status().Bytes == 0 || s.Status().Unsettled == 0 })
	all.inOrder(t, total)
}

// A segment that was damaged is read on behind the damage, which is a gap.
func TestDamagedSegmentIsReadOn(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, spool.Config{})
	put(t, s, 0, 100)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(s.Dir(), "*"+spool.Suffix))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("50 ..."))
	data[at] = 'X'
	if err := os.WriteFile(names[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, spool.Config{})
	put(t, s, 100, 110)
	var c sink
	tl, err := tailer.New(tailer.Config{StateDir: dir, Sources: []tailer.Source{s.Source("pexip")}}, &c)
	if err != nil {
		t.Fatal(err)
	}
	tl.Drain()
	if err := tl.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.count() != 109 {
		t.Errorf("%d messages, want 109", c.count())
	}
	gaps := 0
	for _, f := range tl.Status() {
		gaps += len(f.Gaps)
	}
	if gaps != 1 {
		t.Errorf("%d gaps, want 1: %+v", gaps, tl.Status())
	}
}

// Damage in an older segment costs the messages that it touches, is logged with
// its place, and still counted when the segment is gone.
func TestDamageOutlivesItsSegment(t *testing.T) {
	state, dir := t.TempDir(), t.TempDir()
	s := open(t, dir, spool.Config{})
	put(t, s, 0, 2000)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(s.Dir(), "*"+spool.Suffix))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	data, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	from, to := bytes.Index(data, []byte("400 ..."))-20, bytes.Index(data, []byte("1600 ..."))
	clear(data[from:to])
	if err := os.WriteFile(names[0], data, 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, dir, spool.Config{}) // begins a segment of its own, so that one is an older one now
	put(t, s, 2000, 2010)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	s = open(t, dir, spool.Config{Logger: slog.New(slog.NewTextHandler(&said, nil))})
	put(t, s, 2010, 2020)
	var c sink
	stop := follow(t, state, s, &c)
	eventually(t, "the older segments to go", func() bool { return s.Status().Segments == 1 })
	stop()
	st := s.Status()
	if c.count() != 2020-1201 || st.Damages != 1 || st.DamagedBytes < uint64(to-from) || st.DamagedBytes > uint64(to-from)+1600 {
		t.Errorf("%d messages, %d places with %d bytes of %d", c.count(), st.Damages, st.DamagedBytes, to-from)
	}
	if d := st.LastDamage; d == nil || d.Segment != names[0] || d.At > int64(from) || d.At < int64(from)-1600 {
		t.Errorf("%+v, want %s at about %d", d, names[0], from)
	}
	if n := strings.Count(said.String(), "level=WARN"); n != 1 || !strings.Contains(said.String(), "segment="+names[0]) {
		t.Errorf("%s", said.String())
	}
}

// delivery is what the child of TestKillAll notes of each entry it consumed.
type delivery struct {
	Generation [16]byte
	Offset     int64
	Number     int64
}

// A ledger consumes batches and notes them in a file, so that a process killed
// at any moment has noted what it has settled.
type ledger struct {
	mu   sync.Mutex
	file *os.File
}

func (l *ledger) Offer(_ context.Context, b entry.Batch) (entry.Receipt, error) {
	var out bytes.Buffer
	for _, e := range b.Entries {
		n, err := check(b.Origin, e)
		if err != nil {
			panic(err)
		}
		if err := binary.Write(&out, binary.BigEndian, delivery{b.Origin.Generation, e.Offset, int64(n)}); err != nil {
			panic(err)
		}
	}
	return entry.ReceiptFunc(func(ctx context.Context) error { return l.settle(ctx, out.Bytes()) }), nil
}

func (l *ledger) settle(ctx context.Context, deliveries []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if rand.IntN(4) == 0 { // a slow one at times
		select {
		case <-time.After(time.Duration(rand.IntN(20)) * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if _, err := l.file.Write(deliveries); err != nil {
		panic(err)
	}
	return nil
}

// TestKillAllChild is no test but the process that TestKillAll kills: it
// receives messages, and ships them.
func TestKillAllChild(t *testing.T) {
	dir := os.Getenv("SPOOL_TEST_KILL")
	if dir == "" {
		t.Skip("only as a child process")
	}
	s := open(t, dir, spool.Config{SegmentBytes: 64 << 10, MaxBytes: 1 << 20})
	file, err := os.OpenFile(filepath.Join(dir, "delivered"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer follow(t, dir, s, &ledger{file: file})()
	acked, err := os.OpenFile(filepath.Join(dir, "acked"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	// No number is used twice, also when a kill came between appending and
	// noting it.
	next := highest(t, dir) + 1000
	for until := time.Now().Add(30 * time.Second); time.Now().Before(until); {
		var b spool.Batch
		from := next
		for range 1 + next%7 {
			b.Add(numbered(next))
			next++
		}
		if err := s.Append(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := binary.Write(&out, binary.BigEndian, [2]int64{int64(from), int64(next)}); err != nil {
			t.Fatal(err)
		}
		if _, err := acked.Write(out.Bytes()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Microsecond)
	}
}

// acks returns the numbers for which Append had returned.
func acks(t testing.TB, dir string) (numbers []int64) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "acked"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for ; len(data) >= 16; data = data[16:] {
		from, to := int64(binary.BigEndian.Uint64(data)), int64(binary.BigEndian.Uint64(data[8:]))
		for ; from < to; from++ {
			numbers = append(numbers, from)
		}
	}
	return numbers
}

func highest(t testing.TB, dir string) int {
	all := acks(t, dir)
	if len(all) == 0 {
		return 0
	}
	return int(all[len(all)-1])
}

// Through kills at any moment, each message that reached the spool is
// delivered, and always as the same entry of the same generation, which is
// what its uid is made of.
func TestKillAll(t *testing.T) {
	dir := t.TempDir()
	for range 6 {
		before := len(acks(t, dir))
		cmd := exec.Command(os.Args[0], "-test.run=^TestKillAllChild$")
		cmd.Env = append(os.Environ(), "SPOOL_TEST_KILL="+dir)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a message in the spool", func() bool { return len(acks(t, dir)) > before })
		time.Sleep(time.Duration(rand.IntN(250)) * time.Millisecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed
	}
	s := open(t, dir, spool.Config{})
	file, err := os.OpenFile(filepath.Join(dir, "delivered"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, 10, 11) // a newer segment, so that the last one is final
	stop := follow(t, dir, s, &ledger{file: file})
	eventually(t, "settlement", func() bool { return s.Status().Unsettled == 0 })
	stop()
	checkDeliveries(t, dir)
}

func checkDeliveries(t *testing.T, dir string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "delivered"))
	if err != nil {
		t.Fatal(err)
	}
	place := map[int64]delivery{}
	again := 0
	for r := bytes.NewReader(data); r.Len() >= binary.Size(delivery{}); {
		var d delivery
		if err := binary.Read(r, binary.BigEndian, &d); err != nil {
			t.Fatal(err)
		}
		if first, ok := place[d.Number]; ok {
			again++
			if first != d {
				t.Fatalf("message %d was delivered as %v and as %v", d.Number, first, d)
			}
		}
		place[d.Number] = d
	}
	acked := acks(t, dir)
	lost := 0
	for _, n := range acked {
		if _, ok := place[n]; !ok {
			lost++
		}
	}
	if lost > 0 || len(acked) == 0 {
		t.Errorf("%d of %d messages were lost", lost, len(acked))
	}
	t.Logf("%d messages, %d of them delivered again after a kill", len(acked), again)
}
