package story

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rtcship/rtcship/internal/meaning"
)

// A Part is one connection or one call: somebody's one way in.
type Part struct {
	Source   string        `json:"source"`
	ID       string        `json:"id,omitempty"`
	Who      string        `json:"who,omitempty"`
	Display  string        `json:"display_name,omitempty"`
	Where    string        `json:"where,omitempty"` // channel or conference
	Role     string        `json:"role,omitempty"`
	Protocol string        `json:"protocol,omitempty"`
	Client   string        `json:"client,omitempty"` // its software
	Node     string        `json:"node,omitempty"`
	Location string        `json:"location,omitempty"`
	First    time.Time     `json:"first"`
	Last     time.Time     `json:"last"`
	Joined   time.Time     `json:"joined,omitzero"` // zero: never got in, as far as the logs say
	Ended    time.Time     `json:"ended,omitzero"`
	Duration time.Duration `json:"duration_ns,omitempty"`
	Failed   bool          `json:"failed"` // did not get in
	Wrong    int           `json:"wrong_pins,omitempty"`
	Why      []string      `json:"why,omitempty"` // codes and reasons, as the logs have them, in order of time
	Media    []string      `json:"media,omitempty"`

	stats map[string]media
	rtt   float64
}

// parts sorts the events into connections and calls, and gathers what they say.
func (s *Story) parts() {
	byKey := map[string]*Part{}
	calls := map[string]string{} // by participant id, and by whole connection id of a short one
	for i := range s.Events {
		r := s.Events[i].Record
		if call := r.Get("pexip.call_id"); call != "" {
			for _, name := range []string{"pexip.participant_id", "pexip.uuid"} {
				if id := r.Get(name); id != "" {
					calls[id] = call
				}
			}
		}
		if id := r.Get("sora.connection_id"); len(id) == 26 {
			calls[id[:8]] = id
		}
	}
	for i := range s.Events {
		e := &s.Events[i]
		e.Part = s.partOf(e, byKey, calls)
		if e.Part != nil {
			e.Part.add(e)
		}
	}
	for _, p := range s.Parts {
		p.finish()
	}
	slices.SortStableFunc(s.Parts, func(a, b *Part) int { return a.First.Compare(b.First) })
}

// apart is how long after the last word about somebody without an id a new one
// begins another call.
const apart = 2 * time.Minute

// partOf finds the part that an event belongs to. What Pexip says of somebody
// without an id belongs to that one's call of the moment.
func (s *Story) partOf(e *Event, byKey map[string]*Part, calls map[string]string) *Part {
	r := e.Record
	id := first(r.Get("sora.connection_id"), r.Get("sora.connection_id_short"), r.Get("pexip.call_id"), r.Get("pexip.participant_id"), r.Get("pexip.uuid"))
	if call, ok := calls[id]; ok {
		id = call
	}
	if id == "" {
		who := user(e.Who)
		if who == "" || r.Source != "pexip" || strings.HasPrefix(e.Name, "pexip.registration") {
			return nil
		}
		for _, p := range slices.Backward(s.Parts) {
			if strings.EqualFold(user(p.Who), who) && e.Time.Sub(p.Last) < apart {
				return p
			}
		}
		id = who + e.Time.String()
	}
	p := byKey[id]
	if p == nil {
		p = &Part{Source: r.Source, First: e.Time, Last: e.Time, stats: map[string]media{}}
		if !strings.HasPrefix(id, user(e.Who)+e.Time.String()) {
			p.ID = id
		}
		byKey[id] = p
		s.Parts = append(s.Parts, p)
	}
	return p
}

// add takes in what an event says of the part.
func (p *Part) add(e *Event) {
	r := e.Record
	if e.Time.After(p.Last) {
		p.Last = e.Time
	}
	p.Who, p.Where = first(p.Who, e.Who), first(p.Where, e.Where)
	if conference := r.Get("pexip.conference"); conference != "" {
		p.Where = conference // rather than the alias that was dialled
	}
	p.Role = first(r.Get("sora.role"), r.Get("pexip.role"), p.Role)
	p.Node = first(p.Node, r.Get("sora.node"))
	if p.Source == "pexip" {
		p.Node = first(p.Node, r.Host())
		p.addPexip(e)
	} else {
		p.addSora(e)
	}
}

