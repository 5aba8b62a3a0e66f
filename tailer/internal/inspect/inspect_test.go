package inspect

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
)

// A bench is a directory with a desk that looks into the files there.
type bench struct {
	*testing.T
	dir      string
	desk     Desk
	running  sync.WaitGroup
	open     atomic.Int64
	finished atomic.Int64
	hurried  atomic.Bool
}

func newBench(t *testing.T) *bench {
	b := &bench{T: t, dir: t.TempDir()}
	b.desk = Desk{Running: &b.running, Finished: func() { b.finished.Add(1) }, Hurried: b.hurried.Load}
	t.Cleanup(func() {
		b.running.Wait()
		if n := b.open.Load(); n != 0 {
			t.Errorf("%d files are left open", n)
		}
	})
	return b
}

func (b *bench) write(name string, data []byte) {
	b.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), data, 0o644); err != nil {
		b.Fatal(err)
	}
}

func packed(text []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(text)
	z.Close()
	return b.Bytes()
}

func (b *bench) opener(name string) Opener {
	_, p := file.UnpackedName(name)
	return func() (file.Content, file.Stat, error) { return file.Open(filepath.Join(b.dir, name), p, &b.open) }
}

func (b *bench) opened(name string) *Opened {
	b.Helper()
	_, p := file.UnpackedName(name)
	o, err := Open(b.opener(name), p != file.Unpacked)
	if err != nil || o == nil {
		b.Fatalf("%s is not opened: %v", name, err)
	}
	b.Cleanup(func() { o.Close() })
	return o
}

// known is a generation whose file is name and that was read up to at.
func (b *bench) known(name string, at int64) *match.Known {
	b.Helper()
	l := &file.Lazy{Opener: b.opener(name)}
	b.Cleanup(func() { l.Close() })
	st, err := file.StatPath(filepath.Join(b.dir, name))
	if err != nil {
		b.Fatal(err)
	}
	l.Key = st.Key
	k := &match.Known{Ref: name, Content: l, Size: l.Size()}
	head, err := file.ReadHead(l, st.Size)
	if err != nil {
		b.Fatal(err)
	}
	k.Fingerprint.Grow(head)
	if k.Read, err = file.ReadMark(l, at); err != nil {
		b.Fatal(err)
	}
	return k
}

func text(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d is a line of this log\n", i)
	}
	return b.Bytes()[:n]
}

// What a file holds is known at once if it is small: its length, its end, what stands
// before the places that were asked for, and whose copy it is.
func TestSmall(t *testing.T) {
	all := text(300_000)
	for _, test := range []struct {
		name   string
		orig   []byte
		read   int64
		packed []byte
		copied bool
		holds  bool // what stands before the place to which was read
	}{
		{"a copy", all, 100_000, all, true, true},
		{"the original has more", all, 100_000, all[:200_000], true, true},
		{"it has more than the original", all[:200_000], 100_000, all, false, true},
		{"it differs at its end", all, 100_000, append(bytes.Clone(all[:len(all)-2]), "xx"...), false, true},
		{"it differs in the middle", all, 100_000, append(append(bytes.Clone(all[:90_000]), 'x'), all[90_001:]...), false, true},
		{"it differs where it was read to", all, 100_000, append(append(bytes.Clone(all[:99_999]), 'x'), all[100_000:]...), false, false},
		{"shorter than what was read", all, 200_000, all[:100_000], true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.write("a.jsonl", test.orig)
			b.write("a.jsonl.1.gz", packed(test.packed))
			k := b.known("a.jsonl", test.read)
			in := b.desk.Inspect(t.Context(), []*match.Known{k}, b.opened("a.jsonl.1.gz"), false)
			if in == nil || in.Broken() != nil || in.Changed() || in.Length() != int64(len(test.packed)) {
				t.Fatalf("found out: %+v", in)
			}
			if in.CopyOf(k) != test.copied {
				t.Errorf("a copy: %v", in.CopyOf(k))
			}
			if got := k.Read.Holds(in); got != test.holds {
				t.Errorf("it holds what was read: %v", got)
			}
			if want := file.MarkOf(test.packed, int64(len(test.packed))); in.End() != want {
				t.Errorf("it ends with %+v, want %+v", in.End(), want)
			}
			if in.Missed() {
				t.Error("something was missed")
			}
			if b.desk.Busy() || b.desk.Tidy() != 0 {
				t.Error("something is still to be done")
			}
		})
	}
}

