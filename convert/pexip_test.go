package convert

import (
	"net/netip"
	"testing"

	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/tailer"
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
	c.Convert(tailer.Batch{Origin: o, Entries: []tailer.Entry{
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

func BenchmarkPexip(b *testing.B) {
	c := newConverter(b, Config{Redact: redact.Config{Enabled: true}})
	o := origin()
	o.Source, o.Log = "pexip", ""
	entries := make([]tailer.Entry, 1000)
	for i := range entries {
		entries[i] = tailer.Entry{Text: []byte(pexipJoined), Offset: int64(i), Observed: observed, Transport: "udp", Peer: netip.MustParseAddrPort("192.0.2.7:514")}
	}
	var out Output
	b.ReportAllocs()
	for b.Loop() {
		c.Convert(tailer.Batch{Origin: o, Entries: entries}, &out)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(entries)), "ns/record")
}
