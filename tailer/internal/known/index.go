package known

import (
	"iter"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A Config says for how long, and of how much, something is kept.
type Config struct {
	StateDir     string
	FollowLinks  bool
	OpenFiles    int
	DeletedBytes int64

	Scan, Still, RotateWait, Forget time.Duration

	Logger *slog.Logger
}

// A Notice is what an index tells whoever has it, and asks him. None may call
// anything of it.
type Notice struct {
	Rescan  func()         // the directories are to be looked at again at once
	Changed func(ask bool) // something is to be saved; soon, if ask

	// IsSaved says whether something is saved of a log by its path, and Saved is asked
	// for it once, when the log is known.
	IsSaved func(s *Followed, path string) bool
	Saved   func(s *Followed, path string) (Saved, bool)
}

// An Index is all that is known, of all sources.
//
// One goroutine, the scheduler, changes it, and may read it without the lock. Others
// ask for Status, and for what is to be saved in Do.
type Index struct {
	cfg     Config
	log     *slog.Logger
	notice  Notice
	readers *progress.Readers
	open    atomic.Int64 // files
	few     *file.Few    // those that are open to be looked into only
	sources []*Followed

	mu        sync.Mutex
	opened    map[*Generation]struct{} // those whose files are open, and perhaps some that were
	byKey     lookup[file.Key]         // by where they are, or were last
	byStart   lookup[uint64]           // by how they begin, as of learnStarts
	forgotten []saved.Change           // what nothing more is saved of
}

// fewFiles is how many files are open to be looked into only, beyond those of
// Config.OpenFiles.
const fewFiles = 8

// New makes an index of which nothing is known yet.
func New(cfg Config, readers *progress.Readers, notice Notice, sources []rules.Source) *Index {
	x := &Index{cfg: cfg, log: cfg.Logger, notice: notice, readers: readers, opened: map[*Generation]struct{}{}, byKey: lookup[file.Key]{}, byStart: lookup[uint64]{}, few: file.NewFew(fewFiles)}
	for _, s := range sources {
		x.sources = append(x.sources, newSource(s, x))
	}
	return x
}

// Sources are all that are followed. They are not to be changed.
func (x *Index) Sources() []*Followed { return x.sources }

// Source is the one of that name, nil if there is none.
func (x *Index) Source(name string) *Followed {
	if i := slices.IndexFunc(x.sources, func(s *Followed) bool { return s.Name == name }); i >= 0 {
		return x.sources[i]
	}
	return nil
}

// OpenFiles is how many files are open.
func (x *Index) OpenFiles() int64 { return x.open.Load() }

// generations are all that are known, of all sources. The caller holds x.mu or
// is the scheduler.
func (x *Index) generations() iter.Seq[*Generation] {
	return func(yield func(*Generation) bool) {
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

// All are all generations that are known.
func (x *Index) All() []*Generation {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Collect(x.generations())
}

// Drained says whether there is nothing that Drain waits for. The scheduler asks.
func (x *Index) Drained() bool {
	all := true
	for g := range x.generations() {
		all = g.Drained() && all
	}
	return all
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

func (x *Index) rescan() { x.notice.Rescan() }

func (x *Index) changed(ask bool) { x.notice.Changed(ask) }

// while calls f while nothing changes.
func (x *Index) while(f func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f()
}
