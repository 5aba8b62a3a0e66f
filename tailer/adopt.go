package tailer

import (
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// assign gives a generation the file it was found in.
func (t *Tailer) assign(m match, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	g, c := m.gen, m.file
	if g.src != nil {
		g.src.Close()
	}
	g.src = c.src
	g.locate(c.foundFile)
	g.stat, g.changed, g.used = c.stat, now, now
	if m.strong && c.stat.Size > g.size {
		g.written = c.stat.Mtime
	}
	g.tried, g.flush, g.scanned, g.ended, g.suspect = -1, -1, 0, false, false
	g.wasEnded = false
	if g.short = !m.strong; g.short {
		g.endsAt(c)
	}
	if len(c.head) < g.fingerprint.HeadLen && m.strong {
		g.fingerprint.HeadLen = 0
		g.fingerprint.Grow(c.head)
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
	t.resize(m, now)
	t.touch(g)
	t.log.Debug("generation found", "path", g.path, "generation", g.hexID(), "read", g.read.At, "whole", m.strong)
}

// resize takes the size of m's generation from its file, and counts what that
// lacks. The caller holds t.mu.
func (t *Tailer) resize(m match, now time.Time) {
	g, c := m.gen, m.file
	switch {
	case g.short, m.whole:
		g.ended = true
		if n := g.size - g.read.At; n > 0 {
			reason := "written after the copy was made, then truncated"
			if g.fam.src.Format != nil {
				reason = "removed from the end of the file"
			}
			t.gap(g, g.read.At, n, reason, now)
		}
		g.size = g.read.At
	case g.packed == file.Unpacked:
		if n := g.size - c.stat.Size; n > 0 {
			t.gap(g, c.stat.Size, n, "removed from the end of the file", now)
		}
		g.size = c.stat.Size
	default:
		g.size = max(g.size, g.read.At)
	}
}

// begin starts a generation for a new live file.
func (t *Tailer) begin(f *family, c *candidate, first bool, now time.Time) {
	g := newGeneration(f, now)
	if first && f.src.Start.End {
		if err := g.skipTo(c, lineStart(c.src, c.stat.Size)); err != nil {
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
	g.fingerprint.Grow(c.head)
	g.src = c.src
	g.locate(c.foundFile)
	g.stat, g.size, g.written = c.stat, max(c.stat.Size, g.read.At), c.stat.Mtime
	if c.class.packed != file.Unpacked {
		g.size = g.read.At
	}
	if g.size > g.settled.At {
		g.behind = now
	}
	if !c.class.live {
		g.displace(now)
	}
	g.fam.gens = append(g.fam.gens, g)
	t.touch(g)
	t.log.Debug("generation begun", "path", g.path, "generation", g.hexID(), "from", g.read.At)
}

// skipTo makes a new generation begin at an offset.
func (g *generation) skipTo(c *candidate, at int64) error {
	m := file.Mark{At: at} // of a compressed file, which does not grow, only the head is known
	if c.class.packed == file.Unpacked {
		var err error
		if m, err = file.ReadMark(c.src, at); err != nil {
			return err
		}
	}
	g.fingerprint.Grow(c.head)
	g.fingerprint.Note(m)
	g.read.Mark, g.settled.Mark = m, m
	return nil
}

// lineStart returns where the last line of a file begins, so that one which is
// half written is not taken apart.
func lineStart(src file.Content, size int64) int64 {
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
	s := f.unknown[c.stat.Key]
	if s == nil {
		s = &stranger{stat: c.stat, since: now}
		f.unknown[c.stat.Key] = s
	}
	s.copy = c.orig
	if s.copy != nil && c.class.packed == file.Unpacked && c.stat.Size < littleBytes {
		s.copy = nil // too little to be sure; rather twice than not at all
	}
	switch {
	case s.copy != nil || s.left:
	case now.Sub(s.since) < t.cfg.RotateWait && !t.draining:
	case c.stat.Mtime < f.floor:
		s.left = true
	case t.shaken(f, now):
	default:
		delete(f.unknown, c.stat.Key)
		t.adopt(newGeneration(f, now), c, now)
	}
}

// shaken looks once more at the open files of f. If one of them was truncated
// just now, the stranger may well be the copy that was made of it before, and
// the next scan, which is to follow at once, will find that out.
func (t *Tailer) shaken(f *family, now time.Time) bool {
	for _, g := range slices.Clone(f.gens) {
		src := g.src
		if src == nil || g.packed != file.Unpacked {
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
	if at := f.src.Start.At; !at.IsZero() && c.stat.Mtime >= at.UnixNano() {
		t.adopt(newGeneration(f, now), c, now)
		return
	}
	g := newGeneration(f, now)
	g.unsized = c.class.packed != file.Unpacked && c.insp == nil
	if err := g.skipTo(c, c.size()); err != nil {
		f.unknown[c.stat.Key] = &stranger{stat: c.stat, since: now, left: true}
		return
	}
	g.ended = true
	t.adopt(g, c, now)
}

// endsAt remembers the end of a copy that is shorter than what was read. It is
// all that the copy can be known by again.
func (g *generation) endsAt(c *candidate) {
	size := c.size()
	if m, err := file.ReadMark(c.bytes(), size); err == nil {
		g.fingerprint.Recent = []file.Mark{m}
	}
}
