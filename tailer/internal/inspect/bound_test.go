package inspect

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/internal/match"
)

// A counted file counts how often it is read.
type counted struct {
	match.Content
	reads *int
}

func (c counted) ReadAt(b []byte, off int64) (int, error) {
	*c.reads++
	return c.Content.ReadAt(b, off)
}

// However many files begin in the same way, a compressed one is compared with few: those
// that were written last when it says that it was.
func TestFewAreCompared(t *testing.T) {
	const files = 60
	b, reads := newBench(t), 0
	var known []*match.Known
	for i := range files {
		name := fmt.Sprintf("a.jsonl.%d", i)
		b.write(name, append(text(2000), fmt.Sprintf("file %d\n", i)...))
		k := b.known(name, 100)
		k.Stat.Mtime = int64(i) * int64(time.Minute)
		k.Content = counted{k.Content, &reads}
		known = append(known, k)
	}
	b.write("copy.gz", packed(append(text(2000), "file 40\n"...)))
	at := time.Unix(0, known[40].Stat.Mtime)
	if err := os.Chtimes(filepath.Join(b.dir, "copy.gz"), at, at); err != nil {
		t.Fatal(err)
	}
	in := b.desk.Inspect(t.Context(), known, b.opened("copy.gz"), false)
	if in == nil || in.Broken() != nil {
		t.Fatalf("found out: %+v", in)
	}
	for i, k := range known {
		if in.CopyOf(k) != (i == 40) {
			t.Errorf("a copy of file %d: %v", i, in.CopyOf(k))
		}
	}
	if in.Missed() {
		t.Error("what was left out is asked for again and again")
	}
	if reads == 0 || reads > 2*mostOriginals {
		t.Errorf("%d reads of others", reads)
	}
	if other := *known[0]; in.CopyOf(with(&other, "another")) || !in.Missed() {
		t.Error("one that was not known then is not missed")
	}
}

func with(k *match.Known, ref any) *match.Known {
	k.Ref = ref
	return k
}
