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
	keepEvents = 20
	// maxEventText bounds each text of an Event.
	maxEventText = 300
)

// events are the latest Events, oldest first. A batch without any costs a
// comparison, and a flood of them no more than the last twenty of each batch.
type events struct {
	mu   sync.Mutex
	list []Event
}

// note remembers the latest errors of a batch.
func (e *events) note(o *entry.Origin, out *convert.Output) {
	if out.Counts.Severe == 0 {
		return
	}
	var found []Event // newest first
	for i := range out.Groups {
		g := &out.Groups[i]
		for k := len(g.Ends) - 1; k >= 0 && len(found) < keepEvents; k-- {
			start := 0
			if k > 0 {
				start = g.Ends[k-1]
			}
			if r := reader.Decode(o.Source, g.Records[start:g.Ends[k]]); r.Severity >= severe {
				found = append(found, eventOf(r))
			}
		}
	}
	slices.Reverse(found)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, found...)
	slices.SortStableFunc(e.list, func(a, b Event) int { return a.Time.Compare(b.Time) })
	e.list = slices.Delete(e.list, 0, max(0, len(e.list)-keepEvents))
}

// severe is error's OTLP severity number.
const severe = 17

func eventOf(r *reader.Record) Event {
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
		Time: v.Time, Level: v.Level, Source: r.Source, Log: v.Log,
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
	all := slices.Clone(e.list)
	slices.Reverse(all)
	return all
}
