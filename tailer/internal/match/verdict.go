package match

import (
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// verdict says what c is.
func (d *decision) verdict(c *Found, q clue) Verdict {
	v := Verdict{Found: c}
	a, same := d.same[c]
	switch {
	case same:
		v.What, v.Known, v.Whole, v.Short, v.Unsure = Same, a.known, a.whole, !a.strong, a.lacks || !a.strong
	case q.waits && (c.Early == nil || c.Live || c.wanted()):
		v.What = Wait
	case c.Aside:
		v.What = Leave
	case q.of != nil && (c.Live || q.back || q.of.Log != c.Log):
		d.copied(&v, q)
	case c.Live:
		d.begin(&v)
	case c.Early != nil:
		d.early(&v, q)
	default:
		d.stranger(&v, q)
	}
	return v
}

// copied is for a file that holds what another generation does. It may still be
// copied; one with a rotated name may be a copy of what is truncated only then.
func (d *decision) copied(v *Verdict, q clue) {
	c := v.Found
	v.Known, v.At = q.of, q.apart
	if (v.At >= c.size() || !c.Live) && c.Unchanged < d.in.RotateWait && !d.in.Draining && c.Early == nil {
		v.What = Wait
		return
	}
	v.What = Copy
}

// begin is for a live file that nothing is known of.
func (d *decision) begin(v *Verdict) {
	v.What = New
	if early := v.Found.Early; early != nil && v.Found.Log.AtEnd {
		v.What = Old
		v.At = LineStart(v.Found.Content, min(early.Size, v.Found.Stat.Size))
	}
}

// early is for a rotated file that was there when its source was new.
func (d *decision) early(v *Verdict, q clue) {
	switch c := v.Found; {
	case !c.wanted():
		v.What, v.At = Old, c.size()
	case q.copied(c):
		v.What, v.Known = Leave, q.orig
	default:
		v.What = New
	}
}

// wanted says whether c, which was there when its source was new, may hold entries
// from the time on that was asked for.
func (c *Found) wanted() bool {
	return !c.Log.At.IsZero() && c.Early.Mtime >= c.Log.At.UnixNano()
}

// copied says whether another file holds all that c does, and that is enough to
// be sure.
func (q clue) copied(c *Found) bool {
	return (q.orig != nil || q.twin != nil) && (c.Packed != file.Unpacked || c.Stat.Size >= Little)
}

// stranger is for a file with a rotated name that is no known generation. It may
// be a copy in the making, so it has to be left unchanged for a while first.
func (d *decision) stranger(v *Verdict, q clue) {
	c := v.Found
	switch {
	case q.copied(c): // of too little, rather twice than not at all
		v.What, v.Reason, v.Known = Leave, "", q.orig
	case c.Refused:
		v.What, v.Reason = Leave, LeftOld
	case c.Unchanged < d.in.RotateWait && !d.in.Draining:
		v.What = Wait
	case c.tooOld():
		v.What, v.Reason = Leave, LeftOld
	default:
		v.What = New
	}
}

// tooOld says whether c was last written so long before what was read of its log that it
// must have been put there since.
func (c *Found) tooOld() bool { return c.Stat.Mtime < c.Log.Floor && !c.Untimed }

// LeftOld is the reason for which an unknown rotated file is left alone.
const LeftOld = "older than what was read of its log"
