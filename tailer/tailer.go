// Package tailer turns growing files into batches of entries, and forgets a
// batch only after its consumer has settled it.
//
// A file is known by its content, not by its path: a log that is rotated,
// copied or compressed stays the same generation. Positions are saved after
// the consumer's answer and never before, so a process killed at any moment
// reads again what was not acknowledged and nothing else.
package tailer

import (
	"context"
	"net/netip"
	"time"
)

// An Origin says where entries come from. It is shared by all batches of one
// generation of one file and is read-only once the first batch was handed on.
type Origin struct {
	Source     string   // "sora" or "pexip"
	Log        string   // which log: "sora", "event_webhook", "crash", …; "" for what came by syslog
	Path       string   // where the file is now, for people; not an identity
	Generation [16]byte // random, given once, saved before the first entry is handed on
	Born       time.Time
}

// An Entry is one log entry as its source wrote it: a line, the lines of one
// report, one syslog message, one small file.
type Entry struct {
	Text      []byte         // without the final newline; valid until Consume returns
	Offset    int64          // of its first byte within the generation, in uncompressed bytes
	Time      time.Time      // a time that only the tailer knows (run_erl's clock); else zero
	Observed  time.Time      // when it was read, or received
	Peer      netip.AddrPort // who sent it; the zero value for a file
	Transport string         // "udp", "tcp", "tls", "unix"; "" for a file
	Cut       bool           // part of an entry over Config.MaxEntry
	Size      int64          // of the file that Text is only the head of, in bytes; else 0
}

// A Batch is a run of entries of one origin, in the order written, at most
// 512 KiB of text unless it is a single entry.
type Batch struct {
	Origin  *Origin
	Entries []Entry
}

// A Consumer takes batches off a source's hands.
//
// Consume blocks until every entry of b is settled: acknowledged by the
// collector, or refused by it for good and kept as a dead letter. It then
// returns nil, and the source may forget b. It returns an error only if ctx
// ends first; the source must then offer the same entries again, if need be
// after a restart.
//
// Consume does not keep b. It may be called from several goroutines at once.
type Consumer interface {
	Consume(ctx context.Context, b Batch) error
}
