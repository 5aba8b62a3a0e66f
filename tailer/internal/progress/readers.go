package progress

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/reader"
)

// A Config says how files are read, and who is told of it. None of the functions may
// block, or call anything of this package.
type Config struct {
	Next      entry.Consumer
	MaxEntry  int
	SafeCut   func(text []byte) int
	Memory    int64
	Expansion int
	ReadRate  int64
	Retry     time.Duration // after a file could not be read
	Logger    *slog.Logger

	Nudge   func()         // the scheduler is to look at something
	Changed func(ask bool) // something is to be saved; soon, if ask
	Blocked func()         // a reader has become blocked; may be nil. It may call Readers.Blocked
}

// Readers are all goroutines that read, with what they have in common. The lock is
// that of all Progresses as well.
type Readers struct {
	cfg     Config
	mem     reader.Budget
	rate    reader.Limiter
	bufs    reader.Pools
	ctx     context.Context // ends when pumps have to
	running sync.WaitGroup  // pumps

	mu        sync.Mutex
	tick      uint64 // counts reads
	reading   int    // pumps that read
	consuming int    // batches offered and not settled
	blocked   int    // generations that have data and may not read it
	draining  bool
	unsavable bool // no checkpoint can be saved at present
	changes
}

// New makes Readers. Nothing is read before Begin.
func New(cfg Config) *Readers {
	r := &Readers{cfg: cfg}
	r.mem.SetLimit(cfg.Memory)
	r.rate.SetRate(cfg.ReadRate)
	return r
}

// Begin has files read from now on, until ctx ends.
func (r *Readers) Begin(ctx context.Context) { r.ctx = ctx }

// Wait returns when no pump runs any more.
func (r *Readers) Wait() { r.running.Wait() }

// Drain says that files are read no further than they go by now.
func (r *Readers) Drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining = true
}

// SetUnsavable says whether checkpoints cannot be saved at present. What an earlier one
// knows is read all the same.
func (r *Readers) SetUnsavable(yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.unsavable = yes
}

// Tick is the time in reads. A look at a file from before a read says nothing about
// it.
func (r *Readers) Tick() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tick
}

// Used is how much memory is taken.
func (r *Readers) Used() int64 { return r.mem.Used() }

// Consuming is how many batches were offered and are not settled.
func (r *Readers) Consuming() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.consuming
}

// Blocked reports whether nothing more can come until a batch is settled: at least
// one file has data that cannot be read because its batches under way, or the memory,
// are taken, no file is being read, and all batches that were offered are among the
// waiting ones.
func (r *Readers) Blocked(waiting int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.blocked > 0 && r.reading == 0 && r.consuming <= waiting
}

// TellBlocked calls Config.Blocked if a reader is blocked and none is reading.
func (r *Readers) TellBlocked() {
	if r.cfg.Blocked == nil {
		return
	}
	r.mu.Lock()
	tell := r.blocked > 0 && r.reading == 0
	r.mu.Unlock()
	if tell {
		r.cfg.Blocked()
	}
}

// A Source is what Progresses of one source have in common.
type Source struct {
	Format  entry.Format // nil if files are not in one
	Zone    *time.Location
	Damaged func(path string, gap entry.Gap) // may be nil

	empty int64 // lines that hold nothing, of files that are gone as well
}

// Empty is how many empty lines were read.
func (r *Readers) Empty(s *Source) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return s.empty
}
