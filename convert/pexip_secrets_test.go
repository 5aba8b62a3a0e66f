package convert

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/tailer/entry"
)

// Secrets of Pexip's lines leave neither in the body nor in an attribute, and
// what stands around them does.
func TestPexipSecrets(t *testing.T) {
	c := newConverter(t, Config{Redact: redact.Config{Enabled: true}})
	o := origin()
	o.Source, o.Log = "pexip", ""
	const head = `2026-05-06T08:08:09.402+00:00 node1 2026-05-06 08:08:09,337 Level="INFO" `
	// In each text the secrets begin with 5ecret, and what must stay with kept.
	for _, text := range []string{
		`Name="support.sip" Message="Received SIP request" Detail="REGISTER sip:kept0 SIP/2.0^MAuthorization: Digest username=\"5ecret-u\", realm=\"r\", response=\"5ecret-r\"^MVia: kept1^M" Transport="kept2"`,
		`Name="support.sip" Message="Received SIP request" Detail="REGISTER sip:kept0 SIP/2.0^MAuthorization: Digest username="5ecret-u", realm="r", response="5ecret-r"^MVia: kept1^M" Transport="kept2"`,
		`Name="support.sip" Message="Received SIP request" Detail="INVITE sip:kept0 SIP/2.0^MProxy-Authorization: Digest username="5ecret-u", response="5ecret-r"" Transport="kept2"`,
		"Name=\"support.sip\" Message=\"Received SIP request\" Detail=\"INVITE sip:kept0 SIP/2.0\r\nProxy-Authorization: Digest username=\"5ecret-u\", response=\"5ecret-r\"\r\nVia: kept1\" Transport=\"kept2\"",
		`Name="support.sip" Message="Received SIP request" Detail="INVITE sip:kept0 SIP/2.0^MProxy-Authorization: Digest response="5ecret-cut`,
		`Name="support.sip" Message="Sending SIP request" Detail="INVITE sip:kept0 SIP/2.0^M^Mv=0^Ma=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:5ecret+/abc=|2^31^Ma=kept1" Transport="kept2"`,
		`Name="administrator.sip" Message="kept0" Authorization="Digest username=\"5ecret-u\", response=\"5ecret-r\"" Transport="kept2"`,
		`Name="support.rest" Message="Sending REST API response" Request="/api/client/v2/conferences/kept0/request_token" Detail="{\"status\": \"kept1\", \"result\": {\"token\": \"5ecretAAAA=\", \"expires\": \"120\"}}" Response-Code="200"`,
		`Name="support.rest" Message="Sending REST API response" Request="/api/client/v2/conferences/kept0/request_token" Detail="{"status": "kept1", "result": {"token": "5ecretAAAA=", "expires": "120"}}" Response-Code="200"`,
		`Name="support.rest" Message="Received REST API request" Request="/api/client/v2/conferences/kept0/events?token=5ecretBBB==&x=kept1" Detail="kept2"`,
		`Name="support.rest" Message="Received REST API request" Request="/kept0" Detail="{'display_name': 'kept1', 'pin': '5ecret1'}"`,
		`Name="support.rest" Message="Received REST API request" Request="/kept0" Detail="POST /kept1 HTTP/1.1^Mpin: 5ecret1^Mtoken: 5ecret-0123456789-0123456789^MHost: kept2"`,
		`Name="administrator.conference" Message="Sending DTMF to participant." Conference="kept0" Digits="5ecret#" Call-id="kept1"`,
		`Name="support.participant" Message="Got DTMF digit" Digit="5ecret" Mechanism="kept0"`,
		`Name="administrator.conference" Message="kept0" Pin="5ecret" Guest-Pin="5ecret" Host-PIN="5ecret" X="kept1"`,
		`Name="administrator.conference" Message="kept0" Conference="kept1" Service-tag="kept2" Participant="kept3"`,
	} {
		var out Output
		c.Convert(entry.Batch{Origin: o, Entries: []entry.Entry{{Text: []byte(head + text), Observed: observed}}}, &out)
		got := out.Groups[0].Records
		if i := bytes.Index(got, []byte("5ecret")); i >= 0 {
			t.Errorf("%s\nleaks %q", text, got[i:min(i+20, len(got))])
		}
		for _, word := range regexp.MustCompile(`kept\d`).FindAllString(text, -1) {
			if !bytes.Contains(got, []byte(word)) {
				t.Errorf("%s\n%s is lost", text, word)
			}
		}
	}
}
