package pexip

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rtcship/rtcship/convert/record"
)

// want is what printRecord is expected to say, in any indentation.
func checkLine(t *testing.T, text, want string) {
	t.Helper()
	r, host := parseLine(t, text)
	var lines []string
	for line := range strings.Lines(want) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	if diff := cmp.Diff(strings.Join(lines, "\n")+"\n", printRecord(r, host)); diff != "" {
		t.Errorf("%s\n(-want +got)\n%s", text, diff)
	}
}

// The same event, in every header it may come with.
func TestHeaders(t *testing.T) {
	const pairs = `Level="WARNING" Name="administrator.system" Message="Deploying worker virtual machine." Address="192.0.2.9"`
	const record = `
		severity 13 WARNING
		event pexip.system.worker_deploying
		body "Deploying worker virtual machine."
		pexip.address = "192.0.2.9"
		pexip.module = "administrator.system"
		`
	const at = "time 2026-03-04T05:06:07.089Z\n"
	f := func(header, before, after string) {
		t.Helper()
		checkLine(t, header+pairs, before+record+after)
	}
	f(``, ``, ``)
	f(`node7 `, `host.name node7`, ``)
	f(`2026-03-04 05:06:07,089 `, at, ``)
	f(`node7 2026-03-04 05:06:07,089 `, at+`host.name node7`, ``)
	f(`2026-03-04T05:06:07.091+00:00 node7 2026-03-04 05:06:07,089 `, at+`host.name node7`, `syslog.timestamp = "2026-03-04T05:06:07.091+00:00"`)
	f(`2026-03-04T06:06:07.089+01:00 node7 `, at+`host.name node7`, `syslog.timestamp = "2026-03-04T06:06:07.089+01:00"`)
	f(`<134>2026-03-04T05:06:07.091+00:00 node7 2026-03-04 05:06:07,089 `, at+`host.name node7`, `
		syslog.facility = int 16
		syslog.severity_code = int 6
		syslog.timestamp = "2026-03-04T05:06:07.091+00:00"`)
	f(`<134>Mar  4 05:06:07 node7 pexip: 2026-03-04 05:06:07,089 `, at+`host.name node7`, `
		syslog.appname = "pexip"
		syslog.facility = int 16
		syslog.severity_code = int 6
		syslog.timestamp = "Mar  4 05:06:07"`)
	f(`<134>Mar  4 05:06:07 node7 2026-03-04 05:06:07,089 `, at+`host.name node7`, `
		syslog.facility = int 16
		syslog.severity_code = int 6
		syslog.timestamp = "Mar  4 05:06:07"`)
	f(`<134>1 2026-03-04T05:06:07.091Z node7 pexip 77 ID9 [origin ip="192.0.2.7" x="a\"b"] 2026-03-04 05:06:07,089 `, at+`host.name node7`, `
		syslog.appname = "pexip"
		syslog.facility = int 16
		syslog.msgid = "ID9"
		syslog.procid = "77"
		syslog.sd.origin.ip = "192.0.2.7"
		syslog.sd.origin.x = "a\"b"
		syslog.severity_code = int 6
		syslog.timestamp = "2026-03-04T05:06:07.091Z"`)
	f("<134>1 2026-03-04T05:06:07.091Z node7 pexip - - - \xef\xbb\xbf2026-03-04 05:06:07,089 ", at+`host.name node7`, `
		syslog.appname = "pexip"
		syslog.facility = int 16
		syslog.severity_code = int 6
		syslog.timestamp = "2026-03-04T05:06:07.091Z"`)

	// A daemon took the date for the program's name.
	f(`<134>1 2026-03-04T05:06:07.091Z node7 2026-03-04 - - - 05:06:07,089 `, at+`host.name node7`, `
		syslog.facility = int 16
		syslog.severity_code = int 6
		syslog.timestamp = "2026-03-04T05:06:07.091Z"`)

	// The system's own name is the innermost one, whoever passed the line on.
	f(`<134>Mar  4 05:06:09 relay pexip: node7 2026-03-04 05:06:07,089 `, at+`host.name node7`, `
		syslog.appname = "pexip"
		syslog.facility = int 16
		syslog.hostname = "relay"
		syslog.severity_code = int 6
		syslog.timestamp = "Mar  4 05:06:09"`)
	f(`<134>Mar  4 05:06:09 relay 2026-03-04T05:06:08.000+00:00 node7 2026-03-04 05:06:07,089 `, at+`host.name node7`, `
		syslog.facility = int 16
		syslog.relay = "<134>Mar  4 05:06:09 relay"
		syslog.severity_code = int 6
		syslog.timestamp = "2026-03-04T05:06:08.000+00:00"`)
	f(`<13>1 2026-03-04T05:06:10Z gate - - - - <134>Mar  4 05:06:09 relay pexip: <134>2026-03-04T05:06:08Z node7 2026-03-04 05:06:07,089 `, at+`host.name node7`, `
		syslog.facility = int 16
		syslog.relay = "<13>1 2026-03-04T05:06:10Z gate - - - - <134>Mar  4 05:06:09 relay pexip:"
		syslog.severity_code = int 6
		syslog.timestamp = "2026-03-04T05:06:08Z"`)
}

