package pexip

import "bytes"

// A token is a pair, or a word that stands between pairs. It holds places in
// the text that was scanned, so that many of them take little room.
type token struct {
	Start int32 // where the token begins
	End   int32 // where it ends
	flags flags

	keyLen          uint8 // 0 for a word
	field           uint8 // that the key stands for, where somebody has looked it up
	usual           bool  // whether the key is spelled as it usually is
	value, valueEnd int32
}

// Key is the token's key, nil for a word.
func (t *token) Key(text []byte) []byte {
	if t.keyLen == 0 {
		return nil
	}
	return text[t.Start : t.Start+int32(t.keyLen)]
}

// Value is the token's value as it stands between the quotes, escapes
// included; for a word it is the word.
func (t *token) Value(text []byte) []byte { return text[t.value:t.valueEnd] }

// flags say what is unusual about a token, or about the pairs of a line.
type flags uint8

const (
	escaped      flags = 1 << iota // the value contains \", which stands for a quote
	missingQuote                   // the value has no opening quote
	unterminated                   // the value has no closing quote: the text was cut
	duplicateKey                   // another pair of the line has the same key
	tooManyPairs                   // more than maxPairs
	unkeyed                        // nothing unusual: words stand between the pairs
	detailInBody                   // likewise: Detail needs no attribute
)

// maxKey is the length of the longest key; a longer word is no key.
const maxKey = 64

// A scanner walks through the pairs of a line: Key="value" Key="value".
//
// It is forgiving, since the lines are not well formed. Values contain quotes
// that nobody escaped (display names, SIP headers), quotes are missing, words
// stand between pairs, and datagrams are cut. So a quote ends a value only if
// what follows it can be the next pair or the end of the text; see closes.
// Every byte is part of a token or a separator between two.
type scanner struct {
	text []byte
	pos  int
	key  int // length of the key behind the blank at pos, if a pair is known to be there; else 0

	// What is known of the quote that comes next, so that a text of many values
	// without quotes is not searched for it again and again.
	quote   int // where it is, len(text) if there is none; valid if not before pos
	closing bool
}

// newScanner returns a scanner of text, which is not copied.
func newScanner(text []byte) scanner { return scanner{text: text, quote: -1} }

// Rest is the text that was not yet scanned.
func (s *scanner) Rest() []byte { return s.text[s.pos:] }

// Next reads the next token. It reports whether there was one.
func (s *scanner) Next(t *token) bool {
	if s.key > 0 {
		s.pos++ // the blank
		s.pair(t, s.key)
		return true
	}
	s.pos += separators(s.text[s.pos:])
	b := s.text[s.pos:]
	if len(b) == 0 {
		return false
	}
	if n := keyLen(b); n > 0 && n < len(b) && b[n] == '=' {
		s.pair(t, n)
		return true
	}
	*t = token{Start: int32(s.pos), value: int32(s.pos)}
	s.pos += wordLen(b)
	t.End, t.valueEnd = int32(s.pos), int32(s.pos)
	return true
}

// pair reads the pair at pos, whose key is n bytes long.
func (s *scanner) pair(t *token, n int) {
	t.Start, t.keyLen, t.flags = int32(s.pos), uint8(n), 0
	s.pos, s.key = s.pos+n+1, 0
	end := 0
	if s.pos < len(s.text) && s.text[s.pos] == '"' {
		s.pos++
		t.value = int32(s.pos)
		end = s.quoted(t)
	} else {
		t.value = int32(s.pos)
		t.flags = missingQuote
		end = s.unquoted()
	}
	t.valueEnd, t.End = int32(end), int32(s.pos)
}

// quoted reads a value and its closing quote; pos is after its opening quote.
// It returns where the value ends.
func (s *scanner) quoted(t *token) int {
	for from := s.pos; ; {
		i := bytes.IndexByte(s.text[from:], '"')
		if i < 0 {
			t.flags |= unterminated
			s.pos = len(s.text)
			return s.pos
		}
		i += from
		from = i + 1
		if s.text[i-1] == '\\' {
			t.flags |= escaped
			continue
		}
		if s.pairFollows(from) || closes(s.text[from:]) {
			return i
		}
	}
}

