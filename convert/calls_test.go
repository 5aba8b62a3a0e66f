package convert_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path"
	"strings"
	"testing"
	"time"

	trace "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/drop"
	"github.com/rtcship/rtcship/convert/internal/recordtest"
	"github.com/rtcship/rtcship/convert/pexip"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/convert/sora"
	"github.com/rtcship/rtcship/internal/linear"
	"github.com/rtcship/rtcship/tailer/entry"
)

func callConverter(t testing.TB, cfg convert.Config) *convert.Converter {
	t.Helper()
	cfg.Redact.Enabled = true
	c, err := convert.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var traced = convert.Config{Calls: record.Calls{Traces: true}}

// callBatch is lines as the tailer hands them over.
func callBatch(source, log string, lines ...string) entry.Batch {
	b := entry.Batch{Origin: &entry.Origin{Source: source, Log: log, Path: "/log/" + log + ".jsonl"}}
	for i, line := range lines {
		b.Entries = append(b.Entries, entry.Entry{Text: []byte(line), Offset: int64(1000 * i), Observed: time.Unix(1800000000, 0)})
	}
	return b
}

func spansOf(t testing.TB, out *convert.Output) (all []*trace.Span) {
	t.Helper()
	for _, g := range out.Spans {
		var s trace.ScopeSpans
		if err := proto.Unmarshal(g.Records, &s); err != nil {
			t.Fatal(err)
		}
		if len(s.Spans) != len(g.Ends) {
			t.Errorf("%d spans have %d ends", len(s.Spans), len(g.Ends))
		}
		all = append(all, s.Spans...)
	}
	return all
}

// shown is a span in one line.
func shown(s *trace.Span) string {
	text := fmt.Sprintf("%s %s %dms", s.Name, time.Unix(0, int64(s.StartTimeUnixNano)).UTC().Format(time.RFC3339Nano), int64(s.EndTimeUnixNano-s.StartTimeUnixNano)/1e6)
	if s.Status.GetCode() == trace.Status_STATUS_CODE_ERROR {
		text += " error(" + s.Status.Message + ")"
	}
	if len(s.ParentSpanId) > 0 {
		text += " child"
	}
	if len(s.Links) > 0 {
		text += " linked"
	}
	return text
}

const (
	conn = "C4ZK2YM8RX0TQ4WB7HCJ9D3NVE"
	sess = "S0D9WJ5YQ2XK7RB4MT8HZC3NVE"
	rec  = "T3QX8YB2M7WZ0RHKC5N9V1JD4E"
)

func event(inner string) string {
	return `{"id":"E5ZK2YM8RX0TQ4WB7HCJ9D3NVE","timestamp":"2026-05-01T00:01:00.100000Z","req":{"id":"R","timestamp":"2026-05-01T00:01:00.050000Z",` + inner + `}}`
}

func ids(text string) string {
	return strings.NewReplacer("@CONN", `"connection_id":"`+conn+`"`, "@SESS", `"session_id":"`+sess+`"`, "@REC", `"recording_id":"`+rec+`"`).Replace(text)
}

const times = `"created_timestamp":"2026-05-01T00:00:00.326856Z","destroyed_timestamp":"2026-05-01T00:00:59.826856Z"`

// Each line that closes a call, in forms that it may have.
func TestClosingLines(t *testing.T) {
	const begin = "2026-05-01T00:00:00.326856Z"
	for _, x := range []struct {
		log, line, want string
		from            string
	}{
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,@SESS,"data":{` + times + `}`), "sora.connection " + begin + " 59500ms linked", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,` + times), "sora.connection " + begin + " 59500ms", ""},
		{"event_webhook", `{"type":"connection.destroyed",@CONN,` + times + `}`, "sora.connection " + begin + " 59500ms", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,"data":{"destroyed_reason":"PONG-TIMEOUT-ERROR",` + times + `}`), "sora.connection " + begin + " 59500ms error(PONG-TIMEOUT-ERROR)", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,"data":{"destroyed_reason":"NO-ERROR",` + times + `}`), "sora.connection " + begin + " 59500ms", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,"data":{"created_time":1777593600,"destroyed_time":1777593660}`), "sora.connection 2026-05-01T00:00:00Z 60000ms", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,"data":{"created_time":1777593600,` + times + `,"destroyed_time":1777593660}`), "sora.connection " + begin + " 59500ms", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,"data":{"created_timestamp":"2026-05-01T00:01:00Z","destroyed_timestamp":"2026-05-01T00:00:59Z"}`), "sora.connection 2026-05-01T00:00:59Z 0ms", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,"data":{"created_timestamp":"2026-05-01T09:00:00.000000+09:00","destroyed_timestamp":"2026-05-01T00:00:59Z"}`), "sora.connection 2026-05-01T00:00:00Z 59000ms", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,"data":{"minutes":12}`), "no_end", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,"created_timestamp":"2026-05-01T00:00:00Z","destroyed_timestamp":null`), "no_end", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,"destroyed_timestamp":"2026-05-01T00:00:00Z"`), "no_begin", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,"created_timestamp":"soon","destroyed_timestamp":"2026-05-01T00:00:00Z"`), "no_begin", ""},
		{"event_webhook", event(`"type":"connection.destroyed","connection_id":"C4ZK2YM8",` + times), "no_id", ""},
		{"event_webhook", event(`"type":"connection.destroyed",` + times), "no_id", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,` + times), "", "connection"},
		{"event_webhook", event(`"type":"connection.created",@CONN,` + times), "", ""},
		{"event_webhook", event(`"type":"connection.updated",@CONN,` + times), "", ""},
		{"event_webhook_error", event(`"type":"connection.destroyed",@CONN,` + times), "", ""},
		{"event_webhook", event(`"type":"connection.failed",@CONN,"data":{"message":"ICE-FAILED","created_timestamp":"` + begin + `"}`), "sora.connection " + begin + " 59723ms error(ICE-FAILED)", ""},
		{"event_webhook", event(`"type":"connection.failed",@CONN,"message":"CONNECTION-CREATED-WAIT-TIMEOUT-ERROR","created_timestamp":"` + begin + `"`), "", ""},
		{"event_webhook", event(`"type":"connection.failed",@CONN,"message":"ICE-FAILED"`), "no_begin", ""},
		{"connection", `{"timestamp":"2026-05-01T00:01:00.000001Z",@CONN,@SESS,` + times + `,"destroyed_reason":"normal"}`, "sora.connection " + begin + " 59500ms linked", "connection"},
		{"connection", `{"timestamp":"2026-05-01T00:01:00.000001Z",@CONN,"connection_created_timestamp":"2026-05-01T00:00:00Z","connection_destroyed_timestamp":"2026-05-01T00:00:01.25Z"}`, "sora.connection 2026-05-01T00:00:00Z 1250ms", "connection"},
		{"connection", `{"timestamp":"2026-05-01T00:01:00.000001Z",@CONN,` + times + `}`, "", ""},
		{"connection_created_wait_timeout_error", `{"timestamp":"2026-05-01T00:01:00.326856Z","level":"error","msg":"CONNECTION-CREATED-WAIT-TIMEOUT-ERROR",@CONN,"created_timestamp":"` + begin + `"}`, "sora.connection " + begin + " 60000ms error(CONNECTION-CREATED-WAIT-TIMEOUT-ERROR)", ""},
		{"connection_created_wait_timeout_error", `{"timestamp":"2026-05-01T00:01:00.326856Z","level":"error","msg":"CONNECTION-CREATED-WAIT-TIMEOUT-ERROR",@CONN}`, "no_begin", ""},
		{"session_webhook", event(`"type":"session.destroyed",@SESS,` + times), "sora.session " + begin + " 59500ms", ""},
		{"session_webhook", event(`"type":"session.updated",@SESS,"created_timestamp":"` + begin + `"`), "", ""},
		{"session_webhook", event(`"type":"session.vanished",@SESS,` + times), "", ""},
		{"event_webhook", event(`"type":"archive.available",@REC,"start_timestamp":"2026-05-01T00:00:00Z","stop_timestamp":"2026-05-01T00:00:02.5Z"`), "sora.recording 2026-05-01T00:00:00Z 2500ms", ""},
		{"event_webhook", event(`"type":"archive.available",@REC,@CONN,@SESS,"start_time":1777593600,"stop_time":1777593660`), "sora.recording 2026-05-01T00:00:00Z 60000ms child linked", ""},
		{"event_webhook", event(`"type":"archive.available",@REC,"start_time":1777593600`), "no_end", ""},
		{"event_webhook", event(`"type":"archive.started",@REC,"start_time":1777593600`), "", ""},
		{"event_webhook", event(`"type":"split-archive.available",@REC,"start_time":1777593600,"stop_time":1777593660`), "", ""},
		{"event_webhook", event(`"type":"split-archive.end",@REC,"start_time":1777593600,"stop_time":1777593660`), "sora.recording 2026-05-01T00:00:00Z 60000ms", ""},
		{"pexip", disconnected(""), "pexip.participant 2026-05-06T08:07:06.214Z 63123ms", ""},
		{"pexip", disconnected(`Detail="Call failed: media timeout"`), "pexip.participant 2026-05-06T08:07:06.214Z 63123ms error(Call failed: media timeout)", ""},
		{"pexip", disconnected(`Protocol="API"`), "", ""},
		{"pexip", disconnected(`Protocol="BACKPLANE"`), "", ""},
		{"pexip", disconnected(`Duration=""`), "no_begin", ""},
		{"pexip", disconnected(`Duration="-2"`), "pexip.participant 2026-05-06T08:08:09.337Z 0ms", ""},
		{"pexip", disconnected(`Call-id="" Participant-id=""`), "no_id", ""},
		{"pexip", disconnected(`Call-id=""`), "pexip.participant 2026-05-06T08:07:06.214Z 63123ms", ""},
		{"pexip", disconnected(`Participant-id=""`), "pexip.participant 2026-05-06T08:07:06.214Z 63123ms", ""},
		{"pexip", `Level="INFO" Name="administrator.conference" Message="Conference has been stopped." Conference="Meet" Duration="62.234"`, "no_end", ""},
		{"pexip", stopped("node1", "Meet Alice"), "pexip.conference 2026-05-06T08:07:07.103Z 62234ms", ""},
		{"pexip", stopped("node1", ""), "no_id", ""},
	} {
		source := "sora"
		if x.log == "pexip" {
			source = "pexip"
		}
		cfg := traced
		cfg.Calls.SoraFrom = x.from
		var out convert.Output
		callConverter(t, cfg).Convert(callBatch(source, x.log, ids(x.line)), &out)
		got := ""
		spans := spansOf(t, &out)
		for _, s := range spans {
			got = shown(s)
		}
		for fault, n := range out.Counts.Spanless {
			if n > 0 {
				got += cdr.Fault(fault).String()
			}
		}
		if got != x.want || len(spans) != out.Counts.Spans {
			t.Errorf("%s\n%s\ngot  %q, %d spans counted\nwant %q", x.log, ids(x.line), got, out.Counts.Spans, x.want)
		}
		if len(spans) == 1 {
			checkContext(t, out.Groups[0].Records, spans[0])
		}
	}
}

// checkContext: the record that a span is made of names its trace.
func checkContext(t *testing.T, records []byte, s *trace.Span) {
	t.Helper()
	r := recordtest.Decode(t, records)[0]
	if !bytes.Equal(r.TraceId, s.TraceId) || len(r.SpanId) != 8 && !strings.Contains(s.Name, "participant") {
		t.Errorf("%s: trace %x, its record has %x/%x", s.Name, s.TraceId, r.TraceId, r.SpanId)
	}
}

// disconnected is a line with some of its pairs replaced by others.
func disconnected(others string) string {
	line := `<134>1 2026-05-06T08:08:09.402+00:00 node1 pexip - - - 2026-05-06 08:08:09,337 Level="INFO" Name="administrator.conference" Message="Participant has disconnected." ` +
		`Conference="Meet Alice" Participant="sip:alice@example.com" Protocol="SIP" Call-id="fe7107ba-1@192.0.2.7" Participant-id="44be63a0-2" Duration="63.123" Detail="Remote disconnect"`
	for _, pair := range strings.SplitAfter(others, `" `) {
		key, _, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if i := strings.Index(line, " "+key+`="`); key != "" && i >= 0 {
			end := i + len(key) + 3 + strings.IndexByte(line[i+len(key)+3:], '"') + 1
			line = line[:i] + " " + strings.TrimSpace(pair) + line[end:]
		}
	}
	return line
}

