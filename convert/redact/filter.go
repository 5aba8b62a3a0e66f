package redact

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"strings"
)

// A needle is a word that stands in every text of a kind that may hold a secret:
// the end of a key, or the beginning of a URL, of a token, of an escape.
type needle struct {
	word     string
	capitals bool // it is never in small letters

	check func(text []byte, start, end int) bool           // whether it is worth a closer look
	find  func(text []byte, start, end int) (from, to int) // the secret, by which check is made
	look  func(s *search, start, end int)                  // the closer look, where find does not do

	rows   []name // of the table that end with the word
	behind int    // how many bytes of the word are behind the name
}

// finds tells whether there is a secret that is not masked.
func (n *needle) finds(text []byte, start, end int) bool {
	from, to := n.find(text, start, end)
	return isOpen(text, from, to)
}

// signs are the needles that are no names.
var signs = slices.Concat(
	needles(needle{check: urlTells, look: (*search).url}, "://", `:\/\/`, "%3a%2f%2f", ":%2f%2f"),
	needles(needle{find: sipPassword}, "sip:", "sips:"),
	needles(needle{find: jwt}, "eyj"),
	needles(needle{look: (*search).mediaKey}, "inline:", "a=key-mgmt:mikey", "k=base64:", "k=clear:"),
	needles(needle{find: schemed}, "bearer", "basic"),
	needles(needle{look: (*search).privateKey}, "private key-----", "private key block-----"),
	needles(needle{check: codesTell, look: (*search).coded}, "<<1", "<<6", "<<7", "<<8", "<<9", "{[1", "{[6", "{[7", "{[8", "{[9"),
	needles(needle{check: dsnTells, look: (*search).dsn}, ":5432", ":3306", ":6379", ":5672", ":27017", "@tcp(", "@unix("),
	needles(needle{find: awsID, capitals: true}, "akia", "asia"),
	needles(needle{check: escapeTells, look: (*search).escaped}, `\u004`, `\u005`, `\u006`, `\u007`, `\x4`, `\x5`, `\x6`, `\x7`, `%4`, `%5`, `%6`, `%7`),
	needles(needle{}, "\x1b", `\u001b[`, `\x1b[`, `\e[`, `\033[`, "^[["), // in the middle of what may be a name
	needles(needle{check: joinTells}, "\"\n ", "\"\r\n", `"\n`),
)

// needles are one for each word.
func needles(n needle, words ...string) (list []needle) {
	if n.find != nil {
		n.check = n.finds
	}
	for _, w := range words {
		n.word = w
		list = append(list, n)
	}
	return list
}

// A filter finds needles. It looks at every second pair of bytes: for each
// needle, of the pairs that begin at its even places the rarest one counts, and
// so does the rarest of those at its odd places, so that one of the two is seen
// wherever the needle stands.
type filter struct {
	names  *vocabulary
	pairs  [1 << 16 / 64]uint64 // a bit for each pair of bytes
	around [1 << 12]around      // by a pair's fold: what may stand before and behind it
	spots  [1 << 12]uint16      // by a pair's fold: index of those in lists that it may be
	lists  [][]spot             // most pairs have none, which are the first
}

// around holds a bit for each letter, by its low five bits.
type around struct{ before, behind uint32 }

// A spot is a place in a needle.
type spot struct {
	needle *needle
	offset int
}

// newFilter makes the filter of a vocabulary and the signs.
func newFilter(v *vocabulary, more ...needle) *filter {
	f := &filter{names: v, lists: make([][]spot, 1)}
	var words []string
	for i := range v.rows {
		if w := v.rows[i].word; !slices.Contains(words, w) {
			words = append(words, w)
			for _, n := range nameNeedles(w, v.rows) {
				f.add(&n)
			}
		}
	}
	for _, n := range slices.Concat(signs, more) {
		f.add(&n)
	}
	return f
}

// nameNeedles are the needles of all rows that have a word: one for each sign that
// may stand at its hyphen. A word of two letters is looked for with what may follow
// a key, as it is too short by itself, and so is one that counts in queries alone.
func nameNeedles(word string, rows []name) (list []needle) {
	n := needle{look: (*search).keyed}
	for _, row := range rows {
		if row.word == word {
			n.rows = append(n.rows, row)
		}
	}
	add := func(word string, behind int) {
		m := n
		m.word, m.behind = word, behind
		m.check = m.endsKey
		list = append(list, m)
	}
	switch {
	case len(word) == 2:
		for _, c := range []byte("\"'\\=:,>%") {
			add(word+string(c), 1)
		}
	case n.inQueries():
		for _, c := range []byte("=%") {
			add(word+string(c), 1)
		}
	case strings.Contains(word, "-"):
		for _, sign := range []string{"", "-", "_", " ", "."} {
			add(strings.Replace(word, "-", sign, 1), 0)
		}
	default:
		add(word, 0)
	}
	return list
}

