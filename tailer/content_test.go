package tailer

import (
	"strings"
	"testing"
	"time"
)

// Lines of all lengths arrive as they were, in and behind a compressed file.
func TestLongLinesInACompressedFile(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.Sources[0].Start.At = time.Unix(1, 0)
		var want []string
		for i, size := range []int{10, 3 << 20, 100, 2<<20 + 7, 2 << 20, 5 << 20, 3, 600 << 10, 8 << 20, 1} {
			want = append(want, strings.Repeat(string(rune('a'+i)), size))
		}
		w.write("tmp", strings.Join(want, "\n")+"\n")
		w.pack("tmp", "sora.jsonl.1.zst")
		w.remove("tmp")
		w.start()
		w.pass(10 * time.Second)
		got := w.sink.texts()
		if len(got) != len(want) {
			t.Fatalf("%d lines, want %d", len(got), len(want))
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("line %d has %d bytes, want %d, or others", i, len(got[i]), len(want[i]))
			}
		}
	})
}

// Files that are one entry, and crash dumps, arrive from a compressed file as from
// a plain one, although how long they are shows at their end only.
func TestWholeEntriesInACompressedFile(t *testing.T) {
	for _, ext := range []string{".gz", ".zst"} {
		for _, size := range []int{100, 700 << 10, 3<<20 + 17} {
			for _, name := range []string{"sysctl.log", "erl_crash.dump"} {
				inWorld(t, func(w *world) {
					w.cfg.MaxEntry = 1 << 20
					w.cfg.Sources[0].Start.At = time.Unix(1, 0)
					head := "=erl_crash_dump:0.5\nSlogan: gone\n"
					text := head + "=memory\n" + strings.Repeat("0123456789abcde\n", size/16) + "=end\n"
					w.write("tmp", text)
					w.pack("tmp", name+".1"+ext)
					w.remove("tmp")
					w.start()
					w.pass(5 * time.Second)
					got := strings.Join(w.sink.texts(), "")
					want := strings.TrimRight(text, "\n")
					if name == "erl_crash.dump" {
						want = strings.TrimRight(head, "\n")
					}
					if got != want {
						t.Errorf("%s%s of %d bytes: got %d, want %d, or others", name, ext, len(text), len(got), len(want))
					}
					if s := w.tail.Status()[0]; s.Lag != 0 || s.Settled != int64(len(text)) {
						t.Errorf("%s%s: %d of %d bytes are settled, %d behind", name, ext, s.Settled, len(text), s.Lag)
					}
					w.drain()
				})
			}
		}
	}
}

// What is appended to a compressed file that was read to its end comes as well.
func TestCompressedFileThatGrows(t *testing.T) {
	for name, quiet := range map[string]time.Duration{"while it is open": time.Second, "when it is closed": 30 * time.Second} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.cfg.Sources[0].Start.At = time.Unix(1, 0)
				w.write("sora.jsonl.1.gz", string(gzipOf(lines(0, 50))))
				w.start()
				w.pass(quiet)
				w.wantLines(50)
				w.write("sora.jsonl.1.gz", string(gzipOf(lines(50, 50))))
				w.pass(30 * time.Second)
				w.wantLines(100)
			})
		})
	}
}
