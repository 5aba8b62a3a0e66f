package convert_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/drop"
	"github.com/rtcship/rtcship/convert/internal/recordtest"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/internal/linear"
)

var measured = convert.Config{Calls: record.Calls{Numbers: true}}

var metricNames = [cdr.NumMetrics]string{
	cdr.CallDuration: "duration", cdr.CallBegun: "begun", cdr.CallJoin: "join", cdr.CallEnded: "ended", cdr.MediaLoss: "loss", cdr.MediaJitter: "jitter",
	cdr.MediaBitRate: "rate", cdr.MediaRoundTrip: "trip", cdr.MediaFreezes: "freezes", cdr.ICEChecking: "checking",
	cdr.LicensesTaken: "taken", cdr.LicensesReleased: "released",
}

// samples are what a batch says, one after another.
func samples(out *convert.Output) string {
	var all []string
	n := &out.Numbers
	for i := range n.Samples {
		s := &n.Samples[i]
		text := metricNames[s.Metric]
		switch s.Metric {
		case cdr.MediaLoss, cdr.MediaJitter, cdr.MediaBitRate, cdr.MediaRoundTrip, cdr.MediaFreezes:
			text += fmt.Sprintf("(%s,%s", s.Medium, s.Direction)
			if s.Interim {
				text += ",interim"
			}
		default:
			text += "(" + s.Kind.String()
			if s.Failed {
				text += ",failed"
			}
			if s.Class != cdr.Unknown {
				text += "," + s.Class.String()
			}
			if s.Code != "" {
				text += "," + s.Code
			}
		}
		if place := n.Place(s); len(place) > 0 {
			text += "," + string(place)
		}
		text += ")"
		if s.Value != 1 {
			text += "=" + strconv.FormatFloat(math.Round(s.Value*1e6)/1e6, 'f', -1, 64)
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

const inbound = `"type":"inbound-rtp","kind":"video","packetsReceived":970,"packetsLost":30,"jitter":0.02,"freezeCount":4`

// What lines say of calls in numbers.
func TestNumbersOfLines(t *testing.T) {
	pair := func(more string) string {
		return `{"timestamp":"2026-05-01T00:01:00Z","connection_id":"` + conn + `","rtc_type":"candidate-pair","rtc_data":{"type":"candidate-pair"` + more + `}}`
	}
	joined := strings.Replace(disconnected(""), "Participant has disconnected.", "Participant has joined.", 1)
	media := func(detail string) string {
		return strings.Replace(strings.Replace(disconnected(`Detail="`+detail+`"`), "Participant has disconnected.", "Media Stream destroyed", 1), "administrator.conference", "support.participant", 1)
	}
	for _, x := range []struct{ log, line, want, from string }{
		{"event_webhook", event(`"type":"connection.created",@CONN`), "begin(sora.connection)", ""},
		{"event_webhook", event(`"type":"connection.created",@CONN`), "", "connection"},
		{"event_webhook", event(`"type":"connection.updated",@CONN`), "", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,"data":{"destroyed_reason":"PONG-TIMEOUT-ERROR",` + times + `}`),
			"ended(sora.connection,timeout,PONG-TIMEOUT-ERROR) duration(sora.connection,timeout,PONG-TIMEOUT-ERROR)=59.5", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,"data":{"destroyed_reason":"NO-ERROR","ice_connection_state":{"total_checking_duration_ms":120},` + times + `}`),
			"checking(sora.connection,normal,no-error)=0.12 ended(sora.connection,normal,no-error) duration(sora.connection,normal,no-error)=59.5", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,"data":{"destroyed_reason":"whatever a client says","ice_connection_state":{"total_checking_duration_ms":"long"}}`),
			"ended(sora.connection,other)", ""},
		{"event_webhook", event(`"type":"connection.destroyed",` + times), "ended(sora.connection) duration(sora.connection)=59.5", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,"created_timestamp":"2026-05-01T00:01:00Z","destroyed_timestamp":"2026-05-01T00:00:59Z"`), "ended(sora.connection)", ""},
		{"event_webhook", event(`"type":"connection.destroyed",@CONN,` + times), "", "connection"},
		{"event_webhook", event(`"type":"connection.failed",@CONN,"data":{"message":"ICE-FAILED"}`), "join(sora.connection,failed,media,other)", ""},
		{"event_webhook", event(`"type":"connection.failed",@CONN,"message":"CONNECTION-CREATED-WAIT-TIMEOUT-ERROR"`), "", ""},
		{"event_webhook_error", event(`"type":"connection.destroyed",@CONN,` + times), "", ""},
		{"connection_created_wait_timeout_error", `{"timestamp":"2026-05-01T00:01:00Z",@CONN}`, "join(sora.connection,failed,timeout,CONNECTION-CREATED-WAIT-TIMEOUT-ERROR)", ""},
		{"session_webhook", event(`"type":"session.created",@SESS`), "begun(sora.session)", ""},
		{"session_webhook", event(`"type":"session.destroyed",@SESS,` + times), "ended(sora.session) duration(sora.session)=59.5", ""},
		{"event_webhook", event(`"type":"recording.started",@REC`), "begun(sora.recording)", ""},
		{"event_webhook", event(`"type":"archive.available",@REC,"start_time":1777593600,"stop_time":1777593660`), "ended(sora.recording) duration(sora.recording)=60", ""},
		{"connection", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,` + times + `,"destroyed_reason":"normal"}`,
			"begin(sora.connection) ended(sora.connection,normal,normal) duration(sora.connection,normal,normal)=59.5", "connection"},
		{"connection", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,` + times + `}`, "", ""},
		{"connection", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,"rtc_stats":[{` + inbound + `},{"type":"codec"},{"type":"candidate-pair","currentRoundTripTime":0.021}],"local_stats":[{` + inbound + `}]}`,
			"loss(video,tx)=0.03 jitter(video,tx)=0.02 freezes(video,tx)=4 trip(transport,both)=0.021", ""},
		{"connection", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,"rtc_stats": [ {"type":"remote-inbound-rtp","mediaType":"audio","fractionLost":0.25,"jitter":0.004,"roundTripTime":0.05} ] }`,
			"loss(audio,rx)=0.25 jitter(audio,rx)=0.004 trip(audio,both)=0.05", ""},
		{"connection", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,"rtc_stats":[]}`, "", ""},
		{"connection", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,"rtc_stats":null,"msg":"rtc_stats"}`, "", ""},
		{"connection", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,"x":"\"rtc_stats\":[{\"type\":\"candidate-pair\",\"currentRoundTripTime\":9}]","rtc_stats":[[{"type":"codec"}],7,"{"]}`, "", ""},
		{"rtc_stats", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,"rtc_type":"inbound-rtp","rtc_data":{` + inbound + `}}`,
			"loss(video,tx,interim)=0.03 jitter(video,tx,interim)=0.02 freezes(video,tx,interim)=4", ""},
		{"rtc_stats", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,"rtc_type":"inbound-rtp","rtc_data":{"kind":"audio","packetsReceived":0,"packetsLost":0}}`, "", ""},
		{"rtc_stats", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,"rtc_type":"inbound-rtp","rtc_data":{"kind":"audio","packetsReceived":10,"packetsLost":-3}}`, "loss(audio,tx,interim)=0", ""},
		{"rtc_stats", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,"rtc_type":"inbound-rtp","rtc_data":{"kind":"tactile","packetsReceived":"x","packetsLost":{},"jitter":-1,"freezeCount":null}}`, "", ""},
		{"rtc_stats", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,"rtc_type":"inbound-rtp","rtc_data":{"jitter":1e999}}`, "", ""},
		{"rtc_stats", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,"rtc_type":"inbound-rtp","rtc_data":7}`, "", ""},
		{"rtc_stats", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,"rtc_type":"inbound-rtp"}`, "", ""},
		{"rtc_stats", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,"rtc_type":"outbound-rtp","rtc_data":{` + inbound + `}}`, "", ""},
		{"rtc_stats", pair(`,"state":"succeeded","nominated":true,"currentRoundTripTime":0.5`), "trip(transport,both,interim)=0.5", ""},
		{"rtc_stats", pair(`,"state":"in-progress","currentRoundTripTime":0.5`), "", ""},
		{"rtc_stats", pair(`,"nominated":false,"currentRoundTripTime":0.5`), "", ""},
		{"sora", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,"level":"error","msg":"PONG-TIMEOUT-ERROR"}`, "", ""},

		{"pexip", joined, "begin(pexip.participant)", ""},
		{"pexip", strings.TrimSuffix(joined, `"`) + `" Location="Oslo" Licenses="2"`, "begin(pexip.participant,Oslo) taken(pexip.participant,Oslo)=2", ""},
		{"pexip", strings.Replace(joined, `"SIP"`, `"API"`, 1), "", ""},
		{"pexip", strings.Replace(joined, "Participant has joined.", "Participant failed to join conference.", 1) + ` Reason="Invalid PIN"`, "join(pexip.participant,failed,rejected,invalid pin)", ""},
		{"pexip", disconnected(""), "ended(pexip.participant,normal,remote disconnect) duration(pexip.participant,normal,remote disconnect)=63.123", ""},
		{"pexip", disconnected("") + ` Location="Oslo" Licenses="1"`,
			"released(pexip.participant,normal,remote disconnect,Oslo) ended(pexip.participant,normal,remote disconnect,Oslo) duration(pexip.participant,normal,remote disconnect,Oslo)=63.123", ""},
		{"pexip", disconnected(`Duration="-2"`), "ended(pexip.participant,normal,remote disconnect)", ""},
		{"pexip", disconnected(`Protocol="BACKPLANE"`), "", ""},
		{"pexip", stopped("node1", "Meet"), "ended(pexip.conference) duration(pexip.conference)=62.234", ""},
		{"pexip", strings.Replace(stopped("node1", "Meet"), "stopped", "created", 1), "begun(pexip.conference)", ""},
		{"pexip", media(`Stream 0 (audio)^M  RX: rate 54kbps loss 0.77% jitter 6ms^M  TX: rate 0kbps loss 0.00% jitter 0ms^M    codec MP4A-LATM rate 64kbps`),
			"rate(audio,rx)=54000 loss(audio,rx)=0.0077 jitter(audio,rx)=0.006 rate(audio,tx)=0", ""},
		{"pexip", media(`Stream 0 (audio)^M  RX: rate 54kbps loss 1% jitter 6ms^M  RX: rate 9kbps loss 9% jitter 9ms^MStream 1 (video)^M TX: rate 1000kbps loss 2% jitter 3ms^MStream 2 (smell)^M TX: rate 1kbps loss x jitter 3^M`),
			"rate(audio,rx)=54000 loss(audio,rx)=0.01 jitter(audio,rx)=0.006 rate(video,tx)=1000000 loss(video,tx)=0.02 jitter(video,tx)=0.003 rate(other,tx)=1000", ""},
		{"pexip", media(`nothing of that kind`), "", ""},
	} {
		source := "sora"
		if x.log == "pexip" {
			source = "pexip"
		}
		want := strings.NewReplacer("begin(pexip.participant,Oslo)", "join(pexip.participant,Oslo) begun(pexip.participant,Oslo)",
			"begin(sora.connection)", "join(sora.connection) begun(sora.connection)", "begin(pexip.participant)", "join(pexip.participant) begun(pexip.participant)").Replace(x.want)
		for _, traces := range []bool{false, true} {
			cfg := measured
			cfg.Calls.SoraFrom, cfg.Calls.Traces = x.from, traces
			c := callConverter(t, cfg)
			for turn := range 4 { // later turns go the short ways
				var out convert.Output
				c.Convert(callBatch(source, x.log, ids(x.line)), &out)
				if got := samples(&out); got != want {
					t.Fatalf("%s, traces %v, turn %d\n%s\ngot  %s\nwant %s", x.log, traces, turn, ids(x.line), got, want)
				}
				checkSamples(t, &out, traces)
			}
		}
	}
}

