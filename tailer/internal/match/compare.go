package match

import (
	"cmp"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// An agreement says how far a file and a generation agree.
type agreement struct {
	known    *Known
	found    *Found
	strong   bool  // the file holds everything read so far, and goes on from there
	whole    bool  // and that is its end
	verified int64 // up to where their content was compared; negative if they do not agree
	lacks    bool  // the file ends before what was seen of the generation
}

// compare says whether c can be the file of k.
func (d *decision) compare(k *Known, c *Found) agreement {
	none := agreement{known: k, found: c, verified: -1}
	verified, ok := k.Fingerprint.Agrees(c.Head)
	if c.Packed == file.Unpacked && !c.Live && c.Stat.Like(k.Stat) && c.Path == k.Path && c.Stat.Size < k.Read.At && ok && verified > 0 {
		return agreement{known: k, found: c, verified: c.Stat.Size} // the copy that it was found in before
	}
	if form := k.Log.Form; (form == entry.Whole || form == entry.Dump) && k.Read.At > 0 && k.Read.At >= k.Size && c.Stat.Mtime != k.Stat.Mtime {
		return none // written again, even if with the same content
	}
	if k.Fingerprint.HeadLen == 0 { // it was empty, and only its inode tells it
		if c.Stat.Key == k.Key && (c.Path == k.Path || c.Log == k.Log) && c.Packed == file.Unpacked {
			return agreement{known: k, found: c, strong: true}
		}
		return none
	}
	switch {
	case !ok || verified == 0:
		return none
	case c.Packed != file.Unpacked:
		return d.comparePacked(k, c, verified)
	}
	return d.comparePlain(k, c, verified)
}

// comparePlain compares a file that is not compressed with k.
func (d *decision) comparePlain(k *Known, c *Found, verified int) agreement {
	none := agreement{known: k, found: c, verified: -1}
	read, form := k.Read, k.Log.Form
	_, ended := k.Fingerprint.EndingAt(c.Stat.Size)
	if c.Live && c.Stat.Size < int64(k.Fingerprint.HeadLen) && (c.Log == k.Log || !ended) {
		return none // no copy, nor can it be known for one
	}
	if k.Open && k.Content != nil && !d.isCopy(c, k) {
		return none // it lacks what can still be had from the file that has no name
	}
	if c.Stat.Size >= read.At {
		if len(c.Head) < min(k.Fingerprint.HeadLen, int(min(read.At, file.HeadBytes))) || !read.Holds(c.Content) {
			return none
		}
		beyond, ok := k.Fingerprint.Beyond(read.At, c.Stat.Size, c.Content)
		if !ok {
			return none
		}
		return agreement{known: k, found: c, strong: true, verified: max(int64(verified), read.At, beyond), lacks: c.Stat.Size < k.Size}
	}
	if k.Log.Framed && c.Path == k.Path && verified >= framedHead {
		return agreement{known: k, found: c, verified: c.Stat.Size} // the machine went down before its end was on disk
	}
	if c.Live && c.Log == k.Log || form == entry.Whole || form == entry.Dump {
		return none // shorter than before: something else
	}
	return d.comparePrefix(k, c, c.Stat.Size, verified)
}

// framedHead is how much of a file in a Format tells it from all others: it
// begins with something random.
const framedHead = 64

// copySlack is how much later than the last write that was seen a copy may have
// been written: it takes a moment to make one, and the original is looked at
// from time to time only.
const copySlack = 2 * time.Second

// comparePrefix compares a file that ends before what was read already: a copy
// that was made just before the original was truncated. Taking a file for one
// wrongly would lose it. So it must not have been written since, and must share
// with this generation, and with no other, the end of an entry where it ends
// itself, or the beginning, or a mark in its second half.
func (d *decision) comparePrefix(k *Known, c *Found, size int64, verified int) agreement {
	src := c.bytes()
	m := agreement{known: k, found: c, verified: -1}
	if c.Stat.Mtime > k.Written+int64(copySlack) {
		return m // it was written after what was read, so it is no older copy of that
	}
	if mk, ok := k.Fingerprint.EndingAt(size); ok && !d.sharesMark(k, mk) {
		if mk.Holds(src) {
			m.verified = size
		}
		return m
	}
	if c.Stat.Mtime > k.Written {
		return m // only the end of an entry is sure enough for that
	}
	if verified >= 32 && int64(verified) >= min(size, file.HeadBytes)/2 && !d.sharesHead(k, verified) {
		m.verified = int64(verified)
	}
	for _, mk := range slices.Backward(k.Fingerprint.Marks) {
		if mk.At > size {
			continue
		}
		if !mk.Holds(src) {
			return agreement{known: k, found: c, verified: -1}
		}
		if mk.At >= size/2 && !d.sharesMark(k, mk) {
			m.verified = max(m.verified, mk.At)
		}
		break
	}
	return m
}

// comparePacked compares a compressed file with k.
func (d *decision) comparePacked(k *Known, c *Found, verified int) agreement {
	none := agreement{known: k, found: c, verified: -1}
	in := c.Archive
	switch {
	case in == nil || in.Broken() != nil:
		return none
	case k.Open && k.readable() && in.Length() < k.Content.Size():
		return none // it lacks what can still be had from the file that has no name
	case in.Length() < k.Read.At:
		return d.comparePrefix(k, c, in.Length(), verified)
	case !k.Read.Holds(in):
		return none
	}
	beyond, ok := k.Fingerprint.Beyond(k.Read.At, in.Length(), in)
	if !ok {
		return none
	}
	return agreement{
		known: k, found: c, strong: true, whole: in.Length() == k.Read.At,
		verified: max(int64(verified), k.Read.At, beyond), lacks: in.Length() < k.Size,
	}
}

// sharesHead says whether another generation of the log begins with the same n
// bytes.
func (d *decision) sharesHead(k *Known, n int) bool {
	i := slices.Index(file.HeadSizes(k.Fingerprint.HeadLen), n)
	if i < 0 {
		return false
	}
	same := func(head []byte) bool { return len(head) >= n && xxhash.Sum64(head[:n]) == k.Fingerprint.Heads[i] }
	for _, o := range d.of(k.Log) {
		if o == k {
			continue
		}
		if j := slices.Index(file.HeadSizes(o.Fingerprint.HeadLen), n); j >= 0 && o.Fingerprint.Heads[j] == k.Fingerprint.Heads[i] {
			return true
		}
		if !o.readable() || o.Fingerprint.HeadLen >= n {
			continue
		}
		if head, err := file.ReadHead(o.Content, file.HeadBytes); err == nil && same(head) {
			return true
		}
	}
	return slices.ContainsFunc(d.live[k.Log], func(c *Found) bool { return same(c.Head) })
}

// sharesMark says whether another generation of the log has the same bytes
// before m.
func (d *decision) sharesMark(k *Known, m file.Mark) bool {
	for _, o := range d.of(k.Log) {
		if o == k {
			continue
		}
		if slices.Contains(o.Fingerprint.Marks, m) || o.readable() && m.Holds(o.Content) {
			return true
		}
	}
	return slices.ContainsFunc(d.live[k.Log], func(c *Found) bool { return m.Holds(c.Content) })
}

// readable says whether k's file is there as it stands.
func (k *Known) readable() bool { return k.Content != nil && k.Packed == file.Unpacked }

// better sorts agreements: the surer first.
func better(a, b agreement) int {
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
		by(a.found.Stat.Like(a.known.Stat), b.found.Stat.Like(b.known.Stat)), // the file itself, with another name
		by(a.known.Log == a.found.Log, b.known.Log == b.found.Log),
		by(a.found.Stat.Key == a.known.Key, b.found.Stat.Key == b.known.Key), // which may be used again
		// Equally good so far, they differ in what was never read. The generation
		// was there first.
		cmp.Compare(a.found.Stat.Mtime, b.found.Stat.Mtime),
		by(a.found.Path == a.known.Path, b.found.Path == b.known.Path),
		by(a.found.Packed == file.Unpacked, b.found.Packed == file.Unpacked),
		cmp.Compare(b.found.Stat.Size, a.found.Stat.Size),
	)
}
