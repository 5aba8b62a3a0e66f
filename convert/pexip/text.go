package pexip

import "bytes"

// unescaped is a pair's value with " for \".
func (p *parse) unescaped(q *pair) []byte {
	if q.flags&escaped == 0 {
		return p.raw(q)
	}
	start := len(p.b.Arena)
	p.b.Arena = appendUnescaped(p.b.Arena, p.raw(q))
	return p.b.Arena[start:len(p.b.Arena):len(p.b.Arena)]
}

func appendUnescaped(dst, v []byte) []byte {
	for {
		i := bytes.Index(v, []byte(`\"`))
		if i < 0 {
			return append(dst, v...)
		}
		dst = append(append(dst, v[:i]...), '"')
		v = v[i+2:]
	}
}

// broken is text with line breaks for ^M, CR LF and CR.
func (p *parse) broken(text []byte) []byte {
	if !hasBreaks(text) {
		return text
	}
	start := len(p.b.Arena)
	p.b.Arena = appendBroken(p.b.Arena, text)
	return p.b.Arena[start:len(p.b.Arena):len(p.b.Arena)]
}

func hasBreaks(text []byte) bool { return nextBreak(text, 0, indexFrom(text, 0, '\r')) < len(text) }

// appendBroken appends v with its line breaks.
func appendBroken(dst, v []byte) []byte {
	done, cr := 0, -1
	for {
		if cr < done {
			cr = indexFrom(v, done, '\r')
		}
		i := nextBreak(v, done, cr)
		dst = append(dst, v[done:i]...)
		if i == len(v) {
			return dst
		}
		dst = append(dst, '\n')
		if i++; v[i-1] == '^' {
			i++ // the M
		}
		if i < len(v) && v[i] == '\n' {
			i++
		}
		done = i
	}
}

// nextBreak is where the next ^M of v is from start on, or cr if that comes first:
// the next CR, or the end.
func nextBreak(v []byte, start, cr int) int {
	for i := start; i < cr; i++ {
		if i = indexFrom(v[:cr], i, '^'); i+1 < len(v) && v[i] == '^' && v[i+1] == 'M' {
			return i
		}
	}
	return cr
}

// indexFrom is where c is in v from start on, or len(v).
func indexFrom(v []byte, start int, c byte) int {
	if i := bytes.IndexByte(v[start:], c); i >= 0 {
		return start + i
	}
	return len(v)
}
