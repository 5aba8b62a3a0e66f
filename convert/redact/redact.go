// Package redact masks the secrets that are known to occur in logs.
//
// It works on the text of an entry before anything is parsed, so that body and
// attributes are masked alike. It changes nothing but the secret itself: a
// JSON line stays a JSON line, and all other text stays byte for byte.
package redact

import (
	"fmt"
	"regexp"
	"sync"
)

// Mask stands where a secret was.
const Mask = "***"

// Config says what is masked.
type Config struct {
	Enabled bool

	// Patterns are further regular expressions (RE2). Of each match the first
	// group is masked, or all of it if there is no group.
	Patterns []string

	// KeepMetadata leaves event_metadata and session_metadata as they are in the
	// logs of failed webhooks; see ForFailures.
	KeepMetadata bool
}

// A Redactor masks secrets. It is safe for concurrent use.
type Redactor struct {
	patterns []*regexp.Regexp
	pexip    bool
	keep     bool // event_metadata and session_metadata
	failures bool
}

// The filters there are, one for each kind of log.
var (
	ordinaryFilter = newFilter(newVocabulary(selected(false, false)))
	failuresFilter = newFilter(newVocabulary(selected(false, true)))
	pexipFilter    = newFilter(newVocabulary(selected(true, false)), needle{word: "fragment-number", check: keyTells})
)

// selected are the rows of the table that count.
func selected(pexip, failures bool) (rows []name) {
	for _, row := range names {
		if pexip || !row.pexip {
			rows = append(rows, row)
		}
	}
	if failures {
		rows = append(rows, metadata...)
	}
	return rows
}

// New returns a Redactor, or nil if masking is off. It fails if a pattern is
// no regular expression.
func New(cfg Config) (*Redactor, error) {
	if !cfg.Enabled {
		return nil, nil
	}
	r := &Redactor{keep: cfg.KeepMetadata}
	for _, p := range cfg.Patterns {
		re, err := regexp.Compile(p)
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", p, err)
		}
		r.patterns = append(r.patterns, re)
	}
	return r, nil
}

// words are the names that count.
func (r *Redactor) words() *filter {
	switch {
	case r.pexip:
		return pexipFilter
	case r.failures:
		return failuresFilter
	}
	return ordinaryFilter
}

// ForPexip returns a Redactor that also masks what Pexip's lines alone may
// hold: PINs, and the digits that people dial. It is nil if r is.
func (r *Redactor) ForPexip() *Redactor {
	if r == nil {
		return nil
	}
	return &Redactor{patterns: r.patterns, pexip: true}
}

// ForFailures returns a Redactor that also masks the metadata that
// applications attach to events and sessions. Sora itself does so in its logs,
// but not in those of requests that failed. It is r itself if the metadata is
// to be kept.
func (r *Redactor) ForFailures() *Redactor {
	if r == nil || r.keep {
		return r
	}
	return &Redactor{patterns: r.patterns, failures: true}
}

// Suspect tells whether text may hold a secret. It is never false for a text
// that Append would change.
func (r *Redactor) Suspect(text []byte) bool {
	if _, n := r.words().next(text, 0); n != nil {
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
	_, n := r.words().next(part, 0)
	return n != nil || len(r.patterns) > 0
}

// searches are reused, so that a line with secrets allocates nothing.
var searches = sync.Pool{New: func() any { return new(search) }}

// Append appends text to dst with its secrets masked and returns how many
// there were. What is masked already, and empty secrets, do not count.
func (r *Redactor) Append(dst, text []byte) (masked []byte, n int) {
	start := len(dst)
	s := searches.Get().(*search)
	spans := r.find(s, text)
	done := 0
	for _, x := range spans {
		dst = append(dst, text[done:x.from]...)
		dst = appendMask(dst, text, x)
		done = x.to
	}
	dst = append(dst, text[done:]...)
	n = len(spans)
	s.release()
	for _, re := range r.patterns {
		text, count := replacePattern(re, dst[start:])
		dst = append(dst[:start], text...)
		n += count
	}
	return dst, n
}

// appendMask puts quotes around the mask where it stands for something without.
func appendMask(dst, text []byte, x span) []byte {
	if x.bare {
		return append(dst, `"`+Mask+`"`...)
	}
	quote := text[x.quote:x.quoteEnd]
	return append(append(append(dst, quote...), Mask...), quote...)
}

func replacePattern(re *regexp.Regexp, text []byte) (out []byte, count int) {
	done := 0
	for _, m := range re.FindAllSubmatchIndex(text, -1) {
		from, to := m[0], m[1]
		if len(m) > 3 && m[2] >= 0 {
			from, to = m[2], m[3]
		}
		if !isOpen(text, from, to) {
			continue
		}
		out = append(append(out, text[done:from]...), Mask...)
		done = to
		count++
	}
	return append(out, text[done:]...), count
}
