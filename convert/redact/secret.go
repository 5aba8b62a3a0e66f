package redact

import "bytes"

// secretAt looks for a secret announced at text[i]: by a key that ends with a
// telling word, by the beginning of a JSON web token, or by a URL. from equals
// to if there is none. quote says that the mask needs quotes.
func (r *Redactor) secretAt(text []byte, i int, form *form) (from, to int, quote bool) {
	switch text[i] {
	case 'p', 'P':
		for _, word := range [...]string{"assword", "asswd", "wd"} {
			if at(text, i+1, word) {
				return r.keyed(text, form, i, i+1+len(word), colonAlways)
			}
		}
		if r.pexip && (at(text, i+1, "in") || at(text, i+1, "IN")) && wordBegins(text, i) {
			return r.keyed(text, form, i, i+3, colonLine)
		}
	case 's', 'S':
		if at(text, i+1, "ecret") {
			return r.keyed(text, form, i, i+6, colonAlways)
		}
	case 't', 'T':
		if at(text, i+1, "oken") {
			return r.keyed(text, form, i, i+5, colonRandom)
		}
	case 'c':
		if at(text, i, "credential") {
			return r.keyed(text, form, i, i+10, colonAlways)
		}
		if at(text, i, "crypto:") {
			from, to = mediaKey(text, i)
			return from, to, false
		}
	case 'a', 'A':
		if at(text, i+1, "uthorization") {
			return r.keyed(text, form, i, i+13, colonHeader)
		}
	case 'd', 'D':
		if r.pexip && at(text, i+1, "igit") && !isWord(text, i-1) {
			return r.keyed(text, form, i, i+5, colonNever)
		}
	case 'e':
		if at(text, i, "eyJ") {
			from, to = jwt(text, i)
			return from, to, false
		}
	case ':':
		if at(text, i, "://") {
			from, to = userInfo(text, i+3)
			return from, to, false
		}
	}
	return 0, 0, false
}

// second holds, for each letter that secretAt acts upon, the letters that come
// second in its words: one bit for each, by the low five bits of the letter.
var second = [256]uint32{
	'p': bit('a') | bit('w') | bit('i'), 'P': bit('a') | bit('w') | bit('i'),
	's': bit('e'), 'S': bit('e'), 't': bit('o'), 'T': bit('o'), 'c': bit('r'),
	'a': bit('u'), 'A': bit('u'), 'd': bit('i'), 'D': bit('i'), 'e': bit('y'), ':': bit('/'),
}

func bit(c byte) uint32 { return 1 << (c & 31) }

// announced returns the first place from i on at which secretAt may find
// something, or len(text).
func announced(text []byte, i int) int {
	for ; i+1 < len(text); i++ {
		if second[text[i]]&bit(text[i+1]) != 0 {
			return i
		}
	}
	return len(text)
}

// A colonRule says when `word: value` without quotes gives a secret away. In
// prose, a colon follows such words as well ("bad token: unexpected end").
type colonRule int

const (
	colonNever  colonRule = iota
	colonAlways           // up to a blank
	colonRandom           // if the value is long and holds a digit
	colonHeader           // up to the end of the line: the value of an HTTP or SIP header
	colonLine             // up to a blank, if the word begins a line, as the name of a header does
)

// keyed finds the value of the key that ends with the word text[start:end].
func (r *Redactor) keyed(text []byte, form *form, start, end int, rule colonRule) (from, to int, quote bool) {
	if end < len(text) && text[end] == 's' { // tokens, credentials
		end++
	}
	if isWord(text, end) {
		return 0, 0, false
	}
	i, quotedKey := skipCloser(text, end)
	i = skipBlanks(text, i)
	if i >= len(text) {
		return 0, 0, false
	}
	colon := false
	switch {
	case at(text, i, "=>"):
		i += 2
	case text[i] == '=':
		i++
	case text[i] == ':':
		colon = true
		i++
	case text[i] == ',' && inTuple(text, start):
		from, to = quoted(text, skipBlanks(text, i+1))
		return from, to, false
	default:
		return 0, 0, false
	}
	i = skipBlanks(text, i)
	if !quotedKey && at(text, i, `"`) && form.json(text) {
		return 0, 0, false // the string around the key ends here
	}
	if from, to = quoted(text, i); from < to {
		return from, to, false
	}
	if quotedKey {
		from, to = bareJSON(text, i)
		return from, to, from < to
	}
	if colon && rule == colonLine && lineBegins(text, start) {
		rule = colonAlways
	}
	if colon && rule == colonHeader && r.pexip {
		from, to = unlessMasked(text, i, endOfSIPHeader(text, i))
		return from, to, false
	}
	from, to = bare(text, i, colon, rule)
	return from, to, false
}

// mediaKey finds the SRTP key of an SDP line such as
// a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20.
func mediaKey(text []byte, i int) (from, to int) {
	line := text[i:min(i+200, len(text))]
	n := bytes.Index(line, []byte("inline:"))
	if n < 0 || bytes.ContainsAny(line[:n], "\r\n\\") {
		return 0, 0
	}
	from = i + n + len("inline:")
	to = from
	for to < len(text) && (isBase64(text[to]) || text[to] == '+' || text[to] == '/' || text[to] == '=') {
		to++
	}
	return from, to
}

// jwt finds a JSON web token: three parts of base64 joined by dots, the first
// of which, being a JSON object, begins with eyJ.
func jwt(text []byte, i int) (from, to int) {
	if i > 0 && isBase64(text[i-1]) {
		return 0, 0
	}
	j := i
	for part := range 3 {
		start := j
		for j < len(text) && isBase64(text[j]) {
			j++
		}
		if j-start < 10 && part < 2 {
			return 0, 0
		}
		if part < 2 {
			if j >= len(text) || text[j] != '.' {
				return 0, 0
			}
			j++
		}
	}
	return i, j
}

// userInfo finds what stands before the @ of a URL's host.
func userInfo(text []byte, i int) (from, to int) {
	for j := i; j < len(text); j++ {
		switch c := text[j]; {
		case c == '@':
			return unlessMasked(text, i, j)
		case c <= ' ', bytes.IndexByte([]byte("/?#\"'\\<>,;"), c) >= 0:
			return 0, 0
		}
	}
	return 0, 0
}

func unlessMasked(text []byte, from, to int) (int, int) {
	if string(text[from:to]) == Mask {
		return 0, 0
	}
	return from, to
}
