package pipeline

import (
	"fmt"
	"testing"
	"time"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/numbers"
	"github.com/rtcship/rtcship/tailer/entry"
)

// BenchmarkNumbers converts the same lines with and without numbers in turn, and
// counts them, and reports what a record costs in processor time either way.
func BenchmarkNumbers(b *testing.B) {
	const id = `"connection_id":"%026d"`
	for _, x := range []struct{ name, source, log, line string }{
		{"sora", "sora", "sora", `{"channel_id":"lobby",` + id + `,"domain":["sora","signaling"],"level":"error","msg":"PONG-TIMEOUT-ERROR | reason=<<\"WebSocket\">>","multistream":true,"node":"sora@10.20.30.40","role":"sendrecv","simulcast":false,"sora_version":"2025.1.3","spotlight":false,"timestamp":"2026-11-20T23:59:00.000001Z"}`},
		{"pexip", "pexip", "", `<134>1 2026-05-06T08:08:09.402+00:00 node1 pexip - - - 2026-05-06 08:08:09,337 Level="INFO" Name="support.participant" Message="Presentation started" Presenter="alice" Participant="sip:alice@example.com" Call-id="%026d"`},
		{"event", "sora", "event_webhook", `{"id":"E5ZK2YM8RX0TQ4WB7HCJ9D3NVE","timestamp":"2026-05-01T00:01:00.100000Z","req":{"id":"R","timestamp":"2026-05-01T00:01:00.050000Z","type":"connection.updated","channel_id":"lobby",` + id + `,"role":"sendrecv"}}`},
		{"end", "sora", "event_webhook", `{"id":"E5ZK2YM8RX0TQ4WB7HCJ9D3NVE","timestamp":"2026-05-01T00:01:00.100000Z","req":{"id":"R","timestamp":"2026-05-01T00:01:00.050000Z","type":"connection.destroyed",` + id + `,"data":{"created_timestamp":"2026-05-01T00:00:00.326856Z","destroyed_timestamp":"2026-05-01T00:00:59.826856Z","destroyed_reason":"normal"}}}`},
		{"stats-codec", "sora", "rtc_stats", `{` + id + `,"id":"K01V4T9Q0ZB8MW6R2YHJDC5SKP","timestamp":"2026-05-01T00:00:08.592776Z","type":"connection.rtc","channel_id":"lobby","rtc_type":"codec","rtc_data":{"id":"AP","timestamp":1.777593608592e+12,"type":"codec","payloadType":96,"mimeType":"video/VP8"}}`},
		{"stats-inbound", "sora", "rtc_stats", `{` + id + `,"id":"K01V4T9Q0ZB8MW6R2YHJDC5SKP","timestamp":"2026-05-01T00:00:08.592776Z","type":"connection.rtc","channel_id":"lobby","rtc_type":"inbound-rtp","rtc_data":{"id":"AP","timestamp":1.777593608592e+12,"type":"inbound-rtp","kind":"video","packetsReceived":970,"packetsLost":30,"jitter":0.02,"freezeCount":4}}`},
	} {
		b.Run(x.name, func(b *testing.B) {
			batch := entry.Batch{Origin: &entry.Origin{Source: x.source, Log: x.log, Path: "/log/" + x.log + ".jsonl", Generation: [16]byte{1}}}
			for i := range 1000 {
				batch.Entries = append(batch.Entries, entry.Entry{Text: fmt.Appendf(nil, x.line, i), Offset: int64(400 * i), Observed: time.Unix(1800000000, 0)})
			}
			compareNumbers(b, batch)
		})
	}
}

func compareNumbers(b *testing.B, batch entry.Batch) {
	meter, err := numbers.Expose()
	if err != nil {
		b.Fatal(err)
	}
	var converters [2]*convert.Converter
	var spent [2]time.Duration
	var outs [2]convert.Output
	for i := range converters {
		cfg := config.Default()
		cfg.Calls.Metrics = i == 1
		if converters[i], err = NewConverter(&cfg, "test"); err != nil {
			b.Fatal(err)
		}
	}
	for n := 0; b.Loop(); n++ {
		for k := range 2 {
			i := (k + n) % 2
			start := ownTime()
			converters[i].Convert(batch, &outs[i])
			if i == 1 {
				for j := range outs[i].Numbers.Samples { // as if it were now
					outs[i].Numbers.Samples[j].Time = time.Now().UnixNano()
				}
				meter.Note(&outs[i].Numbers, 0)
			}
			spent[i] += ownTime() - start
		}
	}
	per := float64(b.N * len(batch.Entries))
	b.ReportMetric(float64(spent[0])/per, "off-ns/record")
	b.ReportMetric(float64(spent[1])/per, "on-ns/record")
	b.ReportMetric(float64(spent[1])/float64(spent[0]), "ratio")
}
