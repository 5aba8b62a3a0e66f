package known

import (
	"testing"
	"time"
)

// What has changed is taken once, and nothing of what is not known any more.
func TestTakeUnsaved(t *testing.T) {
	w := newWorld(t)
	w.write("a.jsonl", lines("a"))
	w.write("b.jsonl", lines("b"))
	w.scan()
	taken := func() (gens []*Generation, logs []*Family) {
		w.x.Do(func(l Locked) { gens, logs = l.TakeUnsaved() })
		return gens, logs
	}
	if gens, logs := taken(); len(gens) != 2 || len(logs) != 0 {
		t.Errorf("%d generations and %d logs are new", len(gens), len(logs))
	}
	a, b := w.must("a.jsonl"), w.must("b.jsonl")
	for _, g := range []*Generation{a, b} {
		w.x.readers.Restore(g.fam.settled, 1, time.Time{})
		g.Touch()
	}
	w.x.while(func() {
		w.x.forgetGeneration(a)
		w.x.forgetLog(a.fam)
	})
	if gens, logs := taken(); len(gens) != 1 || gens[0] != b || len(logs) != 1 || logs[0] != b.fam {
		t.Errorf("taken: %d generations and %d logs", len(gens), len(logs))
	}
	if gens, logs := taken(); len(gens)+len(logs) != 0 {
		t.Error("they are taken twice")
	}
	a.Close()
}
