package pipeline

import (
	"maps"

	"github.com/rtcship/rtcship/exporter"
)

// A SpanLedger says what became of the spans that were made, since the process began.
type SpanLedger struct {
	Accepted int64            `json:"accepted"` // acknowledged by the endpoint for traces
	Dropped  map[string]int64 `json:"dropped"`  // by reason
}

// A SpanStatus is how delivery of spans is.
type SpanStatus struct {
	SpanLedger
	Away   bool            `json:"away"` // the endpoint does not answer in time, and no batch waits for it
	Export exporter.Status `json:"export"`
}

// dropped books spans that were given up.
func (b *books) dropped(reason string, n int) {
	if n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spans.Dropped == nil {
		b.spans.Dropped = map[string]int64{}
	}
	b.spans.Dropped[reason] += int64(n)
}

// spanned books spans that are settled.
func (b *books) spanned(o exporter.Outcome) {
	b.dropped(spansRejected, o.Rejected)
	b.dropped(spansRefused, o.Dead)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spans.Accepted += int64(o.Accepted)
}

// spanLedger copies what was booked.
func (b *books) spanLedger() SpanLedger {
	b.mu.Lock()
	defer b.mu.Unlock()
	return SpanLedger{b.spans.Accepted, maps.Clone(b.spans.Dropped)}
}

// Unmade is how many lines of each source close a call and made no span.
func (s *Status) Unmade() map[string]int {
	all := map[string]int{}
	for source, c := range s.Counts {
		for _, n := range c.Spanless {
			if n > 0 {
				all[source] += n
			}
		}
	}
	return all
}
