package record

import (
	"bytes"
	"testing"
)

// One byte beyond ASCII is found wherever it stands, and none where there is none.
func TestIsASCII(t *testing.T) {
	for n := range 140 {
		v := bytes.Repeat([]byte{0x7f}, n)
		if got := isASCII(v); got != (n >= 32) {
			t.Errorf("%d bytes of ASCII: %v", n, got)
		}
		for i := range v {
			v[i] = 0x80
			if isASCII(v) {
				t.Errorf("byte %d of %d was not seen", i, n)
			}
			v[i] = 0
		}
	}
}