// inQueries tells whether the names of a needle count in queries of URLs alone.
func (n *needle) inQueries() bool {
	return !slices.ContainsFunc(n.rows, func(row name) bool { return row.places != queried || !row.whole })
}

// add makes both kinds of places of a needle known.
func (f *filter) add(n *needle) {
	for parity := range 2 {
		offset := n.rarest(parity)
		for _, a := range n.at(offset) {
			for _, b := range n.at(offset + 1) {
				f.note(n, offset, a, b)
			}
		}
	}
}

// rarest is where the pair begins that is the rarest of those that begin at even, or
// odd, places of a needle. Where there is none, half of the pair is outside of it, and
// so it may be where the needle ends with a rare sign.
func (n *needle) rarest(parity int) int {
	best, least := -parity, math.Inf(1)
	for i := parity; i+2 <= len(n.word); i += 2 {
		if often := frequency(n.word[i : i+2]); often < least {
			best, least = i, often
		}
	}
	if last := len(n.word) - 1; last > 0 && last%2 == parity && (n.word[last] == '=' || n.word[last] == '%') && float64(strings.Count(ordinary, n.word[last:])) < least {
		best = last
	}
	return best
}

// at are the bytes that may be at a place of a needle: in capitals and small letters,
// and outside of it all there are.
func (n *needle) at(i int) []byte {
	switch {
	case i < 0 || i == len(n.word):
		return everyByte
	case n.capitals:
		return []byte{n.word[i] &^ 0x20}
	case isLetter(n.word[i]):
		return []byte{n.word[i] | 0x20, n.word[i] &^ 0x20}
	}
	return []byte{n.word[i]}
}

var everyByte = func() (list []byte) {
	for c := range 256 {
		list = append(list, byte(c))
	}
	return list
}()

// note makes a pair of bytes known as one of a needle's.
func (f *filter) note(n *needle, offset int, a, b byte) {
	x := uint16(a) | uint16(b)<<8
	f.pairs[x>>6] |= 1 << (x & 63)
	i := fold(a, b)
	before, behind := ^uint32(0), ^uint32(0)
	if offset > 0 {
		before = 1 << (n.word[offset-1] & 31)
	}
	if end := offset + 2; end < len(n.word) {
		behind = 1 << (n.word[end] & 31)
	}
	f.around[i].before |= before
	f.around[i].behind |= behind
	if f.spots[i] == 0 {
		f.spots[i] = uint16(len(f.lists))
		f.lists = append(f.lists, nil)
	}
	if list, s := &f.lists[f.spots[i]], (spot{n, offset}); !slices.Contains(*list, s) {
		*list = append(*list, s)
	}
}

// fold is the same for a pair in capitals and in small letters.
func fold(a, b byte) uint32 {
	return uint32(a)&31 | uint32(a)>>1&32 | (uint32(b)&31|uint32(b)>>1&32)<<6
}

// frequency is how often a pair of bytes occurs in ordinary lines.
func frequency(pair string) float64 {
	return float64(strings.Count(ordinary, pair)) + float64(strings.Count(ordinary, pair[:1])*strings.Count(ordinary, pair[1:]))/float64(len(ordinary))
}

// ordinary is what most lines are like, in small letters.
const ordinary = `{"channel_id":"lobby-7","connection_id":"8zc5v2k4qh1px30m7rntej6w9a","domain":["sora","signaling"],"level":"error","msg":"pong-timeout-error | reason=<<\"websocket\">>",` +
	`"multistream":true,"node":"sora@10.20.30.40","role":"sendrecv","session_id":"8zc5v2k4","simulcast":false,"sora_version":"2025.1.3","spotlight":false,"timestamp":"2026-11-20t23:59:58.123456z"}` +
	`2026-05-06t08:08:09.402+00:00 node1 2026-05-06 08:08:09,337 level="info" name="administrator.conference" message="participant has joined." participant="ann" call-id="7f" conference="meet" ` +
	`service-tag="" protocol="sip" direction="in" remote-address="192.0.2.1" vendor="" display-name="ann" location="rack" detail="stream 1 (video)^m  rx: rate 1085kbps loss 0.25% jitter 3ms^m codec h264 resolution 768x448 fps 30" ` +
	`duration="62.25" stream-id="1" the connection of a participant to the conference has been closed in the meantime` +
	` src-port dst-port report support start transport participant rtp rtt certificate duration during current measure url inside within line link live list simulcast single since mode node decode code identifier idle video service device statistics magic`

