package tailer

import (
	"bytes"
	"cmp"
	"io"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"
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
	return c.orig != nil && (c.class.packed != unpacked || m.verified < c.stat.size)
}

// size is the uncompressed size. Of a compressed file that is not inspected yet
// it is what the file says, which need not be right.
func (c *candidate) size() int64 {
	p, ok := c.src.(*packedFile)
	switch {
	case !ok:
		return c.stat.size
	case c.insp != nil:
		return c.insp.length
	}
	return max(0, unpackedSize(p.f, c.stat.size, c.class.packed))
}

// bytes is where marks of c can be compared.
func (c *candidate) bytes() io.ReaderAt {
	if c.insp != nil {
		return c.insp
	}
	return c.src
}

// A candidate is a file that no generation is known to be in.
type candidate struct {
	*file
	src   content
	head  []byte
	insp  *inspection // what it holds, if it is compressed and that is known
	orig  *generation // that it is a copy of, which is still where it was
	twin  *candidate  // a live file that it is a copy of, and nobody's yet
	waits bool        // for another file that may hold the same, and is still to be had
	taken bool
}

// identify finds out what the loose files are: the new place of a generation
// that has lost its own, a copy of one, or something new.
func (t *Tailer) identify(f *family, loose []*file, here map[*generation]bool, first bool, now time.Time) {
	if len(loose) > 0 {
		t.verify(f, here, now)
	}
	var wanting []*generation
	for _, g := range f.gens {
		if !here[g] {
			t.refresh(g)
			wanting = append(wanting, g)
		}
	}
	cands := t.candidates(f, loose, now)
	defer func() {
		for _, c := range cands {
			if !c.taken && c.src != nil {
				c.src.Close()
			}
		}
	}()
	f.fresh = nil
	for _, c := range cands {
		if c.class.live {
			f.fresh = append(f.fresh, c)
		}
	}
	defer func() { f.fresh = nil }()
	var matches []match
	for _, c := range cands {
		matches = append(matches, t.matches(f, c, cands, wanting)...)
	}
	slices.SortStableFunc(matches, better)
	given := map[*generation]bool{}
	for _, m := range matches {
		if !m.file.taken && !given[m.gen] {
			given[m.gen], m.file.taken = true, true
			t.assign(m, now)
		}
	}
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
			c.orig = f.holder(c.twin.stat.key)
		}
		t.meet(f, c, first, now)
	}
}

