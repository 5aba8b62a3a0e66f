package known

import (
	"bytes"
	"io"
	"slices"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/inspect"
)

// A Candidate is a file that no generation is known to be in, opened to find out
// what it is.
type Candidate struct {
	*Found
	Src  file.Content
	Head []byte
	Insp *inspect.Inspection // what it holds, if it is compressed and that is known
	Gen  *Generation         // whose file it is by now; nil if nobody's

	Passed bool // it is left alone, and only its length is of interest
}

// end is what c, a copy that is shorter than what was read, can be known by again:
// its end. It is zero if that cannot be read.
func (c *Candidate) end() file.Mark {
	var src io.ReaderAt = c.Src
	if c.Insp != nil {
		src = c.Insp
	}
	m, err := file.ReadMark(src, c.size())
	if err != nil {
		return file.Mark{}
	}
	return m
}

// size is the uncompressed size. Of a compressed file that is not inspected yet
// it is what the file says, which need not be right.
func (c *Candidate) size() int64 {
	p, ok := c.Src.(*file.Packed)
	switch {
	case !ok:
		return c.Stat.Size
	case c.Insp != nil:
		return c.Insp.Length()
	}
	return max(0, file.UnpackedSize(p.File, c.Stat.Size, c.Class.Packed))
}

// AsOpened says whether c still holds what it did when it was opened. While it was
// found out what it is its writer may have truncated it: what it held then is
// to be found in a copy, and what it holds by now is to be looked at anew.
func (c *Candidate) AsOpened() bool {
	if c.Class.Packed != file.Unpacked {
		return true
	}
	st, err := c.Src.Stat()
	if err != nil || st.Size < c.Stat.Size {
		return false
	}
	head, err := file.ReadHead(c.Src, st.Size)
	return err == nil && bytes.HasPrefix(head, c.Head)
}

// BeingPacked says whether c is being made by compressing another file of cands,
// which is there still and is the one to read.
func BeingPacked(cands []*Candidate, c *Candidate) bool {
	plain, packed := file.UnpackedName(c.Path)
	return packed != file.Unpacked && slices.ContainsFunc(cands, func(o *Candidate) bool {
		return o.Path == plain && bytes.Equal(o.Head, c.Head)
	})
}
