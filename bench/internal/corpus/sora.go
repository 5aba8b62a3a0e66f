package corpus

import (
	"strconv"
	"time"
)

var channelStems = []string{"room", "townhall", "support", "lesson", "ward-round", "studio", "standup", "東京本社"}

// messages are what a sora log says, most frequent first. One is chosen by
// the product of two random numbers. A hash stands for a number.
var messages = []struct{ level, text string }{
	{"info", "CONNECTION-CREATED"},
	{"info", "CONNECTION-DESTROYED | reason=normal"},
	{"warning", "WEBSOCKET-TERMINATE | reason={remote,1001,<<\"going away\">>}"},
	{"error", "PONG-TIMEOUT-ERROR | reason=<<\"WebSocket\">>"},
	{"error", "CONNECTION-CREATED-WAIT-TIMEOUT-ERROR | reason={timeout,#{elapsed => #}}"},
	{"warning", "TURN-SEND-INDICATION-BINDING-ERROR | reason=#{peer => {10,32,9,#},port => #}"},
	{"debug", "turn allocation refreshed, lifetime # s, # bytes relayed since the last one"},
	{"error", "AUTH-WEBHOOK-INTERNAL-ERROR | reason={failed_connect,[{to_address,{\"hooks.internal\",#}},{inet,[inet],econnrefused}]}"},
	{"warning", "UNKNOWN-RTP | reason=#{ssrc => #,payload_type => #}"},
	{"info", "simulcast layer switched from r# to r# after # ms of congestion"},
	{"error", "INVALID-JSON"},
	{"error", "TOO-MANY-CANDIDATE | reason=#{max => 64,count => #}"},
	{"error", "DTLS-ALERT | reason={tls_alert,{handshake_failure,\"state negotiated, attempt #\"}}"},
	{"notice", "cluster member joined, # of # nodes are reachable"},
	{"error", "EXCEED-MAX-CONNECTIONS | reason=#{license => 500,current => #}"},
	{"error", "EVENT-WEBHOOK-ERROR | reason={http_status,#}"},
	{"emergency", "CLUSTER-INTERNAL-FAILURE | reason={no_quorum,#}"},
}

// frames are what a long reason, an Erlang stack, is made of.
var frames = []string{
	"{gen_server,call,3,[{file,\"gen_server.erl\"},{line,#}]}",
	"{sora_signaling,handle_answer,4,[{file,\"src/sora_signaling.erl\"},{line,#}]}",
	"{cow_ws,parse_payload,9,[{file,\"src/cow_ws.erl\"},{line,#}]}",
	"{proc_lib,init_p_do_apply,3,[{file,\"proc_lib.erl\"},{line,#}]}",
}

var roles = []string{"sendrecv", "sendonly", "recvonly"}

// AppendSora appends one line of sora.jsonl, stamped at, with its newline.
// Lines average close to 343 bytes; one in eighty carries a stack and is
// several times as long.
func (m *Maker) AppendSora(dst []byte, at time.Time) []byte {
	kind := int(float64(len(messages)) * m.rnd.Float64() * m.rnd.Float64())
	dst = append(dst, '{')
	if m.rnd.IntN(100) >= 25 { // the rest concern the whole node
		dst = m.appendConnection(dst)
	}
	dst = append(dst, `"domain":["sora","`...)
	dst = append(dst, []string{"signaling", "rtp", "cluster"}[kind%3]...)
	dst = append(dst, `"],"level":"`...)
	dst = append(dst, messages[kind].level...)
	dst = append(dst, `","msg":"`...)
	if m.rnd.IntN(80) == 0 {
		dst = m.appendStack(dst)
	} else {
		dst = m.appendText(dst, messages[kind].text)
	}
	dst = append(dst, `","multistream":true,"node":"`...)
	dst = append(dst, m.node...)
	dst = append(dst, `","role":"`...)
	dst = append(dst, pick(m.rnd, roles)...)
	dst = append(dst, `","simulcast":`...)
	dst = strconv.AppendBool(dst, kind&1 == 0)
	dst = append(dst, `,"sora_version":"2025.2.1","spotlight":false,"timestamp":"`...)
	dst = appendMicros(dst, at)
	return append(dst, "\"}\n"...)
}

func (m *Maker) appendConnection(dst []byte) []byte {
	dst = append(dst, `"channel_id":"`...)
	dst = append(dst, pick(m.rnd, m.channels)...)
	dst = append(dst, `","connection_id":"`...)
	dst = m.appendID(dst, 26)
	dst = append(dst, `",`...)
	return dst
}

// appendText appends text for a JSON string, with numbers for its hashes.
func (m *Maker) appendText(dst []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; {
		case c == '"':
			dst = append(dst, '\\', '"')
		case c == '#' && (i+1 == len(text) || text[i+1] != '{'):
			dst = strconv.AppendUint(dst, uint64(m.rnd.IntN(65536)), 10)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

func (m *Maker) appendStack(dst []byte) []byte {
	dst = append(dst, `SIGNALING-INTERNAL-ERROR | reason={badmatch,[`...)
	for i := range 4 + m.rnd.IntN(16) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = m.appendText(dst, pick(m.rnd, frames))
	}
	return append(dst, `]}`...)
}

// appendMicros appends at as Sora writes it: UTC, RFC 3339, microseconds.
func appendMicros(dst []byte, at time.Time) []byte {
	return at.UTC().AppendFormat(dst, "2006-01-02T15:04:05.000000Z")
}
