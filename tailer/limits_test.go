package tailer

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/rtcship/rtcship/tailer/internal/saved"
)

func TestOpenFilesAreLimited(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.OpenFiles = 10
		n := 0
		most := int64(0)
		w.begin()
		for round := range 4 {
			for i := range 40 {
				w.write(fmt.Sprintf("log%d.jsonl", i), lines(n, 2))
				n += 2
				w.pass(20 * time.Millisecond)
				most = max(most, w.tail.known.OpenFiles())
			}
			if round == 2 {
				w.rename("log7.jsonl", "log7.jsonl.1")
			}
			w.pass(5 * time.Second)
		}
		w.pass(20 * time.Second)
		w.wantLines(n)
		if most > 10 {
			w.t.Errorf("%d files open at once", most)
		}
	})
}

// Compressed files that are not read at the moment take no more memory than
// others: a first start finds hundreds of them at once.
func TestCompressedFilesAtRestTakeNoMemory(t *testing.T) {
	const files, most = 60, 64 << 20 // their decoders would take about 8 MiB each
	for name, from := range map[string]time.Time{"left alone": {}, "read": time.Unix(1, 0)} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.cfg.Sources[0].Start.At = from
				w.write("tmp", strings.Repeat(strings.Repeat("x", 100<<10)+"\n", 10))
				w.pack("tmp", "tmp.zst")
				packed, err := os.ReadFile(w.path("tmp.zst"))
				if err != nil {
					w.t.Fatal(err)
				}
				w.remove("tmp")
				w.remove("tmp.zst")
				for i := range files {
					if err := os.WriteFile(w.path(fmt.Sprintf("sora.jsonl.%d.zst", i+1)), packed, 0o644); err != nil {
						w.t.Fatal(err)
					}
				}
				before := heapInUse()
				w.start()
				var texts int64
				for _, r := range w.sink.all() {
					texts += int64(len(r.text))
				}
				if used := heapInUse() - before - texts; used > most || w.tail.known.OpenFiles() < files {
					w.t.Errorf("%d MiB for %d compressed files", used>>20, w.tail.known.OpenFiles())
				}
			})
		})
	}
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func TestDeletedFilesAreReadToTheEnd(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		release := w.hold()
		for i := range 10 {
			w.write("sora.jsonl", lines(10+10*i, 10))
			w.pass(200 * time.Millisecond)
		}
		w.remove("sora.jsonl")
		w.pass(10 * time.Second)
		release()
		w.pass(10 * time.Second)
		w.wantLines(110)
		w.wantNoGap()
	})
}

func TestDeletedFilesAreHeldWithinLimits(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.DeletedBytes = 8 << 10
		w.write("sora.jsonl", lines(0, 10))
		w.start()
		w.hold()
		for i := range 10 {
			w.write("sora.jsonl", lines(10+100*i, 100))
			w.pass(200 * time.Millisecond)
		}
		st, _ := os.Stat(w.path("sora.jsonl"))
		w.remove("sora.jsonl")
		w.pass(10 * time.Second)
		if w.tail.known.OpenFiles() != 0 {
			w.t.Error("the deleted file is still held")
		}
		var read int64
		for _, s := range w.tail.Status() {
			read = s.Read
		}
		if w.gaps() != st.Size()-read || w.gaps() == 0 {
			w.t.Errorf("%d bytes counted as lost, %d read of %d", w.gaps(), read, st.Size())
		}
	})
}

