package known

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

// Status is the ledger's file half.
func (x *Index) Status() []FileStatus {
	now := time.Now()
	x.mu.Lock()
	var list []FileStatus
	for _, s := range x.Sources {
		for _, f := range s.Families {
			for _, g := range f.Gens {
				list = append(list, g.status(now))
			}
			list = f.unopenedStatus(list)
		}
		list = s.shelfStatus(list)
	}
	x.mu.Unlock()
	slices.SortStableFunc(list, func(a, b FileStatus) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Path, b.Path))
	})
	return list
}

// Empty is how many empty lines each source has had.
func (x *Index) Empty() map[string]int64 {
	n := map[string]int64{}
	for _, s := range x.Sources {
		n[s.Name] += x.Readers.Empty(&s.common)
	}
	return n
}

// status is g's line of the ledger. The caller holds x.mu.
func (g *Generation) status(now time.Time) FileStatus {
	v := g.View()
	s := FileStatus{
		Source: g.Fam.Src.Name, Log: g.Fam.Log, Path: g.Path, Generation: g.HexID(), State: g.State,
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
