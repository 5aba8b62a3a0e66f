package drop

import (
	"bytes"

	"github.com/rtcship/rtcship/convert/otlp"
)

// A glob is a text in which * stands for anything, taken apart at these. The
// zero glob matches whatever there is, and nothing being there.
type glob [][]byte

func newGlob(pattern string) glob {
	if pattern == "" {
		return nil
	}
	return bytes.Split([]byte(pattern), []byte("*"))
}

// matches takes time in proportion to s, however many stars there are: each part
// is looked for behind the one before, and the first place is as good as any.
func (g glob) matches(s []byte) bool {
	if g == nil {
		return true
	}
	last := len(g) - 1
	if last == 0 {
		return bytes.Equal(s, g[0])
	}
	if len(s) == 0 || !bytes.HasPrefix(s, g[0]) {
		return false // of what is not there, nothing is said
	}
	s = s[len(g[0]):]
	for _, part := range g[1:last] {
		i := bytes.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return bytes.HasSuffix(s, g[last])
}

func (g glob) matchesAttribute(attributes []byte, k otlp.Key) bool {
	if g == nil {
		return true
	}
	v, ok := otlp.FindString(attributes, k)
	return ok && g.matches(v)
}
