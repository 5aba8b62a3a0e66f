package rules

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/tailer/internal/file"
)

// Of several names of one file it is followed under the one that says most about it,
// whatever the order in which they are found.
func TestEachOnce(t *testing.T) {
	named, asked, any := &Rule{weight: byName}, &Rule{weight: byPattern}, &Rule{weight: byDefault}
	one := func(path string, c Class, link bool) *File {
		return &File{Path: path, Class: c, Stat: file.Stat{Key: file.Key{Ino: 7}}, link: link}
	}
	for _, test := range []struct {
		name          string
		better, worse *File
	}{
		{"the rules know its name", one("sora.jsonl", Class{Rule: named, Live: true}, false), one("a.jsonl", Class{Rule: any, Live: true}, false)},
		{"a link with a name that the rules know", one("sora.jsonl", Class{Rule: named, Live: true}, true), one("a.jsonl", Class{Rule: any, Live: true}, false)},
		{"somebody asked for it", one("x.txt", Class{Rule: asked, Live: true}, false), one("a.jsonl", Class{Rule: any, Live: true}, false)},
		{"a log's own name", one("b.jsonl", Class{Rule: any, Live: true, Family: "b"}, false), one("a.jsonl.1", Class{Rule: any, Family: "b"}, false)},
		{"no link", one("b.jsonl", Class{Rule: any, Live: true, Family: "b"}, false), one("a.jsonl", Class{Rule: any, Live: true, Family: "a"}, true)},
		{"no link, of another log", one("b.jsonl.1", Class{Rule: any, Family: "b"}, false), one("a.jsonl", Class{Rule: any, Live: true, Family: "a"}, true)},
		{"of the same log its own name, though it is a link", one("b.jsonl", Class{Rule: any, Live: true, Family: "b"}, true), one("b.jsonl.1", Class{Rule: any, Family: "b"}, false)},
		{"a log's own name, though it is a link", one("sora.jsonl", Class{Rule: named, Live: true, Family: "sora"}, true), one("api.jsonl.1", Class{Rule: named, Family: "api"}, false)},
		{"followed at all", one("a.jsonl.1", Class{Rule: any}, false), one("sora.old", Class{Rule: named, Aside: true}, false)},
		{"a rotated one that the rules know", one("sora.jsonl.1", Class{Rule: named}, false), one("a.txt", Class{Rule: asked, Live: true}, false)},
	} {
		for _, files := range [][]*File{{test.better, test.worse}, {test.worse, test.better}} {
			test.better.As, test.worse.As = nil, nil
			got := EachOnce(slices.Clone(files), func(f *File) *File { return f })
			if len(got) != 1 || got[0] != test.better || test.worse.As != test.better {
				t.Errorf("%s: %d left, the first is %s", test.name, len(got), got[0].Path)
			}
		}
	}
	hidden := func() *File { return &File{Class: Class{Rule: any}, Hidden: true} }
	if got := EachOnce([]*File{hidden(), hidden()}, func(f *File) *File { return f }); len(got) != 2 {
		t.Error("files of which nothing is known are taken for one")
	}
}

