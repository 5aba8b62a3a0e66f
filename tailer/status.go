package tailer

import (
	"github.com/rtcship/rtcship/tailer/internal/ledger"
	"github.com/rtcship/rtcship/tailer/internal/place"
)

// A FileStatus is the ledger's line about one generation of one file; or, of the
// many small files that are settled, one line about all those of a directory.
type FileStatus = ledger.FileStatus

// A State says how a file is followed at present.
type State = place.State

// The states a followed file can be in.
const (
	Live       = place.Live
	Rotated    = place.Rotated
	Compressed = place.Compressed
	Deleted    = place.Deleted
	Moved      = place.Moved
	Missing    = place.Missing
	Unreadable = place.Unreadable
	Ignored    = place.Ignored
	Settled    = place.Settled
)

// Listed is closed when Run has looked at all directories for the first time. What
// Source.Start leaves alone is what was there then.
func (t *Tailer) Listed() <-chan struct{} { return t.listed }

// Status returns the ledger's file half: a line for each generation that is
// followed or remembered, sorted by source and path. It is cheap.
func (t *Tailer) Status() []FileStatus { return ledger.Status(t.known) }

// Empty returns how many empty lines each source has had since t was made. It
// does not become less when a file goes.
func (t *Tailer) Empty() map[string]int64 { return t.known.Empty() }

// Blocked reports whether nothing more can come until a batch is settled: at least
// one file has data that cannot be read because its batches under way, or the memory,
// are taken, no file is being read, and all batches that were offered are among the
// waiting ones.
func (t *Tailer) Blocked(waiting int) bool { return t.readers.Blocked(waiting) }
