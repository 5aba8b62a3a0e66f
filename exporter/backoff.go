package exporter

import (
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

const (
	firstBackoff = 500 * time.Millisecond
	lastBackoff  = 30 * time.Second
)

// backoffDelay returns how long to wait after the n-th failure in a row, counted
// from 0: doubled each time up to lastBackoff, and between half of that and
// all of it, so that many senders do not come back at the same moment.
func backoffDelay(n int) time.Duration {
	d := lastBackoff
	if n < 6 {
		d = min(firstBackoff<<n, lastBackoff)
	}
	return d/2 + rand.N(d/2+1)
}

// An acceptance counts the requests that the collector has accepted, and tells
// those who wait for the next one.
type acceptance struct {
	mu   sync.Mutex
	n    uint64
	news chan struct{} // nil while nobody waits
}

func (a *acceptance) count() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.n
}

func (a *acceptance) add() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.n++
	a.tell()
}

// wake ends the waits without anything having been accepted.
func (a *acceptance) wake() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.tell()
}

func (a *acceptance) tell() {
	if a.news != nil {
		close(a.news)
		a.news = nil
	}
}

// next returns a channel that is closed at the next acceptance or wake.
func (a *acceptance) next() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.news == nil {
		a.news = make(chan struct{})
	}
	return a.news
}

const (
	smallestLimit = 64 << 10
	limitLasts    = 10 * time.Minute
)

// A sizeLimit is what the collector has shown to be too large. It is forgotten
// after a while: the collector's configuration may have changed.
type sizeLimit struct {
	bytes int
	since time.Time
}

func (l *sizeLimit) shrink(bytes int) {
	l.bytes, l.since = max(bytes, smallestLimit), time.Now()
}

// limit returns the size up to which requests are gathered.
func (l *sizeLimit) limit(configured int) int {
	if l.bytes == 0 || time.Since(l.since) > limitLasts {
		return configured
	}
	return min(l.bytes, configured)
}

// A limiter lets each kind of complaint through once in a while.
type limiter struct {
	every time.Duration
	mu    sync.Mutex
	last  map[string]time.Time // by kind, of which there are as many as codes and hints
}

func newLimiter(every time.Duration) *limiter {
	return &limiter{every: every, last: map[string]time.Time{}}
}

func (l *limiter) do(kind string, complain func()) {
	l.mu.Lock()
	last, seen := l.last[kind]
	ok := !seen || time.Since(last) >= l.every
	if ok {
		l.last[kind] = time.Now()
	}
	l.mu.Unlock()
	if ok {
		complain()
	}
}

// forget lets each kind that begins so through again at once.
func (l *limiter) forget(prefix string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.last, func(kind string, _ time.Time) bool { return strings.HasPrefix(kind, prefix) })
}
