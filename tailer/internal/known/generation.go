package known

import (
	"crypto/rand"
	"encoding/hex"
	"path/filepath"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// A Generation is one file between two rotations, wherever its bytes are now.
type Generation struct {
	Fam    *Family
	ID     [16]byte
	Born   time.Time
	origin *entry.Origin // for the next batch; replaced when the path changes

	place
	*progress.Progress

	Tailed int64 // where the settled position was when Settled was last called; under Index.mu
}

// A place is where a generation's bytes are. The scheduler alone changes it, under
// Index.mu, and may therefore read it without. Readers have no way to it.
type place struct {
	Path    string
	Key     file.Key
	Packed  file.Packing
	Live    bool // at its own name
	State   State
	Stat    file.Stat // of the file when last looked at
	Written int64     // its mtime when last seen to have grown

	Changed time.Time // when last seen to have changed
	Rotated time.Time // when first seen away from its own name; zero if live
	Missing time.Time // when first not found; zero if found
	Used    time.Time // when the file was last needed
}

// NewGeneration makes a generation with an id of its own. The id must be saved
// before its first entry is handed on.
func NewGeneration(f *Family, now time.Time) *Generation {
	g := &Generation{Fam: f, ID: newID(), Born: now.UTC().Round(0), Progress: f.Src.Index.Readers.Add(f.Settled)}
	g.Changed, g.Used = now, now
	return g
}

func newID() (id [16]byte) {
	rand.Read(id[:])
	return id
}

// HexID is the id in hexadecimal.
func (g *Generation) HexID() string { return hex.EncodeToString(g.ID[:]) }

// locate notes where the file of g is, and returns what its Progress has to know of
// that.
func (g *Generation) locate(f *rules.File) progress.Home {
	if g.Path != f.Path || g.origin == nil {
		g.Path = f.Path
		g.origin = &entry.Origin{
			Source:     g.Fam.Src.Origin,
			Log:        g.Fam.Log,
			Path:       f.Path,
			Generation: g.ID,
			Born:       g.Born,
		}
	}
	g.Key, g.Packed = f.Stat.Key, f.Class.Packed
	g.Live = f.Class.Live && f.Class.Family == g.Fam.Path
	g.Missing = time.Time{}
	switch {
	case g.Packed != file.Unpacked:
		g.State = Compressed
	case g.Live:
		g.State = Live
	default:
		g.State = Rotated
	}
	return progress.Home{Log: g.Fam.Settled, Origin: g.origin, Packed: g.Packed}
}

// rehome makes g one of another log: its directory has another name by now, or
// its file is one of many that are told by nothing else.
func (g *Generation) rehome(f *Family) {
	g.Fam.remove(g)
	g.Fam = f
	f.Gens = append(f.Gens, g)
	g.origin = nil // locate is to follow
}

// belongs says whether g is to be one of the log under whose own name its file
// was found.
func (g *Generation) belongs(fl *Found) bool {
	return g.Fam.Path != fl.Class.Family && fl.Class.Live && !fl.Class.Aside &&
		(fl.Class.Rule.Small || filepath.Base(g.Fam.Path) == filepath.Base(fl.Class.Family))
}

// displace notes that g is no longer at its own name.
func (g *Generation) displace(now time.Time) {
	g.Live = false
	if g.Rotated.IsZero() {
		g.Rotated = now
		g.Mark()
	}
}

// settlePlace notes since when g is away from its own name, after locate.
func (g *Generation) settlePlace(now time.Time) {
	if g.Live {
		g.Rotated = time.Time{}
	} else {
		g.displace(now)
	}
}
