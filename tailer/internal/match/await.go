package match

import (
	"bytes"
	"cmp"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// awaits says whether c may be a copy of another file that is not known yet, and cannot be
// compared with it before it is: one of its own log, or one that is compressed. One of
// such files comes first, and the others are compared with that.
func (d *decision) awaits(c *Found, clues []clue) bool {
	if c.Live && c.Log.Vendor || !c.Log.linewise() || c.Log.Small || len(c.Head) < Little || d.in.Draining {
		return false
	}
	n := 0
	for i, o := range d.in.Found {
		if o == c || o.Live && o.Packed == file.Unpacked || clues[i].orig != nil || !o.toCome() || !mayBeCopied(o, c) {
			continue
		}
		if _, same := d.same[o]; !same && !before(o, c) || o.Archive != nil && o.Archive.Broken() != nil {
			continue
		}
		n++
	}
	return n > 0 && n <= mostOriginals
}

// mayBeCopied says whether c may be a copy of o. Where both can be compared at once those of
// one log are, and others were already.
func mayBeCopied(o, c *Found) bool {
	n, plain := Little, o.Packed == file.Unpacked && c.Packed == file.Unpacked
	switch {
	case o.Log == c.Log && c.Early != nil:
		return false // all that was there from the beginning is sent
	case o.Log == c.Log:
	case plain || !likely(&Known{Log: o.Log}, c):
		return false
	default:
		n = int(enough(o.Log, c.Log))
	}
	both := min(len(o.Head), len(c.Head))
	if both < n || !bytes.Equal(o.Head[:both], c.Head[:both]) {
		return false
	}
	return !plain || file.Holds(o.Content, c.Content, o.Content.Size(), c.Content.Size())
}

// before says whether o is to be known before c: the longer one of two, since the other
// may still be copied.
func before(o, c *Found) bool {
	if o.Log.Vendor != c.Log.Vendor {
		return o.Log.Vendor
	}
	return cmp.Or(cmp.Compare(c.size(), o.size()), cmp.Compare(o.Path, c.Path)) < 0
}
