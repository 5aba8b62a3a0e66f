package tailer

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// Beside very many other files the logs that the rules know are read first, those
// that were rotated as well, and nothing is different for it: what was known is
// known, and what was there at first is left alone.
func TestNamedLogsComeFirst(t *testing.T) {
	const n = rules.ManyNames
	inWorld(t, func(w *world) {
		for i := range n {
			w.write(fmt.Sprintf("session%dx.log", i), lines(i, 1))
		}
		w.write("sora.jsonl.1", lines(n+100, 5)) // there at first
		w.write("sora.jsonl", lines(n, 1))
		w.begin()
		s := rules.New(w.cfg.Sources[0].Asked(), rules.Where{State: w.cfg.StateDir}, func(string) bool { return false })
		var first []string
		for _, fl := range s.VendorFiles(w.dir) {
			first = append(first, filepath.Base(fl.Path))
		}
		slices.Sort(first)
		if !slices.Equal(first, []string{"sora.jsonl", "sora.jsonl.1"}) {
			w.t.Errorf("looked at first: %q", first)
		}
		w.pass(10 * time.Second)
		w.wantLines(n + 1)
		w.end()
		w.write("sora.jsonl", lines(n+1, 1))
		w.rename("sora.jsonl", "sora.jsonl.2")
		w.write("sora.jsonl", lines(n+2, 1))
		w.start()
		w.pass(10 * time.Second)
		w.wantLines(n + 3)
		w.wantRepeats(n + 3)
	})
}
