package sora

import (
	"bytes"

	"github.com/rtcship/rtcship/convert/otlp"
)

// An eventTable finds events by level and code.
type eventTable struct {
	list  []tableEvent
	first map[string]int
	slots [512]int16 // of known(), by the beginning of a message: index+1 of an event
}

// A tableEvent is what a record of an event is made with.
type tableEvent struct {
	level    []byte
	next     int   // the next event of the same code, or -1
	chain    int16 // the next event of the same slot
	code     string
	name     string // the event name
	whole    []byte // code and category as attributes in wire form
	category []byte // the latter alone
}

func newEventTable(events []Event) *eventTable {
	t := &eventTable{first: make(map[string]int)}
	for i, e := range events {
		var w otlp.Writer
		w.String(keyCode, e.Code)
		n := len(w.Buf)
		if e.Category != "" {
			w.String(keyCategory, e.Category)
		}
		x := tableEvent{level: []byte(e.Level), next: -1, code: e.Code, name: e.Name(), whole: w.Buf, category: w.Buf[n:]}
		if first, ok := t.first[e.Code]; ok {
			x.next = first
		}
		slot := &t.slots[messageHash([]byte(e.Code))]
		x.chain, *slot = *slot, int16(i+1)
		t.list = append(t.list, x)
		t.first[e.Code] = i
		for _, alias := range e.Aliases {
			t.first[alias] = i
		}
	}
	return t
}

// find is the index of the event, or -1.
func (t *eventTable) find(level, code []byte) int {
	i, ok := t.first[string(code)]
	for ok && i >= 0 {
		if e := &t.list[i]; len(e.level) == 0 || bytes.Equal(e.level, level) {
			return i
		}
		i = t.list[i].next
	}
	return -1
}

// known is the index of the event whose level this is and with whose code msg
// begins, or -1. It finds what find does, sooner.
func (t *eventTable) known(level, msg []byte) int {
	if len(msg) < 8 {
		return -1
	}
	for i := t.slots[messageHash(msg)]; i != 0; {
		e := &t.list[i-1]
		if hasPrefix(msg, 0, e.code) && bytes.Equal(e.level, level) &&
			(len(msg) == len(e.code) || hasPrefix(msg, len(e.code), separator)) {
			return int(i - 1)
		}
		i = e.chain
	}
	return -1
}

// messageHash is of the first 8 bytes, which all codes have.
func messageHash(msg []byte) uint64 {
	return load64(msg, 0) * 0x9e3779b97f4a7c15 >> 55
}