// A foreign name is looked at if it begins as a log's does that misses something, or if
// a file of the log was found there.
func TestAsides(t *testing.T) {
	dir := t.TempDir()
	logs := []Class{{Family: dir + "/sora.jsonl"}, {Family: dir + "/sora_debug.jsonl"}, {Family: dir + "/api.log"}}
	before := map[string]Class{filepath.Join(dir, "kept"): {Family: dir + "/api.log"}}
	for name, want := range map[string]string{
		"sora.old":          "sora.jsonl",
		"sora-2026.jsonl.x": "sora.jsonl",
		"sora2":             "sora.jsonl",
		"sora_debug.old":    "sora_debug.jsonl", // the longest stem
		"api":               "api.log",
		"ap":                "",
		"other.old":         "",
		"sora.jsonl.xz":     "sora.jsonl",
		"sorafoo.xz":        "", // it cannot be read, and nothing sets the rest apart
		"sora.xz":           "sora.jsonl",
		"sora.gz":           "sora.jsonl",
		"kept":              "api.log",
		"sora.excluded":     "",
		"sora.followed":     "",
	} {
		s := New(Asked{Dir: dir, Exclude: []string{"sora.excluded"}}, Where{}, func(string) bool { return false })
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		got := s.Asides([]Named{{Path: path, Followed: name == "sora.followed"}}, before, logs)
		switch {
		case want == "" && len(got) == 0:
		case len(got) != 1 || got[0].Class.Family != filepath.Join(dir, want) || !got[0].Class.Aside || (got[0].Class.Packed == file.Gzip) != strings.HasSuffix(name, ".gz"):
			t.Errorf("%s: %+v, want one of %s", name, got, want)
		}
		if none := s.Asides([]Named{{Path: path}}, nil, nil); len(none) != 0 {
			t.Errorf("%s is looked at while nothing is missing", name)
		}
	}
	s := New(Asked{Dir: dir}, Where{}, func(string) bool { return false })
	if got := s.Asides([]Named{{Path: dir + "/sora.gone"}}, nil, logs); len(got) != 0 {
		t.Error("a name without a file is looked at")
	}
}

