package tailer

import (
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/entry"
)

// compare says whether c can be the file of g. The match's verified is negative
// if it cannot.
func (t *Tailer) compare(g *generation, c *candidate) match {
	head, fl := c.head, c.file
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
	if (form == entry.Whole || form == entry.Dump) && read.at > 0 && read.at >= size && fl.stat.mtime != old.mtime {
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
	return g.comparePlain(print, c, verified, read, size)
}

// comparePlain compares a file that is not compressed with g, which was read up
// to read and had a size.
func (g *generation) comparePlain(print print, c *candidate, verified int, read position, size int64) match {
	src, head, fl, form := c.src, c.head, c.file, g.fam.rule.Form
	none := match{gen: g, file: c, verified: -1}
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
	if g.fam.src.Format != nil && fl.path == g.path && verified >= formatHead {
		return match{gen: g, file: c, verified: fl.stat.size} // the machine went down before its end was on disk
	}
	if fl.class.live || form == entry.Whole || form == entry.Dump {
		return none // shorter than before: something else
	}
	return g.comparePrefix(print, c, fl.stat.size, verified)
}

// formatHead is how much of a file in a Format tells it from all others: it
// begins with something random.
const formatHead = 64

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
