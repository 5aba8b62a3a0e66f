package pexip

import "bytes"

// A Token is a pair, or a word that stands between pairs.
type Token struct {
	Key   []byte // nil for a word
	Value []byte // as written between the quotes, escapes included; the word itself for a word
	Start int    // where the token begins in the text
	End   int    // where it ends
	Flags Flags
}

// Flags say what is unusual about a token.
type Flags uint8

// What may be unusual about a token.
const (
	Escaped      Flags = 1 << iota // the value contains \", which stands for a quote
	MissingQuote                   // the value has no opening quote
	Unterminated                   // the value has no closing quote: the text was cut
)

// maxKey is the length of the longest key; a longer word is no key.
const maxKey = 64

// A Scanner walks through the pairs of a line: Key="value" Key="value".
//
// It is forgiving, since the lines are not well formed. Values contain quotes
// that nobody escaped (display names, SIP headers), quotes are missing, words
// stand between pairs, and datagrams are cut. So a quote ends a value only if
// what follows it can be the next pair or the end of the text; see closes.
// Every byte is part of a token or a separator between two.
type Scanner struct {
	text []byte
	pos  int
	key  int // length of the key behind the blank at pos, if a pair is known to be there; else 0

	// What is known of the quote that comes next, so that a text of many values
	// without quotes is not searched for it again and again.
	quote   int // where it is, len(text) if there is none; valid if not before pos
	closing bool
}

// NewScanner returns a Scanner of text, which is not copied.
func NewScanner(text []byte) Scanner { return Scanner{text: text, quote: -1} }

// Rest is the text that was not yet scanned.
func (s *Scanner) Rest() []byte { return s.text[s.pos:] }

// Next returns the next token. It reports whether there was one.
func (s *Scanner) Next() (Token, bool) {
	if s.key > 0 {
		s.pos++ // the blank
		return s.pair(s.key), true
	}
	s.pos += separators(s.text[s.pos:])
	b := s.text[s.pos:]
	if len(b) == 0 {
		return Token{}, false
	}
	n := keyLen(b)
	if n > 0 && n < len(b) && b[n] == '=' {
		return s.pair(n), true
	}
	t := Token{Start: s.pos}
	s.pos += wordLen(b)
	t.Value, t.End = s.text[t.Start:s.pos], s.pos
	return t, true
}

// pair reads the pair at pos, whose key is n bytes long.
func (s *Scanner) pair(n int) Token {
	t := Token{Key: s.text[s.pos : s.pos+n], Start: s.pos}
	s.pos, s.key = s.pos+n+1, 0
	if s.pos < len(s.text) && s.text[s.pos] == '"' {
		s.pos++
		s.quoted(&t)
	} else {
		t.Flags |= MissingQuote
		s.unquoted(&t)
	}
	t.End = s.pos
	return t
}

// quoted reads a value and its closing quote; pos is after its opening quote.
func (s *Scanner) quoted(t *Token) {
	start := s.pos
	for from := start; ; {
		i := bytes.IndexByte(s.text[from:], '"')
		if i < 0 {
			t.Flags |= Unterminated
			s.pos = len(s.text)
			t.Value = s.text[start:]
			return
		}
		i += from
		from = i + 1
		if i > start && s.text[i-1] == '\\' {
			t.Flags |= Escaped
			continue
		}
		if s.pairFollows(from) || closes(s.text[from:]) {
			t.Value = s.text[start:i]
			return
		}
	}
}

// pairFollows moves to pos and reports whether a blank and the next pair follow
// there, as they nearly always do behind a quote.
func (s *Scanner) pairFollows(pos int) bool {
	s.pos = pos
	if pos == len(s.text) || s.text[pos] != ' ' {
		return false
	}
	b := s.text[pos+1:]
	n := keyLen(b)
	if n == 0 || n+1 >= len(b) || b[n] != '=' || b[n+1] != '"' {
		return false
	}
	s.key = n
	return true
}

// unquoted reads a value that has no opening quote. It goes up to its closing
// quote if that is the next quote of all, and otherwise to the next blank.
func (s *Scanner) unquoted(t *Token) {
	start := s.pos
	if s.quote < start {
		s.findQuote(start)
	}
	if s.closing && s.quote > start {
		t.Value, s.pos = s.text[start:s.quote], s.quote+1
		return
	}
	s.pos += wordLen(s.text[start:])
	t.Value = s.text[start:s.pos]
}

// findQuote finds the next quote at or after start, and whether it can close
// a value that was never opened.
func (s *Scanner) findQuote(start int) {
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
func pairBegins(b []byte) bool {
	k := keyLen(b)
	return k > 0 && k+1 < len(b) && b[k] == '=' && b[k+1] == '"'
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
