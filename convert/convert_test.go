package convert

import (
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	common "go.opentelemetry.io/proto/slim/otlp/common/v1"
	logs "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/tailer/entry"
)

var (
	born     = time.Date(2026, 5, 6, 7, 8, 9, 0, time.UTC)
	observed = born.Add(time.Hour)
)

func origin() *entry.Origin {
	return &entry.Origin{Source: "sora", Log: "internal", Path: "/var/log/sora/internal.log", Generation: [16]byte{1, 2, 3}, Born: born}
}

func newConverter(t testing.TB, cfg Config) *Converter {
	t.Helper()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// records decodes all records of a group the way a collector does.
func records(t testing.TB, g Group) []*logs.LogRecord {
	t.Helper()
	var s logs.ScopeLogs
	if err := proto.Unmarshal(g.Records, &s); err != nil {
		t.Fatal(err)
	}
	start := 0
	for i, end := range g.Ends {
		var one logs.ScopeLogs
		if err := proto.Unmarshal(g.Records[start:end], &one); err != nil || len(one.LogRecords) != 1 || !proto.Equal(one.LogRecords[0], s.LogRecords[i]) {
			t.Fatalf("Ends[%d] = %d is not where record %d ends (%v)", i, end, i, err)
		}
		start = end
	}
	if len(g.Ends) != len(s.LogRecords) || start != len(g.Records) {
		t.Fatalf("%d ends for %d records", len(g.Ends), len(s.LogRecords))
	}
	return s.LogRecords
}

func attrs(r *logs.LogRecord) map[string]string {
	m := make(map[string]string)
	for _, a := range r.Attributes {
		switch v := a.Value.Value.(type) {
		case *common.AnyValue_StringValue:
			m[a.Key] = v.StringValue
		case *common.AnyValue_IntValue:
			m[a.Key] = fmt.Sprint(v.IntValue)
		case *common.AnyValue_BoolValue:
			m[a.Key] = fmt.Sprint(v.BoolValue)
		default:
			m[a.Key] = fmt.Sprintf("%T", v)
		}
	}
	return m
}

func TestResourceAndScope(t *testing.T) {
	c := newConverter(t, Config{Version: "9.8.7", Sora: []otlp.Attr{{Key: "service.name", Value: "sora"}}})
	var out Output
	c.Convert(entry.Batch{Origin: origin(), Entries: []entry.Entry{{Text: []byte("x"), Observed: observed}}}, &out)
	if len(out.Groups) != 1 {
		t.Fatalf("%d groups, want 1", len(out.Groups))
	}
	_ = exporter.Group(out.Groups[0]) // must convert
	if got, want := string(out.Groups[0].Resource), string(otlp.AppendResource(nil, []otlp.Attr{{Key: "service.name", Value: "sora"}})); got != want {
		t.Errorf("resource %q, want %q", got, want)
	}
	if got, want := string(out.Groups[0].Scope), string(otlp.AppendScope(nil, "rtcship/sora", "9.8.7")); got != want {
		t.Errorf("scope %q, want %q", got, want)
	}
}

func TestEmptyEntriesAreCounted(t *testing.T) {
	c := newConverter(t, Config{})
	var out Output
	c.Convert(entry.Batch{Origin: origin(), Entries: []entry.Entry{{}, {Text: []byte("x")}, {}}}, &out)
	if out.Counts.Empty != 2 || out.Counts.Records != 1 || out.Counts.Entries != 3 {
		t.Errorf("counts %+v", out.Counts)
	}
	c.Convert(entry.Batch{Origin: origin(), Entries: []entry.Entry{{}}}, &out)
	if len(out.Groups) != 0 {
		t.Error("a group without records")
	}
}

func TestPeer(t *testing.T) {
	c := newConverter(t, Config{})
	var out Output
	for transport, want := range map[string]map[string]string{
		"udp": {"network.transport": "udp", "network.peer.address": "192.0.2.7", "network.peer.port": "514"},
		"tls": {"network.transport": "tcp", "tls.established": "true", "network.peer.address": "192.0.2.7", "network.peer.port": "514"},
		"":    {"log.file.name": "x.log", "log.file.path": "/logs/x.log"},
	} {
		o := &entry.Origin{Source: "pexip", Path: "/logs/x.log", Born: born}
		e := entry.Entry{Text: []byte("text"), Transport: transport}
		if transport != "" {
			e.Peer = netip.MustParseAddrPort("[::ffff:192.0.2.7]:514")
		}
		c.Convert(entry.Batch{Origin: o, Entries: []entry.Entry{e}}, &out)
		got := attrs(records(t, out.Groups[0])[0])
		delete(got, "log.record.uid")
		for k := range got {
			if !strings.HasPrefix(k, "network.") && !strings.HasPrefix(k, "log.file.") && k != "tls.established" {
				delete(got, k)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: want (-), got (+):\n%s", transport, diff)
		}
	}
}

// The body of a part is at most MaxBody bytes and ends with a character; all
// parts together are the text; time and attributes are the same, uids are not.
func TestParts(t *testing.T) {
	text := strings.Repeat("ä", 700) + "\xff" + strings.Repeat("x", 900)
	c := newConverter(t, Config{MaxBody: 501})
	var out Output
	c.Convert(entry.Batch{Origin: origin(), Entries: []entry.Entry{{Text: []byte(text), Observed: observed}}}, &out)
	var body strings.Builder
	uids := make(map[string]bool)
	all := records(t, out.Groups[0])
	for i, r := range all {
		a := attrs(r)
		if a["rtcship.part"] != fmt.Sprint(i+1) || a["rtcship.parts"] != fmt.Sprint(len(all)) || a["rtcship.invalid_utf8"] != "1" {
			t.Errorf("part %d: %v", i, a)
		}
		if n := len(r.Body.GetStringValue()); n > 501 {
			t.Errorf("part %d has %d bytes", i, n)
		}
		body.WriteString(r.Body.GetStringValue())
		uids[a["log.record.uid"]] = true
	}
	if body.String() != strings.Replace(text, "\xff", `\xff`, 1) {
		t.Error("the parts are not the text")
	}
	if len(uids) != len(all) || out.Counts.Parts != len(all) || len(all) != 5 {
		t.Errorf("%d parts, %d uids, counts %+v", len(all), len(uids), out.Counts)
	}
}

// One Converter serves several goroutines, and an Output that was used before
// gives what a new one gives.
func TestConcurrentAndReused(t *testing.T) {
	c := newConverter(t, Config{})
	batch := func(i int) entry.Batch {
		text := []byte(strings.Repeat(fmt.Sprintf("line %d ", i), i+1))
		return entry.Batch{Origin: origin(), Entries: []entry.Entry{{Text: text, Offset: int64(i)}, {Text: text[:3]}}}
	}
	var want [20]string
	for i := range want {
		var out Output
		c.Convert(batch(i), &out)
		want[i] = string(out.Groups[0].Records)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var out Output
			for i := range want {
				c.Convert(batch(i), &out)
				if string(out.Groups[0].Records) != want[i] {
					t.Errorf("batch %d differs", i)
				}
			}
		})
	}
	wg.Wait()
}
