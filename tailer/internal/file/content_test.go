package file

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/klauspost/compress/gzip"
)

func gzipOf(t *testing.T, text []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A compressed file that is read as a Tailer does it, in windows of which a part
// is taken and the rest is read again, is unpacked once, however long its lines
// are. To begin anew for each of them would take time by the square.
func TestCompressedFileIsUnpackedOnce(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, 24<<20)
	for i := range text {
		text[i] = "0123456789abcdef"[random.IntN(16)]
	}
	path := filepath.Join(t.TempDir(), "x.gz")
	if err := os.WriteFile(path, gzipOf(t, text), 0o600); err != nil {
		t.Fatal(err)
	}
	var open atomic.Int64
	c, _, err := Open(path, Gzip, &open)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p := c.(*Packed)
	buf := make([]byte, 8<<20)
	var dec Decoder
	for at := 0; at < len(text)-10<<20; {
		window := []int{512 << 10, 2 << 20, 8 << 20}[random.IntN(3)]
		start := max(0, at-MarkBytes)
		n, err := c.ReadAt(buf[:window], int64(start))
		if err != nil || !bytes.Equal(buf[:n], text[start:start+n]) {
			t.Fatalf("%d bytes at %d: other ones than were written, %v", n, start, err)
		}
		if dec != nil && p.dec != dec {
			t.Fatalf("unpacked from the beginning again to read %d bytes at %d", window, start)
		}
		dec = p.dec
		took := random.IntN(min(n, window-MarkBytes) + 1)
		if random.IntN(2) == 0 {
			took = min(took, 3000) // the rest is long
		}
		c.Keep(buf[max(0, at+took-start-MarkBytes):n], int64(start+n))
		at += min(took, n-(at-start))
	}
}
