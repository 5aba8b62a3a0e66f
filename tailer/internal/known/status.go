package known

import (
	"cmp"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/place"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// A FileStatus is the ledger's line about one generation of one file; or, of the
// many small files that are settled, one line about all those of a directory.
type FileStatus struct {
	Source     string      `json:"source"`     // Source.Name
	Log        string      `json:"log"`        // Origin.Log
	Path       string      `json:"path"`       // where the file is, or was last
	Generation string      `json:"generation"` // in hexadecimal
	State      place.State `json:"state"`
	Files      int64       `json:"files,omitempty"` // how many, if State is Settled

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

// Status is the ledger's file half.
func (x *Index) Status() []FileStatus {
	now := time.Now()
	x.mu.Lock()
	var list []FileStatus
	for _, s := range x.sources {
		for _, f := range s.families {
			for _, g := range f.gens {
				list = append(list, g.status(now))
			}
			list = f.strangersStatus(list)
		}
		list = s.shelfStatus(list)
	}
	x.mu.Unlock()
	slices.SortStableFunc(list, func(a, b FileStatus) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Path, b.Path))
	})
	return list
}

// SeeSizes takes note of the present sizes of files that are where they were, and that
// nobody reads.
func (x *Index) SeeSizes() {
	for _, g := range x.All() {
		if st, err := file.StatPath(g.at.Path); err == nil && st.Key == g.at.Key && !g.IsPacked() {
			g.Seen(st.Size)
		}
	}
}

// Empty is how many empty lines each source has had.
func (x *Index) Empty() map[string]int64 {
	n := map[string]int64{}
	for _, s := range x.sources {
		n[s.Name] += x.readers.Empty(&s.common)
	}
	return n
}

// strangersStatus is the ledger's lines about files that are no generation.
func (f *Family) strangersStatus(list []FileStatus) []FileStatus {
	for path, s := range f.strangers.Shown() {
		state := FileStatus{
			Source: f.Src.Name, Log: f.Log, Path: path, State: place.Unreadable,
			Size: s.Size, Lag: s.Size, Error: s.Fault,
		}
		if s.Ignored {
			state.State, state.Lag, state.Reason = place.Ignored, 0, s.Reason
		}
		list = append(list, state)
	}
	return list
}

// status is g's line of the ledger. The caller holds x.mu.
func (g *Generation) status(now time.Time) FileStatus {
	v := g.View()
	s := FileStatus{
		Source: g.fam.Src.Name, Log: g.fam.Log, Path: g.at.Path, Generation: g.HexID(), State: g.at.State,
		Size: max(v.Size, v.Read.At), Read: v.Read.At, Settled: v.Settled.At,
		Entries: v.Entries, SettledEntries: v.SettledEntries, Empty: v.Empty, Cut: v.Cut,
		Gaps: v.Gaps, Error: v.Fault,
	}
	s.Lag = s.Size - s.Settled
	if s.Lag > 0 && !v.Behind.IsZero() {
		s.Behind = now.Sub(v.Behind)
	}
	if s.Error != "" {
		s.State = place.Unreadable
	}
	return s
}
