package main

import (
	"context"
	"os"
	"path/filepath"
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
		write("first")
		w := watchFile(file)
		write("second") // after it was read, before run
		changes := 0
		go w.run(ctx, func() { changes++ })
		expect := func(want int, after string) {
			t.Helper()
			time.Sleep(2 * watchInterval)
			synctest.Wait()
			if changes != want {
				t.Errorf("%d changes noticed after %s, want %d", changes, after, want)
			}
		}
		expect(1, "an early change")
		write("second")
		expect(1, "a touch")
		if err := os.Remove(file); err != nil {
			t.Error(err)
		}
		expect(1, "a removal")
		write("second")
		expect(1, "the same file again")
		write("third")
		expect(2, "a change")
	})
}
