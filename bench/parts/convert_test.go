// Package parts measures the parts of rtcship one by one on the lines that
// the side-by-side runs use:
//
//	go test -bench . ./parts
//
// Time and bytes are per entry, so that the parts can be added up.
package parts

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rtcship/rtcship/bench/internal/corpus"
	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/tailer/entry"
)

// legacy is a line of sora.log in its older form.
const legacy = `2026-04-11T09:21:44.018302Z [error] [ward-round/7Q2M0XKD/sendrecv] [multi] <0.4711.9> PONG-TIMEOUT-ERROR | reason=<<"WebSocket">>`

// entries returns n entries of lines that next appends.
func entries(n int, next func(dst []byte, i int64) []byte) []entry.Entry {
	all := make([]entry.Entry, n)
	offset := int64(0)
	for i := range all {
		text := bytes.TrimSuffix(next(nil, int64(i)), []byte("\n"))
		all[i] = entry.Entry{Text: text, Offset: offset, Observed: time.Unix(1790000000, 0)}
		offset += int64(len(text)) + 1
	}
	return all
}

func soraEntries(n int) []entry.Entry {
	m := corpus.NewMaker(1)
	return entries(n, func(dst []byte, i int64) []byte { return m.AppendSora(dst, m.Stamp(i)) })
}

func pexipEntries(n int) []entry.Entry {
	m := corpus.NewMaker(1)
	return entries(n, func(dst []byte, i int64) []byte { return m.AppendPexip(dst, m.Stamp(i)) })
}

func legacyEntries(n int) []entry.Entry {
	return entries(n, func(dst []byte, _ int64) []byte { return append(dst, legacy...) })
}

// cpuPerOp reports processor time, which other work on the machine disturbs
// less than the time that passes. Call what it returns at the end.
func cpuPerOp(b *testing.B) func() {
	start := cpu(b)
	return func() { b.ReportMetric(float64(cpu(b)-start)/float64(b.N), "cpu-ns/op") }
}

// cpu is the processor time of this process so far, in nanoseconds.
func cpu(b *testing.B) int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return t.Nano()
}

// BenchmarkConvert is everything between a batch and its records in wire form.
func BenchmarkConvert(b *testing.B) {
	const (
		batch = 3000       // entries of about 1 MiB
		lines = 20 * batch // so many that what is remembered of lines has to be learnt again and again, as in a real log
	)
	for _, c := range []struct {
		name    string
		origin  entry.Origin
		entries []entry.Entry
		redact  bool
	}{
		{"sora", entry.Origin{Source: "sora", Log: "sora", Path: "/var/log/sora/sora.jsonl"}, soraEntries(lines), true},
		{"sora unmasked", entry.Origin{Source: "sora", Log: "sora", Path: "/var/log/sora/sora.jsonl"}, soraEntries(lines), false},
		{"legacy", entry.Origin{Source: "sora", Log: "sora", Path: "/var/log/sora/sora.log"}, legacyEntries(lines), true},
		{"pexip", entry.Origin{Source: "pexip"}, pexipEntries(lines), true},
		{"pexip unmasked", entry.Origin{Source: "pexip"}, pexipEntries(lines), false},
	} {
		b.Run(strings.ReplaceAll(c.name, " ", "-"), func(b *testing.B) {
			conv, err := convert.New(convert.Config{Redact: redact.Config{Enabled: c.redact}})
			if err != nil {
				b.Fatal(err)
			}
			var out convert.Output
			b.ReportAllocs()
			defer cpuPerOp(b)()
			for n := 0; n < b.N; n += batch {
				from := n % lines
				conv.Convert(entry.Batch{Origin: &c.origin, Entries: c.entries[from : from+min(batch, b.N-n)]}, &out)
			}
		})
	}
}
