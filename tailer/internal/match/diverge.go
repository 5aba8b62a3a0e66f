package match

import "github.com/rtcship/rtcship/tailer/internal/file"

// Diverged says how far k, which was a copy of orig as far as it was read, and has grown,
// is one still: everything before at is in both. over is that it is none any more, since
// they differ from there on, and enough of it is there to say so, or waited. orig is nil
// if it is not known any more.
func Diverged(k, orig *Known, waited bool) (at file.Mark, over bool) {
	at, over = k.Read, true
	size := k.contentSize()
	if orig == nil || orig.Content == nil || size < at.At {
		return at, over
	}
	n := file.Common(orig.Content, k.Content, min(size, max(0, orig.Content.Size())))
	if n < size {
		over = size >= Little || waited
		n = LineStart(k.Content, n)
	} else {
		over = false
	}
	if n > at.At && n >= Little && (n == size || EndsLine(k.Content, n)) {
		if m, err := file.ReadMark(k.Content, n); err == nil {
			at = m
		}
	}
	return at, over
}

// contentSize is the size of what k's file holds at present, -1 if it is not known.
func (k *Known) contentSize() int64 {
	if k.Content == nil {
		return -1
	}
	return k.Content.Size()
}
