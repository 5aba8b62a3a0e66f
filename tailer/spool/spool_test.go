package spool

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

var (
	peer4 = netip.MustParseAddrPort("192.0.2.7:40000")
	peer6 = netip.MustParseAddrPort("[2001:db8::9]:514")
	noon  = time.Unix(1_800_000_000, 123_456_789)
)

// message returns the i-th message of a test, of varying size, peer and kind.
func message(i int) Message {
	text := fmt.Appendf(nil, "message %d %s", i, bytes.Repeat([]byte{byte('a' + i%26)}, i%97))
	return Message{
		Text: text, Received: noon.Add(time.Duration(i)), Cut: i%5 == 0,
		Transport: []Transport{UDP, TCP, TLS, Unix}[i%4],
		Peer:      []netip.AddrPort{peer4, peer6, peer4, {}}[i%4],
	}
}

func openSpool(t testing.TB, cfg Config) *Spool {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// appendN appends messages from to to-1, a few at a time.
func appendN(t testing.TB, s *Spool, from, to int) {
	t.Helper()
	var b Batch
	for i := from; i < to; {
		b.Reset()
		for range i%7 + 1 {
			if i < to {
				b.Add(message(i))
				i++
			}
		}
		if err := s.Append(t.Context(), &b); err != nil {
			t.Fatalf("append: %v", err)
		}
	}
}

// paths returns the segment files in dir, oldest first.
func paths(t testing.TB, dir string) []string {
	t.Helper()
	p, err := filepath.Glob(filepath.Join(dir, "*"+Suffix))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(p)
	return p
}

// readAll returns every message in the files of dir, and the number of bytes
// that were junk.
func readAll(t testing.TB, dir string) (msgs []entry.Entry, junk int64) {
	t.Helper()
	for _, p := range paths(t, dir) {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		m, n := readSegment(t, data)
		msgs = append(msgs, m...)
		junk += n
	}
	return msgs, junk
}

// readSegment returns every message in a segment's bytes, and the number of
// bytes that were junk.
func readSegment(t testing.TB, data []byte) (msgs []entry.Entry, junk int64) {
	t.Helper()
	for sc := (scanner{r: bytes.NewReader(data), size: int64(len(data))}); ; {
		m, err := sc.next()
		if err == io.EOF {
			return msgs, sc.torn
		}
		if err != nil {
			t.Fatal(err)
		}
		m.Text = bytes.Clone(m.Text)
		msgs = append(msgs, m)
	}
}

func equal(a, b entry.Entry) bool {
	return bytes.Equal(a.Text, b.Text) && a.Observed.Equal(b.Observed) && a.Peer == b.Peer &&
		a.Transport == b.Transport && a.Cut == b.Cut
}

// wantMessages checks that msgs are the messages from to to-1 of a test.
func wantMessages(t testing.TB, msgs []entry.Entry, from, to int) {
	t.Helper()
	if len(msgs) != to-from {
		t.Fatalf("%d messages, want %d", len(msgs), to-from)
	}
	for i, m := range msgs {
		want := message(from + i)
		if want := want.entry(); !equal(m, want) {
			t.Fatalf("message %d is %+v, want %+v", from+i, m, want)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, Config{Dir: dir, SegmentBytes: 4 << 10})
	appendN(t, s, 0, 500)
	msgs, junk := readAll(t, dir)
	wantMessages(t, msgs, 0, 500)
	if junk != 0 {
		t.Errorf("%d bytes of junk", junk)
	}
	if n := len(paths(t, dir)); n < 5 {
		t.Errorf("%d segments, want several", n)
	}
	if st := s.Status(); st.Messages != 500 || st.Segments != len(paths(t, dir)) || st.Unsettled != st.Bytes {
		t.Errorf("status %+v", st)
	}
}

func TestMappedPeerIsIPv4(t *testing.T) {
	m := Message{Text: []byte("x"), Received: noon, Peer: netip.MustParseAddrPort("[::ffff:192.0.2.7]:40000"), Transport: TCP}
	got, _, v := decodeEntry(appendEntry(nil, &m))
	if v != whole || got.Peer != peer4 {
		t.Errorf("peer %v, verdict %v", got.Peer, v)
	}
}

func TestSegmentsBeginUniquely(t *testing.T) {
	a, b := appendHeader(nil, 1, noon), appendHeader(nil, 1, noon)
	if bytes.Equal(a, b) {
		t.Error("two headers are equal")
	}
	if decodeHeader(a) != whole || decodeHeader(a[:headerSize-1]) != short {
		t.Error("a header is not recognized")
	}
	a[20]++
	if decodeHeader(a) != damaged {
		t.Error("a damaged header is taken for a sound one")
	}
}

func TestReopenBeginsNewSegment(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		s := openSpool(t, Config{Dir: dir})
		if got := len(paths(t, dir)); got != i {
			t.Fatalf("opening made %d segments of %d", got, i)
		}
		appendN(t, s, i*10, i*10+10)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	msgs, _ := readAll(t, dir)
	wantMessages(t, msgs, 0, 50)
}

func TestSettledSegmentsAreDeleted(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, Config{Dir: dir, SegmentBytes: 4 << 10})
	appendN(t, s, 0, 500)
	all := paths(t, dir)
	for i, p := range all {
		info, err := os.Stat(p)
		if err != nil {
			t.Fatal(err)
		}
		s.Settled(p, info.Size()-1)
		if len(paths(t, dir)) != len(all)-i {
			t.Fatal("a segment was deleted before its last byte was settled")
		}
		s.Settled(p, info.Size())
	}
	// The last one is still written to. It goes when it is sealed.
	if left := paths(t, dir); !slices.Equal(left, all[len(all)-1:]) {
		t.Fatalf("left: %v", left)
	}
	if st := s.Status(); st.Unsettled != 0 || st.Segments != 1 {
		t.Errorf("status %+v", st)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return len(paths(t, dir)) == 0 })
	s.Settled(filepath.Join(dir, "other.log"), 1) // no segment: ignored
}

