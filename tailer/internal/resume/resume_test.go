package resume

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/known"
	"github.com/rtcship/rtcship/tailer/internal/place"
	"github.com/rtcship/rtcship/tailer/internal/progress"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

const forget = time.Hour

// A run is what is known from one start to the next.
type run struct {
	*testing.T
	x     *known.Index
	p     *Positions
	store *saved.Store
}

// start loads what is saved in a state directory, for sources.
func start(t *testing.T, state string, sources ...rules.Source) *run {
	t.Helper()
	r := &run{T: t, p: New(state, forget), store: saved.NewStore(state, slog.New(slog.DiscardHandler))}
	nop := func() {}
	readers := progress.New(progress.Config{Logger: slog.New(slog.DiscardHandler), Nudge: nop, Changed: func(bool) {}})
	r.x = known.New(known.Config{Still: time.Minute, Forget: forget, OpenFiles: 10, Logger: slog.New(slog.DiscardHandler)}, readers,
		known.Notice{Rescan: nop, Changed: func(bool) {}, IsSaved: r.p.IsSaved, Saved: r.p.Saved}, sources)
	if err := r.p.Load(r.x, r.store, false); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.p.Close)
	return r
}

// save saves what has changed, or all.
func (r *run) save(whole bool) *Taken {
	r.Helper()
	k := r.p.Take(whole, time.Now())
	err := k.Write(r.store, false)
	if err != nil {
		r.Fatal(err)
	}
	r.p.NoteSaved(k, nil)
	return k
}

// gens are what is known, by path.
func (r *run) gens() map[string]known.Snapshot {
	m := map[string]known.Snapshot{}
	r.x.Do(func(l known.Locked) {
		for g := range l.Generations() {
			m[g.Path()] = l.Look(g)
		}
	})
	return m
}

func sora(dir string) rules.Source {
	return rules.Source{Name: "sora", Dir: dir, Rules: []rules.Rule{
		{Pattern: "sora.jsonl"}, {Pattern: "erlang.log.[1-9]", Ring: true, Form: entry.Clocked}, {Pattern: "small/*.jsonl", Small: true}, {Pattern: "*.jsonl"},
	}}
}

// checkpoint writes one into a new state directory.
func checkpoint(t *testing.T, c *saved.Checkpoint) string {
	t.Helper()
	state := t.TempDir()
	store := saved.NewStore(state, slog.New(slog.DiscardHandler))
	lines := func(yield func([]byte, error) bool) {
		for i := range c.Generations {
			if !yield(jsonOf(t, &c.Generations[i]), nil) {
				return
			}
		}
	}
	if err := store.Replace(c, false, lines); err != nil {
		t.Fatal(err)
	}
	return state
}

// generation is one as it is saved, settled and gone.
func generation(i int, source, log, path string) saved.Generation {
	head := headOf(i)
	f := file.Fingerprint{}
	f.Grow(head)
	g := saved.Generation{
		ID: fmt.Sprintf("%032x", i+1), Source: source, File: saved.Path(log), Path: saved.Path(path), Born: time.Now().Add(-time.Hour).UTC().Round(0),
		Size: 1000, Settled: 1000, OnDisk: 1000, Inode: uint64(i + 100), Device: 7,
		Written: time.Now().Add(-time.Minute), Changed: time.Now().Add(-time.Minute), Print: saved.Print{Head: f.HeadLen, At: saved.Hash(i + 1)},
	}
	for _, h := range f.Heads {
		g.Heads = append(g.Heads, saved.Hash(h))
	}
	return g
}

