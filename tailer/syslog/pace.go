package syslog

import "time"

// At 10,000 messages a second, by far the most work is to wake up for each of
// them and to write each on its own. So a connection or socket that was read
// empty is left alone for a while, and what comes meanwhile is read and
// written together. Nothing waits for the first message after a silence.
const (
	// maxPause is the longest such while. It is short against the time that a
	// record waits for its request to be filled.
	maxPause = 40 * time.Millisecond

	// minPause is the shortest that is worth a timer.
	minPause = 500 * time.Microsecond
)

// A pacer says how long to leave a source alone.
type pacer struct {
	longest time.Duration
	most    int // less than this, in what unit ever, should come meanwhile

	// probe leaves each sixteenth pause out. A sender that was held up by a
	// full window, and seemed slow for that, shows then how fast it is.
	probe bool

	got   int // since the last pause
	count int // of pauses
	last  time.Time
}

// pause returns how long to wait, if the source goes on as it did since the
// last time.
//
// The longest pauses end at the same moments for all sources, so that one
// timer wakes many.
func (p *pacer) pause(now time.Time) time.Duration {
	since, got := now.Sub(p.last), p.got
	p.last, p.got = now, 0
	d := p.longest
	if got > 0 && since < time.Second {
		d = min(d, time.Duration(float64(since)*float64(p.most)/float64(got)))
	}
	p.count++
	switch {
	case d < minPause || p.probe && p.count%16 == 0:
		return 0
	case d < p.longest:
		return d
	}
	phase := time.Duration(now.UnixNano()) % p.longest
	if phase > p.longest/2 {
		return 2*p.longest - phase
	}
	return p.longest - phase
}
