package match

import (
	"bytes"
	"slices"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// wanting are the generations that c can be the file of.
func (d *decision) wanting(c *Found) (list []*Known) {
	for _, k := range d.lost {
		if k.Log == c.Log || mayMove(k, c) {
			list = append(list, k)
		}
	}
	return list
}

// mayMove says whether c, which has another log's name, may be the file of k at
// all. What is one entry as a whole is told by its name, and so is a file that comes
// into a ring; one that leaves it is not.
func mayMove(k *Known, c *Found) bool {
	if k.Key != c.Stat.Key && (len(c.Head) < Little || k.Fingerprint.HashOf(Little) != c.start()) {
		return false
	}
	return (k.Log.linewise() || k.Log.ring()) && c.Log.linewise() && k.Log.Small == c.Log.Small
}

// mayBe says whether an agreement is enough to find a generation under another
// log's name.
func (d *decision) mayBe(a agreement) bool {
	k, c := a.known, a.found
	switch {
	case k.Log == c.Log:
		return true
	case k.Key == c.Stat.Key && k.Fingerprint.HeadLen > 0 && a.strong:
		return true // and begins as it did
	case c.Live && c.Log.Vendor && !sameName(k.Log, c.Log):
		return false
	case k.Open && k.readable() && c.Packed == file.Unpacked && likely(k, c):
		return false // its own file is still there, without a name: c is a copy
	}
	return a.verified >= enough(k.Log, c.Log)
}

// enough is how many bytes two logs have to have in common for a file of one to
// be taken for one of the other. Of logs that nobody knows it could be that many
// begin with the same line; one that the rules know begins like no other.
func enough(known, found *Log) int64 {
	if known.Vendor || found.Vendor || sameName(known, found) {
		return Little
	}
	return file.HeadBytes
}

// leftIn says whether c is the compressed file that k was left in, as it was.
func (k *Known) leftIn(c *Found) bool {
	n, same := k.Fingerprint.Agrees(c.Head)
	return c.Stat.Like(k.Stat) && k.Packed == c.Packed && k.Ended && k.Read.At >= k.Size &&
		(c.Path == k.Path || same && n > 0 && n == k.Fingerprint.HeadLen)
}

// beingPacked says whether c is being made by compressing another file, which is
// there still and is the one to read.
func (d *decision) beingPacked(c *Found) bool {
	plain, _ := file.UnpackedName(c.Path)
	return slices.ContainsFunc(d.in.Found, func(o *Found) bool {
		return o.Path == plain && bytes.Equal(o.Head, c.Head)
	})
}

// stillRead says whether a generation is still read from the file that has no
// name any more, and may be what c holds.
func (d *decision) stillRead(c *Found) bool {
	for _, k := range d.wanting(c) {
		if n, same := k.Fingerprint.Agrees(c.Head); same && n > 0 && k.Open && !k.Finished && k.Log == c.Log {
			return true
		}
	}
	return false
}
