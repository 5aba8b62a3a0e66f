package sora

import (
	"bytes"

	"github.com/rtcship/rtcship/convert/otlp"
)

// An eventTable finds events by level and code.
type eventTable struct {
	list  []tableEvent
	first map[string]int // by code and by alias
}

// A tableEvent is what a record of an event is made with.
type tableEvent struct {
	level    []byte
	next     int // the next event of the same code, or -1
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