// matches returns the generations that c can be the file of.
func (t *Tailer) matches(f *family, c *candidate, cands []*candidate, wanting []*generation) (matches []match) {
	if c.class.packed != unpacked {
		for _, g := range wanting {
			if g.leftAs(c) {
				return []match{{gen: g, file: c, strong: true, whole: true, verified: g.size}}
			}
		}
		c.waits = beingPacked(cands, c) || stillRead(c, wanting)
		if !c.waits {
			c.insp = t.inspect(f, c)
			c.waits = c.insp == nil || c.insp.err == errIncomplete
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
		delete(t.inspections, c.stat.key)
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
	s := f.unknown[c.stat.key]
	if s == nil {
		s = &stranger{stat: c.stat, since: time.Now()}
		f.unknown[c.stat.key] = s
	}
	if time.Since(s.since) >= t.cfg.Still {
		t.refused(f, c.file, c.insp.err)
	}
}

// stillRead says whether one of wanting is still read from the file that has no
// name any more, and may be what c holds.
func stillRead(c *candidate, wanting []*generation) bool {
	for _, g := range wanting {
		g.fam.src.mu.Lock()
		n, same := g.print.agrees(c.head)
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
	n, same := g.print.agrees(c.head)
	return c.stat.like(g.stat) && g.packed == c.class.packed && (g.ended || g.wasEnded) && g.read.at >= g.size && (c.path == g.path || same && n > 0 && n == g.print.headLen)
}

// twin returns the live file among cands that holds all of c, if there is one.
// Where a log was replaced by a copy of itself, and copied besides, nothing
// else tells which of them the writer goes on in.
func twin(cands []*candidate, c *candidate) *candidate {
	if c.class.packed != unpacked || c.stat.size < littleBytes {
		return nil
	}
	for _, l := range cands {
		if l.class.live && bytes.HasPrefix(l.head, c.head) && copyOf(l.src, c.src) {
			return l
		}
	}
	return nil
}

// beingPacked says whether c is being made by compressing another file of cands,
// which is there still and is the one to read.
func beingPacked(cands []*candidate, c *candidate) bool {
	plain, packed := unpackedName(c.path)
	return packed != unpacked && slices.ContainsFunc(cands, func(o *candidate) bool {
		return o.path == plain && bytes.Equal(o.head, c.head)
	})
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
		if src == nil || g.packed != unpacked || g.short || !here[g] {
			continue
		}
		if f.rule.Form != Lines || g.intact() {
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
	src, read, size, print := g.src, g.read, g.size, g.print
	g.fam.src.mu.Unlock()
	st, err := src.stat()
	if err != nil || print.headLen == 0 {
		return true // nothing can be said
	}
	if st.size < max(size, read.at) {
		return false
	}
	head, err := readHead(src, st.size)
	if err != nil {
		return true
	}
	_, same := print.agrees(head)
	return same && read.mark.holds(src)
}

// refresh learns what there is to know of a generation whose file has no name
// any more but is still open, before it is looked for elsewhere.
func (t *Tailer) refresh(g *generation) {
	if g.src == nil || g.packed != unpacked {
		return
	}
	st, err := g.src.stat()
	if err != nil || st.size < g.size {
		return
	}
	head, err := readHead(g.src, st.size)
	if err != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, same := g.print.agrees(head); same {
		g.print.grow(head)
		g.size = max(g.size, st.size)
	}
}

// candidates opens the loose files, except those that were looked at before and
// have not changed since.
func (t *Tailer) candidates(f *family, loose []*file, now time.Time) []*candidate {
	searching := now.Sub(f.search) < 2*t.cfg.RotateWait
	keep := map[fileKey]*stranger{}
	var cands []*candidate
	for _, fl := range loose {
		s := f.unknown[fl.stat.key]
		if s != nil && s.stat.size == fl.stat.size && s.stat.mtime == fl.stat.mtime {
			keep[fl.stat.key] = s
			if !searching && (s.left || s.copy != nil) {
				continue
			}
		}
		if c := t.candidate(f, fl); c != nil {
			cands = append(cands, c)
		}
	}
	f.unknown = keep
	return cands
}

// candidate opens a file to find out what it is; nil if that cannot be told yet.
func (t *Tailer) candidate(f *family, fl *file) *candidate {
	if fl.stat.size == 0 && !fl.class.live {
		return nil
	}
	if !t.makeRoom() {
		f.hidden++ // it has to wait
		return nil
	}
	src, st, err := openContent(fl.path, fl.class.packed, &t.open)
	if err != nil {
		f.hidden++
		t.refused(f, fl, err)
		return nil
	}
	fl.stat = st
	c := &candidate{file: fl, src: src}
	n := st.size
	if fl.class.packed != unpacked {
		n = headBytes
	}
	if c.head, err = readHead(src, n); err != nil {
		src.Close() // a compressed file that is only begun, or a fault; later
		if err != errIncomplete {
			f.hidden++
			t.refused(f, fl, err)
		}
		return nil
	}
	return c
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
		by(a.file.stat.key == a.gen.key, b.file.stat.key == b.gen.key),
		// Equally good so far, they differ in what was never read. The generation
		// was there first.
		cmp.Compare(a.file.stat.mtime, b.file.stat.mtime),
		by(a.file.path == a.gen.path, b.file.path == b.gen.path),
		by(a.file.class.packed == unpacked, b.file.class.packed == unpacked),
		cmp.Compare(b.file.stat.size, a.file.stat.size),
	)
}

// compare says whether c can be the file of g. The match's verified is negative
// if it cannot.
func (t *Tailer) compare(g *generation, c *candidate) match {
	src, head, fl := c.src, c.head, c.file
	none := match{gen: g, file: c, verified: -1}
	t.mu.Lock()
	print, read, size, old := g.print, g.read, g.size, g.stat
	print.marks, print.recent = slices.Clone(print.marks), slices.Clone(print.recent)
	t.mu.Unlock()

	if fl.class.packed == unpacked && !fl.class.live && fl.stat.like(old) && fl.path == g.path && fl.stat.size < read.at {
		if verified, ok := print.agrees(head); ok && verified > 0 {
			return match{gen: g, file: c, verified: fl.stat.size} // the copy that it was found in before
		}
	}
	form := g.fam.rule.Form
	if (form == Whole || form == Dump) && read.at > 0 && read.at >= size && fl.stat.mtime != old.mtime {
		return none // written again, even if with the same content
	}
	if print.headLen == 0 {
		if fl.stat.key == g.key && fl.path == g.path && fl.class.packed == unpacked {
			return match{gen: g, file: c, strong: true}
		}
		return none
	}
	verified, ok := print.agrees(head)
	if !ok || verified == 0 {
		return none
	}
	if fl.class.packed != unpacked {
		return g.comparePacked(print, c, verified, read)
	}
	if fl.class.live && fl.stat.size < int64(print.headLen) {
		return none
	}
	if held := g.src; held != nil && held != src && !copyOf(src, held) {
		return none // it lacks what can still be had from the file that has no name
	}
	if fl.stat.size >= read.at {
		if len(head) < min(print.headLen, int(min(read.at, headBytes))) || !read.mark.holds(src) {
			return none
		}
		beyond, ok := print.beyond(read.at, fl.stat.size, src)
		if !ok {
			return none
		}
		return match{gen: g, file: c, strong: true, verified: max(int64(verified), read.at, beyond), lacks: fl.stat.size < size}
	}
	if fl.class.live || form == Whole || form == Dump {
		return none // shorter than before: something else
	}
	return g.comparePrefix(print, c, fl.stat.size, verified)
}

// copySlack is how much later than the last write that was seen a copy may have
// been written: it takes a moment to make one, and the original is looked at
// from time to time only.
const copySlack = 2 * time.Second

// comparePrefix compares a file that ends before what was read already: a copy
// that was made just before the original was truncated. Taking a file for one
// wrongly would lose it. So it must not have been written since, and must share
// with this generation, and with no other, the end of an entry where it ends
// itself, or the beginning, or a mark in its second half.
func (g *generation) comparePrefix(print print, c *candidate, size int64, verified int) match {
	fl, src := c.file, c.bytes()
	m := match{gen: g, file: c, verified: -1}
	if fl.stat.mtime > g.written+int64(copySlack) {
		return m // it was written after what was read, so it is no older copy of that
	}
	if mk, ok := print.endingAt(size); ok && !g.sharesMark(mk) {
		if mk.holds(src) {
			m.verified = size
		}
		return m
	}
	if fl.stat.mtime > g.written {
		return m // only the end of an entry is sure enough for that
	}
	if verified >= 32 && int64(verified) >= min(size, headBytes)/2 && !g.sharesHead(verified) {
		m.verified = int64(verified)
	}
	for _, mk := range slices.Backward(print.marks) {
		if mk.at > size {
			continue
		}
		if !mk.holds(src) {
			return match{gen: g, file: c, verified: -1}
		}
		if mk.at >= size/2 && !g.sharesMark(mk) {
			m.verified = max(m.verified, mk.at)
		}
		break
	}
	return m
}

// sharesHead says whether another generation begins with the same n bytes.
func (g *generation) sharesHead(n int) bool {
	g.fam.src.mu.Lock()
	defer g.fam.src.mu.Unlock()
	i := slices.Index(headSizes(g.print.headLen), n)
	if i < 0 {
		return false
	}
	same := func(head []byte) bool { return len(head) >= n && xxhash.Sum64(head[:n]) == g.print.heads[i] }
	for _, o := range g.fam.gens {
		k := slices.Index(headSizes(o.print.headLen), n)
		if o == g {
			continue
		}
		if k >= 0 && o.print.heads[k] == g.print.heads[i] {
			return true
		}
		if o.src == nil || o.packed != unpacked || o.print.headLen >= n {
			continue
		}
		if head, err := readHead(o.src, headBytes); err == nil && same(head) {
			return true
		}
	}
	return slices.ContainsFunc(g.fam.fresh, func(c *candidate) bool { return same(c.head) })
}

// sharesMark says whether another generation has the same bytes before m.
func (g *generation) sharesMark(m mark) bool {
	g.fam.src.mu.Lock()
	defer g.fam.src.mu.Unlock()
	for _, o := range g.fam.gens {
		if o == g {
			continue
		}
		if slices.Contains(o.print.marks, m) || o.src != nil && o.packed == unpacked && m.holds(o.src) {
			return true
		}
	}
	return slices.ContainsFunc(g.fam.fresh, func(c *candidate) bool { return m.holds(c.src) })
}

// comparePacked compares a compressed file with g.
func (g *generation) comparePacked(print print, c *candidate, verified int, read position) match {
	none := match{gen: g, file: c, verified: -1}
	in := c.insp
	switch {
	case in == nil || in.err != nil:
		return none
	case in.length < read.at:
		return g.comparePrefix(print, c, in.length, verified)
	case !read.mark.holds(in):
		return none
	}
	beyond, ok := print.beyond(read.at, in.length, in)
	if !ok {
		return none
	}
	return match{
		gen: g, file: c, strong: true, whole: in.length == read.at,
		verified: max(int64(verified), read.at, beyond), lacks: in.length < g.size,
	}
}

// assign gives a generation the file it was found in.
func (t *Tailer) assign(m match, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g, c := m.gen, m.file
	if g.src != nil {
		g.src.Close()
	}
	g.src = c.src
	g.at(c.file)
	g.stat, g.changed, g.used = c.stat, now, now
	if m.strong && c.stat.size > g.size {
		g.written = c.stat.mtime
	}
	g.tried, g.flush, g.scanned, g.ended, g.suspect = -1, -1, 0, false, false
	g.wasEnded = false
	if g.short = !m.strong; g.short {
		g.print.endsAt(c)
	}
	if len(c.head) < g.print.headLen && m.strong {
		g.print.headLen = 0
		g.print.grow(c.head)
	}
	if c.class.live {
		g.rotated = time.Time{}
	} else {
		g.displace(now)
	}
	if g.gapNoted && len(g.gaps) > 0 {
		g.gaps = g.gaps[:len(g.gaps)-1] // it was found after all
		g.gapNoted = false
	}
	switch {
	case g.short, m.whole:
		g.ended = true
		if n := g.size - g.read.at; n > 0 {
			t.gap(g, g.read.at, n, "written after the copy was made, then truncated", now)
		}
		g.size = g.read.at
	case g.packed == unpacked:
		if n := g.size - c.stat.size; n > 0 {
			t.gap(g, c.stat.size, n, "removed from the end of the file", now)
		}
		g.size = c.stat.size
	default:
		g.size = max(g.size, g.read.at)
	}
	t.touch(g)
	t.log.Debug("generation found", "path", g.path, "generation", g.hexID(), "read", g.read.at, "whole", m.strong)
}

// begin starts a generation for a new live file.
func (t *Tailer) begin(f *family, c *candidate, first bool, now time.Time) {
	g := newGeneration(f, now)
	if first && f.src.Start.End {
		if err := g.skipTo(c, lineStart(c.src, c.stat.size)); err != nil {
			return // again with the next scan
		}
	}
	t.adopt(g, c, now)
}

// adopt makes g, which is in the file c, one of its family.
func (t *Tailer) adopt(g *generation, c *candidate, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	c.taken = true
	g.inherit()
	g.print.grow(c.head)
	g.src = c.src
	g.at(c.file)
	g.stat, g.size, g.written = c.stat, max(c.stat.size, g.read.at), c.stat.mtime
	if c.class.packed != unpacked {
		g.size = g.read.at
	}
	if g.size > g.settled.at {
		g.behind = now
	}
	if !c.class.live {
		g.displace(now)
	}
	g.fam.gens = append(g.fam.gens, g)
	t.touch(g)
	t.log.Debug("generation begun", "path", g.path, "generation", g.hexID(), "from", g.read.at)
}

// skipTo makes a new generation begin at an offset.
func (g *generation) skipTo(c *candidate, at int64) error {
	m := mark{at: at} // of a compressed file, which does not grow, only the head is known
	if c.class.packed == unpacked {
		var err error
		if m, err = readMark(c.src, at); err != nil {
			return err
		}
	}
	g.print.grow(c.head)
	g.print.note(m)
	g.read.mark, g.settled.mark = m, m
	return nil
}

// lineStart returns where the last line of a file begins, so that one which is
// half written is not taken apart.
func lineStart(src content, size int64) int64 {
	b := make([]byte, min(size, 64<<10))
	n, _ := src.ReadAt(b, size-int64(len(b)))
	for i := n; i > 0; i-- {
		if b[i-1] == '\n' {
			return size - int64(len(b)) + int64(i)
		}
	}
	return size
}

// meet decides about a file with a rotated name that matches nothing. It may be
// a copy in the making, so it has to be left unchanged for a while first.
func (t *Tailer) meet(f *family, c *candidate, first bool, now time.Time) {
	if first {
		t.meetFirst(f, c, now)
		return
	}
	s := f.unknown[c.stat.key]
	if s == nil {
		s = &stranger{stat: c.stat, since: now}
		f.unknown[c.stat.key] = s
	}
	s.copy = c.orig
	if s.copy != nil && c.class.packed == unpacked && c.stat.size < littleBytes {
		s.copy = nil // too little to be sure; rather twice than not at all
	}
	switch {
	case s.copy != nil || s.left:
	case now.Sub(s.since) < t.cfg.RotateWait && !t.draining:
	case c.stat.mtime < f.floor:
		s.left = true
	case t.shaken(f, now):
	default:
		delete(f.unknown, c.stat.key)
		t.adopt(newGeneration(f, now), c, now)
	}
}

// shaken looks once more at the open files of f. If one of them was truncated
// just now, the stranger may well be the copy that was made of it before, and
// the next scan, which is to follow at once, will find that out.
func (t *Tailer) shaken(f *family, now time.Time) bool {
	for _, g := range slices.Clone(f.gens) {
		src := g.src
		if src == nil || g.packed != unpacked {
			continue
		}
		if t.statNow(g, now); g.suspect || g.src != src {
			t.lock(func() { t.scanNow = true })
			return true
		}
	}
	return false
}

// meetFirst decides about a rotated file that was there when its source was
// followed for the first time.
func (t *Tailer) meetFirst(f *family, c *candidate, now time.Time) {
	if at := f.src.Start.At; !at.IsZero() && c.stat.mtime >= at.UnixNano() {
		t.adopt(newGeneration(f, now), c, now)
		return
	}
	g := newGeneration(f, now)
	g.unsized = c.class.packed != unpacked && c.insp == nil
	if err := g.skipTo(c, c.size()); err != nil {
		f.unknown[c.stat.key] = &stranger{stat: c.stat, since: now, left: true}
		return
	}
	g.ended = true
	t.adopt(g, c, now)
}

// original returns the generation whose file c is a copy of, if it has one.
func (t *Tailer) original(f *family, c *candidate) *generation {
	for _, g := range f.gens {
		if !g.holds(c.head) {
			continue
		}
		if c.insp != nil {
			if c.insp.err == nil && c.insp.copyOf(g) {
				return g
			}
			continue
		}
		src, opened := t.holding(g)
		if src == nil {
			continue
		}
		same := copyOf(src, c.src)
		if opened {
			src.Close()
		}
		if same {
			return g
		}
	}
	return nil
}

// holds says whether g has a file, and that begins like head.
func (g *generation) holds(head []byte) bool {
	g.fam.src.mu.Lock()
	defer g.fam.src.mu.Unlock()
	if g.src == nil && !g.missing.IsZero() || g.print.headLen == 0 {
		return false
	}
	_, same := g.print.agrees(head)
	return same
}

// holding returns what g's file holds, nil if it cannot be read. opened says
// whether the caller has to close it.
func (t *Tailer) holding(g *generation) (src content, opened bool) {
	if g.src != nil && g.packed == unpacked {
		return g.src, false
	}
	src, st, err := openContent(g.path, g.packed, &t.open)
	if err != nil {
		return nil, false
	}
	if st.key != g.key {
		src.Close()
		return nil, false
	}
	return src, true
}
