package rules

import (
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

// A Source is one set of files that are followed in the same way.
type Source struct {
	Name   string // names the source in checkpoints and Status, and must stay the same: "sora", "spool"
	Origin string // Origin.Source of its batches: "sora" or "pexip"

	// Dir is the directory to follow; "" if Include has absolute patterns only.
	Dir string

	// Rules say, in order, which files below Dir are followed and how. See
	// SoraRules.
	Rules []Rule

	// Include are further patterns (path.Match syntax), relative to Dir or
	// absolute, of files followed line by line, and Exclude are patterns of
	// live files to leave alone, whatever the rules say. Patterns name live
	// files; the rotated generations of a live file come with it.
	Include, Exclude []string

	Start    Start          // where a source starts that was never followed before
	Timezone *time.Location // of the clocks in run_erl's files. nil is UTC

	// Format, if set, cuts all files of this source into entries. Such files
	// are never rotated: each is a generation of its own, in the order of
	// their names, and is complete as soon as a later one exists. Its first 64
	// bytes are not those of any other.
	Format entry.Format

	// Settled, if set, is called each time a checkpoint has been saved in
	// which a file has a new position: everything before offset is settled and
	// will never be asked for again. It is called from one goroutine.
	Settled func(path string, offset int64)

	// Damaged, if set, is called when bytes were passed over in which Format
	// found no entry; again if they are read again. It must not block.
	Damaged func(path string, gap entry.Gap)
}

// A Start says where to begin with files that exist when a source is followed
// for the first time. The zero value takes live files from their beginning and
// leaves rotated ones alone.
type Start struct {
	End bool      // take only what is written from now on
	At  time.Time // if not zero: take every generation that may hold entries from then on, rotated ones too
}

// Asked is what s says of which files are followed.
func (s *Source) Asked() Asked {
	return Asked{Dir: s.Dir, Rules: s.Rules, Include: s.Include, Exclude: s.Exclude, Framed: s.Format != nil}
}
