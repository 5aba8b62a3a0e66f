package tailer

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// A Found is a file that would be followed, or a further name of one.
type Found struct {
	Path   string
	Source string // Source.Name
	Log    string
	State  State  // Live, Rotated, Compressed or Unreadable
	Size   int64  // on disk
	As     string // the path under which it is followed; "" if that is Path
	Error  string // why it would not be followed, or could not be looked at
}

// Find lists what would be followed at present, sorted by path. It looks at names
// and sizes only. If the directory of a source cannot be listed, the error says
// so, and what was found elsewhere is returned with it.
func Find(cfg Config) ([]Found, error) {
	var files []*rules.File
	type owner struct {
		name string
		set  *rules.Set
	}
	owners := map[*rules.File]owner{}
	var faults error
	for i := range cfg.Sources {
		src := &cfg.Sources[i]
		s := rules.New(src.Asked(), rules.Where{State: cfg.StateDir, Links: cfg.FollowLinks, Warn: func(string, string) {}}, func(string) bool { return false })
		for _, dir := range s.Dirs() {
			list, err := s.Files(dir)
			if err != nil && (dir == src.Dir || !errors.Is(err, fs.ErrNotExist)) { // one below that is not there is nothing unusual
				faults = errors.Join(faults, fmt.Errorf("list %s: %w", dir, err))
			}
			for _, f := range list {
				owners[f] = owner{src.Name, s}
			}
			files = append(files, list...)
		}
	}
	rules.EachOnce(slices.Clone(files), func(f *rules.File) *rules.File { return f })
	var all []Found
	for _, f := range files {
		found := Found{Path: f.Path, Source: owners[f].name, Log: owners[f].set.LogOf(f.Class), State: foundState(f), Size: f.Stat.Size}
		if f.As != nil {
			found.As = f.As.Path
		}
		if f.Err != nil {
			found.Error = f.Err.Error()
		}
		all = append(all, found)
	}
	slices.SortStableFunc(all, func(a, b Found) int { return cmp.Compare(a.Path, b.Path) })
	return all, faults
}

func foundState(fl *rules.File) State {
	switch {
	case fl.Hidden:
		return Unreadable
	case fl.Class.Packed != file.Unpacked:
		return Compressed
	case fl.Class.Live:
		return Live
	}
	return Rotated
}
