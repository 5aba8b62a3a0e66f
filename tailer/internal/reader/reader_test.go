package reader

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// Memory is handed out in the order in which it was asked for, never more than there is,
// except that one who needs more than all of it gets that alone.
func TestBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &Budget{}
		b.SetLimit(10)
		ctx := t.Context()
		var mu sync.Mutex
		var got []string
		waits := 0
		ask := func(ctx context.Context, name string, n int64) {
			go func() {
				ok := b.Get(ctx, n, func() {
					mu.Lock()
					defer mu.Unlock()
					waits++
				})
				mu.Lock()
				defer mu.Unlock()
				if !ok {
					name += " not"
				}
				got = append(got, name)
			}()
			synctest.Wait()
		}
		want := func(what string, names string, used int64, waited int) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			slices.Sort(got) // who gets it at once with others has no order
			if strings.Join(got, " ") != names || b.Used() != used || waits != waited {
				t.Errorf("%s: %v got it, %d used, %d waited; want %s, %d, %d", what, got, b.Used(), waits, names, used, waited)
			}
			got, waits = nil, 0
		}
		ask(ctx, "a", 4)
		ask(ctx, "b", 6)
		want("all that there is", "a b", 10, 0)
		ask(ctx, "large", 7)
		ask(ctx, "small", 1)
		want("no more", "", 10, 2)
		b.Put(4)
		want("the first one needs more", "", 6, 0) // and the second one does not pass by
		b.Put(6)
		want("given back", "large small", 8, 0)
		b.Put(8)
		ask(ctx, "huge", 100)
		want("more than there is", "huge", 100, 0)
		ask(ctx, "small", 1)
		want("beside that", "", 100, 1)
		b.Put(100)
		want("after it", "small", 1, 0)
		b.Put(1)

		ask(ctx, "a", 10)
		gone, end := context.WithCancel(ctx)
		ask(gone, "gone", 9)
		ask(ctx, "next", 2)
		want("nothing left", "a", 10, 2)
		end()
		want("one gives up", "gone not", 10, 0)
		b.Put(10)
		want("and holds up nobody", "next", 2, 0)
		b.Put(2)

		ask(ctx, "a", 9)
		gone, end = context.WithCancel(ctx)
		ask(gone, "gone", 9)
		ask(ctx, "next", 1)
		mu.Lock()
		got, waits = nil, 0
		mu.Unlock()
		end()
		want("what the one in front gave up", "gone not next", 10, 0)
	})
}

// What was granted to one who has given up meanwhile is given back.
func TestBudgetAbandoned(t *testing.T) {
	b := &Budget{limit: 10, used: 10}
	c := &claim{5, make(chan struct{})}
	b.queue = []*claim{c}
	next := &claim{8, make(chan struct{})}
	b.queue = append(b.queue, next)
	b.Put(10) // c gets it
	if b.Used() != 5 {
		t.Fatal(b.Used())
	}
	b.abandon(c)
	if b.Used() != 8 || len(b.queue) != 0 {
		t.Errorf("%d used, %d wait", b.Used(), len(b.queue))
	}
	select {
	case <-next.ready:
	default:
		t.Error("the next one waits for ever")
	}
}

// Reading is spread over time, and what was not read is not saved up.
func TestLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &Limiter{}
		wait := func(want time.Duration) {
			t.Helper()
			begin := time.Now()
			if l.Wait(t.Context()); time.Since(begin) != want {
				t.Errorf("waited %v, want %v", time.Since(begin), want)
			}
		}
		l.Read(1 << 40)
		wait(0) // no limit
		l.SetRate(1000)
		wait(0)
		l.Read(500)
		l.Read(1500)
		wait(2 * time.Second)
		time.Sleep(time.Hour)
		l.Read(3000)
		wait(3 * time.Second)
		l.Read(1 << 30)
		ctx, end := context.WithTimeout(t.Context(), time.Second)
		defer end()
		if l.Wait(ctx); ctx.Err() == nil {
			t.Error("it did not wait")
		}
	})
}

