package tailer

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A limits says for how long, and of how much, something is kept.
type limits struct {
	StateDir     string
	FollowLinks  bool
	OpenFiles    int
	DeletedBytes int64

	Scan, Still, RotateWait, Forget time.Duration

	Logger *slog.Logger
}

// A notice is what an index tells whoever has it. None may call anything
// of it.
type notice struct {
	Rescan  func()         // the directories are to be looked at again at once
	Changed func(ask bool) // something is to be saved; soon, if ask

	Family func(f *family)                   // a log is known from now on: what is saved of it is to be known as well
	Saved  func(s *source, path string) bool // whether something is saved of a log
}

// An index is all that is known, of all sources.
//
// One goroutine, the scheduler, changes it, and may read it without the lock. Others
// ask for what is to be shown or saved.
type index struct {
	cfg     limits
	log     *slog.Logger
	notice  notice
	readers *progress.Readers
	open    atomic.Int64 // files

	mu        sync.Mutex
	sources   []*source
	opened    map[*generation]struct{} // those whose files are open, and perhaps some that were
	forgotten []saved.Change           // what nothing more is saved of
}

// newIndex makes an index of which nothing is known yet.
func newIndex(cfg limits, readers *progress.Readers, notice notice, sources []Source) *index {
	x := &index{cfg: cfg, log: cfg.Logger, notice: notice, readers: readers, opened: map[*generation]struct{}{}}
	for _, s := range sources {
		x.sources = append(x.sources, newSource(s, x))
	}
	return x
}

func (x *index) rescan() { x.notice.Rescan() }

func (x *index) changed(ask bool) { x.notice.Changed(ask) }

func (x *index) lock(f func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	f()
}

// forgetGeneration takes g out of its log: nothing more is saved of it. The caller
// holds x.mu.
func (x *index) forgetGeneration(g *generation) {
	g.fam.remove(g)
	x.forgotten = append(x.forgotten, saved.Change{Forgotten: g.hexID()})
	x.changed(false)
}

// forgetLog drops a log of which there is no generation any more. The caller holds
// x.mu.
func (x *index) forgetLog(f *family) {
	delete(f.src.families, f.path)
	x.forgotten = append(x.forgotten, saved.Change{NoLog: &saved.Log{Source: f.src.Name, File: saved.Path(f.path)}})
	x.changed(false)
}
