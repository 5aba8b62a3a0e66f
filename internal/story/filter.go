package story

import (
	"regexp"
	"strings"
	"time"

	"github.com/rtcship/rtcship/internal/reader"
)

// A Filter says which records somebody wants to see. The zero value of each
// field lets all through.
type Filter struct {
	From, To    time.Time
	Severity    int      // at least
	Channel     string   // channel, conference or alias; any case
	Connection  string   // connection or session, or its beginning
	Call        string   // call or participant id, or its beginning
	Participant string   // client or participant
	Logs        []string // of Sora which log, of Pexip which module or its beginning
	Event       string   // event name, code, or a part of it
	Grep        *regexp.Regexp
}

// Match says whether a record is wanted. A record without a time is older than
// any.
func (f *Filter) Match(r *reader.Record) bool {
	switch {
	case r.Severity < f.Severity,
		!f.From.IsZero() && r.Time.Before(f.From),
		!f.To.IsZero() && !r.Time.Before(f.To):
		return false
	}
	return f.named(r) && f.logged(r) && f.happened(r) && (f.Grep == nil || f.Grep.Match(r.Body))
}

func (f *Filter) named(r *reader.Record) bool {
	return anyOf(r, f.Channel, nameFits, "sora.channel_id", "pexip.conference", "pexip.conference_alias") &&
		anyOf(r, f.Connection, idFits, "sora.connection_id", "sora.connection_id_short", "sora.session_id", "sora.bundle_id", "pexip.call_id") &&
		anyOf(r, f.Call, idFits, "pexip.call_id", "pexip.participant_id", "pexip.conversation_id", "pexip.uuid", "sora.connection_id") &&
		anyOf(r, f.Participant, nameFits, "sora.client_id", "pexip.participant", "pexip.display_name", "pexip.participant_alias", "pexip.alias", "pexip.device")
}

// anyOf says whether one of the attributes fits what is wanted.
func anyOf(r *reader.Record, want string, fits func(have, want string) bool, names ...string) bool {
	if want == "" {
		return true
	}
	for _, name := range names {
		if have := r.Get(name); have != "" && fits(have, want) {
			return true
		}
	}
	return false
}

func nameFits(have, want string) bool { return nameMatch(have, want) == exactly }

// idFits compares a whole id with its beginning, or a legacy line's short id
// with a whole one.
func idFits(have, want string) bool {
	return strings.EqualFold(have[:min(len(have), len(want))], want) || len(have) == 8 && len(want) > 8 && strings.EqualFold(have, want[:8])
}

func (f *Filter) logged(r *reader.Record) bool {
	if len(f.Logs) == 0 {
		return true
	}
	log := first(r.Get("sora.log"), r.Get("pexip.module"))
	for _, want := range f.Logs {
		if log == want || r.Source == "pexip" && (strings.HasPrefix(log, want+".") || strings.HasSuffix(log, "."+want)) {
			return true
		}
	}
	return false
}

func (f *Filter) happened(r *reader.Record) bool {
	if f.Event == "" {
		return true
	}
	want := strings.ToLower(f.Event)
	return strings.EqualFold(r.Get("sora.code"), f.Event) || strings.Contains(r.Event, strings.ReplaceAll(want, "-", "_")) || strings.Contains(r.Event, want)
}
