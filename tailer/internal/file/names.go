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
	after = stripCount(base)
	ext := path.Ext(base)
	if stem := strings.TrimSuffix(base, ext); ext != "" && !isNumeral(ext[len(ext)-1]) {
		if s := stripCount(stem); s != "" {
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
