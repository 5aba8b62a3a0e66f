package redact

import (
	"bytes"
	"slices"
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
	ending [256][]int // indexes of rows by the last letter of their words
}

func newVocabulary(rows []name) *vocabulary {
	v := &vocabulary{rows: rows}
	for i := range rows {
		c := rows[i].word[len(rows[i].word)-1]
		v.ending[c] = append(v.ending[c], i)
	}
	return v
}

// find returns the row that makes a secret of what k announces in a place, and
// whether it is written in the plural; nil if there is none.
func (v *vocabulary) find(k *key, in place) (row *name, plural bool) {
	if k.m == 0 {
		return nil, false
	}
	if row = v.row(k, in, 0); row == nil && k.folded[k.m-1] == 's' && k.m > 1 {
		row, plural = v.row(k, in, 1), true
	}
	return row, plural
}

// row is find without the last cut bytes.
func (v *vocabulary) row(k *key, in place, cut int) *name {
	folded := k.folded[:k.m-cut]
	for _, i := range v.ending[folded[len(folded)-1]] {
		w := &v.rows[i]
		switch {
		case w.places&in == 0 || !bytes.HasSuffix(folded, []byte(w.word)):
		case w.whole && len(folded) > len(w.word):
		case w.begins && !beginsWord(k.as[:max(0, k.n-cut)], len(w.word)):
		case w.told && !told(k, folded[:len(folded)-len(w.word)]):
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

func isLetter(c byte) bool { return c|0x20-'a' <= 25 }

func isDigit(c byte) bool { return c-'0' <= 9 }

// isWord tells whether c may stand in a key without quotes.
func isWord(c byte) bool { return wordByte[c] }

var wordByte = func() (set [256]bool) {
	for c := range 256 {
		set[c] = isLetter(byte(c)) || isDigit(byte(c)) || c == '-' || c == '_'
	}
	return set
}()
