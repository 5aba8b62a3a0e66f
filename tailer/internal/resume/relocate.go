package resume

import (
	"path/filepath"

	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// relocate puts what a checkpoint says of the files in the directory of s where
// that directory is by now: it may have been mounted elsewhere, or be named in
// another way. Whether it is the same one is found out by what is in it. It returns
// where the directory was then, "" if it is there still.
func relocate(s *known.Followed, c *saved.Checkpoint) string {
	old := string(c.Sources[s.Name].Dir)
	if old == "" {
		old = oldDir(s, c)
	}
	if s.Dir == "" || old == "" || filepath.Clean(old) == filepath.Clean(s.Dir) {
		return ""
	}
	move := func(p *saved.Path) { *p = p.Move(old, s.Dir) }
	for i := range c.Logs {
		if c.Logs[i].Source == s.Name {
			move(&c.Logs[i].File)
		}
	}
	for i := range c.Generations {
		if g := &c.Generations[i]; g.Source == s.Name {
			move(&g.File)
			move(&g.Path)
		}
	}
	return old
}

// oldDir is where the directory of s was for a checkpoint that does not say so: a
// log that the rules know by name lies in it.
func oldDir(s *known.Followed, c *saved.Checkpoint) string {
	for i := range c.Generations {
		g := &c.Generations[i]
		if g.Source != s.Name {
			continue
		}
		dir, base := filepath.Split(string(g.File))
		if s.Set.IsVendors(base) {
			return filepath.Clean(dir)
		}
	}
	return ""
}
