package tailer

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/resume"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// What is left by a process that ended in good order is read by the release
// before, however much it is: docs/UPGRADING.md promises that. A process that was
// killed may leave what that release refuses; a start and a stop of this one,
// which sends nothing twice, makes it readable.
func TestTheReleaseBeforeReadsWhatThisOneLeaves(t *testing.T) {
	for _, n := range []int{3, 2 * resume.FewGenerations} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			inWorld(t, func(w *world) {
				for i := range n {
					w.write(fmt.Sprintf("session%dx.log", i), lines(i, 1))
				}
				w.start()
				w.pass(20 * time.Second)
				w.kill()
				if got := w.version(); got != 1 && n <= resume.FewGenerations || got != saved.Version && n > resume.FewGenerations {
					w.t.Errorf("version %d after a kill", got)
				}
				w.sink.hold = make(chan struct{}) // the collector is away, and nothing can be settled
				w.begin()
				w.end()
				w.wantReadableBefore(n)
				w.sink.hold = nil
				w.start()
				w.end()
				w.wantReadableBefore(n)
				w.wantLines(n)
			})
		})
	}
}

func (w *world) version() int {
	w.t.Helper()
	c, err := saved.ReadCheckpoint(filepath.Join(w.cfg.StateDir, saved.PositionsFile))
	if err != nil {
		w.t.Fatal(err)
	}
	return c.Version
}

// wantReadableBefore checks what the release before checks when it reads positions:
// one JSON document of version 1 and less than 64 MiB, each generation with its id,
// hashes that fit its head, and offsets.
func (w *world) wantReadableBefore(n int) {
	w.t.Helper()
	b, err := os.ReadFile(filepath.Join(w.cfg.StateDir, saved.PositionsFile))
	if err != nil {
		w.t.Fatal(err)
	}
	var c struct {
		Version int
		Sources map[string]struct {
			Followed time.Time `json:"followed_since"`
		}
		Logs []struct {
			Source, File string
			Newest       time.Time `json:"newest_settled_write"`
		}
		Generations []struct {
			ID, Source, File, Path, At string
			Size, Settled              int64
			Head                       int
			Heads                      []string
		}
	}
	if err := json.Unmarshal(b, &c); err != nil {
		w.t.Fatal(err)
	}
	if c.Version != 1 || len(b) > 64<<20 || len(c.Generations) != n || len(c.Logs) != n || c.Sources["sora"].Followed.IsZero() {
		w.t.Errorf("version %d with %d generations of %d logs, source %+v", c.Version, len(c.Generations), len(c.Logs), c.Sources)
	}
	for _, g := range c.Generations {
		if len(g.ID) != 32 || g.Source != "sora" || g.Settled != g.Size || g.Size == 0 || g.Head == 0 || len(g.Heads) == 0 || len(g.At) != 16 {
			w.t.Errorf("%+v", g)
		}
	}
}
