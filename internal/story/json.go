package story

import (
	"encoding/json"
	"io"
	"time"

	"github.com/rtcship/rtcship/internal/meaning"
)

// WriteJSON writes the story as one JSON object.
func (s *Story) WriteJSON(w io.Writer, lang meaning.Lang) error {
	type explained struct {
		Why     string `json:"why"`
		Meaning string `json:"meaning,omitempty"`
		Check   string `json:"check,omitempty"`
	}
	type part struct {
		*Part
		Explained []explained `json:"reasons,omitempty"`
	}
	type event struct {
		Time    time.Time `json:"time,omitzero"`
		Offset  float64   `json:"offset_s"`
		Level   string    `json:"level,omitempty"`
		Source  string    `json:"source"`
		Log     string    `json:"log"`
		Part    string    `json:"part,omitempty"`
		Event   string    `json:"event,omitempty"`
		Text    string    `json:"text,omitempty"`
		Meaning string    `json:"meaning,omitempty"`
		Path    string    `json:"path"`
	}
	out := struct {
		Kind    Kind      `json:"kind"`
		ID      string    `json:"id"`
		Name    string    `json:"name,omitempty"`
		First   time.Time `json:"first"`
		Last    time.Time `json:"last"`
		Parts   []part    `json:"parts"`
		Events  []event   `json:"events"`
		Hidden  int       `json:"hidden,omitempty"`
		Dropped int       `json:"dropped,omitempty"`
	}{Kind: s.Subject.Kind, ID: s.Subject.ID, Name: s.Subject.Name, First: s.Subject.First, Last: s.Subject.Last, Hidden: s.Hidden, Dropped: s.Dropped, Parts: []part{}, Events: []event{}}
	for _, p := range s.Parts {
		x := part{Part: p}
		for _, why := range p.Why {
			m, _ := Explain(why, lang)
			x.Explained = append(x.Explained, explained{why, m.Text, m.Check})
		}
		out.Parts = append(out.Parts, x)
	}
	var start time.Time
	for i := range s.Events {
		e := &s.Events[i]
		if start.IsZero() {
			start = e.Time
		}
		x := event{Time: e.Time, Level: e.Level, Source: e.Record.Source, Log: e.Log, Event: e.Name, Text: e.Text, Path: e.Record.Path}
		if !e.Time.IsZero() {
			x.Offset = e.Time.Sub(start).Seconds()
		}
		if e.Part != nil {
			x.Part = first(e.Part.ID, e.Part.Who)
		}
		if m, ok := e.Meaning(lang); ok {
			x.Meaning = m.Text
		}
		out.Events = append(out.Events, x)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}
