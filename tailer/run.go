package tailer

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/inspect"
	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/resume"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// A Tailer follows files and hands their entries on.
//
// One goroutine, the scheduler, looks at files and directories and decides what
// is what. A file that has data is read by goroutines of its own, see pump.
type Tailer struct {
	cfg  Config
	log  *slog.Logger
	wake chan struct{} // for the scheduler to look again

	readers   *progress.Readers
	known     *known.Index
	positions *resume.Positions

	mu sync.Mutex // for what is said to be under it; taken after the index's, before the readers'
	scanning
	saving
	ending
}

// A scanning is what the scheduler has found. It alone uses what is not said to be
// under mu.
type scanning struct {
	begun    bool // the first scan
	backlog  backlog
	closed   map[*known.Family]bool // logs of which files wait for room to be opened
	full     time.Time              // when there was none last
	polled   time.Time              // when the logs that move were last looked at
	scanTook time.Duration          // the last scan

	ctx     context.Context // of Run
	desk    inspect.Desk    // for compressed files
	aside   sync.WaitGroup  // of the desk
	between func()          // tests: called when unknown files were opened and nothing is decided yet

	scanNow  bool      // under mu, as what follows
	scanSoon bool      // a scan left something over
	lastScan time.Time // when it was begun
	pending  int       // inspections that are not over

	first  sync.Once
	listed chan struct{} // closed after the first scan
}

// A saving is what becomes of positions.
type saving struct {
	store   *saved.Store
	saveReq chan struct{} // for the saver
	urgent  chan struct{} // for the saver not to wait

	dirty     atomic.Bool // something is to be saved
	saveErr   error       // of the last checkpoint; under mu, as what follows
	saveWhole bool        // what is on disk is not there any more
	saved     time.Time
	dead      bool // save nothing more
}

// An ending is how far Drain is.
type ending struct {
	drain    chan struct{} // closed by Drain
	drainIt  sync.Once
	draining bool // under mu, as what follows
	scanned  int  // scans since Drain was called
}

// New makes a Tailer that hands batches to next, and reads the checkpoints in
// cfg.StateDir. It does not lock that directory; see Lock.
func New(cfg Config, next entry.Consumer) (*Tailer, error) { return load(cfg, next, false) }

// load is New; at rest it writes nothing.
func load(cfg Config, next entry.Consumer, atRest bool) (*Tailer, error) {
	cfg.setDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("configure tailer: %w", err)
	}
	t := &Tailer{cfg: cfg, log: cfg.Logger, wake: make(chan struct{}, 1)}
	t.readers = progress.New(progress.Config{
		Next: next, MaxEntry: cfg.MaxEntry, SafeCut: cfg.SafeCut, Memory: cfg.Memory, Expansion: cfg.Expansion, ReadRate: cfg.ReadRate,
		Retry: cfg.Scan, Logger: cfg.Logger, Nudge: t.nudge, Changed: t.changed, Blocked: cfg.OnBlocked,
	})
	t.store = saved.NewStore(cfg.StateDir, cfg.Logger)
	t.saveReq, t.urgent, t.drain = make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{})
	t.listed, t.closed = make(chan struct{}), map[*known.Family]bool{}
	t.desk = inspect.Desk{Running: &t.aside, Hurried: t.isDraining, Finished: func() {
		t.rescan()
		t.nudge()
	}}
	t.positions = resume.New(cfg.StateDir, cfg.Forget)
	if cfg.clock != nil {
		t.positions.Clock = cfg.clock
	}
	t.known = known.New(known.Config{
		StateDir: cfg.StateDir, FollowLinks: cfg.FollowLinks, OpenFiles: cfg.OpenFiles, DeletedBytes: cfg.DeletedBytes,
		Scan: cfg.Scan, Still: cfg.Still, RotateWait: cfg.RotateWait, Forget: cfg.Forget, Logger: cfg.Logger,
	}, t.readers, known.Notice{Rescan: t.rescan, Changed: t.changed, IsSaved: t.positions.IsSaved, Saved: t.positions.Saved}, cfg.Sources)
	if err := t.positions.Load(t.known, t.store, atRest); err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	return t, nil
}

