package tailer

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

// A keeper is a Consumer that settles everything and keeps it.
type keeper struct {
	mu   sync.Mutex
	got  []string // texts
	keys map[string]bool
}

func (k *keeper) Offer(_ context.Context, b entry.Batch) (entry.Receipt, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, e := range b.Entries {
		k.got = append(k.got, string(e.Text))
		k.keys[fmt.Sprintf("%x %d %s", b.Origin.Generation, e.Offset, e.Text)] = true
	}
	return entry.Settled, nil
}

// follow runs a Tailer until everything is settled, and returns what came.
func (k *keeper) follow(t *testing.T, cfg Config) []string {
	t.Helper()
	tail := newTailer(t, cfg, k)
	tail.Drain()
	if err := tail.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	got := k.got
	k.got = nil
	return got
}

// hours finds the time in the lines of these tests: "07 text" is seven o'clock.
func hours(b entry.Batch) []time.Time {
	times := make([]time.Time, len(b.Entries))
	for i, e := range b.Entries {
		var h int
		if n, _ := fmt.Sscanf(string(e.Text), "%02d ", &h); n == 1 {
			times[i] = oclock(h)
		}
	}
	return times
}

func oclock(h int) time.Time { return time.Date(2026, 11, 21, h, 0, 0, 0, time.UTC) }

func rewindDir(t *testing.T) (Config, string) {
	t.Helper()
	dir := t.TempDir()
	cfg := Config{
		StateDir: filepath.Join(t.TempDir()),
		Sources:  []Source{{Name: "sora", Origin: "sora", Dir: dir, Rules: SoraRules(), Start: Start{At: oclock(0)}}},
	}
	for name, text := range map[string]string{
		"sora.jsonl": "05 a\n06 b\n   no time\n07 c\n08 d\n",
		"api.jsonl":  "09 x\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "sora.jsonl.1.gz"), gzipOf("01 old\n07 late\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return cfg, dir
}

func TestRewind(t *testing.T) {
	f := func(r Rewinding, want ...string) {
		t.Helper()
		cfg, _ := rewindDir(t)
		k := &keeper{keys: map[string]bool{}}
		first := k.follow(t, cfg)
		if len(first) != 8 {
			t.Fatalf("got %q", first)
		}
		known := len(k.keys)
		r.Times = hours
		dry := r
		dry.DryRun = true
		if _, err := Rewind(cfg, dry); err != nil {
			t.Fatal(err)
		}
		if again := k.follow(t, cfg); len(again) != 0 {
			t.Errorf("a dry run set positions back: %q", again)
		}
		if _, err := Rewind(cfg, r); err != nil {
			t.Fatal(err)
		}
		again := k.follow(t, cfg)
		slices.Sort(again)
		if strings.Join(again, ",") != strings.Join(want, ",") {
			t.Errorf("%+v brought %q, want %q", r, again, want)
		}
		if len(k.keys) != known {
			t.Error("what came again has another generation or offset")
		}
	}
	f(Rewinding{File: "api.jsonl"}, "09 x")
	f(Rewinding{File: "sora.jsonl", Since: oclock(7)}, "07 c", "07 late", "08 d")
	f(Rewinding{Since: oclock(6)}, "   no time", "06 b", "07 c", "07 late", "08 d", "09 x")
	f(Rewinding{Since: oclock(10)})
	f(Rewinding{File: "none.jsonl"})
	f(Rewinding{File: "sora.jsonl.1.gz"}, "01 old", "07 late")
}

// A file that is no longer where the checkpoint says is not set back by guess.
func TestRewindOfAMovedFile(t *testing.T) {
	cfg, dir := rewindDir(t)
	k := &keeper{keys: map[string]bool{}}
	k.follow(t, cfg)
	if err := os.WriteFile(filepath.Join(dir, "sora.jsonl"), []byte("something else altogether, and longer than before\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := Rewind(cfg, Rewinding{File: "sora.jsonl"})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(w Rewound) bool { return filepath.Base(w.Path) == "sora.jsonl" })
	if i < 0 || !strings.Contains(all[i].Error, "let rtcship run") || all[i].To != all[i].From {
		t.Errorf("got %+v", all)
	}
}

func TestSaved(t *testing.T) {
	cfg, _ := rewindDir(t)
	k := &keeper{keys: map[string]bool{}}
	tail := newTailer(t, cfg, k)
	if at, err := tail.Saved(); !at.IsZero() || err != nil {
		t.Errorf("before anything was saved: %v, %v", at, err)
	}
	tail.Drain()
	if err := tail.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if at, err := tail.Saved(); time.Since(at) > time.Minute || err != nil {
		t.Errorf("after Run: %v, %v", at, err)
	}
}