// checkSamples: each sample has the time of its line, and the trace if there are any.
func checkSamples(t *testing.T, out *convert.Output, traces bool) {
	t.Helper()
	for _, s := range out.Numbers.Samples {
		r := recordtest.Decode(t, out.Groups[0].Records)[0]
		if s.Time != int64(r.TimeUnixNano) || string(r.TraceId) != string(s.Ref.Trace[:len(r.TraceId)]) || traces != (len(r.TraceId) > 0) && strings.Contains(r.Body.GetStringValue(), conn) {
			t.Errorf("a sample of %d, trace %x, of a record of %d, trace %x", s.Time, s.Ref.Trace, r.TimeUnixNano, r.TraceId)
		}
	}
}

// Numbers are taken beside the records, and change nothing in them; a line that no
// number is in takes no part in it, and one that is dropped still counts.
func TestNumbersChangeNothing(t *testing.T) {
	off, on := callConverter(t, convert.Config{}), callConverter(t, measured)
	some := 0
	for range 3 {
		for _, b := range goldenBatches(t) {
			var x, y convert.Output
			off.Convert(b, &x)
			on.Convert(b, &y)
			some += len(y.Numbers.Samples)
			if len(x.Numbers.Samples) > 0 {
				t.Error("numbers that nobody wanted")
			}
			if len(x.Groups) != len(y.Groups) || x.Counts.Records != y.Counts.Records || y.Counts.Spanless != x.Counts.Spanless {
				t.Fatalf("%+v and %+v", x.Counts, y.Counts)
			}
			for i := range x.Groups {
				if string(x.Groups[i].Records) != string(y.Groups[i].Records) || len(y.Spans[i].Records) > 0 {
					t.Errorf("%s: other records with numbers", b.Origin.Log)
				}
			}
		}
	}
	if some < 30 {
		t.Errorf("only %d numbers in all the lines", some)
	}
	cfg := measured
	cfg.Drop.Rules = []drop.Rule{{Log: "event_webhook"}}
	var out convert.Output
	callConverter(t, cfg).Convert(callBatch("sora", "event_webhook", ids(event(`"type":"connection.created",@CONN`))), &out)
	if len(out.Groups) > 0 && len(out.Groups[0].Ends) > 0 || samples(&out) == "" {
		t.Errorf("%d groups, numbers %s of a line that is dropped", len(out.Groups), samples(&out))
	}
}

