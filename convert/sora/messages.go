package sora

import "github.com/rtcship/rtcship/convert/record"

// messages remembers messages and what was made of them: most of a log's are
// one of a few.
type messages [32]madeMessage

type madeMessage struct {
	level, raw []byte // as they stand in the line
	body       []byte // raw without its escapes
	made       []byte // the attributes in wire form
	prefix     string // the event name's two parts
	name       []byte
	event      int // its index, or -1
}

// maxMessage is how long a message may be that is remembered. Longer ones
// hardly ever come again.
const maxMessage = 256

// slot is where msg is kept if it is remembered, nil if it never is.
func (m *messages) slot(msg []byte) *madeMessage {
	n := len(msg)
	if n < 8 || n > maxMessage {
		return nil
	}
	h := (load64(msg, 0)*31+load64(msg, n-8))*31 + uint64(n)
	return &m[h*0x9e3779b97f4a7c15>>59]
}

// keep remembers the message of l, which holds no secret, in place of another one.
func (k *madeMessage) keep(l *shortLine, b *record.Builder, event int, made []byte) {
	k.level, k.raw = append(k.level[:0], l.level...), append(k.raw[:0], l.msg...)
	k.body, k.made = append(k.body[:0], b.Body...), append(k.made[:0], made...)
	k.prefix, k.name, k.event = b.EventPrefix, append(k.name[:0], b.EventName...), event
}
