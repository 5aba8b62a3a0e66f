package tailer

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestFileNeverRead: a file that cannot be read from the beginning is no
// generation yet, and is shown all the same until it can be.
func TestFileNeverRead(t *testing.T) {
	inWorld(t, func(w *world) {
		path := filepath.Join(w.dir, "sora.jsonl")
		if err := os.Symlink("sora.jsonl", path); err != nil { // a loop stops even root
			t.Fatal(err)
		}
		w.start()
		w.wantUnreadable(path)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		w.write("sora.jsonl", lines(0, 10))
		w.pass(5 * time.Second)
		w.wantLines(10)
		for _, f := range w.tail.Status() {
			if f.State == Unreadable {
				t.Errorf("still shown as unreadable: %+v", f)
			}
		}
	})
}

// TestNoPermission needs a user whom permissions bind.
func TestNoPermission(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read everything")
	}
	inWorld(t, func(w *world) {
		w.write("sora.jsonl", lines(0, 10))
		path := filepath.Join(w.dir, "sora.jsonl")
		if err := os.Chmod(path, 0); err != nil {
			t.Fatal(err)
		}
		w.start()
		w.wantUnreadable(path)
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		w.pass(5 * time.Second)
		w.wantLines(10)
	})
}

func (w *world) wantUnreadable(path string) {
	w.t.Helper()
	list := w.tail.Status()
	if len(list) != 1 || list[0].Path != path || list[0].State != Unreadable || list[0].Error == "" || list[0].Log != "sora" {
		w.t.Errorf("status %+v", list)
	}
}
