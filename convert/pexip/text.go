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

func hasBreaks(text []byte) bool {
	return bytes.IndexByte(text, '\r') >= 0 || bytes.Contains(text, []byte("^M"))
}

// appendBroken appends v with its line breaks.
func appendBroken(dst, v []byte) []byte {
	returns := bytes.IndexByte(v, '\r') >= 0 // few texts have any
	for {
		plain, rest := cutAt(v, '^')
		for returns {
			cr := bytes.IndexByte(plain, '\r')
			if cr < 0 {
				break
			}
			dst = append(append(dst, plain[:cr]...), '\n')
			plain = bytes.TrimPrefix(plain[cr+1:], []byte("\n"))
		}
		dst = append(dst, plain...)
		switch {
		case rest == nil:
			return dst
		case len(rest) > 0 && rest[0] == 'M':
			dst, v = append(dst, '\n'), bytes.TrimPrefix(rest[1:], []byte("\n"))
		default:
			dst, v = append(dst, '^'), rest
		}
	}
}
