package match

import (
	"bytes"
	"slices"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// original returns the generation of c's log, or of what c was packed from, whose file
// holds all that c does.
func (d *decision) original(c *Found) *Known {
	if plain, packed := file.UnpackedName(c.Path); packed != file.Unpacked {
		if i := slices.IndexFunc(d.in.Known, func(k *Known) bool { return k.Here && k.Path == plain && k.holdsAll(c) }); i >= 0 {
			return d.in.Known[i]
		}
	}
	like := filter(d.beginLike(c), func(k *Known) bool {
		_, same := k.Fingerprint.Agrees(c.Head)
		return same && k.Content != nil && k.Fingerprint.HeadLen > 0
	})
	if c.Archive == nil {
		like = nearest(like, c)
	}
	if i := slices.IndexFunc(like, func(k *Known) bool { return k.holdsAll(c) }); i >= 0 {
		return like[i]
	}
	return nil
}

// holders are the generations of other logs whose files hold all that c does, and files
// that do, were found just now and have their names from the rules.
func (d *decision) holders(c *Found) []*Known {
	if len(c.Head) < Little {
		return nil
	}
	known := filter(d.in.Known, func(k *Known) bool {
		return k.Log != c.Log && k.Log.linewise() && k.Content != nil && k.Fingerprint.HashOf(Little) == c.start()
	})
	if c.Archive == nil {
		known = nearest(known, c)
	}
	known = filter(known, func(k *Known) bool { return k.holdsAll(c) })
	for _, o := range d.in.Found {
		if o.Log != c.Log && o.Log.Vendor && !c.Log.Vendor && o.Content != nil && c.Content != nil &&
			bytes.HasPrefix(o.Head, c.Head) && file.Holds(o.Content, c.Content, o.Content.Size(), c.Content.Size()) {
			known = append(known, &Known{Log: o.Log})
		}
	}
	return known
}

// holdsAll says whether k's file holds all that c does.
func (k *Known) holdsAll(c *Found) bool {
	if k.Content == nil || k.Fingerprint.HeadLen == 0 {
		return false
	}
	if _, same := k.Fingerprint.Agrees(c.Head); !same {
		return false
	}
	if c.Archive != nil {
		return c.Archive.Broken() == nil && c.Archive.CopyOf(k)
	}
	return c.Content != nil && file.Holds(k.Content, c.Content, k.Content.Size(), c.Content.Size())
}

// originalFound looks for the original of c, which has a rotated name, among what was
// found just now. What a compressed one holds is compared with that the next time.
func (d *decision) originalFound(c *Found, q *clue) {
	if c.Live || q.orig != nil {
		return
	}
	for _, k := range d.beginLike(c) {
		o := d.given[k]
		if o == nil || o.Packed != file.Unpacked || !bytes.HasPrefix(o.Head, c.Head) {
			continue
		}
		if c.Packed != file.Unpacked {
			q.waits = true
		} else if file.Holds(o.Content, c.Content, o.Content.Size(), c.Content.Size()) {
			q.orig = k
			return
		}
	}
}

// isCopy says whether c holds all that k's file does.
func (d *decision) isCopy(c *Found, k *Known) bool {
	return file.Holds(c.Content, k.Content, c.Content.Size(), k.Content.Size())
}

// twin returns the live file of c's log that holds all of c and is nobody's yet,
// if there is one. Where a log was replaced by a copy of itself, and copied
// besides, nothing else tells which of them the writer goes on in.
func (d *decision) twin(c *Found) *Found {
	if c.Packed != file.Unpacked || c.Stat.Size < Little {
		return nil
	}
	for _, l := range d.live[c.Log] {
		if bytes.HasPrefix(l.Head, c.Head) && file.Holds(l.Content, c.Content, l.Content.Size(), c.Content.Size()) {
			return l
		}
	}
	return nil
}
