package main

import (
	"context"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// TestWatchFile notices each change of the content once, also one that was made
// before anybody had begun to wait, and nothing else.
func TestWatchFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rtcship.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		write("first\n")
		w := watchFile(file)
		write("second\n") // after it was read, before run
		var changes atomic.Int32
		go w.run(ctx, func() { changes.Add(1) })
		expect := func(want int, wait time.Duration, after string) {
			t.Helper()
			time.Sleep(wait)
			synctest.Wait()
			if got := int(changes.Load()); got != want {
				t.Errorf("%d changes noticed after %s, want %d", got, after, want)
			}
		}
		const still, unfinished = holdStill + 2*watchInterval, holdUnfinished + 2*watchInterval
		expect(1, still, "an early change")
		write("second\n")
		expect(1, still, "a touch")
		if err := os.Remove(file); err != nil {
			t.Error(err)
		}
		expect(1, watchInterval, "a moment without the file")
		write("second\n")
		expect(1, still, "the same file again")
		if err := os.Remove(file); err != nil {
			t.Error(err)
		}
		expect(2, still, "a removal")
		write("second\n")
		expect(3, unfinished, "the file came back")
		write("third\nand more\n")
		expect(4, still, "a change")

		for _, part := range []string{"", "fou", "fourth\n", "fourth\nand mo"} { // written over some seconds
			write(part)
			expect(4, 3*time.Second, "a part of a file")
		}
		write("fourth\nand more\n")
		expect(5, still, "the whole of it")
		write("fourth\n") // which may be all there is to be
		expect(5, still, "the beginning of what was there")
		expect(6, unfinished, "the beginning of what was there, and no more")
		write("without an end of line")
		expect(6, still, "a line without an end")
		expect(7, unfinished, "a line without an end, and no more")
		write("")
		expect(7, still, "an empty file")
		expect(8, unfinished, "a file that stays empty")
	})
}

// What is no file is never read for long.
func TestWatchOddFiles(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "rtcship.yaml")
	if err := os.Symlink("/dev/zero", file); err != nil {
		t.Fatal(err)
	}
	if c := look(file); !c.gone {
		t.Errorf("%d bytes of /dev/zero", len(c.data))
	}
	if c := look(dir); !c.gone {
		t.Error("a directory was read")
	}
}