func TestStart(t *testing.T) {
	old := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, test := range []struct {
		name  string
		start Start
		want  func(n int) bool
	}{
		{"beginning", Start{}, func(n int) bool { return n >= 30 }},
		{"end", Start{End: true}, func(n int) bool { return n >= 40 }},
		{"time", Start{At: old.Add(90 * time.Minute)}, func(n int) bool { return n >= 10 && n < 20 || n >= 30 }},
		{"long ago", Start{At: old.Add(-time.Hour)}, func(int) bool { return true }},
	} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.cfg.Sources[0].Start = test.start
				for i, name := range []string{"sora.jsonl.3", "sora.jsonl.1", "sora.jsonl.2"} {
					w.write(name, lines(10*i, 10))
				}
				w.compress("sora.jsonl.2", ".gz")
				for i, name := range []string{"sora.jsonl.3", "sora.jsonl.1", "sora.jsonl.2.gz"} {
					at := old.Add([]time.Duration{0, 2 * time.Hour, time.Hour}[i])
					if err := os.Chtimes(w.path(name), at, at); err != nil {
						w.t.Fatal(err)
					}
				}
				w.write("sora.jsonl", lines(30, 10))
				w.start()
				w.write("sora.jsonl", lines(40, 5))
				w.pass(time.Second)
				w.rename("sora.jsonl.3", "sora.jsonl.4") // what was left alone stays so
				w.rename("sora.jsonl.1", "sora.jsonl.3")
				w.pass(20 * time.Second)
				w.kill()
				w.start()
				w.pass(20 * time.Second)
				got := map[string]bool{}
				for _, r := range w.sink.all() {
					got[r.text] = true
				}
				for n := range 45 {
					if got[line(n)] != test.want(n) {
						w.t.Errorf("line %d: %v, want %v", n, got[line(n)], test.want(n))
					}
				}
			})
		})
	}
}

func TestStartAtEndKeepsAHalfLineWhole(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.Sources[0].Start.End = true
		w.write("sora.jsonl", lines(0, 3)+line(3)[:10])
		w.start()
		w.write("sora.jsonl", line(3)[10:]+"\n")
		w.pass(time.Second)
		w.want(line(3))
	})
}

func TestReadRate(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.ReadRate = 1 << 20
		w.write("sora.log", strings.Repeat(strings.Repeat("x", 1023)+"\n", 10<<10))
		w.begin()
		w.pass(5 * time.Second)
		if n := len(w.sink.all()); n < 4<<10 || n > 7<<10 {
			w.t.Errorf("after 5 s at 1 MiB/s %d KiB were read", n)
		}
		w.pass(7 * time.Second)
		if n := len(w.sink.all()); n != 10<<10 {
			w.t.Errorf("%d entries in the end", n)
		}
	})
}

func TestMemoryIsSharedAndBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.Memory, w.cfg.Expansion = 8<<20, 2
		var blocked atomic.Int64
		w.cfg.OnBlocked = func() { blocked.Add(1) }
		release := w.hold()
		text := strings.Repeat(strings.Repeat("x", 1023)+"\n", 4<<10)
		for i := range 10 {
			w.write(fmt.Sprintf("log%d.log", i), text)
		}
		w.start()
		w.pass(10 * time.Second)
		logs, bytes := map[string]int{}, 0
		for _, r := range w.sink.all() {
			logs[r.log]++
			bytes += len(r.text)
		}
		if used := w.tail.readers.Used(); used > 8<<20 || len(logs) < 2 {
			w.t.Errorf("%d bytes used, of %d logs", used, len(logs))
		}
		if held := (1 + w.cfg.Expansion) * bytes; held > 8<<20 {
			w.t.Errorf("%d bytes of text and what is made of it are under way", held)
		}
		if blocked.Load() == 0 || !w.tail.Blocked(w.tail.readers.Consuming()) || w.tail.Blocked(w.tail.readers.Consuming()-1) {
			w.t.Errorf("blocked %d times; Blocked is wrong", blocked.Load())
		}
		release()
		w.pass(10 * time.Second)
		if n := len(w.sink.all()); n != 10*4<<10 {
			w.t.Errorf("%d entries in the end", n)
		}
		if w.tail.readers.Used() != 0 {
			w.t.Errorf("%d bytes still used", w.tail.readers.Used())
		}
	})
}

// Blank lines that are read while the batch before them is on its way make a
// batch that is never handed on; what follows must not wait for it.
func TestBlankLinesBetweenBatches(t *testing.T) {
	inWorld(t, func(w *world) {
		release := w.hold()
		w.start()
		for _, text := range []string{"a\n", "\n\n", "b\n"} {
			w.write("sora.log", text)
			w.pass(10 * time.Second)
		}
		if n := len(w.sink.all()); n != 2 {
			w.t.Errorf("%d entries were handed on, want 2", n)
		}
		release()
		w.pass(10 * time.Second)
	})
}

