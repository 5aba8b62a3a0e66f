package pexip

import "bytes"

// signal finds method, status and call of a protocol's message, where the
// pairs do not say them. request is a pair's value, nil if there is none.
func (p *parse) signal(detail, request []byte) {
	first, headers := cutAt(detail, '\n')
	first = bytes.TrimRight(first, " ")
	switch {
	case bytes.HasPrefix(first, []byte("SIP/2.0 ")), bytes.HasSuffix(first, []byte(" SIP/2.0")):
		p.sip(first, headers)
	case bytes.HasPrefix(first, []byte("HTTP/")):
		p.lift(fieldStatusCode, word(first, 1))
	case request != nil:
		p.lift(fieldMethod, operation(request))
	case bytes.Contains(first, []byte(" HTTP/1.")):
		p.lift(fieldMethod, word(first, 0))
	default:
		p.lift(fieldMethod, h323Method(detail))
	}
}

// sip reads a request or status line, and the two headers that tell which
// transaction it belongs to.
func (p *parse) sip(first, headers []byte) {
	if bytes.HasPrefix(first, []byte("SIP/2.0 ")) {
		p.lift(fieldStatusCode, word(first, 1))
	} else {
		p.lift(fieldMethod, word(first, 0))
	}
	for len(headers) > 0 {
		var line []byte
		line, headers = cutAt(headers, '\n')
		if len(line) == 0 {
			return // the session description follows
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			continue
		}
		name, value = bytes.TrimSpace(name), bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("call-id")), bytes.EqualFold(name, []byte("i")):
			p.lift(fieldCallID, value)
			if headers != nil && p.b.Original(value) { // otherwise it may be cut, or masked
				p.sipCall = value
			}
		case bytes.EqualFold(name, []byte("cseq")):
			p.lift(fieldCSeq, value)
			p.lift(fieldMethod, word(value, 1)) // that of the request a response is for
		}
	}
}

// word is the nth word of line, counted from 0, or nil.
func word(line []byte, n int) []byte {
	for {
		for len(line) > 0 && line[0] == ' ' {
			line = line[1:]
		}
		w, rest := cutAt(line, ' ')
		if n == 0 || len(line) == 0 {
			return w
		}
		n--
		line = rest
	}
}

// cutAt is what stands before and after the first c in b; without one it is b and
// nil.
func cutAt(b []byte, c byte) (before, after []byte) {
	if i := bytes.IndexByte(b, c); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}

// operation is what a request to the client API does: the last part of its path.
func operation(path []byte) []byte {
	path, _, _ = bytes.Cut(path, []byte("?"))
	path = bytes.TrimRight(path, "/")
	return path[bytes.LastIndexByte(path, '/')+1:]
}

// h323Method is the kind of an H.225 or H.245 message, which is printed as a
// tree of names, or of a BFCP message, which is printed as Kind(…); nil for
// anything else.
func h323Method(detail []byte) []byte {
	if _, rest, ok := bytes.Cut(detail, []byte("h323_message_body:")); ok {
		return name(bytes.TrimLeft(rest, " \n"), ':')
	}
	first, rest, _ := bytes.Cut(detail, []byte("\n"))
	if bytes.HasSuffix(bytes.TrimSpace(first), []byte(":")) {
		return name(bytes.TrimLeft(rest, " "), ':')
	}
	return name(first, '(')
}

// name is the word that b begins with if end follows it, or else nil.
func name(b []byte, end byte) []byte {
	i := bytes.IndexByte(b, end)
	if i <= 0 || i > maxKey || keyLen(b[:i]) != i {
		return nil
	}
	return b[:i]
}
