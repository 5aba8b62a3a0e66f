package file

import (
	"path"
	"strings"
)

// A Packing is how a file is compressed.
type Packing int

// The packings that are known.
const (
	Unpacked Packing = iota
	Gzip
	Zstd
)

// UnpackedName takes the extension of a compressed file off its name.
func UnpackedName(base string) (string, Packing) {
	if s, ok := strings.CutSuffix(base, ".gz"); ok {
		return s, Gzip
	}
	if s, ok := strings.CutSuffix(base, ".zst"); ok {
		return s, Zstd
	}
	return base, Unpacked
}

// rotations are the ways in which a rotated file is named after its log: each
// takes what was added off the end of s, or returns "" if that is not there. To
// have one more form of names followed, add it here, to the tests and to the table
// of docs/following.md. Which generation is the older is no matter of names: it is
// told by when they were written.
var rotations = []struct {
	name  string
	strip func(s string) string
}{
	{"a number or a date, as in .1, -20261121, .2026-11-21_03", stripCount},
	{"a time with its zone (RFC 3339), as in -2026-11-21T03:00:00Z", stripTime},
	{"a word for the one before, as in .old", func(s string) string { return cutSuffix(s, ".old") }},
}

// stripRotation takes what a rotation added off the end of s; "" if it added
// nothing.
func stripRotation(s string) string {
	for _, r := range rotations {
		if name := r.strip(s); name != "" {
			return name
		}
	}
	return ""
}

func cutSuffix(s, suffix string) string {
	name, ok := strings.CutSuffix(s, suffix)
	if !ok {
		return ""
	}
	return name
}

// stripTime takes a time of RFC 3339 and the character before it off the end of s.
// Where a colon is no part of a name, it may be left out.
func stripTime(s string) string {
	zoned := s
	if name, ok := strings.CutSuffix(s, "Z"); ok {
		zoned = name
	} else if i := strings.LastIndexAny(s, "+-"); i > 0 && len(s)-i <= len("+00:00") && isZone(s[i+1:]) {
		zoned = s[:i]
	}
	if zoned == s || !strings.Contains(zoned, "T") {
		return ""
	}
	return stripCount(zoned)
}

func isZone(s string) bool {
	s = strings.Replace(s, ":", "", 1)
	return len(s) == 4 && strings.Trim(s, "0123456789") == ""
}

// stripCount takes a rotation's number or date off the end of s, with the
// character that sets it apart: "sora.jsonl.1", "sora.jsonl-20261121",
// "sora.jsonl.2026-11-21_03". It returns "" if there is none.
func stripCount(s string) string {
	end := len(s)
	for end > 0 && isCount(s[end-1]) {
		end--
	}
	// s[end:] is digits and what may stand between them; the count proper
	// begins with a separator that a digit follows and something precedes.
	for i := max(end, 1); i+1 < len(s); i++ {
		if isSeparator(s[i]) && isNumeral(s[i+1]) {
			if !isNumeral(s[len(s)-1]) {
				return ""
			}
			return s[:i]
		}
	}
	return ""
}

func isNumeral(c byte) bool   { return '0' <= c && c <= '9' }
func isSeparator(c byte) bool { return c == '.' || c == '-' || c == '_' }
func isCount(c byte) bool     { return isNumeral(c) || isSeparator(c) || c == ':' || c == 'T' }

// LiveNames returns the names that the live file may have if base is a rotated
// generation of it: with the count after the extension taken off, and with the
// count before it taken off.
func LiveNames(base string) (after, before string) {
	after = stripRotation(base)
	ext := path.Ext(base)
	if stem := strings.TrimSuffix(base, ext); ext != "" && !isNumeral(ext[len(ext)-1]) && !strings.Contains(ext, "Z") {
		if s := stripRotation(stem); s != "" {
			before = s + ext
		}
	}
	return after, before
}

// LogName is Origin.Log for a file that no rule gives a name.
func LogName(base string) string {
	return strings.TrimSuffix(base, path.Ext(base))
}

// HasMeta says whether a pattern is more than a plain name.
func HasMeta(pattern string) bool { return strings.ContainsAny(pattern, `*?[\`) }
