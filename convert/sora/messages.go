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

	next uint64 // hash of the message that was here last and was another one
}

// maxMessage is how long a message may be that is remembered. Longer ones
// hardly ever come again.
const maxMessage = 256

// slot is where msg is kept if it is remembered, nil if it never is, and a hash of it.
func (m *messages) slot(msg []byte) (*madeMessage, uint64) {
	n := len(msg)
	if n < 8 || n > maxMessage {
		return nil, 0
	}
	h := ((load64(msg, 0)*31+load64(msg, n-8))*31 + uint64(n)) * 0x9e3779b97f4a7c15
	return &m[h>>59], h
}

// keep remembers the message of l, which holds no secret, in place of another
// one, if it is the second time that it is seen. Messages with numbers in them
// come once, and would only push out those that come again.
func (k *madeMessage) keep(hash uint64, l *shortLine, b *record.Builder, event int, made []byte) {
	if k.next != hash {
		k.next = hash
		return
	}
	k.level, k.raw = append(k.level[:0], l.level...), append(k.raw[:0], l.msg...)
	k.body, k.made = append(k.body[:0], b.Body...), append(k.made[:0], made...)
	k.prefix, k.name, k.event = b.EventPrefix, append(k.name[:0], b.EventName...), event
}
