package known

import (
	"iter"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/progress"
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

// A Notice is what an index tells whoever has it. None may call anything
// of it.
type Notice struct {
	Rescan  func()         // the directories are to be looked at again at once
	Changed func(ask bool) // something is to be saved; soon, if ask

	Family func(f *Family)                     // a log is known from now on: what is saved of it is to be known as well
	Saved  func(s *Followed, path string) bool // whether something is saved of a log
}

// An Index is all that is known, of all sources.
//
// One goroutine, the scheduler, changes it, and may read it without the lock. Others
// ask for what is to be shown or saved.
type Index struct {
	cfg     Config
	Log     *slog.Logger
	notice  Notice
	Readers *progress.Readers
	Open    atomic.Int64 // files

	mu        sync.Mutex
	Sources   []*Followed
	opened    map[*Generation]struct{} // those whose files are open, and perhaps some that were
	Forgotten []saved.Change           // what nothing more is saved of
}

// Generations are all that are known, of all sources. The caller holds x.mu or
// is the scheduler.
func (x *Index) Generations() iter.Seq[*Generation] {
	return func(yield func(*Generation) bool) {
		for _, s := range x.Sources {
			for _, f := range s.Families {
				for _, g := range f.Gens {
					if !yield(g) {
						return
					}
				}
			}
		}
	}
}

// New makes an index of which nothing is known yet.
func New(cfg Config, readers *progress.Readers, notice Notice, sources []Source) *Index {
	x := &Index{cfg: cfg, Log: cfg.Logger, notice: notice, Readers: readers, opened: map[*Generation]struct{}{}}
	for _, s := range sources {
		x.Sources = append(x.Sources, newSource(s, x))
	}
	return x
}

func (x *Index) rescan() { x.notice.Rescan() }

func (x *Index) changed(ask bool) { x.notice.Changed(ask) }

// Do calls f while nothing changes. f calls nothing of x that others are to call.
func (x *Index) Do(f func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f()
}
