package tailer

import (
	"cmp"
	"errors"
	"io/fs"
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

// poll looks at the files that move, and starts reading where there is
// something to read. It returns whether any file moves.
func (t *Tailer) poll(now time.Time) (hot bool) {
	for _, f := range t.known.openFamilies() {
		if t.pollFamily(f, now) {
			hot = true
		}
	}
	if hot {
		t.readers.TellBlocked()
	}
	t.polled = time.Now()
	return hot
}

// openFamilies are those of which a file is open, the logs first that the rules
// know by their names.
func (x *index) openFamilies() (list []*family) {
	x.mu.Lock()
	seen := make(map[*family]bool, len(x.opened))
	for g := range x.opened {
		switch {
		case g.Src() == nil:
			delete(x.opened, g)
		case !seen[g.fam]:
			seen[g.fam] = true
			list = append(list, g.fam)
		}
	}
	x.mu.Unlock()
	slices.SortFunc(list, func(a, b *family) int {
		return cmp.Or(rules.Compare(a.rule, b.rule), cmp.Compare(a.path, b.path))
	})
	return list
}

func (t *Tailer) pollFamily(f *family, now time.Time) (hot bool) {
	for _, g := range f.gens {
		if g.Src() == nil || !t.moves(g, now) {
			continue
		}
		hot = true
		t.known.statNow(g, now)
	}
	if hot && !f.shared() {
		t.watchName(f)
	}
	if hot {
		t.feed(f, now)
	}
	return hot
}

// moves says whether g is to be looked at with each poll.
func (t *Tailer) moves(g *generation, now time.Time) bool {
	if g.packed == file.Unpacked && (now.Sub(g.changed) < t.cfg.Still || t.isDraining()) {
		return true
	}
	return g.Moves()
}

// statNow looks at an open file.
func (x *index) statNow(g *generation, now time.Time) {
	since, src := x.readers.Tick(), g.Src()
	if src == nil {
		return
	}
	st, err := src.Stat()
	if err != nil {
		g.Fail(err)
		return
	}
	x.lock(func() { x.observe(g, st, since, now) })
	if g.IsSuspect() {
		x.check(g, now)
	}
}

// watchName asks for a scan as soon as another file has the name of a log that
// moves, or none has it any more. A log that is rotated several times between
// two scans, and of which few generations are kept, loses nothing then.
func (t *Tailer) watchName(f *family) {
	st, err := file.StatPath(f.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) || st.Key == f.named {
		return
	}
	f.named = st.Key
	t.rescan()
}

func (t *Tailer) lock(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
}

// observe takes note of how a file is. A look that is older than the last read
// says nothing: the file was read beyond the size seen then. The caller holds
// x.mu.
func (x *index) observe(g *generation, st file.Stat, since uint64, now time.Time) {
	changed := st.Size != g.stat.Size || st.Mtime != g.stat.Mtime
	sight := g.Observe(st, changed, since, now)
	if sight == progress.Old {
		return
	}
	g.stat = st
	if sight == progress.Same {
		return
	}
	g.changed = now
	if sight >= progress.More {
		g.written = st.Mtime
	}
	if sight == progress.Held {
		x.rescan()
	}
}

// check finds out whether a file still is what it was, after it has shrunk or
// held other bytes than expected.
func (x *index) check(g *generation, now time.Time) {
	v, print := g.Look()
	st, err := v.Src.Stat()
	same := err == nil && st.Size >= v.Read.At && st.Size > 0
	var head []byte
	if same {
		head, err = file.ReadHead(v.Src, st.Size)
		_, agrees := print.Agrees(head)
		same = agrees && v.Read.Mark.Holds(v.Src) && (st.Size >= v.Size || x.cutShort(g, head, v.Read, print.HeadLen))
	}
	if g.fam.rule.Form == entry.Whole && v.Read.At > 0 {
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
	case g.packed != file.Unpacked:
		g.Detach()
		x.detached(g, now) // it never held what g is, which the next scan finds out in its turn
	case err != nil: // looked at again with the next poll
	case !same:
		x.another(g, st, start, v.Tick, now)
	default:
		if lost, ok := g.Confirm(st, head, v.Tick); ok {
			if lost > 0 && g.fam.src.Format == nil {
				x.gap(g, st.Size, lost, "removed from the end of the file", now)
			}
			g.stat, g.written = st, st.Mtime
		}
	}
}

// another notes that g's file holds something else by now, which begins with start.
// The caller holds x.mu.
func (x *index) another(g *generation, st file.Stat, start, since uint64, now time.Time) {
	copied := g.live && x.beginsAsAnother(g, start)
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
func (f *family) mayBeCopiedOver() bool {
	return !f.rule.Small && f.rule.Form == entry.Lines && f.src.Format == nil
}

// beginsAsAnother says whether a file begins in a way that can have been copied
// over g's: one of another log or, where the rules know the log by its name, which is
// written by its own writer, a rotated one of it. The caller holds x.mu.
func (x *index) beginsAsAnother(g *generation, start uint64) bool {
	if start == 0 {
		return false
	}
	own := rules.ByName(g.fam.rule)
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
func (x *index) cutShort(g *generation, head []byte, read reader.Position, known int) bool {
	if read.At == 0 || len(head) < known {
		return false
	}
	return !slices.ContainsFunc(g.fam.gens, func(o *generation) bool { return o != g && o.hasMark(read.Mark) })
}

// hasMark says whether another generation has the same bytes before m.
func (o *generation) hasMark(m file.Mark) bool {
	v, print := o.Look()
	return slices.Contains(print.Marks, m) || v.Src != nil && o.packed == file.Unpacked && m.Holds(v.Src)
}

// truncated notes that src, which was g's file, now holds something else. That is a
// generation of its own; the rest of g is to be found in a copy, if there is one. The
// caller holds x.mu.
func (x *index) truncated(g *generation, src file.Content, st file.Stat, now time.Time) {
	n := newGeneration(g.fam, now)
	home := n.locate(&rules.File{Path: g.path, Stat: st, Class: rules.Class{Rule: g.fam.rule, Family: g.fam.path, Live: g.live, Packed: g.packed}})
	n.stat, n.rotated, n.written = st, g.rotated, st.Mtime
	v := g.View()
	if v.CopyOf != "" {
		n.SkipTo(progress.Start{CopyOf: v.CopyOf, Held: true})
	}
	n.Begin(home, src, nil, st, now)
	x.opened[n] = struct{}{}
	g.fam.gens = append(g.fam.gens, n)
	x.detached(g, now)
	x.log.Debug("file was truncated", "path", g.path, "generation", g.hexID(), "read", v.Read.At, "next", n.hexID())
}

// detached notes that g's file is not known any more, and has it looked for. The
// caller holds x.mu.
func (x *index) detached(g *generation, now time.Time) {
	g.key = file.Key{}
	g.state, g.missing = Missing, now
	g.displace(now)
	g.fam.search = now
	g.Touch()
}

// feed starts the reading of what f has to offer, oldest first.
func (t *Tailer) feed(f *family, now time.Time) {
	for _, g := range f.gens {
		if g.missing.IsZero() && g.WantsOpen(now) {
			t.known.reopen(g, now)
		}
		t.introduce(g)
	}
	all := make([]*progress.Progress, len(f.gens))
	for i, g := range f.gens {
		t.complete(g, now)
		all[i] = g.Progress
	}
	t.readers.Feed(f.settled, all, now)
}

// introduce sees to it that a checkpoint tells g by its content before its first
// entry is handed on.
func (t *Tailer) introduce(g *generation) {
	src, size, want, known := g.Introduced()
	if src == nil {
		return
	}
	var head []byte
	if !known {
		var err error
		if head, err = file.ReadHead(src, size); err != nil {
			return // the read itself will tell
		}
	}
	same, enough := g.Introduce(head, want)
	switch {
	case !same:
		t.nudge()
	case enough && !g.fam.rule.Small:
		t.hurry()
	default:
		g.Touch()
	}
}

// complete notes that what is in g's file is complete as it stands, if enough
// time has passed.
func (t *Tailer) complete(g *generation, now time.Time) {
	if !g.Incomplete() {
		return
	}
	if wait, ok := t.completeAfter(g, now); ok && now.Sub(g.changed) >= wait {
		g.Complete()
	}
}

// completeAfter returns for how long g's file must not have grown before it is
// taken as it stands, false if it never is.
func (t *Tailer) completeAfter(g *generation, now time.Time) (time.Duration, bool) {
	if g.fam.src.Format != nil {
		return 0, g.fam.newestPath() != g.path
	}
	if t.isDraining() {
		return t.cfg.DrainQuiet, true
	}
	switch g.fam.rule.Form {
	case entry.Reports, entry.Whole, entry.Quoted:
		return t.cfg.Quiet, true
	case entry.Dump:
		return t.cfg.DumpQuiet, true
	}
	displaced := !g.live && now.Sub(g.rotated) >= t.cfg.RotateWait
	return t.cfg.RotateWait, displaced || g.fam.rule.Small
}

// newestPath is the last path of a family whose files follow one another by name.
func (f *family) newestPath() string {
	last := ""
	for _, g := range f.gens {
		if g.missing.IsZero() {
			last = max(last, g.path)
		}
	}
	return last
}

// reopen opens g's file again, if it is still the same one.
func (x *index) reopen(g *generation, now time.Time) {
	if !x.makeRoom() {
		return
	}
	c, st, err := g.fam.src.set.Open(g.path, g.packed)
	if noRoom(err) {
		x.shed(now)
		g.Postpone(now.Add(x.cfg.Scan))
		return
	}
	if err != nil {
		g.Fail(err)
		return
	}
	if st.Key != g.key {
		c.Close() // the next scan will tell
		return
	}
	x.lock(func() {
		x.opened[g] = struct{}{}
		g.used = now
		g.Open(c)
	})
}

// gap notes bytes that cannot be had any more.
func (x *index) gap(g *generation, at, n int64, reason string, now time.Time) {
	g.Gap(entry.Gap{At: at, Bytes: n, Reason: reason, Time: now.UTC().Round(0)})
	x.tellGap(g, at, n, reason)
}

func (x *index) tellGap(g *generation, at, n int64, reason string) {
	x.log.Warn("bytes of a log are lost", "path", g.path, "offset", at, "bytes", n, "reason", reason)
}
