package record

import (
	"encoding/binary"

	"github.com/rtcship/rtcship/convert/otlp"
)

// Where the values are in a head that are filled in. The uid is at the end.
const (
	headTime     = 1
	headObserved = headTime + 8 + 1
)

// appendHead appends what nearly all records of a batch have in common: their times,
// the attributes of every entry, and the uid.
func appendHead(dst, common []byte) []byte {
	w := otlp.Writer{Buf: dst}
	w.Time(0)
	w.Observed(0)
	w.Append(common)
	w.Text(keyUID, make([]byte, uidSize))
	return w.Buf
}

// addHead adds the record's times, the common attributes, and the uid. A head is
// made when it is first needed, then copied whole, and what differs is filled in.
func (b *Builder) addHead(w *otlp.Writer, part int) {
	if b.Time <= 0 || b.Entry.Observed.IsZero() {
		b.addHeadless(w, part)
		return
	}
	h := &b.heads[0]
	if b.withFile {
		h = &b.heads[1]
	}
	if len(*h) == 0 {
		*h = appendHead(*h, b.commonHere())
	}
	at := len(w.Buf)
	w.Append(*h)
	added := w.Buf[at:]
	binary.LittleEndian.PutUint64(added[headTime:], uint64(b.Time))
	binary.LittleEndian.PutUint64(added[headObserved:], uint64(b.observed()))
	putUID((*[uidSize]byte)(added[len(added)-uidSize:]), b.seed, b.uidMillis(), b.Entry.Offset, part)
}

// observed is when the entry was read, or the record's own time where a record
// sent again shall be equal to the first one in all its fields.
func (b *Builder) observed() int64 {
	if b.settings.ObservedAsTime {
		return b.Time
	}
	return b.Entry.Observed.UnixNano()
}

// addHeadless is addHead for records without one of the times.
func (b *Builder) addHeadless(w *otlp.Writer, part int) {
	if b.Time > 0 {
		w.Time(b.Time)
	}
	if !b.Entry.Observed.IsZero() {
		w.Observed(b.Entry.Observed.UnixNano())
	}
	w.Append(b.commonHere())
	var uid [uidSize]byte
	putUID(&uid, b.seed, b.uidMillis(), b.Entry.Offset, part)
	w.Text(keyUID, uid[:])
}

// commonHere is the attributes that this entry has in common with the others of
// the batch. What came by network has none.
func (b *Builder) commonHere() []byte {
	if !b.withFile {
		return nil
	}
	return b.common.Buf
}
