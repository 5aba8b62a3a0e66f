package day

import "fmt"

const (
	log     = "sora/log/"
	node    = "sora@sfu-1"
	version = "2025.2.1"
	channel = "meet-alice"
)

// A guest is one connection to Sora.
type guest struct {
	client, role, codec, sdk string
	came, offered            string // clocks
	left, reason             string // "" if media never came up
	lost, received           int
	jitter                   float64
}

func (g *guest) id() string { return id(g.client + g.came) }

var session = id("meet-alice, 12 June")

var alice = &guest{client: "alice", role: "sendrecv", codec: "VP9", sdk: "Sora JavaScript SDK 2025.2.0",
	came: "09:00:02.101", offered: "09:00:02.140", left: "09:31:40.5", reason: "NO-ERROR", lost: 3, received: 94210, jitter: 0.004}

var carol = &guest{client: "carol", role: "sendrecv", codec: "VP9", sdk: "Sora Python SDK 2025.1.0",
	came: "09:00:40.022", offered: "09:00:40.071", left: "09:18:12.75", reason: "PONG-TIMEOUT-ERROR", lost: 4121, received: 51022, jitter: 0.071}

var hana = &guest{client: "花子", role: "recvonly", codec: "VP9", sdk: "Sora iOS SDK 2025.2.0",
	came: "09:04:11.9", offered: "09:04:11.95", left: "09:31:38.02", reason: "NO-ERROR", lost: 0, received: 81442, jitter: 0.002}

// Bob's first way in: his network lets no UDP through, so media never come up.
var bob = &guest{client: "bob", role: "sendrecv", codec: "VP9", sdk: "Sora JavaScript SDK 2025.2.0",
	came: "09:02:03.5", offered: "09:02:03.55"}

// bobAgain is his second: the ticket in his link is for one use.
var bobAgain = id("bob, second try")

func (d *day) sora() {
	d.before()
	d.boot()
	d.meeting()
	d.refusals()
	d.servers()
	d.erlang()
}

// before is the night, when Sora still wrote its legacy form.
func (d *day) before() {
	old, short := "[night-watch/"+id("guard")[:8]+"/sendonly]", id("guard")[:8]
	for _, l := range []struct{ name, clock, level, where, text string }{
		{"sora", "-23:10:00.000101", "info", "[-/-/-]", "sora started"},
		{"sora", "-23:41:12.478123", "warning", old + " [multi]", "<0.2101.0> WEBSOCKET-TERMINATE"},
		{"sora", "-23:52:09.900001", "error", old + " [sim,multi]", `<0.2101.0> PONG-TIMEOUT-ERROR | reason=<<"WebSocket">>`},
		{"sora", "05:58:59.000001", "notice", node + " [-/-/-]", "going down for the upgrade"},
		{"signaling", "-23:40:01.2", "info", old + " [multi]", "<0.2101.0> connect"},
		{"connection", "-23:52:09.91", "info", old + " [multi]", "<0.2101.0> connection " + short + " ended"},
		{"api", "05:58:00.5", "info", "[-/-/-]", "Sora_20201013.ListChannels"},
		{"internal", "-23:59:59.999999", "error", "[-/-/-]", "<0.88.0> Ranch listener {sora_api,3000} connection process exited"},
		{"auth_webhook", "-23:40:01.21", "info", old, "allowed"},
		{"session_webhook", "-23:40:01.3", "info", old, "session.created"},
		{"session_webhook_error", "-23:40:02.3", "error", old, "session.created could not be sent: timeout"},
		{"event_webhook", "-23:40:01.31", "info", old, "connection.created"},
		{"event_webhook_error", "-23:40:02.31", "error", old, "EVENT-WEBHOOK-ERROR | reason=timeout"},
	} {
		d.line(log+l.name+".log", "%s [%s] %s %s", stamp(l.clock), l.level, l.where, l.text)
	}
}

