package pexip

import (
	"strings"
	"testing"
)

const joinedLine = `2026-05-06T08:08:09.402+00:00 node1 2026-05-06 08:08:09,337 ` + joined

// BenchmarkParse is header, pairs, catalogue and attributes of one line.
func BenchmarkParse(b *testing.B) {
	lines := map[string]string{
		"joined":  joinedLine,
		"rfc5424": `<134>1 2026-05-06T08:08:09.402+00:00 node1 pexip - - - 2026-05-06 08:08:09,337 ` + joined,
		"sip": `2026-05-06T08:08:09.402+00:00 node1 2026-05-06 08:08:09,337 Level="INFO" Name="support.sip" Message="Received SIP request" Src-Address="192.0.2.1" Src-Port="5060" ` +
			`Dst-Address="192.0.2.2" Dst-Port="5061" Transport="TLS" Detail="INVITE sip:meet@example.com SIP/2.0^M` + strings.Repeat("Via: SIP/2.0/TLS 192.0.2.1;branch=z9hG4bK-524287-1^M", 20) + `Call-ID: 77@192.0.2.1^MCSeq: 12 INVITE^M^Mv=0"`,
		"media": `2026-05-06T08:08:09.402+00:00 node1 2026-05-06 08:08:09,337 Level="INFO" Name="support.participant" Message="Media Stream destroyed" Participant="a" Call-id="b" ` +
			`Detail="Stream 1 (video)^M  RX: rate 1085kbps loss 0.00% jitter 3ms^M  TX: rate 699kbps loss 0.00% jitter 5ms^M    codec H264 rate 700kbps resolution 768x448 fps 30"`,
		"burst": `2026-05-06T08:08:09.402+00:00 node1 2026-05-06 08:08:09,337 Level="INFO" Name="administrator.apps.cloudbursting" Message="Shutting down idle worker i-1 (running) (uptime: 50 minutes)"`,
		"audit": `<85>May  6 08:08:09 node1 audispd: type=USER_LOGIN msg=audit(1772600767.089:41): pid=9 uid=0 acct="root" res=failed`,
	}
	for _, name := range []string{"joined", "rfc5424", "sip", "media", "burst", "audit"} {
		b.Run(name, func(b *testing.B) {
			c, text := newConverter(), []byte(lines[name])
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				if c.convert(text) == nil {
					b.Fatal("no host")
				}
			}
		})
	}
}

// In the steady state nothing is allocated, whatever the line.
func TestParseDoesNotAllocate(t *testing.T) {
	c := newConverter()
	for _, e := range examples(t) {
		for _, text := range []string{e.text, e.line(), "<134>Mar  4 05:06:07 node7 pexip[1]: " + e.line(), `<134>1 2026-03-04T05:06:07Z n p 1 I [a b="c\]"][d] ` + e.line() + ` word Call-Id="2" Unknown="\""`} {
			b := []byte(text)
			c.convert(b)
			if n := testing.AllocsPerRun(5, func() { c.convert(b) }); n > 0 {
				t.Errorf("%v allocations for %s", n, text)
			}
		}
	}
}
