package pexip

import "github.com/rtcship/rtcship/convert/record"

// quirks are what is unusual about a line's pairs.
type quirks uint8

const (
	missingQuote quirks = 1 << iota
	unterminated
	duplicateKey
	tooManyPairs
	detailInBody // nothing unusual: Detail needs no attribute
)

func (q quirks) has(other quirks) bool { return q&other != 0 }

func (q *quirks) add(f Flags) {
	if f&MissingQuote != 0 {
		*q |= missingQuote
	}
	if f&Unterminated != 0 {
		*q |= unterminated
	}
}

// write adds the names of the quirks, if there are any, in one string.
func (q quirks) write(b *record.Builder) {
	if q&^detailInBody == 0 {
		return
	}
	start := len(b.Arena)
	for i, name := range [...]string{"missing_open_quote", "unterminated", "duplicate_key", "too_many_pairs"} {
		if q&(1<<i) == 0 {
			continue
		}
		if len(b.Arena) > start {
			b.Arena = append(b.Arena, ' ')
		}
		b.Arena = append(b.Arena, name...)
	}
	b.Attr(keyQuirks, b.Arena[start:])
}