// What was not asked for at first is missed, and found out by another look.
func TestMissed(t *testing.T) {
	b := newBench(t)
	all := text(100_000)
	b.write("a.jsonl", all)
	b.write("b.jsonl", text(50_000))
	b.write("a.jsonl.1.gz", packed(all))
	o, k := b.opened("a.jsonl.1.gz"), b.known("a.jsonl", 50_000)
	for name, ask := range map[string]func(in *Inspection){
		"another place": func(in *Inspection) { in.ReadAt(make([]byte, 8), 1000) },
		"another file":  func(in *Inspection) { in.CopyOf(b.known("b.jsonl", 0)) },
		"more than was kept": func(in *Inspection) {
			if _, err := in.ReadAt(make([]byte, 2*file.MarkBytes), 50_000-2*file.MarkBytes); err == nil {
				t.Error("more is given back than was kept")
			}
		},
	} {
		in := b.desk.Inspect(t.Context(), []*match.Known{k}, o, false)
		if in.Missed() {
			t.Fatal("missed before it was asked for")
		}
		if ask(in); !in.Missed() {
			t.Errorf("%s: not missed", name)
		}
	}
	in := b.desk.Inspect(t.Context(), []*match.Known{k}, o, false)
	if _, err := in.ReadAt(make([]byte, 8), 200_000); err == nil || in.Missed() {
		t.Error("what lies behind the end is missed", err)
	}
	if in := b.desk.Inspect(t.Context(), []*match.Known{b.known("a.jsonl", 50_000), b.known("a.jsonl", 1000)}, o, false); in.Missed() {
		t.Error("missed before it was asked for")
	} else if in.ReadAt(make([]byte, 8), 1000-8); in.Missed() {
		t.Error("what was asked for is missed")
	}
}

// A damaged file, and one that is still being written, say so.
func TestBroken(t *testing.T) {
	all := packed(text(100_000))
	bad := bytes.Clone(all)
	bad[len(bad)/2] ^= 0xff
	for name, data := range map[string][]byte{"breaks off": all[:len(all)-20], "damaged": bad} {
		b := newBench(t)
		b.write("a.jsonl.1.gz", data)
		in := b.desk.Inspect(t.Context(), nil, b.opened("a.jsonl.1.gz"), false)
		if in == nil || in.Broken() == nil || in.Changed() {
			t.Errorf("%s: %+v", name, in)
		}
	}
}

// large is a file that takes too long to be unpacked at once, and packedLarge the same
// compressed.
func large() []byte {
	return append(text(1000), bytes.Repeat([]byte("a line that is packed well\n"), InlineBytes/26)...)
}

var packedLarge = sync.OnceValue(func() []byte { return packed(large()) })

// A large file is unpacked aside, once it was left as it is, and one at a time.
func TestLarge(t *testing.T) {
	b := newBench(t)
	all := large()
	b.write("a.jsonl.1.gz", packedLarge())
	b.write("b.jsonl.1.gz", packedLarge())
	b.write("a.jsonl", all)
	a, other := b.opened("a.jsonl.1.gz"), b.opened("b.jsonl.1.gz")
	k := []*match.Known{b.known("a.jsonl", 500)}
	gate := make(chan struct{})
	inspect := func(o *Opened) *Inspection { return b.desk.Inspect(t.Context(), k, o, false) }

	if inspect(a) != nil || inspect(other) != nil || b.desk.Busy() {
		t.Fatal("a large file is unpacked before it is known to be complete")
	}
	if n := b.desk.Tidy(); n != 2 {
		t.Errorf("%d are to be looked into, of 2", n)
	}
	b.desk.Piece = func(int64) { <-gate }
	if inspect(a) != nil || inspect(other) != nil || !b.desk.Busy() {
		t.Fatal("a large file is not unpacked aside")
	}
	if n := b.desk.Tidy(); n != 2 || b.desk.inspections[other.Stat.Key].done != nil {
		t.Errorf("%d are looked into, of 2", n)
	}
	if inspect(a) != nil {
		t.Error("it is over before it is")
	}
	close(gate)
	b.running.Wait()
	if b.finished.Load() != 1 || b.desk.Busy() {
		t.Errorf("told %d times that it is over, busy %v", b.finished.Load(), b.desk.Busy())
	}
	in := inspect(a)
	if in == nil || in.Length() != int64(len(all)) || in.Broken() != nil || !in.CopyOf(k[0]) || !k[0].Read.Holds(in) {
		t.Fatalf("found out: %+v", in)
	}
	if inspect(a) != in {
		t.Error("it is looked into once more")
	}
	if inspect(other) != nil {
		t.Error("the other one is over before it is")
	}
	b.running.Wait()
	if inspect(other) == nil {
		t.Error("the other one is never looked into")
	}
	b.desk.Tidy()
	if b.desk.Tidy(); len(b.desk.inspections) != 0 {
		t.Errorf("%d are remembered that nobody asks for", len(b.desk.inspections))
	}
}

// Where nothing may wait a large file is unpacked as soon as it is seen.
func TestLargeWhileHurried(t *testing.T) {
	b := newBench(t)
	b.write("a.jsonl.1.gz", packedLarge())
	b.hurried.Store(true)
	o := b.opened("a.jsonl.1.gz")
	if b.desk.Inspect(t.Context(), nil, o, false) != nil || !b.desk.Busy() && b.finished.Load() == 0 {
		t.Fatal("it is not begun")
	}
	b.running.Wait()
	if b.desk.Inspect(t.Context(), nil, o, false) == nil {
		t.Error("it is not over")
	}
}