// pairFollows moves to pos and reports whether a blank and the next pair follow
// there, as they nearly always do behind a quote.
func (s *scanner) pairFollows(pos int) bool {
	s.pos = pos
	if pos < len(s.text) && s.text[pos] == ' ' {
		s.key = pairKey(s.text[pos+1:])
	}
	return s.key > 0
}

// unquoted reads a value that has no opening quote. It goes up to its closing
// quote if that is the next quote of all, and otherwise to the next blank. It
// returns where the value ends.
func (s *scanner) unquoted() int {
	if s.quote < s.pos {
		s.findQuote(s.pos)
	}
	if s.closing && s.quote > s.pos {
		s.pos = s.quote + 1
		return s.quote
	}
	s.pos += wordLen(s.text[s.pos:])
	return s.pos
}

// findQuote finds the next quote at or after start, and whether it can close
// a value that was never opened.
func (s *scanner) findQuote(start int) {
	i := bytes.IndexByte(s.text[start:], '"')
	if i < 0 {
		s.quote, s.closing = len(s.text), false
		return
	}
	s.quote = start + i
	before := byte('=')
	if i > 0 {
		before = s.text[s.quote-1]
	}
	s.closing = before != '=' && before != '\\' && closes(s.text[s.quote+1:])
}

// closes reports whether a quote ends its value, from what follows the quote:
// nothing, or blanks and a pair, perhaps with plain words before it. A word
// that itself holds a quote, or signs as they occur within SIP and SDP, shows
// that the value goes on.
func closes(after []byte) bool {
	n := blanks(after)
	if n == 0 || n == len(after) {
		m := separators(after)
		return m == len(after) || m > 0 && pairBegins(after[m:])
	}
	for b := after[n:]; ; {
		if m := separators(b); m > blanks(b) {
			return m == len(b) || pairBegins(b[m:])
		}
		if b = b[blanks(b):]; len(b) == 0 {
			return true
		}
		word := b[:wordLen(b)]
		k := keyLen(b)
		if k > 0 && k < len(word) && b[k] == '=' {
			if i := bytes.IndexByte(word, '"'); i >= 0 {
				// Key="… or, with the opening quote missing, Key=…"
				return i == k+1 || i == len(word)-1
			}
		} else if !plain(word) {
			return false
		}
		b = b[len(word):]
	}
}

// pairBegins reports whether b begins with Key=".
func pairBegins(b []byte) bool { return pairKey(b) > 0 }

// pairKey is the length of the key of the pair that b begins with, or 0.
func pairKey(b []byte) int {
	n := keyLen(b)
	if n == 0 || n+1 >= len(b) || b[n] != '=' || b[n+1] != '"' {
		return 0
	}
	return n
}

// keyLen is the length of the key that b begins with, or 0.
func keyLen(b []byte) int {
	if len(b) == 0 || !letter(b[0]) {
		return 0
	}
	n := 1
	for n < len(b) && keyByte[b[n]] {
		n++
	}
	if n > maxKey {
		return 0
	}
	return n
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

var keyByte = byteSet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")
var plainByte = byteSet("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-/()+#%*!?")

func byteSet(members string) (set [256]bool) {
	for _, c := range []byte(members) {
		set[c] = true
	}
	return set
}

// plain reports whether a word may stand between two pairs.
func plain(word []byte) bool {
	for _, c := range word {
		if !plainByte[c] {
			return false
		}
	}
	return true
}

// wordLen is the length of b up to the next separator.
func wordLen(b []byte) int {
	for n := range b {
		if b[n] <= ' ' && separators(b[n:]) > 0 {
			return n
		}
		if b[n] == '^' && n+1 < len(b) && b[n+1] == 'M' {
			return n
		}
	}
	return len(b)
}

func blanks(b []byte) int {
	n := 0
	for n < len(b) && (b[n] == ' ' || b[n] == '\t') {
		n++
	}
	return n
}

// separators is the length of the blanks and line breaks that b begins with.
// Pexip writes a line break within a line as ^M, a caret and a letter.
func separators(b []byte) int {
	n := 0
	for n < len(b) {
		switch {
		case b[n] == ' ', b[n] == '\t', b[n] == '\r', b[n] == '\n':
			n++
		case b[n] == '^' && n+1 < len(b) && b[n+1] == 'M':
			n += 2
		default:
			return n
		}
	}
	return n
}
