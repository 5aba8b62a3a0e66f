package tailer

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/stream"

	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// Config says what a Tailer follows and within which bounds. The zero value of
// each field but StateDir and Sources means its default.
type Config struct {
	StateDir string   // where checkpoints are kept; nothing else of ours is in the files named there
	Volatile bool     // keep positions in memory only: there is no StateDir, and each Tailer begins anew
	Sources  []Source // what to follow

	MaxEntry int // bytes of one entry; a longer one is cut into several. 8 MiB
	// SafeCut returns where the beginning of an entry that is too long can be
	// cut so that nothing is cut in two that must stay together; what it returns must depend on the text alone.
	// A place in the first half of the text is not taken. nil cuts anywhere.
	SafeCut func(text []byte) int

	Memory       int64 // bytes of all batches under way, with what the consumer makes of them. 16 MiB
	Expansion    int   // bytes that the consumer holds for each byte of text until it returns. 0
	DeletedBytes int64 // bytes of deleted files kept from being freed. 256 MiB
	ReadRate     int64 // bytes a second read while catching up; 0 is no limit
	OpenFiles    int   // descriptors held at once. 512
	FollowLinks  bool  // links may lead anywhere but to /proc, /sys, /dev and StateDir

	Poll       time.Duration // between two looks at a file that moves; twice that when none has grown for 5 s. 100 ms
	Scan       time.Duration // between two looks at a directory and at still files. 1 s
	Still      time.Duration // a file not written for so long is still. 1 min
	RotateWait time.Duration // a rotated file is looked at for so long before it counts as finished. 5 s
	Quiet      time.Duration // without growth, after which a report in crash.log is complete. 1 s
	DumpQuiet  time.Duration // without growth, after which a crash dump counts as complete. 1 min
	DrainQuiet time.Duration // without growth, after which Drain takes a last line without newline. 200 ms
	Save       time.Duration // between two checkpoints. 1 s
	Forget     time.Duration // after which the position of a vanished file is forgotten. 1 week

	Logger *slog.Logger // nil discards

	// OnBlocked, if set, is called whenever a reader has become blocked, so
	// that whoever gathers batches can ask Blocked again. It must not block.
	OnBlocked func()

	clock func() saved.Clock // tests: by which times are told
}

// A Source is one set of files that are followed in the same way.
type Source = rules.Source

// A Start says where to begin with files that exist when a source is followed
// for the first time. The zero value takes live files from their beginning and
// leaves rotated ones alone.
type Start = rules.Start

// A Rule says how the files that match a pattern are followed.
type Rule = rules.Rule

// A Stream reads logs that are not followed: a file that somebody mailed, or
// standard input. It cuts them as a Tailer would, but keeps no positions.
type Stream = stream.Stream

// The defaults of Config.
const (
	defaultMaxEntry     = 8 << 20
	defaultMemory       = 16 << 20
	defaultDeletedBytes = 256 << 20
	defaultOpenFiles    = 512
)

func (c *Config) setDefaults() {
	c.MaxEntry = cmp.Or(c.MaxEntry, defaultMaxEntry)
	c.OpenFiles = cmp.Or(c.OpenFiles, defaultOpenFiles)
	c.Memory = cmp.Or(c.Memory, defaultMemory)
	c.DeletedBytes = cmp.Or(c.DeletedBytes, defaultDeletedBytes)
	c.Poll = cmp.Or(c.Poll, 100*time.Millisecond)
	c.Scan = cmp.Or(c.Scan, time.Second)
	c.Still = cmp.Or(c.Still, time.Minute)
	c.RotateWait = cmp.Or(c.RotateWait, 5*time.Second)
	c.Quiet = cmp.Or(c.Quiet, time.Second)
	c.DumpQuiet = cmp.Or(c.DumpQuiet, time.Minute)
	c.DrainQuiet = cmp.Or(c.DrainQuiet, 200*time.Millisecond)
	c.Save = cmp.Or(c.Save, time.Second)
	c.Forget = cmp.Or(c.Forget, 7*24*time.Hour)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

// check says what is wrong with c.
func (c *Config) check() error {
	if c.StateDir == "" && !c.Volatile {
		return errors.New("no state directory given")
	}
	names := map[string]bool{}
	for i := range c.Sources {
		s := &c.Sources[i]
		if s.Name == "" || names[s.Name] {
			return fmt.Errorf("source %d: name %q is empty or taken", i, s.Name)
		}
		names[s.Name] = true
	}
	return nil
}
