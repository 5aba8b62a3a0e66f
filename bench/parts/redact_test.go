package parts

import (
	"testing"

	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/tailer/entry"
)

// BenchmarkSuspect is what masking costs a line that holds no secret.
func BenchmarkSuspect(b *testing.B) {
	r, err := redact.New(redact.Config{Enabled: true})
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		redactor *redact.Redactor
		entries  []entry.Entry
	}{
		{"sora", r, soraEntries(1000)},
		{"pexip", r.ForPexip(), pexipEntries(1000)},
	} {
		b.Run(c.name, func(b *testing.B) {
			suspects := 0
			defer cpuPerOp(b)()
			for n := range b.N {
				if c.redactor.Suspect(c.entries[n%len(c.entries)].Text) {
					suspects++
				}
			}
			b.ReportMetric(float64(suspects)/float64(b.N), "suspects/op")
		})
	}
}
