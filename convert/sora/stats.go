package sora

import (
	"strconv"

	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/otlp"
)

// Logs that hold statistics of WebRTC: one a line while a connection goes on, or
// all at its end. They are those of the client, as W3C's webrtc-stats has them.
const logStats = "rtc_stats"

// Kinds of statistics that are measured.
const (
	inboundStat   = "inbound-rtp"        // a stream that the client receives
	remoteInbound = "remote-inbound-rtp" // one that it sends, as Sora received it
	candidatePair = "candidate-pair"
)

func isMeasured(kind []byte) bool {
	return string(kind) == inboundStat || string(kind) == remoteInbound || string(kind) == candidatePair
}

var keyRTCType = otlp.NewKey("sora.rtc_type")

// measure takes the statistics that the line holds, which readJSON has read: a line with
// a field that is not known has no shape.
func (r *Reader) measure() {
	if r.b.Origin.Log == logStats {
		if kind, _ := r.b.Attribute(keyRTCType); isMeasured(kind) {
			if data := r.line.nested("rtc_data", '{'); data != nil {
				r.statistics(kind, data, true)
			}
		}
		return
	}
	list := r.line.nested("rtc_stats", '[')
	for i := 1; i < len(list); i++ {
		if list[i] != '{' {
			continue
		}
		end := skipNested(list, i, 1)
		if end < 0 {
			return
		}
		r.statistics(nil, list[i:end], false)
		i = end
	}
}

// A stat is what one object of statistics says; a number that it does not say is -1.
type stat struct {
	kind                                       []byte
	medium                                     cdr.Medium
	lost, received, share, jitter, trip, froze float64
	idle                                       bool // a pair that is not in use
}

// statistics measures one object of statistics.
func (r *Reader) statistics(kind, object []byte, interim bool) {
	if r.aside.object(object) != "" {
		return
	}
	x := stat{kind: kind, lost: -1, received: -1, share: -1, jitter: -1, trip: -1, froze: -1}
	for i := range r.aside.fields {
		r.statField(&r.aside.fields[i], &x)
	}
	add := func(m cdr.Metric, d cdr.Direction, medium cdr.Medium, v float64) {
		if v >= 0 {
			r.b.Numbers.Add(cdr.Sample{Metric: m, Kind: cdr.SoraConnection, Medium: medium, Direction: d, Interim: interim, Value: v})
		}
	}
	switch string(x.kind) {
	case inboundStat:
		add(cdr.MediaLoss, cdr.Sent, x.medium, x.loss())
		add(cdr.MediaJitter, cdr.Sent, x.medium, x.jitter)
		add(cdr.MediaFreezes, cdr.Sent, x.medium, x.froze)
	case remoteInbound:
		add(cdr.MediaLoss, cdr.Received, x.medium, x.loss())
		add(cdr.MediaJitter, cdr.Received, x.medium, x.jitter)
		add(cdr.MediaRoundTrip, cdr.Both, x.medium, x.trip)
	case candidatePair:
		if !x.idle {
			add(cdr.MediaRoundTrip, cdr.Both, cdr.Transport, x.trip)
		}
	}
}

// loss is the share of packets that were lost, -1 if there were none or it is not said.
func (x *stat) loss() float64 {
	if x.received >= 0 && x.lost > -1 && x.received+x.lost > 0 {
		return x.lost / (x.received + x.lost)
	}
	if x.share <= 1 {
		return x.share
	}
	return -1
}

func (r *Reader) statField(m *field, x *stat) {
	s := &r.aside
	switch name := r.name(s, m); string(name) {
	case "type", "rtc_type":
		if m.kind == '"' && !isMeasured(x.kind) {
			x.kind = r.text(s, m)
		}
	case "kind", "mediaType":
		if m.kind == '"' {
			x.medium = cdr.MediumOf(r.text(s, m))
		}
	case "nominated":
		x.idle = x.idle || m.kind == 'f'
	case "state":
		x.idle = x.idle || m.kind == '"' && string(r.text(s, m)) != "succeeded"
	case "packetsLost": // less than none were lost if some came twice
		x.lost = max(number(s, m, 0), 0)
	case "packetsReceived":
		x.received = number(s, m, -1)
	case "fractionLost":
		x.share = number(s, m, -1)
	case "jitter":
		x.jitter = number(s, m, -1)
	case "roundTripTime", "currentRoundTripTime":
		x.trip = number(s, m, -1)
	case "freezeCount":
		x.froze = number(s, m, -1)
	}
}

// number is the value of a field that is a number, else none.
func number(s *scanner, m *field, none float64) float64 {
	if m.kind != '0' {
		return none
	}
	v, err := strconv.ParseFloat(view(s.raw(m)), 64)
	if err != nil {
		return none
	}
	return v
}
