package known

import (
	"bytes"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/inspect"
	"github.com/rtcship/rtcship/tailer/internal/match"
)

// A Candidate is a file that no generation is known to be in, opened to find out
// what it is.
type Candidate struct {
	*Found
	*inspect.Opened
	gen *Generation // whose file it is by now; nil if nobody's
}

// Candidate opens a file to find out what it is; nil if that cannot be told yet.
func (x *Index) Candidate(fl *Found) *Candidate {
	if fl.File.Stat.Size == 0 && !fl.Class.Live {
		return nil
	}
	room := x.MakeRoom()
	open := func() (file.Content, file.Stat, error) { return fl.Src.Set.Open(fl.Path, fl.Class.Packed) }
	o, err := inspect.Open(open, fl.Class.Packed != file.Unpacked)
	switch {
	case err != nil:
		fl.Later()
		if file.NoRoom(err) {
			x.shed(time.Now())
		}
		fl.refuse(err)
		return nil
	case o == nil:
		return nil // later
	}
	if !room {
		o.Among(x.few) // it is decided about with the others nevertheless
	}
	fl.File.Stat = o.Stat
	return &Candidate{Found: fl, Opened: o}
}

// Release closes c unless it is a generation's file by now, and returns that.
func (c *Candidate) Release() *Generation {
	if c.gen == nil {
		c.Close()
	}
	return c.gen
}

// Generation is the one whose file c is by now; nil if it is nobody's.
func (c *Candidate) Generation() *Generation { return c.gen }

// AsFound is c as a decision sees it.
func (c *Candidate) AsFound(v *View, now time.Time) *match.Found {
	f := &match.Found{
		Ref: c, Log: v.Log(c.Fam), Path: c.Path, Stat: c.Stat, Packed: c.Class.Packed, Live: c.Class.Live, Aside: c.Class.Aside,
		Head: c.Head, Early: c.Src.Early.Was(c.Stat.Key),
	}
	if !c.IsPacked() {
		f.Content = c.Content()
	}
	if in := c.Inspected(); in != nil {
		f.Archive = in
	}
	f.Unchanged, f.Refused = c.Fam.strangers.Known(c.File, now)
	f.Refused, f.Untimed = f.Refused || c.Src.Early.WasLeft(c.Stat), c.Src.Early.Untimed(c.Stat)
	return f
}

// IsPacked says whether c is compressed.
func (c *Candidate) IsPacked() bool { return c.Class.Packed != file.Unpacked }

// BeingPacked says whether c is being made by compressing another file of cands,
// which is there still and is the one to read.
func BeingPacked(cands []*Candidate, c *Candidate) bool {
	plain, packed := file.UnpackedName(c.Path)
	return packed != file.Unpacked && slices.ContainsFunc(cands, func(o *Candidate) bool {
		return o.Path == plain && bytes.Equal(o.Head, c.Head)
	})
}