// Structured data that attributes cannot say is kept as it stands.
func TestStructuredData(t *testing.T) {
	f := func(data string, want ...string) {
		t.Helper()
		r, _ := parseLine(t, `<13>1 2026-03-04T05:06:10Z h a - - `+data+` text`)
		got := attributes(r)
		for _, w := range append(want, `syslog.appname="a"`, `syslog.facility=int 1`, `syslog.severity_code=int 5`, `syslog.timestamp="2026-03-04T05:06:10Z"`) {
			k, v, _ := strings.Cut(w, "=")
			if got[k] != v {
				t.Errorf("%s: %s = %s, want %s", data, k, got[k], v)
			}
			delete(got, k)
		}
		if len(got) > 0 {
			t.Errorf("%s: also %v", data, got)
		}
	}
	f(`[a x="1"][b@9 x="2"]`, `syslog.sd.a.x="1"`, `syslog.sd.b@9.x="2"`)
	f(`[a]`, `syslog.structured_data="[a]"`)
	f(`[a x="1"][b]`, `syslog.sd.a.x="1"`, `syslog.structured_data="[a x=\"1\"][b]"`)
	f(`[a x="1" x="2"]`, `syslog.sd.a.x="1"`, `syslog.structured_data="[a x=\"1\" x=\"2\"]"`)
	f(`[a.b@9.1 x.y="1"]`, `syslog.sd.a_b@9_1.x_y="1"`)
	f(`[facility facility="1"]`, `syslog.sd.facility.facility="1"`)
}

func TestSeverity(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		r, _ := parseLine(t, text)
		if got := strings.TrimSpace(fmt.Sprintf("%d %s", r.SeverityNumber, r.SeverityText)); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for level, number := range map[string]int{"DEBUG": 5, "INFO": 9, "WARNING": 13, "ERROR": 17, "CRITICAL": 18, "Error": 17, "LOUD": 9, "A very, very long level": 9} {
		f(`Level="`+level+`" Message="x"`, fmt.Sprintf("%d %s", number, level))
	}
	f(`<131>Level="INFO" Message="x"`, "9 INFO")
	f(`<131>Level="LOUD" Message="x"`, "17 LOUD")
	f(`<131>Level="" Message="x"`, "17 err")
	f(`<131>Message="x"`, "17 err")
	f(`Message="x"`, "9")
	for code, want := range []string{"21 emerg", "19 alert", "18 crit", "17 err", "13 warning", "10 notice", "9 info", "5 debug"} {
		f(fmt.Sprintf("<%d>Mar  4 05:06:07 h t: x", 16*8+code), want)
	}
	f("free text", "0")
}

