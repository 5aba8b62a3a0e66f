package syslog

import (
	"sync"
	"time"
)

// noticeEvery is how often a listener logs that it refuses something for a
// reason. A port that is open to a network is scanned, and one entry for each
// connection would fill the log.
const noticeEvery = time.Minute

// notices say when to log what is refused, by reason. The zero value is ready.
type notices struct {
	mu sync.Mutex
	by map[string]*notice
}

// A notice is what has become of one reason.
type notice struct {
	last   time.Time // when it was logged
	silent int       // how often it was not, since then
}

// due says whether to log at now that n more were refused for a reason, and
// how many were refused before without being logged.
func (ns *notices) due(reason string, n int, now time.Time) (silent int, ok bool) {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	if ns.by == nil {
		ns.by = make(map[string]*notice)
	}
	at := ns.by[reason]
	if at == nil {
		at = new(notice)
		ns.by[reason] = at
	}
	if !at.last.IsZero() && now.Sub(at.last) < noticeEvery {
		at.silent += n
		return 0, false
	}
	silent, at.last, at.silent = at.silent, now, 0
	return silent, true
}

// notice logs that something of a peer was refused, once a minute for each
// reason.
func (l *listener) notice(what, reason, peer string, n int) {
	if silent, ok := l.notices.due(reason, n, time.Now()); ok {
		l.log().Warn("syslog peer turned away", "what", what, "reason", reason, "peer", peer, "not_logged_before", silent)
	}
}
