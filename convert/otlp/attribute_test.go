package otlp

import (
	"bytes"
	"strings"
	"testing"
)

// Text writes what String does, however long key and value are, and whatever
// stands behind them or behind what was written so far.
func TestTextOfAllLengths(t *testing.T) {
	letters := []byte(strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", 10))
	for key := 1; key < 40; key++ {
		for size := range 135 {
			name, value := letters[:key], letters[100:100+size]
			var want Writer
			want.String(NewKey(string(name)), string(value))
			for _, c := range []struct {
				k Key
				v []byte
			}{
				{NewKey(string(name)), value},
				{NewKey(string(name)), value[:size:size]},
				{AppendKey(nil, "", name), value},
				{AppendKey(nil, string(name[:1]), name[1:]), bytes.Clone(value)},
			} {
				for _, room := range []int{0, key + size, key + size + 40, 500} {
					buf := make([]byte, 3+room)
					w := Writer{Buf: buf[:3:min(3+room, cap(buf))]}
					if w.Text(c.k, c.v); !bytes.Equal(w.Buf[3:], want.Buf) || !bytes.Equal(w.Buf[:3], make([]byte, 3)) {
						t.Fatalf("key of %d, value of %d bytes, room for %d: %q", key, size, room, w.Buf)
					}
				}
			}
		}
	}
	if string(letters) != strings.Repeat("0123456789abcdefghijklmnopqrstuvwxyz", 10) {
		t.Error("a value was changed")
	}
}