// next finds the first needle that begins at from or behind it, and is worth a
// closer look. It returns where it begins, and nil if there is none.
func (f *filter) next(text []byte, from int) (int, *needle) {
	i := from
	for ; i+8 <= len(text); i += 8 {
		x := binary.LittleEndian.Uint64(text[i:])
		a, b, c, d := x&0xffff, x>>16&0xffff, x>>32&0xffff, x>>48
		hits := f.pairs[a>>6]>>(a&63)&1 | f.pairs[b>>6]>>(b&63)&1<<1 | f.pairs[c>>6]>>(c&63)&1<<2 | f.pairs[d>>6]>>(d&63)&1<<3
		for ; hits != 0; hits &= hits - 1 {
			j := i + 2*bits.TrailingZeros64(hits)
			pair := fold(text[j], text[j+1])
			if round := &f.around[pair]; j > 0 && round.before>>(text[j-1]&31)&1 == 0 || j+2 < len(text) && round.behind>>(text[j+2]&31)&1 == 0 {
				continue
			}
			if start, n := f.at(text, j, from, pair); n != nil {
				return start, n
			}
		}
	}
	for ; i < len(text); i += 2 { // most values are short, and these their greater part
		a, b := text[i], byte(0)
		if i+1 < len(text) {
			b = text[i+1]
		}
		if x := uint16(a) | uint16(b)<<8; f.pairs[x>>6]>>(x&63)&1 == 0 {
			continue
		}
		if start, n := f.at(text, i, from, fold(a, b)); n != nil {
			return start, n
		}
	}
	return len(text), nil
}

// at finds the needle that the pair at i is of, whose fold is pair.
func (f *filter) at(text []byte, i, from int, pair uint32) (int, *needle) {
	for _, s := range f.lists[f.spots[pair]] {
		start := i - s.offset
		end := start + len(s.needle.word)
		if start < from || end > len(text) || !sameWord(text[start:end], s.needle.word) {
			continue
		}
		if end -= s.needle.behind; s.needle.check == nil || s.needle.check(text, start, end) {
			return start, s.needle
		}
	}
	return 0, nil
}

// endsKey tells whether a name is the end of a key that may announce a secret.
func (n *needle) endsKey(text []byte, start, end int) bool {
	return keyTells(text, start, end) && slices.ContainsFunc(n.rows, func(row name) bool { return row.standsWell(text, start) })
}

// standsWell tells whether what is before a name may make a key of it.
func (n *name) standsWell(text []byte, start int) bool {
	i := spaced.start(text, max(0, start-maxKey), start)
	if i > 0 && (text[i-1] == '\\' || text[i-1] == '%') {
		return true // an escape, of whatever
	}
	switch {
	case n.told:
		return slices.ContainsFunc(tellingWords, func(w string) bool { return containsFold(text[i:start], w) })
	case n.whole && start > 0 && isWord(text[start-1]):
		return false
	case n.places == queried:
		return inQuery(text, start)
	}
	return true
}

// inQuery tells whether a parameter of a query or of a form begins at i.
func inQuery(text []byte, i int) bool {
	return i == 0 || beforeParameter[text[i-1]] || hexadecimal[text[i-1]]
}

var beforeParameter = classOf("?&;#\"'= \n")

// containsFold tells whether word stands in text, signs and case apart.
func containsFold(text []byte, word string) bool {
	for i := range text {
		j, k := i, 0
		for j < len(text) && k < len(word) && (text[j]|lower(text[j]) == word[k] || k > 0 && !isLetter(text[j])) {
			if text[j]|lower(text[j]) == word[k] {
				k++
			}
			j++
		}
		if k == len(word) {
			return true
		}
	}
	return false
}

// keyTells tells whether a name is the end of a key, as far as the next few
// bytes show. At the end of the text it may be.
func keyTells(text []byte, start, end int) bool {
	end = keyEnd(text, end)
	if end == len(text) {
		return true
	}
	if text[end] != ' ' {
		return follows[text[end]]
	}
	end = blanks.end(text, end)
	if end == len(text) || follows[text[end]] || at(text, end, "->") {
		return true
	}
	i := inElement.start(text, max(0, start-maxKey), start)
	return i > 0 && (text[i-1] == '<' || text[i-1] == ';') || i < start && text[i] == '-' // an XML element, an option
}

// inElement is what the name of an XML element is made of.
var inElement = classOf(":", wordBytes)

// follows are the bytes that may follow a key.
var follows = classOf("\t\r\n\"'`\\=:,>%&]^\x1b/[<")
