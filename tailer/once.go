package tailer

import (
	"cmp"
	"slices"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// eachOnce leaves of several names of one file the one under which it is
// followed, in whatever directories and for whatever sources they were found:
// the name that the rules know rather than one that any pattern takes in, a log's
// own name rather than a rotated one of it, a name rather than a link.
func eachOnce(files []*foundFile) []*foundFile {
	slices.SortStableFunc(files, byWeight)
	seen := make(map[file.Key]*foundFile, len(files))
	return slices.DeleteFunc(files, func(fl *foundFile) bool {
		if fl.hidden {
			return false
		}
		if other := seen[fl.stat.Key]; other != nil {
			fl.other = other
			return true
		}
		seen[fl.stat.Key] = fl
		return false
	})
}

// byWeight sorts names: first those that say most about their files.
func byWeight(a, b *foundFile) int {
	rank := func(f *foundFile) int {
		switch {
		case f.class.aside:
			return 6
		case f.class.live && f.class.rule.weight == byName:
			return 0
		}
		return 1 + int(f.class.rule.weight)
	}
	count := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	c := cmp.Or(cmp.Compare(rank(a), rank(b)))
	if c == 0 && a.class.family != b.class.family {
		c = cmp.Compare(count(a.link), count(b.link))
	}
	return cmp.Or(c,
		cmp.Compare(count(!a.class.live), count(!b.class.live)),
		cmp.Compare(count(a.link), count(b.link)),
	)
}

// A weight says how much a rule that matches says about a file.
type weight int

const (
	byName    weight = iota // the log's name is known
	byPattern               // somebody asked for files like this
	byDefault               // any log is taken in
)
