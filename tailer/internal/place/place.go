// Package place is where the bytes of a generation are, by what name and since when. It
// is plain data: whoever has it guards it.
package place

import (
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// A State says how a file is followed at present.
type State string

// The states a followed file can be in.
const (
	Live       State = "live"       // at its own name
	Rotated    State = "rotated"    // at another name
	Compressed State = "compressed" // its content is in a compressed file
	Deleted    State = "deleted"    // has no name any more, but is still open
	Moved      State = "moved"      // has no name in a directory that is followed, but is still open
	Missing    State = "missing"    // cannot be found
	Unreadable State = "unreadable" // is there and cannot be read at present
	Ignored    State = "ignored"    // is there and is not followed; Reason says why, or Error if somebody should do something
	Settled    State = "settled"    // small files that nothing more is expected of, all of them in one line
)

// A Place is where a file is, or was last.
type Place struct {
	Path    string
	Key     file.Key
	Packed  file.Packing
	Live    bool // at its own name
	Astray  bool // at the name of another log
	State   State
	Stat    file.Stat // of the file when last looked at
	Written int64     // its mtime when last seen to have grown

	Changed time.Time // when last seen to have changed
	Rotated time.Time // when first seen away from its own name; zero if live
	Missing time.Time // when first not found; zero if found
	Used    time.Time // when the file was last needed
}

// Locate notes that the file is f. log is the path of the log that it is one of.
func (p *Place) Locate(f *rules.File, log string, now time.Time) {
	p.Path, p.Key, p.Packed = f.Path, f.Stat.Key, f.Class.Packed
	p.Missing = time.Time{}
	p.Astray = f.Class.Family != log
	if p.Live = isLive(f, log); p.Live {
		p.Rotated = time.Time{}
	} else {
		p.displace(now)
	}
	switch {
	case p.IsPacked():
		p.State = Compressed
	case p.Live:
		p.State = Live
	default:
		p.State = Rotated
	}
}

func isLive(f *rules.File, log string) bool { return f.Class.Live && f.Class.Family == log }

// IsAt says whether that is known of f already.
func (p *Place) IsAt(f *rules.File, log string) bool {
	return p.Path == f.Path && p.Live == isLive(f, log) && p.State != Unreadable && !p.Unnamed()
}

// Leave notes that no name leads to the file any more: what becomes of it is Deleted or
// Moved while it is open, and else Missing.
func (p *Place) Leave(state State, now time.Time) {
	p.displace(now)
	if p.State = state; state == Missing {
		p.Missing = now
	}
}

// Lose is Leave for a file that never was, or is not any more, what it was taken for.
func (p *Place) Lose(now time.Time) {
	p.Key = file.Key{}
	p.Leave(Missing, now)
}

func (p *Place) displace(now time.Time) {
	if p.Live = false; p.Rotated.IsZero() {
		p.Rotated = now
	}
}

// IsFound says whether a file is there.
func (p *Place) IsFound() bool { return p.Missing.IsZero() }

// IsPacked says whether it is compressed.
func (p *Place) IsPacked() bool { return p.Packed != file.Unpacked }

// Unnamed says whether no name leads to it while it is open: closed, it is gone.
func (p *Place) Unnamed() bool { return p.State == Deleted || p.State == Moved }

// Quiet is for how long it has not been seen to change.
func (p *Place) Quiet(now time.Time) time.Duration { return now.Sub(p.Changed) }

// Away is for how long it has been seen away from its own name, 0 while it is there.
func (p *Place) Away(now time.Time) time.Duration {
	if p.Live {
		return 0
	}
	return now.Sub(p.Rotated)
}

// Gone is for how long it has not been found, 0 while it is.
func (p *Place) Gone(now time.Time) time.Duration {
	if p.IsFound() {
		return 0
	}
	return now.Sub(p.Missing)
}