// say writes to sora.jsonl what is about one connection.
func (d *day) say(file, clock, level, client, connection, role, msg string) {
	who, channel := "", channel
	if client == "probe" {
		channel = "probe"
	}
	if connection != "" {
		who = fmt.Sprintf(`"channel_id":%q,"client_id":%q,"connection_id":%q,"role":%q,"multistream":true,"simulcast":false,"spotlight":false,`, channel, client, connection, role)
	}
	d.line(log+file, `{%s"domain":["sora","signaling"],"level":%q,"msg":%q,"node":%q,"sora_version":%q,"timestamp":%q}`,
		who, level, msg, node, version, stamp(clock))
}

func (d *day) boot() {
	d.say("sora.jsonl.2.gz", "06:00:01.2", "info", "", "", "", "sora started")
	d.say("sora.jsonl.2.gz", "06:00:01.9", "warning", "", "", "", "MISSING-WEBHOOK-BASIC-AUTH-PASSWORD")
	d.say("sora.jsonl.1", "07:15:40.01", "warning", "probe", id("probe"), "recvonly", "DTLS-ALERT | reason=close_notify")
	d.say("sora.jsonl.1", "08:00:00.5", "error", "probe", id("probe 2"), "recvonly", "ANSWER-TIMEOUT-ERROR")
	for i, msg := range []string{"NODE-JOINED", "ra: election called for in term 1", "ra: became leader"} {
		d.line(log+"cluster.jsonl", `{"domain":["ra"],"id":%q,"level":"info","msg":%q,"node":%q,"sora_version":%q,"timestamp":%q}`,
			id(msg), msg, node, version, stamp(fmt.Sprintf("06:00:02.%d", i)))
	}
	d.line(log+"debug.jsonl", `{"level":"debug","msg":"keyframe requested","channel_id":%q,"connection_id":%q,"timestamp":%q}`, channel, alice.id(), stamp("09:00:05.1"))
	d.line(log+"internal.jsonl", `{"domain":["sora"],"level":"error","msg":"Ranch listener {sora_api,3000} connection process exited","node":%q,"sora_version":%q,"timestamp":%q}`, node, version, stamp("08:12:13.000014"))
}

// meeting is Alice's weekly: she and Carol come, Bob does not get in, Hanako
// comes late, Carol's network fails.
func (d *day) meeting() {
	d.hook("session_webhook.jsonl", "09:00:02.15", "session.created", fmt.Sprintf(`"session_id":%q,"channel_id":%q,"spotlight":false,"created_time":1781254802,"created_timestamp":%q`, session, channel, stamp("09:00:02.14")))
	for _, g := range []*guest{alice, carol, bob, hana} {
		d.arrive(g)
	}
	d.timeout()
	d.say("sora.jsonl", "09:18:12.7", "error", carol.client, carol.id(), carol.role, `PONG-TIMEOUT-ERROR | reason=<<"WebSocket">>`)
	for _, g := range []*guest{carol, hana, alice} {
		d.leave(g)
	}
	d.hook("session_webhook.jsonl", "09:31:40.6", "session.destroyed", fmt.Sprintf(`"session_id":%q,"channel_id":%q,"max_connections":3,"total_connections":3,"connections":[{"connection_id":%q,"client_id":"alice"},{"connection_id":%q,"client_id":"carol"},{"connection_id":%q,"client_id":"花子"}],"created_time":1781254802,"created_timestamp":%q,"destroyed_time":1781256700,"destroyed_timestamp":%q`,
		session, channel, alice.id(), carol.id(), hana.id(), stamp("09:00:02.14"), stamp("09:31:40.58")))
}

// hook writes what was sent to a webhook.
func (d *day) hook(file, clock, typ, fields string) {
	d.line(log+file, `{"id":%q,"timestamp":%q,"req":{"id":%q,"label":"WebRTC SFU Sora","timestamp":%q,"type":%q,"version":%q,"node_name":%q,%s}}`,
		id(file+clock), stamp(clock), id(typ+clock), stamp(clock), typ, version, node, fields)
}

