package rules

import (
	"cmp"

	"github.com/rtcship/rtcship/tailer/entry"
)

// A Rule says how the files that match a pattern are followed.
type Rule struct {
	Pattern string // of the path relative to the source's directory, in path.Match syntax
	Log     string // Origin.Log; "" is the file's base name without extension
	Form    entry.Form

	// Ring says that the matching files are the slots of a ring: each is
	// written anew when its turn comes, and none is a rotated generation of
	// another.
	Ring bool

	// Small says that the files are many, small, written once and never
	// rotated. A settled one costs nothing but a few bytes of memory.
	Small bool

	weight weight
	asked  bool   // it is from Source.Include
	full   string // Pattern with the source's directory, unless it is absolute
	plain  bool   // that has nothing but itself to match
}

// A weight says how much a rule that matches says about a file.
type weight int

// ByName says whether r knows its logs by their names.
func ByName(r *Rule) bool { return r.weight == byName }

// Compare sorts rules: first those that say most about their files.
func Compare(a, b *Rule) int { return cmp.Compare(a.weight, b.weight) }

const (
	byName    weight = iota // the log's name is known
	byPattern               // somebody asked for files like this
	byDefault               // any log is taken in
)
