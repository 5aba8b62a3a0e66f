package tailer

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// inlineBytes is how much of a compressed file the scheduler unpacks itself to
// find out whose it is. A larger one is unpacked by a goroutine, one at a time,
// since all other files would have to wait.
const inlineBytes = 4 << 20

// inspectBytes is read at a time.
const inspectBytes = 64 << 10

var (
	errTooLong  = errors.New("too long to be unpacked at once")
	errNotAsked = errors.New("no bytes before this offset were kept")
	errChanged  = errors.New("file has changed meanwhile")
)

// An inspection is what a compressed file was found to hold when it was read
// once from its beginning to its end.
type inspection struct {
	stat    file.Stat
	src     *file.Packed
	wanted  []int64 // offsets, ascending
	origs   []original
	length  int64            // uncompressed
	windows map[int64][]byte // what stands before the wanted offsets and the end
	err     error
	done    chan struct{} // closed when all of that is known; nil if it was not begun
	giveUp  func() bool   // asked for each piece whether anybody still wants to know; nil if somebody does
	piece   func(int64)   // tests: called for each piece that is read, with its end
	asked   bool          // in the scan under way
	missed  bool          // it was asked for bytes that were not kept
}

// An original is a file that the inspected one may be a copy of.
type original struct {
	gen  any // of match.Known.Ref
	src  io.ReaderAt
	own  *lazyContent // src, if it was opened for the inspection
	same bool         // so far
}

// ReadAt gives back the bytes before a wanted offset, so that marks can be
// compared with them.
func (in *inspection) ReadAt(b []byte, off int64) (int, error) {
	w, ok := in.windows[off+int64(len(b))]
	if !ok || len(w) < len(b) {
		in.missed = in.missed || off+int64(len(b)) <= in.length
		return 0, errNotAsked
	}
	return copy(b, w[len(w)-len(b):]), nil
}

// CopyOf says whether k's file holds all that was inspected.
func (in *inspection) CopyOf(k *match.Known) bool {
	i := slices.IndexFunc(in.origs, func(o original) bool { return o.gen == k.Ref })
	if i < 0 {
		in.missed = true
		return false
	}
	return in.origs[i].same
}

// Length implements match.Archive.
func (in *inspection) Length() int64 { return in.length }

// Broken implements match.Archive.
func (in *inspection) Broken() error { return in.err }

// Missed implements match.Archive.
func (in *inspection) Missed() bool { return in.missed }

// inspect returns what c, a compressed file, holds. It returns nil if that will
// be known by a later scan only.
func (t *Tailer) inspect(known []*match.Known, c *candidate) *inspection {
	in := t.inspections[c.Stat.Key]
	if in != nil && in.stat.Like(c.Stat) {
		in.asked = true
		if in.done == nil {
			t.inspectAside(known, in, c) // it was left unchanged since the last scan
			return nil
		}
		select {
		case <-in.done:
		default:
			return nil
		}
		if in.err == errChanged {
			delete(t.inspections, c.Stat.Key)
			return nil
		}
		return in
	}
	in = t.newInspection(known, c, false)
	if in.run(t.ctx, inlineBytes); in.err != errTooLong {
		return in
	}
	in = &inspection{stat: c.Stat, asked: true}
	t.inspections[c.Stat.Key] = in
	if t.isDraining() {
		t.inspectAside(known, in, c)
	}
	return nil
}

func (t *Tailer) isDraining() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.draining
}

// inspectAside begins an inspection on a goroutine of its own, unless one is
// under way.
func (t *Tailer) inspectAside(known []*match.Known, in *inspection, c *candidate) {
	if t.inspecting.Load() {
		return
	}
	src, st, err := c.fam.src.set.Open(c.Path, c.Class.Packed)
	if err != nil || !st.Like(in.stat) {
		if err == nil {
			src.Close()
		}
		delete(t.inspections, c.Stat.Key)
		return
	}
	aside := *c
	aside.src = src
	begun := t.newInspection(known, &aside, true)
	begun.asked, begun.done = true, make(chan struct{})
	t.inspections[c.Stat.Key] = begun
	t.inspecting.Store(true)
	t.running.Go(func() {
		begun.run(t.ctx, 1<<62)
		src.Close()
		close(begun.done)
		t.inspecting.Store(false)
		t.lock(func() { t.scanNow = true })
		t.nudge()
	})
}