func stopped(node, name string) string {
	return `<134>1 2026-05-06T08:08:09.402+00:00 ` + node + ` pexip - - - 2026-05-06 08:08:09,337 Level="INFO" Name="administrator.conference" Message="Conference has been stopped." Conference="` +
		name + `" Service-type="conference" Duration="62.234"`
}

// A closing line whose record is dropped, by rule or by severity, has made its
// span: people drop lines to pay for fewer, not to be without their calls.
func TestDroppedLinesMakeSpans(t *testing.T) {
	closing := []entry.Batch{
		callBatch("sora", "event_webhook", ids(event(`"type":"connection.destroyed",@CONN,`+times))),
		callBatch("pexip", "pexip", disconnected("")),
	}
	for _, tt := range []struct {
		drop convert.Drop
		sent int // of the two records
	}{
		{convert.Drop{}, 2},
		{convert.Drop{Rules: []drop.Rule{{Log: "event_webhook"}, {Module: "administrator.conference"}}}, 0},
		{convert.Drop{Rules: []drop.Rule{{Event: "*"}}}, 0},
		{convert.Drop{SoraBelow: 24, PexipBelow: 24}, 1}, // the webhook's says no severity
	} {
		c, sent := callConverter(t, convert.Config{Calls: traced.Calls, Drop: tt.drop}), 0
		for _, b := range closing {
			var out convert.Output
			c.Convert(b, &out)
			if all := spansOf(t, &out); len(all) != 1 {
				t.Errorf("%+v: %d spans of a line of %s", tt.drop, len(all), b.Origin.Source)
			}
			sent += out.Counts.Records
		}
		if sent != tt.sent {
			t.Errorf("%+v: %d records are sent, want %d", tt.drop, sent, tt.sent)
		}
	}
}

