package known

import (
	"cmp"
	"slices"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A Family is all generations of one log, or all files of a ring.
type Family struct {
	Src  *Followed
	Path string // of the live file, or the pattern of several
	Rule *rules.Rule
	Log  string

	Gens    []*Generation // oldest first
	Settled *progress.Log
	Floor   int64 // a rotated file unknown and older than this is left alone

	SavedNewest int64 // newest and clock of what is settled, as they are on disk
	SavedClock  time.Time

	Unknown  map[file.Key]*Stranger
	Named    file.Key            // of the file at path, when last looked at while it moved
	Files    int                 // of it that the scan under way found
	Hidden   int                 // files of it that cannot be read at present
	Unopened map[string]Unopened // those of them that were never read, by path, as the scan finds them
	shown    map[string]Unopened // the same as the last scan left it; guarded by Index.mu
	Search   time.Time           // when a generation was last found to have lost its file
}

// A Stranger is a file with a rotated name that is, so far, no generation.
type Stranger struct {
	path   string
	Stat   file.Stat
	Since  time.Time // unchanged since
	Copied bool      // it is a copy of a generation: left alone until it changes
	Reason string    // why it is left alone until it changes; "" if it is not
}

// Misses says whether f has a generation whose file is not to be found and of
// which something was not read.
func (f *Family) Misses() bool {
	f.Src.Index.mu.Lock()
	defer f.Src.Index.mu.Unlock()
	return slices.ContainsFunc(f.Gens, func(g *Generation) bool { return !g.Missing.IsZero() && g.Src() == nil })
}

func newFamily(s *Followed, c rules.Class) *Family {
	return &Family{Src: s, Settled: progress.NewLog(&s.common, c.Rule.Form), Path: c.Family, Rule: c.Rule, Log: s.Set.LogOf(c), Unknown: map[file.Key]*Stranger{}}
}

// Shared says whether several live files belong to the family.
func (f *Family) Shared() bool { return f.Rule.Ring || f.Src.Format != nil }

// remove takes g out of the family.
func (f *Family) remove(g *Generation) {
	for i, o := range f.Gens {
		if o == g {
			f.Gens = append(f.Gens[:i:i], f.Gens[i+1:]...)
			return
		}
	}
}

// Stranger is what is remembered of c, which is no generation so far.
func (f *Family) Stranger(c *Candidate, now time.Time) *Stranger {
	s := f.Unknown[c.Stat.Key]
	if s == nil || !s.Stat.Like(c.Stat) {
		s = &Stranger{path: c.Path, Stat: c.Stat, Since: now}
		f.Unknown[c.Stat.Key] = s
	}
	return s
}

// ForgetGeneration takes g out of its log: nothing more is saved of it. The caller
// holds x.mu.
func (x *Index) ForgetGeneration(g *Generation) {
	g.Fam.remove(g)
	x.Forgotten = append(x.Forgotten, saved.Change{Forgotten: g.HexID()})
	x.changed(false)
}

// ForgetLog drops a log of which there is no generation any more. The caller holds
// x.mu.
func (x *Index) ForgetLog(f *Family) {
	delete(f.Src.Families, f.Path)
	x.Forgotten = append(x.Forgotten, saved.Change{NoLog: &saved.Log{Source: f.Src.Name, File: saved.Path(f.Path)}})
	x.changed(false)
}

// NewestPath is the last path of a family whose files follow one another by name.
func (f *Family) NewestPath() string {
	last := ""
	for _, g := range f.Gens {
		if g.Missing.IsZero() {
			last = max(last, g.Path)
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
	for _, f := range s.Families {
		if newest, clock := x.Readers.Settled(f.Settled); newest > now.UnixNano() {
			x.Readers.Restore(f.Settled, now.UnixNano(), clock)
		}
		if f.Floor > now.UnixNano() {
			f.Floor = 0
		}
	}
}

// Forget drops a log of which there is no file and no generation any more. Of a
// log with rotated files it stays known for some time up to when it was sent:
// one of them might be put back.
func (x *Index) Forget(f *Family, now time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	newest, _ := x.Readers.Settled(f.Settled)
	if len(f.Gens) > 0 || f.Shared() || !f.Rule.Small && now.Sub(time.Unix(0, newest)) < 4*x.cfg.Forget {
		return
	}
	x.ForgetLog(f)
}

// Hide keeps the generations that may be in a file of which nothing is known at
// present from being taken for deleted.
func (x *Index) Hide(f *Family, fl *Found, here map[*Generation]bool) {
	known := false
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, g := range f.Gens {
		if g.Path == fl.Path && g.Missing.IsZero() {
			known, here[g] = true, true
			if g.Src() == nil {
				g.State = Unreadable
			}
		}
	}
	if !known {
		x.Refused(f, fl, fl.Err)
	}
}

// Sort puts the oldest generation of f first.
func (x *Index) Sort(f *Family) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f.sort()
}

// sort puts the oldest generation first.
func (f *Family) sort() {
	if f.Src.Format != nil {
		slices.SortStableFunc(f.Gens, func(a, b *Generation) int { return cmp.Compare(a.Path, b.Path) })
		return
	}
	slices.SortStableFunc(f.Gens, func(a, b *Generation) int {
		if a.Live != b.Live && !f.Rule.Ring {
			if a.Live {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.Stat.Mtime, b.Stat.Mtime)
	})
}
