package sora_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/tailer/entry"
)

const (
	jsonLine = `{"channel_id":"lobby-7","connection_id":"8ZC5V2K4QH1PX30M7RNTEJ6W9A","domain":["sora","signaling"],"level":"error","msg":"PONG-TIMEOUT-ERROR | reason=<<\"WebSocket\">>","multistream":true,"node":"sora@10.20.30.40","role":"sendrecv","simulcast":false,"sora_version":"2025.1.3","spotlight":false,"timestamp":"2026-11-20T23:59:58.123456Z"}`

	legacyLine = `2026-11-20T23:59:58.123456Z [error] sora@10.20.30.40 [lobby-7/8ZC5V2K4/sendrecv] [multi] <0.13016.17> PONG-TIMEOUT-ERROR | reason=<<"WebSocket">>`
)

// varied returns n lines of sora.jsonl as a busy server writes them: a quarter
// of them are about no connection, identities hardly ever come again, most
// messages are one of a few, and some hold numbers or are long. Equal lines would
// flatter the branch prediction of the processor, and what is remembered of the
// line before.
func varied(n int) []string {
	messages := [][2]string{
		{"info", `CONNECTION-CREATED`}, {"info", `CONNECTION-DESTROYED | reason=normal`},
		{"warning", `WEBSOCKET-TERMINATE | reason={remote,1001,<<\"going away\">>}`},
		{"error", `PONG-TIMEOUT-ERROR | reason=<<\"WebSocket\">>`},
		{"info", `simulcast layer changed to r1 after %d ms`}, {"debug", `%d bytes relayed since the last report`},
		{"warning", `UNKNOWN-RTP | reason=#{ssrc => %d,payload_type => 96}`},
		{"error", `AUTH-WEBHOOK-INTERNAL-ERROR | reason={failed_connect,[{to_address,{\"hooks.internal\",%d}},{inet,[inet],econnrefused}]}`},
		{"error", `SIGNALING-INTERNAL-ERROR | reason={badmatch,[` + strings.Repeat(`{gen_server,call,3,[{file,\"gen_server.erl\"},{line,%[1]d}]},`, 12) + `{line,%[1]d}]}`},
	}
	roles := []string{"sendrecv", "sendonly", "recvonly"}
	rnd := rand.New(rand.NewPCG(1, 2))
	lines := make([]string, n)
	for i := range lines {
		var connection string
		if rnd.IntN(4) > 0 {
			connection = fmt.Sprintf(`"channel_id":"lobby-%d","connection_id":"%026d",`, rnd.IntN(40), rnd.Uint64())
		}
		m := messages[rnd.IntN(1+rnd.IntN(len(messages)))]
		text := m[1]
		if strings.Contains(text, "%") {
			text = fmt.Sprintf(text, rnd.IntN(65536))
		}
		lines[i] = fmt.Sprintf(`{%s"domain":["sora","%s"],"level":"%s","msg":"%s","multistream":true,"node":"sora@10.20.30.40","role":"%s",`+
			`"simulcast":%t,"sora_version":"2025.1.3","spotlight":false,"timestamp":"2026-11-20T23:59:%02d.%06dZ"}`,
			connection, []string{"signaling", "rtp"}[rnd.IntN(2)], m[0], text, roles[rnd.IntN(3)], rnd.IntN(2) == 0, i*60/n, rnd.IntN(1e6))
	}
	return lines
}

// benchmark converts a batch of lines again and again and reports the time per line.
func benchmark(b *testing.B, name string, lines ...string) {
	if len(lines) == 1 {
		lines = slices.Repeat(lines, 1000)
	}
	entries := make([]entry.Entry, len(lines))
	size := 0
	for i, line := range lines {
		entries[i] = entry.Entry{Text: []byte(line), Offset: int64(size), Observed: born}
		size += len(line)
	}
	c := newConverter(b)
	var out convert.Output
	batch := entry.Batch{Origin: originOf(name), Entries: entries}
	c.Convert(batch, &out)
	b.ReportAllocs()
	start := cpuTime()
	for b.Loop() {
		c.Convert(batch, &out)
	}
	b.ReportMetric(float64(cpuTime()-start)/float64(b.N)/float64(len(lines)), "cpu-ns/line")
	b.ReportMetric(float64(size)/float64(len(lines)), "B/line")
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

func BenchmarkJSON(b *testing.B)   { benchmark(b, "sora.jsonl", varied(4000)...) }
func BenchmarkEqual(b *testing.B)  { benchmark(b, "sora.jsonl", jsonLine) }
func BenchmarkLegacy(b *testing.B) { benchmark(b, "sora.log", legacyLine) }

const webhookLine = `{"id":"4C9SM2YH5D1T7BQKX80ZRVWEGN","timestamp":"2026-11-20T23:59:58.123456Z","req":{"id":"9MX4YB6ZK20WSG5T1RHVQE7DCN","label":"WebRTC SFU Sora","type":"connection.created","version":"2025.1.3","node_name":"sora@10.20.30.40","channel_id":"lobby-7","connection_id":"8ZC5V2K4QH1PX30M7RNTEJ6W9A","role":"sendrecv","data":{"audio":{"codec_type":"OPUS"},"video":true,"minutes":0}}}`

func BenchmarkWebhook(b *testing.B) {
	benchmark(b, "event_webhook.jsonl", webhookLine)
}

// A line costs no allocation once the buffers are there.
func TestNoAllocations(t *testing.T) {
	for name, line := range map[string]string{"sora.jsonl": jsonLine, "sora.log": legacyLine, "event_webhook.jsonl": webhookLine} {
		c := newConverter(t)
		var out convert.Output
		batch := entry.Batch{Origin: originOf(name)}
		for i := range 100 {
			batch.Entries = append(batch.Entries, entry.Entry{Text: []byte(line), Offset: int64(i)})
		}
		n := math.Inf(1) // a sync.Pool loses things now and then, more so under the race detector
		for range 20 {
			n = min(n, testing.AllocsPerRun(1, func() { c.Convert(batch, &out) }))
		}
		if n > 2 {
			t.Errorf("%s: %v allocations for %d lines", name, n, len(batch.Entries))
		}
		if strings.Contains(name, "json") && out.Counts.ParseErrors != [5]int{} {
			t.Errorf("%s: %+v", name, out.Counts)
		}
	}
}
