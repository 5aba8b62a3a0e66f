package reader_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/internal/reader"
)

func write(t *testing.T, dir, name string, lines ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

func line(second int, msg string) string {
	at := time.Date(2026, 6, 12, 9, 0, second, 0, time.UTC)
	return fmt.Sprintf(`{"timestamp":%q,"level":"info","msg":%q}`, at.Format(time.RFC3339), msg)
}

func merged(t *testing.T, dir string, s *reader.Settings) (bodies string, err error) {
	t.Helper()
	in, err := reader.Find([]string{dir}, "")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var all []string
	err = reader.Merge(in.List, s, func(r *reader.Record) bool {
		all = append(all, string(r.Body))
		return true
	})
	return strings.Join(all, " "), err
}

// All files come in order of time; within a file the order stays, and a line
// without a time keeps its place behind the one before it.
func TestMerge(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "sora.jsonl", line(1, "a"), line(4, "d"), line(3, "late"), line(9, "g"))
	write(t, dir, "internal.log", "2026-06-12T09:00:02.000000Z [info] [-/-/-] b", "no time at all", "2026-06-12T09:00:05.000000Z [info] [-/-/-] e")
	write(t, dir, "api.jsonl.1", line(3, "c"), line(6, "f"))
	write(t, dir, "notes.md", "no log")
	for _, small := range []bool{false, true} {
		s := settings(t)
		s.Small = small
		got, err := merged(t, dir, s)
		if want := "a b no time at all c d late e f g"; got != want || err != nil {
			t.Errorf("small %v: %s, %v; want %s", small, got, err, want)
		}
	}
}

// A file is read only as far as somebody wants to see.
func TestMergeStops(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "sora.jsonl", line(1, "a"), line(2, "b"), line(3, "c"))
	in, err := reader.Find([]string{dir}, "")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	err = reader.Merge(in.List, settings(t), func(*reader.Record) bool { n++; return n < 2 })
	if n != 2 || err != nil {
		t.Errorf("%d records, %v", n, err)
	}
}

// A small container has room for one large window, and says so of the next.
func TestRoomForZstd(t *testing.T) {
	const zstdWithLargeWindow = "\x28\xb5\x2f\xfd\x00\x68\x01\x00\x00" // no content; a window of 8 MiB
	dir := t.TempDir()
	write(t, dir, "sora.jsonl", line(1, "a"))
	if err := os.WriteFile(filepath.Join(dir, "sora.jsonl.1.zst"), []byte(zstdWithLargeWindow), 0o600); err != nil {
		t.Fatal(err)
	}
	s := settings(t)
	s.Small = true
	got, err := merged(t, dir, s)
	if got != "a" || err == nil || !strings.Contains(err.Error(), "sora.jsonl.1.zst: unpacking takes 8192 KiB") {
		t.Errorf("%q, %v", got, err)
	}
}

// Whose log a file is follows from its name, else from what is in it.
func TestRecognise(t *testing.T) {
	for _, c := range []struct{ name, text, source string }{
		{"sora.log", "anything", "sora"},
		{"signaling.jsonl-20260611", "{}", "sora"},
		{"sora-20260611.jsonl", "{}", "sora"},
		{"erlang.log.3", "x", "sora"},
		{"unified_support.log", `2026-06-12T09:00:00.000+00:00 cn 2026-06-12 09:00:00,000 Level="INFO" Name="support.sip" Message="x"`, "pexip"},
		{"mail.txt", `<134>Jun 12 09:00:00 cn pexip: hello`, "pexip"},
		{"capture.log", `12 <134>1 - hello`, "pexip"},
		{"other.log", "hello", "sora"},
	} {
		dir := t.TempDir()
		write(t, dir, c.name, c.text)
		in, err := reader.Find([]string{dir}, "")
		if err != nil || len(in.List) != 1 || in.List[0].Source != c.source {
			t.Errorf("%s: %+v, %v; want %s", c.name, in, err, c.source)
		}
	}
}

// A directory may be a link, and have links in it: each file is read once.
func TestLinks(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	if err := os.Mkdir(log, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, log, "sora.jsonl", line(1, "a"))
	write(t, dir, "elsewhere.log", line(2, "b"))
	for name, target := range map[string]string{"log/current.jsonl": log + "/sora.jsonl", "log/other.log": dir + "/elsewhere.log", "log/nowhere.log": "/nonexistent", "link": log} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := merged(t, filepath.Join(dir, "link"), settings(t)); got != "a b" || err != nil {
		t.Errorf("%s, %v", got, err)
	}
}
