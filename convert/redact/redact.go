// Package redact masks the secrets that are known to occur in logs.
//
// It works on the text of an entry before anything is parsed, so that body and
// attributes are masked alike. It changes nothing but the secret itself: a
// JSON line stays a JSON line, and all other text stays byte for byte.
package redact

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
)

// Mask stands where a secret was.
const Mask = "***"

// Config says what is masked.
type Config struct {
	Enabled bool

	// Patterns are further regular expressions (RE2). Of each match the first
	// group is masked, or all of it if there is no group.
	Patterns []string
}

// A Redactor masks secrets. It is safe for concurrent use.
type Redactor struct {
	patterns []*regexp.Regexp
	pexip    bool
}

// New returns a Redactor, or nil if masking is off. It fails if a pattern is
// no regular expression.
func New(cfg Config) (*Redactor, error) {
	if !cfg.Enabled {
		return nil, nil
	}
	r := new(Redactor)
	for _, p := range cfg.Patterns {
		re, err := regexp.Compile(p)
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", p, err)
		}
		r.patterns = append(r.patterns, re)
	}
	return r, nil
}

// ForPexip returns a Redactor that also masks what Pexip's lines alone may
// hold: PINs, and the digits that people dial. It is nil if r is.
func (r *Redactor) ForPexip() *Redactor {
	if r == nil {
		return nil
	}
	return &Redactor{patterns: r.patterns, pexip: true}
}

// Suspect tells whether text may hold a secret. It is never false for a text
// that Append would change.
//
// It is asked for every line, so it looks for letters that are rare in these
// logs and that every word in question has, which a vector search finds at
// many bytes per nanosecond, and only then at what is around them.
func (r *Redactor) Suspect(text []byte) bool {
	if near(text, 'w') || near(text, 'k') || near(text, 'z') || near(text, 'y') || near(text, '/') || near(text, 'c') {
		return true
	}
	if r.pexip && (near(text, 'g') || near(text, 'p') || near(text, 'P')) {
		return true
	}
	for _, re := range r.patterns {
		if re.Match(text) {
			return true
		}
	}
	return false
}

// SuspectPart is Suspect for a short part of a text, such as one value, by
// itself. It is always true if there are patterns in the config, which may
// match across parts.
func (r *Redactor) SuspectPart(part []byte) bool {
	if len(r.patterns) > 0 {
		return true
	}
	if r.pexip {
		return r.suspectPexip(part)
	}
	if len(part) > 48 {
		return r.Suspect(part)
	}
	for i := 0; i < len(part); i += 8 {
		end := min(i+8, len(part))
		if end-i == 8 && !mayBeRare(binary.LittleEndian.Uint64(part[i:])) {
			continue
		}
		for j := i; j < end; j++ {
			if rare[part[j]] && telling(part, j, part[j]) {
				return true
			}
		}
	}
	return false
}

// mayBeRare tells whether any of 8 bytes may be a rare letter: never false if
// one is. Letters that differ in few bits are looked for together.
func mayBeRare(x uint64) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	ck := (x | ones*0x08) ^ ones*'k'
	yz := (x | ones*0x03) ^ ones*'{' // x and { as well
	w, slash := x^ones*'w', x^ones*'/'
	return ((ck-ones)&^ck|(yz-ones)&^yz|(w-ones)&^w|(slash-ones)&^slash)&highs != 0
}

// suspectPexip is SuspectPart with the words of Pexip's lines: it looks for two
// letters of each word, one behind the other, in 8 places at once.
func (r *Redactor) suspectPexip(part []byte) bool {
	n := len(part)
	switch {
	case n < 3:
		return false // no word is shorter
	case n == 3:
		x := uint64(part[0]) | uint64(part[1])<<8 | uint64(part[2])<<16
		return tellingPair(x, x>>8) && r.Suspect(part)
	case n < 8:
		x := uint64(binary.LittleEndian.Uint32(part)) | uint64(binary.LittleEndian.Uint32(part[n-4:]))<<(8*(n-4))
		return tellingPair(x, x>>8) && r.Suspect(part)
	}
	for i := 0; i+8 < n; i += 8 {
		if tellingPair(binary.LittleEndian.Uint64(part[i:]), binary.LittleEndian.Uint64(part[min(i+1, n-8):])) {
			return r.Suspect(part)
		}
	}
	x := binary.LittleEndian.Uint64(part[n-8:])
	return tellingPair(x, x>>8) && r.Suspect(part)
}

