// Package ledger is what people are shown of what is known: a line for each file, and what
// became of what was read.
package ledger

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/place"
	"github.com/rtcship/rtcship/tailer/internal/strangers"
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

// Status are the lines about all that is known, sorted by source and path.
func Status(x *known.Index) (list []FileStatus) {
	now := time.Now()
	x.Do(func(l known.Locked) {
		for g := range l.Generations() {
			list = append(list, ofGeneration(g, l.Place(g), now))
		}
		for f := range l.Logs() {
			for path, s := range f.Strangers() {
				list = append(list, ofStranger(f, path, s))
			}
		}
	})
	for _, s := range x.Sources() {
		list = ofShelf(s, list)
	}
	slices.SortStableFunc(list, func(a, b FileStatus) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Path, b.Path))
	})
	return list
}

func ofGeneration(g *known.Generation, at place.Place, now time.Time) FileStatus {
	v := g.View()
	s := FileStatus{
		Source: g.Family().Src.Name, Log: g.Family().Log, Path: at.Path, Generation: g.HexID(), State: at.State,
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

// ofStranger is about a file that is no generation.
func ofStranger(f *known.Family, path string, s strangers.Shown) FileStatus {
	state := FileStatus{
		Source: f.Src.Name, Log: f.Log, Path: path, State: place.Unreadable,
		Size: s.Size, Lag: s.Size, Error: s.Fault,
	}
	if s.Ignored {
		state.State, state.Lag, state.Reason = place.Ignored, 0, s.Reason
	}
	return state
}

// ofShelf adds a line for each directory of small files.
func ofShelf(s *known.Followed, list []FileStatus) []FileStatus {
	for dir, n := range s.Small.Sums() {
		if n.Files == 0 && n.Entries == 0 {
			continue
		}
		log := filepath.Base(dir)
		if r := s.Set.SmallRule(dir); r != nil && r.Log != "" {
			log = r.Log
		}
		list = append(list, FileStatus{
			Source: s.Name, Log: log, Path: filepath.Join(dir, "*"), State: place.Settled, Files: n.Files,
			Size: n.Bytes, Read: n.Bytes, Settled: n.Bytes,
			Entries: n.Entries, SettledEntries: n.SettledEntries, Empty: n.Empty, Cut: n.Cuts,
		})
	}
	return list
}
