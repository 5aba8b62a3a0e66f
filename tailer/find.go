package tailer

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/rtcship/rtcship/tailer/internal/file"
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
	var mu sync.Mutex
	var files []*foundFile
	var faults error
	for _, src := range cfg.Sources {
		s := newSource(src, &mu)
		s.paths = newPaths(cfg, s, nil, func(string, string) {})
		for _, dir := range s.dirs() {
			list, err := s.listAllowed(dir, func() {})
			if err != nil && (dir == src.Dir || !errors.Is(err, fs.ErrNotExist)) { // one below that is not there is nothing unusual
				faults = errors.Join(faults, fmt.Errorf("list %s: %w", dir, err))
			}
			files = append(files, list...)
		}
	}
	eachOnce(slices.Clone(files))
	var all []Found
	for _, f := range files {
		if f.class.aside {
			continue
		}
		found := Found{Path: f.path, Source: f.src.Name, Log: newFamily(f.src, f.class).log, State: f.state(), Size: f.stat.Size}
		if f.other != nil {
			found.As = f.other.path
		}
		if f.err != nil {
			found.Error = f.err.Error()
		}
		all = append(all, found)
	}
	slices.SortStableFunc(all, func(a, b Found) int { return cmp.Compare(a.Path, b.Path) })
	return all, faults
}

func (fl *foundFile) state() State {
	switch {
	case fl.hidden:
		return Unreadable
	case fl.class.packed != file.Unpacked:
		return Compressed
	case fl.class.live:
		return Live
	}
	return Rotated
}
