package tailer

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// A Found is a file that would be followed.
type Found struct {
	Path  string
	Log   string
	State State // Live, Rotated, Compressed or Unreadable
	Size  int64 // on disk
}

// Find lists what a Source would follow at present, sorted by path. It looks
// at names and sizes only. If the source's directory cannot be listed, the error
// says so, and what was found elsewhere is returned with it.
func Find(src Source) ([]Found, error) {
	var mu sync.Mutex
	s := newSource(src, &mu)
	var all []Found
	var fault error
	for _, dir := range s.dirs() {
		files, err := s.list(dir)
		if err != nil && dir == src.Dir { // one below that is not there is nothing unusual
			fault = fmt.Errorf("list %s: %w", dir, err)
		}
		for fam, list := range files {
			for _, f := range list {
				all = append(all, Found{Path: f.path, Log: fam.log, State: f.state(), Size: f.stat.Size})
			}
		}
	}
	slices.SortFunc(all, func(a, b Found) int { return cmp.Compare(a.Path, b.Path) })
	return all, fault
}

func (f *foundFile) state() State {
	switch {
	case f.hidden:
		return Unreadable
	case f.class.packed != file.Unpacked:
		return Compressed
	case f.class.live:
		return Live
	}
	return Rotated
}
