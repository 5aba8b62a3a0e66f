package pexip

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/convert/redact"
)

// linesOf are lines of each kind, with a verb for all that differs in real ones: 1 is
// a time, 2 its milliseconds, 3 one of six systems, 4 a small number, 5 a room,
// 6 an identity.
var linesOf = map[string]string{
	"joined":  `2026-05-06T08:08:%02[1]d.%03[2]d+00:00 node%[3]d ` + varying,
	"rfc5424": `<134>1 2026-05-06T08:08:%02[1]d.%03[2]d+00:00 node%[3]d pexip - - - ` + varying,
	"sip": `2026-05-06T08:08:%02[1]d.%03[2]d+00:00 node%[3]d 2026-05-06 08:08:%02[1]d,%03[2]d Level="INFO" Name="support.sip" Message="Received SIP request" Src-Address="192.0.2.%[5]d" Src-Port="%[4]d" ` +
		`Dst-Address="192.0.2.2" Dst-Port="5061" Transport="TLS" Detail="INVITE sip:meet%[5]d@example.com SIP/2.0^M` + strings.Repeat("Via: SIP/2.0/TLS 192.0.2.%[5]d;branch=z9hG4bK-%[4]d-1^M", 20) + `Call-ID: %[6]d@192.0.2.1^MCSeq: 12 INVITE^M^Mv=0"`,
	"media": `2026-05-06T08:08:%02[1]d.%03[2]d+00:00 node%[3]d 2026-05-06 08:08:%02[1]d,%03[2]d Level="INFO" Name="support.participant" Message="Media Stream destroyed" Participant="person %[4]d" Call-id="%026[6]d" ` +
		`Detail="Stream 1 (video)^M  RX: rate %[4]dkbps loss 0.00%% jitter 3ms^M  TX: rate 699kbps loss 0.00%% jitter 5ms^M    codec H264 rate 700kbps resolution 768x448 fps 30"`,
	"burst": `2026-05-06T08:08:%02[1]d.%03[2]d+00:00 node%[3]d 2026-05-06 08:08:%02[1]d,%03[2]d Level="INFO" Name="administrator.apps.cloudbursting" Message="Shutting down idle worker i-%[5]d (running) (uptime: %[4]d minutes)"%.0[6]d`,
	"audit": `<85>May  6 08:08:%02[1]d node%[3]d audispd: type=USER_LOGIN msg=audit(1772600767.%03[2]d:%[4]d): pid=%[5]d uid=0 acct="root" res=failed%.0[6]d`,
}

const varying = `2026-05-06 08:08:%02[1]d,%03[2]d Level="INFO" Name="administrator.conference" Message="Participant has joined." Conference="room %[5]d" Service-tag="" Service-type="conference" ` +
	`ConferenceAlias="meet%[5]d@example.com" Participant="sip:person%[4]d@example.com" DisplayName="Person %[4]d" Protocol="SIP" Direction="in" Vendor="TANDBERG/257 (TE4.1.1.273710)" ` +
	`Call-id="%026[6]d" Conversation-id="%026[6]d" Participant-id="%026[6]d" Location="London" Licenses="1" Signaling-node="192.0.2.1" Signaling-location="London" Media-node="192.0.2.%[3]d"`

// differing returns n lines of a kind as six systems send them within three seconds.
// Equal lines would flatter what is remembered of the line before, and the branch
// prediction of the processor.
func differing(kind string, n int) [][]byte {
	rnd := rand.New(rand.NewPCG(1, 2))
	lines := make([][]byte, n)
	for i := range lines {
		lines[i] = fmt.Appendf(nil, linesOf[kind], i*3/n, i*3000/n%1000, rnd.IntN(6), rnd.IntN(3000), rnd.IntN(200), rnd.Uint64())
	}
	return lines
}

// BenchmarkParse is header, pairs, catalogue and attributes of one line, with its
// secrets looked for.
func BenchmarkParse(b *testing.B) {
	for _, name := range []string{"joined", "rfc5424", "sip", "media", "burst", "audit"} {
		b.Run(name, func(b *testing.B) {
			c, lines, i := masking(b, redact.Config{}), differing(name, 3000), 0
			c.settings.Calls.Traces = false // as is the default
			b.ReportAllocs()
			b.SetBytes(int64(len(lines[0])))
			for b.Loop() {
				if c.convert(lines[i%len(lines)]) == nil {
					b.Fatal("no host")
				}
				i++
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
			if n := testing.AllocsPerRun(100, func() { c.convert(b) }); n > 0 {
				t.Errorf("%v allocations for %s", n, text)
			}
		}
	}
}
