package convert

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"syscall"
	"testing"

	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/tailer/entry"
)

const pexipJoined = `2026-05-06T08:08:09.337+00:00 node1 2026-05-06 08:08:09,337 Level="INFO" Name="administrator.conference" Message="Participant has joined." ` +
	`Conference="Meet Alice" Service-tag="" Service-type="conference" ` +
	`ConferenceAlias="sip:meet.alice@example.com" Participant="sip:alice@example.com" DisplayName="Alice Smith" Protocol="SIP" Direction="in" ` +
	`Vendor="TANDBERG/257 (TE4.1.1.273710)" Call-id="fe7107ba-...16c" Conversation-id="fe7107ba-...16c" Participant-id="44be63a0-...c52" ` +
	`Location="London" Licenses="1" Signaling-node="192.168.0.1" Signaling-location="London" Media-node="192.168.0.2"`

// Each system's records belong to a resource of their own, whichever listener
// they came through; who gives no name is known by the address.
func TestPexipHosts(t *testing.T) {
	c := newConverter(t, Config{})
	o := origin()
	o.Source, o.Log = "pexip", ""
	from := netip.MustParseAddrPort("[::ffff:192.0.2.7]:5514")
	var out Output
	c.Convert(entry.Batch{Origin: o, Entries: []entry.Entry{
		{Text: []byte(pexipJoined), Offset: 1, Observed: observed, Peer: from, Transport: "udp"},
		{Text: []byte(`no name`), Offset: 2, Observed: observed, Peer: from, Transport: "udp"},
		{Text: []byte(`<13>May  6 08:00:00 node2 app: text`), Offset: 3, Observed: observed, Peer: from, Transport: "tcp"},
		{Text: []byte(pexipJoined), Offset: 4, Observed: observed, Peer: from, Transport: "tls"},
		{Text: []byte(`no name, in a file`), Offset: 5, Observed: observed},
		{Text: nil, Offset: 6, Observed: observed},
	}}, &out)
	want := []struct {
		host    string
		records int
	}{{"node1", 2}, {"192.0.2.7", 1}, {"node2", 1}, {"", 1}}
	if len(out.Groups) != len(want) || out.Counts.Empty != 1 || out.Counts.Records != 5 {
		t.Fatalf("%d groups, counts %+v", len(out.Groups), out.Counts)
	}
	for i, w := range want {
		if got := string(out.hosts[i].name); got != w.host || len(records(t, out.Groups[i])) != w.records {
			t.Errorf("group %d: %q with %d records, want %q with %d", i, got, len(out.Groups[i].Ends), w.host, w.records)
		}
	}
}

// varied returns n messages as six systems send them: most are one of a few, and
// people, identities, numbers and times differ. Equal lines would flatter the
// branch prediction of the processor.
func varied(n int) []entry.Entry {
	const header = `<134>1 2026-05-06T08:08:%02d.%03d+00:00 node%d pexip - - - 2026-05-06 08:08:%02[1]d,%03[2]d Level="%[4]s" Name="%s" Message="%s"`
	kinds := [][4]string{
		{"INFO", "administrator.conference", "Participant has disconnected.", ` Participant="person %[1]d" Conference="room %[2]d" Call-id="%026[3]d" Service-tag="" Protocol="WebRTC" Direction="in" Role="guest" Duration="%[1]d.318" Detail="Call disconnected"`},
		{"INFO", "administrator.conference", "Participant has joined.", ` Conference="room %[2]d" Service-tag="" Service-type="conference" ConferenceAlias="meet%[2]d@example.com" Participant="sip:person%[1]d@example.com" DisplayName="Person %[1]d" Protocol="SIP" Direction="in" Vendor="TANDBERG/257" Call-id="%026[3]d" Location="London" Licenses="1" Media-node="192.0.2.%[2]d"`},
		{"WARNING", "support.participant", "Media Stream destroyed", ` Participant="person %[1]d" Call-id="%026[3]d" Detail="Stream 1 (video)^M  RX: rate %[1]dkbps loss 0.25%% jitter 4ms^M  TX: rate 99kbps loss 0.00%% jitter 1ms^M    codec H264 rate 700kbps resolution 768x448 fps 30"`},
		{"INFO", "support.sip", "Received SIP request", ` Src-Address="192.0.2.%[2]d" Src-Port="%[1]d" Dst-Address="192.0.2.2" Dst-Port="5061" Transport="TLS" Detail="OPTIONS sip:room%[2]d@example.com SIP/2.0^MVia: SIP/2.0/TLS 192.0.2.1;branch=z9hG4bK%026[3]d^MCall-ID: %[3]d^MCSeq: 12 OPTIONS^MContent-Length: 0^M^M"`},
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	entries := make([]entry.Entry, n)
	for i := range entries {
		k, node := kinds[rnd.IntN(1+rnd.IntN(len(kinds)))], rnd.IntN(6)
		text := fmt.Sprintf(header, i*3/n, i*3000/n%1000, node, k[0], k[1], k[2]) + fmt.Sprintf(k[3], rnd.IntN(3000), rnd.IntN(200), rnd.Uint64())
		entries[i] = entry.Entry{
			Text: []byte(text), Offset: int64(i) * 400, Observed: observed, Transport: "tcp",
			Peer: netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(node)}), uint16(40000+37*node)),
		}
	}
	return entries
}

// BenchmarkPexip converts a batch again and again and reports the time per message.
func BenchmarkPexip(b *testing.B) {
	c := newConverter(b, Config{Redact: redact.Config{Enabled: true}})
	o := origin()
	o.Source, o.Log = "pexip", ""
	batch := entry.Batch{Origin: o, Entries: varied(3000)}
	var out Output
	c.Convert(batch, &out)
	b.ReportAllocs()
	start := cpuTime(b)
	for b.Loop() {
		c.Convert(batch, &out)
	}
	b.ReportMetric(float64(cpuTime(b)-start)/float64(b.N*len(batch.Entries)), "cpu-ns/message")
}

// cpuTime is the processor time of this process in nanoseconds, which other
// programs disturb less than the time that passes.
func cpuTime(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