// The table in docs/calls.md is that of the code.
func TestClosingTable(t *testing.T) {
	data, err := os.ReadFile("../docs/calls.md")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	want.WriteString("| log or module | line | span | where |\n|---|---|---|---|\n")
	for _, c := range append(sora.Closings(), pexip.Closings()...) {
		line := "every"
		if c.Line != "" {
			line = "`" + c.Line + "`"
		}
		fmt.Fprintf(&want, "| `%s` | %s | `%s` | %s |\n", c.Log, line, c.Kind, c.When)
	}
	if !strings.Contains(string(data), want.String()) {
		t.Errorf("docs/calls.md has another table than\n%s", want.String())
	}
}

// What masking changes has no influence on ids, and what is cut makes none.
func TestIDsBeforeMasking(t *testing.T) {
	lines := []string{
		disconnected(""), disconnected(`Conference="token=abcdefgh12345"`), stopped("node1", "Meet Alice"),
		strings.Replace(stopped("node1", "Meet Alice"), "conference has", "conference has", 1),
		`<134>1 2026-05-06T08:08:09.402+00:00 node1 pexip - - - 2026-05-06 08:08:09,337 Level="INFO" Name="support.participant" Message="Call is on hold" Call-id="fe7107ba-1@192.0.2.7"`,
	}
	plain, masked := callConverter(t, traced), callConverter(t, convert.Config{Calls: traced.Calls, Redact: redact.Config{Patterns: []string{`[\w.-]+@[\w.]+`, `Meet \w+`, "44be63a0-2"}}})
	for _, line := range lines {
		var a, b convert.Output
		plain.Convert(callBatch("pexip", "", line), &a)
		masked.Convert(callBatch("pexip", "", line), &b)
		if b.Counts.Redacted == 0 {
			t.Errorf("nothing is masked in %s", line)
		}
		ra, rb := recordtest.Decode(t, a.Groups[0].Records)[0], recordtest.Decode(t, b.Groups[0].Records)[0]
		if !bytes.Equal(ra.TraceId, rb.TraceId) || !bytes.Equal(ra.SpanId, rb.SpanId) || len(ra.TraceId) != 16 {
			t.Errorf("%s: %x/%x, masked %x/%x", line, ra.TraceId, ra.SpanId, rb.TraceId, rb.SpanId)
		}
		if strings.Contains(string(b.Spans[0].Records), "Alice") {
			t.Errorf("the span says what is masked: %q", b.Spans[0].Records)
		}
	}
	var out convert.Output
	soraMasked := callConverter(t, convert.Config{Calls: traced.Calls, Redact: redact.Config{Patterns: []string{"[0-9A-Z]{20}"}}})
	soraMasked.Convert(callBatch("sora", "sora", `{"connection_id":"`+conn+`","msg":"x token=abcdefgh"}`), &out)
	if r := recordtest.Decode(t, out.Groups[0].Records)[0]; len(r.TraceId) > 0 {
		t.Errorf("a masked id made trace %x", r.TraceId)
	}
}