// Which log was followed under a path before, if it still is.
func TestRuleOf(t *testing.T) {
	s := New(Asked{Dir: "/logs", Rules: []Rule{{Pattern: "erlang.log.[1-9]", Ring: true}, {Pattern: "sora.jsonl"}, {Pattern: "*.log"}}, Include: []string{"/var/*.log"}, Exclude: []string{"debug.log"}},
		Where{}, func(string) bool { return false })
	for path, want := range map[string]string{
		"/logs/sora.jsonl":       "sora.jsonl",
		"/logs/a.log":            "*.log",
		"/var/a.log":             "/var/*.log",
		"/logs/erlang.log.[1-9]": "erlang.log.[1-9]",
		"/logs/erlang.log.1":     "", // its log is that of all of them
		"/logs/debug.log":        "",
		"/logs/sub/a.log":        "",
		"/logs/sub/sora.jsonl":   "",
		"/logs/a.txt":            "",
	} {
		got := ""
		if r := s.RuleOf(path); r != nil {
			got = r.Pattern
		}
		if got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}

// Links are judged by where they lead.
func TestLinks(t *testing.T) {
	root := t.TempDir()
	logs, other, state, asked := filepath.Join(root, "logs"), filepath.Join(root, "other"), filepath.Join(root, "state"), filepath.Join(root, "asked")
	for _, dir := range []string{logs, other, state, asked, logs + "/sub", root + "/logs2"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(dir+"/x.jsonl", []byte("x\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		name, to    string
		saved, free bool // it was read before; any link may lead anywhere
		allowed     bool
	}{
		{"inside", logs + "/sub/x.jsonl", false, false, true},
		{"inside, relative", "sub/x.jsonl", false, false, true},
		{"where somebody asked for files", asked + "/x.jsonl", false, false, true},
		{"out", other + "/x.jsonl", false, false, false},
		{"out, relative", "../other/x.jsonl", false, false, false},
		{"to a directory whose name begins alike", root + "/logs2/x.jsonl", false, false, false},
		{"out, and it was read before", other + "/x.jsonl", true, false, true},
		{"out, and it may", other + "/x.jsonl", false, true, true},
		{"to the state directory, and it may lead out", state + "/x.jsonl", false, true, false},
		{"to the state directory, and it was read before", state + "/x.jsonl", true, false, false},
		{"to what is no log", "/proc/self/environ", false, true, false},
		{"to what is no log, and it was read before", "/proc/self/environ", true, true, false},
	} {
		link := filepath.Join(logs, "link.jsonl")
		os.Remove(link)
		if err := os.Symlink(test.to, link); err != nil {
			t.Fatal(err)
		}
		warned := 0
		s := New(Asked{Dir: logs, Rules: []Rule{{Pattern: "*.jsonl"}}, Include: []string{asked + "/*.jsonl"}}, Where{State: state, Links: test.free, Warn: func(string, string) { warned++ }}, func(string) bool { return false })
		if test.saved {
			st, err := file.StatPath(link)
			if err != nil {
				t.Fatal(err)
			}
			s.WasRead(link, file.Key{Dev: 1 << 40, Ino: st.Key.Ino})
		}
		f := s.Look(link, Class{Rule: &s.rules[0], Family: link, Live: true})
		if f == nil {
			if test.allowed {
				t.Errorf("%s: nothing is there", test.name)
			}
			continue
		}
		var ignored *IgnoredError
		if f.Hidden == test.allowed || f.Hidden && !errors.As(f.Err, &ignored) {
			t.Errorf("%s: hidden %v, %v", test.name, f.Hidden, f.Err)
		}
		c, _, err := s.Open(link, file.Unpacked)
		if (err == nil) != test.allowed {
			t.Errorf("%s: opened: %v", test.name, err)
		}
		if err == nil {
			c.Close()
		}
		if test.saved && test.allowed { // it goes on there, and nowhere else
			os.Remove(link)
			if err := os.Symlink(root+"/logs2/x.jsonl", link); err != nil {
				t.Fatal(err)
			}
			if f := s.Look(link, Class{Rule: &s.rules[0], Family: link, Live: true}); f == nil || !f.Hidden {
				t.Errorf("%s: it leads elsewhere by now, and is followed", test.name)
			}
		}
		if want := test.saved && test.allowed; (warned == 1) != want {
			t.Errorf("%s: warned %d times", test.name, warned)
		}
	}
}

// Nothing in the state directory is followed, by whatever name, unless it is the spool.
func TestStateDirectory(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(root+"/state/sub", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("state/sub", root+"/link"); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]bool{"": true, "state": false, "state/sub": false, "link": false, "none": false} {
		s := New(Asked{Dir: root}, Where{State: root + "/state"}, func(string) bool { return false })
		if err := s.Allowed(filepath.Join(root, dir)); (err == nil) != want {
			t.Errorf("%q: %v", dir, err)
		}
		framed := New(Asked{Dir: root, Framed: true}, Where{State: root + "/state"}, func(string) bool { return false })
		if err := framed.Allowed(filepath.Join(root, dir)); err != nil {
			t.Errorf("%q, of the spool: %v", dir, err)
		}
	}
}

// The directories that rules name, each once, those of patterns as they are there.
func TestDirs(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"a", "b", "x"} {
		if err := os.MkdirAll(filepath.Join(root, "nodes", dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s := New(Asked{Dir: root, Rules: []Rule{{Pattern: "*.log"}, {Pattern: "small/*.jsonl", Small: true}, {Pattern: "*.jsonl"}}, Include: []string{"nodes/[ab]/*.log", "/var/log/x.log"}}, Where{}, func(string) bool { return false })
	want := []string{root, root + "/small", root + "/nodes/a", root + "/nodes/b", "/var/log"}
	if got := s.Dirs(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if s.SmallRule(root+"/small") == nil || s.SmallRule(root) != nil || !s.HasSmall() {
		t.Error("which files are small is not known")
	}
}

// Sora's logs are found first in a directory that holds very much else.
func TestVendorFiles(t *testing.T) {
	for _, n := range []int{ManyNames - 3, ManyNames} {
		dir := t.TempDir()
		names := []string{"sora.jsonl", "sora.jsonl.1", "sorb.jsonl", "soraka.jsonl"}
		for i := len(names); i < n; i++ {
			names = append(names, "x"+strings.Repeat("y", i%200)+string(rune('a'+i/200))+".jsonl")
		}
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		s := New(Asked{Dir: dir, Rules: []Rule{{Pattern: "sora.jsonl"}, {Pattern: "*.jsonl"}}}, Where{}, func(string) bool { return false })
		var got []string
		for _, f := range s.VendorFiles(dir) {
			got = append(got, filepath.Base(f.Path))
		}
		slices.Sort(got)
		want := map[bool]string{true: "sora.jsonl sora.jsonl.1"}[n >= ManyNames]
		if strings.Join(got, " ") != want {
			t.Errorf("of %d: %v", n, got)
		}
	}
}
