package tailer

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/reader"
	"github.com/rtcship/rtcship/tailer/internal/stream"
)

// Saved says when the positions were last known to be on disk, and why they
// could not be saved since; nil if they could.
func (t *Tailer) Saved() (time.Time, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.dirty.Load() && t.saveErr == nil && !t.saved.IsZero() {
		return time.Now(), nil // nothing has changed since
	}
	return t.saved, t.saveErr
}

// StatusAtRest is Status for a state directory on which no Tailer runs: the
// saved positions, with the present sizes of files that are where they were.
func StatusAtRest(cfg Config) ([]FileStatus, error) {
	t, err := atRest(cfg)
	if err != nil {
		return nil, err
	}
	t.known.SeeSizes()
	return t.Status(), nil
}

// atRest is a Tailer that knows what is saved and does not look for files.
func atRest(cfg Config) (*Tailer, error) {
	t, err := load(cfg, nil, true)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// A Rewinding says which positions are set back, and how far.
type Rewinding struct {
	File  string    // a name or pattern, of the log's live file or of the file itself; "" is every file
	Since time.Time // entries from then on are handed on again; zero is from the beginning

	// Times gives the time of each entry of b, zero for one that has none; such
	// an entry counts with the one before it. Not called if Since is zero.
	Times func(b entry.Batch) []time.Time

	DryRun bool // find out what would be set back, and save nothing
}

// A Rewound is a generation whose position was set back, or could not be.
type Rewound struct {
	Source     string `json:"source"`
	Log        string `json:"log"`
	Path       string `json:"path"`
	Generation string `json:"generation"`
	From       int64  `json:"from"` // its settled offset before
	To         int64  `json:"to"`   // and after
	Error      string `json:"error,omitempty"`
}

// Rewind sets positions back in the checkpoint of a state directory on which
// no Tailer runs. Generations keep their ids, so that what is handed on again
// is the same entries at the same offsets. A position never moves forward.
//
// Files of sources with a Format, and small files, are left alone.
func Rewind(cfg Config, r Rewinding) ([]Rewound, error) {
	t, err := atRest(cfg)
	if err != nil {
		return nil, err
	}
	var all []Rewound
	for _, g := range t.known.All() {
		if g.Family().Src.Format == nil && r.concerns(g) {
			if w, ok := rewind(g, r); ok {
				all = append(all, w)
			}
		}
	}
	if r.DryRun || len(all) == 0 {
		return all, nil
	}
	t.changed(false)
	t.save(true)
	if t.saveErr != nil {
		return nil, fmt.Errorf("save positions: %w", t.saveErr)
	}
	return all, nil
}

// concerns says whether g is among the files that are meant.
func (r Rewinding) concerns(g *known.Generation) bool {
	if r.File == "" {
		return true
	}
	for _, name := range []string{g.Path(), g.Family().Path} {
		whole, _ := filepath.Match(r.File, name)
		base, _ := filepath.Match(r.File, filepath.Base(name))
		if whole || base {
			return true
		}
	}
	return false
}

// rewind sets g back. It reports false if there is nothing to set back.
func rewind(g *known.Generation, r Rewinding) (Rewound, bool) {
	settled := g.View().Settled
	w := Rewound{
		Source: g.Family().Src.Name, Log: g.Family().Log, Path: g.Path(), Generation: g.HexID(),
		From: settled.At, To: settled.At,
	}
	if settled.At == 0 {
		return w, false
	}
	p, err := earlier(g, settled, r)
	if err != nil {
		w.Error = err.Error()
		return w, true
	}
	if p.At >= settled.At {
		return w, false
	}
	w.To = p.At
	g.Rewind(p)
	return w, true
}

// errMoved is for a file that is not where the checkpoint says: it may have
// been rotated since.
var errMoved = errors.New("is not where it was when positions were saved: let rtcship run for a moment, so that it finds the file, and try again")

// earlier finds the position that g is to be set back to.
func earlier(g *known.Generation, settled reader.Position, r Rewinding) (reader.Position, error) {
	c, _, err := g.OpenFile()
	if err != nil {
		return reader.Position{}, err
	}
	defer c.Close()
	if !settled.Holds(c) {
		return reader.Position{}, errMoved
	}
	if r.Since.IsZero() {
		return reader.Position{}, nil
	}
	at, clock, err := firstSince(g, io.NewSectionReader(c, 0, settled.At), r)
	if err != nil {
		return reader.Position{}, fmt.Errorf("read: %w", err)
	}
	m, err := file.ReadMark(c, at)
	if err != nil {
		return reader.Position{}, fmt.Errorf("read: %w", err)
	}
	return reader.Position{Mark: m, Clock: clock}, nil
}

var errFound = errors.New("found")

// firstSince returns the offset of the first entry of text from r.Since on, or
// where text ends, and run_erl's clock there.
func firstSince(g *known.Generation, text *io.SectionReader, r Rewinding) (at int64, clock time.Time, err error) {
	at = text.Size()
	s := stream.Stream{Timezone: g.Family().Src.Timezone}
	err = s.Cut(text, g.Origin(), g.Family().Rule.Form, func(b entry.Batch) error {
		for i, when := range r.Times(b) {
			if !when.IsZero() && !when.Before(r.Since) {
				at = b.Entries[i].Offset
				return errFound
			}
			clock = b.Entries[i].Time
		}
		return nil
	})
	if errors.Is(err, errFound) {
		err = nil
	}
	return at, clock, err
}