// newInspection prepares an inspection of c for all generations that begin in the
// same way. One that goes on aside needs files of its own to compare with.
func (t *Tailer) newInspection(known []*match.Known, c *candidate, aside bool) *inspection {
	in := &inspection{stat: c.Stat, src: c.src.(*file.Packed), windows: map[int64][]byte{}, piece: t.piece}
	if c.passed {
		in.giveUp = t.isDraining
	}
	for _, k := range known {
		if _, same := k.Fingerprint.Agrees(c.head); !same || k.Fingerprint.HeadLen == 0 {
			continue
		}
		in.wanted = append(in.wanted, k.Read.At)
		for _, m := range slices.Concat(k.Fingerprint.Marks, k.Fingerprint.Recent) {
			in.wanted = append(in.wanted, m.At)
		}
		if k.Content == nil {
			continue
		}
		o := original{gen: k.Ref, src: k.Content, same: true}
		if l := k.Content.(*lazyContent); aside && !(l.tried && !l.own) {
			own := &lazyContent{src: l.src, path: l.path, packed: l.packed, key: l.key}
			own.get()
			o.src, o.own = own, own
		}
		in.origs = append(in.origs, o)
	}
	slices.Sort(in.wanted)
	in.wanted = slices.Compact(in.wanted)
	return in
}

// run reads the file, up to limit bytes of it unpacked.
func (in *inspection) run(ctx context.Context, limit int64) {
	defer func() {
		for _, o := range in.origs {
			if o.own != nil {
				o.own.close()
			}
		}
	}()
	dec, err := file.NewDecoder(in.src.File, in.src.Packing)
	if err != nil {
		in.err = file.DecodeError(err)
		return
	}
	defer dec.Close()
	buf := make([]byte, file.MarkBytes+inspectBytes)
	compare := make([]byte, inspectBytes)
	kept, pos := 0, int64(0)
	for {
		n, err := dec.Read(buf[kept : kept+inspectBytes])
		in.keep(buf[:kept+n], pos, n)
		in.compare(buf[kept:kept+n], compare, pos)
		pos += int64(n)
		if in.piece != nil {
			in.piece(pos)
		}
		all := buf[:kept+n]
		last := all[max(0, len(all)-file.MarkBytes):]
		switch {
		case err == io.EOF:
			in.length = pos
			in.windows[pos] = slices.Clone(last)
			return
		case err != nil:
			in.err = file.DecodeError(err)
		case ctx.Err() != nil, in.giveUp != nil && in.giveUp():
			in.err = errChanged
		case pos > limit:
			in.err = errTooLong
		}
		if in.err != nil {
			return
		}
		kept = copy(buf, last)
	}
}

// keep remembers what stands before the wanted offsets among the last n bytes of
// b, which begin at pos.
func (in *inspection) keep(b []byte, pos int64, n int) {
	i, _ := slices.BinarySearchFunc(in.wanted, pos, cmp.Compare)
	for ; i < len(in.wanted) && in.wanted[i] <= pos+int64(n); i++ {
		end := len(b) - n + int(in.wanted[i]-pos)
		in.windows[in.wanted[i]] = slices.Clone(b[max(0, end-file.MarkBytes):end])
	}
}

// compare compares b, which begins at pos, with the files it may be a copy of.
func (in *inspection) compare(b, buf []byte, pos int64) {
	for i := range in.origs {
		o := &in.origs[i]
		if !o.same {
			continue
		}
		n, err := o.src.ReadAt(buf[:len(b)], pos)
		if err != nil && err != io.EOF {
			in.err = errChanged
		}
		o.same = string(buf[:n]) == string(b)
	}
}

// dropInspections forgets what no scan asks for any more. pending is how many
// are not over yet.
func (t *Tailer) dropInspections() {
	pending := 0
	for key, in := range t.inspections {
		over := false
		if in.done != nil {
			select {
			case <-in.done:
				over = true
			default:
			}
		}
		switch {
		case !in.asked && (over || in.done == nil):
			delete(t.inspections, key)
		case !over && in.asked:
			pending++
		}
		in.asked = false
	}
	t.lock(func() { t.pending = pending })
}

// measure finds out how long a compressed file is that was passed over when its
// source was new.
func (t *Tailer) measure(f *family, g *generation) {
	fl := &foundFile{src: f.src, fam: f, File: &rules.File{Path: g.path, Stat: g.stat, Class: rules.Class{Rule: f.rule, Family: f.path, Packed: g.packed}}}
	c := t.candidate(fl)
	if c == nil {
		return
	}
	defer c.src.Close()
	c.passed = true
	v := t.view(f.gens, nil)
	defer v.close()
	in := t.inspect(v.known, c)
	if in == nil || in.err == errChanged {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	g.unsized = false
	if in.err != nil || c.Stat.Key != g.key || g.read.At != g.settled.At {
		return
	}
	m := file.MarkOf(in.windows[in.length], in.length)
	g.fingerprint.Note(m)
	g.read.Mark, g.settled.Mark, g.size = m, m, in.length
	t.touch(g)
}
