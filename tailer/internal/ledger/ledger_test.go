package ledger

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/match"
	"github.com/rtcship/rtcship/tailer/internal/place"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

// What people are shown: each generation, what is there and is not followed, and the
// small files of a directory in one line.
func TestStatus(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	for path, text := range map[string]string{
		"done.jsonl": "0123456789", "half.jsonl": "0123456789", "bad.jsonl": "0123456789", "sora.jsonl.1.gz": "no such thing", "seen.jsonl": "0123456789", "old.jsonl.1": "x\n", "old.jsonl": "y\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.WriteFile(other+"/x", nil, 0o644), os.Symlink(other+"/x", dir+"/link.jsonl")); err != nil {
		t.Fatal(err)
	}
	nop, log := func() {}, slog.New(slog.DiscardHandler)
	readers := progress.New(progress.Config{Logger: log, Nudge: nop, Changed: func(bool) {}})
	x := known.New(known.Config{OpenFiles: 20, RotateWait: time.Second, Forget: time.Hour, Logger: log}, readers, known.Notice{
		Rescan: nop, Changed: func(bool) {}, IsSaved: func(*known.Followed, string) bool { return false },
		Saved: func(*known.Followed, string) (known.Saved, bool) { return known.Saved{}, false },
	}, []rules.Source{
		{Name: "sora", Dir: dir, Rules: []rules.Rule{{Pattern: "small/*.jsonl", Log: "few", Small: true}, {Pattern: "*.jsonl"}}},
		{Name: "a source before", Include: []string{"/nowhere/*.log"}},
	})
	defer x.CloseAll()
	s := x.Source("sora")
	if err := s.Small.Load("", "", "", slices.Values([]string(nil))); err != nil {
		t.Fatal(err)
	}
	s.Small.Put(&saved.Shelved{Path: saved.Path(dir + "/small/a.jsonl"), Size: 7}, saved.Sum{Entries: 4, SettledEntries: 3, Empty: 2, Cuts: 1})
	now := time.Now()
	files, _, err := s.List(dir, now, nop)
	if err != nil {
		t.Fatal(err)
	}
	dirs := map[string]bool{dir: true}
	_, loose := x.Reconcile(files, dirs, 0, now)
	for _, fl := range x.Unknown(loose, false, now) {
		c := x.Candidate(fl)
		if c == nil {
			continue
		}
		v := match.Verdict{What: match.New}
		if strings.HasSuffix(fl.Path, ".1") {
			v = match.Verdict{What: match.Leave, Reason: "was there before"}
		}
		x.Apply(v, c, now)
		c.Release()
	}
	for _, f := range x.Listed(dirs) {
		x.Finish(f, now)
	}
	for _, g := range x.All() {
		to := g.View().Settled
		switch filepath.Base(g.Path()) {
		case "done.jsonl":
			to.At = 10
			g.Rewind(to)
		case "half.jsonl":
			to.At = 5
			g.Rewind(to)
		case "bad.jsonl":
			g.Fail(os.ErrPermission)
		case "seen.jsonl":
			g.Seen(3)
			to.At = 8 // read beyond what was seen last
			g.Rewind(to)
		}
	}

	list := Status(x)
	got := map[string]FileStatus{}
	for i, l := range list {
		if i > 0 && list[i-1].Path > l.Path || l.Source != "sora" {
			t.Errorf("%s comes after %s", l.Path, list[i-1].Path)
		}
		got[filepath.Base(l.Path)] = l
	}
	want := map[string]FileStatus{
		"done.jsonl":      {Log: "done", State: place.Live, Size: 10, Read: 10, Settled: 10},
		"half.jsonl":      {Log: "half", State: place.Live, Size: 10, Read: 5, Settled: 5, Lag: 5},
		"seen.jsonl":      {Log: "seen", State: place.Live, Size: 8, Read: 8, Settled: 8},
		"bad.jsonl":       {Log: "bad", State: place.Unreadable, Size: 10, Lag: 10, Error: "permission denied"},
		"old.jsonl":       {Log: "old", State: place.Live, Size: 2, Lag: 2},
		"old.jsonl.1":     {Log: "old", State: place.Ignored, Reason: "was there before"},
		"link.jsonl":      {Log: "link", State: place.Ignored, Error: "leads out"},
		"sora.jsonl.1.gz": {Log: "sora", State: place.Unreadable, Error: "gzip"},
		"*":               {Log: "few", State: place.Settled, Files: 1, Size: 7, Read: 7, Settled: 7, Entries: 4, SettledEntries: 3, Empty: 2, Cut: 1},
	}
	for name, w := range want {
		g := got[name]
		if (g.Generation != "") != (w.State == place.Live || name == "bad.jsonl") || (g.Behind > 0) != (w.Lag > 0) || g.Path == "" {
			t.Errorf("%s: generation %q, behind %v", name, g.Generation, g.Behind)
		}
		if !strings.Contains(g.Error, w.Error) || (g.Error == "") != (w.Error == "") {
			t.Errorf("%s: error %q", name, g.Error)
		}
		if name == "link.jsonl" {
			g.Size = 0 // of the link
		}
		g.Source, g.Path, g.Generation, g.Behind, g.Error, w.Error = "", "", "", 0, "", ""
		if g.Gaps = nil; !equal(g, w) {
			t.Errorf("%s: %+v, want %+v", name, g, w)
		}
	}
	if len(list) != len(want) {
		t.Errorf("%d lines, want %d", len(list), len(want))
	}
}

func equal(a, b FileStatus) bool {
	return a.Log == b.Log && a.State == b.State && a.Files == b.Files && a.Size == b.Size && a.Read == b.Read && a.Settled == b.Settled && a.Lag == b.Lag &&
		a.Entries == b.Entries && a.SettledEntries == b.SettledEntries && a.Empty == b.Empty && a.Cut == b.Cut && a.Reason == b.Reason
}