// A checkpoint that is damaged, in whatever way, is set aside as a whole and the
// previous one used; none of its generations is silently left out.
func TestDamagedCheckpoint(t *testing.T) {
	for name, damage := range map[string]func(string) string{
		"half of it":           func(s string) string { return s[:len(s)/2] },
		"an id":                func(s string) string { return strings.Replace(s, `"id":"`, `"id":"x`, 1) },
		"a hash":               func(s string) string { return strings.Replace(s, `"heads":[`, `"heads":["0000000000000000",`, 1) },
		"a head":               func(s string) string { return strings.Replace(s, `"head":`, `"head":9000000000000000`, 1) },
		"an offset":            func(s string) string { return strings.Replace(s, `"settled":`, `"settled":-`, 1) },
		"the offset of a mark": func(s string) string { return strings.Replace(s, `"marks":[{"at":`, `"marks":[{"at":-`, 1) },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.write("sora.jsonl", lines(0, 10))
				w.start()
				w.write("sora.jsonl", lines(10, 10))
				w.pass(5 * time.Second)
				w.end()
				path := filepath.Join(w.cfg.StateDir, saved.PositionsFile)
				b, err := os.ReadFile(path)
				if err != nil {
					w.t.Fatal(err)
				}
				damaged := damage(string(b))
				if damaged == string(b) {
					w.t.Fatal("nothing was damaged")
				}
				if err := os.WriteFile(path, []byte(damaged), 0o600); err != nil {
					w.t.Fatal(err)
				}
				w.start()
				w.wantRepeats(20)
				aside, _ := filepath.Glob(path + ".damaged-*")
				if len(aside) != 1 {
					w.t.Errorf("set aside: %v", aside)
				}
			})
		})
	}
}

func TestNewerCheckpointIsRefused(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(filepath.Join(dir, saved.PositionsFile), []byte(`{"version":99}`), 0o600)
	if _, err := New(Config{StateDir: dir}, nil); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("got %v", err)
	}
}

// While no checkpoint can be saved, what is followed already goes on; a new
// generation waits.
func TestCheckpointThatCannotBeSaved(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("sora.jsonl", lines(0, 50))
		w.start()
		w.tail.store.Fail.Store(&errDisk)
		w.write("sora.jsonl", lines(50, 10))
		w.pass(2 * time.Second)
		w.wantLines(60)
		w.rename("sora.jsonl", "sora.jsonl.1")
		w.write("sora.jsonl", lines(60, 10))
		w.pass(5 * time.Second)
		w.wantLines(60)
		w.tail.store.Fail.Store(nil)
		w.pass(3 * time.Second)
		w.wantLines(70)
	})
}

var errDisk = errors.New("no space left on device")

func TestVanishedFilesAreForgotten(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.Forget = 10 * time.Minute
		w.write("sora.jsonl", "\n\n"+lines(0, 10))
		w.write("other.jsonl", lines(10, 1))
		w.start()
		w.rename("sora.jsonl", "sora.jsonl.1")
		w.write("sora.jsonl", "")
		w.pass(20 * time.Second)
		w.remove("sora.jsonl.1")
		w.pass(9 * time.Minute)
		if n := len(w.tail.Status()); n != 3 {
			w.t.Errorf("%d generations after 9 minutes", n)
		}
		w.pass(2 * time.Minute)
		if n := len(w.tail.Status()); n != 2 {
			w.t.Errorf("%d generations after 11 minutes", n)
		}
		for source, n := range w.tail.Empty() { // a counter that becomes less is no counter
			if n != 2 {
				w.t.Errorf("%d empty lines of %s, want the 2 of the file that is forgotten", n, source)
			}
		}
	})
}

// Files that were deleted and have no successor are kept open, since their
// writers may have them open too; but not at the cost of files that are there.
func TestDeletedFilesMakeRoom(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.OpenFiles = 8
		w.start()
		for i := range 20 {
			name := fmt.Sprintf("session%c.log", 'a'+i)
			w.write(name, lines(i, 1))
			w.pass(2 * time.Second)
			w.remove(name)
		}
		w.write("sora.jsonl", lines(20, 1))
		w.pass(20 * time.Second)
		w.wantLines(21)
		if n := w.tail.known.OpenFiles(); n > 8 {
			w.t.Errorf("%d files are open", n)
		}
		w.drain()
	})
}

