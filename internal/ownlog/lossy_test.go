package ownlog

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

// pipe returns both ends of a pipe.
func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		r.Close()
		w.Close()
	})
	return r, w
}

// Nobody has to read the log: a reader that has gone, a disk that is full and a
// descriptor that was closed cost their lines, and these are counted.
func TestReaderHasGone(t *testing.T) {
	r, w := pipe(t)
	r.Close()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	shut, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	shut.Close()
	for name, to := range map[string]io.Writer{"pipe": w, "full": full, "shut": shut, "failing": failing{}} {
		l := New(Config{Writer: to, Level: "info", Format: "json"})
		for i := range 3 {
			l.Error("fault", "n", i)
		}
		if l.Lost() != 3 || len(l.Recent()) != 3 {
			t.Errorf("%s: %d lines are lost, %d are on the page", name, l.Lost(), len(l.Recent()))
		}
	}
}

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no") }

// A reader that stands still holds nobody up, and gets what comes once it reads again.
func TestReaderStandsStill(t *testing.T) {
	r, w := pipe(t)
	l := New(Config{Writer: w, Level: "info", Format: "text"})
	long := strings.Repeat("x", 10<<10)
	done := make(chan bool)
	go func() {
		for i := range 2000 {
			l.Info("line", "n", i, "long", long)
		}
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("the log waits for its reader")
	}
	if l.Lost() == 0 {
		t.Error("nothing was lost, though a pipe does not hold 20 MiB")
	}
	read := bufio.NewReader(r)
	found := make(chan bool)
	go func() {
		for {
			line, err := read.ReadString('\n')
			if strings.Contains(line, "msg=again") || err != nil {
				found <- err == nil
				return
			}
		}
	}()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		l.Info("again")
		select {
		case ok := <-found:
			if !ok {
				t.Error("the pipe ended")
			}
			return
		default:
		}
	}
	t.Error("what comes later is not written")
}

// Nothing in the log makes a terminal do anything.
func TestNoEscapes(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var b strings.Builder
		l := New(Config{Writer: &b, Level: "info", Format: format})
		l.Warn("file cannot be read", "path", "/log/\x1b[2J\u009b31m\u202e\nlevel=ERROR forged", "error", errors.New("open \x1b]0;t\a: no"))
		if s := b.String(); strings.ContainsAny(s, "\x1b\u009b\u202e\a") || strings.Count(s, "\n") != 1 {
			t.Errorf("%s: %q", format, s)
		}
	}
}

func TestSecretsOfAddressesAreHidden(t *testing.T) {
	var b strings.Builder
	l := New(Config{Writer: &b, Level: "info", Format: "json"})
	l.Error("away", "error", errors.New(`proxyconnect: invalid proxy address "http://u:s3cret@p:x": parse`), "text", "https://u:s3cret@c/x?k=s3cret", "list", []string{"a"})
	if text := b.String() + l.Recent()[0].Text; strings.Contains(text, "s3cret") {
		t.Error(text)
	}
}
