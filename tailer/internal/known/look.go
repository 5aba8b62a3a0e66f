package known

import (
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/reader"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// Intact says whether g's open file still holds what it did. It changes nothing:
// a file that is as it was need not be read again.
func (g *Generation) Intact() bool {
	v, print := g.Look()
	st, err := v.Src.Stat()
	if err != nil || print.HeadLen == 0 {
		return true // nothing can be said
	}
	if st.Size < max(v.Size, v.Read.At) {
		return false
	}
	head, err := file.ReadHead(v.Src, st.Size)
	if err != nil {
		return true
	}
	_, same := print.Agrees(head)
	return same && v.Read.Mark.Holds(v.Src)
}

// Complete notes that what g's file was seen to hold is complete as it stands.
func (g *Generation) Complete() { g.reading.Complete(g.at.Stat.Size) }

// Reread learns what there is to know of a generation whose file has no name
// any more but is still open, before it is looked for elsewhere.
func (g *Generation) Reread() {
	src := g.Src()
	if src == nil || g.at.IsPacked() {
		return
	}
	st, err := src.Stat()
	if err != nil {
		return
	}
	if head, err := file.ReadHead(src, st.Size); err == nil {
		g.Refresh(head, st.Size)
	}
}

// StatNow looks at an open file.
func (x *Index) StatNow(g *Generation, now time.Time) {
	since, src := x.readers.Tick(), g.Src()
	if src == nil {
		return
	}
	st, err := src.Stat()
	if err != nil {
		g.Fail(err)
		return
	}
	x.while(func() { x.observe(g, st, since, now) })
	if g.IsSuspect() {
		x.check(g, now)
	}
}

// observe takes note of how a file is. A look that is older than the last read
// says nothing: the file was read beyond the size seen then. The caller holds
// x.mu.
func (x *Index) observe(g *Generation, st file.Stat, since uint64, now time.Time) {
	changed := st.Size != g.at.Stat.Size || st.Mtime != g.at.Stat.Mtime
	sight := g.Observe(st, changed, since, now)
	if sight == progress.Old {
		return
	}
	g.at.Stat = st
	if sight == progress.Same {
		return
	}
	g.at.Changed = now
	if sight >= progress.More {
		g.at.Written = st.Mtime
	}
	if sight == progress.Held {
		x.rescan()
	}
}

// check finds out whether a file still is what it was, after it has shrunk or
// held other bytes than expected.
func (x *Index) check(g *Generation, now time.Time) {
	v, print := g.Look()
	st, err := v.Src.Stat()
	same := err == nil && st.Size >= v.Read.At && st.Size > 0
	var head []byte
	if same {
		head, err = file.ReadHead(v.Src, st.Size)
		_, agrees := print.Agrees(head)
		same = agrees && v.Read.Mark.Holds(v.Src) && (st.Size >= v.Size || x.cutShort(g, head, v.Read, print.HeadLen))
	}
	if g.fam.Rule.Form == entry.Whole && v.Read.At > 0 {
		same = false // written again, even if with the same content
	}
	var start uint64
	if !same && st.Size >= match.Little && g.fam.mayBeCopiedOver() {
		if head, err := file.ReadHead(v.Src, match.Little); err == nil && len(head) >= match.Little {
			start = xxhash.Sum64(head[:match.Little])
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case g.at.IsPacked():
		g.Detach()
		x.detached(g, now) // it never held what g is, which the next scan finds out in its turn
	case err != nil: // looked at again with the next poll
	case !same:
		x.another(g, st, start, v.Tick, now)
	default:
		if lost, ok := g.Confirm(st, head, v.Tick); ok {
			if lost > 0 && g.fam.Src.Format == nil {
				x.gap(g, st.Size, lost, "removed from the end of the file", now)
			}
			g.at.Stat, g.at.Written = st, st.Mtime
		}
	}
}

// another notes that g's file holds something else by now, which begins with start.
// The caller holds x.mu.
func (x *Index) another(g *Generation, st file.Stat, start, since uint64, now time.Time) {
	copied := g.at.Live && x.beginsAsAnother(g, start)
	src := g.Part(st, since)
	switch {
	case src == nil: // it was read meanwhile; looked at again with the next poll
	case copied:
		src.Close()
		x.rescan()
		x.detached(g, now) // what is there now is for the next scan to say
	default:
		x.rescan()
		x.truncated(g, src, st, now)
	}
}

// mayBeCopiedOver says whether a file of f can come to hold a copy of another one.
func (f *Family) mayBeCopiedOver() bool {
	return !f.Rule.Small && f.Rule.Form == entry.Lines && f.Src.Format == nil
}

// beginsAsAnother says whether a file begins in a way that can have been copied
// over g's: one of another log or, where the rules know the log by its name, which is
// written by its own writer, a rotated one of it. The caller holds x.mu.
func (x *Index) beginsAsAnother(g *Generation, start uint64) bool {
	if start == 0 {
		return false
	}
	own := rules.ByName(g.fam.Rule)
	of := g
	for g := range x.generations() {
		if g != of && own == (g.fam == of.fam) && g.HashOf(match.Little) == start {
			return true
		}
	}
	return false
}

// cutShort says whether a file that has lost its end, and holds what was read,
// is still the same one. It may as well have been truncated and begun again in
// the same way, and then the rest is in a copy.
func (x *Index) cutShort(g *Generation, head []byte, read reader.Position, known int) bool {
	if read.At == 0 || len(head) < known {
		return false
	}
	return !slices.ContainsFunc(g.fam.gens, func(o *Generation) bool { return o != g && o.hasMark(read.Mark) })
}

// hasMark says whether another generation has the same bytes before m.
func (g *Generation) hasMark(m file.Mark) bool {
	v, print := g.Look()
	return slices.Contains(print.Marks, m) || v.Src != nil && !g.at.IsPacked() && m.Holds(v.Src)
}

// truncated notes that src, which was g's file, now holds something else. That is a
// generation of its own; the rest of g is to be found in a copy, if there is one. The
// caller holds x.mu.
func (x *Index) truncated(g *Generation, src file.Content, st file.Stat, now time.Time) {
	n := newGeneration(g.fam, now)
	fl := g.AsFound().File
	fl.Stat = st
	home := n.locate(fl, now)
	n.at.Stat, n.at.Rotated, n.at.Written = st, g.at.Rotated, st.Mtime
	v := g.View()
	if v.CopyOf != "" {
		n.SkipTo(progress.Start{CopyOf: v.CopyOf, Held: true})
	}
	n.Begin(home, src, nil, st, now)
	x.opened[n] = struct{}{}
	g.fam.add(n)
	x.detached(g, now)
	x.log.Debug("file was truncated", "path", g.at.Path, "generation", g.HexID(), "read", v.Read.At, "next", n.HexID())
}

// detached notes that g's file is not known any more, and has it looked for. The
// caller holds x.mu.
func (x *Index) detached(g *Generation, now time.Time) {
	g.keyed(func() { g.at.Lose(now) })
	g.fam.search = now
	g.Touch()
}

// gap notes bytes that cannot be had any more.
func (x *Index) gap(g *Generation, at, n int64, reason string, now time.Time) {
	g.Gap(entry.Gap{At: at, Bytes: n, Reason: reason, Time: now.UTC().Round(0)})
	x.tellGap(g, at, n, reason)
}

func (x *Index) tellGap(g *Generation, at, n int64, reason string) {
	x.log.Warn("bytes of a log are lost", "path", g.at.Path, "offset", at, "bytes", n, "reason", reason)
}
