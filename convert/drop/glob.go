package drop

import (
	"bytes"
	"strings"

	"github.com/rtcship/rtcship/convert/otlp"
)

// A glob is a text in which * stands for anything, taken apart at these. The
// zero glob matches whatever there is, and nothing being there.
type glob struct {
	parts [][]byte // nil for no condition
}

func newGlob(pattern string) glob {
	if pattern == "" {
		return glob{}
	}
	var g glob
	for part := range strings.SplitSeq(pattern, "*") {
		g.parts = append(g.parts, []byte(part))
	}
	return g
}

// holds reports whether the condition holds for a text that is asked for once a batch.
func (g glob) holds(s string) bool { return g.parts == nil || g.matches([]byte(s)) }

// matches takes time in proportion to s, however many stars there are: each part
// is looked for behind the one before, and the first place is as good as any.
func (g glob) matches(s []byte) bool {
	if g.parts == nil {
		return true
	}
	last := len(g.parts) - 1
	if last == 0 {
		return bytes.Equal(s, g.parts[0])
	}
	if len(s) == 0 || !bytes.HasPrefix(s, g.parts[0]) {
		return false // of what is not there, nothing is said
	}
	s = s[len(g.parts[0]):]
	for _, part := range g.parts[1:last] {
		i := bytes.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return bytes.HasSuffix(s, g.parts[last])
}

func (g glob) matchesAttribute(attributes []byte, k otlp.Key) bool {
	if g.parts == nil {
		return true
	}
	v, ok := otlp.FindString(attributes, k)
	return ok && g.matches(v)
}