// What a file holds is found out anew when it has changed, and when that could not be
// found out; a file that nobody is interested in any more is let go of.
func TestLargeThatChanges(t *testing.T) {
	for _, test := range []struct {
		name   string
		passed bool
		do     func(b *bench, cancel func())
	}{
		{"written meanwhile", false, func(b *bench, _ func()) {
			b.write("a.jsonl.1.gz", packed(append(large(), "more\n"...)))
			if err := os.Chtimes(filepath.Join(b.dir, "a.jsonl.1.gz"), time.Now(), time.Now().Add(time.Hour)); err != nil {
				b.Fatal(err)
			}
		}},
		{"the end is near", false, func(_ *bench, cancel func()) { cancel() }},
		{"nothing may wait, and it is passed over", true, func(b *bench, _ func()) { b.hurried.Store(true) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.write("a.jsonl.1.gz", packedLarge())
			ctx, cancel := context.WithCancel(t.Context())
			o := b.opened("a.jsonl.1.gz")
			b.desk.Inspect(ctx, nil, o, test.passed)
			pieces := atomic.Int64{}
			b.desk.Piece = func(int64) {
				if pieces.Add(1) == 1 {
					test.do(b, cancel)
				}
			}
			b.desk.Inspect(ctx, nil, o, test.passed)
			b.running.Wait()
			if strings.HasPrefix(test.name, "written") {
				o = b.opened("a.jsonl.1.gz")
				if in := b.desk.Inspect(ctx, nil, o, test.passed); in != nil {
					t.Error("what it held before is taken for what it holds")
				}
				return
			}
			if n := pieces.Load(); n > 1 {
				t.Errorf("%d pieces are read for nobody", n)
			}
			if in := b.desk.Inspect(ctx, nil, o, test.passed); in != nil || len(b.desk.inspections) != 0 {
				t.Errorf("what was not found out counts: %+v", in)
			}
		})
	}
}

// A file that is another one by the time it is opened aside is not looked into.
func TestAnotherFileAside(t *testing.T) {
	b := newBench(t)
	b.write("a.jsonl.1.gz", packedLarge())
	o := b.opened("a.jsonl.1.gz")
	b.desk.Inspect(t.Context(), nil, o, false)
	if err := os.Rename(filepath.Join(b.dir, "a.jsonl.1.gz"), filepath.Join(b.dir, "kept")); err != nil {
		t.Fatal(err)
	}
	for _, there := range []bool{false, true} {
		if there {
			b.write("a.jsonl.1.gz", packed(text(100)))
		}
		if b.desk.Inspect(t.Context(), nil, o, false) != nil || b.desk.Busy() {
			t.Errorf("another file there: %v; it is looked into", there)
		}
		b.desk.Inspect(t.Context(), nil, o, false)
	}
}

// How a file begins, how long it is and how it ends is known before anything is decided,
// and whether that still holds.
func TestOpened(t *testing.T) {
	b := newBench(t)
	b.write("a.jsonl", text(5000))
	o := b.opened("a.jsonl")
	if !bytes.Equal(o.Head, text(5000)[:file.HeadBytes]) || o.Size() != 5000 || o.End() != file.MarkOf(text(5000), 5000) || !o.AsOpened() {
		t.Errorf("opened: %d bytes, %+v", o.Size(), o.End())
	}
	for _, test := range []struct {
		name string
		text []byte
		want bool
	}{{"grown", text(6000), true}, {"truncated", nil, false}, {"shorter", text(4999), false}, {"another", bytes.ToUpper(text(5000)), false}} {
		if b.write("a.jsonl", test.text); o.AsOpened() != test.want {
			t.Errorf("%s: as it was opened: %v", test.name, o.AsOpened())
		}
	}

	noise := make([]byte, 50_000)
	for i := range noise {
		noise[i] = byte('a' + rand.IntN(26))
	}
	b.write("b.jsonl.gz", packed(noise))
	p := b.opened("b.jsonl.gz")
	if !bytes.Equal(p.Head, noise[:file.HeadBytes]) || p.Size() != int64(len(noise)) || !p.AsOpened() {
		t.Errorf("opened: %d bytes", p.Size())
	}
	if p.Holds(b.desk.Inspect(t.Context(), nil, p, false)); p.Inspected() == nil || p.Size() != int64(len(noise)) || p.End() != p.Inspected().End() {
		t.Errorf("inspected: %d bytes, %+v", p.Size(), p.End())
	}

	b.write("c.jsonl.gz", packed(noise)[:12])
	if o, err := Open(b.opener("c.jsonl.gz"), true); o != nil || err != nil {
		t.Errorf("one that is only begun: %v, %v", o, err)
	}
	b.write("d.jsonl.gz", noise)
	if o, err := Open(b.opener("d.jsonl.gz"), true); o != nil || err == nil {
		t.Errorf("one that is not compressed: %v, %v", o, err)
	}
	if o, err := Open(b.opener("e.jsonl"), false); o != nil || err == nil {
		t.Errorf("one that is not there: %v, %v", o, err)
	}
}
