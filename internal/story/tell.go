package story

import (
	"hash/maphash"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rtcship/rtcship/internal/reader"
)

// A Story is what all logs say about a subject.
type Story struct {
	Subject *Subject
	Parts   []*Part // connections and calls, in order of time
	Events  []Event // in order of time
	Hidden  int     // events left out: statistics and Erlang's noise, unless they are asked for
	Dropped int     // events beyond the most that are kept
}

// An Event is one record of a story.
type Event struct {
	View
	Record *reader.Record
	Part   *Part // nil if it is about none of them
}

// mostEvents bounds the memory of a story, fewEvents where memory is short. One
// takes some 3 KB.
const (
	mostEvents = 10_000
	fewEvents  = 1000
)

// A teller gathers the records of a story.
type teller struct {
	subject *Subject
	query   Query
	verbose bool
	most    int             // events that are kept
	shorts  map[string]bool // first eight characters of connection ids

	mu      sync.Mutex
	seed    maphash.Seed
	seen    map[uint64]string // paths, by what records say
	events  []Event
	hidden  int
	dropped int
}

// Tell tells the story of a subject that Find has found for q. verbose brings
// statistics and Erlang's reports too.
func (s *Search) Tell(subject *Subject, q Query, verbose bool) (*Story, error) {
	t := &teller{subject: subject, query: q, verbose: verbose, most: mostEvents, shorts: map[string]bool{}, seed: maphash.MakeSeed(), seen: map[uint64]string{}}
	if s.Settings.Small {
		t.most = fewEvents
	}
	var words []string
	fold := false
	for _, ids := range []map[string]bool{subject.ids, subject.sessions} {
		for id := range ids {
			if len(id) == 26 || len(id) == 8 {
				t.shorts[id[:8]] = true
				id = id[:8]
			}
			words = append(words, id)
		}
	}
	switch subject.Kind {
	case Channel, Conference, Participant:
		fold = true
		words = append(words, user(subject.ID), q.Text)
		words = slices.AppendSeq(words, maps.Keys(subject.aliases))
	}
	err := s.each(words, fold, func() (func(*reader.Record), func()) { return t.look, func() {} })
	slices.SortStableFunc(t.events, func(a, b Event) int { return a.Time.Compare(b.Time) })
	story := &Story{Subject: subject, Events: t.events, Hidden: t.hidden, Dropped: t.dropped}
	story.parts()
	if !verbose {
		story.Events = slices.DeleteFunc(story.Events, func(e Event) bool { return e.noise() })
		story.Hidden += len(t.events) - len(story.Events)
	}
	return story, err
}

// look takes a record if it belongs to the story.
func (t *teller) look(r *reader.Record) {
	if !t.belongs(r) {
		return
	}
	v := Look(r)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.repeated(r, &v) {
		return
	}
	switch {
	case len(t.events) >= t.most && v.noise():
		t.hidden++
	case len(t.events) >= t.most:
		t.dropped++
	default:
		t.events = append(t.events, Event{View: v, Record: r.Clone()})
	}
}

// repeated says whether another file had the same record: a syslog capture
// beside a download, a copy of a rotated log.
func (t *teller) repeated(r *reader.Record, v *View) bool {
	var h maphash.Hash
	h.SetSeed(t.seed)
	for _, s := range []string{v.Log, v.ID, v.Name, v.Text, r.Host(), v.Time.Format(time.RFC3339Nano)} {
		h.WriteString(s)
		h.WriteByte(0)
	}
	key := h.Sum64()
	path, seen := t.seen[key]
	if !seen && len(t.seen) < 10*t.most {
		t.seen[key] = r.Path
	}
	return seen && path != r.Path
}

// belongs says whether a record is part of the story.
func (t *teller) belongs(r *reader.Record) bool {
	s := t.subject
	if r.Source == "pexip" {
		return t.belongsToPexip(r)
	}
	connection := r.Get("sora.connection_id")
	switch {
	case s.ids[connection], s.Kind == Session && s.ids[r.Get("sora.session_id")]:
		return connection != "" || s.Kind == Session
	case connection == "" && t.shorts[r.Get("sora.connection_id_short")]:
		return s.Where == "" || s.Kind == Channel || s.Where == r.Get("sora.channel_id")
	case s.Kind == Connection:
		return connection == "" && s.sessions[r.Get("sora.session_id")]
	case s.Kind == Channel:
		return strings.EqualFold(r.Get("sora.channel_id"), s.ID) || s.ids[r.Get("sora.session_id")]
	case s.Kind == Participant:
		client := r.Get("sora.client_id")
		return client != "" && strings.EqualFold(user(client), user(s.ID))
	}
	return false
}

func (t *teller) belongsToPexip(r *reader.Record) bool {
	s := t.subject
	for _, name := range []string{"pexip.call_id", "pexip.participant_id", "pexip.uuid", "pexip.conversation_id"} {
		if id := r.Get(name); id != "" && s.ids[id] {
			return true
		}
	}
	switch s.Kind {
	case Participant:
		for _, name := range []string{"pexip.participant", "pexip.participant_alias", "pexip.alias", "pexip.display_name", "pexip.device"} {
			if nameMatch(r.Get(name), user(s.ID)) == exactly {
				return true
			}
		}
	case Channel, Conference:
		alias := r.Get("pexip.conference_alias")
		return strings.EqualFold(r.Get("pexip.conference"), s.ID) || strings.EqualFold(alias, s.ID) || s.aliases[strings.ToLower(alias)]
	}
	return false
}

// noise says whether a record is of the kind that a story does without:
// statistics that come by the thousand, and Erlang's own words.
func (v *View) noise() bool {
	switch v.Log {
	case "rtc_stats", "stats_webhook", "erlang", "debug":
		return true
	case "crash", "internal":
		return v.Severity < 17
	}
	return v.Name == "sora.session.updated" || v.Name == "sora.connection.updated" || v.Severity > 0 && v.Severity < 9
}

// Within leaves out events that are older than from, or not older than to. The
// summary stays that of the whole.
func (s *Story) Within(from, to time.Time) {
	s.Events = slices.DeleteFunc(s.Events, func(e Event) bool {
		return !from.IsZero() && e.Time.Before(from) || !to.IsZero() && !e.Time.Before(to)
	})
}
