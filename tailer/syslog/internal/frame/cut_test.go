package frame

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// beforeWord is a SafeCut that does not cut within a word.
func beforeWord(text []byte) int {
	if i := bytes.LastIndexByte(text, ' '); i >= 0 {
		return i + 1
	}
	return len(text)
}

// A message that is too long is cut where it may be, however it comes, and none
// of it is lost.
func TestLongMessageIsCutSafely(t *testing.T) {
	const limit = 40
	for length := 41; length < 130; length++ {
		words := "<13>" + strings.Repeat("password=S3CRET ", 10)
		text := words[:length-1] + "."
		want := []byte(text)
		lines := []string{text + "\n", fmt.Sprintf("%d %s<13>next\n", len(text), text), "5 <13>x" + text + "\n"}
		for k, data := range lines {
			f := Framer{SafeCut: beforeWord}
			var pieces [][]byte
			for rest := []byte(data); len(rest) > 0; {
				fr, n := f.Next(rest, limit, Ended)
				if n == 0 {
					t.Fatalf("%q: stuck before %q", data, rest)
				}
				rest = rest[n:]
				if fr.Cut {
					pieces = append(pieces, fr.Text)
				}
			}
			whole(t, k, want, pieces)
		}
	}
}

// whole fails if pieces do not make text, or a word is in two of them.
func whole(t *testing.T, way int, text []byte, pieces [][]byte) {
	t.Helper()
	if got := bytes.Join(pieces, nil); !bytes.Equal(got, text) {
		t.Errorf("way %d: %q\nbecomes %q", way, text, pieces)
	}
	for i, p := range pieces {
		if i < len(pieces)-1 && p[len(p)-1] != ' ' {
			t.Errorf("way %d: %q is cut within a word", way, p)
		}
	}
}
