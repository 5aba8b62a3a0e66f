package tailer

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// Sora's directory is only ever read: no file in it is opened in any other way,
// and all are as they were.
func TestFilesAreOnlyRead(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.Sources[0].Start.At = time.Unix(1, 0)
		w.cfg.RotateWait = time.Hour // nothing is closed
		w.write("sora.jsonl", lines(0, 10))
		w.write("sora.jsonl.1", lines(10, 10))
		w.write("tmp", lines(20, 10))
		w.pack("tmp", "sora.jsonl.2.gz")
		w.remove("tmp")
		before := w.snapshot()
		w.start()
		w.wantLines(30)
		open := 0
		for _, flags := range w.openFlags() {
			open++
			if flags&unix.O_ACCMODE != unix.O_RDONLY || flags&(unix.O_CREAT|unix.O_TRUNC|unix.O_APPEND) != 0 {
				w.t.Errorf("a file is open with flags %#o", flags)
			}
		}
		if open != 3 {
			w.t.Errorf("%d files are open, want 3", open)
		}
		if diff := cmp.Diff(before, w.snapshot()); diff != "" {
			w.t.Error(diff)
		}
	})
}

// openFlags returns how each open file of the directory was opened.
func (w *world) openFlags() (flags []int) {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		w.t.Fatal(err)
	}
	for _, fd := range fds {
		path, err := os.Readlink("/proc/self/fd/" + fd.Name())
		if err != nil || !strings.HasPrefix(path, w.dir+"/") {
			continue
		}
		info, err := os.ReadFile("/proc/self/fdinfo/" + fd.Name())
		if err != nil {
			w.t.Fatal(err)
		}
		var pos int64
		var f int
		if _, err := fmt.Sscanf(string(info), "pos:\t%d\nflags:\t0%o", &pos, &f); err != nil {
			w.t.Fatal(err)
		}
		flags = append(flags, f)
	}
	return flags
}

// snapshot is what is in the directory.
func (w *world) snapshot() map[string]string {
	all := map[string]string{}
	names, err := os.ReadDir(w.dir)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, d := range names {
		info, err := d.Info()
		if err != nil {
			w.t.Fatal(err)
		}
		text, err := os.ReadFile(w.path(d.Name()))
		if err != nil {
			w.t.Fatal(err)
		}
		all[d.Name()] = fmt.Sprint(info.Mode(), info.ModTime(), string(text))
	}
	return all
}
