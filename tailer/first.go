package tailer

import (
	"time"

	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// scanNamed looks for the logs that the rules know by their names, in directories
// that hold very much else besides, before all else is looked at.
func (t *Tailer) scanNamed(now time.Time) {
	l := &listing{dirs: map[string]bool{}} // nothing was listed as a whole, so nothing is missed
	for _, s := range t.known.sources {
		if s.Format != nil {
			continue
		}
		for _, dir := range s.set.Dirs() {
			files := s.own(s.set.VendorFiles(dir))
			s.begun(files)
			l.files = append(l.files, files...)
		}
	}
	if len(l.files) == 0 {
		return
	}
	l.files = rules.EachOnce(l.files, (*foundFile).name)
	t.reconcile(l, 0, now)
	for _, fl := range l.files {
		if fl.fam != nil {
			t.feed(fl.fam, now)
		}
	}
}