func waitFor(t testing.TB, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("condition not met in time")
		}
	}
}

func TestEarlySettlementCountsAtSealing(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, Config{Dir: dir, SegmentBytes: 4 << 10})
	appendN(t, s, 0, 10)
	first := paths(t, dir)[0]
	for i := 10; len(paths(t, dir)) == 1; i++ {
		s.Settled(first, s.Status().Bytes)
		appendN(t, s, i, i+1)
	}
	waitFor(t, func() bool { return !slices.Contains(paths(t, dir), first) })
}

// fill appends messages until the spool is full. It returns the batch of the first that
// has no room.
func fill(t *testing.T, s *Spool) *Batch {
	t.Helper()
	b := new(Batch)
	for n := 0; ; n++ {
		b.Reset()
		b.Add(message(n))
		if err := s.TryAppend(b); errors.Is(err, ErrFull) {
			return b
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// A full spool whose segments somebody has deleted has room again.
func TestFullOfWhatIsGone(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, Config{Dir: dir, MaxBytes: 32 << 10, Fsync: time.Hour})
	b := fill(t, s)
	for _, p := range paths(t, dir) {
		if err := os.Remove(p); err != nil {
			t.Fatal(err)
		}
	}
	s.discardAgain() // as with each sync
	if err := s.TryAppend(b); err != nil {
		t.Fatal(err)
	}
	if st := s.Status(); st.Segments != 1 || !st.FullSince.IsZero() {
		t.Errorf("status %+v", st)
	}
}

func TestFullSpool(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, Config{Dir: dir, MaxBytes: 32 << 10})
	b := fill(t, s)
	st := s.Status()
	if st.FullSince.IsZero() || st.Bytes > 32<<10 || st.Bytes < 24<<10 || b.Len() != 1 {
		t.Fatalf("status %+v, %d messages left in the batch", st, b.Len())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := s.Append(ctx, b); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("append to a full spool: %v", err)
	}
	done := make(chan error)
	go func() { done <- s.Append(t.Context(), b) }()
	first := paths(t, dir)[0]
	info, err := os.Stat(first)
	if err != nil {
		t.Fatal(err)
	}
	s.Settled(first, info.Size())
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if !s.Status().FullSince.IsZero() {
		t.Error("still full")
	}
}

// A spool whose only segment is the active one must not stay full when that
// segment is settled.
func TestFullSpoolOfOneSegment(t *testing.T) {
	dir := t.TempDir()
	s := openSpool(t, Config{Dir: dir, MaxBytes: 4 << 10})
	var b Batch
	b.Add(Message{Text: make([]byte, 8<<10), Received: noon}) // more than the limit: taken by an empty spool
	if err := s.TryAppend(&b); err != nil {
		t.Fatal(err)
	}
	p := paths(t, dir)[0]
	s.Settled(p, s.Status().Bytes)
	b.Reset()
	b.Add(message(1))
	if err := s.Append(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return len(paths(t, dir)) == 1 && paths(t, dir)[0] != p })
}

