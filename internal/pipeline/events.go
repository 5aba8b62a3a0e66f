package pipeline

import (
	"slices"
	"sync"
	"time"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/internal/meaning"
	"github.com/rtcship/rtcship/internal/reader"
	"github.com/rtcship/rtcship/internal/story"
	"github.com/rtcship/rtcship/tailer/entry"
)

// An Event is a record of severity error or above, for the status page.
type Event struct {
	Time    time.Time `json:"time,omitzero"`
	Level   string    `json:"level"`
	Source  string    `json:"source"`
	Log     string    `json:"log"`
	Where   string    `json:"where,omitempty"` // channel or conference
	Who     string    `json:"who,omitempty"`   // client or participant, else connection or call
	Text    string    `json:"text"`            // masked as it was sent; the beginning of it
	Meaning string    `json:"meaning,omitempty"`
	Check   string    `json:"check,omitempty"` // what to look at first
}

const (
	keepEvents = convert.MaxSevere
	// maxKept bounds the memory of each record kept, in bytes.
	maxKept = 16 << 10
	// maxEventText bounds each text of an Event.
	maxEventText = 300
)

// events are the latest records of severity error or above, oldest first. Each
// batch may have some, and nearly nobody asks: so they are kept as they went out
// and read when somebody does, and a flood costs no more than the last of each batch.
type events struct {
	mu   sync.Mutex
	list []kept
}

// A kept is a record of which an Event is made when it is asked for.
type kept struct {
	time   time.Time
	source string
	wire   []byte // a log_records field; the memory of one that went
	event  *Event // instead of wire, if that is longer than maxKept
}

// note remembers the latest errors of a batch.
func (e *events) note(o *entry.Origin, out *convert.Output) {
	if len(out.Severe) == 0 {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range out.Severe[max(0, len(out.Severe)-keepEvents):] {
		e.add(o.Source, out.Record(s))
	}
}

// add remembers a record, unless all that are kept are later. It copies wire.
func (e *events) add(source string, wire []byte) {
	k := kept{time: reader.Time(wire), source: source}
	at, _ := slices.BinarySearchFunc(e.list, k.time, func(k kept, t time.Time) int {
		if k.time.After(t) {
			return 1
		}
		return -1 // behind those of the same time
	})
	if len(e.list) == keepEvents {
		if at == 0 {
			return
		}
		k.wire = e.list[0].wire[:0]
		e.list = slices.Delete(e.list, 0, 1)
		at--
	}
	if len(wire) > maxKept {
		event := eventOf(source, wire)
		k.event = &event
	} else {
		k.wire = append(k.wire, wire...)
	}
	e.list = slices.Insert(e.list, at, k)
}

func eventOf(source string, wire []byte) Event {
	r := reader.Decode(source, wire)
	v := story.Look(r)
	who := v.Who
	if who == "" {
		who = story.Short(v.ID)
	}
	text := v.Text
	if v.Event != "" {
		text = v.Event + " " + text
	}
	m, _ := v.Meaning(meaning.English)
	return Event{
		Time: v.Time, Level: v.Level, Source: source, Log: v.Log,
		Where: cut(v.Where), Who: cut(who), Text: cut(text), Meaning: m.Text, Check: m.Check,
	}
}

func cut(s string) string {
	if short := record.Cut([]byte(s), maxEventText); len(short) < len(s) {
		return string(short) + "…"
	}
	return s
}

// latest are the events, newest first.
func (e *events) latest() []Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := make([]Event, 0, len(e.list))
	for _, k := range slices.Backward(e.list) {
		if k.event != nil {
			all = append(all, *k.event)
			continue
		}
		all = append(all, eventOf(k.source, k.wire))
	}
	return all
}
