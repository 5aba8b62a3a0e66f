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
	"github.com/rtcship/rtcship/tailer/internal/reader"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// poll looks at the files that move, and starts reading where there is
// something to read. It returns whether any file moves.
func (t *Tailer) poll(now time.Time) (hot bool) {
	for _, f := range t.openFamilies() {
		if t.pollFamily(f, now) {
			hot = true
		}
	}
	if hot {
		t.tellBlocked()
	}
	t.polled = time.Now()
	return hot
}

// openFamilies are those of which a file is open, the logs first that the rules
// know by their names.
func (t *Tailer) openFamilies() (list []*family) {
	t.mu.Lock()
	seen := make(map[*family]bool, len(t.opened))
	for g := range t.opened {
		switch {
		case g.src == nil:
			delete(t.opened, g)
		case !seen[g.fam]:
			seen[g.fam] = true
			list = append(list, g.fam)
		}
	}
	t.mu.Unlock()
	slices.SortFunc(list, func(a, b *family) int {
		return cmp.Or(rules.Compare(a.rule, b.rule), cmp.Compare(a.path, b.path))
	})
	return list
}

func (t *Tailer) pollFamily(f *family, now time.Time) (hot bool) {
	for _, g := range f.gens {
		if g.src == nil || !t.moves(g, now) {
			continue
		}
		hot = true
		t.statNow(g, now)
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
	t.mu.Lock()
	defer t.mu.Unlock()
	if g.packed != file.Unpacked {
		return g.suspect || g.hasData()
	}
	return g.suspect || now.Sub(g.changed) < t.cfg.Still || g.hasData() || t.draining
}

// statNow looks at an open file.
func (t *Tailer) statNow(g *generation, now time.Time) {
	t.mu.Lock()
	since := t.tick
	t.mu.Unlock()
	src := g.src
	if src == nil {
		return
	}
	st, err := src.Stat()
	if err != nil {
		t.lock(func() { t.failed(g, err) })
		return
	}
	t.lock(func() { t.observe(g, st, since, now) })
	if t.isSuspect(g) {
		t.check(g, now)
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
	t.lock(func() { t.scanNow = true })
}

func (t *Tailer) lock(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
}

// observe takes note of how a file is. A look that is older than the last read
// says nothing: the file was read beyond the size seen then. The caller holds
// t.mu.
func (t *Tailer) observe(g *generation, st file.Stat, since uint64, now time.Time) {
	if g.touched > since {
		return
	}
	changed := st.Size != g.stat.Size || st.Mtime != g.stat.Mtime
	g.stat = st
	if !changed {
		return
	}
	if st.Size > g.size {
		g.written = st.Mtime
	}
	g.changed = now
	g.retry = time.Time{}
	switch {
	case g.short:
	case g.packed != file.Unpacked:
		g.ended = false
	case st.Size > g.size:
		g.size = st.Size
		if g.copyOf != "" {
			g.held, t.scanNow = true, true
		}
		if g.behind.IsZero() {
			g.behind = now
		}
	default:
		// It is shorter, or as long as before and yet written. What was read
		// may not be there any more.
		g.suspect = true
	}
}

// check finds out whether a file still is what it was, after it has shrunk or
// held other bytes than expected.
func (t *Tailer) check(g *generation, now time.Time) {
	t.mu.Lock()
	since, src, read, size, print := t.tick, g.src, g.read, g.size, g.fingerprint
	t.mu.Unlock()
	st, err := src.Stat()
	same := err == nil && st.Size >= read.At && st.Size > 0
	var head []byte
	if same {
		head, err = file.ReadHead(src, st.Size)
		_, agrees := print.Agrees(head)
		same = agrees && read.Mark.Holds(src) && (st.Size >= size || t.cutShort(g, head, read))
	}
	if g.fam.rule.Form == entry.Whole && read.At > 0 {
		same = false // written again, even if with the same content
	}
	var start uint64
	if !same && st.Size >= match.Little && g.fam.mayBeCopiedOver() {
		if head, err := file.ReadHead(src, match.Little); err == nil && len(head) >= match.Little {
			start = xxhash.Sum64(head[:match.Little])
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if g.packed != file.Unpacked {
		t.detach(g, now)  // it never held what g is
		t.scanNow = false // which the next scan finds out in its turn
		return
	}
	if g.touched > since || err != nil {
		return // looked at again with the next poll
	}
	g.suspect = false
	if !same {
		if g.live && t.beginsAsAnother(g, start) {
			g.overwritten(st)
			t.detach(g, now) // what is there now is for the next scan to say
			t.scanNow = true
			return
		}
		t.truncated(g, st, now)
		return
	}
	if lost := g.size - st.Size; lost > 0 && g.fam.src.Format == nil {
		t.gap(g, st.Size, lost, "removed from the end of the file", now)
	}
	if len(head) < g.fingerprint.HeadLen {
		g.fingerprint.HeadLen = 0
		g.fingerprint.Grow(head)
	}
	g.stat, g.size, g.tried, g.scanned, g.written = st, st.Size, -1, 0, st.Mtime
}

// mayBeCopiedOver says whether a file of f can come to hold a copy of another one.
func (f *family) mayBeCopiedOver() bool {
	return !f.rule.Small && f.rule.Form == entry.Lines && f.src.Format == nil
}

// beginsAsAnother says whether a file begins in a way that can have been copied
// over g's: one of another log or, where the rules know the log by its name, which is
// written by its own writer, a rotated one of it. The caller holds t.mu.
func (t *Tailer) beginsAsAnother(g *generation, start uint64) bool {
	if start == 0 {
		return false
	}
	own := rules.ByName(g.fam.rule)
	of := g
	for g := range t.generations() {
		if g != of && own == (g.fam == of.fam) && g.fingerprint.HashOf(match.Little) == start {
			return true
		}
	}
	return false
}

// overwritten takes back what was seen of g's file beyond what was read, if that
// may have been something else already. The caller holds t.mu.
func (g *generation) overwritten(st file.Stat) {
	if st.Size >= g.size {
		g.size = max(g.known, g.read.At)
	}
}

// cutShort says whether a file that has lost its end, and holds what was read,
// is still the same one. It may as well have been truncated and begun again in
// the same way, and then the rest is in a copy.
func (t *Tailer) cutShort(g *generation, head []byte, read reader.Position) bool {
	t.mu.Lock()
	known := g.fingerprint.HeadLen
	var others []*generation
	for _, o := range g.fam.gens {
		if o != g {
			others = append(others, o)
		}
	}
	t.mu.Unlock()
	if read.At == 0 || len(head) < known {
		return false
	}
	return !slices.ContainsFunc(others, func(o *generation) bool { return t.hasMark(o, read.Mark) })
}

// hasMark says whether another generation has the same bytes before m.
func (t *Tailer) hasMark(o *generation, m file.Mark) bool {
	t.mu.Lock()
	src, marks := o.src, slices.Clone(o.fingerprint.Marks)
	plain := o.packed == file.Unpacked
	t.mu.Unlock()
	return slices.Contains(marks, m) || src != nil && plain && m.Holds(src)
}

// truncated notes that g's file now holds something else. That is a generation
// of its own; the rest of g is to be found in a copy, if there is one. The
// caller holds t.mu.
func (t *Tailer) truncated(g *generation, st file.Stat, now time.Time) {
	g.overwritten(st)
	n := newGeneration(g.fam, now)
	n.locate(&rules.File{Path: g.path, Stat: st, Class: rules.Class{Rule: g.fam.rule, Family: g.fam.path, Live: g.live, Packed: g.packed}})
	n.src, n.stat, n.size, n.rotated, n.written = g.src, st, st.Size, g.rotated, st.Mtime
	n.inherit()
	if g.copyOf != "" {
		n.copyOf, n.held = g.copyOf, true
	}
	if st.Size > 0 {
		n.behind = now
	}
	t.holds(n, g.src)
	g.fam.gens = append(g.fam.gens, n)
	g.src = nil
	t.detach(g, now)
	t.touch(n)
	t.log.Debug("file was truncated", "path", g.path, "generation", g.hexID(), "read", g.read.At, "next", n.hexID())
}

// detach notes that g's file is not known any more, and has it looked for. The
// caller holds t.mu.
func (t *Tailer) detach(g *generation, now time.Time) {
	if g.src != nil {
		g.src.Close()
	}
	g.src, g.key, g.suspect = nil, file.Key{}, false
	g.state, g.missing = Missing, now
	g.displace(now)
	g.fam.search = now
	t.touch(g)
	t.scanNow = true
}

// feed starts the reading of what f has to offer, oldest first.
func (t *Tailer) feed(f *family, now time.Time) {
	for _, g := range f.gens {
		if t.wantsOpen(g, now) {
			t.reopen(g, now)
		}
		t.introduce(g)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, g := range f.gens {
		t.complete(g, now)
		if g.src == nil || g.fault != "" && now.Before(g.retry) || g.suspect || !g.hasData() {
			continue
		}
		t.start(g)
		if f.rule.Form == entry.Lines || f.rule.Form == entry.Clocked {
			return // the next one when this one is read
		}
	}
}

// introduce sees to it that a checkpoint tells g by its content before its first
// entry is handed on.
func (t *Tailer) introduce(g *generation) {
	t.mu.Lock()
	src, size, want := g.src, g.size, g.wantHead()
	known, saved := g.fingerprint.HeadLen >= want, g.saved >= want
	t.mu.Unlock()
	if src == nil || saved {
		return
	}
	var head []byte
	if !known {
		var err error
		if head, err = file.ReadHead(src, size); err != nil {
			return // the read itself will tell
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, same := g.fingerprint.Agrees(head); !same {
		g.suspect = true
		t.nudge()
		return
	}
	g.fingerprint.Grow(head)
	g.unsaved = true
	if g.fingerprint.HeadLen >= want && !g.fam.rule.Small {
		t.hurry()
	} else {
		t.touch(g)
	}
}

// complete notes that what is in g's file is complete as it stands, if enough
// time has passed. The caller holds t.mu.
func (t *Tailer) complete(g *generation, now time.Time) {
	if g.src == nil || g.packed != file.Unpacked || g.size <= g.read.At || g.flush == g.size {
		return
	}
	if wait, ok := t.completeAfter(g, now); ok && now.Sub(g.changed) >= wait {
		g.flush = g.size
	}
}

// completeAfter returns for how long g's file must not have grown before it is
// taken as it stands, false if it never is.
func (t *Tailer) completeAfter(g *generation, now time.Time) (time.Duration, bool) {
	if g.fam.src.Format != nil {
		return 0, g.fam.newestPath() != g.path
	}
	if t.draining {
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

// wantsOpen says whether g's file has to be opened to go on.
func (t *Tailer) wantsOpen(g *generation, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return g.src == nil && g.missing.IsZero() && !g.short && !now.Before(g.retry) &&
		(g.hasData() || g.size > g.read.At)
}

// reopen opens g's file again, if it is still the same one.
func (t *Tailer) reopen(g *generation, now time.Time) {
	if !t.makeRoom() {
		return
	}
	c, st, err := g.fam.src.set.Open(g.path, g.packed)
	if noRoom(err) {
		t.lock(func() {
			t.evict(now)
			g.retry = now.Add(t.cfg.Scan)
		})
		return
	}
	if err != nil {
		t.lock(func() { t.failed(g, err) })
		return
	}
	if st.Key != g.key {
		c.Close() // the next scan will tell
		return
	}
	t.lock(func() {
		t.holds(g, c)
		g.used = now
		t.healed(g)
	})
}

// failed notes that g's file cannot be read for now. The caller holds t.mu.
func (t *Tailer) failed(g *generation, err error) {
	if g.fault == "" && !errors.Is(err, file.ErrIncomplete) {
		t.log.Warn("file cannot be read", "path", g.path, "error", err)
	}
	g.fault = err.Error()
	g.retry = time.Now().Add(t.cfg.Scan)
}

// healed notes that g's file could be read. The caller holds t.mu.
func (t *Tailer) healed(g *generation) {
	if g.fault != "" {
		t.log.Info("file can be read again", "path", g.path)
		g.fault, g.retry = "", time.Time{}
	}
}

// gap notes bytes that cannot be had any more. The caller holds t.mu.
func (t *Tailer) gap(g *generation, at, n int64, reason string, now time.Time) {
	g.addGaps(entry.Gap{At: at, Bytes: n, Reason: reason, Time: now.UTC().Round(0)})
	t.touch(g)
	t.log.Warn("bytes of a log are lost", "path", g.path, "offset", at, "bytes", n, "reason", reason)
}