// The ids of docs/calls.md. They are the same for ever: what is sent again after
// an update must be a repeat.
func TestIDVectors(t *testing.T) {
	var n cdr.Namer
	call, participant := n.Call([]byte("890b38520c27737c@192.0.2.7")), n.Participant([]byte("44be63a0-2"))
	c, s := cdr.Connection([]byte(conn)), n.Session([]byte(sess))
	conference := n.Conference([]byte("node1"), []byte("Meet Alice"), 1778054889337000000, []byte("62.234"))
	recording := n.Recording([]byte(rec), []byte(conn))
	data, err := os.ReadFile("../docs/calls.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{
		fmt.Sprintf("| Sora connection `%s` | `%x` | `%x` |", conn, c.Trace, c.Span),
		fmt.Sprintf("| Sora session `%s` | `%x` | `%x` |", sess, s.Trace, s.Span),
		fmt.Sprintf("| recording `%s` of that connection | that of the connection | `%x` |", rec, recording.Span),
		fmt.Sprintf("| Call-id `890b38520c27737c@192.0.2.7`, Participant-id `44be63a0-2` | `%x` | `%x` |", call, participant),
		fmt.Sprintf("| conference `Meet Alice` on `node1`, ended 2026-05-06 08:08:09.337, Duration `62.234` | `%x` | `%x` |", conference.Trace, conference.Span),
	} {
		if !strings.Contains(string(data), row) {
			t.Errorf("docs/calls.md does not have\n%s", row)
		}
	}
}

