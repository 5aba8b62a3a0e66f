package tailer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

// TestManyLogs measures how long a live log waits beside tens of thousands that
// hold a line each, and what they take.
func TestManyLogs(t *testing.T) {
	sizes := []int{2000}
	if *costs {
		sizes = []int{5000, 20000, 50000}
	}
	for _, n := range sizes {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			dir := t.TempDir()
			for i := range n {
				if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("session-%dx.log", i)), []byte(line(i)+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			var all atomic.Int64
			live := make(chan time.Time, 1000)
			next := consumerFunc(func(b entry.Batch) {
				if b.Origin.Log == "sora" {
					for range b.Entries {
						live <- time.Now()
					}
					return
				}
				all.Add(int64(len(b.Entries)))
			})
			path := filepath.Join(dir, "sora.jsonl")
			put := func() time.Time {
				f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				fmt.Fprintln(f, strings.Repeat("live ", 10))
				return time.Now()
			}
			begun := put()
			tail := newTailer(t, Config{StateDir: t.TempDir(), Sources: []Source{{Name: "sora", Dir: dir, Rules: SoraRules()}}}, next)
			stop := runTailer(t, tail)
			worst := (<-live).Sub(begun)
			t.Logf("first line of the live log after %v", worst)
			for all.Load() < int64(n) && time.Since(begun) < 5*time.Minute {
				at := put()
				worst = max(worst, (<-live).Sub(at))
				time.Sleep(100 * time.Millisecond)
			}
			t.Logf("%d of %d lines after %v; a line of the live log took %v at most", all.Load(), n, time.Since(begun), worst)
			if worst > 2*time.Second && *costs {
				t.Error("that is too long")
			}
			if all.Load() != int64(n) {
				t.Error("not all lines arrived")
			}
			tail.mu.Lock()
			scans := tail.scanned
			tail.mu.Unlock()
			if most := 3 + int(time.Since(begun)/tail.cfg.Scan); scans > most {
				t.Errorf("the directory was listed %d times, want %d at most: not for each slice of it", scans, most)
			}
			ended := time.Now()
			stop()
			t.Logf("stopped after %v", time.Since(ended))
		})
	}
}
