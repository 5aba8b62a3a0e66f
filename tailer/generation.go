package tailer

import (
	"crypto/rand"
	"encoding/hex"
	"iter"
	"path/filepath"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// A generation is one file between two rotations, wherever its bytes are now.
type generation struct {
	fam    *family
	id     [16]byte
	born   time.Time
	origin *entry.Origin // for the next batch; replaced when the path changes

	place
	*progress.Progress

	tailed int64 // where the settled position was when Settled was last called; under index.mu
}

// A place is where a generation's bytes are. The scheduler alone changes it, under
// index.mu, and may therefore read it without. Readers have no way to it.
type place struct {
	path    string
	key     file.Key
	packed  file.Packing
	live    bool // at its own name
	state   State
	stat    file.Stat // of the file when last looked at
	written int64     // its mtime when last seen to have grown

	changed time.Time // when last seen to have changed
	rotated time.Time // when first seen away from its own name; zero if live
	missing time.Time // when first not found; zero if found
	used    time.Time // when the file was last needed
}

// generations are all that are known, of all sources. The caller holds x.mu or
// is the scheduler.
func (x *index) generations() iter.Seq[*generation] {
	return func(yield func(*generation) bool) {
		for _, s := range x.sources {
			for _, f := range s.families {
				for _, g := range f.gens {
					if !yield(g) {
						return
					}
				}
			}
		}
	}
}

// newGeneration makes a generation with an id of its own. The id must be saved
// before its first entry is handed on.
func newGeneration(f *family, now time.Time) *generation {
	g := &generation{fam: f, id: newID(), born: now.UTC().Round(0), Progress: f.src.x.readers.Add(f.settled)}
	g.changed, g.used = now, now
	return g
}

func newID() (id [16]byte) {
	rand.Read(id[:])
	return id
}

func (g *generation) hexID() string { return hex.EncodeToString(g.id[:]) }

// locate notes where the file of g is, and returns what its Progress has to know of
// that.
func (g *generation) locate(f *rules.File) progress.Home {
	if g.path != f.Path || g.origin == nil {
		g.path = f.Path
		g.origin = &entry.Origin{
			Source:     g.fam.src.Origin,
			Log:        g.fam.log,
			Path:       f.Path,
			Generation: g.id,
			Born:       g.born,
		}
	}
	g.key, g.packed = f.Stat.Key, f.Class.Packed
	g.live = f.Class.Live && f.Class.Family == g.fam.path
	g.missing = time.Time{}
	switch {
	case g.packed != file.Unpacked:
		g.state = Compressed
	case g.live:
		g.state = Live
	default:
		g.state = Rotated
	}
	return progress.Home{Log: g.fam.settled, Origin: g.origin, Packed: g.packed}
}

// rehome makes g one of another log: its directory has another name by now, or
// its file is one of many that are told by nothing else.
func (g *generation) rehome(f *family) {
	g.fam.remove(g)
	g.fam = f
	f.gens = append(f.gens, g)
	g.origin = nil // locate is to follow
}

// belongs says whether g is to be one of the log under whose own name its file
// was found.
func (g *generation) belongs(fl *foundFile) bool {
	return g.fam.path != fl.Class.Family && fl.Class.Live && !fl.Class.Aside &&
		(fl.Class.Rule.Small || filepath.Base(g.fam.path) == filepath.Base(fl.Class.Family))
}

// displace notes that g is no longer at its own name.
func (g *generation) displace(now time.Time) {
	g.live = false
	if g.rotated.IsZero() {
		g.rotated = now
		g.Mark()
	}
}

// settlePlace notes since when g is away from its own name, after locate.
func (g *generation) settlePlace(now time.Time) {
	if g.live {
		g.rotated = time.Time{}
	} else {
		g.displace(now)
	}
}

// A family is all generations of one log, or all files of a ring.
type family struct {
	src  *source
	path string // of the live file, or the pattern of several
	rule *Rule
	log  string

	gens    []*generation // oldest first
	settled *progress.Log
	floor   int64 // a rotated file unknown and older than this is left alone

	savedNewest int64 // newest and clock of what is settled, as they are on disk
	savedClock  time.Time

	unknown  map[file.Key]*stranger
	named    file.Key            // of the file at path, when last looked at while it moved
	files    int                 // of it that the scan under way found
	hidden   int                 // files of it that cannot be read at present
	unopened map[string]unopened // those of them that were never read, by path, as the scan finds them
	shown    map[string]unopened // the same as the last scan left it; guarded by index.mu
	search   time.Time           // when a generation was last found to have lost its file
}

// A stranger is a file with a rotated name that is, so far, no generation.
type stranger struct {
	path   string
	stat   file.Stat
	since  time.Time // unchanged since
	copied bool      // it is a copy of a generation: left alone until it changes
	reason string    // why it is left alone until it changes; "" if it is not
}

func newFamily(s *source, c rules.Class) *family {
	return &family{src: s, settled: progress.NewLog(&s.common, c.Rule.Form), path: c.Family, rule: c.Rule, log: s.set.LogOf(c), unknown: map[file.Key]*stranger{}}
}

// shared says whether several live files belong to the family.
func (f *family) shared() bool { return f.rule.Ring || f.src.Format != nil }

// remove takes g out of the family.
func (f *family) remove(g *generation) {
	for i, o := range f.gens {
		if o == g {
			f.gens = append(f.gens[:i:i], f.gens[i+1:]...)
			return
		}
	}
}