// A reused Call-id is one trace of two spans; a conference of every day is two;
// two nodes that say so are two.
func TestIDsTellApart(t *testing.T) {
	var n cdr.Namer
	id, d := []byte("7f@192.0.2.7"), []byte("10.5")
	if n.Nameless(id, 1, d) == n.Nameless(id, 2, d) || n.Nameless(id, 1, d) == n.Nameless(id, 1, []byte("10.6")) {
		t.Error("a reused Call-id makes one span of two calls")
	}
	if n.Conference([]byte("a"), id, 1, d) == n.Conference([]byte("b"), id, 1, d) || n.Conference(nil, id, 1, d) == n.Conference(nil, id, 2, d) {
		t.Error("two conferences are one")
	}
	seen := map[any]string{}
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		b := make([]byte, cdr.Whole)
		for i := range b {
			b[i] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[rnd.IntN(32)]
		}
		r := cdr.Connection(b)
		for _, id := range []any{r.Trace, r.Span} {
			if other, ok := seen[id]; ok && other != string(b) {
				t.Fatalf("%s and %s are both %x", other, b, id)
			}
			seen[id] = string(b)
		}
	}
	base := cdr.Connection([]byte(conn))
	for i := range conn { // one changed character changes about half of the bits
		b := []byte(conn)
		b[i] ^= 1
		if n := differing(base.Trace[:], b2(cdr.Connection(b).Trace)); n < 30 || n > 98 {
			t.Errorf("character %d changes %d of 128 bits", i, n)
		}
	}
}

func b2(t [16]byte) []byte { return t[:] }

func differing(a, b []byte) (n int) {
	for i := range a {
		for x := a[i] ^ b[i]; x != 0; x &= x - 1 {
			n++
		}
	}
	return n
}

// goldenBatches are the lines of all golden files and documents.
func goldenBatches(t testing.TB) (all []entry.Batch) {
	tt, ok := t.(*testing.T)
	if !ok {
		return nil
	}
	for _, f := range recordtest.Inputs(tt, "sora/testdata/golden/*.txtar") {
		log := strings.TrimSuffix(path.Base(f.Name), path.Ext(f.Name))
		if strings.HasPrefix(f.Name, "connection_created_wait") {
			log = "connection_created_wait_timeout_error"
		}
		all = append(all, callBatch("sora", log, strings.Split(strings.TrimSuffix(string(f.Data), "\n"), "\n")...))
	}
	for _, pattern := range []string{"pexip/testdata/document.txtar", "pexip/testdata/records.txtar"} {
		data, err := os.ReadFile(pattern)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, callBatch("pexip", "", strings.Split(string(data), "\n")...))
	}
	return all
}

