// Package match decides what each file is: one that is known and has moved, a
// copy, or something new. It is a pure function of what is known, what was found
// and the time, over all names, directories and sources at once.
//
// decide.go is the way of a decision and verdict.go what comes of it. What is found
// out on the way is in files of its own: compare.go says how far a file and a
// generation agree, move.go whether a generation can be in a file at all, same.go what
// is a copy within one log, copy.go what is one of another log, read.go what is one of
// what was read once, await.go what has to wait for another file.
package match

import (
	"io"
	"path/filepath"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
)

// Little is too little to tell a copy by.
const Little = 128

// A Log is what is followed under one name.
type Log struct {
	Path   string // of the live file, or the pattern of several
	Form   entry.Form
	Vendor bool  // it has a name of its own in the rules: its live file is never a copy of another log
	Shared bool  // several live files belong to it, and none is a rotated one of another
	Framed bool  // its files are in a Format
	Small  bool  // its one file is small and written once
	Floor  int64 // an unknown rotated file last written before is left alone

	// Where a source that is new begins: with what its live files hold by then,
	// or behind that, and with older files that may hold entries from At on.
	AtEnd bool
	At    time.Time
}

// linewise says whether files of l go on line by line, so that one can be told
// by where its lines end.
func (l *Log) linewise() bool {
	return l.Form != entry.Whole && l.Form != entry.Dump && !l.Framed && !l.ring()
}

// ring says whether the files of l take turns.
func (l *Log) ring() bool { return l.Shared && !l.Framed }

// Content is what a file holds, unpacked. Size is negative if that is not known.
type Content interface {
	io.ReaderAt
	Size() int64
}

// A Known is what is known of a generation at the moment of the decision.
type Known struct {
	Ref         any // whose it is, for the caller
	Log         *Log
	Fingerprint file.Fingerprint
	Read        file.Mark // everything before was read
	From        int64     // where it begins: what stands before is another's, or was not wanted
	Size        int64     // as far as it was seen

	Path    string // where its file was last
	Astray  bool   // that is another log's name
	Key     file.Key
	Packed  file.Packing
	Stat    file.Stat
	Written int64 // its mtime when last seen to have grown

	Here     bool    // a name leads to its file
	Content  Content // of its file, while that can be had; nil if it cannot
	Open     bool    // it is read from a file that has no name any more
	Finished bool    // and that was read to its end
	Ended    bool    // its compressed file was read to its end
}

// A Found is a file that no generation is known to be in.
type Found struct {
	Log    *Log
	Path   string
	Stat   file.Stat
	Packed file.Packing
	Live   bool // it has a log's own name
	Aside  bool // its name says nothing; it is looked at for what is missing only

	Ref     any // for the caller
	Head    []byte
	Content Content // nil if it is compressed
	Archive Archive // what it holds, if it is compressed; nil if that is not known yet

	// Early is what the file was like when its source was first listed; nil if
	// it was not there then.
	Early *file.Stat

	Unchanged time.Duration // for how long it has been seen as it is
	Refused   bool          // it was decided before that it is left alone as it is
	Untimed   bool          // it came while no clock can be vouched for: its time says nothing
}

// start tells files by what they begin with; c has at least Little bytes.
func (c *Found) start() uint64 { return xxhash.Sum64(c.Head[:min(len(c.Head), Little)]) }

// An Archive is what a compressed file was found to hold. Its ReadAt gives back
// the bytes before some offsets only.
type Archive interface {
	io.ReaderAt
	Length() int64
	Broken() error      // why it could not be read to its end
	CopyOf(*Known) bool // whether the file of a generation holds all of it
	Missed() bool       // whether it was asked for bytes that were not kept
}

// size is the unpacked size, as far as known.
func (c *Found) size() int64 {
	switch {
	case c.Packed == file.Unpacked:
		return c.Stat.Size
	case c.Archive != nil:
		return c.Archive.Length()
	}
	return 0
}

// bytes is where marks of c can be compared; nil if they cannot.
func (c *Found) bytes() io.ReaderAt {
	if c.Packed != file.Unpacked {
		return c.Archive
	}
	return c.Content
}

// What is what a file is.
type What int

// The verdicts that there are.
const (
	Wait  What = iota // cannot be told yet
	Same              // the file of a generation that is known
	New               // a generation of its own, to be read from its beginning
	Old               // a generation of its own that was there before anybody asked for it: it goes on at Verdict.At
	Copy              // it holds what a known generation does, up to Verdict.At, and is of its own from there on
	Leave             // nothing to follow, until it changes
)

// A Verdict says what a file is.
type Verdict struct {
	Found *Found
	What  What

	Known *Known // of Same, and of Copy what it is a copy of, if that is known yet
	Whole bool   // Same: the file holds everything read so far, and ends there
	Short bool   // Same: the file ends before what was read: nothing is to be had from it

	Unsure bool  // Same: it lacks something, and a file that was not looked at yet may be the one
	At     int64 // Old, Copy

	Reason string // Leave
}

// Input is what a decision rests on.
type Input struct {
	Known      []*Known
	Found      []*Found
	RotateWait time.Duration // for how long an unknown rotated file has to be as it is
	Draining   bool
}

// sameName says whether two logs have one name in different directories: their
// files may well begin alike.
func sameName(a, b *Log) bool {
	return a != b && filepath.Base(a.Path) == filepath.Base(b.Path)
}
