package exporter

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rtcship/rtcship/internal/smallfile"
)

// What is no file in the place of the dead letters is an error that says so, and
// nobody waits for it.
func TestOddLetterFiles(t *testing.T) {
	for name, put := range map[string]func(path string) error{
		"pipe":      func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"directory": func(path string) error { return os.Mkdir(path, 0o700) },
		"zeros":     func(path string) error { return os.Symlink("/dev/zero", path) },
	} {
		for _, suffix := range []string{"", ".resending", ".tmp", ".unreadable"} {
			t.Run(name+suffix, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "dead")
				if err := put(path + suffix); err != nil {
					t.Fatal(err)
				}
				d, err := openDeadLetters(DeadLetters{Path: path, MaxBytes: 100, WhenFull: WhenFullDropOldest})
				if err != nil {
					t.Fatal(err)
				}
				fault := d.status().Fault
				if odd := suffix == "" || suffix == ".resending"; odd != strings.Contains(fault, "regular") {
					t.Errorf("the status says %q", fault)
				}
				kept := errors.Join(writeLetter(d), writeLetter(d), writeLetter(d)) // the last ones need room
				if takes := suffix == ".resending" || suffix == ".unreadable"; takes != (kept == nil) {
					t.Errorf("letters: %v", kept)
				}
				if err := appendLine(path+".unreadable", []byte("x\n")); (suffix == ".unreadable") != errors.Is(err, smallfile.ErrNotRegular) {
					t.Errorf("unreadable lines: %v", err)
				}
				read := ReadDeadLetters(path, func(DeadLetter) error { return nil })
				if (suffix == "" || suffix == ".resending") != errors.Is(read, smallfile.ErrNotRegular) {
					t.Errorf("read: %v", read)
				}
			})
		}
	}
}

func writeLetter(d *deadLetters) error {
	g := encodeGroup("r", "s", nil)
	g.Records = appendMessage(nil, 2, []byte{})
	g.Ends = []int{len(g.Records)}
	var p payload
	p.encode([]piece{{group: &g, hi: 1}})
	return d.append(&p, answer{code: "CODE"}, time.Now())
}

// A file that is larger than any that was written here takes neither time nor memory.
func TestVastLetterFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead")
	if err := errors.Join(os.WriteFile(path, []byte("{}\n{}\n"), 0o600), os.Truncate(path, 1<<42)); err != nil {
		t.Fatal(err)
	}
	d, err := openDeadLetters(DeadLetters{Path: path, MaxBytes: 1 << 62})
	if err != nil {
		t.Fatal(err)
	}
	if s := d.status(); s.Letters != 2 || s.Bytes != 1<<42 {
		t.Errorf("%+v", s)
	}
	if err := writeLetter(d); err != nil {
		t.Error(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tail := make([]byte, 12)
	if _, err := f.ReadAt(tail, 1<<42); err != nil || string(tail[:2]) != "\n{" {
		t.Errorf("behind the old end: %q, %v", tail, err)
	}
	lines := 0
	if err := eachLine(path, func([]byte) error { lines++; return nil }); !errors.Is(err, errNoLetter) || lines != 2 {
		t.Errorf("%d lines, %v", lines, err)
	}
}

// Lines are counted a part at a time, and in the end all of them.
func TestLettersAreCountedToTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead")
	if err := errors.Join(os.WriteFile(path, []byte("{}\n"), 0o600), os.Truncate(path, 2*countAtOnce)); err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("\n{}\n"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	d, err := openDeadLetters(DeadLetters{Path: path, MaxBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	d.status()
	d.status()
	if s := d.status(); s.Letters != 3 {
		t.Errorf("%+v", s)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if s := d.status(); s.Letters != 0 || s.Fault != "" {
		t.Errorf("gone: %+v", s)
	}
	if _, err := sizeOf(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
