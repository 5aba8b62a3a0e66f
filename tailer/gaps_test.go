package tailer

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// holed is a format of lines in which each that begins with "#" is damaged.
type holed struct{}

func (holed) Split(data []byte, _ int64, _ bool) (e entry.Entry, n int, err error) {
	i := bytes.IndexByte(data, '\n')
	switch {
	case i < 0:
		return e, 0, entry.ErrMore
	case data[0] == '#':
		return e, i + 1, entry.ErrTorn
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
				if len(s.Gaps) > progress.MaxGaps {
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
		saved, err := os.Stat(filepath.Join(w.cfg.StateDir, saved.PositionsFile))
		if err != nil || saved.Size() > 64<<10 {
			w.t.Errorf("the checkpoint: %v, %v", saved.Size(), err)
		}
	})
}

// Each way to lose bytes leaves a gap of just those bytes: lines 0 to n-1 are
// written, and each of them is either settled or in a gap.
func TestEveryLossIsAGap(t *testing.T) {
	const n = 5 * entry.BatchBytes / 80 // more than is read ahead
	for _, tt := range []struct {
		name, reason string
		lose         func(w *world)
	}{
		{"deleted while stopped", "the file is gone", func(w *world) {
			w.write("sora.jsonl", lines(0, 10))
			w.start()
			release := w.hold()
			w.write("sora.jsonl", lines(10, n-10))
			w.pass(3 * time.Second)
			w.end()
			release()
			w.remove("sora.jsonl")
			w.start()
		}},
		{"written after the copy, then truncated", "written after the copy was made, then truncated", func(w *world) {
			w.write("sora.jsonl", lines(0, 10))
			w.start()
			w.copy("sora.jsonl", "sora.jsonl.1")
			release := w.hold()
			w.write("sora.jsonl", lines(10, n-10))
			w.pass(3 * time.Second)
			w.truncate("sora.jsonl")
			w.pass(3 * time.Second)
			release()
		}},
		{"written after a packed copy, then truncated", "written after the copy was made, then truncated", func(w *world) {
			w.write("sora.jsonl", lines(0, 10))
			w.start()
			w.pack("sora.jsonl", "sora.jsonl.1.gz")
			release := w.hold()
			w.write("sora.jsonl", lines(10, n-10))
			w.pass(3 * time.Second)
			w.truncate("sora.jsonl")
			w.pass(3 * time.Second)
			release()
		}},
		{"written after a copy that goes on, then truncated", "removed from the end of the file", func(w *world) {
			w.start()
			release := w.hold()
			w.write("sora.jsonl", lines(0, n-10))
			w.pass(3 * time.Second)
			w.copy("sora.jsonl", "sora.jsonl.1")
			w.write("sora.jsonl", lines(n-10, 10))
			w.pass(3 * time.Second)
			w.truncate("sora.jsonl")
			w.pass(3 * time.Second)
			release()
		}},
		{"cut off at the end", "removed from the end of the file", func(w *world) {
			w.start()
			release := w.hold()
			w.write("sora.jsonl", lines(0, n))
			w.pass(3 * time.Second)
			if err := os.Truncate(w.path("sora.jsonl"), int64(len(lines(0, n-10)))); err != nil {
				w.t.Fatal(err)
			}
			w.pass(3 * time.Second)
			release()
		}},
		{"deleted and too large to hold", "deleted, and larger than limits.deleted_bytes", func(w *world) {
			w.cfg.DeletedBytes = 1 << 20
			w.start()
			release := w.hold()
			w.write("sora.jsonl", lines(0, n))
			w.pass(3 * time.Second)
			w.remove("sora.jsonl")
			w.write("sora.jsonl", "")
			w.pass(3 * time.Second)
			release()
		}},
		{"deleted and too large to hold, then killed", "deleted, and larger than limits.deleted_bytes", func(w *world) {
			w.cfg.DeletedBytes = 1 << 20
			w.start()
			release := w.hold()
			w.write("sora.jsonl", lines(0, n))
			w.pass(3 * time.Second)
			w.remove("sora.jsonl")
			w.write("sora.jsonl", "")
			w.pass(3 * time.Second)
			w.kill()
			release()
			w.start()
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				tt.lose(w)
				w.pass(20 * time.Second)
				w.wantGaps(n, tt.reason)
				w.end()
				w.start()
				w.pass(20 * time.Second)
				w.wantGaps(n, tt.reason) // and not once more
			})
		})
	}
}

// wantGaps checks that those of lines 0 to n-1 that were never settled, and no
// others, are in gaps.
func (w *world) wantGaps(n int, reason string) {
	w.t.Helper()
	settled := map[string]bool{}
	for _, r := range w.sink.all() {
		if !r.settled.IsZero() {
			settled[r.text] = true
		}
	}
	var want, got int64
	for i := range n {
		if !settled[line(i)] {
			want += int64(len(line(i)) + 1)
		}
	}
	for _, s := range w.tail.Status() {
		for _, g := range s.Gaps {
			if g.Reason != reason {
				w.t.Errorf("%d bytes are lost for the reason %q", g.Bytes, g.Reason)
			}
			got += g.Bytes
		}
	}
	if want == 0 || got != want {
		w.t.Errorf("gaps of %d bytes, but %d were lost", got, want)
	}
}
