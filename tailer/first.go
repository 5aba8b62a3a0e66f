package tailer

import (
	"path/filepath"
	"strings"
	"time"
)

// manyNames in a directory keep the first scan from reading anything for long.
const manyNames = 1000

// scanNamed looks for the logs that the rules know by their names, in directories
// that hold very much else besides, before all else is looked at.
func (t *Tailer) scanNamed(now time.Time) {
	l := &listing{dirs: map[string]bool{}} // nothing was listed as a whole, so nothing is missed
	for _, s := range t.sources {
		if s.Format != nil {
			continue
		}
		for _, dir := range s.dirs() {
			files := s.listNamed(dir)
			s.begun(files)
			l.files = append(l.files, files...)
		}
	}
	if len(l.files) == 0 {
		return
	}
	l.files = eachOnce(l.files)
	t.reconcile(l, 0, now)
	for _, fl := range l.files {
		if fl.fam != nil {
			t.feed(fl.fam, now)
		}
	}
}

// listNamed is list for the logs that the rules know by their names, with what was
// rotated of them; nothing of a directory that is listed soon enough as a whole.
func (s *source) listNamed(dir string) (files []*foundFile) {
	if s.paths.directory(dir) != nil || s.smallRule(dir) != nil {
		return nil
	}
	names, err := readNames(dir)
	if err != nil || len(names) < manyNames {
		return nil
	}
	var stems []string
	for i := range s.rules {
		if r := &s.rules[i]; r.weight == byName && r.plain && !r.Small && filepath.Dir(r.full) == filepath.Clean(dir) {
			base := filepath.Base(r.full)
			stems = append(stems, strings.TrimSuffix(base, filepath.Ext(base)))
		}
	}
	var some []string
	for _, name := range names {
		for _, stem := range stems {
			if strings.HasPrefix(name, stem) {
				some = append(some, name)
				break
			}
		}
	}
	for _, n := range s.classifyAll(dir, some) {
		if !n.followed || n.class.rule.weight != byName {
			continue
		}
		if f := s.look(n.path, n.class); f != nil {
			files = append(files, f)
		}
	}
	return files
}