func (g *guest) identity() string {
	return fmt.Sprintf(`"channel_id":%q,"session_id":%q,"client_id":%q,"bundle_id":%q,"connection_id":%q,"role":%q`, channel, session, g.client, g.id(), g.id(), g.role)
}

func (d *day) signal(clock string, g *guest, typ, more string) {
	d.line(log+"signaling.jsonl", `{"timestamp":%q,"channel_id":%q,"client_id":%q,"connection_id":%q,"role":%q,"type":%q%s}`,
		stamp(clock), channel, g.client, g.id(), g.role, typ, more)
}

func (d *day) arrive(g *guest) {
	d.signal(g.came, g, "connect", fmt.Sprintf(`,"sora_client":%q,"metadata":"REDACTED"`, g.sdk))
	d.line(log+"auth_webhook.jsonl", `{"id":%q,"timestamp":%q,"url":"https://auth.example.com/sora","req":{"channel_id":%q,"client_id":%q,"connection_id":%q,"role":%q},"res":{"allowed":true}}`,
		id("auth"+g.came), stamp(g.offered), channel, g.client, g.id(), g.role)
	d.signal(g.offered+"1", g, "offer", `,"sdp":"v=0\r\no=- 4711 2 IN IP4 192.0.2.10\r\na=ice-ufrag:Zx81\r\na=ice-pwd:`+id("pwd" + g.client)[:22]+`\r\n"`)
	d.signal(g.offered+"2", g, "answer", `,"sdp":"v=0\r\no=- 1 2 IN IP4 0.0.0.0\r\na=setup:active\r\n"`)
	d.signal(g.offered+"3", g, "candidate", `,"candidate":"candidate:1 1 udp 2113937151 198.51.100.23 50412 typ host"`)
	if g.left == "" {
		return
	}
	d.hook("event_webhook.jsonl", g.offered+"7", "connection.created", g.identity()+fmt.Sprintf(`,"data":{"audio":{"codec_type":"OPUS"},"video":{"codec_type":%q,"bit_rate":1500},"minutes":0,"turn_transport_type":"udp"}`, g.codec))
	d.signal(g.offered+"8", g, "switched", "")
	for _, kind := range []string{"inbound-rtp", "candidate-pair"} {
		d.line(log+"rtc_stats.jsonl", `{%s,"id":%q,"label":"WebRTC SFU Sora","timestamp":%q,"type":"connection.rtc","version":%q,"node_name":%q,"rtc_type":%q,"rtc_id":"R1","rtc_timestamp":1.78125480515e+12,"rtc_data":{"id":"R1","type":%q,"packetsReceived":%d,"packetsLost":%d,"jitter":%g,"currentRoundTripTime":0.021}}`,
			g.identity(), id("stats"+g.came), stamp(g.offered+"9"), version, node, kind, kind, g.received/100, g.lost/100, g.jitter)
	}
	d.hook("stats_webhook.jsonl", g.offered+"95", "connection.rtc", g.identity())
}

func (d *day) leave(g *guest) {
	minutes := int(at(g.left).Sub(at(g.came)).Minutes())
	ends := fmt.Sprintf(`"created_time":%d,"created_timestamp":%q,"destroyed_time":%d,"destroyed_timestamp":%q`,
		at(g.offered).Unix(), stamp(g.offered), at(g.left).Unix(), stamp(g.left))
	d.signal(g.left, g, "disconnect", fmt.Sprintf(`,"reason":%q`, g.reason))
	d.hook("event_webhook.jsonl", g.left+"1", "connection.destroyed", g.identity()+","+ends+fmt.Sprintf(`,"data":{"minutes":%d,"total_received_bytes":%d,"total_sent_bytes":%d,"destroyed_reason":%q}`,
		minutes, g.received*900, g.received*1100, g.reason))
	d.line(log+"connection.jsonl", `{"timestamp":%q,%s,"spotlight":false,"simulcast":false,"e2ee":false,"turn_transport_type":"udp","audio":{"codec_type":"OPUS"},"video":{"codec_type":%q},%s,"destroyed_reason":%q,"sora_client":%q,"node_name":%q,"version":%q,"rtc_stats":[{"type":"inbound-rtp","kind":"video","packetsReceived":%d,"packetsLost":%d,"jitter":%g},{"type":"candidate-pair","currentRoundTripTime":0.021}]}`,
		stamp(g.left+"2"), g.identity(), g.codec, ends, g.reason, g.sdk, node, version, g.received, g.lost, g.jitter)
}

