package redact

import (
	"bytes"
	"slices"
	"strings"
)

// maxKey is how much of a key is looked at: its end.
const maxKey = 64

// A key is the end of a key's name, in the two forms in which it is compared.
type key struct {
	as     [maxKey]byte // as it is written, without escapes
	folded [maxKey]byte // in small letters, without signs between words
	n, m   int          // their lengths
}

// add appends a character.
func (k *key) add(c byte) {
	if k.n == maxKey { // rare, and never for long: what counts is the end
		copy(k.as[:], k.as[maxKey/2:])
		k.n = maxKey / 2
	}
	k.as[k.n] = c
	k.n++
	if c |= lower(c); c >= 'a' && c <= 'z' || isDigit(c) || c >= 0x80 {
		if k.m == maxKey {
			copy(k.folded[:], k.folded[maxKey/2:])
			k.m = maxKey / 2
		}
		k.folded[k.m] = c
		k.m++
	}
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return 0x20
	}
	return 0
}

// A vocabulary is the names that count in one kind of log.
type vocabulary struct {
	rows   []name
	folded []string   // their words without hyphens
	ending [256][]int // indexes of rows by the last letter of their words
}

func newVocabulary(rows []name) *vocabulary {
	v := &vocabulary{rows: rows}
	for i := range rows {
		c := rows[i].word[len(rows[i].word)-1]
		v.ending[c] = append(v.ending[c], i)
		v.folded = append(v.folded, strings.ReplaceAll(rows[i].word, "-", ""))
	}
	return v
}

// find returns the row that makes a secret of what k announces in a place, and
// whether it is written in the plural; nil if there is none.
func (v *vocabulary) find(k *key, in place) (row *name, plural bool) {
	k.cutTail()
	if k.m == 0 {
		return nil, false
	}
	if row = v.row(k, in, 0); row == nil && k.folded[k.m-1] == 's' && k.m > 1 {
		row, plural = v.row(k, in, 1), true
	}
	return row, plural
}

// keyEnd is where a key ends whose name ends at i: behind the s of the plural, or
// behind what may follow a name, as in password2, token_value.
func keyEnd(text []byte, i int) int {
	if end := tailEnd(text, i); end > i || i == len(text) || text[i]|0x20 != 's' {
		return end
	}
	return tailEnd(text, i+1)
}

// tailEnd is where the tail ends of a key whose name ends at i: i if there is none.
func tailEnd(text []byte, i int) int {
	if i == len(text) || !isWord(text[i]) {
		return i
	}
	j := i
	if text[j] == '_' || text[j] == '-' {
		j++
	}
	start := j
	j = alphanumeric.end(text[:min(len(text), start+maxKey)], start)
	if j > start && (j == len(text) || !isWord(text[j])) && isTail(text[start:j]) {
		return j
	}
	return i
}

// isTail tells whether a word behind a name leaves it the name of a secret.
func isTail(word []byte) bool {
	if isDigit(word[0]) {
		return len(word) <= 3 && digits.all(word)
	}
	return oneOf(word, tailWords)
}

// cutTail removes what isTail from the key.
func (k *key) cutTail() {
	i := k.n
	for i > 0 && isLetter(k.as[i-1]) && (i == k.n || k.as[i] >= 'a' || k.as[i-1] < 'a') {
		i--
		if k.as[i] <= 'Z' && i > 0 && k.as[i-1] >= 'a' {
			break
		}
	}
	if i == k.n {
		i = digits.start(k.as[:], 0, i)
	}
	if i == k.n || i == 0 || !isTail(k.as[i:k.n]) {
		return
	}
	k.m = max(0, k.m-(k.n-i))
	k.n = joints.start(k.as[:], 0, i)
}

// joints are the signs between a name and its tail.
var joints = classOf("_- ")

// row is find without the last cut bytes.
func (v *vocabulary) row(k *key, in place, cut int) *name {
	folded := k.folded[:k.m-cut]
	for _, i := range v.ending[folded[len(folded)-1]] {
		w, word := &v.rows[i], v.folded[i]
		switch {
		case w.places&in == 0 || !bytes.HasSuffix(folded, []byte(word)):
		case w.whole && len(folded) > len(word):
		case w.plain && string(k.as[:k.n-cut]) != word:
		case w.begins && !beginsWord(k.as[:max(0, k.n-cut)], len(word)):
		case w.told && !told(k, folded[:len(folded)-len(word)]):
		default:
			return w
		}
	}
	return nil
}

// beginsWord tells whether the last n bytes of a key are words by themselves.
func beginsWord(key []byte, n int) bool {
	i := len(key) - n
	if i < 0 {
		return false // there are signs within the word
	}
	if i == 0 || !isLetter(key[i-1]) {
		return true
	}
	return key[i] <= 'Z' && key[i-1] >= 'a'
}

// told tells whether one of the telling words stands in what comes before the name.
func told(k *key, before []byte) bool {
	if hasWord(k.as[:k.n], "public") {
		return false
	}
	return slices.ContainsFunc(tellingWords, func(w string) bool { return bytes.Contains(before, []byte(w)) })
}

// counts tells whether a key is about how many there are, as max_tokens is.
func (k *key) counts() bool {
	return slices.ContainsFunc(countingWords, func(w string) bool { return hasWord(k.as[:k.n], w) })
}

// hasWord tells whether key has a word, as one of those that signs and capitals part.
func hasWord(key []byte, word string) bool {
	for i := 0; i+len(word) <= len(key); i++ {
		end := i + len(word)
		if !sameWord(key[i:end], word) || i > 0 && isLetter(key[i-1]) && (key[i] >= 'a' || key[i-1] < 'a') {
			continue
		}
		if end == len(key) || !isLetter(key[end]) || key[end] < 'a' && key[end-1] >= 'a' {
			return true
		}
	}
	return false
}

// oneOf tells whether a word is one of a list.
func oneOf(word []byte, list []string) bool {
	for _, w := range list {
		if sameWord(word, w) {
			return true
		}
	}
	return false
}

// sameWord compares without case; word is in small letters.
func sameWord(text []byte, word string) bool {
	if len(text) != len(word) {
		return false
	}
	for i, c := range text {
		if c|lower(c) != word[i] {
			return false
		}
	}
	return true
}
