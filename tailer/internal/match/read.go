package match

import (
	"slices"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// copyOfRead looks whether c, which has a name of its own, holds what was read of a log
// whose file is compressed by now or is gone.
func (d *decision) copyOfRead(c *Found, q *clue) {
	if c.Live && c.Log.Vendor || !c.Log.linewise() || c.Log.Small || c.Packed != file.Unpacked || len(c.Head) < Little {
		return
	}
	unpacked := 0
	for _, k := range d.in.Known {
		if k.readable() || !likely(k, c) {
			continue
		}
		n, same := k.Fingerprint.Agrees(c.Head)
		if !same || int64(n) < enough(k.Log, c.Log) {
			continue
		}
		at, all := k.heldBy(c, int64(n), unpacked < mostOriginals)
		if all {
			unpacked++ // of many archives that begin alike the marks have to do
		}
		if at > q.apart {
			q.apart, q.of = at, k
		}
		q.waits = q.waits || d.given[k] != nil || !all && k.Packed != file.Unpacked && !k.Finished // for the rest to be read
	}
	q.waits = q.waits && q.apart < c.Stat.Size
}

// smallArchive is up to how much of a compressed file is unpacked at once to compare a
// copy with it.
const smallArchive = 4 << 20

// heldBy returns up to where c, which begins with the same n bytes, holds what k does, as
// far as that is sure, and whether all of c was compared: of what was read, and cannot be
// read again at little cost, there are the head and marks. What stands behind the last of
// them may be something else.
func (k *Known) heldBy(c *Found, n int64, unpack bool) (at int64, all bool) {
	size := c.Stat.Size
	if unpack && k.Content != nil && size <= smallArchive {
		return commonPart(k.Content, c, 1), true
	}
	if k.Read.Holds(c.Content) {
		return k.Read.At, false
	}
	if at = n; at < size {
		at = LineStart(c.Content, at)
	}
	for _, marks := range [][]file.Mark{k.Fingerprint.Recent, k.Fingerprint.Marks} {
		for _, m := range slices.Backward(marks) {
			if m.At > at && m.Holds(c.Content) {
				at = m.At
			}
		}
	}
	return at, false
}

// putBack looks whether c is a rotated one of its log that was copied back to the log's
// own name, and perhaps rotated once more: it holds all of that one, and perhaps what
// was written since. Only of logs that the rules know, whose lines tell the time: others
// may well begin as they did before.
func (d *decision) putBack(c *Found, q *clue) {
	if !c.Log.Vendor || c.Log.Form != entry.Lines || c.Packed != file.Unpacked || len(c.Head) < Little || q.orig != nil {
		return
	}
	like := filter(d.of(c.Log), func(k *Known) bool {
		return k.Here && k.readable() && k.Fingerprint.HashOf(Little) == c.start() && (c.Live || k.Path != k.Log.Path)
	})
	for _, k := range nearest(like, c) {
		size := k.Content.Size()
		switch n := file.Common(k.Content, c.Content, min(size, c.Stat.Size)); {
		case n == size && n > q.apart:
			q.apart, q.of, q.back = n, k, true
		case n == c.Stat.Size && c.Unchanged < d.in.RotateWait && !d.in.Draining:
			q.waits = true // it may still be copied
		}
	}
}
