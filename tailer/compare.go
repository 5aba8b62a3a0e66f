package tailer

import (
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// compare says whether c can be the file of g. The match's verified is negative
// if it cannot.
func (t *Tailer) compare(g *generation, c *candidate) match {
	head, fl := c.head, c.foundFile
	none := match{gen: g, file: c, verified: -1}
	t.mu.Lock()
	print, read, size, old := g.fingerprint, g.read, g.size, g.stat
	print.Marks, print.Recent = slices.Clone(print.Marks), slices.Clone(print.Recent)
	t.mu.Unlock()

	if fl.class.packed == file.Unpacked && !fl.class.live && fl.stat.Like(old) && fl.path == g.path && fl.stat.Size < read.At {
		if verified, ok := print.Agrees(head); ok && verified > 0 {
			return match{gen: g, file: c, verified: fl.stat.Size} // the copy that it was found in before
		}
	}
	form := g.fam.rule.Form
	if (form == entry.Whole || form == entry.Dump) && read.At > 0 && read.At >= size && fl.stat.Mtime != old.Mtime {
		return none // written again, even if with the same content
	}
	if print.HeadLen == 0 {
		if fl.stat.Key == g.key && fl.path == g.path && fl.class.packed == file.Unpacked {
			return match{gen: g, file: c, strong: true}
		}
		return none
	}
	verified, ok := print.Agrees(head)
	if !ok || verified == 0 {
		return none
	}
	if fl.class.packed != file.Unpacked {
		return g.comparePacked(print, c, verified, read)
	}
	return g.comparePlain(print, c, verified, read, size)
}

// comparePlain compares a file that is not compressed with g, which was read up
// to read and had a size.
func (g *generation) comparePlain(print file.Fingerprint, c *candidate, verified int, read position, size int64) match {
	src, head, fl, form := c.src, c.head, c.foundFile, g.fam.rule.Form
	none := match{gen: g, file: c, verified: -1}
	if fl.class.live && fl.stat.Size < int64(print.HeadLen) {
		return none
	}
	if held := g.src; held != nil && held != src && !file.IsCopy(src, held) {
		return none // it lacks what can still be had from the file that has no name
	}
	if fl.stat.Size >= read.At {
		if len(head) < min(print.HeadLen, int(min(read.At, file.HeadBytes))) || !read.Mark.Holds(src) {
			return none
		}
		beyond, ok := print.Beyond(read.At, fl.stat.Size, src)
		if !ok {
			return none
		}
		return match{gen: g, file: c, strong: true, verified: max(int64(verified), read.At, beyond), lacks: fl.stat.Size < size}
	}
	if g.fam.src.Format != nil && fl.path == g.path && verified >= formatHead {
		return match{gen: g, file: c, verified: fl.stat.Size} // the machine went down before its end was on disk
	}
	if fl.class.live || form == entry.Whole || form == entry.Dump {
		return none // shorter than before: something else
	}
	return g.comparePrefix(print, c, fl.stat.Size, verified)
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
func (g *generation) comparePrefix(print file.Fingerprint, c *candidate, size int64, verified int) match {
	fl, src := c.foundFile, c.bytes()
	m := match{gen: g, file: c, verified: -1}
	if fl.stat.Mtime > g.written+int64(copySlack) {
		return m // it was written after what was read, so it is no older copy of that
	}
	if mk, ok := print.EndingAt(size); ok && !g.sharesMark(mk) {
		if mk.Holds(src) {
			m.verified = size
		}
		return m
	}
	if fl.stat.Mtime > g.written {
		return m // only the end of an entry is sure enough for that
	}
	if verified >= 32 && int64(verified) >= min(size, file.HeadBytes)/2 && !g.sharesHead(verified) {
		m.verified = int64(verified)
	}
	for _, mk := range slices.Backward(print.Marks) {
		if mk.At > size {
			continue
		}
		if !mk.Holds(src) {
			return match{gen: g, file: c, verified: -1}
		}
		if mk.At >= size/2 && !g.sharesMark(mk) {
			m.verified = max(m.verified, mk.At)
		}
		break
	}
	return m
}

// sharesHead says whether another generation begins with the same n bytes.
func (g *generation) sharesHead(n int) bool {
	g.fam.src.mu.Lock()
	defer g.fam.src.mu.Unlock()
	i := slices.Index(file.HeadSizes(g.fingerprint.HeadLen), n)
	if i < 0 {
		return false
	}
	same := func(head []byte) bool { return len(head) >= n && xxhash.Sum64(head[:n]) == g.fingerprint.Heads[i] }
	for _, o := range g.fam.gens {
		k := slices.Index(file.HeadSizes(o.fingerprint.HeadLen), n)
		if o == g {
			continue
		}
		if k >= 0 && o.fingerprint.Heads[k] == g.fingerprint.Heads[i] {
			return true
		}
		if o.src == nil || o.packed != file.Unpacked || o.fingerprint.HeadLen >= n {
			continue
		}
		if head, err := file.ReadHead(o.src, file.HeadBytes); err == nil && same(head) {
			return true
		}
	}
	return slices.ContainsFunc(g.fam.fresh, func(c *candidate) bool { return same(c.head) })
}

// sharesMark says whether another generation has the same bytes before m.
func (g *generation) sharesMark(m file.Mark) bool {
	g.fam.src.mu.Lock()
	defer g.fam.src.mu.Unlock()
	for _, o := range g.fam.gens {
		if o == g {
			continue
		}
		if slices.Contains(o.fingerprint.Marks, m) || o.src != nil && o.packed == file.Unpacked && m.Holds(o.src) {
			return true
		}
	}
	return slices.ContainsFunc(g.fam.fresh, func(c *candidate) bool { return m.Holds(c.src) })
}

// comparePacked compares a compressed file with g.
func (g *generation) comparePacked(print file.Fingerprint, c *candidate, verified int, read position) match {
	none := match{gen: g, file: c, verified: -1}
	in := c.insp
	switch {
	case in == nil || in.err != nil:
		return none
	case in.length < read.At:
		return g.comparePrefix(print, c, in.length, verified)
	case !read.Mark.Holds(in):
		return none
	}
	beyond, ok := print.Beyond(read.At, in.length, in)
	if !ok {
		return none
	}
	return match{
		gen: g, file: c, strong: true, whole: in.length == read.At,
		verified: max(int64(verified), read.At, beyond), lacks: in.length < g.size,
	}
}
