package progress

import (
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

// A Log is what is settled of all generations of one log.
type Log struct {
	src   *Source
	form  entry.Form
	owner any // whose it is

	newest int64       // mtime of the newest write that is settled
	clock  time.Time   // run_erl's clock where it was read last
	listed bool        // in changes
	turns  []*Progress // all, in the order in which they are read
}

// NewLog makes a Log of which nothing is settled. owner is what those get who ask which
// have changed.
func NewLog(src *Source, form entry.Form, owner any) *Log {
	return &Log{src: src, form: form, owner: owner}
}

// Settled returns the mtime of the newest write that is settled, and run_erl's clock
// where the log was read last.
func (r *Readers) Settled(l *Log) (newest int64, clock time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return l.newest, l.clock
}

// Restore says what was settled of l before.
func (r *Readers) Restore(l *Log, newest int64, clock time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.settle(l, newest, clock)
}

func (r *Readers) settle(l *Log, newest int64, clock time.Time) {
	if newest == l.newest && clock.Equal(l.clock) {
		return
	}
	l.newest, l.clock = newest, clock
	if !l.listed {
		l.listed = true
		r.unsavedLogs = append(r.unsavedLogs, l)
	}
}
