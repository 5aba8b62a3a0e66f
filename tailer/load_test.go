package tailer

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

// In real time, with polls that follow each other at once, logs are written,
// renamed and copied and truncated: the race detector sees the readers, the
// scheduler and the saver at their worst, and no line that was not truncated away
// is missing.
func TestRotatingUnderLoad(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	seen := map[string]int{}
	next := consumerFunc(func(b entry.Batch) {
		mu.Lock()
		defer mu.Unlock()
		for _, e := range b.Entries {
			seen[string(e.Text)]++
		}
	})
	cfg := Config{
		StateDir: t.TempDir(), Poll: time.Millisecond, Scan: 5 * time.Millisecond, Save: 10 * time.Millisecond, RotateWait: 200 * time.Millisecond,
		Sources: []Source{{Name: "sora", Origin: "sora", Dir: dir, Rules: SoraRules()}},
	}
	tail := newTailer(t, cfg, next)
	stop := runTailer(t, tail)
	defer stop()
	<-tail.listed // what is rotated by then is left alone
	const rounds, each = 15, 200
	var writers sync.WaitGroup
	for _, log := range []string{"sora", "api", "mine"} {
		writers.Go(func() {
			path := filepath.Join(dir, log+".jsonl")
			for round := range rounds {
				for i := range each {
					f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
					if err != nil {
						t.Error(err)
						return
					}
					fmt.Fprintf(f, "%s %s\n", log, line(round*each+i))
					f.Close()
				}
				switch {
				case round%3 == 2 && log == "mine": // lines may be lost, which is counted
					if err := os.Truncate(path, 0); err != nil {
						t.Error(err)
					}
				default:
					if err := os.Rename(path, fmt.Sprintf("%s.%d", path, round+1)); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	writers.Wait()
	deadline := time.Now().Add(2 * time.Minute)
	for {
		missing, twice := 0, 0
		mu.Lock()
		for _, log := range []string{"sora", "api"} {
			for i := range rounds * each {
				switch n := seen[fmt.Sprintf("%s %s", log, line(i))]; {
				case n == 0:
					missing++
				case n > 1:
					twice++
				}
			}
		}
		mu.Unlock()
		if twice > 0 {
			t.Fatalf("%d lines came twice", twice)
		}
		if missing == 0 {
			return
		}
		if time.Now().After(deadline) {
			for _, s := range tail.Status() {
				if s.Lag > 0 || s.State == Ignored || s.Error != "" || s.Reason != "" || len(s.Gaps) > 0 {
					t.Logf("%+v", s)
				}
			}
			t.Fatalf("%d lines are missing", missing)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
