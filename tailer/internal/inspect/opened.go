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
	Stat   file.Stat
	Head   []byte
	open   Opener
	packed bool
	src    file.Content
	in     *Inspection // what it holds, if it is compressed and that is known
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
	return &Opened{Stat: st, Head: head, open: open, packed: packed, src: src}, nil
}

// Among has it open while it is looked into only, as one of few.
func (o *Opened) Among(few *file.Few) { o.src = few.Take(o.src, o.Stat.Key, o.open) }

// Close closes it.
func (o *Opened) Close() { o.src.Close() }

// Content is what it holds.
func (o *Opened) Content() file.Content { return o.src }

// Take is the file for whoever goes on with it, and closes it. It is nil if it is one of
// few, and there is no room for one more or it is another file by now.
func (o *Opened) Take(room func() bool) file.Content {
	if _, lazy := o.src.(*file.Lazy); !lazy {
		return o.src
	}
	o.Close()
	if !room() {
		return nil
	}
	c, st, err := o.open()
	switch {
	case err != nil:
		return nil
	case st.Key != o.Stat.Key:
		c.Close()
		return nil
	}
	return c
}

// unpack is the file, which is compressed, to be read while others are; done is to be
// called then. It is nil if it is not there any more.
func (o *Opened) unpack() (src *file.Packed, done func()) {
	if p, held := o.src.(*file.Packed); held {
		return p, func() {}
	}
	c, st, err := o.open()
	if err != nil {
		return nil, nil
	}
	if !st.Like(o.Stat) {
		c.Close()
		return nil, nil
	}
	return c.(*file.Packed), func() { c.Close() }
}

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
	switch {
	case !o.packed:
		return o.Stat.Size
	case o.in != nil:
		return o.in.Length()
	}
	src := o.src
	if l, lazy := src.(*file.Lazy); lazy {
		src = l.Content()
	}
	p, ok := src.(*file.Packed)
	if !ok {
		return 0 // it is not there any more
	}
	return max(0, file.UnpackedSize(p.File, o.Stat.Size, p.Packing))
}

// AsOpened says whether it still holds what it did when it was opened. While it was
// found out what it is its writer may have truncated it: what it held then is
// to be found in a copy, and what it holds by now is to be looked at anew.
func (o *Opened) AsOpened() bool {
	if o.packed {
		return true
	}
	st, err := o.src.Stat()
	if err != nil || st.Size < o.Stat.Size {
		return false
	}
	head, err := file.ReadHead(o.src, st.Size)
	return err == nil && bytes.HasPrefix(head, o.Head)
}
