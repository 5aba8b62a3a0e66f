package rules

import (
	"cmp"
	"slices"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// A File is a name in a directory that is followed.
type File struct {
	Path   string
	Class  Class
	Stat   file.Stat
	link   bool  // its name is a symbolic link
	As     *File // the name under which it is followed, if that is not this one
	Hidden bool  // it is there, but nothing can be said about it
	Err    error // why
}

// EachOnce leaves of several names of one file the one under which it is
// followed, in whatever directories and for whatever sources they were found:
// the name that the rules know rather than one that any pattern takes in, a log's
// own name rather than a rotated one of it, a name rather than a link.
func EachOnce[F any](files []F, of func(F) *File) []F {
	slices.SortStableFunc(files, func(a, b F) int { return ByWeight(of(a), of(b)) })
	seen := make(map[file.Key]*File, len(files))
	return slices.DeleteFunc(files, func(f F) bool {
		fl := of(f)
		if fl.Hidden {
			return false
		}
		if other := seen[fl.Stat.Key]; other != nil {
			fl.As = other
			return true
		}
		seen[fl.Stat.Key] = fl
		return false
	})
}

// ByWeight sorts names: first those that say most about their files.
func ByWeight(a, b *File) int {
	rank := func(f *File) int {
		switch {
		case f.Class.Aside:
			return 6
		case f.Class.Live && f.Class.Rule.weight == byName:
			return 0
		}
		return 1 + int(f.Class.Rule.weight)
	}
	count := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	c := cmp.Or(cmp.Compare(rank(a), rank(b)))
	if c == 0 && a.Class.Family != b.Class.Family {
		c = cmp.Compare(count(a.link), count(b.link))
	}
	return cmp.Or(c,
		cmp.Compare(count(!a.Class.Live), count(!b.Class.Live)),
		cmp.Compare(count(a.link), count(b.link)),
	)
}