// The texts of a batch are read over by the next ones once it was converted, while what was
// made of it is still on its way.
func TestNothingOfTheTextIsKept(t *testing.T) {
	c := callConverter(t, convert.Config{Calls: record.Calls{Traces: true, Numbers: true}})
	kept := func(out *convert.Output) string {
		return fmt.Sprintf("%+v %+v %+v %+v %+v", out.Groups, out.Spans, out.Counts, out.Severe, out.Numbers)
	}
	samples := 0
	for range 3 { // the third time, lines go the short ways
		for _, b := range goldenBatches(t) {
			var out convert.Output
			c.Convert(b, &out)
			before := kept(&out)
			samples += len(out.Numbers.Samples)
			for i := range b.Entries {
				for j := range b.Entries[i].Text {
					b.Entries[i].Text[j] = '#'
				}
			}
			if kept(&out) != before {
				t.Fatalf("what was made of %s %s has changed with its text", b.Origin.Source, b.Origin.Log)
			}
		}
	}
	if samples == 0 {
		t.Error("no numbers were made")
	}
}

// Without traces nothing changes, not by a byte; with them, records have ids and
// are the same otherwise.
func TestTracesOffChangeNothing(t *testing.T) {
	off, on := callConverter(t, convert.Config{}), callConverter(t, traced)
	with := 0
	for range 3 { // the third time, lines go the short ways
		for _, b := range goldenBatches(t) {
			var x, y convert.Output
			off.Convert(b, &x)
			on.Convert(b, &y)
			for i := range x.Spans {
				if len(x.Spans[i].Records) > 0 {
					t.Fatal("there are spans without traces")
				}
			}
			if len(x.Groups) != len(y.Groups) {
				t.Fatalf("%d groups and %d", len(x.Groups), len(y.Groups))
			}
			for i := range x.Groups {
				rx, ry := recordtest.Decode(t, x.Groups[i].Records), recordtest.Decode(t, y.Groups[i].Records)
				for j := range ry {
					if len(rx[j].TraceId)+len(rx[j].SpanId) > 0 {
						t.Fatal("a record has ids without traces")
					}
					if len(ry[j].TraceId) > 0 {
						with++
					}
					ry[j].TraceId, ry[j].SpanId = nil, nil
					if !proto.Equal(rx[j], ry[j]) {
						t.Errorf("a record differs by more than its ids:\n%v\n%v", rx[j], ry[j])
					}
				}
			}
		}
	}
	if with < 100 {
		t.Errorf("only %d records have a trace", with)
	}
}