// because notes a reason, once.
func (p *Part) because(reason string) {
	if reason != "" && !slices.Contains(p.Why, reason) {
		p.Why = append(p.Why, reason)
	}
}

func (p *Part) addSora(e *Event) {
	r := e.Record
	if e.Code != "" && e.Severity >= 13 {
		p.because(e.Code)
	}
	switch e.Name {
	case "sora.connection.created", "sora.signaling.switched":
		if p.Joined.IsZero() {
			p.Joined = e.Time
		}
	case "sora.connection.failed":
		p.Failed = true
	case "sora.connection_created_wait_timeout":
		p.Failed = true
	case "sora.signaling.disconnect", "sora.connection.destroyed":
		p.Ended = e.Time
	}
	if r.Get("sora.allowed") == "false" {
		p.Failed = true
		p.because(first(r.Get("sora.reason_text"), "allowed=false"))
	}
	if len(r.Body) > 0 && r.Body[0] == '{' {
		p.addBody(e)
	}
}

// endings are the fields that say why a connection ended, the most telling first.
var endings = []string{
	"destroyed_reason", "disconnect_api_reason", "type_disconnect_reason", "signaling_terminate_reason",
	"websocket_terminated_reason", "data_channel_exit_reason", "message",
}

// addBody takes in what stands in a line without a message.
func (p *Part) addBody(e *Event) {
	var line struct {
		Client    any             `json:"sora_client"`
		Created   string          `json:"created_timestamp"`
		Destroyed string          `json:"destroyed_timestamp"`
		Stats     json.RawMessage `json:"rtc_stats"`
		Data      json.RawMessage `json:"rtc_data"`
		Req       json.RawMessage `json:"req"`
	}
	if json.Unmarshal(e.Record.Body, &line) != nil {
		return
	}
	if line.Client != nil && p.Client == "" {
		p.Client = clientName(line.Client)
	}
	if e.Log == "connection" || e.Name == "sora.connection.destroyed" {
		if line.Created == "" && line.Req != nil {
			_ = json.Unmarshal(line.Req, &line) // what is missing there stays empty
		}
		p.times(line.Created, line.Destroyed)
	}
	if e.Log == "connection" || e.Name == "sora.connection.destroyed" || e.Name == "sora.connection.failed" || e.Name == "sora.signaling.disconnect" {
		p.ending(e.Record.Body)
	}
	p.statistics(line.Stats)
	if len(line.Data) > 0 {
		p.statistics(append(append([]byte("["), line.Data...), ']'))
	}
}

func clientName(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		var words []string
		for _, name := range []string{"type", "raw", "version"} {
			if s, ok := v[name].(string); ok && s != "" {
				words = append(words, s)
			}
		}
		return strings.Join(words, " ")
	}
	return ""
}

func (p *Part) times(created, destroyed string) {
	from, err1 := time.Parse(time.RFC3339, created)
	to, err2 := time.Parse(time.RFC3339, destroyed)
	if err1 == nil && p.Joined.IsZero() {
		p.Joined = from
	}
	if err2 == nil {
		p.Ended = to
	}
	if err1 == nil && err2 == nil && to.After(from) {
		p.Duration = to.Sub(from)
	}
}

func (p *Part) ending(body []byte) {
	for _, object := range objects(body) {
		for _, name := range append(endings, "reason") {
			var reason string
			if raw, ok := object[name]; ok && json.Unmarshal(raw, &reason) == nil {
				p.because(reason)
			}
		}
	}
}

// objects are a line's object, and those within it that webhooks wrap.
func objects(body []byte) (all []map[string]json.RawMessage) {
	var o map[string]json.RawMessage
	if json.Unmarshal(body, &o) != nil {
		return nil
	}
	all = append(all, o)
	for _, name := range []string{"req", "data"} {
		if inner, ok := o[name]; ok {
			all = append(all, objects(inner)...)
		}
	}
	return all
}

