package tailer

import (
	"crypto/rand"
	"encoding/hex"
	"iter"
	"path/filepath"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/reader"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// A generation is one file between two rotations, wherever its bytes are now.
//
// Its fields are guarded by Tailer.mu.
type generation struct {
	fam         *family
	id          [16]byte
	born        time.Time
	origin      *entry.Origin // for the next batch; replaced when the path changes
	fingerprint file.Fingerprint

	place
	progress
	activity
	tally

	copyOf  string // hexadecimal id of the generation that g's file was a copy of, as far as it was read
	saved   int    // bytes of the head that are in a saved checkpoint; -1 if g is in none
	tailed  int64  // where the settled position was when Settled was last called
	unsaved bool   // something of it has changed since it was saved
}

// A place is where a generation's bytes are. The scheduler alone changes it, and
// may therefore read it without the lock.
type place struct {
	path    string
	key     file.Key
	packed  file.Packing
	src     file.Content // nil while closed
	live    bool         // at its own name
	short   bool         // the file ends before what was read already: nothing to be had from it
	state   State
	stat    file.Stat // of the file when last looked at
	written int64     // its mtime when last seen to have grown
	fault   string    // why it cannot be read

	changed time.Time // when last seen to have changed
	rotated time.Time // when first seen away from its own name; zero if live
	missing time.Time // when first not found; zero if found
	used    time.Time // when the file was last needed
	retry   time.Time // not opened before, after a failure
}

// A progress is how far a generation is.
type progress struct {
	size     int64 // uncompressed; of a compressed file, as far as known
	known    int64 // up to here it was read, be it taken or not
	read     reader.Position
	settled  reader.Position
	tried    int64     // the size up to which a read found nothing more to take
	scanned  int64     // no line ends between read.at and here
	flush    int64     // if this is the size, the rest of the file is complete as it stands
	window   int       // bytes to read at once, 0 if there is no special need
	ended    bool      // a compressed file was read to its clean end
	wasEnded bool      // the checkpoint says that it was
	unsized  bool      // it was passed over, and how long it is unpacked is not known yet
	goal     int64     // while draining: the size it had then, where reading ends; 0 if not known yet
	behind   time.Time // when the oldest unsettled byte was first seen
	inflight []*batch
}

// An activity is what is going on with a generation.
type activity struct {
	pumps   int    // goroutines that read and hand on
	reading bool   // one of them is reading
	waiting bool   // that one waits for memory
	blocked bool   // has unread data and may not read it
	suspect bool   // a read found other bytes than expected
	held    bool   // it has grown, and is compared with what it is a copy of before it is read
	touched uint64 // Tailer.tick when size was last set by a read
}

// A tally is what is counted of a generation.
type tally struct {
	entries, settledEntries, empty, cuts int64
	gaps                                 []entry.Gap
	gapNoted                             bool // the last one is of what was not read when its file was gone
}

// generations are all that are known, of all sources. The caller holds t.mu or
// is the scheduler.
func (t *Tailer) generations() iter.Seq[*generation] {
	return func(yield func(*generation) bool) {
		for _, s := range t.sources {
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
	g := &generation{fam: f, born: now.UTC().Round(0), saved: -1, unsaved: true}
	g.tried, g.flush, g.changed, g.used = -1, -1, now, now
	rand.Read(g.id[:])
	return g
}

// inherit gives a new generation the clock of the one before it: run_erl goes
// on in the next file of its ring without telling the time again.
func (g *generation) inherit() {
	g.read.Clock, g.settled.Clock = g.fam.clock, g.fam.clock
}

func (g *generation) hexID() string { return hex.EncodeToString(g.id[:]) }

// locate notes where the file of g is.
func (g *generation) locate(f *rules.File) {
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
	g.unsaved = true
	switch {
	case g.packed != file.Unpacked:
		g.state = Compressed
	case g.live:
		g.state = Live
	default:
		g.state = Rotated
	}
}

// rehome makes g one of another log: its directory has another name by now, or
// its file is one of many that are told by nothing else.
func (g *generation) rehome(f *family) {
	g.fam.remove(g)
	g.fam = f
	f.gens = append(f.gens, g)
	g.origin, g.unsaved = nil, true
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
		g.unsaved = true
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

// hasData says whether a read may find something to take.
func (g *generation) hasData() bool {
	switch {
	case g.short || g.held || !g.missing.IsZero() && g.src == nil:
		return false
	case g.packed != file.Unpacked:
		return !g.ended
	}
	return g.size > g.tried || g.flush == g.size && g.size > g.read.At
}

// isRecognizable says whether a saved checkpoint tells g by its content, so that its
// entries have the same uids after a crash, wherever its bytes are then.
// If no checkpoint can be saved at present, it has to do that an earlier one
// knows g at all.
func (t *Tailer) isRecognizable(g *generation) bool {
	return g.saved >= g.wantHead() || t.saveErr != nil && g.saved > 0
}

// wantHead is how much of the head has to be known for that.
func (g *generation) wantHead() int {
	if g.packed != file.Unpacked {
		return min(g.fingerprint.HeadLen, sureHead)
	}
	return int(min(g.size, sureHead))
}

// sureHead is how much of a log's beginning is saved before what follows is
// handed on.
const sureHead = file.HeadBytes

// done says whether everything known of g is settled.
func (g *generation) done() bool {
	return len(g.inflight) == 0 && (g.short || g.settled.At == g.size && !g.hasData())
}

// finished says whether Drain need not wait for g: everything in its file is
// settled, or cannot be had for now.
func (g *generation) finished() bool {
	if g.fault != "" || g.src == nil && !g.missing.IsZero() {
		return len(g.inflight) == 0
	}
	if g.fam.src.Format != nil && !g.hasData() {
		return len(g.inflight) == 0 // what is left is a torn tail, or being written
	}
	return g.done()
}

// A batch is one read on its way to the consumer.
type batch struct {
	entry.Batch
	gen     *generation
	buf     *reader.Buffer
	to      reader.Position // what is settled with it
	started time.Time
	settled bool
	begun   chan struct{} // closed when the batch is about to be handed on
	before  chan struct{} // begun of the batch before, if that is under way
}

// A family is all generations of one log, or all files of a ring.
type family struct {
	src  *source
	path string // of the live file, or the pattern of several
	rule *Rule
	log  string

	gens   []*generation // oldest first
	newest int64         // mtime of the newest write that is settled
	floor  int64         // a rotated file unknown and older than this is left alone
	clock  time.Time     // run_erl's clock where it was read last

	savedNewest int64 // newest and clock as they are on disk
	savedClock  time.Time

	unknown  map[file.Key]*stranger
	named    file.Key            // of the file at path, when last looked at while it moved
	files    int                 // of it that the scan under way found
	hidden   int                 // files of it that cannot be read at present
	unopened map[string]unopened // those of them that were never read, by path, as the scan finds them
	shown    map[string]unopened // the same as the last scan left it; guarded by Tailer.mu
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
	return &family{src: s, path: c.Family, rule: c.Rule, log: s.set.LogOf(c), unknown: map[file.Key]*stranger{}}
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
