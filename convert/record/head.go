package record

import "github.com/rtcship/rtcship/convert/otlp"

// addHead adds the record's times, the attributes that all entries of a file have in
// common, and the uid.
func (b *Builder) addHead(w *otlp.Writer, part int) {
	if b.Time > 0 {
		w.Time(b.Time)
	}
	switch {
	case b.Entry.Observed.IsZero():
	case b.settings.ObservedAsTime && b.Time > 0: // sent again it shall be equal in all its fields
		w.Observed(b.Time)
	default:
		w.Observed(b.Entry.Observed.UnixNano())
	}
	if b.withFile {
		w.Append(b.common.Buf)
	}
	w.Append(roomForUID)
	putUID((*[uidSize]byte)(w.Buf[len(w.Buf)-uidSize:]), b.seed, b.uidMillis(), b.Entry.Offset, part)
}

// roomForUID is the attribute of a uid that is still to be written.
var roomForUID = func() []byte {
	var w otlp.Writer
	w.Text(keyUID, make([]byte, uidSize))
	return w.Buf
}()
