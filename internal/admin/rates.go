package admin

import (
	"sync"
	"time"

	"github.com/rtcship/rtcship/internal/pipeline"
)

// rates are how many messages listeners get a second, over the last minute as
// far as somebody has looked. Nothing is done for them while nobody does.
type rates struct {
	mu      sync.Mutex
	samples []sample // oldest first, a few seconds apart
}

type sample struct {
	at       time.Time
	messages map[string]uint64 // by listener
}

const (
	rateWindow  = time.Minute
	sampleEvery = 4 * time.Second // the page asks every five
)

// look returns the rates by listener, and remembers s for the next time.
func (r *rates) look(s *pipeline.Status) map[string]float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.samples) > 0 && s.Now.Sub(r.samples[0].at) > rateWindow {
		r.samples = r.samples[1:]
	}
	now := sample{s.Now, map[string]uint64{}}
	base := sample{at: s.Started}
	if len(r.samples) > 0 && s.Now.Sub(r.samples[0].at) >= sampleEvery {
		base = r.samples[0]
	}
	perSecond := map[string]float64{}
	for i := range s.Listeners {
		l := &s.Listeners[i]
		now.messages[l.Listen] = l.Messages
		if n := base.messages[l.Listen]; n <= l.Messages { // it may have been closed and opened
			perSecond[l.Listen] = float64(l.Messages-n) / max(s.Now.Sub(base.at).Seconds(), 1)
		}
	}
	if n := len(r.samples); n == 0 || s.Now.Sub(r.samples[n-1].at) >= sampleEvery {
		r.samples = append(r.samples, now)
	}
	return perSecond
}