func jsonOf(t *testing.T, g *saved.Generation) []byte {
	t.Helper()
	b, err := json.Marshal(g)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func headOf(i int) []byte { return fmt.Appendf(nil, "%0200d and more", i) }

// What is saved of a generation is what is known of it after a restart.
func TestRestored(t *testing.T) {
	now := time.Now()
	f := file.Fingerprint{}
	f.Grow(headOf(1))
	f.Note(file.Mark{At: 900, Hash: 9})
	f.See([]file.Mark{{At: 950, Hash: 95}})
	was := known.Snapshot{
		ID: fmt.Sprintf("%032x", 77), Source: "sora", Log: "/logs/sora.jsonl", Born: now.Add(-time.Hour).UTC().Round(0),
		Place: place.Place{
			Path: "/logs/sora.jsonl.1.gz", Key: file.Key{Dev: 3, Ino: 4}, Packed: file.Gzip, State: place.Compressed, Live: false,
			Stat: file.Stat{Key: file.Key{Dev: 3, Ino: 4}, Size: 55, Mtime: now.Add(-time.Minute).UnixNano()}, Written: now.Add(-2 * time.Minute).UnixNano(),
		},
		View: progress.View{
			Size: 1000, Ended: true, CopyOf: fmt.Sprintf("%032x", 5), From: 700,
			Tally: progress.Tally{Gaps: []entry.Gap{{At: 990, Bytes: 10, Reason: "gone", Time: now.UTC().Round(0)}}, GapNoted: true},
		},
		Print: f,
	}
	was.Settled.At, was.Settled.Hash, was.Settled.Clock, was.Settled.Cut = 990, 99, now.UTC().Round(0), true
	for _, missing := range []time.Time{{}, now.Add(-time.Minute), now.Add(time.Hour)} {
		was.Missing = missing
		s := stateOf(was)
		r, err := restored(&s, now)
		if err != nil {
			t.Fatal(err)
		}
		if r.ID != was.ID || !r.Born.Equal(was.Born) {
			t.Errorf("%+v", r)
		}
		wantMissing := now
		if missing.Before(now) && !missing.IsZero() {
			wantMissing = missing
		}
		p := r.Place
		if p.Path != was.Path || p.Key != was.Key || p.Packed != was.Packed || p.Stat != was.Stat || p.Written != was.Written || p.State != place.Missing || !p.Missing.Equal(wantMissing) {
			t.Errorf("missing since %v: %+v", missing, p)
		}
		v := r.Read
		if v.Size != 1000 || v.Settled != was.View.Settled || v.Packed != file.Gzip || !v.Ended || v.CopyOf != was.CopyOf || v.From != 700 || !v.Lost || len(v.Gaps) != 1 || v.Gaps[0] != was.Gaps[0] || v.Saved != f.HeadLen || v.Mtime != was.Stat.Mtime || !v.Missing {
			t.Errorf("%+v", v)
		}
		if v.Print.HeadLen != f.HeadLen || !slices.Equal(v.Print.Heads, f.Heads) || !slices.Equal(v.Print.Marks, f.Marks) {
			t.Errorf("%+v", v.Print)
		}
		if ends := len(v.Print.Recent) == 1; ends == missing.IsZero() { // it is found already, and need not be told by them
			t.Errorf("missing since %v: told by %+v", missing, v.Print.Recent)
		}
	}
}

// All ends of lines that are known are saved of a file that may have to be found; what
// the release before saved of them is read.
func TestEndsOfLines(t *testing.T) {
	f := file.Fingerprint{}
	for i := range file.MaxRecent {
		f.See([]file.Mark{{At: int64(100 * i), Hash: uint64(i + 1)}})
	}
	s := stateOf(known.Snapshot{ID: fmt.Sprintf("%032x", 77), Place: place.Place{Live: true}, Print: f})
	if r, err := restored(&s, time.Now()); err != nil || !slices.Equal(r.Read.Print.Recent, f.Recent) {
		t.Errorf("%d of %d, %v", len(r.Read.Print.Recent), len(f.Recent), err)
	}
	s.Ends, s.Lines = []saved.Mark{{At: 5, Hash: 6}}, nil
	if r, err := restored(&s, time.Now()); err != nil || len(r.Read.Print.Recent) != 1 || r.Read.Print.Recent[0] != (file.Mark{At: 5, Hash: 6}) {
		t.Errorf("of the release before: %v, %v", r.Read.Print.Recent, err)
	}
}

// Of a copy the release before did not say where it begins: no later than where it was.
func TestRestoredWithoutItsBeginning(t *testing.T) {
	s := generation(1, "sora", "/logs/x.jsonl", "/logs/x.jsonl")
	if r, err := restored(&s, time.Now()); err != nil || r.Read.From != 0 {
		t.Errorf("from %d, %v", r.Read.From, err)
	}
	s.CopyOf = fmt.Sprintf("%032x", 5)
	if r, err := restored(&s, time.Now()); err != nil || r.Read.From != s.Settled {
		t.Errorf("a copy from %d, %v", r.Read.From, err)
	}
}

// What cannot be told by what is saved of it is not made up.
func TestNotRestored(t *testing.T) {
	for name, spoil := range map[string]func(*saved.Generation){
		"id":  func(g *saved.Generation) { g.ID = "x" },
		"end": func(g *saved.Generation) { g.Settled = -1 },
	} {
		g := generation(1, "sora", "/logs/sora.jsonl", "/logs/sora.jsonl")
		spoil(&g)
		if _, err := restored(&g, time.Now()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// A restart goes on with what was saved: under the same name, and with what belongs to
// nobody that is followed kept for the next one.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	state := checkpoint(t, &saved.Checkpoint{
		Sources: map[string]saved.Source{"sora": {Followed: time.Now().Add(-time.Hour), Dir: saved.Path(dir)}, "other": {Followed: time.Now().Add(-time.Hour)}},
		Logs: []saved.Log{
			{Source: "sora", File: saved.Path(dir + "/sora.jsonl"), Newest: time.Now().Add(-time.Minute)},
			{Source: "sora", File: "/elsewhere/x.jsonl", Newest: time.Now().Add(-time.Minute)},
			{Source: "other", File: "/other/y.jsonl", Newest: time.Now().Add(-time.Minute)},
			{Source: "sora", File: saved.Path(dir + "/late.jsonl"), Newest: time.Now().Add(time.Hour)},
		},
		Generations: []saved.Generation{
			generation(1, "sora", dir+"/sora.jsonl", dir+"/sora.jsonl"),
			generation(2, "sora", "/elsewhere/x.jsonl", "/elsewhere/x.jsonl"),
			generation(3, "other", "/other/y.jsonl", "/other/y.jsonl"),
		},
	})
	for i := range 3 { // what nobody asked for is saved each time
		r := start(t, state, sora(dir))
		gens := r.gens()
		if len(gens) != 1 || gens[dir+"/sora.jsonl"].ID != fmt.Sprintf("%032x", 2) {
			t.Fatalf("start %d: known: %v", i, gens)
		}
		var logs []string
		r.x.Do(func(l known.Locked) {
			for f := range l.Logs() {
				newest, _ := l.Settled(f)
				logs = append(logs, fmt.Sprintf("%s %v", filepath.Base(f.Path), newest > 0))
			}
		})
		slices.Sort(logs)
		if want := "late.jsonl false, sora.jsonl true"; i == 0 && strings.Join(logs, ", ") != want {
			t.Errorf("logs: %v, want %s", logs, want) // no time in the future is believed
		}
		src := r.x.Source("sora")
		if !r.p.IsSaved(src, "/elsewhere/x.jsonl") || r.p.IsSaved(src, "/elsewhere/z.jsonl") {
			t.Error("a log that no rule has is not known to be saved, or one that was never saved is")
		}
		if r.save(true); r.store.Appendable() {
			t.Error("a few generations have a journal, which a release before cannot read")
		}
		r.p.Close()
	}
	src := sora(dir)
	src.Include = []string{"/elsewhere/*.jsonl"}
	r := start(t, state, src)
	if gens := r.gens(); len(gens) != 2 || gens["/elsewhere/x.jsonl"].ID == "" {
		t.Errorf("a log that is followed again: %v", gens)
	}
	r.p.Close()
	r = start(t, state, sora(dir), rules.Source{Name: "other", Dir: "/other", Rules: []rules.Rule{{Pattern: "*.jsonl"}}})
	r.x.Do(func(l known.Locked) {
		for f := range l.Logs() {
			if newest, _ := l.Settled(f); f.Src.Name == "other" && newest == 0 {
				t.Error("nothing is known of when the log of a source that is followed again was written")
			}
		}
	})
	if gens := r.gens(); len(gens) != 2 || gens["/other/y.jsonl"].Source != "other" {
		t.Errorf("a source that is followed again: %v", gens)
	}
	if _, ok := r.x.Source("other").Early.State(); !ok {
		t.Error("a source that is followed again counts as new")
	}
}

// Positions are relative to the directory of their source.
func TestRelocated(t *testing.T) {
	for _, test := range []struct {
		name    string
		savedAs string // Source.Dir; "" if a release before saved it
		log     string
		dir     string
		want    string
	}{
		{"where it was", "/a/logs", "/a/logs/sora.jsonl", "/a/logs", "/a/logs/sora.jsonl"},
		{"mounted elsewhere", "/a/logs", "/a/logs/sora.jsonl", "/b", "/b/sora.jsonl"},
		{"named in another way", "/a/logs", "/a/logs/sora.jsonl", "/a/logs/", "/a/logs/sora.jsonl"},
		{"saved by a release before", "", "/a/logs/sora.jsonl", "/b", "/b/sora.jsonl"},
		{"saved by a release before, of a log that says nothing", "", "/a/logs/x.jsonl", "/b", ""},
		{"outside of the directory", "/a/logs", "/c/x.jsonl", "/b", ""},
	} {
		state := checkpoint(t, &saved.Checkpoint{
			Sources:     map[string]saved.Source{"sora": {Followed: time.Now().Add(-time.Hour), Dir: saved.Path(test.savedAs)}},
			Logs:        []saved.Log{{Source: "sora", File: saved.Path(test.log), Newest: time.Now().Add(-time.Minute)}},
			Generations: []saved.Generation{generation(2, "other", "/a/logs/y.jsonl", "/a/logs/y.jsonl"), generation(3, "other", "/z/sora.jsonl", "/z/sora.jsonl"), generation(1, "sora", test.log, test.log)},
		})
		r := start(t, state, sora(test.dir), rules.Source{Name: "other", Include: []string{"/a/logs/y.jsonl", "/z/sora.jsonl"}})
		gens := r.gens()
		if gens["/a/logs/y.jsonl"].Source != "other" || gens["/z/sora.jsonl"].Source != "other" {
			t.Errorf("%s: another source's files are elsewhere: %v", test.name, slices.Collect(maps.Keys(gens)))
		}
		maps.DeleteFunc(gens, func(_ string, s known.Snapshot) bool { return s.Source == "other" })
		paths := strings.Join(slices.Collect(maps.Keys(gens)), " ")
		if paths != test.want {
			t.Errorf("%s: known: %q", test.name, paths)
		}
		r.x.Do(func(l known.Locked) {
			for f := range l.Logs() {
				if newest, _ := l.Settled(f); f.Path == test.want && newest == 0 {
					t.Errorf("%s: nothing is known of when it was written", test.name)
				}
			}
		})
	}
}

// A small file that both the checkpoint and the shelf know is where the checkpoint says.
func TestCheckpointKnowsBetterThanTheShelf(t *testing.T) {
	dir := t.TempDir()
	path := dir + "/small/a.jsonl"
	for _, moved := range []bool{false, true} {
		from := map[bool]string{false: dir, true: "/elsewhere"}[moved]
		was := saved.Path(path).Move(dir, from)
		state := checkpoint(t, &saved.Checkpoint{
			Sources:     map[string]saved.Source{"sora": {Followed: time.Now().Add(-time.Hour), Dir: saved.Path(from)}},
			Generations: []saved.Generation{generation(1, "sora", string(was), string(was))},
		})
		text := fmt.Sprintf(`{"path":%q,"id":%q,"size":1000,"mtime":1,"head":"0000000000000001"}`+"\n"+`{"path":%q,"id":%q,"size":5,"mtime":1,"head":"0000000000000002"}`+"\n",
			was, fmt.Sprintf("%032x", 2), string(was)+".other.jsonl", fmt.Sprintf("%032x", 3))
		if err := os.WriteFile(saved.ShelfFile(state, "sora"), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		r := start(t, state, sora(dir))
		if n := r.x.Source("sora").Small.Sums()[dir+"/small"]; n.Files != 1 || n.Bytes != 5 {
			t.Errorf("moved %v: on the shelf: %+v", moved, n)
		}
		if len(r.gens()) != 1 {
			t.Errorf("moved %v: known: %v", moved, r.gens())
		}
	}
}

// Only what has changed is saved, and what could not be saved is saved later.
func TestOnlyWhatHasChanged(t *testing.T) {
	dir := t.TempDir()
	c := &saved.Checkpoint{Sources: map[string]saved.Source{"sora": {Followed: time.Now().Add(-time.Hour), Dir: saved.Path(dir)}}}
	for i := range 2 * FewGenerations {
		path := fmt.Sprintf("%s/%d.jsonl", dir, i)
		c.Generations = append(c.Generations, generation(i, "sora", path, path))
		c.Logs = append(c.Logs, saved.Log{Source: "sora", File: saved.Path(path), Newest: time.Now().Add(-time.Minute)})
	}
	state := checkpoint(t, c)
	r := start(t, state, sora(dir))
	if r.store.Appendable() {
		t.Error("the first one is no whole")
	}
	if r.save(true); !r.store.Appendable() {
		t.Error("many generations are saved as a whole each time")
	}
	if k := r.p.Take(false, time.Now()); len(k.changes) != 0 {
		t.Errorf("nothing has changed, and %d changes are saved", len(k.changes))
	}
	all := r.x.All()
	all[0].Touch()
	r.x.Source("sora").Early.Note(file.Stat{})
	r.x.Source("sora").Early.Doubt(time.Now().Add(-2 * time.Hour))
	k := r.p.Take(false, time.Now())
	if len(k.changes) != 2 || k.changes[0].Source == nil || k.changes[1].Generation == nil || k.changes[1].Generation.ID != all[0].HexID() {
		t.Errorf("changes: %+v", k.changes)
	}
	if k = r.p.Take(false, time.Now()); len(k.changes) != 0 {
		t.Errorf("saved twice: %+v", k.changes)
	}
	k.err = errors.New("no")
	if err := k.Write(r.store, false); err == nil || r.store.Appendable() {
		t.Error("after a failure it is not saved as a whole", err)
	}
	k = r.p.Take(true, time.Now())
	if err := k.Write(r.store, true); err != nil || r.store.Appendable() {
		t.Error("at the end it is no whole", err)
	}
}

// A link that was followed by a release that followed any goes on.
func TestLinkGoesOn(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	if err := os.WriteFile(other+"/x", []byte("x\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	g := generation(1, "sora", dir+"/x.jsonl", dir+"/x.jsonl")
	if err := os.Symlink(other+"/x", dir+"/x.jsonl"); err != nil {
		t.Fatal(err)
	}
	st, err := file.StatPath(other + "/x")
	if err != nil {
		t.Fatal(err)
	}
	for _, was := range []bool{false, true} {
		if was {
			g.Inode = st.Key.Ino
		}
		r := start(t, checkpoint(t, &saved.Checkpoint{Generations: []saved.Generation{g}}), sora(dir))
		list, _, err := r.x.Source("sora").List(dir, time.Now(), func() {})
		if err != nil || len(list) != 1 || list[0].Hidden == was {
			t.Errorf("read before: %v; %+v, %v", was, list, err)
		}
	}
}

// What is put away is not saved any more, and once is enough.
func TestForgotten(t *testing.T) {
	for _, whole := range []bool{false, true} {
		dir := t.TempDir()
		g := generation(1, "sora", dir+"/a.jsonl", dir+"/a.jsonl")
		g.Missing = time.Now().Add(-30 * time.Minute)
		r := start(t, checkpoint(t, &saved.Checkpoint{Generations: []saved.Generation{g}}), sora(dir))
		r.save(true)
		r.p.mostGone = 0
		r.p.TidyGone(time.Now())
		k := r.p.Take(whole, time.Now())
		if !whole && (len(k.changes) != 2 || k.changes[0].Forgotten != g.ID || k.changes[1].NoLog == nil) {
			t.Errorf("changes: %+v", k.changes)
		}
		if k = r.p.Take(false, time.Now()); len(k.changes) != 0 {
			t.Errorf("after a whole: %v: forgotten once more: %+v", whole, k.changes)
		}
	}
}

// What was put away and not forgotten before everything ended is not known twice.
func TestKilledWhilePutAway(t *testing.T) {
	dir := t.TempDir()
	g := generation(1, "sora", dir+"/a.jsonl", dir+"/a.jsonl")
	g.Missing = time.Now().Add(-30 * time.Minute)
	state := checkpoint(t, &saved.Checkpoint{Generations: []saved.Generation{g}})
	r := start(t, state, sora(dir))
	r.p.mostGone = 0
	r.p.TidyGone(time.Now())
	if err := r.p.gone.Save(r.store); err != nil || r.p.Gone() != 1 {
		t.Fatal(r.p.Gone(), err)
	}
	r.p.Close()
	if r = start(t, state, sora(dir)); len(r.gens()) != 1 || r.p.Gone() != 0 {
		t.Errorf("%d are known, %d gone", len(r.gens()), r.p.Gone())
	}
}

// Settled small files, and those that are gone, are saved before the checkpoint that does
// not have them any more; and again, when what was saved is not there.
func TestSavedAgain(t *testing.T) {
	dir, state := t.TempDir(), t.TempDir()
	r := start(t, state, sora(dir))
	small := r.x.Source("sora").Small
	small.Put(&saved.Shelved{Path: saved.Path(dir + "/small/a.jsonl"), ID: fmt.Sprintf("%032x", 1), Size: 5, Head: 1}, saved.Sum{})
	path := saved.ShelfFile(state, "sora")
	failing := r.p.Take(true, time.Now())
	r.p.NoteSaved(failing, errors.New("no room"))
	for range 2 {
		r.save(false)
		if text, err := os.ReadFile(path); err != nil || !strings.Contains(string(text), "a.jsonl") {
			t.Errorf("a settled small file is not saved: %q, %v", text, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		r.p.SaveAgain()
	}
}

// What a checkpoint knows of a head counts when it is on disk.
func TestHeadsCountWhenTheyAreOnDisk(t *testing.T) {
	dir := t.TempDir()
	g := generation(1, "sora", dir+"/sora.jsonl", dir+"/sora.jsonl")
	state := checkpoint(t, &saved.Checkpoint{Generations: []saved.Generation{g}})
	r := start(t, state, sora(dir))
	gen := r.x.All()[0]
	unsaved := func() bool { _, u := gen.UnsavedHead(); return u }
	gen.SavedHead(0)
	k := r.p.Take(true, time.Now())
	r.p.NoteSaved(k, errors.New("no room"))
	if !unsaved() || !k.Tell() {
		t.Error("a head counts as saved that is not on disk")
	}
	if r.save(true); unsaved() {
		t.Error("a head does not count as saved")
	}
	if k := r.p.Take(true, time.Now()); k.Tell() {
		t.Error("somebody waits for a head that is on disk")
	}
}

// A source is told where it is settled when that is on disk, and once.
func TestTellsWhatIsSettled(t *testing.T) {
	dir := t.TempDir()
	var told []string
	src := rules.Source{Name: "sora", Dir: dir, Rules: []rules.Rule{{Pattern: "*.jsonl"}}, Settled: func(path string, at int64) {
		told = append(told, fmt.Sprintf("%s %d", filepath.Base(path), at))
	}}
	g := generation(1, "sora", dir+"/sora.jsonl", dir+"/sora.jsonl")
	r := start(t, checkpoint(t, &saved.Checkpoint{Generations: []saved.Generation{g}}), src)
	k := r.p.Take(true, time.Now())
	r.p.NoteSaved(k, errors.New("no room")) // and nothing is told
	for range 2 {
		r.save(true).Tell()
	}
	to := r.x.All()[0].View().Settled
	to.At = 500
	r.x.All()[0].Rewind(to)
	r.save(true).Tell()
	if len(r.p.tailed) != 1 {
		t.Errorf("%d positions are kept of one generation", len(r.p.tailed))
	}
	r.p.tailed[nil] = 1 // of one that is gone
	if r.save(true); len(r.p.tailed) != 1 {
		t.Error("what is gone is kept for ever")
	}
	if got := strings.Join(told, ", "); got != "sora.jsonl 1000, sora.jsonl 500" {
		t.Errorf("told: %s", got)
	}
}

// Of the generations that are settled and gone only some stay in memory. The others are
// found again by what they begin with, with their logs.
func TestGone(t *testing.T) {
	dir := t.TempDir()
	const n, most = 20, 4
	c := &saved.Checkpoint{Sources: map[string]saved.Source{"sora": {Followed: time.Now().Add(-time.Hour), Dir: saved.Path(dir)}}}
	for i := range n {
		path := fmt.Sprintf("%s/%02d.jsonl", dir, i)
		g := generation(i, "sora", path, path)
		g.Missing = time.Now().Add(-40*time.Minute + time.Duration(i)*time.Minute)
		c.Generations = append(c.Generations, g)
		if i != 1 {
			c.Logs = append(c.Logs, saved.Log{Source: "sora", File: saved.Path(path), Newest: time.Now().Add(-time.Minute)})
		}
	}
	state := checkpoint(t, c)
	r := start(t, state, sora(dir))
	r.p.mostGone = most
	r.p.TidyGone(time.Now())
	gens := r.gens()
	if len(gens) != most || r.p.Gone() != n-most || gens[dir+"/19.jsonl"].ID == "" {
		t.Fatalf("%d are known, %d gone", len(gens), r.p.Gone())
	}
	r.save(true)
	r.p.Close()

	r = start(t, state, sora(dir))
	if len(r.gens()) != most || r.p.Gone() != n-most {
		t.Fatalf("after a restart %d are known, %d gone", len(r.gens()), r.p.Gone())
	}
	s := r.x.Source("sora")
	if got, ok := r.p.Saved(s, dir+"/00.jsonl"); !ok || got.Newest == 0 || len(got.Gens) != 0 || !r.p.IsSaved(s, dir+"/00.jsonl") {
		t.Errorf("of a log that is gone it is known: %+v, %v", got, ok)
	}
	if r.p.SaveAgain(); r.p.gone.Save(r.store) != nil {
		t.Fatal("it cannot be saved again")
	}
	for _, name := range []string{"/new.jsonl", "/01.jsonl"} {
		if _, ok := r.p.Saved(s, dir+name); ok {
			t.Errorf("%s: something is known of a log that never was, or was never settled", name)
		}
	}
	src, err := os.Create(dir + "/new.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := src.Write(headOf(3)); err != nil {
		t.Fatal(err)
	}
	src.Close()
	found, _, err := s.List(dir, time.Now(), func() {})
	if err != nil {
		t.Fatal(err)
	}
	_, loose := r.x.Reconcile(found, map[string]bool{dir: true}, 0, time.Now())
	cand := r.x.Candidate(loose[0])
	defer cand.Release()
	r.p.Recall([]*known.Candidate{cand}, time.Now())
	back := r.gens()
	if len(back) != most+1 || back[dir+"/03.jsonl"].ID != fmt.Sprintf("%032x", 4) || r.p.Gone() != n-most-1 {
		t.Errorf("%d are known, %d gone", len(back), r.p.Gone())
	}
	if r.p.TidyGone(time.Now().Add(2 * forget)); r.p.Gone() > most { // those that were put away just now
		t.Errorf("%d are remembered for ever", r.p.Gone())
	}
}

// What was put away, and is found again before the next checkpoint, is in that, whatever
// else it says; and whenever everything ends, one of the two files has it.
func TestFoundAgainBeforeItIsSaved(t *testing.T) {
	for _, whole := range []bool{false, true} {
		dir := t.TempDir()
		g := generation(1, "sora", dir+"/a.jsonl", dir+"/a.jsonl")
		g.Missing = time.Now().Add(-30 * time.Minute)
		c := &saved.Checkpoint{Generations: []saved.Generation{g}}
		for i := range 2 * FewGenerations {
			path := fmt.Sprintf("%s/other%d.jsonl", dir, i)
			c.Generations = append(c.Generations, generation(i+2, "sora", path, path))
		}
		state := checkpoint(t, c)
		r := start(t, state, sora(dir))
		r.save(true)
		r.p.mostGone = 0
		r.p.TidyGone(time.Now())
		known := func(when string) {
			t.Helper()
			copied := t.TempDir() // what a kill would leave
			if err := os.CopyFS(copied, os.DirFS(state)); err != nil {
				t.Fatal(err)
			}
			again := start(t, copied, sora(dir))
			if again.p.Close(); again.gens()[dir+"/a.jsonl"].ID != g.ID && again.p.Gone() == 0 {
				t.Errorf("%s, whole %v: nothing has it", when, whole)
			}
		}
		k := r.p.Take(whole, time.Now())
		if err := k.Write(r.store, false); err != nil {
			t.Fatal(err)
		}
		r.p.NoteSaved(k, nil)
		known("put away")
		found := func() {
			logs, gens := r.p.gone.Like(headOf(1))
			for i := range gens {
				r.p.bringBack(&logs[i], &gens[i], time.Now())
			}
		}
		k = r.p.Take(whole, time.Now())
		found() // after it was taken what is to be saved
		if err := k.Write(r.store, false); err != nil {
			t.Fatal(err)
		}
		r.p.NoteSaved(k, nil)
		known("found while it was written")
		r.save(whole)
		known("saved")
		r.save(whole)
		known("saved once more")

		r.p.TidyGone(time.Now()) // put away and found between two checkpoints
		found()
		if k := r.save(whole); !whole {
			last := saved.Change{}
			for _, c := range k.changes {
				if c.Forgotten == g.ID || c.Generation != nil && c.Generation.ID == g.ID {
					last = c
				}
			}
			if last.Generation == nil {
				t.Errorf("the last of it is that it is forgotten: %+v", k.changes)
			}
		}
		known("put away and found between two")
		r.p.Close()
	}
}

// A generation that is found again and whose source or log is not followed any more is
// saved as it was.
func TestGoneOfNobody(t *testing.T) {
	for _, test := range []struct{ source, log string }{{"nobody", "/x/sora.jsonl"}, {"sora", "/nowhere/sora.jsonl"}, {"sora", "/logs/small/a.jsonl"}, {"sora", "/logs/erlang.log.1"}} {
		r := start(t, t.TempDir(), sora("/logs"))
		g := generation(1, test.source, test.log, test.log)
		r.p.bringBack(&saved.Log{Source: test.source, File: saved.Path(test.log)}, &g, time.Now())
		k := r.p.Take(true, time.Now())
		if len(r.gens()) != 0 || len(k.loaded) != 1 || k.loaded[0].ID != g.ID {
			t.Errorf("%s %s: %d are known, %d saved", test.source, test.log, len(r.gens()), len(k.loaded))
		}
	}
}

// More of them than there is memory for are put away while they are loaded.
func TestTooManyGone(t *testing.T) {
	dir := t.TempDir()
	now := time.Now()
	for _, test := range []struct {
		name string
		do   func(*saved.Generation)
		want bool // it may be put away
	}{
		{"settled and gone", func(*saved.Generation) {}, true},
		{"not gone", func(g *saved.Generation) { g.Missing = time.Time{} }, false},
		{"gone in the future", func(g *saved.Generation) { g.Missing = now.Add(time.Hour) }, false},
		{"gone for too long", func(g *saved.Generation) { g.Missing = now.Add(-forget) }, false},
		{"not settled", func(g *saved.Generation) { g.Settled-- }, false},
		{"not to be told", func(g *saved.Generation) { g.Head, g.Heads = 0, nil }, false},
		{"a copy", func(g *saved.Generation) { g.CopyOf = fmt.Sprintf("%032x", 9) }, false},
		{"lost", func(g *saved.Generation) { g.Lost = true }, false},
	} {
		g := generation(1, "sora", dir+"/a.jsonl", dir+"/a.jsonl")
		g.Missing = now.Add(-time.Minute)
		test.do(&g)
		if got := isOver(&g, now, forget); got != test.want {
			t.Errorf("%s: over: %v", test.name, got)
		}
	}
	c := &saved.Checkpoint{Sources: map[string]saved.Source{"sora": {Followed: now.Add(-time.Hour), Dir: saved.Path(dir)}}}
	for i := range MostGone + 50 {
		path := fmt.Sprintf("%s/%02d.jsonl", dir, i)
		g := generation(i, "sora", path, path)
		g.Missing = now.Add(-time.Minute)
		c.Generations = append(c.Generations, g)
	}
	for i := range c.Generations {
		c.Logs = append(c.Logs, saved.Log{Source: "sora", File: c.Generations[i].File, Newest: now.Add(-time.Minute)})
	}
	again := generation(len(c.Generations), "sora", string(c.Generations[MostGone+10].File), dir+"/again.jsonl")
	c.Generations = append(c.Generations, again)
	state := checkpoint(t, c)
	r := start(t, state, sora(dir))
	if len(r.gens()) != MostGone+1 || r.p.Gone() != 50 {
		t.Errorf("%d are known, %d gone", len(r.gens()), r.p.Gone())
	}
	logs := map[string]int64{}
	r.x.Do(func(l known.Locked) {
		for f := range l.Logs() {
			logs[f.Path], _ = l.Settled(f)
		}
	})
	if len(logs) != MostGone+1 || logs[string(again.File)] == 0 {
		t.Errorf("%d logs are known, that of a generation that is not gone was written at %d", len(logs), logs[string(again.File)])
	}
	if err := r.p.gone.Save(r.store); err != nil {
		t.Fatal(err)
	}
	r.p.Close()
	if r = start(t, state, sora(dir)); r.p.Gone() != 50 || r.p.gone.Pending() != 0 {
		t.Errorf("after a start that saved no checkpoint %d are gone, %d bytes of them written again", r.p.Gone(), r.p.gone.Pending())
	}
	rest := New(checkpoint(t, c), forget)
	x := known.New(known.Config{Logger: slog.New(slog.DiscardHandler)}, progress.New(progress.Config{Logger: slog.New(slog.DiscardHandler), Changed: func(bool) {}}),
		known.Notice{Changed: func(bool) {}, IsSaved: rest.IsSaved, Saved: rest.Saved}, []rules.Source{sora(dir)})
	if err := rest.Load(x, saved.NewStore(rest.stateDir, slog.New(slog.DiscardHandler)), true); err != nil || len(x.All()) != len(c.Generations) {
		t.Errorf("at rest %d are known, of %d, %v", len(x.All()), len(c.Generations), err)
	}
	rest.Close()
}