// What is no line of Pexip's own is delivered all the same.
func TestOtherLines(t *testing.T) {
	checkLine(t, `<85>Mar  4 05:06:07 node7 audispd: type=USER_LOGIN msg=audit(1772600767.089:41): pid=9 uid=0 acct="root" res=failed`, `
		time 2026-03-04T05:06:07.089Z
		host.name node7
		severity 10 notice
		body "type=USER_LOGIN msg=audit(1772600767.089:41): pid=9 uid=0 acct=\"root\" res=failed"
		syslog.appname = "audispd"
		syslog.facility = int 10
		syslog.severity_code = int 5
		syslog.timestamp = "Mar  4 05:06:07"`)
	checkLine(t, `<134>1 2026-03-04T05:06:07Z node7 nginx 4 - - 192.0.2.1 - - [04/Mar/2026:05:06:07 +0000] "GET /admin HTTP/1.1" 200 5`, `
		time 2026-03-04T05:06:07Z
		host.name node7
		severity 9 info
		body "192.0.2.1 - - [04/Mar/2026:05:06:07 +0000] \"GET /admin HTTP/1.1\" 200 5"
		syslog.appname = "nginx"
		syslog.facility = int 16
		syslog.procid = "4"
		syslog.severity_code = int 6
		syslog.timestamp = "2026-03-04T05:06:07Z"`)
	checkLine(t, `2026-03-04T05:06:07.5+00:00 node7 root Module="vmsessionid"^M1234`, `
		time 2026-03-04T05:06:07.5Z
		host.name node7
		severity 0
		body "root Module=\"vmsessionid\"^M1234"
		syslog.timestamp = "2026-03-04T05:06:07.5+00:00"`)
	// A text that begins with a time of its own is no relayed header.
	checkLine(t, `<14>Mar  4 05:06:07 node7 app: 2026-03-04T05:06:06Z GET /x`, `
		time 2026-03-04T05:06:07Z
		host.name node7
		severity 9 info
		body "2026-03-04T05:06:06Z GET /x"
		syslog.appname = "app"
		syslog.facility = int 1
		syslog.severity_code = int 6
		syslog.timestamp = "Mar  4 05:06:07"`)
	checkLine(t, `2026-03-04T05:06:07.091Z node7 2026-03-04 05:06:07,089 Traceback (most recent call last):`, `
		time 2026-03-04T05:06:07.089Z
		host.name node7
		severity 0
		body "Traceback (most recent call last):"
		syslog.timestamp = "2026-03-04T05:06:07.091Z"`)
	checkLine(t, `what is this`, `
		severity 0
		body "what is this"
		rtcship.parse_error = "no_header"`)
	checkLine(t, `<13>what is this`, `
		severity 10 notice
		body "what is this"
		syslog.facility = int 1
		syslog.severity_code = int 5`)
}

// Values that are not of their attribute's type go under another name.
func TestTypes(t *testing.T) {
	f := func(pair, want string) {
		t.Helper()
		r, _ := parseLine(t, `Message="Never heard of" `+pair)
		got := attributes(r)
		k, v, _ := strings.Cut(want, "=")
		if len(got) != 1 || got["pexip."+k] != v {
			t.Errorf("%s: got %v, want %s", pair, got, want)
		}
	}
	f(`Duration="63.123"`, `duration=double 63.123`)
	f(`Duration="5"`, `duration=double 5`)
	f(`Duration="-0.5"`, `duration=double -0.5`)
	f(`Duration="1e3"`, `duration_text="1e3"`)
	f(`Duration="0x10"`, `duration_text="0x10"`)
	f(`Duration="NaN"`, `duration_text="NaN"`)
	f(`Duration="12345678901234567"`, `duration_text="12345678901234567"`)
	f(`Duration=""`, `duration_text=""`)
	f(`Duration="soon"`, `duration_text="soon"`)
	f(`Licenses="1"`, `licenses=int 1`)
	f(`Licenses="-1"`, `licenses=int -1`)
	f(`Licenses="0"`, `licenses=int 0`)
	f(`Licenses="007"`, `licenses_text="007"`)
	f(`Licenses="-0"`, `licenses_text="-0"`)
	f(`Licenses="+1"`, `licenses_text="+1"`)
	f(`Licenses="1.5"`, `licenses_text="1.5"`)
	f(`Licenses="9999999999999999999"`, `licenses_text="9999999999999999999"`)
	f(`Remote-Port="53991"`, `remote_port=int 53991`)
	f(`Natted="True"`, `natted=bool true`)
	f(`Natted="false"`, `natted=bool false`)
	f(`Natted="maybe"`, `natted_text="maybe"`)
	f(`Digits="007"`, `digits="007"`)
	f(`Service-tag=""`, `service_tag=""`)
	f(`Role="chair"`, `role="host"`)
	f(`Role="Chair"`, `role="host"`)
	f(`Role="guest"`, `role="guest"`)
	f(`Last-Reported="2013-06-20 14:21:35"`, `last_reported="2013-06-20T14:21:35Z"`)
	f(`Last-Reported="Mon Dec  9 15:28:12 2013"`, `last_reported="2013-12-09T15:28:12Z"`)
	f(`Last-Reported="Mon Dec 9 15:28:12 2013"`, `last_reported="2013-12-09T15:28:12Z"`)
	f(`Last-Reported="yesterday"`, `last_reported_text="yesterday"`)
	f(`Reason="line one^Mline two"`, `reason="line one^Mline two"`)
	f(`Detail="line one^Mline two"`, `detail="line one\nline two"`)
	f("Detail=\"line one\r\nline two\rthree^M\nfour\"", `detail="line one\nline two\nthree\nfour"`)
}

