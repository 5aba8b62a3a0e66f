package tailer

import (
	"cmp"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

// A FileStatus is the ledger's line about one generation of one file; or, of the
// many small files that are settled, one line about all those of a directory.
type FileStatus struct {
	Source     string `json:"source"`     // Source.Name
	Log        string `json:"log"`        // Origin.Log
	Path       string `json:"path"`       // where the file is, or was last
	Generation string `json:"generation"` // in hexadecimal
	State      State  `json:"state"`
	Files      int64  `json:"files,omitempty"` // how many, if State is Settled

	Size    int64 `json:"size"`    // uncompressed, as far as known
	Read    int64 `json:"read"`    // everything before has been read
	Settled int64 `json:"settled"` // everything before is settled
	Lag     int64 `json:"lag"`     // Size − Settled

	// Behind is for how long there have been unsettled bytes; 0 if there are none.
	Behind time.Duration `json:"behind_ns"`

	// Counters since this process began: entries handed on, settled, empty
	// lines, and entries that are parts of one over MaxEntry.
	Entries        int64 `json:"entries"`
	SettledEntries int64 `json:"settled_entries"`
	Empty          int64 `json:"empty"`
	Cut            int64 `json:"cut"`

	Gaps  []entry.Gap `json:"gaps,omitempty"`
	Error string      `json:"error,omitempty"` // the last one, "" when it is over

	Reason string `json:"reason,omitempty"` // why it is Ignored, if that is as it should be
}

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

// Listed is closed when Run has looked at all directories for the first time. What
// Source.Start leaves alone is what was there then.
func (t *Tailer) Listed() <-chan struct{} { return t.listed }

// Status returns the ledger's file half: a line for each generation that is
// followed or remembered, sorted by source and path. It is cheap.
func (t *Tailer) Status() []FileStatus { return t.known.status() }

// Empty returns how many empty lines each source has had since t was made. It
// does not become less when a file goes.
func (t *Tailer) Empty() map[string]int64 { return t.known.empty() }

// status is the ledger's file half.
func (x *index) status() []FileStatus {
	now := time.Now()
	x.mu.Lock()
	var list []FileStatus
	for _, s := range x.sources {
		for _, f := range s.families {
			for _, g := range f.gens {
				list = append(list, g.status(now))
			}
			list = f.unopenedStatus(list)
		}
		list = shelfStatus(s.shelf, s, list)
	}
	x.mu.Unlock()
	slices.SortStableFunc(list, func(a, b FileStatus) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Path, b.Path))
	})
	return list
}

// empty is how many empty lines each source has had.
func (x *index) empty() map[string]int64 {
	n := map[string]int64{}
	for _, s := range x.sources {
		n[s.Name] += x.readers.Empty(&s.common)
	}
	return n
}

// status is g's line of the ledger. The caller holds x.mu.
func (g *generation) status(now time.Time) FileStatus {
	v := g.View()
	s := FileStatus{
		Source: g.fam.src.Name, Log: g.fam.log, Path: g.path, Generation: g.hexID(), State: g.state,
		Size: max(v.Size, v.Read.At), Read: v.Read.At, Settled: v.Settled.At,
		Entries: v.Entries, SettledEntries: v.SettledEntries, Empty: v.Empty, Cut: v.Cut,
		Gaps: v.Gaps, Error: v.Fault,
	}
	s.Lag = s.Size - s.Settled
	if s.Lag > 0 && !v.Behind.IsZero() {
		s.Behind = now.Sub(v.Behind)
	}
	if s.Error != "" {
		s.State = Unreadable
	}
	return s
}

// Blocked reports whether nothing more can come until a Consume call returns:
// at least one file has data that cannot be read because its batches under way, or
// the memory, are taken, no file is being read, and all Consume calls under way
// are among the waiting ones.
func (t *Tailer) Blocked(waiting int) bool { return t.readers.Blocked(waiting) }
