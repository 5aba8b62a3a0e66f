package redact

import "bytes"

// jwt finds a JSON web token: parts of base64 joined by dots, the first of
// which, being a JSON object, begins with eyJ. A signed one has three parts, an
// encrypted one five, and the second of the former begins with eyJ as well. One
// that the end of the text cuts has fewer.
func jwt(text []byte, i, _ int) (from, to int) {
	if !at(text, i, "eyJ") || i > 0 && isWord(text[i-1]) && !escapesBefore(text, i) && !at(text, i-3, "%") {
		return 0, 0
	}
	var length [5]int
	parts, j, object := 0, i, false
	for ; parts < len(length); j++ {
		start := j
		j = wordBytes.end(text, j)
		length[parts] = j - start
		object = object || parts == 1 && at(text, start, "eyJ")
		parts++
		if j == len(text) || text[j] != '.' || parts == len(length) {
			break
		}
	}
	for parts > 1 && length[parts-1] == 0 { // the end of a sentence
		parts--
		j--
	}
	switch {
	case length[0] < 10:
		return 0, 0
	case parts >= 3 && length[1] >= 10, parts == 5, parts >= 2 && object, j == len(text) && parts == 1 && length[0] >= 16:
		return i, j
	}
	return 0, 0
}

// mediaKey masks the SRTP key of an SDP line such as
// a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:KEY|2^20;inline:KEY, or of one of the
// older k=base64:KEY, a=key-mgmt:mikey KEY. What announces it is text[start:i].
func (s *search) mediaKey(start, i int) {
	text := s.text
	i = blanks.end(text, i)
	to := i
	for to < len(text) && (base64[text[to]] || at(text, to, `\/`)) {
		if text[to] == '\\' {
			to++
		}
		to++
	}
	if text[start]|0x20 == 'i' && to-i < 16 && !(at(text, to, "|") && to+1 < len(text) && isDigit(text[to+1])) && !inCrypto(text, i) {
		return // neither long, nor with a lifetime behind it, nor of a line of SDP
	}
	s.add(span{from: i, to: to, told: min(to+2, len(text))})
}

// inCrypto tells whether the line in which i is speaks of encryption up to there.
func inCrypto(text []byte, i int) bool {
	before := text[max(0, i-256):i]
	if n := bytes.LastIndexAny(before, "\r\n"); n >= 0 {
		before = before[n:]
	}
	return bytes.Contains(before, []byte("crypto")) || bytes.Contains(before, []byte("AES_")) || bytes.Contains(before, []byte("AEAD_"))
}

// schemed finds the credentials that follow the name of a scheme of HTTP
// authentication: words that are none themselves. i is behind the name.
func schemed(text []byte, start, i int) (from, to int) {
	if start > 0 && isWord(text[start-1]) && !escapesBefore(text, start) {
		return 0, 0
	}
	c, n := sign(text, i)
	if n == 0 || c != ' ' && (c != '+' || n > 1) {
		return 0, 0
	}
	for c == ' ' {
		i += n
		c, n = sign(text, i)
	}
	to = credential.end(text, i)
	if v := text[i:to]; !looksRandom(v) && (len(v) < 8 || !digits.in(v)) {
		return 0, 0
	}
	return i, to
}

// credential is what the credentials of a scheme are made of.
var credential = classOf(".~", base64)

// escapesBefore tells whether the letter before i belongs to an escape such as \n.
func escapesBefore(text []byte, i int) bool {
	return i >= 2 && text[i-2] == '\\' && (text[i-1] == 'n' || text[i-1] == 'r' || text[i-1] == 't') || i >= 2 && text[i-2] == '^'
}

// looksRandom tells whether a word is made as no word of a language is.
func looksRandom(v []byte) bool {
	if len(v) < 6 {
		return false
	}
	hasSmall, hasCapital := small.in(v), capitals.in(v[1:])
	switch {
	case digits.in(v) && (hasSmall || hasCapital || len(v) >= 16):
		return true
	case len(v) >= 8 && (hasSmall && hasCapital || v[len(v)-1] == '='):
		return true
	}
	return len(v) >= 24 && !alphanumeric.all(v)
}

// privateKey masks what follows the first line of a private key in PEM.
func (s *search) privateKey(_, i int) {
	text, to := s.text, i
	for to < len(text) {
		c, n := sign(text, to)
		if at(text, to, "--") || c == '"' || c == '\'' || c == '<' {
			break
		}
		if n == 1 && !inPEM[text[to]] {
			break
		}
		to += n
	}
	from := skipSpace(text, i, true)
	if to-from >= 16 || at(text, to, "-----END") {
		s.mask(from, to)
	}
}

// inPEM is what stands between the first line of a private key and the last.
var inPEM = classOf("\r\n \\:,", base64)

// escapeTells tells whether an escape stands for a letter of a key.
func escapeTells(text []byte, start, _ int) bool {
	c, n := sign(text, start)
	return n > 1 && (isLetter(c) || c == '_')
}

// awsLength is how long the id of an access key is.
const awsLength = 20

// awsID finds the id of an AWS access key: AKIA or ASIA, and 16 capitals and digits.
func awsID(text []byte, i, _ int) (from, to int) {
	end := i + awsLength
	if i > 0 && isWord(text[i-1]) && !escapesBefore(text, i) || end > len(text) || !inAWS.all(text[i:end]) || end < len(text) && isWord(text[end]) {
		return 0, 0
	}
	return i, end
}

var inAWS = classOf("", capitals, digits)
