package tailer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// holed is a format of lines in which each that begins with "#" is damaged.
type holed struct{}

func (holed) Split(data []byte, _ int64, _ bool) (e Entry, n int, err error) {
	i := bytes.IndexByte(data, '\n')
	switch {
	case i < 0:
		return e, 0, ErrMore
	case data[0] == '#':
		return e, i + 1, ErrTorn
	}
	e.Text = data[:i]
	return e, i + 1, nil
}

// What is damaged in many places is counted to the byte, before a stop and after
// it, and takes no more room than a few places.
func TestManyDamagedStretches(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.Sources = []Source{{Name: "spool", Origin: "pexip", Dir: w.dir, Rules: []Rule{{Pattern: "*.spool"}}, Format: holed{}}}
		const n = 20_000
		write := func() {
			var b strings.Builder
			for i := range n {
				fmt.Fprintf(&b, "line %d\n#damage\n", i)
			}
			w.write("1.spool", b.String())
		}
		check := func(runs int) {
			w.pass(10 * time.Second)
			var count, total int64
			for _, s := range w.tail.Status() {
				if len(s.Gaps) > maxGaps {
					w.t.Errorf("%d gaps are kept", len(s.Gaps))
				}
				for _, g := range s.Gaps {
					count += 1 + g.More
					total += g.Bytes
				}
			}
			if got := len(w.sink.all()); got != runs*n || count != int64(runs*n) || total != int64(runs*n*len("#damage\n")) {
				w.t.Errorf("%d entries, %d gaps of %d bytes", got, count, total)
			}
		}
		write()
		w.start()
		check(1)
		w.end()
		write()
		w.start()
		check(2)
		saved, err := os.Stat(filepath.Join(w.cfg.StateDir, positionsFile))
		if err != nil || saved.Size() > 64<<10 {
			w.t.Errorf("the checkpoint: %v, %v", saved.Size(), err)
		}
	})
}

// A file with more gaps than anybody would look at keeps their sums and some of
// them, not all.
func TestManyGaps(t *testing.T) {
	g := newGeneration(newFamily(newSource(Source{}, nil), class{rule: &Rule{Log: "sora"}}), time.Now())
	var count, total int64
	reasons := []string{"damaged", "the file is gone", "removed from the end of the file"}
	sums := map[string]int64{}
	for i := range int64(100_000) {
		gap := Gap{At: 100 * i, Bytes: 1 + i%7, Reason: reasons[i*i%3], Time: time.Unix(i, 0)}
		g.addGaps(gap)
		count++
		total += gap.Bytes
		sums[gap.Reason] += gap.Bytes
	}
	if len(g.gaps) > maxGaps {
		t.Errorf("%d gaps are kept", len(g.gaps))
	}
	for _, gap := range g.gaps {
		count -= 1 + gap.More
		total -= gap.Bytes
		sums[gap.Reason] -= gap.Bytes
	}
	if count != 0 || total != 0 {
		t.Errorf("%d gaps and %d bytes too few are left", count, total)
	}
	for reason, n := range sums {
		if n != 0 {
			t.Errorf("%d bytes too few are %s", n, reason)
		}
	}
	if last := g.gaps[len(g.gaps)-1]; last.At != 100*99_999 || last.More != 0 {
		t.Errorf("the newest gap is %+v", last)
	}
}