// Names are the same however a key is written.
func TestNames(t *testing.T) {
	f := func(key, want string) {
		t.Helper()
		r, _ := parseLine(t, `Message="Never heard of" `+key+`="v"`)
		got := attributes(r)
		if len(got) != 1 || got["pexip."+want] != `"v"` {
			t.Errorf("%s: got %v, want %s", key, got, want)
		}
	}
	for _, key := range []string{"Call-id", "Call-Id", "call-id", "CALL-ID", "CallId", "call_id", "callid"} {
		f(key, "call_id")
	}
	f("ConferenceAlias", "conference_alias")
	f("conferencealias", "conference_alias")
	f("Conference-Alias", "conference_alias")
	f("ID", "id")
	f("CSeq", "cseq")
	f("Name", "module")
	// Unknown ones.
	f("Some-Thing", "some_thing")
	f("SomeThing", "some_thing")
	f("XMLThing", "xml_thing")
	f("Thing2Go", "thing2_go")
	f("a.b--c__d-", "a_b_c_d")
	f("x", "x")
	// Names that have another meaning already.
	f("Media", "media_")
	f("Quirks", "quirks_")
	f("Module", "module_")
	f("Duration-Text", "duration_text_")
	f("Media-Text", "media_text")
}

// Repeated keys, words and too many pairs: nothing is lost, nothing is twice.
func TestQuirks(t *testing.T) {
	checkLine(t, `Message="m" Call-Id="1" call-id="2" X="a" x="b" Call-ID="3" X="b"`, `
		severity 9
		body "m"
		pexip.call_id = "3"
		pexip.duplicates = "Call-Id=\"1\" call-id=\"2\" X=\"a\""
		pexip.quirks = "duplicate_key"
		pexip.x = "b"`)
	checkLine(t, `Message="m" Call-Id="1" Call-Id="1"`, `
		severity 9
		body "m"
		pexip.call_id = "1"
		pexip.quirks = "duplicate_key"`)
	checkLine(t, `Message="first" Message="second" Level="INFO" Level="ERROR"`, `
		severity 17 ERROR
		body "second"
		pexip.duplicates = "Message=\"first\" Level=\"INFO\""
		pexip.quirks = "duplicate_key"`)
	checkLine(t, `Name="support.jinja2" pex_debug_log Detail="Media location policy ,Oslo, protocol ,sip" again`, `
		severity 9
		event pexip.jinja2
		body "Name=\"support.jinja2\" pex_debug_log Detail=\"Media location policy ,Oslo, protocol ,sip\" again"
		pexip.detail = "Media location policy ,Oslo, protocol ,sip"
		pexip.module = "support.jinja2"
		pexip.unkeyed = "pex_debug_log again"`)
	checkLine(t, `Message="x" Detail="cut in the mid`, `
		severity 9
		body "x"
		pexip.detail = "cut in the mid"
		pexip.quirks = "unterminated"`)
	var many strings.Builder
	for i := range 200 {
		fmt.Fprintf(&many, ` K%d="%d"`, i, i)
	}
	c := newConverter()
	for n, line := range []string{`Message="m"`, `Message="m"` + many.String(), `Message="m"` + many.String()} {
		if c.convert([]byte(line)); c.builder.Counts.Beyond[record.Pairs] != n {
			t.Errorf("after line %d: %d lines with too many pairs", n, c.builder.Counts.Beyond[record.Pairs])
		}
		c.builder.Finish(nil, nil)
	}
	r, _ := parseLine(t, `Message="m"`+many.String())
	got := attributes(r)
	if len(got) != maxPairs-1+2 || got["pexip.quirks"] != `"too_many_pairs"` || got["pexip.k94"] != `"94"` || !strings.HasPrefix(got["pexip.rest"], `"K95=\"95\" K96=`) || !strings.HasSuffix(got["pexip.rest"], ` K199=\"199\""`) {
		t.Errorf("%d attributes, rest %s", len(got), got["pexip.rest"])
	}
}