// timeout is what Sora wrote when Bob's media had not come up for half a minute.
func (d *day) timeout() {
	const msg = "CONNECTION-CREATED-WAIT-TIMEOUT-ERROR"
	d.say("sora.jsonl", "09:02:33.56", "error", bob.client, bob.id(), bob.role, msg)
	d.line(log+"connection_created_wait_timeout_error/20260612T090233_"+bob.id()+".jsonl",
		`{"timestamp":%q,"channel_id":%q,"client_id":"bob","connection_id":%q,"role":"sendrecv","local_candidates":["192.0.2.10:10001/udp"],"remote_candidates":["198.51.100.23:50412/udp"],"ice_state":"checking"}`,
		stamp("09:02:33.561"), channel, bob.id())
	d.hook("event_webhook.jsonl", "09:02:33.57", "connection.failed", fmt.Sprintf(`"channel_id":%q,"client_id":"bob","bundle_id":%q,"connection_id":%q,"role":"sendrecv","message":%q`, channel, bob.id(), bob.id(), msg))
	d.signal("09:02:33.58", bob, "disconnect", fmt.Sprintf(`,"reason":%q`, msg))
}

// refusals is Bob's second way in, and webhooks that went wrong.
func (d *day) refusals() {
	g := &guest{client: "bob", role: "sendrecv"}
	d.line(log+"signaling.jsonl", `{"timestamp":%q,"channel_id":%q,"client_id":"bob","connection_id":%q,"role":"sendrecv","type":"connect","sora_client":"Sora JavaScript SDK 2025.2.0","metadata":"REDACTED"}`, stamp("09:03:20.1"), channel, bobAgain)
	d.line(log+"auth_webhook.jsonl", `{"id":%q,"timestamp":%q,"url":"https://auth.example.com/sora","req":{"channel_id":%q,"client_id":"bob","connection_id":%q,"role":"sendrecv"},"res":{"allowed":false,"reason":"TICKET-USED"}}`,
		id("auth bob"), stamp("09:03:20.16"), channel, bobAgain)
	d.say("sora.jsonl", "09:03:20.17", "error", g.client, bobAgain, g.role, `AUTHENTICATION-FAILURE | reason=<<"TICKET-USED">>`)
	d.hook("event_webhook.jsonl", "09:03:20.18", "connection.failed", fmt.Sprintf(`"channel_id":%q,"client_id":"bob","connection_id":%q,"role":"sendrecv","message":"AUTHENTICATION-FAILURE"`, channel, bobAgain))

	d.say("sora.jsonl", "11:20:00.1", "error", "probe", id("probe 3"), "recvonly", "AUTH-WEBHOOK-RESPONSE-UNEXPECTED-STATUS-CODE | reason={auth_webhook_response_unexpected_status_code,#{status_code => 503}}")
	d.line(log+"auth_webhook_error.jsonl", `{"id":%q,"timestamp":%q,"url":"https://auth.example.com/sora","req":{"channel_id":"probe","connection_id":%q,"role":"recvonly"},"res":{"status":503}}`, id("auth 503"), stamp("11:20:00.09"), id("probe 3"))
	d.hook("event_webhook_error.jsonl", "11:21:00.4", "connection.updated", `"channel_id":"probe","connection_id":"`+id("probe 4")+`","reason":"timeout"`)
	d.hook("session_webhook_error.jsonl", "11:21:01.4", "session.created", `"channel_id":"probe","session_id":"`+id("probe session")+`","reason":"timeout"`)
	d.hook("stats_webhook_error.jsonl", "11:21:02.4", "connection.rtc", `"channel_id":"probe","connection_id":"`+id("probe 4")+`","reason":"timeout"`)
}

