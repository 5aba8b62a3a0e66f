package tailer

import (
	"time"

	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// scanNamed looks for the logs that the rules know by their names, in directories
// that hold very much else besides, before all else is looked at.
func (t *Tailer) scanNamed(now time.Time) {
	l := &listing{dirs: map[string]bool{}} // nothing was listed as a whole, so nothing is missed
	for _, s := range t.known.Sources() {
		if s.Format != nil {
			continue
		}
		for _, dir := range s.Set.Dirs() {
			l.files = append(l.files, s.ListNamed(dir)...)
		}
	}
	if len(l.files) == 0 {
		return
	}
	l.files = rules.EachOnce(l.files, (*known.Found).Name)
	t.reconcile(l, 0, now)
	for _, fl := range l.files {
		if fl.Fam != nil {
			t.feed(fl.Fam, now)
		}
	}
}
