// Package access says which group would let this process read what it may not
// read: on a machine without Kubernetes that is what is wrong when a log
// directory is there and nothing comes.
package access

import (
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// bits of a class (owner, group or others) of a file's mode.
const (
	read   = 4
	search = 1
)

// An object is what stands between a process and a file: a directory on the way
// or the file itself.
type object struct {
	path     string
	mode     fs.FileMode
	uid, gid uint32
}

// needs is what must be allowed: a directory on the way is searched, the last one read as well.
func (o object) needs(last bool) uint32 {
	switch {
	case !last:
		return search
	case o.mode.IsDir():
		return read | search
	default:
		return read
	}
}

// A process is who wants to read.
type process struct {
	uid    uint32
	groups []uint32
}

// allows reports whether o's mode lets p do what bits say. Only one class counts,
// even if another one would allow more.
func (o object) allows(p process, bits uint32) bool {
	if p.uid == 0 {
		return true
	}
	mode := uint32(o.mode.Perm())
	class := mode
	switch {
	case o.uid == p.uid:
		class = mode >> 6
	case p.in(o.gid):
		class = mode >> 3
	}
	return class&bits == bits
}

func (p process) in(gid uint32) bool { return slices.Contains(p.groups, gid) }

// missing is the first object that p may not use, and whether its group may.
func missing(way []object, p process) (o object, group, ok bool) {
	for i, o := range way {
		bits := o.needs(i == len(way)-1)
		if !o.allows(p, bits) {
			return o, uint32(o.mode.Perm())>>3&bits == bits && o.uid != p.uid, true
		}
	}
	return object{}, false, false
}

// A Fault is a file or directory that keeps this process from reading a path.
type Fault struct {
	Path  string // the path itself, or a directory on the way to it
	Group string // a group that may do what this process may not; "" if there is none
}

// Check returns what keeps this process from reading the file or directory at
// path, judged by owners, groups and modes; nil if nothing does, or if path is
// not there. Access control lists are not looked at.
func Check(path string) *Fault {
	way, err := wayTo(path)
	if err != nil {
		return nil
	}
	o, group, ok := missing(way, self())
	if !ok {
		return nil
	}
	f := &Fault{Path: o.path}
	if group {
		f.Group = groupName(o.gid)
	}
	return f
}

// wayTo lists the directories from the root to path, and path.
func wayTo(path string) ([]object, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	steps := []string{"/"}
	for name := range strings.SplitSeq(strings.Trim(abs, "/"), "/") {
		steps = append(steps, filepath.Join(steps[len(steps)-1], name))
	}
	var way []object
	for _, step := range steps {
		info, err := os.Stat(step)
		if err != nil && len(way) > 0 && !os.IsNotExist(err) {
			return way, nil // it is behind a directory that may not be searched
		}
		if err != nil {
			return nil, err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return nil, os.ErrInvalid
		}
		way = append(way, object{path: step, mode: info.Mode(), uid: stat.Uid, gid: stat.Gid})
	}
	return way, nil
}

func self() process {
	p := process{uid: uint32(os.Geteuid()), groups: []uint32{uint32(os.Getegid())}}
	groups, _ := os.Getgroups()
	for _, g := range groups {
		p.groups = append(p.groups, uint32(g))
	}
	return p
}

func groupName(gid uint32) string {
	id := strconv.FormatUint(uint64(gid), 10)
	g, err := user.LookupGroupId(id)
	if err != nil {
		return id
	}
	return g.Name
}
