package known

import (
	"crypto/rand"
	"encoding/hex"
	"path/filepath"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/place"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// A Generation is one file between two rotations, wherever its bytes are now.
type Generation struct {
	fam    *Family
	id     [16]byte
	born   time.Time
	origin *entry.Origin // for the next batch; replaced when the path changes

	dropped bool   // nothing is known of it any more
	start   uint64 // the hash of its first match.Little bytes by which it is found, 0 if it is not

	at place.Place // the scheduler alone changes it, under Index.mu, and may therefore read it without
	*reading
}

// A reading is how far a generation is. What it can be asked its Generation can.
type reading = progress.Progress

// newGeneration makes a generation with an id of its own. The id must be saved
// before its first entry is handed on.
func newGeneration(f *Family, now time.Time) *Generation {
	g := &Generation{fam: f, id: newID(), born: now.UTC().Round(0)}
	g.reading = f.Src.index.readers.Add(f.settled, g)
	g.at.Changed, g.at.Used = now, now
	return g
}

func newID() (id [16]byte) {
	rand.Read(id[:])
	return id
}

// HexID is the id in hexadecimal.
func (g *Generation) HexID() string { return hex.EncodeToString(g.id[:]) }

// Family is the log that g is one of. The scheduler asks for it, and for what follows.
func (g *Generation) Family() *Family { return g.fam }

// Path is where g's file is, or was last.
func (g *Generation) Path() string { return g.at.Path }

// IsPacked says whether g's file is compressed.
func (g *Generation) IsPacked() bool { return g.at.IsPacked() }

// Quiet is for how long g's file has not been seen to change.
func (g *Generation) Quiet(now time.Time) time.Duration { return g.at.Quiet(now) }

// Away is for how long g's file has been seen away from its own name, 0 while it is
// there.
func (g *Generation) Away(now time.Time) time.Duration { return g.at.Away(now) }

// Origin is where entries of g come from.
func (g *Generation) Origin() *entry.Origin {
	return &entry.Origin{Source: g.fam.Src.Origin, Log: g.fam.Log, Path: g.at.Path, Generation: g.id, Born: g.born}
}

// OpenFile opens g's file once more.
func (g *Generation) OpenFile() (file.Content, file.Stat, error) {
	return g.fam.Src.Set.Open(g.at.Path, g.at.Packed)
}

// AsFound is g's file as a name that is looked into once more.
func (g *Generation) AsFound() *Found {
	c := rules.Class{Rule: g.fam.Rule, Family: g.fam.Path, Live: g.at.Live, Packed: g.at.Packed}
	return &Found{Src: g.fam.Src, Fam: g.fam, File: &rules.File{Path: g.at.Path, Stat: g.at.Stat, Class: c}}
}

// IsIn says whether c is g's file.
func (g *Generation) IsIn(c *Candidate) bool { return g.at.Key == c.Stat.Key }

// locate notes where the file of g is, and returns what those who read have to know of
// that. The caller holds x.mu.
func (g *Generation) locate(f *rules.File, now time.Time) progress.Home {
	moved := g.at.Path != f.Path
	g.keyed(func() { g.at.Locate(f, g.fam.Path, now) })
	if moved || g.origin == nil {
		g.origin = g.Origin()
	}
	return progress.Home{Log: g.fam.settled, Origin: g.origin, Packed: g.at.Packed}
}

// rehome makes g one of another log: its directory has another name by now, or
// its file is one of many that are told by nothing else.
func (g *Generation) rehome(f *Family) {
	g.fam.remove(g)
	g.fam = f
	f.add(g)
	g.origin = nil // locate is to follow
}

// belongs says whether g is to be one of the log under whose own name its file
// was found.
func (g *Generation) belongs(fl *Found) bool {
	return g.fam.Path != fl.Class.Family && fl.Class.Live && !fl.Class.Aside &&
		(fl.Class.Rule.Small || filepath.Base(g.fam.Path) == filepath.Base(fl.Class.Family))
}