// A day with 1,000 calls of mixed ends: as many spans as calls, each as long as
// its call, in whatever batches the lines come.
func TestDayOfCalls(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	want := map[string]int64{}
	var events, syslog []string
	for i := range 1000 {
		begin := time.Date(2026, 5, 1, 0, 0, 0, rnd.IntN(1e9)/1e3*1e3, time.UTC).Add(time.Duration(rnd.IntN(86400)) * time.Second)
		length := time.Duration(rnd.IntN(7200_000)) * time.Millisecond
		id := fmt.Sprintf("%026d", i)
		stamp := func(at time.Time) string { return at.Format("2006-01-02T15:04:05.000000Z") }
		switch i % 4 {
		case 0:
			want[spanID(cdr.Connection([]byte(id)).Span)] = length.Milliseconds()
			events = append(events, event(`"type":"connection.destroyed","connection_id":"`+id+`","data":{"created_timestamp":"`+stamp(begin)+`","destroyed_timestamp":"`+stamp(begin.Add(length))+`"}`))
		case 1:
			want[spanID(cdr.Connection([]byte(id)).Span)] = length.Milliseconds()
			events = append(events, `{"timestamp":"`+stamp(begin.Add(length))+`","req":{"type":"connection.failed","connection_id":"`+id+`","created_timestamp":"`+stamp(begin)+`","data":{"message":"ICE-FAILED"}}}`)
		default:
			var n cdr.Namer
			want[spanID(n.Participant([]byte("participant-"+id)))] = length.Milliseconds()
			end := begin.Add(length)
			syslog = append(syslog, `<134>1 `+end.Format("2006-01-02T15:04:05.000Z")+` node1 pexip - - - `+strings.Replace(end.Format("2006-01-02 15:04:05.000"), ".", ",", 1)+
				` Level="INFO" Name="administrator.conference" Message="Participant has disconnected." Protocol="`+[]string{"SIP", "WebRTC"}[i%2]+`" Call-id="call-`+id+`" Participant-id="participant-`+id+`" Duration="`+fmt.Sprintf("%.3f", length.Seconds())+`"`)
			if i%4 == 3 { // the API connection that a WebRTC call comes with
				syslog = append(syslog, strings.Replace(strings.Replace(syslog[len(syslog)-1], "WebRTC", "API", 1), `"participant-`, `"api-`, 1))
			}
		}
	}
	c := callConverter(t, traced)
	got := map[string]int64{}
	take := func(out *convert.Output) {
		for _, s := range spansOf(t, out) {
			id := hex.EncodeToString(s.SpanId)
			if _, twice := got[id]; twice {
				t.Errorf("span %s came twice", id)
			}
			got[id] = int64(s.EndTimeUnixNano-s.StartTimeUnixNano) / 1e6
		}
	}
	for _, batch := range [][]string{events[:100], events[100:]} {
		var out convert.Output
		c.Convert(callBatch("sora", "event_webhook", batch...), &out)
		take(&out)
	}
	for _, batch := range [][]string{syslog[:3], syslog[3:]} {
		var out convert.Output
		c.Convert(callBatch("pexip", "", batch...), &out)
		take(&out)
	}
	if len(got) != len(want) {
		t.Errorf("%d spans of %d calls", len(got), len(want))
	}
	for id, ms := range want {
		if got[id] != ms {
			t.Errorf("span %s lasts %d ms, its call %d", id, got[id], ms)
		}
	}
}

func spanID(id [8]byte) string { return hex.EncodeToString(id[:]) }

// Legacy lines have eight characters of the id, and carry no trace.
func TestLegacyLinesHaveNoTrace(t *testing.T) {
	var out convert.Output
	callConverter(t, traced).Convert(callBatch("sora", "sora", "2022-06-07T02:25:48.479789Z [error] [lobby/C4ZK2YM8/sendrecv] PONG-TIMEOUT-ERROR"), &out)
	if r := recordtest.Decode(t, out.Groups[0].Records)[0]; len(r.TraceId)+len(r.SpanId) > 0 {
		t.Errorf("trace %x", r.TraceId)
	}
}

// Lines that name their calls, and lines that close them, allocate nothing.
func TestTracesAllocateNothing(t *testing.T) {
	c := callConverter(t, traced)
	for _, b := range []entry.Batch{
		callBatch("sora", "event_webhook", manyLines(200, ids(event(`"type":"connection.destroyed",@CONN,@SESS,"data":{"destroyed_reason":"normal",`+times+`}`)))...),
		callBatch("sora", "sora", manyLines(200, ids(`{@CONN,"level":"error","msg":"PONG-TIMEOUT-ERROR | reason=x","timestamp":"2026-05-01T00:00:00.000000Z"}`))...),
		callBatch("pexip", "", manyLines(200, disconnected(""))...),
		callBatch("pexip", "", manyLines(200, disconnected(`Participant-id=""`))...),
		callBatch("pexip", "", manyLines(200, stopped("node1", "Meet Alice"))...),
	} {
		var out convert.Output
		c.Convert(b, &out)
		if n := testing.AllocsPerRun(20, func() { c.Convert(b, &out) }); n > 100 { // one for each line would be 200; the race detector makes pools forget
			t.Errorf("%v allocations for 200 lines such as %s", n, b.Entries[0].Text)
		}
		if b.Origin.Log != "sora" && out.Counts.Spans != 200 {
			t.Errorf("%d spans of 200 lines such as %s", out.Counts.Spans, b.Entries[0].Text)
		}
	}
}

func manyLines(n int, line string) (all []string) {
	for i := range n {
		all = append(all, strings.Replace(line, "8:08:09,337", fmt.Sprintf("8:08:09,%03d", i), 1))
	}
	return all
}