// The body and what is found in it, for the protocols' own messages.
func TestSignaling(t *testing.T) {
	checkLine(t, `Level="INFO" Name="support.sip" Message="Received SIP request" Src-Address="192.0.2.1" Src-Port="5060" Dst-Address="192.0.2.2" Dst-Port="5061" `+
		`Transport="TLS" Detail="INVITE sip:meet@example.com SIP/2.0^MVia: SIP/2.0/TLS 192.0.2.1;branch=z9^MFrom: "Bob" <sip:bob@example.com>;tag=1^MCall-ID: 77@192.0.2.1^MCSeq: 12 INVITE^M^Mv=0^Mi: not a header"`, `
		severity 9 INFO
		event pexip.sip.received
		body "Received SIP request\nINVITE sip:meet@example.com SIP/2.0\nVia: SIP/2.0/TLS 192.0.2.1;branch=z9\nFrom: \"Bob\" <sip:bob@example.com>;tag=1\nCall-ID: 77@192.0.2.1\nCSeq: 12 INVITE\n\nv=0\ni: not a header"
		pexip.call_id = "77@192.0.2.1"
		pexip.cseq = "12 INVITE"
		pexip.dst_address = "192.0.2.2"
		pexip.dst_port = int 5061
		pexip.method = "INVITE"
		pexip.module = "support.sip"
		pexip.src_address = "192.0.2.1"
		pexip.src_port = int 5060
		pexip.transport = "TLS"`)
	checkLine(t, `Name="support.sip" Message="Sending SIP response" Call-Id="of the pair" Detail="SIP/2.0 486 Busy Here^Mi: 77@h^MCSeq: 12 INVITE"`, `
		severity 9
		event pexip.sip.sent
		body "Sending SIP response\nSIP/2.0 486 Busy Here\ni: 77@h\nCSeq: 12 INVITE"
		pexip.call_id = "of the pair"
		pexip.cseq = "12 INVITE"
		pexip.method = "INVITE"
		pexip.module = "support.sip"
		pexip.status_code = int 486`)
	checkLine(t, `Name="support.rest" Message="Sending REST API response" Src-Address="192.0.2.1" Request="/api/client/v2/conferences/board/request_token?x=1" `+
		`Detail="{\"status\": \"failed\", \"result\": \"Conference locked\"}" Response-Code="403"`, `
		severity 9
		event pexip.rest.response_sent
		body "Sending REST API response\n{\"status\": \"failed\", \"result\": \"Conference locked\"}"
		pexip.method = "request_token"
		pexip.module = "support.rest"
		pexip.request = "/api/client/v2/conferences/board/request_token?x=1"
		pexip.response_code = int 403
		pexip.src_address = "192.0.2.1"`)
	checkLine(t, `Name="support.h323.q931" Message="Received H.225 message" Uuid="u-1" Detail="h323_uu_pdu: h323_message_body: setup:^M  protocolIdentifier: 0.0.8^M  sourceAddress:"`, `
		severity 9
		event pexip.h225.received
		body "Received H.225 message\nh323_uu_pdu: h323_message_body: setup:\n  protocolIdentifier: 0.0.8\n  sourceAddress:"
		pexip.method = "setup"
		pexip.module = "support.h323.q931"
		pexip.uuid = "u-1"`)
	checkLine(t, `Name="support.h323.h245" Message="Sending H.245 message" Uuid="u-1" Detail="request:^M  terminalCapabilitySet:^M    sequenceNumber: 1"`, `
		severity 9
		event pexip.h245.sent
		body "Sending H.245 message\nrequest:\n  terminalCapabilitySet:\n    sequenceNumber: 1"
		pexip.method = "terminalCapabilitySet"
		pexip.module = "support.h323.h245"
		pexip.uuid = "u-1"`)
	checkLine(t, `Name="support.bfcp" Message="Sending BFCP message" Call-Id="c" Detail="FloorRequest(CommonHeader(trans_id=1), FloorId(1))"`, `
		severity 9
		event pexip.bfcp.sent
		body "Sending BFCP message\nFloorRequest(CommonHeader(trans_id=1), FloorId(1))"
		pexip.call_id = "c"
		pexip.method = "FloorRequest"
		pexip.module = "support.bfcp"`)
	checkLine(t, `Name="support.dns" Message="DNS record lookup" Target="_sips._tcp.example.com" Type="SRV" Result="192.0.2.8"`, `
		severity 9
		event pexip.dns
		body "DNS record lookup"
		pexip.module = "support.dns"
		pexip.result = "192.0.2.8"
		pexip.target = "_sips._tcp.example.com"
		pexip.type = "SRV"`)
	// A module that nobody has heard of: source and target tell.
	checkLine(t, `Name="support.new" Message="Sending it" Dst-Address="192.0.2.1" Detail="one^Mtwo"`, `
		severity 9
		body "Sending it\none\ntwo"
		pexip.dst_address = "192.0.2.1"
		pexip.module = "support.new"`)
	checkLine(t, `Name="support.new" Message="Saying it" Detail="one^Mtwo"`, `
		severity 9
		body "Saying it"
		pexip.detail = "one\ntwo"
		pexip.module = "support.new"`)
	checkLine(t, `Name="support.rest" Message="Received REST API request" Detail="b'one\r\ntwo\nthree \\d'"`, `
		severity 9
		event pexip.rest.request_received
		body "Received REST API request\nb'one\ntwo\nthree \\\\d'"
		pexip.module = "support.rest"`)
}