func TestNumbersAllocateNothing(t *testing.T) {
	c := callConverter(t, measured)
	for _, b := range []lineOf{
		{"sora", "event_webhook", event(`"type":"connection.destroyed",@CONN,@SESS,"data":{"destroyed_reason":"normal",` + times + `}`), 400},
		{"sora", "rtc_stats", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,"rtc_type":"inbound-rtp","rtc_data":{` + inbound + `}}`, 600},
		{"sora", "connection", `{"timestamp":"2026-05-01T00:01:00Z",@CONN,"rtc_stats":[{` + inbound + `}]}`, 600},
		{"sora", "sora", `{@CONN,"level":"error","msg":"PONG-TIMEOUT-ERROR | reason=x","timestamp":"2026-05-01T00:00:00.000000Z"}`, 0},
		{"pexip", "", disconnected("") + ` Location="Oslo"`, 400},
	} {
		batch := callBatch(b.source, b.log, manyLines(200, ids(b.line))...)
		var out convert.Output
		c.Convert(batch, &out)
		if n := testing.AllocsPerRun(20, func() { c.Convert(batch, &out) }); n > 100 || len(out.Numbers.Samples) != b.samples {
			t.Errorf("%v allocations and %d numbers for 200 lines such as %s", n, len(out.Numbers.Samples), b.line)
		}
	}
}

type lineOf struct {
	source, log, line string
	samples           int
}

// A line of statistics costs what its length says.
func TestStatisticsCostTheirLength(t *testing.T) {
	c := callConverter(t, measured)
	for name, part := range map[string]string{"objects": `{"type":"inbound-rtp","jitter":1},`, "names": `"rtc_stats",`, "lists": `[[[],[]]],`} {
		line := func(n int) []byte {
			parts := strings.Repeat(part, n/len(part)/2)
			return []byte(`{"timestamp":"2026-05-01T00:01:00Z","x":[` + parts + `0],"rtc_stats":[` + parts + `0]}`)
		}
		linear.Check(t, name, linear.Quick, line, func(line []byte) {
			var out convert.Output
			c.Convert(callBatch("sora", "connection", string(line)), &out)
		})
	}
}
