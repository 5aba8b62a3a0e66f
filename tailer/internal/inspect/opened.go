package inspect

import (
	"bytes"
	"errors"
	"io"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// An Opener opens a file, each time anew.
type Opener func() (file.Content, file.Stat, error)

// An Opened is a file of which nothing is known, opened to find out what it holds.
type Opened struct {
	Stat file.Stat
	Head []byte
	open Opener
	src  file.Content
	in   *Inspection // what it holds, if it is compressed and that is known
}

// Open opens a file. It returns nil without an error for a compressed one that is only
// begun.
func Open(open Opener, packed bool) (*Opened, error) {
	src, st, err := open()
	if err != nil {
		return nil, err
	}
	n := st.Size
	if packed {
		n = file.HeadBytes
	}
	head, err := file.ReadHead(src, n)
	if err != nil {
		src.Close()
		if errors.Is(err, file.ErrIncomplete) {
			err = nil
		}
		return nil, err
	}
	src.Rest() // there may be hundreds of them
	return &Opened{Stat: st, Head: head, open: open, src: src}, nil
}

// Close closes it.
func (o *Opened) Close() { o.src.Close() }

// Content is to be read by whoever goes on with it, and closed by him.
func (o *Opened) Content() file.Content { return o.src }

// Holds says what it was found to hold; nil is that it is not known.
func (o *Opened) Holds(in *Inspection) { o.in = in }

// Inspected is what it was found to hold, nil if that is not known.
func (o *Opened) Inspected() *Inspection { return o.in }

// End is what it can be known by again: its end. It is zero if that cannot be read.
func (o *Opened) End() file.Mark {
	var src io.ReaderAt = o.src
	if o.in != nil {
		src = o.in
	}
	m, err := file.ReadMark(src, o.Size())
	if err != nil {
		return file.Mark{}
	}
	return m
}

// Size is the uncompressed size. Of a compressed file that is not inspected yet
// it is what the file says, which need not be right.
func (o *Opened) Size() int64 {
	p, ok := o.src.(*file.Packed)
	switch {
	case !ok:
		return o.Stat.Size
	case o.in != nil:
		return o.in.Length()
	}
	return max(0, file.UnpackedSize(p.File, o.Stat.Size, p.Packing))
}

// AsOpened says whether it still holds what it did when it was opened. While it was
// found out what it is its writer may have truncated it: what it held then is
// to be found in a copy, and what it holds by now is to be looked at anew.
func (o *Opened) AsOpened() bool {
	if _, packed := o.src.(*file.Packed); packed {
		return true
	}
	st, err := o.src.Stat()
	if err != nil || st.Size < o.Stat.Size {
		return false
	}
	head, err := file.ReadHead(o.src, st.Size)
	return err == nil && bytes.HasPrefix(head, o.Head)
}
