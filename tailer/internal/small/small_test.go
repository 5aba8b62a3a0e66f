package small

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/rules"
	"github.com/rtcship/rtcship/tailer/internal/saved"
)

const forget = time.Hour

// A room is a directory of small files.
type room struct {
	*testing.T
	root, dir string
	files     *Files
	followed  map[string]bool
	now       time.Time
}

func newRoom(t *testing.T) *room {
	root, open := t.TempDir(), &atomic.Int64{}
	t.Cleanup(func() {
		if n := open.Load(); n != 0 {
			t.Errorf("%d files are left open", n)
		}
	})
	r := &room{T: t, root: root, dir: filepath.Join(root, "small"), followed: map[string]bool{}, now: time.Now()}
	if err := os.Mkdir(r.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	set := rules.New(rules.Asked{Dir: root, Rules: []rules.Rule{{Pattern: "small/*.jsonl", Small: true}}}, rules.Where{State: filepath.Join(root, "state"), Open: open}, func(string) bool { return false })
	r.files = New(set)
	r.load("", "", "")
	return r
}

func (r *room) load(name, from, to string, better ...string) {
	r.Helper()
	if err := r.files.Load(name, from, to, slices.Values(better)); err != nil {
		r.Fatal(err)
	}
}

func (r *room) path(name string) string { return filepath.Join(r.dir, name) }

// write writes a file, as if at another time than all before.
func (r *room) write(name, text string) {
	r.Helper()
	r.now = r.now.Add(time.Second)
	if err := os.WriteFile(r.path(name), []byte(text), 0o644); err != nil {
		r.Fatal(err)
	}
	for _, path := range []string{r.path(name), r.dir} {
		if err := os.Chtimes(path, r.now, r.now); err != nil {
			r.Fatal(err)
		}
	}
}

func (r *room) remove(name string) {
	r.Helper()
	if err := os.Remove(r.path(name)); err != nil {
		r.Fatal(err)
	}
	r.now = r.now.Add(time.Second)
	if err := os.Chtimes(r.dir, r.now, r.now); err != nil {
		r.Fatal(err)
	}
}

func (r *room) rename(from, to string) {
	r.Helper()
	if err := os.Rename(r.path(from), r.path(to)); err != nil {
		r.Fatal(err)
	}
	r.now = r.now.Add(time.Second)
	if err := os.Chtimes(r.dir, r.now, r.now); err != nil {
		r.Fatal(err)
	}
}

// list returns the names that are listed as new.
func (r *room) list() string {
	r.Helper()
	files, _, err := r.files.List(r.dir, func(path string) bool { return r.followed[path] }, r.now, forget)
	if err != nil {
		r.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, filepath.Base(f.Path))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// shelve puts a file on the shelf as it is now.
func (r *room) shelve(name string) *saved.Shelved {
	r.Helper()
	src, st, err := r.files.set.Open(r.path(name), file.Unpacked)
	if err != nil {
		r.Fatal(err)
	}
	defer src.Close()
	m, err := file.ReadMark(src, st.Size)
	if err != nil {
		r.Fatal(err)
	}
	e := &saved.Shelved{Path: saved.Path(r.path(name)), ID: "id of " + name, Size: st.Size, MTime: st.Mtime, Ino: st.Key.Ino, Head: headHash(src, st.Size), End: saved.Hash(m.Hash)}
	r.files.Put(e, saved.Sum{Entries: 1})
	return e
}

// changed is what Changed says, as text.
func (r *room) changed() (list []string) {
	for _, c := range r.files.Changed() {
		what := "holds something else"
		if c.Grown != nil {
			what = fmt.Sprintf("%s has grown from %d", c.Grown.ID, c.Grown.Size)
		}
		list = append(list, filepath.Base(c.Class.Family)+" "+what)
	}
	return list
}

// shelved are the files on the shelf, by name, with their ids.
func (r *room) shelved() map[string]string {
	ids := map[string]string{}
	for {
		n := len(ids)
		for _, e := range r.files.shelf.Next() {
			ids[filepath.Base(string(e.Path))] = e.ID
		}
		if len(ids) == n {
			return ids
		}
	}
}

var long = strings.Repeat(`{"line":"that is long enough to be told by"}`+"\n", 4)

// A directory is listed when it has changed, and twice more, and what is followed or
// settled is not new.
func TestList(t *testing.T) {
	r := newRoom(t)
	r.write("a.jsonl", "a\n")
	r.write("b.jsonl", "b\n")
	r.write("c.txt", "no log\n")
	if got := r.list(); got != "a.jsonl b.jsonl" {
		t.Errorf("new: %q", got)
	}
	r.followed[r.path("a.jsonl")] = true
	r.shelve("b.jsonl")
	if got := r.list(); got != "" {
		t.Errorf("new, though one is followed and one settled: %q", got)
	}
	r.list()
	at := r.now
	if err := os.WriteFile(r.path("d.jsonl"), []byte("d\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(r.dir, at, at); err != nil {
		t.Fatal(err)
	}
	if got := r.list(); got != "" {
		t.Errorf("listed although it has not changed: %q", got)
	}
	r.write("e.jsonl", "e\n")
	if got := r.list(); got != "d.jsonl e.jsonl" {
		t.Errorf("new: %q", got)
	}
	r.followed[r.path("d.jsonl")], r.followed[r.path("e.jsonl")] = true, true
	if err := os.WriteFile(r.path("f.jsonl"), []byte("f\n"), 0o644); err != nil { // in the same tick as e
		t.Fatal(err)
	}
	if err := os.Chtimes(r.dir, r.now, r.now); err != nil {
		t.Fatal(err)
	}
	if got := r.list(); got != "f.jsonl" {
		t.Errorf("new within the same tick: %q", got)
	}
}

// A directory that cannot be listed is listed when it can be, whatever its time.
func TestListingFails(t *testing.T) {
	r := newRoom(t)
	r.write("a.jsonl", "a\n")
	r.list()
	r.followed[r.path("a.jsonl")] = true
	away := r.dir + ".away"
	if err := os.Rename(r.dir, away); err != nil {
		t.Fatal(err)
	}
	fails := func(what string) {
		t.Helper()
		if _, _, err := r.files.List(r.dir, func(string) bool { return false }, r.now, forget); err == nil {
			t.Errorf("no error for %s", what)
		}
	}
	fails("none")
	at := r.now.Add(time.Second)
	if err := os.WriteFile(r.dir, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(r.dir, at, at); err != nil {
		t.Fatal(err)
	}
	for range 2 * listAgain {
		fails("a file")
	}
	if err := errors.Join(os.Remove(r.dir), os.Rename(away, r.dir), os.WriteFile(r.path("b.jsonl"), []byte("b\n"), 0o644), os.Chtimes(r.dir, at, at)); err != nil {
		t.Fatal(err)
	}
	if got := r.list(); got != "b.jsonl" {
		t.Errorf("new: %q", got)
	}
}

// What was shelved and is there is never forgotten.
func TestKept(t *testing.T) {
	r := newRoom(t)
	r.write("a.jsonl", long)
	r.list()
	r.shelve("a.jsonl")
	for range 4 {
		r.now = r.now.Add(forget)
		r.write("b.jsonl", "b\n")
		r.list()
	}
	if got := r.shelved(); got["a.jsonl"] == "" {
		t.Error("it is forgotten while it is there")
	}
}

// Very many new files are taken up some at a time.
func TestListIsBounded(t *testing.T) {
	r := newRoom(t)
	for i := range 2*AtOnce + 1 {
		r.write(fmt.Sprintf("%03d.jsonl", i), fmt.Sprintf("%d\n", i))
	}
	total := 0
	for scan := range 3 {
		files, more, err := r.files.List(r.dir, func(path string) bool { return r.followed[path] }, r.now, forget)
		if err != nil || len(files) > AtOnce || more != (scan < 2) {
			t.Fatalf("scan %d: %d files, more: %v, %v", scan, len(files), more, err)
		}
		for _, f := range files {
			r.followed[f.Path] = true
		}
		total += len(files)
	}
	if total != 2*AtOnce+1 {
		t.Errorf("%d files", total)
	}
}

// A settled file under another name is not sent again. A copy of one that is there still
// has an id of its own; of a short one it cannot be told.
func TestRenamed(t *testing.T) {
	for _, test := range []struct {
		name string
		text string
		do   func(*room)
		list string
		want map[string]string
	}{
		{"renamed", long, func(r *room) { r.rename("a.jsonl", "b.jsonl") }, "", map[string]string{"b.jsonl": "id of a.jsonl"}},
		{"renamed, and short", "x\n", func(r *room) { r.rename("a.jsonl", "b.jsonl") }, "", map[string]string{"b.jsonl": "id of a.jsonl"}},
		{"copied", long, func(r *room) { r.write("b.jsonl", long) }, "", map[string]string{"a.jsonl": "id of a.jsonl", "b.jsonl": ""}},
		{"copied, and short", "x\n", func(r *room) { r.write("b.jsonl", "x\n") }, "b.jsonl", map[string]string{"a.jsonl": "id of a.jsonl"}},
		{"renamed and grown", long, func(r *room) { r.remove("a.jsonl"); r.write("b.jsonl", long+"y\n") }, "b.jsonl", nil},
		{"renamed and grown, and long", strings.Repeat(long, 9), func(r *room) { r.remove("a.jsonl"); r.write("b.jsonl", strings.Repeat(long, 9)+"y\n") }, "b.jsonl", nil},
		{"another of the same length", long, func(r *room) { r.remove("a.jsonl"); r.write("b.jsonl", strings.ToUpper(long)) }, "b.jsonl", nil},
		{"another that begins and ends alike", strings.Repeat(long, 9), func(r *room) {
			r.remove("a.jsonl")
			text := []byte(strings.Repeat(long, 9))
			text[len(text)-2]++
			r.write("b.jsonl", string(text))
		}, "b.jsonl", nil},
		{"renamed, and another in its place", long, func(r *room) { r.rename("a.jsonl", "b.jsonl"); r.write("a.jsonl", "another\n") }, "", map[string]string{"b.jsonl": "id of a.jsonl"}},
		{"empty", "", func(r *room) { r.write("b.jsonl", "") }, "b.jsonl", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newRoom(t)
			r.write("a.jsonl", test.text)
			r.list()
			r.shelve("a.jsonl")
			test.do(r)
			if got := r.list(); got != test.list {
				t.Errorf("new: %q, want %q", got, test.list)
			}
			got := r.shelved()
			for name, id := range test.want {
				if id == "" && (got[name] == "" || got[name] == "id of a.jsonl") || id != "" && got[name] != id {
					t.Errorf("%s is %q", name, got[name])
				}
			}
			if test.want != nil && len(got) != len(test.want) {
				t.Errorf("on the shelf: %v", got)
			}
			next := map[string]string{"renamed, and another in its place": "a.jsonl"}[test.name]
			if got := r.list(); test.list == "" && got != next {
				t.Errorf("new at the next look: %q", got)
			}
		})
	}
}

// What lies on the shelf is looked at in turn: one that has grown goes on, one that
// holds something else is new, and one that was only touched is neither.
func TestChanged(t *testing.T) {
	for _, test := range []struct {
		name string
		do   func(*room)
		want string
	}{
		{"as it was", func(*room) {}, ""},
		{"touched", func(r *room) { r.write("a.jsonl", long) }, ""},
		{"grown", func(r *room) { r.write("a.jsonl", long+"more\n") }, fmt.Sprintf("a.jsonl id of a.jsonl has grown from %d", len(long))},
		{"another that is longer", func(r *room) { r.write("a.jsonl", strings.ToUpper(long)+"more\n") }, "a.jsonl holds something else"},
		{"another of the same length", func(r *room) { r.write("a.jsonl", strings.ToUpper(long)) }, "a.jsonl holds something else"},
		{"shorter", func(r *room) { r.write("a.jsonl", long[:20]) }, "a.jsonl holds something else"},
		{"shorter, and the same as far as it goes", func(r *room) { r.write("a.jsonl", long[:len(long)-1]) }, "a.jsonl holds something else"},
		{"gone", func(r *room) { r.remove("a.jsonl") }, ""},
	} {
		r := newRoom(t)
		r.write("a.jsonl", long)
		e := r.shelve("a.jsonl")
		test.do(r)
		if got := strings.Join(r.changed(), ", "); got != test.want {
			t.Errorf("%s: %q", test.name, got)
		}
		if got := r.shelved(); len(got) != 1 {
			t.Errorf("%s: on the shelf before it is taken off: %v", test.name, got)
		}
		if st, err := file.StatPath(r.path("a.jsonl")); test.want == "" && err == nil && e.MTime != st.Mtime {
			t.Errorf("%s: it will be looked into with each turn", test.name)
		}
		if _, err := os.Stat(r.path("a.jsonl")); test.want != "" && err == nil {
			r.files.TakeOff(r.path("a.jsonl"))
			if got := r.shelved(); len(got) != 0 {
				t.Errorf("%s: on the shelf: %v", test.name, got)
			}
		}
	}
}

// A release that did not look at what small files hold has left nothing to tell them
// by: it is learnt from a file that is as long as it was.
func TestLearnsWhatAFileHolds(t *testing.T) {
	r := newRoom(t)
	r.write("a.jsonl", long)
	e := r.shelve("a.jsonl")
	head, end := e.Head, e.End
	e.Head, e.End = 0, 0
	if got := r.changed(); len(got) != 0 || e.Head != head || e.End != end {
		t.Errorf("%v, and it is known by %x and %x", got, e.Head, e.End)
	}
	e.Head, e.End = 0, 0
	r.write("a.jsonl", long[:20])
	if got := r.changed(); len(got) != 1 || got[0] != "a.jsonl holds something else" {
		t.Errorf("shorter, and it is taken for what it was: %v", got)
	}
}

// What was settled under a path that holds something else by now is found under
// another one.
func TestTakenOffIsFoundElsewhere(t *testing.T) {
	r := newRoom(t)
	r.write("a.jsonl", long)
	r.list()
	r.shelve("a.jsonl")
	r.rename("a.jsonl", "b.jsonl")
	r.write("a.jsonl", "another\n")
	for _, c := range r.files.Changed() {
		r.files.TakeOff(c.Class.Family)
		r.followed[c.Class.Family] = true
	}
	if got := r.list(); got != "" {
		t.Errorf("new: %q", got)
	}
}

// A file that is gone is forgotten after a while, and not before.
func TestForgotten(t *testing.T) {
	r := newRoom(t)
	r.write("a.jsonl", long)
	r.list()
	r.shelve("a.jsonl")
	r.list()
	r.remove("a.jsonl")
	for _, test := range []struct {
		after time.Duration
		want  int64
	}{{0, 1}, {forget - time.Minute, 1}, {2 * time.Minute, 0}} {
		r.now = r.now.Add(test.after)
		if err := os.Chtimes(r.dir, r.now, r.now); err != nil {
			t.Fatal(err)
		}
		r.list()
		if got := r.files.Sums()[r.dir].Files; got != test.want {
			t.Errorf("after %v %d files are on the shelf", test.after, got)
		}
	}
}

// What is on the shelf counts, and what was counted of it stays when it goes.
func TestSums(t *testing.T) {
	r := newRoom(t)
	r.write("a.jsonl", long)
	r.shelve("a.jsonl")
	r.files.Put(&saved.Shelved{Path: saved.Path(r.path("b.jsonl")), Size: 5}, saved.Sum{Entries: 4, SettledEntries: 3, Empty: 2, Cuts: 1})
	want := saved.Sum{Files: 2, Bytes: int64(len(long)) + 5, Entries: 5, SettledEntries: 3, Empty: 2, Cuts: 1}
	if got := r.files.Sums()[r.dir]; got != want {
		t.Errorf("%+v", got)
	}
	r.files.TakeOff(r.path("b.jsonl"))
	want.Files, want.Bytes = 1, int64(len(long))
	if got := r.files.Sums()[r.dir]; got != want {
		t.Errorf("%+v", got)
	}
	if got := New(r.files.set).Sums(); got != nil {
		t.Errorf("of none: %v", got)
	}
}

// What is saved is loaded, from another directory as well, without what is known
// better; and what could not be saved is saved later.
func TestSaved(t *testing.T) {
	r := newRoom(t)
	state := t.TempDir()
	name := saved.ShelfFile(state, "sora")
	r.load(name, "", "")
	store := saved.NewStore(state, nil)
	r.write("a.jsonl", long)
	r.shelve("a.jsonl")
	save := func(fails error) {
		t.Helper()
		w, err := r.files.Write()
		if err != nil || w == nil {
			t.Fatalf("nothing to save: %v", err)
		}
		if fails == nil {
			err = w.Save(store)
		}
		if err != nil {
			t.Fatal(err)
		}
		w.Done(fails)
	}
	save(os.ErrPermission)
	save(nil)
	if w, err := r.files.Write(); w != nil || err != nil {
		t.Error("it is saved again", err)
	}
	for _, test := range []struct {
		from, to string
		better   []string
		want     string
	}{
		{"", r.root, nil, r.path("a.jsonl")},
		{r.root, "/elsewhere", nil, "/elsewhere/small/a.jsonl"},
		{"", r.root, []string{r.path("a.jsonl")}, ""},
	} {
		r.load(name, test.from, test.to, test.better...)
		got := ""
		for _, e := range r.files.shelf.Next() {
			got = string(e.Path)
		}
		if got != test.want {
			t.Errorf("loaded as %q, want %q", got, test.want)
		}
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	r.load(name, "", "")
	r.shelve("a.jsonl")
	save(nil)
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	r.files.SaveAgain()
	save(nil)
	r.load(name, "", "")
	if got := r.shelved(); len(got) != 1 {
		t.Errorf("after it was saved again: %v", got)
	}
}
