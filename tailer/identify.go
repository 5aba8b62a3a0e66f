package tailer

import (
	"cmp"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// A match says how far a file and a generation agree.
type match struct {
	gen      *generation
	file     *candidate
	strong   bool  // the file holds everything read so far, and goes on from there
	whole    bool  // and that is its end
	verified int64 // up to where their content was compared
	lacks    bool  // the file ends before what was seen of the generation
}

// copies says whether c is rather a copy of another generation than what m says.
func (c *candidate) copies(m match) bool {
	return c.orig != nil && (c.class.packed != file.Unpacked || m.verified < c.stat.Size)
}

// identify finds out what the loose files are: the new place of a generation
// that has lost its own, a copy of one, or something new.
func (t *Tailer) identify(f *family, loose []*foundFile, here map[*generation]bool, first bool, now time.Time) {
	if len(loose) > 0 {
		t.verify(f, here, now)
	}
	wanting := t.wanting(f, here)
	cands := t.candidates(f, loose, now)
	defer func() {
		f.fresh = nil
		for _, c := range cands {
			if !c.taken && c.src != nil {
				c.src.Close()
			}
		}
	}()
	for _, c := range cands {
		if c.class.live {
			f.fresh = append(f.fresh, c)
		}
	}
	var matches []match
	for _, c := range cands {
		matches = append(matches, t.matches(f, c, cands, wanting)...)
	}
	t.give(matches, now)
	t.meetAll(f, cands, first, now)
}

// wanting are the generations of f whose file is not here.
func (t *Tailer) wanting(f *family, here map[*generation]bool) (list []*generation) {
	for _, g := range f.gens {
		if !here[g] {
			t.refresh(g)
			list = append(list, g)
		}
	}
	return list
}

// give gives each generation the file that it matches best.
func (t *Tailer) give(matches []match, now time.Time) {
	slices.SortStableFunc(matches, better)
	given := map[*generation]bool{}
	for _, m := range matches {
		if !m.file.taken && !given[m.gen] {
			given[m.gen], m.file.taken = true, true
			t.assign(m, now)
		}
	}
}

// meetAll decides about the files that are left: first those with a log's own
// name, since the others may be copies of them.
func (t *Tailer) meetAll(f *family, cands []*candidate, first bool, now time.Time) {
	for _, c := range cands {
		if c.class.live && !c.taken {
			t.begin(f, c, first, now)
		}
	}
	for _, c := range cands {
		if c.class.live || c.taken || c.waits && !first {
			continue
		}
		if c.twin != nil {
			c.orig = f.holder(c.twin.stat.Key)
		}
		t.meet(f, c, first, now)
	}
}

// matches returns the generations that c can be the file of.
func (t *Tailer) matches(f *family, c *candidate, cands []*candidate, wanting []*generation) (matches []match) {
	if c.class.packed != file.Unpacked {
		for _, g := range wanting {
			if g.leftAs(c) {
				return []match{{gen: g, file: c, strong: true, whole: true, verified: g.size}}
			}
		}
		c.waits = beingPacked(cands, c) || stillRead(c, wanting)
		if !c.waits {
			c.insp = t.inspect(f, c)
			c.waits = c.insp == nil || c.insp.err == file.ErrIncomplete
		}
		if c.waits {
			f.hidden++ // what it holds is not lost
			t.neverWhole(f, c)
			return nil
		}
	}
	if !c.class.live {
		c.orig, c.twin = t.original(f, c), twin(cands, c)
	}
	for _, g := range wanting {
		m := t.compare(g, c)
		if m.verified < 0 || c.copies(m) || c.twin != nil && t.strongly(g, c.twin) {
			continue
		}
		matches = append(matches, m)
	}
	if c.insp != nil && c.insp.missed {
		delete(t.inspections, c.stat.Key)
		c.waits = true
		return nil
	}
	return matches
}

// neverWhole shows a compressed file that breaks off and is not written to any
// more.
func (t *Tailer) neverWhole(f *family, c *candidate) {
	if c.insp == nil {
		return
	}
	s := f.unknown[c.stat.Key]
	if s == nil {
		s = &stranger{stat: c.stat, since: time.Now()}
		f.unknown[c.stat.Key] = s
	}
	if time.Since(s.since) >= t.cfg.Still {
		t.refused(f, c.foundFile, c.insp.err)
	}
}

// stillRead says whether one of wanting is still read from the file that has no
// name any more, and may be what c holds.
func stillRead(c *candidate, wanting []*generation) bool {
	for _, g := range wanting {
		g.fam.src.mu.Lock()
		n, same := g.fingerprint.Agrees(c.head)
		open := same && n > 0 && g.src != nil && !g.finished()
		g.fam.src.mu.Unlock()
		if open {
			return true
		}
	}
	return false
}

// leftAs says whether c is the compressed file that g was left in, as it was.
func (g *generation) leftAs(c *candidate) bool {
	g.fam.src.mu.Lock()
	defer g.fam.src.mu.Unlock()
	n, same := g.fingerprint.Agrees(c.head)
	return c.stat.Like(g.stat) && g.packed == c.class.packed && (g.ended || g.wasEnded) && g.read.At >= g.size && (c.path == g.path || same && n > 0 && n == g.fingerprint.HeadLen)
}

// strongly says whether g can go on in the file c.
func (t *Tailer) strongly(g *generation, c *candidate) bool {
	m := t.compare(g, c)
	return m.verified >= 0 && m.strong
}

// verify makes sure that the open files of f hold what they did, before others
// are compared with them: where one was truncated and written again, the other
// file with what it held is its copy.
func (t *Tailer) verify(f *family, here map[*generation]bool, now time.Time) {
	for _, g := range slices.Clone(f.gens) {
		src := g.src
		if src == nil || g.packed != file.Unpacked || g.short || !here[g] {
			continue
		}
		if f.rule.Form != entry.Lines || g.intact() {
			continue
		}
		t.lock(func() { g.suspect = true })
		for range 5 { // a read that ends meanwhile leaves it undecided
			if t.statNow(g, now); !g.suspect || g.src != src {
				break
			}
		}
		for _, n := range f.gens {
			if n.src == src {
				here[n] = true
			}
		}
		if g.src != src {
			delete(here, g)
		}
	}
}

// intact says whether g's open file still holds what it did. It changes nothing:
// a file that is as it was need not be read again.
func (g *generation) intact() bool {
	g.fam.src.mu.Lock()
	src, read, size, print := g.src, g.read, g.size, g.fingerprint
	g.fam.src.mu.Unlock()
	st, err := src.Stat()
	if err != nil || print.HeadLen == 0 {
		return true // nothing can be said
	}
	if st.Size < max(size, read.At) {
		return false
	}
	head, err := file.ReadHead(src, st.Size)
	if err != nil {
		return true
	}
	_, same := print.Agrees(head)
	return same && read.Mark.Holds(src)
}

// refresh learns what there is to know of a generation whose file has no name
// any more but is still open, before it is looked for elsewhere.
func (t *Tailer) refresh(g *generation) {
	if g.src == nil || g.packed != file.Unpacked {
		return
	}
	st, err := g.src.Stat()
	if err != nil || st.Size < g.size {
		return
	}
	head, err := file.ReadHead(g.src, st.Size)
	if err != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, same := g.fingerprint.Agrees(head); same {
		g.fingerprint.Grow(head)
		g.size = max(g.size, st.Size)
	}
}

// better sorts matches: the surer first.
func better(a, b match) int {
	by := func(x, y bool) int {
		switch {
		case x == y:
			return 0
		case x:
			return -1
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(b.verified, a.verified),
		by(a.strong, b.strong),
		by(!a.lacks, !b.lacks),
		by(a.file.stat.Key == a.gen.key, b.file.stat.Key == b.gen.key),
		// Equally good so far, they differ in what was never read. The generation
		// was there first.
		cmp.Compare(a.file.stat.Mtime, b.file.stat.Mtime),
		by(a.file.path == a.gen.path, b.file.path == b.gen.path),
		by(a.file.class.packed == file.Unpacked, b.file.class.packed == file.Unpacked),
		cmp.Compare(b.file.stat.Size, a.file.stat.Size),
	)
}
