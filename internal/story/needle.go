package story

import (
	"bytes"
	"slices"
)

// needles finds out whether a text holds any of a set of words. Most texts hold
// none, so they are passed over in steps: a pair of bytes that occurs in no word
// lets the next few positions be left out (the method of Wu and Manber).
type needles struct {
	words [][]byte
	fold  bool // words are in small letters, and so is what they are compared with
	least int  // length of the shortest word
	shift []uint8
	ends  map[uint16][]int // words by the pair that ends their first least bytes
	lower []byte
}

// newNeedles makes a set. Words of fewer than two bytes are found in every text.
func newNeedles(words []string, fold bool) *needles {
	n := &needles{fold: fold, least: 255}
	slices.Sort(words)
	for _, w := range slices.Compact(words) {
		b := []byte(w)
		if fold {
			b = lowered(nil, b)
		}
		n.words = append(n.words, b)
		n.least = min(n.least, len(b))
	}
	if len(n.words) < 2 || n.least < 2 {
		return n
	}
	n.shift = bytes.Repeat([]byte{uint8(n.least - 1)}, 1<<16)
	n.ends = map[uint16][]int{}
	for i, w := range n.words {
		for at := 1; at < n.least; at++ {
			p := pair(w, at)
			n.shift[p] = min(n.shift[p], uint8(n.least-1-at))
		}
		p := pair(w, n.least-1)
		n.ends[p] = append(n.ends[p], i)
	}
	return n
}

func pair(b []byte, end int) uint16 { return uint16(b[end-1])<<8 | uint16(b[end]) }

// in says whether text holds one of the words.
func (n *needles) in(text []byte) bool {
	switch {
	case len(n.words) == 0:
		return false
	case n.least < 2:
		return true
	}
	if n.fold {
		n.lower = lowered(n.lower[:0], text)
		text = n.lower
	}
	if len(n.words) == 1 {
		return bytes.Contains(text, n.words[0])
	}
	for at := n.least - 1; at < len(text); {
		p := pair(text, at)
		if skip := n.shift[p]; skip > 0 {
			at += int(skip)
			continue
		}
		for _, i := range n.ends[p] {
			if bytes.HasPrefix(text[at-n.least+1:], n.words[i]) {
				return true
			}
		}
		at++
	}
	return false
}

// lowered appends text with its ASCII letters small.
func lowered(dst, text []byte) []byte {
	start := len(dst)
	dst = append(dst, text...)
	for i, c := range dst[start:] {
		if c-'A' < 26 {
			dst[start+i] = c | 0x20
		}
	}
	return dst
}

// plain says whether a name stands in a line as it is, whatever form the line
// has: JSON and Pexip's pairs write some characters with a backslash.
func plain(name string) bool {
	for _, c := range []byte(name) {
		if c < ' ' || c >= 0x7f || c == '"' || c == '\\' || c == '/' {
			return false
		}
	}
	return true
}