// Each fragment is a record of its own that says which part it is of what.
func TestFragments(t *testing.T) {
	checkLine(t, `Name="support.sip" Message="Received SIP request" Src-Address="192.0.2.1" Fragment-Id="f-9" Fragment-Number="2" Fragment-Total="3" Detail="a=sendrecv^Ma=mid:1"`, `
		severity 9
		event pexip.sip.received
		body "Received SIP request\na=sendrecv\na=mid:1"
		pexip.fragment_id = "f-9"
		pexip.fragment_number = int 2
		pexip.fragment_total = int 3
		pexip.module = "support.sip"
		pexip.src_address = "192.0.2.1"`)
}

// Media statistics with a codec in each direction, as newer versions write them.
func TestMedia(t *testing.T) {
	checkLine(t, `Message="Media Stream destroyed" Detail="Stream 2 (presentation)^M   RX: rate 0kbps loss 0.00% jitter 0ms^M       codec none^M   TX: rate 1.5kbps loss 12.5% jitter 0ms^M       codec VP8 rate 2kbps resolution 1280x720 fps 29.97^MStream 3 (audio)^M  RX: rate 9kbps"`, `
		severity 9
		event pexip.media.stream_destroyed
		body "Media Stream destroyed"
		pexip.detail = "Stream 2 (presentation)\n   RX: rate 0kbps loss 0.00% jitter 0ms\n       codec none\n   TX: rate 1.5kbps loss 12.5% jitter 0ms\n       codec VP8 rate 2kbps resolution 1280x720 fps 29.97\nStream 3 (audio)\n  RX: rate 9kbps"
		pexip.media.kind = "presentation"
		pexip.media.rx.bitrate_kbps = double 0
		pexip.media.rx.codec = "none"
		pexip.media.rx.jitter_ms = double 0
		pexip.media.rx.loss_percent = double 0
		pexip.media.stream = int 2
		pexip.media.tx.bitrate_kbps = double 1.5
		pexip.media.tx.codec = "VP8"
		pexip.media.tx.codec_bitrate_kbps = double 2
		pexip.media.tx.fps = double 29.97
		pexip.media.tx.height = int 720
		pexip.media.tx.jitter_ms = double 0
		pexip.media.tx.loss_percent = double 12.5
		pexip.media.tx.width = int 1280`)
	checkLine(t, `Message="Media Stream destroyed" Detail="codec x^MStream x y^MRX: rate fast loss^MRX: rate 1kbps^M^MTX:^Mcodec^Mcodec a resolution 1x fps"`, `
		severity 9
		event pexip.media.stream_destroyed
		body "Media Stream destroyed"
		pexip.detail = "codec x\nStream x y\nRX: rate fast loss\nRX: rate 1kbps\n\nTX:\ncodec\ncodec a resolution 1x fps"`)
	checkLine(t, `Message="Media Stream destroyed"`, `
		severity 9
		event pexip.media.stream_destroyed
		body "Media Stream destroyed"`)
}