// Run follows the files until ctx ends, saves the checkpoints and returns nil.
// What is not settled then is offered again by the next Run on the same state
// directory. After Drain it returns when all is settled. Run is called once.
func (t *Tailer) Run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	t.ctx = ctx
	t.readers.Begin(ctx)
	var saver sync.WaitGroup
	saverCtx, stopSaver := context.WithCancel(context.WithoutCancel(ctx))
	saver.Go(func() { t.saver(saverCtx) })
	t.schedule(ctx)
	stop()
	t.readers.Wait()
	t.aside.Wait()
	stopSaver()
	saver.Wait()
	t.save(true)
	t.positions.Close()
	t.known.CloseAll()
	return nil
}

// Drain lets Run end by itself: it ends all waits, reads each file to its end,
// takes a last line without newline once that has not grown for
// Config.DrainQuiet, and returns nil when everything is settled and saved.
func (t *Tailer) Drain() {
	t.drainIt.Do(func() {
		t.mu.Lock()
		t.draining = true
		t.scanNow = true
		t.scanned = 0
		t.readers.Drain()
		t.mu.Unlock()
		close(t.drain)
		t.nudge()
	})
}

// rescan has the directories looked at again at once.
func (t *Tailer) rescan() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.scanNow = true
}

// nudge makes the scheduler look again at once.
func (t *Tailer) nudge() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

// changed notes that something is to be saved, and asks for a checkpoint.
func (t *Tailer) changed(ask bool) {
	t.dirty.Store(true)
	if !ask {
		return
	}
	select {
	case t.saveReq <- struct{}{}:
	default:
	}
}

// schedule is the scheduler.
func (t *Tailer) schedule(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		now := time.Now()
		switch {
		case t.scanDue(now):
			t.scan(now)
			t.scanTook = time.Since(now)
			t.first.Do(func() { close(t.listed) })
		case now.Sub(t.full) < t.cfg.Poll:
		case len(t.closed) > 0:
			t.openClosed(now)
		case len(t.backlog.files) > 0:
			t.goOn(now)
		}
		now = time.Now()
		step := t.poll(now)
		if t.drained(now) {
			return
		}
		timer.Reset(t.pause(time.Now(), step))
		select {
		case <-timer.C:
		case <-t.wake:
		case <-ctx.Done():
		}
	}
}

func (t *Tailer) scanDue(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	since := now.Sub(t.lastScan)
	due := t.scanNow || t.scanSoon && since >= t.cfg.Poll || t.lastScan.IsZero() || since >= t.scanEach()
	if due {
		t.scanNow, t.scanSoon = false, false
		t.lastScan = now
		t.scanned++
	}
	return due
}

// scanEach is the time from one scan to the next: where there is very much to scan
// it is not done all the time, nor before what the last one found was taken up.
func (t *Tailer) scanEach() time.Duration {
	if len(t.backlog.files) > 0 {
		return max(t.cfg.Scan, 20*t.scanTook)
	}
	return max(t.cfg.Scan, 4*t.scanTook)
}

// pause is how long the scheduler may sleep; step is what poll returned.
func (t *Tailer) pause(now time.Time, step time.Duration) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := max(0, t.scanEach()-now.Sub(t.lastScan))
	if t.scanNow {
		return 0
	}
	if len(t.backlog.files) > 0 || len(t.closed) > 0 {
		return max(0, t.cfg.Poll-now.Sub(t.full))
	}
	if t.scanSoon {
		d = min(d, t.cfg.Poll)
	}
	if step > 0 {
		d = min(d, step)
	}
	if t.draining {
		d = min(d, t.cfg.Poll, t.cfg.DrainQuiet/4)
	}
	return d
}

// drained says whether Drain was called and everything is settled.
func (t *Tailer) drained(now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.draining || t.scanned < 1 || t.scanNow || t.scanSoon || t.pending > 0 || len(t.backlog.files) > 0 {
		return false
	}
	return t.known.Drained()
}