// Logs whose names never come again, such as those with a number for each
// session, are not remembered for ever, and neither are small files.
func TestVanishedLogsAreForgotten(t *testing.T) {
	inWorld(t, func(w *world) {
		w.timed = true
		w.cfg.Forget = 10 * time.Minute
		if err := os.Mkdir(w.path(waitDir), 0o755); err != nil {
			w.t.Fatal(err)
		}
		names := func(i int) []string {
			return []string{fmt.Sprintf("session%c.log", 'a'+i), filepath.Join(waitDir, fmt.Sprintf("2031_C%d.jsonl", i))}
		}
		w.write("sora.jsonl", lines(0, 1))
		w.start()
		for i := range 20 {
			for j, name := range names(i) {
				w.write(name, lines(1+2*i+j, 1))
			}
		}
		w.pass(30 * time.Second)
		w.wantLines(41)
		for i := range 20 {
			for _, name := range names(i) {
				w.remove(name)
			}
		}
		known := w.logs
		w.pass(11 * time.Minute)
		if n := w.tail.known.OpenFiles(); n != 1 {
			w.t.Errorf("%d files are open after 11 minutes", n)
		}
		w.pass(11 * time.Minute)
		if n := known(); n != 21 {
			w.t.Errorf("%d logs are known after 22 minutes, want the 21 whose names may come again", n)
		}
		w.pass(40 * time.Minute)
		if n := known(); n != 1 {
			w.t.Errorf("%d logs are known in the end, want 1", n)
		}
		w.end()
		saved, err := os.ReadFile(filepath.Join(w.cfg.StateDir, saved.PositionsFile))
		if err != nil || strings.Contains(string(saved), "session") {
			w.t.Errorf("the checkpoint still knows them: %v", err)
		}
		w.write("sora.jsonl", lines(41, 1))
		w.start()
		w.wantLines(42)
	})
}

func TestWhatIsNoRegularFileIsIgnored(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("target", lines(0, 5))
		if err := os.Symlink(w.path("target"), w.path("sora.jsonl")); err != nil {
			w.t.Fatal(err)
		}
		os.Mkdir(w.path("api.log"), 0o755)
		mkfifo(w.t, w.path("internal.log"))
		w.start()
		w.wantLines(5)
		w.write("second", lines(5, 5))
		w.write("target", lines(10, 2))
		w.remove("sora.jsonl")
		os.Symlink(w.path("second"), w.path("sora.jsonl"))
		w.pass(10 * time.Second)
		w.wantLines(12)
	})
}

func mkfifo(t reporter, path string) {
	if err := unix.Mkfifo(path, 0o644); err != nil {
		t.Fatal(err)
	}
}

// A line that is longer than the largest batch comes through, whatever buffers
// were used before.
func TestLineOfManyBatches(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.MaxEntry = 2 << 20
		long := strings.Repeat("0123456789abcde\t", 2<<20/16)
		w.write("sora.log", long+"x\n"+strings.Repeat(long, 4)+"\n"+long[:len(long)-1]+"\nlast\n")
		w.start()
		w.pass(5 * time.Second)
		got := w.sink.all() // batches are under way at once
		slices.SortFunc(got, func(a, b received) int { return cmp.Compare(a.offset, b.offset) })
		var b strings.Builder
		for _, r := range got {
			b.WriteString(r.text)
		}
		if b.String() != long+"x"+strings.Repeat(long, 4)+long[:len(long)-1]+"last" {
			w.t.Errorf("%d bytes arrived, or not in order", b.Len())
		}
	})
}

// Files for which there is no room to be read are known all the same, and are opened as
// soon as others make room.
func TestFilesThatThereIsNoRoomFor(t *testing.T) {
	inWorld(t, func(w *world) {
		const files = 20
		w.cfg.OpenFiles = 3
		release := w.hold() // what is open stays so
		for i := range files {
			w.write(fmt.Sprintf("log%c.jsonl", 'a'+i), lines(2*i, 2))
		}
		w.start()
		w.pass(5 * time.Second)
		if n := w.tail.known.OpenFiles(); n > 3 {
			w.t.Errorf("%d files are open", n)
		}
		if n := len(w.tail.Status()); n != files {
			w.t.Errorf("%d files are known, want %d", n, files)
		}
		release()
		w.pass(time.Duration(files) * w.tail.cfg.Poll)
		w.wantLines(2 * files)
	})
}