// A buffer has room for what was asked for, and its charge is what it takes.
func TestBuffers(t *testing.T) {
	p := &Pools{}
	for _, n := range []int{1, classes[0], classes[0] + 1, classes[1], classes[1] + 1, classes[2], classes[2] + 1, 10 << 20} {
		b := p.Get(n)
		if len(b.Bytes) < n {
			t.Errorf("%d bytes of %d", len(b.Bytes), n)
		}
		entries := cap(b.Entries)*entryBytes + 1
		if got := ChargeFor(n, 2); got < int64(3*len(b.Bytes)) || got > int64(3*len(b.Bytes)+max(entries, len(b.Bytes)/2)) {
			t.Errorf("%d bytes cost %d, and take %d", n, got, len(b.Bytes))
		}
		b.Entries = append(b.Entries, entry.Entry{Offset: 7})
		p.Put(b)
		if len(b.Entries) != 0 || b.Entries[:1][0].Offset != 0 {
			t.Error("what was in a buffer is held while nobody uses it")
		}
	}
	large := p.Get(10 << 20)
	p.Put(large)
	if b := p.Get(20 << 20); len(b.Bytes) < 20<<20 {
		t.Errorf("a buffer of %d bytes is given for 20 MiB", len(b.Bytes))
	}
}

// content is a file with text.
func content(t *testing.T, name string, text []byte) file.Content {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	c, _, err := file.Open(path, file.Unpacked, &atomic.Int64{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// plan is a read of text from at, as one that comes after others.
func plan(t *testing.T, text string, at int64) (*Plan, *Buffer) {
	t.Helper()
	p := &Plan{Src: content(t, "a.log", []byte(text)), Size: int64(len(text)), Flush: -1, Most: 1 << 20}
	p.From.Mark = file.MarkOf([]byte(text)[:at], at)
	if at > file.HeadBytes {
		p.Start = at - file.MarkBytes
	}
	p.HeadLen = int(min(int64(len(text)), file.HeadBytes))
	p.HeadHash = xxhash.Sum64([]byte(text)[:p.HeadLen])
	p.Want = len(text) + Lead
	return p, (&Pools{}).Get(p.Want)
}

func texts(r *Result) (list []string) {
	for _, e := range r.Cut.Entries {
		list = append(list, string(e.Text))
	}
	return list
}

// A read takes what is complete, says where the next one begins, and notices when the
// file is not what was read before.
func TestRead(t *testing.T) {
	long := strings.Repeat("a line of a log that is longer than its head\n", 40) // 1800 bytes
	for _, test := range []struct {
		name   string
		text   string
		at     int64
		change func(*Plan)
		want   string // entries
		taken  int64
		other  bool
		dry    bool
	}{
		{"from the beginning", "one\ntwo\n", 0, nil, "one two", 8, false, true},
		{"a line that is not complete", "one\ntw", 0, nil, "one", 4, false, true},
		{"a line that is complete as it stands", "one\ntw", 0, func(p *Plan) { p.Flush = 6 }, "one tw", 6, false, true},
		{"complete as it stood before", "one\ntw", 0, func(p *Plan) { p.Flush = 5 }, "one", 4, false, true},
		{"onwards", "one\ntwo\n", 4, nil, "two", 4, false, true},
		{"nothing new", "one\n", 4, nil, "", 0, false, true},
		{"far onwards", long + "last\n", int64(len(long)), nil, "last", 5, false, true},
		{"another head", "one\ntwo\n", 4, func(p *Plan) { p.HeadHash++ }, "", 0, true, false},
		{"shorter than its head", "one\ntwo\n", 4, func(p *Plan) { p.HeadLen = 9 }, "", 0, true, false},
		{"shorter than what was read", "one\ntwo\n", 4, func(p *Plan) { p.From.At = 9 }, "", 0, true, false},
		{"far onwards, and another", long + "last\n", int64(len(long)), func(p *Plan) { p.From.Hash++ }, "", 0, true, false},
		{"far onwards, of which nothing is known", long + "last\n", int64(len(long)), func(p *Plan) { p.From.Hash = 0 }, "last", 5, false, true},
		{"a whole file that may go on", "all\nof it", 0, func(p *Plan) { p.Form = entry.Whole }, "", 0, false, true},
		{"a whole file", "all\nof it", 0, func(p *Plan) { p.Form, p.Flush = entry.Whole, 9 }, "all\nof it", 9, false, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, buf := plan(t, test.text, test.at)
			if test.change != nil {
				test.change(p)
			}
			r := p.Read(buf)
			if r.Err != nil || r.Other != test.other || r.Dry != test.dry || strings.Join(texts(&r), " ") != test.want || int64(r.Cut.Taken) != test.taken {
				t.Fatalf("%q, %d taken, other %v, dry %v, %v", texts(&r), r.Cut.Taken, r.Other, r.Dry, r.Err)
			}
			if test.other || test.taken == 0 {
				return
			}
			end := test.at + test.taken
			if want := file.MarkOf([]byte(test.text)[:end], end); r.Mark != want {
				t.Errorf("the next one begins at %+v, want %+v", r.Mark, want)
			}
			for _, m := range r.Ends {
				if m != file.MarkOf([]byte(test.text)[:m.At], m.At) || m.At <= test.at || m.At >= end {
					t.Errorf("a mark that is none: %+v", m)
				}
			}
			if p.Start == 0 && !bytes.Equal(r.Head, []byte(test.text)[:min(len(test.text), file.HeadBytes)]) {
				t.Errorf("head: %q", r.Head)
			}
		})
	}
}

// What is in a buffer from another read says nothing about the file.
func TestShorterThanItsHead(t *testing.T) {
	p, buf := plan(t, "one\ntwo\n", 4)
	p.HeadLen = 12
	p.HeadHash = xxhash.Sum64([]byte("one\ntwo\nmore"))
	copy(buf.Bytes, "one\ntwo\nmore")
	if r := p.Read(buf); !r.Other {
		t.Error("a file that is shorter than its head is taken for what it was")
	}
}

// No read takes more than a batch holds, whatever is there.
func TestReadIsBounded(t *testing.T) {
	line := strings.Repeat("x", 255) + "\n"
	text := strings.Repeat(line, 3*entry.BatchBytes/len(line))
	p, _ := plan(t, text, 0)
	buf := (&Pools{}).Get(2 * entry.BatchBytes)
	r := p.Read(buf)
	if r.Cut.Taken != entry.BatchBytes/len(line)*len(line) || r.EOF || r.End > entry.BatchBytes {
		t.Errorf("%d taken, end of file %v", r.Cut.Taken, r.EOF)
	}
}

// A line that is longer than the buffer asks for a larger one, up to what an entry may
// take; then it is cut.
func TestLongLine(t *testing.T) {
	const most = 64 << 10
	line := strings.Repeat("x", 3*most)
	p, _ := plan(t, line, 0)
	p.Most, p.HeadLen, p.Wide = most, 0, true
	want := 8 << 10
	var r Result
	for range 10 {
		r = p.Read(&Buffer{Bytes: make([]byte, want)})
		if !r.Grow {
			break
		}
		if r.Window <= want || r.Window > most+1+Lead {
			t.Fatalf("a buffer of %d bytes after one of %d", r.Window, want)
		}
		want = r.Window
	}
	if r.Grow || len(r.Cut.Entries) != 1 || len(r.Cut.Entries[0].Text) != most || !r.Cut.Cut || r.Window != most+1+Lead {
		t.Errorf("grow %v, %d entries, cut %v, window %d", r.Grow, len(r.Cut.Entries), r.Cut.Cut, r.Window)
	}
}

// The end of a long line is looked for in what was not looked at before.
func TestScan(t *testing.T) {
	const most = 1 << 20
	for _, test := range []struct {
		name          string
		text          string
		scanned       int64
		grow, dry     bool
		window, found int
	}{
		{"it goes on", strings.Repeat("x", 3*ScanBytes), ScanBytes, false, true, 0, 3 * ScanBytes},
		{"it ends", strings.Repeat("x", 3*ScanBytes) + "\n", ScanBytes, true, false, 3*ScanBytes + 2, 0},
		{"it ends in what was looked at", "x\n" + strings.Repeat("x", 3*ScanBytes), ScanBytes, false, true, 0, 3*ScanBytes + 2},
		{"it is too long", strings.Repeat("x", 2*most), ScanBytes, true, false, most + 1 + Lead, 0},
	} {
		p, _ := plan(t, test.text, 0)
		p.Scan, p.Scanned, p.Most = true, test.scanned, most
		r := p.Read(&Buffer{Bytes: make([]byte, ScanBytes)})
		if r.Grow != test.grow || r.Dry != test.dry || r.Window != test.window || r.Scanned != int64(test.found) || r.Err != nil {
			t.Errorf("%s: grow %v, dry %v, window %d, scanned %d", test.name, r.Grow, r.Dry, r.Window, r.Scanned)
		}
	}
}

// A hole is passed over as a whole.
func TestHole(t *testing.T) {
	const hole = 8 << 20
	path := filepath.Join(t.TempDir(), "a.log")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("after\n"), hole); err != nil {
		t.Fatal(err)
	}
	src, st, err := file.Open(path, file.Unpacked, &atomic.Int64{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if src.Data(0) != hole {
		t.Skip("the file system has no holes")
	}
	p := &Plan{Src: src, Size: st.Size, Flush: -1, Most: 1 << 20}
	r := p.Read((&Pools{}).Get(entry.BatchBytes))
	if r.Err != nil || r.Cut.Taken != hole || len(r.Cut.Gaps) != 1 || r.Cut.Gaps[0].Bytes != hole || r.Mark.At != hole || r.EOF {
		t.Fatalf("%d taken, gaps %+v, next at %d, %v", r.Cut.Taken, r.Cut.Gaps, r.Mark.At, r.Err)
	}
	p.From.Mark, p.Start = r.Mark, r.Mark.At-file.MarkBytes
	if r = p.Read((&Pools{}).Get(entry.BatchBytes)); strings.Join(texts(&r), " ") != "after" || r.Other {
		t.Errorf("behind it: %q, other %v", texts(&r), r.Other)
	}
}

// Of a crash dump its head is taken when it is complete, and the rest is passed over.
func TestDump(t *testing.T) {
	dump := "=erl_crash_dump:0.5\nSlogan: out of memory\n" + strings.Repeat("=proc:<0.1.0>\n", 1000)
	for _, test := range []struct {
		name string
		text string
		done bool // by time
		want bool
	}{
		{"not complete", dump, false, false},
		{"complete by what it says", dump + "=end\n", false, true},
		{"complete as it stands", dump, true, true},
	} {
		p, buf := plan(t, test.text, 0)
		p.Form = entry.Dump
		if test.done {
			p.Flush = p.Size
		}
		r := p.Read(buf)
		if got := len(r.Cut.Entries) == 1; got != test.want || got && (int64(r.Cut.Taken) != p.Size || r.Cut.Entries[0].Size != p.Size) || !got && r.Cut.Taken != 0 {
			t.Errorf("%s: %d entries, %d taken", test.name, len(r.Cut.Entries), r.Cut.Taken)
		}
	}
}

// A fault is no end of the file.
func TestFault(t *testing.T) {
	p, buf := plan(t, "one\n", 0)
	p.Src.Close()
	if r := p.Read(buf); r.Err == nil || r.EOF || errors.Is(r.Err, io.EOF) {
		t.Errorf("%+v", r)
	}
}
