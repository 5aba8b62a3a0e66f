// Package entry says what an entry of a log is, and takes entries off the bytes
// of a file: lines, reports, whole files, quoted lines. It opens nothing and
// remembers nothing, so the same bytes give the same entries whenever they are
// read.
package entry

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
	Text      []byte         // without the final newline; valid until Offer returns
	Offset    int64          // of its first byte within the generation, in uncompressed bytes
	Time      time.Time      // a time that only the tailer knows: run_erl's clock, or the head of a report that was cut; else zero
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
// Offer takes b, behind whatever of its generation was offered before: a source
// offers the batches of a generation one at a time, in the order written, and so
// nobody after it has to keep them in order. It may block until there is room for
// what is made of b, and returns an error only if ctx ends first. Batches of
// several generations may be offered at once.
//
// When Offer has returned, the source reads other entries into b's memory: nothing of
// it is kept. The source must call the Receipt's Wait.
type Consumer interface {
	Offer(ctx context.Context, b Batch) (Receipt, error)
}

// A Receipt stands for a batch that was offered. Wait blocks until every entry of it
// is settled: acknowledged by the collector, or refused by it for good and kept as a
// dead letter. It then returns nil, and the source may forget the batch. It returns an
// error only if ctx ends first; the source must then offer the same entries again, if
// need be after a restart.
type Receipt interface {
	Wait(ctx context.Context) error
}

// A ReceiptFunc is a Receipt whose Wait is the function itself.
type ReceiptFunc func(ctx context.Context) error

// Settled is the Receipt of a batch that was settled when it was taken.
var Settled Receipt = ReceiptFunc(func(context.Context) error { return nil })

// Wait implements Receipt.
func (f ReceiptFunc) Wait(ctx context.Context) error { return f(ctx) }

// A Form says what an entry is.
type Form int

// The forms that are known. Line-wise forms leave out the line's end, "\n" or
// "\r\n".
const (
	Lines   Form = iota // each line
	Clocked             // each line; run_erl's clock lines set Entry.Time
	Reports             // each Erlang report, from its header to the next
	Whole               // the whole file
	Dump                // the head of an Erlang crash dump
	Quoted              // each line; a line break within quotes does not end it
)

// A Gap is bytes that were there and cannot be had any more. Of a file with
// many gaps, those with the same reason are put together.
type Gap struct {
	At     int64     `json:"at"` // offset of the first byte
	Bytes  int64     `json:"bytes"`
	Reason string    `json:"reason"`
	Time   time.Time `json:"time"`           // when it was found out; of several, the last
	More   int64     `json:"more,omitempty"` // how many others were put together with it
}
