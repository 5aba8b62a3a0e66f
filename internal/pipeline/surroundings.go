package pipeline

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/smallfile"
	"github.com/rtcship/rtcship/tailer"
)

// A DirFault is a directory that logs are looked for in and that cannot be listed.
type DirFault struct {
	Path  string `json:"path"`
	Error string `json:"error"`
}

// mostDirs bounds how many directories are looked at for one status.
const mostDirs = 256

// Unlistable finds the directories that cfg wants followed, are there, and
// cannot be listed: nothing of them arrives, and no file of theirs says so.
func Unlistable(cfg *config.Config) []DirFault {
	w := dirWalk{seen: map[string]bool{}}
	for _, s := range sources(cfg, nil) {
		for _, pattern := range patterns(s) {
			if !filepath.IsAbs(pattern) {
				pattern = filepath.Join(s.Dir, pattern)
			}
			w.walk("", strings.Split(filepath.Dir(pattern), string(filepath.Separator)))
		}
	}
	return w.faults
}

func patterns(s tailer.Source) []string {
	all := slices.Clone(s.Include)
	for _, r := range s.Rules {
		all = append(all, r.Pattern)
	}
	return all
}

// A dirWalk goes down the directories of globs.
type dirWalk struct {
	seen   map[string]bool
	faults []DirFault
}

// walk follows the parts of a glob below dir; the last directory, and each one
// that has a pattern below it, is to be listed.
func (w *dirWalk) walk(dir string, parts []string) {
	if len(parts) == 0 {
		w.list(dir, nil)
		return
	}
	part, rest := parts[0], parts[1:]
	if !strings.ContainsAny(part, `*?[\`) {
		w.walk(join(dir, part, rest), rest)
		return
	}
	w.list(dir, func(name string) {
		if ok, _ := filepath.Match(part, name); ok && len(w.seen) < mostDirs {
			w.walk(join(dir, name, rest), rest)
		}
	})
}

// join is dir and name, with a slash if there is more to come.
func join(dir, name string, rest []string) string {
	if len(rest) > 0 {
		name += "/"
	}
	return dir + name
}

// list calls each, if it is set, for the directories in dir, or notes why it cannot.
func (w *dirWalk) list(dir string, each func(name string)) {
	dir = filepath.Clean(dir)
	if each == nil && (w.seen[dir] || len(w.seen) >= mostDirs) {
		return
	}
	d, err := smallfile.OpenDir(dir)
	var names []os.DirEntry
	if err == nil {
		defer d.Close()
		most := 1
		if each != nil {
			most = -1
		}
		names, err = d.ReadDir(most)
	}
	if err != nil && err != io.EOF && !errors.Is(err, fs.ErrNotExist) && !w.seen[dir] {
		w.faults = append(w.faults, DirFault{dir, err.Error()})
	}
	w.seen[dir] = true
	for _, n := range names {
		if each != nil && (n.IsDir() || n.Type()&fs.ModeSymlink != 0) {
			each(n.Name())
		}
	}
}

// damagedCheckpoints lists what was set aside of positions since it was damaged.
func damagedCheckpoints(stateDir string) []string {
	all, _ := filepath.Glob(filepath.Join(globQuote.Replace(stateDir), "*.damaged-*"))
	return all
}

// globQuote takes the meaning off what a directory's name has of a pattern's characters.
var globQuote = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`)

// openToAll says whether everybody on the machine may change what is in the
// state directory. A volume of its own that belongs to root, as Kubernetes makes
// an emptyDir, is only open to who has it mounted.
func openToAll(stateDir string) bool {
	info, err := os.Stat(stateDir)
	if err != nil || info.Mode().Perm()&0o002 == 0 {
		return false
	}
	parent, err := os.Stat(filepath.Dir(filepath.Clean(stateDir)))
	if err != nil {
		return false
	}
	own, ok1 := info.Sys().(*syscall.Stat_t)
	above, ok2 := parent.Sys().(*syscall.Stat_t)
	handed := ok1 && ok2 && own.Uid == 0 && own.Dev != above.Dev
	return !handed
}