// The two messages about muting, data within a text, and texts that differ from
// the catalogue in their final period only.
func TestEvents(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		r, _ := parseLine(t, text)
		if r.EventName != want {
			t.Errorf("%s: got %q, want %q", text, r.EventName, want)
		}
	}
	f(`Message="Participant mute requested by API."`, "pexip.participant.mute_requested")
	f(`Message="Participant unmute requested by API."`, "pexip.participant.unmute_requested")
	f(`Message="Participant has joined"`, "pexip.participant.joined")
	f(`Message="Participant has joined."`, "pexip.participant.joined")
	f(`Message="Registration added."`, "pexip.registration.added")
	f(`Message="Participant has joined the club"`, "")
	f(`Name="administrator.conference" Message="Participant has joined the club"`, "pexip.conference")
	f(`Name="no.such.module" Message="Participant has joined the club"`, "")
	f(`Name="no.such.module" Message="Participant has joined"`, "pexip.participant.joined")
	f(`Message="Sending SIP response"`, "pexip.sip.sent")
	f(`Message="ICE failed for stream 0"`, "pexip.ice.failed")
	f(`Message="Shutting down idle worker"`, "")
	checkLine(t, `Message="On-prem location 'O'Neill's (old)' is overloaded! Starting instance i-1 (stopped) in location 'x'" Location="pair"`, `
		severity 9
		event pexip.cloudbursting.instance_starting
		body "On-prem location 'O'Neill's (old)' is overloaded! Starting instance i-1 (stopped) in location 'x'"
		pexip.cloud_location = "x"
		pexip.instance_id = "i-1"
		pexip.instance_state = "stopped"
		pexip.location = "pair"`)
}

// Line breaks are found in any order and however they are written.
func TestBreaks(t *testing.T) {
	want := strings.NewReplacer("^M\n", "\n", "^M", "\n", "\r\n", "\n", "\r", "\n")
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		var text []byte
		for range rnd.IntN(12) {
			text = append(text, "^M\r\nab"[rnd.IntN(6)])
		}
		got := string(appendBroken([]byte("x"), text))
		if w := "x" + want.Replace(string(text)); got != w {
			t.Fatalf("%q becomes %q, want %q", text, got, w)
		}
		if has := strings.Contains(string(text), "^M") || strings.Contains(string(text), "\r"); hasBreaks(text) != has {
			t.Fatalf("%q: has breaks: %t", text, !has)
		}
	}
}
