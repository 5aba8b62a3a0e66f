package admin

import (
	"testing"
	"time"

	"github.com/rtcship/rtcship/internal/pipeline"
	"github.com/rtcship/rtcship/tailer/syslog"
)

// A rate is that of the last minute, and not of a life with a busy beginning.
func TestRates(t *testing.T) {
	var r rates
	start := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	look := func(after time.Duration, messages uint64) float64 {
		return r.look(&pipeline.Status{
			Started: start, Now: start.Add(after),
			Listeners: []syslog.ListenerStatus{{Listen: "udp://0.0.0.0:514", Messages: messages}},
		})["udp://0.0.0.0:514"]
	}
	for _, c := range []struct {
		after    time.Duration
		messages uint64
		want     float64
	}{
		{100 * time.Second, 1000, 10}, // the first look: since the start
		{101 * time.Second, 1000, 1000. / 101},
		{105 * time.Second, 1010, 2}, // since the first look
		{110 * time.Second, 1010, 1},
		{110 * time.Second, 1010, 1},
		{162 * time.Second, 1010, 0}, // the first look was over a minute ago
		{170 * time.Second, 5, 0},    // opened anew
		{300 * time.Second, 3000, 10},
	} {
		if got := look(c.after, c.messages); got != c.want {
			t.Errorf("after %v: %v a second, want %v", c.after, got, c.want)
		}
	}
	for i := range 1000 {
		look(400*time.Second+time.Duration(i)*time.Second, uint64(i))
	}
	if n := len(r.samples); n > int(rateWindow/sampleEvery)+1 {
		t.Errorf("%d samples are kept", n)
	}
}