// servers is what is rotated, and what is written at start.
func (d *day) servers() {
	d.line(log+"signaling.jsonl-20260611.gz", `{"timestamp":%q,"channel_id":"probe","connection_id":%q,"role":"recvonly","type":"connect"}`, stamp("07:15:39.9"), id("probe"))
	d.hook("event_webhook.jsonl-20260611.zst", "07:15:40.2", "connection.created", `"channel_id":"probe","connection_id":"`+id("probe")+`","role":"recvonly"`)
	d.line(log+"connection.jsonl.1.gz", `{"timestamp":%q,"channel_id":"probe","connection_id":%q,"role":"recvonly","destroyed_reason":"NO-ERROR"}`, stamp("07:15:50"), id("probe"))
	d.line(log+"api.jsonl", `{"timestamp":%q,"operation":"Sora_20201013.ListChannels","json":{}}`, stamp("08:59:00.2"))
	d.line(log+"api.jsonl", `{"timestamp":%q,"operation":"Sora_20151104.DisconnectChannel","json":{"channel_id":"probe"}}`, stamp("11:30:00.2"))
	d.put(log+"sysctl.log", "net.core.rmem_max = 212992\nnet.core.somaxconn = 4096\nfs.file-max = 9223372036854775807\n")
	d.put(log+"ulimit.log", "1048576\n")
}

// erlang is what the Erlang machine wrote: a process that crashed at noon, and
// the machine itself in the evening.
func (d *day) erlang() {
	d.put(log+"crash.log", `2026-06-12 12:00:07 =CRASH REPORT====
  crasher:
    initial call: sora_recording:init/1
    pid: <0.4711.0>
    registered_name: []
    exception error: {badmatch,{error,enospc}}
      in function  sora_recording:open/2 (sora_recording.erl, line 88)
    ancestors: [sora_recording_sup,sora_sup,<0.1203.0>]
    status: running
    reductions: 90210
2026-06-12 12:00:07 =SUPERVISOR REPORT====
     Supervisor: {local,sora_recording_sup}
     Context:    child_terminated
     Reason:     {badmatch,{error,enospc}}
     Offender:   [{pid,<0.4711.0>},{id,sora_recording}]
`)
	d.put(log+"erlang.log.1", "\n=====\n===== LOGGING STARTED Fri Jun 12 06:00:00 UTC 2026\n=====\nErlang/OTP 27 [erts-15.2] [64-bit] [smp:8:8]\n\x1b[32msora@sfu-1\x1b[0m> \r\n\n===== ALIVE Fri Jun 12 06:15:00 UTC 2026\n")
	d.put(log+"erlang.log.2", "\n===== ALIVE Fri Jun 12 12:00:00 UTC 2026\nheart beat received\n")
	d.put(log+"run_erl.log", "run_erl [812] Fri Jun 12 06:00:00 2026\nArgs before exec of shell:\nargv[0] = sh\nargv[1] = -c\nargv[2] = exec /opt/sora/bin/sora foreground\n")
	d.put(log+"erl_crash.dump", "=erl_crash_dump:0.5\nFri Jun 12 19:44:02 2026\nSlogan: eheap_alloc: Cannot allocate 4294967296 bytes of memory (of type \"heap\").\nSystem version: Erlang/OTP 27 [erts-15.2] [64-bit] [smp:8:8]\nTaints: crypto,asn1rt_nif\nAtoms: 31102\nCalling Thread: scheduler:3\n=scheduler:1\nScheduler Sleep Info Flags: SLEEPING\n=end\n")
}
