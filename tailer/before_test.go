package tailer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// What the release before saved is read, and nothing is sent again under another
// uid: with the clock as it should be, and with one that is behind, to which all
// that was saved lies in the future. testdata/before is a log directory and what
// that release saved of it, sent.txt what it sent.
func TestStateOfTheReleaseBefore(t *testing.T) {
	for name, wait := range map[string]time.Duration{"clock behind": 0, "clock right": 28 * 365 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			base := t.TempDir()
			if err := os.CopyFS(base, os.DirFS("testdata/before")); err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(wait)
				w := newWorld(t, filepath.Join(base, "log"), filepath.Join(base, "state"))
				w.asSaved()
				w.start()
				w.pass(time.Minute)
				w.write("sora.jsonl", lines(1000, 5))
				w.write(waitDir+"/20310305T070000_C0.jsonl", lines(1005, 1))
				w.pass(time.Minute)
				w.kill()
				w.start()
				w.pass(time.Minute)
				sent, err := os.ReadFile("testdata/before/sent.txt")
				if err != nil {
					t.Fatal(err)
				}
				uid := map[string]bool{}
				for l := range strings.Lines(string(sent)) {
					f := strings.Fields(l)
					uid[f[0]+" "+f[1]] = true
				}
				fresh := 0
				for _, r := range w.sink.all() {
					switch {
					case strings.Contains(r.text, "line 100"):
						fresh++
					case !uid[fmt.Sprint(r.gen, " ", r.offset)]:
						t.Errorf("%.80s from %s was sent again under another uid", r.text, r.path)
					}
				}
				if fresh != 6 {
					t.Errorf("%d of 6 new lines", fresh)
				}
				w.kill()
			})
		})
	}
}

// asSaved gives the files the times that the checkpoint knows: those of a checkout
// are others.
func (w *world) asSaved() {
	w.t.Helper()
	c, err := saved.ReadCheckpoint(filepath.Join(w.cfg.StateDir, saved.PositionsFile))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, g := range c.Generations {
		path := filepath.Join(w.dir, filepath.Base(string(g.Path)))
		if err := os.Chtimes(path, g.Changed, g.Changed); err != nil {
			w.t.Fatal(err)
		}
	}
}