// A line by UDP on one node and out of a file on another, behind whatever header:
// the same ids.
func TestIDsOnEveryWay(t *testing.T) {
	for _, line := range []string{disconnected(""), stopped("node1", "Meet Alice"), disconnected(`Participant-id=""`), disconnected(`Call-id=""`)} {
		pairs := line[strings.Index(line, "2026-05-06 08"):]
		var want string
		for _, header := range []string{
			"<134>1 2026-05-06T08:08:09.402+00:00 node1 pexip - - - ", "2026-05-06T08:08:09.402+00:00 node1 ", "<134>May  6 08:08:10 node1 pexip[7]: ", "<134>1 2026-05-06T08:09:59Z node1 - - - - ",
		} {
			for _, udp := range []bool{false, true} {
				b := callBatch("pexip", "", header+pairs)
				if udp {
					b.Entries[0].Transport, b.Entries[0].Peer = "udp", netip.MustParseAddrPort("192.0.2.9:514")
					b.Origin.Generation, b.Origin.Path = [16]byte{9}, "/state/spool/7"
				}
				var out convert.Output
				callConverter(t, traced).Convert(b, &out)
				spans := spansOf(t, &out)
				if len(spans) != 1 {
					t.Fatalf("%d spans of %s", len(spans), header+pairs)
				}
				s := spans[0]
				got := fmt.Sprintf("%x/%x %s", s.TraceId, s.SpanId, shown(s))
				if want == "" {
					want = got
				}
				if got != want {
					t.Errorf("udp %v, %q: %s, want %s", udp, header, got, want)
				}
			}
		}
	}
}

// Clocks that differ between nodes are left as they are: a recording may begin before
// the connection that it is a part of, and the parts of a conference may lie apart.
// Nothing is moved, nothing counts as backward, and what belongs together stays so.
func TestClocksOfNodes(t *testing.T) {
	var out convert.Output
	callConverter(t, traced).Convert(callBatch("sora", "event_webhook",
		ids(event(`"type":"connection.destroyed","node_name":"sora@a",@CONN,`+times)),
		ids(event(`"type":"archive.available","node_name":"sora@b",@REC,@CONN,"start_timestamp":"2026-04-30T23:58:30.5Z","stop_timestamp":"2026-04-30T23:59:29.5Z"`))), &out)
	spans := spansOf(t, &out)
	if len(spans) != 2 || shown(spans[0]) != "sora.connection 2026-05-01T00:00:00.326856Z 59500ms" || shown(spans[1]) != "sora.recording 2026-04-30T23:58:30.5Z 59000ms child" {
		t.Fatalf("%v", spans)
	}
	if !bytes.Equal(spans[0].TraceId, spans[1].TraceId) || !bytes.Equal(spans[0].SpanId, spans[1].ParentSpanId) || out.Counts.Backward != 0 {
		t.Errorf("%v, %d backward", spans, out.Counts.Backward)
	}
	slow := strings.Replace(stopped("node2", "Meet Alice"), "08:08:09,337", "08:06:39,337", 1) // a minute and a half slow, and a relay's clock before it
	callConverter(t, traced).Convert(callBatch("pexip", "", stopped("node1", "Meet Alice"), slow), &out)
	spans = spansOf(t, &out)
	if len(spans) != 2 || shown(spans[0]) != "pexip.conference 2026-05-06T08:07:07.103Z 62234ms" || shown(spans[1]) != "pexip.conference 2026-05-06T08:05:37.103Z 62234ms" {
		t.Fatalf("%v", spans)
	}
	if bytes.Equal(spans[0].SpanId, spans[1].SpanId) {
		t.Error("the parts of two nodes are one span")
	}
}

// A line that closes a call costs what its length says, whatever stands in it.
func TestClosingLinesCostTheirLength(t *testing.T) {
	c := callConverter(t, traced)
	const field = `"x_reason":"a","created_timestamp":"2026-05-01T00:00:00Z","data":{"a":1},`
	fields := func(n int) []byte { return bytes.Repeat([]byte(field), n/len(field)) }
	linear.Check(t, "fields", linear.Quick, fields, func(fields []byte) {
		var out convert.Output
		c.Convert(callBatch("sora", "event_webhook", event(`"type":"connection.destroyed",`+string(fields)+`"connection_id":"`+conn+`"`), event(`"type":"connection.destroyed","data":{`+string(fields)+`"z":1}`)), &out)
	})
}
