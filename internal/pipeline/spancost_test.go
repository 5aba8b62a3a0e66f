package pipeline

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/tailer/entry"
)

// BenchmarkTraces converts the same lines with and without traces in turn, and
// reports what a record costs in processor time either way. Nearly all lines name
// a connection, each another one.
func BenchmarkTraces(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	batch := entry.Batch{Origin: &entry.Origin{Source: "sora", Log: "sora", Path: "/log/sora.jsonl", Generation: [16]byte{1}}}
	var text bytes.Buffer
	for i := range 4000 {
		text.Reset()
		fmt.Fprintf(&text, `{"channel_id":"lobby-%d","connection_id":"%026d","domain":["sora","signaling"],"level":"error","msg":"PONG-TIMEOUT-ERROR | reason=<<\"WebSocket\">>","multistream":true,`+
			`"node":"sora@10.20.30.40","role":"sendrecv","simulcast":false,"sora_version":"2025.1.3","spotlight":false,"timestamp":"2026-11-20T23:59:%02d.%06dZ"}`, rnd.IntN(40), rnd.Uint64(), i/100, rnd.IntN(1e6))
		batch.Entries = append(batch.Entries, entry.Entry{Text: bytes.Clone(text.Bytes()), Offset: int64(400 * i), Observed: time.Unix(1800000000, 0)})
	}
	var converters [2]*convert.Converter
	var spent [2]time.Duration
	var outs [2]convert.Output
	for i := range converters {
		cfg := config.Default()
		cfg.Calls.Traces = i == 1
		var err error
		if converters[i], err = NewConverter(&cfg, "test"); err != nil {
			b.Fatal(err)
		}
		converters[i].Convert(batch, &outs[i])
	}
	for n := 0; b.Loop(); n++ {
		for k := range 2 {
			i := (k + n) % 2
			start := ownTime()
			converters[i].Convert(batch, &outs[i])
			spent[i] += ownTime() - start
		}
	}
	for i, name := range []string{"off-ns/record", "on-ns/record"} {
		b.ReportMetric(float64(spent[i])/float64(b.N)/4000, name)
	}
}

// ownTime is the processor time of this process.
func ownTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
