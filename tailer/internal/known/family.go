package known

import (
	"cmp"
	"errors"
	"io/fs"
	"iter"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
	"github.com/rtcship/rtcship/tailer/internal/strangers"
)

// A Family is all generations of one log, or all files of a ring.
type Family struct {
	Src  *Followed
	Path string // of the live file, or the pattern of several
	Rule *rules.Rule
	Log  string

	gens    []*Generation // oldest first
	turns   []*reading    // the same, for those who read; nil if it is to be made
	settled *progress.Log
	dropped bool  // nothing is known of it any more
	floor   int64 // a rotated file unknown and older than this is left alone

	named     file.Key  // of the file at path, when last looked at while it moved
	files     int       // of it that the scan under way found
	search    time.Time // when a generation was last found to have lost its file
	strangers strangers.Set
}

func newFamily(s *Followed, c rules.Class) *Family {
	f := &Family{Src: s, Path: c.Family, Rule: c.Rule, Log: s.Set.LogOf(c)}
	f.settled = progress.NewLog(&s.common, c.Rule.Form, f)
	return f
}

// Shared says whether several live files belong to the family.
func (f *Family) Shared() bool { return f.Rule.Ring || f.Src.Format != nil }

// Generations are those of f, oldest first. The scheduler asks.
func (f *Family) Generations() iter.Seq[*Generation] { return slices.Values(f.gens) }

// add makes g one of the family. The caller holds x.mu, as of remove and sort.
func (f *Family) add(g *Generation) { f.gens, f.turns = append(f.gens, g), nil }

// remove takes g out of the family.
func (f *Family) remove(g *Generation) {
	if i := slices.Index(f.gens, g); i >= 0 {
		f.gens, f.turns = slices.Concat(f.gens[:i], f.gens[i+1:]), nil
	}
}

// Strangers are the files to be shown that are none of its generations, by path. Any
// may ask.
func (f *Family) Strangers() map[string]strangers.Shown { return f.strangers.Shown() }

// Feed has read what f has to offer, oldest first.
func (f *Family) Feed(now time.Time) {
	if f.turns == nil {
		for _, g := range f.gens {
			f.turns = append(f.turns, g.reading)
		}
	}
	f.Src.index.readers.Feed(f.settled, f.turns, now)
}

// nameSeen notes what the log's own name led to when it was found first.
func (f *Family) nameSeen(fl *Found) {
	if f != nil && f.named == (file.Key{}) && fl.Path == f.Path {
		f.named = fl.Stat.Key
	}
}

// NameMoved says whether the log's own name leads to another file, or to none, since
// it was called last, or since it was found.
func (f *Family) NameMoved() bool {
	st, err := file.StatPath(f.Path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) || st.Key == f.named {
		return false
	}
	f.named = st.Key
	return true
}

// forgetGeneration takes g out of its log: nothing more is saved of it. The caller
// holds x.mu.
func (x *Index) forgetGeneration(g *Generation) {
	g.fam.remove(g)
	g.dropped = true
	x.byKey.remove(g.at.Key, g)
	x.byStart.remove(g.start, g)
	x.forgotten = append(x.forgotten, saved.Change{Forgotten: g.HexID()})
	x.changed(false)
}

// forgetLog drops a log of which there is no generation any more. The caller holds
// x.mu.
func (x *Index) forgetLog(f *Family) {
	delete(f.Src.families, f.Path)
	f.dropped = true
	x.forgotten = append(x.forgotten, saved.Change{NoLog: &saved.Log{Source: f.Src.Name, File: saved.Path(f.Path)}})
	x.changed(false)
}

// NewestPath is the last path of a family whose files follow one another by name.
func (f *Family) NewestPath() string {
	last := ""
	for _, g := range f.gens {
		if g.at.IsFound() {
			last = max(last, g.at.Path)
		}
	}
	return last
}

// Doubt gives up times that lie in the future: the clock was wrong, then or now,
// and a file is not left alone for that.
func (x *Index) Doubt(s *Followed, now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if s.Early.Doubt(now) {
		x.changed(false)
	}
	for _, f := range s.families {
		if newest, clock := x.readers.Settled(f.settled); newest > now.UnixNano() {
			x.readers.Restore(f.settled, now.UnixNano(), clock)
		}
		if f.floor > now.UnixNano() {
			f.floor = 0
		}
	}
}

// forget drops a log of which there is no file and no generation any more. Of a
// log with rotated files it stays known for some time up to when it was sent:
// one of them might be put back. The caller holds x.mu.
func (x *Index) forget(f *Family, now time.Time) {
	newest, _ := x.readers.Settled(f.settled)
	if len(f.gens) > 0 || f.Shared() || !f.Rule.Small && now.Sub(time.Unix(0, newest)) < 4*x.cfg.Forget {
		return
	}
	x.forgetLog(f)
}

// sort puts the oldest generation first.
func (f *Family) sort() {
	f.turns = nil
	if f.Src.Format != nil {
		slices.SortStableFunc(f.gens, func(a, b *Generation) int { return cmp.Compare(a.at.Path, b.at.Path) })
		return
	}
	slices.SortStableFunc(f.gens, func(a, b *Generation) int {
		if a.at.Live != b.at.Live && !f.Rule.Ring {
			if a.at.Live {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.at.Stat.Mtime, b.at.Stat.Mtime)
	})
}
