package tailer

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

var costs = flag.Bool("costs", false, "measure what following costs, which takes minutes")

// TestIdleCost measures the share of a core that files take that do not change.
func TestIdleCost(t *testing.T) {
	if !*costs {
		t.Skip("-costs is not set")
	}
	for _, test := range []struct {
		name         string
		files, small int
	}{{"nothing", 0, 0}, {"1,000 files", 1000, 0}, {"10,000 small files", 0, 10000}} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			os.Mkdir(filepath.Join(dir, waitDir), 0o755)
			for i := range test.files {
				os.WriteFile(filepath.Join(dir, fmt.Sprintf("log%d.jsonl", i)), []byte(lines(i, 5)), 0o644)
			}
			for i := range test.small {
				os.WriteFile(filepath.Join(dir, waitDir, fmt.Sprintf("20310402T101112_C%d.jsonl", i)), []byte(lines(i, 1)), 0o644)
			}
			cfg := Config{StateDir: t.TempDir(), Still: time.Second, Sources: []Source{{Name: "sora", Origin: "sora", Dir: dir, Rules: SoraRules()}}}
			var got counter
			tail := newTailer(t, cfg, &got)
			defer runTailer(t, tail)()
			want := int64(5*test.files + test.small)
			for start := time.Now(); got.n.Load() < want && time.Since(start) < 90*time.Second; {
				time.Sleep(100 * time.Millisecond)
			}
			time.Sleep(12 * time.Second)
			before := cpu(t)
			time.Sleep(20 * time.Second)
			share := 100 * (cpu(t) - before).Seconds() / 20
			t.Logf("%d of %d entries; %.2f %% of a core, %d files open, %d lines in Status", got.n.Load(), want,
				share, tail.known.OpenFiles(), len(tail.Status()))
			if share >= 1 {
				t.Error("files that do not change take a hundredth of a core")
			}
			if n := tail.known.OpenFiles(); test.small > 0 && n > 0 {
				t.Errorf("%d descriptors for settled small files", n)
			}
		})
	}
}

// A counter counts entries.
type counter struct{ n atomic.Int64 }

func (c *counter) Offer(_ context.Context, b entry.Batch) (entry.Receipt, error) {
	c.n.Add(int64(len(b.Entries)))
	return entry.Settled, nil
}

func cpu(t *testing.T) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestLatency measures how long after being written a line is handed on.
func TestLatency(t *testing.T) {
	if !*costs {
		t.Skip("-costs is not set")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "sora.jsonl")
	os.WriteFile(path, []byte(lines(0, 20)), 0o644)
	seen := make(chan time.Time, 1000)
	next := consumerFunc(func(b entry.Batch) {
		for range b.Entries {
			seen <- time.Now()
		}
	})
	defer runTailer(t, newTailer(t, Config{StateDir: t.TempDir(), Sources: []Source{{Name: "sora", Dir: dir, Rules: SoraRules()}}}, next))()
	for range 20 {
		<-seen
	}
	var took []time.Duration
	for i := range 200 {
		time.Sleep(time.Duration(37+i%50) * time.Millisecond)
		f, _ := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		at := time.Now()
		f.WriteString(lines(20+i, 1))
		f.Close()
		took = append(took, (<-seen).Sub(at))
	}
	slices.Sort(took)
	t.Logf("handed on after %v (median), %v (99 %%)", took[len(took)/2], took[len(took)*99/100])
	if took[len(took)/2] > 150*time.Millisecond {
		t.Error("half of the lines take more than 150 ms")
	}
}

type consumerFunc func(entry.Batch)

func (f consumerFunc) Offer(_ context.Context, b entry.Batch) (entry.Receipt, error) {
	f(b)
	return entry.Settled, nil
}