func TestCloseWakesWaiters(t *testing.T) {
	s := openSpool(t, Config{MaxBytes: 4 << 10})
	var b Batch
	b.Add(Message{Text: make([]byte, 8<<10), Received: noon})
	if err := s.Append(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	b.Reset()
	b.Add(message(0))
	done := make(chan error)
	go func() { done <- s.Append(t.Context(), &b) }()
	waitFor(t, func() bool { return !s.Status().FullSince.IsZero() })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("append: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestSetLimitsMakesRoom(t *testing.T) {
	s := openSpool(t, Config{MaxBytes: 4 << 10})
	var b Batch
	for {
		b.Reset()
		b.Add(message(1))
		if s.TryAppend(&b) != nil {
			break
		}
	}
	s.SetLimits(1<<20, 0)
	if err := s.TryAppend(&b); err != nil {
		t.Error(err)
	}
}

func TestHugeTextIsCut(t *testing.T) {
	if testing.Short() {
		t.Skip("takes memory")
	}
	var b Batch
	b.Add(Message{Text: make([]byte, maxText+3), Received: noon})
	if b.Len() != 2 {
		t.Fatalf("%d messages", b.Len())
	}
	m, n, v := decodeEntry(b.rest())
	if v != whole || !m.Cut || len(m.Text) != maxText {
		t.Fatalf("first: verdict %v, cut %v, %d bytes", v, m.Cut, len(m.Text))
	}
	m, _, v = decodeEntry(b.rest()[n:])
	if v != whole || !m.Cut || len(m.Text) != 3 {
		t.Fatalf("second: verdict %v, cut %v, %d bytes", v, m.Cut, len(m.Text))
	}
	b.Reset()
	if cap(b.buf) != 0 {
		t.Error("the batch keeps the memory of a huge message")
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	s := openSpool(t, Config{})
	m := message(50)
	var b Batch
	ctx := t.Context()
	n := testing.AllocsPerRun(200, func() {
		b.Reset()
		for range 50 {
			b.Add(m)
		}
		if err := s.Append(ctx, &b); err != nil {
			t.Error(err)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations for 50 messages", n)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, batch := range []int{1, 10, 100} {
		b.Run(fmt.Sprint(batch), func(b *testing.B) {
			s := openSpool(b, Config{MaxBytes: 1 << 40})
			m := Message{Text: bytes.Repeat([]byte("x"), 400), Received: noon, Peer: peer4, Transport: TCP}
			var batchOf Batch
			b.SetBytes(400)
			b.ReportAllocs()
			for i := 0; i < b.N; i += batch {
				batchOf.Reset()
				for range batch {
					batchOf.Add(m)
				}
				if err := s.Append(b.Context(), &batchOf); err != nil {
					b.Fatal(err)
				}
				if s.active.size > defaultSegmentBytes-1<<20 {
					s.Settled(s.active.path, s.active.size) // keep the disk free
				}
			}
		})
	}
}

// A length that no entry can have is damage, and not a reason to wait for more.
func TestImpossibleLength(t *testing.T) {
	for length, want := range map[int]verdict{
		entryMeta - 1: damaged, entryMeta + maxAddr + maxText: short, entryMeta + maxAddr + maxText + 1: damaged,
	} {
		b := append([]byte(entryMagic), 0, 0, 0, 0)
		b = binary.LittleEndian.AppendUint32(b, uint32(length))
		if _, _, v := decodeEntry(b); v != want {
			t.Errorf("length %d: verdict %d, want %d", length, v, want)
		}
	}
}
