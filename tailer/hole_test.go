package tailer

import (
	"os"
	"strings"
	"testing"
	"time"
)

// A writer that does not append leaves a hole where its log was truncated: that is
// a gap, and the lines behind it arrive as they were written.
func TestHoleOfNULs(t *testing.T) {
	for name, size := range map[string]int64{"small": 3000, "large": 122 << 20} {
		inWorlds(t, map[string]func(w *world){
			name: func(w *world) {
				w.write("sora.jsonl", lines(0, 20))
				w.start()
				w.copy("sora.jsonl", "sora.jsonl.1")
				w.truncate("sora.jsonl")
				f, err := os.OpenFile(w.path("sora.jsonl"), os.O_WRONLY, 0)
				if err != nil {
					w.t.Fatal(err)
				}
				defer f.Close()
				if _, err := f.WriteAt([]byte(lines(20, 5)), size); err != nil {
					w.t.Fatal(err)
				}
				w.pass(10 * time.Second)
				w.write("sora.jsonl", lines(25, 5))
				w.pass(3 * time.Second)
				w.wantLines(30)
				if n := w.gaps(); n != size {
					w.t.Errorf("%d bytes are counted as lost, want %d", n, size)
				}
				for _, s := range w.tail.Status() {
					if len(s.Gaps) > 1 {
						w.t.Errorf("%d gaps, want one", len(s.Gaps))
					}
				}
				w.kill()
				w.start()
				w.wantRepeats(30)
			},
		})
	}
	inWorld(t, func(w *world) {
		text := "a\x00b\n\x00\x00c\n" + strings.Repeat("\x00", 50) + "d\n"
		w.write("sora.log", text)
		w.start()
		w.wantTexts("a\x00b", "\x00\x00c", "d")
	})
}
