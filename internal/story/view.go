// Package story tells what happened: one line for each record, one subject at a
// time (a connection, a session, a call, a conference, a participant), or counts
// over a time.
package story

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/rtcship/rtcship/internal/meaning"
	"github.com/rtcship/rtcship/internal/reader"
)

// A View is what a line about a record shows. Its texts are as the log has them:
// clean them before they go to a terminal.
type View struct {
	Time     time.Time
	Severity int
	Level    string
	Log      string // of Sora which log, of Pexip which module
	Where    string // channel or conference
	Who      string // client or participant
	ID       string // connection or call
	Event    string // what happened, in a word; "" if Text says it
	Text     string
	Code     string // of Sora
	Name     string // the event's whole name
}

// Look makes a View of a record.
func Look(r *reader.Record) View {
	v := View{Time: r.Time, Severity: r.Severity, Level: r.Level, Name: r.Event}
	if r.Source == "pexip" {
		v.pexip(r)
	} else {
		v.sora(r)
	}
	return v
}

// Meaning explains what is in view.
func (v *View) Meaning(lang meaning.Lang) (meaning.Meaning, bool) {
	return meaning.Of(v.Name, v.Code, v.Level, lang)
}

func (v *View) sora(r *reader.Record) {
	v.Log, v.Where, v.Who = r.Get("sora.log"), r.Get("sora.channel_id"), r.Get("sora.client_id")
	v.Code = r.Get("sora.code")
	v.ID = first(r.Get("sora.connection_id"), r.Get("sora.connection_id_short"), r.Get("sora.session_id"))
	if v.Who == v.ID { // Sora's default
		v.Who = ""
	}
	switch {
	case v.Code != "":
		v.Text = string(r.Body)
	case r.Event == "sora.erl_crash_dump":
		v.Event, v.Text = "erl_crash_dump", r.Get("sora.dump.slogan")
	case r.Get("sora.crash.kind") != "":
		v.Event = strings.TrimPrefix(r.Event, "sora.")
		v.Text = report(r)
	case bytes.HasPrefix(bytes.TrimSpace(r.Body), []byte("{")) && r.Get("rtcship.parse_error") == "":
		event := strings.TrimPrefix(strings.TrimPrefix(r.Event, "sora."), v.Log+".")
		v.Event, v.Text = first(event, r.Get("sora.type")), notable(r)
	default:
		v.Text = string(r.Body)
	}
}

// report is what an Erlang report says, in a line.
func report(r *reader.Record) string {
	who := first(r.Get("sora.crash.initial_call"), r.Get("sora.crash.supervisor"), r.Get("sora.pid"))
	what := strings.Join(strings.Fields(first(r.Get("exception.message"), r.Get("sora.crash.error_context"))), " ")
	if what == "" {
		_, rest, _ := strings.Cut(string(r.Body), "\n")
		return strings.Join(strings.Fields(rest), " ")
	}
	if kind := r.Get("exception.type"); kind != "" {
		what = kind + " " + what
	}
	return strings.TrimPrefix(who+": "+what, ": ")
}

// notables are the fields of lines without a message that people want to see, in
// the order in which they are shown.
var notables = []string{
	"message", "allowed", "reason", "status", "destroyed_reason", "disconnect_api_reason", "type_disconnect_reason",
	"websocket_terminated_reason", "data_channel_exit_reason", "signaling_terminate_reason", "ice_state", "operation",
	"minutes", "sora_client", "turn_transport_type", "total_connections", "max_connections", "recording_id",
	"filename", "size", "rtc_type",
}

// notable is those of the fields that a line has, from within req, res and data
// as well.
func notable(r *reader.Record) string {
	found := map[string]string{}
	var walk func(body []byte, depth int)
	walk = func(body []byte, depth int) {
		var fields map[string]json.RawMessage
		if depth > 3 || json.Unmarshal(body, &fields) != nil {
			return
		}
		for name, raw := range fields {
			var text string
			switch name {
			case "req", "res", "data", "json":
				walk(raw, depth+1)
				continue
			}
			if json.Unmarshal(raw, &text) != nil {
				text = string(raw)
			}
			if _, seen := found[name]; !seen && text != "null" && text != "" && len(text) < 200 {
				found[name] = text
			}
		}
	}
	walk(r.Body, 0)
	var parts []string
	for _, name := range notables {
		if text, ok := found[name]; ok {
			parts = append(parts, name+"="+text)
		}
	}
	return strings.Join(parts, " ")
}

func (v *View) pexip(r *reader.Record) {
	v.Log = r.Get("pexip.module")
	v.Where = first(r.Get("pexip.conference"), r.Get("pexip.conference_alias"))
	v.Who = first(r.Get("pexip.participant"), r.Get("pexip.participant_alias"), r.Get("pexip.alias"), r.Get("pexip.device"))
	v.ID = first(r.Get("pexip.call_id"), r.Get("pexip.participant_id"), r.Get("pexip.uuid"))
	text, rest, _ := strings.Cut(string(r.Body), "\n")
	if head, _, _ := strings.Cut(rest, "\n"); strings.HasPrefix(r.Event, "pexip.sip.") && head != "" {
		text += ": " + strings.TrimSpace(head)
	}
	var more []string
	for _, name := range pexipNotables {
		if s := r.Get("pexip." + name); s != "" && (name != "method" || !strings.HasPrefix(r.Event, "pexip.sip.")) {
			s, _, _ = strings.Cut(s, "\n")
			more = append(more, name+"="+s)
		}
	}
	for _, m := range mediaOf(r) {
		more = append(more, m.String())
	}
	v.Text = text
	if len(more) > 0 {
		v.Text += " (" + strings.Join(more, ", ") + ")"
	}
}

var pexipNotables = []string{
	"reason", "retries_remaining", "protocol", "role", "duration", "method", "request", "response_code", "node", "user",
	"remote_address", "was", "now", "error", "result", "status", "last_warning", "detail",
}

// A media is what a record says about the quality of one direction of a stream.
type media struct {
	name         string // "audio rx"
	loss, jitter float64
}

func (m media) String() string {
	return fmt.Sprintf("%s loss %.2f%% jitter %.0fms", m.name, m.loss, m.jitter)
}

// mediaOf is what Pexip says of a stream at its end.
func mediaOf(r *reader.Record) (all []media) {
	if r.Event != "pexip.media.stream_destroyed" {
		return nil
	}
	kind := first(r.Get("pexip.media.kind"), "stream")
	for _, dir := range []string{"rx", "tx"} {
		loss, ok := r.Float("pexip.media." + dir + ".loss_percent")
		if !ok {
			continue
		}
		jitter, _ := r.Float("pexip.media." + dir + ".jitter_ms")
		all = append(all, media{kind + " " + dir, loss, jitter})
	}
	return all
}

// Short is an identity as people say it: its first eight characters.
func Short(id string) string {
	if len(id) > 8 && !strings.ContainsAny(id[:8], " /") {
		return id[:8]
	}
	return id
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}