// tellingPair tells whether a byte of x, and the one in the same place of y,
// may be two letters of a word that telling knows: never false if they are.
func tellingPair(x, y uint64) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	small, i := x|ones*0x20, (y|ones*0x20)^ones*'i'
	pi := (small ^ ones*'p') | i
	gi := (x ^ ones*'g') | i
	sw := ((small | ones*0x03) ^ ones*'s') | (y ^ ones*'w') // pw as well
	ke := (x ^ ones*'k') | (y ^ ones*'e')
	za := (x ^ ones*'z') | (y ^ ones*'a')
	yj := (x ^ ones*'y') | (y ^ ones*'J')
	cr := (x ^ ones*'c') | (y ^ ones*'r')
	slash := (x ^ ones*'/') | (y ^ ones*'/')
	return ((pi-ones)&^pi|(gi-ones)&^gi|(sw-ones)&^sw|(ke-ones)&^ke|
		(za-ones)&^za|(yj-ones)&^yj|(cr-ones)&^cr|(slash-ones)&^slash)&highs != 0
}

// rare are the letters that Suspect looks for.
var rare = [256]bool{'w': true, 'k': true, 'z': true, 'y': true, '/': true, 'c': true}

// near tells whether letter stands anywhere in text as it does in the words
// that secretAt looks for.
func near(text []byte, letter byte) bool {
	for i := 0; ; i++ {
		n := bytes.IndexByte(text[i:], letter)
		if n < 0 {
			return false
		}
		if i += n; telling(text, i, letter) {
			return true
		}
	}
}

func telling(text []byte, i int, letter byte) bool {
	switch letter {
	case 'c': // secret, credential, crypto
		return i+1 < len(text) && text[i+1] == 'r' && (at(text, i, "cret") || at(text, i, "cred") || at(text, i, "cryp"))
	case 'w': // pwd, passwd, password
		return at(text, i-2, "ssw") || i > 0 && text[i-1]|0x20 == 'p' && at(text, i, "wd")
	case 'g': // digit
		return at(text, i-1, "igit")
	case 'p', 'P': // pin
		return at(text, i+1, "in") || at(text, i+1, "IN")
	case 'k': // token
		return at(text, i, "ken")
	case 'z': // authorization
		return at(text, i, "zation")
	case 'y':
		return at(text, i-1, "eyJ")
	}
	return at(text, i-1, "://")
}

func at(text []byte, i int, s string) bool {
	return i >= 0 && len(text)-i >= len(s) && string(text[i:i+len(s)]) == s
}

// Append appends text to dst with its secrets masked and returns how many
// there were. What is masked already, and empty secrets, do not count.
func (r *Redactor) Append(dst, text []byte) (masked []byte, n int) {
	done, start := 0, len(dst)
	var f form
	for i := announced(text, 0); i < len(text); i = announced(text, i) {
		from, to, quote := r.secretAt(text, i, &f)
		if from == to {
			i++
			continue
		}
		dst = append(dst, text[done:from]...)
		dst = appendMask(dst, quote)
		done, i = to, to
		n++
	}
	dst = append(dst, text[done:]...)
	for _, re := range r.patterns {
		m := replacePattern(re, dst[start:])
		dst = append(dst[:start], m.text...)
		n += m.count
	}
	return dst, n
}

// appendMask puts quotes around the mask where it stands for a bare number.
func appendMask(dst []byte, quote bool) []byte {
	if quote {
		return append(dst, `"`+Mask+`"`...)
	}
	return append(dst, Mask...)
}

type replaced struct {
	text  []byte
	count int
}

func replacePattern(re *regexp.Regexp, text []byte) replaced {
	var out replaced
	done := 0
	for _, m := range re.FindAllSubmatchIndex(text, -1) {
		from, to := m[0], m[1]
		if len(m) > 3 && m[2] >= 0 {
			from, to = m[2], m[3]
		}
		if from == to || string(text[from:to]) == Mask {
			continue
		}
		out.text = append(append(out.text, text[done:from]...), Mask...)
		done = to
		out.count++
	}
	out.text = append(out.text, text[done:]...)
	return out
}
