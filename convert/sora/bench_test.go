package sora_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/tailer"
)

const (
	jsonLine = `{"channel_id":"lobby-7","connection_id":"8ZC5V2K4QH1PX30M7RNTEJ6W9A","domain":["sora","signaling"],"level":"error","msg":"PONG-TIMEOUT-ERROR | reason=<<\"WebSocket\">>","multistream":true,"node":"sora@10.20.30.40","role":"sendrecv","simulcast":false,"sora_version":"2025.1.3","spotlight":false,"timestamp":"2026-11-20T23:59:58.123456Z"}`

	legacyLine = `2026-11-20T23:59:58.123456Z [error] sora@10.20.30.40 [lobby-7/8ZC5V2K4/sendrecv] [multi] <0.13016.17> PONG-TIMEOUT-ERROR | reason=<<"WebSocket">>`
)

// benchmark converts batches of 1,000 equal lines and reports the time per line.
func benchmark(b *testing.B, name, line string) {
	entries := make([]tailer.Entry, 1000)
	text := []byte(line)
	for i := range entries {
		entries[i] = tailer.Entry{Text: text, Offset: int64(i * len(line)), Observed: born}
	}
	c := newConverter(b)
	var out convert.Output
	batch := tailer.Batch{Origin: originOf(name), Entries: entries}
	c.Convert(batch, &out)
	b.ReportAllocs()
	start := cpuTime()
	for b.Loop() {
		c.Convert(batch, &out)
	}
	b.ReportMetric(float64(cpuTime()-start)/float64(b.N)/1000, "cpu-ns/line")
	b.ReportMetric(float64(len(line)), "B/line")
}

// cpuTime is the CPU time that this process has used, which other programs on
// the machine disturb less than the time on the wall.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkJSON(b *testing.B)   { benchmark(b, "sora.jsonl", jsonLine) }
func BenchmarkLegacy(b *testing.B) { benchmark(b, "sora.log", legacyLine) }

func BenchmarkWebhook(b *testing.B) {
	benchmark(b, "event_webhook.jsonl", `{"id":"4C9SM2YH5D1T7BQKX80ZRVWEGN","timestamp":"2026-11-20T23:59:58.123456Z","req":{"id":"9MX4YB6ZK20WSG5T1RHVQE7DCN","label":"WebRTC SFU Sora","type":"connection.created","version":"2025.1.3","node_name":"sora@10.20.30.40","channel_id":"lobby-7","connection_id":"8ZC5V2K4QH1PX30M7RNTEJ6W9A","role":"sendrecv","data":{"audio":{"codec_type":"OPUS"},"video":true,"minutes":0}}}`)
}

// A line costs no allocation once the buffers are there.
func TestNoAllocations(t *testing.T) {
	for name, line := range map[string]string{"sora.jsonl": jsonLine, "sora.log": legacyLine} {
		c := newConverter(t)
		var out convert.Output
		batch := tailer.Batch{Origin: originOf(name)}
		for i := range 100 {
			batch.Entries = append(batch.Entries, tailer.Entry{Text: []byte(line), Offset: int64(i)})
		}
		if n := testing.AllocsPerRun(20, func() { c.Convert(batch, &out) }); n > 2 {
			t.Errorf("%s: %v allocations for %d lines", name, n, len(batch.Entries))
		}
		if strings.Contains(name, "json") && out.Counts.ParseErrors != [5]int{} {
			t.Errorf("%s: %+v", name, out.Counts)
		}
	}
}
