package redact

import "bytes"

// maxHead is how far into a fragment the first line break is looked for.
const maxHead = 1 << 10

// fragmentHead finds the beginning of a message's second and later fragments, in
// Pexip's lines: it may be the rest of a header, or of another secret, whose name
// was in the fragment before. It goes up to the first line break, and where there
// is none, up to the first quote or blank.
func fragmentHead(text []byte) (from, to int) {
	i := indexPair(text, "fragment-number")
	if i < 0 || i >= len(text) || text[i] == '0' || at(text, i, `1"`) {
		return 0, 0
	}
	if from = indexPair(text, "detail"); from < 0 {
		return 0, 0
	}
	word := -1
	for to = from; to < len(text) && to < from+maxHead; {
		c, n := sign(text, to)
		if c == '\r' || c == '\n' {
			return from, to
		}
		if word < 0 && (c == '"' || c == ' ') {
			word = to
		}
		if c == '"' && n == 1 && (to+1 == len(text) || text[to+1] == ' ') {
			break
		}
		to += n
	}
	if word >= 0 {
		to = word
	}
	return from, to
}

// indexPair is where the value of a pair begins, or -1.
func indexPair(text []byte, key string) int {
	for i := 0; ; {
		n := bytes.Index(text[i:], []byte(`="`))
		if n < 0 {
			return -1
		}
		if i += n; i >= len(key) && sameWord(text[i-len(key):i], key) && (i == len(key) || text[i-len(key)-1] == ' ') {
			return i + 2
		}
		i += 2
	}
}