// statistics takes in W3C statistics: what came of the client's streams, and the
// round trip. The last word counts.
func (p *Part) statistics(raw json.RawMessage) {
	var all []struct {
		Type     string   `json:"type"`
		Kind     string   `json:"kind"`
		Received float64  `json:"packetsReceived"`
		Lost     *float64 `json:"packetsLost"`
		Jitter   float64  `json:"jitter"` // seconds
		RTT      float64  `json:"currentRoundTripTime"`
	}
	if len(raw) == 0 || json.Unmarshal(raw, &all) != nil {
		return
	}
	for _, s := range all {
		if s.Type == "inbound-rtp" && s.Lost != nil && s.Received+*s.Lost > 0 {
			name := first(s.Kind, "media") + " rx"
			if s.Kind != "" {
				delete(p.stats, "media rx")
			}
			p.stats[name] = media{name, 100 * *s.Lost / (s.Received + *s.Lost), s.Jitter * 1000}
		}
		if s.RTT > 0 {
			p.rtt = s.RTT
		}
	}
}

func (p *Part) addPexip(e *Event) {
	r := e.Record
	p.Display = first(r.Get("pexip.display_name"), p.Display)
	p.Protocol = first(p.Protocol, r.Get("pexip.protocol"))
	if p.Protocol == "API" && r.Get("pexip.protocol") != "" {
		p.Protocol = r.Get("pexip.protocol") // how the call goes, rather than how it was asked for
	}
	p.Client, p.Location = first(p.Client, r.Get("pexip.vendor"), r.Get("pexip.user_agent")), first(p.Location, r.Get("pexip.location"))
	for _, m := range mediaOf(r) {
		p.stats[m.name] = m
	}
	switch e.Name {
	case "pexip.participant.joined":
		p.Joined = e.Time
	case "pexip.participant.join_failed":
		p.Failed = true
		p.because(r.Get("pexip.reason"))
	case "pexip.pin.incorrect":
		p.Wrong++
		p.because("pexip.pin.incorrect")
	case "pexip.pin.retries_exceeded", "pexip.pin.timed_out":
		p.Failed = true
		p.because(e.Name)
	case "pexip.participant.disconnected":
		p.Ended = e.Time
		if seconds, ok := r.Float("pexip.duration"); ok {
			p.Duration = time.Duration(seconds * float64(time.Second))
		}
		detail, _, _ := strings.Cut(r.Get("pexip.detail"), "\n")
		p.because(detail)
	case "pexip.media.video_lost", "pexip.ice.failed", "pexip.sip.transport_failed":
		p.because(e.Name)
	}
	if status, err := strconv.Atoi(r.Get("pexip.status_code")); err == nil && status >= 400 && status < 700 && status != 401 && status != 407 {
		p.because(fmt.Sprintf("SIP %d", status))
	}
}

// finish makes up what the events did not say by themselves.
func (p *Part) finish() {
	if p.Duration == 0 && !p.Joined.IsZero() && p.Ended.After(p.Joined) {
		p.Duration = p.Ended.Sub(p.Joined)
	}
	p.Failed = p.Failed && p.Joined.IsZero()
	if len(p.Why) > 1 { // a goodbye says nothing beside what led to it
		p.Why = slices.DeleteFunc(p.Why, func(w string) bool { return w == "NO-ERROR" && len(p.Why) > 1 })
	}
	for _, name := range sortedKeys(p.stats) {
		p.Media = append(p.Media, p.stats[name].String())
	}
	if p.rtt > 0 {
		p.Media = append(p.Media, fmt.Sprintf("round trip %.0fms", p.rtt*1000))
	}
}

func sortedKeys(m map[string]media) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Explain is what one of p.Why means.
func Explain(why string, lang meaning.Lang) (meaning.Meaning, bool) {
	var status int
	if n, _ := fmt.Sscanf(why, "SIP %d", &status); n == 1 {
		text := meaning.SIP(status, lang)
		return meaning.Meaning{Text: text}, text != ""
	}
	if m, ok := meaning.Event(why, lang); ok {
		return m, true
	}
	return meaning.Reason(why, lang)
}
