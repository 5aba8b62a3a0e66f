package match

import (
	"bytes"
	"cmp"
	"io"
	"slices"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// mostOriginals is how many logs may begin like a file that is taken for a copy of
// one of them: what more of them begin with tells nothing, unless the rules know
// one of them by its name.
const mostOriginals = 4

// apart returns up to where c, which has a name of its own, holds what a
// generation of another log does, and which; or a file that the rules know by its
// name and that is as new as c. Files of one name in different directories are
// never copies of one another, nor is a log that has its name from the rules, nor
// are logs that nobody knows if both were there from the beginning.
func (d *decision) apart(c *Found) (at int64, of *Known) {
	if c.Live && c.Log.Vendor || !c.Log.linewise() || c.Log.Small || len(c.Head) < Little {
		return 0, nil
	}
	if c.Packed != file.Unpacked {
		return d.packedCopy(c)
	}
	originals, named := d.originals(c), func(o *Known) bool { return o.Log.Vendor }
	if known := filter(originals, named); len(originals)-len(known) > mostOriginals {
		originals = known
	}
	originals = nearest(originals, c)
	slices.SortStableFunc(originals, func(a, b *Known) int { return cmp.Compare(enough(a.Log, c.Log), enough(b.Log, c.Log)) })
	for _, o := range originals {
		least := enough(o.Log, c.Log)
		if at > 0 {
			least = min(least, at+1) // it is a copy; what a copy of the same log holds besides tells of which
		}
		if n := commonPart(o.Content, c, least); n > at {
			at, of = n, o
		}
	}
	return at, of
}

// packedCopy returns the generation of another log whose file holds all that c,
// which is compressed, does.
func (d *decision) packedCopy(c *Found) (at int64, of *Known) {
	if c.Archive == nil || c.Archive.Broken() != nil {
		return 0, nil
	}
	originals := filter(d.in.Known, func(k *Known) bool {
		if k.Content == nil || !likely(k, c) || c.Archive.Length() < enough(k.Log, c.Log) {
			return false
		}
		n, same := k.Fingerprint.Agrees(c.Head)
		return same && n > 0
	})
	if i := slices.IndexFunc(originals, c.Archive.CopyOf); i >= 0 {
		return c.Archive.Length(), originals[i]
	}
	return 0, nil
}

// likely says whether k's file can be what c was copied from. One that is under another
// log's name is not one of two nodes' that have one name.
func likely(k *Known, c *Found) bool {
	l := k.Log
	return l != c.Log && (k.Astray || !sameName(l, c.Log)) && (l.linewise() || l.ring()) && !l.Small && (l.Vendor || c.Early == nil)
}

// copiesOfCopies looks at the files under names of their own that were found at once:
// one may be a copy of another, with what was written to that. The longest is taken
// for the original, since the others may still be copied.
func (d *decision) copiesOfCopies(clues []clue) {
	var own []int
	for i, c := range d.in.Found {
		if _, same := d.same[c]; !same && !clues[i].waits && c.Live && !c.Log.Vendor && c.Log.linewise() && !c.Log.Small &&
			c.Early == nil && c.Content != nil && len(c.Head) >= Little {
			own = append(own, i)
		}
	}
	slices.SortStableFunc(own, func(a, b int) int { return cmp.Compare(d.in.Found[b].Stat.Size, d.in.Found[a].Stat.Size) })
	alike := map[uint64][]int{}
	for _, i := range own {
		c, q := d.in.Found[i], &clues[i]
		others := alike[c.start()]
		for _, j := range others {
			copyOfFound(c, q, d.in.Found[j])
		}
		if len(others) < mostOriginals {
			alike[c.start()] = append(others, i)
		}
	}
}

// copyOfFound notes that c is a copy of o, if it is. Where it is one of something else,
// whatever it has in common with o besides says so.
func copyOfFound(c *Found, q *clue, o *Found) {
	if sameName(o.Log, c.Log) {
		return
	}
	least := int64(file.HeadBytes)
	if q.of != nil {
		least = q.apart + 1
	}
	if at := commonPart(o.Content, c, least); at > q.apart {
		q.apart, q.of = at, &Known{Log: o.Log, Path: o.Path, Content: o.Content}
	}
}

// originals are the files of other logs of which c may be a copy.
func (d *decision) originals(c *Found) (list []*Known) {
	for _, k := range d.in.Known {
		if k.readable() && likely(k, c) && k.Fingerprint.HashOf(Little) == c.start() {
			list = append(list, k)
		}
	}
	for _, o := range d.in.Found {
		if o == c || o.Packed != file.Unpacked || o.Content == nil || len(o.Head) < Little || o.start() != c.start() {
			continue
		}
		a, same := d.same[o]
		switch {
		case same && likely(a.known, c):
			k := *a.known
			k.Content = o.Content
			list = append(list, &k)
		case !same && (o.Live && o.Log.Vendor || !o.Live && before(o, c)) && likely(&Known{Log: o.Log}, c) && o.toCome():
			list = append(list, &Known{Log: o.Log, Path: o.Path, Content: o.Content})
		}
	}
	return list
}

// toCome says whether c, if nobody's, will be a generation sooner or later.
func (c *Found) toCome() bool {
	return !c.Aside && (c.Live || !c.Refused && !c.tooOld() && (c.Early == nil || c.wanted()))
}

// commonPart returns up to where c is a copy of orig, 0 if it is none: what they
// have in common is so much that two logs do not begin with it by themselves, and c
// ends there, or a line does. Where orig ends within a line, c may go on with another.
func commonPart(orig Content, c *Found, enough int64) int64 {
	so, sc := orig.Size(), c.Content.Size()
	if so < 0 {
		so = sc // of what is compressed it is not known
	}
	n := file.Common(orig, c.Content, min(so, sc))
	switch {
	case n < enough:
		return 0
	case n == sc:
		return n
	}
	if n = LineStart(c.Content, n); n < enough || !EndsLine(c.Content, n) {
		return 0
	}
	return n
}

// EndsLine says whether a line ends before an offset.
func EndsLine(src io.ReaderAt, at int64) bool {
	var b [1]byte
	n, _ := src.ReadAt(b[:], at-1)
	return n == 1 && b[0] == '\n'
}

// LineStart returns where the last line before size begins, so that one which is
// half written is not taken apart. Of a line that is very long it returns size.
func LineStart(src io.ReaderAt, size int64) int64 {
	b := make([]byte, min(size, 64<<10))
	from := size - int64(len(b))
	n, _ := src.ReadAt(b, from)
	if i := bytes.LastIndexByte(b[:n], '\n'); i >= 0 || from == 0 {
		return from + int64(i) + 1
	}
	return size
}
