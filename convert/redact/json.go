package redact

import (
	"encoding/json"
	"slices"
)

// maxDepth is how deep values may nest for a line to be read as JSON.
const maxDepth = 1000

// A level is a list or an object that is open.
type level struct {
	object  bool
	secret  bool // every value in it is one
	flat    bool // and the one after it is one if it looks like a header's, as in a list of names and values by turns
	pair    bool // or if it is the last one and looks like a secret, as in a list of a name and a value
	value   bool // the object's value is a secret, as its name says: {"name":"token","value":"…"}
	early   span // the object's value, if it stands before the name
	found   int  // how many spans there were before it
	index   int  // of the next element of a list
	named   int  // of the element that is a secret, as the one before it says
	numbers int  // index+1 of the span of the number before, if there was one
}

// A walk is a pass through one JSON value.
type walk struct {
	*search
	levels []level
	whole  int // where the value begins that is masked as one, -1 if there is none
	around int // how many levels are open around it
}

// value reads the object or list at i and collects its secrets. It returns what
// follows it, or -1 if it is no JSON.
func (w *walk) value(i int) int {
	w.whole = -1
	text := w.text
	secret := false // whether the next value is one
	for {
		// A value begins at i.
		if i = white.end(text, i); i >= len(text) {
			return -1
		}
		switch c := text[i]; {
		case c == '{' || c == '[':
			if len(w.levels) == maxDepth {
				return -1
			}
			w.levels = append(w.levels, level{object: c == '{', secret: secret})
			if i = white.end(text, i+1); i < len(text) && text[i] == c+2 { // empty
				break
			}
			if c == '{' {
				if i, secret = w.member(i); i < 0 {
					return -1
				}
			}
			continue
		case c == '"':
			end := stringEnd(text, i+1)
			if end < 0 {
				return -1
			}
			w.stringValue(i+1, end, secret)
			i = end + 1
		default:
			end := scalarEnd(text, i)
			if end < 0 {
				return -1
			}
			w.scalarValue(i, end, secret)
			i = end
		}
		if i, secret = w.next(i); i < 0 || len(w.levels) == 0 {
			return i
		}
	}
}

// next goes from the end of a value, or from the bracket that closes an empty
// one, to the beginning of the next value.
func (w *walk) next(i int) (int, bool) {
	for len(w.levels) > 0 {
		if i = white.end(w.text, i); i >= len(w.text) {
			return -1, false
		}
		l := &w.levels[len(w.levels)-1]
		switch c := w.text[i]; {
		case c == ',' && l.object:
			return w.member(i + 1)
		case c == ',':
			l.index++
			return i + 1, l.secret || l.value && l.index == l.named
		case c == '}' && l.object, c == ']' && !l.object:
			i++
			w.levels = w.levels[:len(w.levels)-1]
			if w.whole >= 0 && len(w.levels) == w.around {
				w.spans = append(w.spans, span{from: w.whole, to: i, bare: true})
				w.whole = -1
			}
		default:
			return -1, false
		}
	}
	return i, false
}

// member reads a key and its colon, and finds out whether the value is a secret.
func (w *walk) member(i int) (int, bool) {
	text := w.text
	if i = white.end(text, i); i >= len(text) || text[i] != '"' {
		return -1, false
	}
	start := i + 1
	end := stringEnd(text, start)
	if end < 0 {
		return -1, false
	}
	if i = white.end(text, end+1); i >= len(text) || text[i] != ':' {
		return -1, false
	}
	l := &w.levels[len(w.levels)-1]
	l.numbers = 0
	if w.whole >= 0 {
		return i + 1, false
	}
	if l.secret {
		return i + 1, true
	}
	w.readKey(start, end)
	i = white.end(text, i+1)
	if !w.in(structured) {
		return i, l.value && w.isValueKey()
	}
	if w.row.form == everything && (at(text, i, "{") || at(text, i, "[")) {
		w.whole, w.around = i, len(w.levels)
	}
	return i, w.row.form != method || at(text, i, `"`)
}

func (w *walk) isValueKey() bool { return oneOf(w.key.folded[:w.key.m], valueWords) }

// readKey sets key to the end of a JSON string.
func (w *walk) readKey(start, end int) {
	w.key.n, w.key.m = 0, 0
	for i := max(start, end-6*maxKey); i < end; {
		c, n := w.text[i], 1
		if c == '\\' {
			c, n = sign(w.text[:end], i)
		}
		w.key.add(c)
		i += n
	}
}

// stringValue looks at the string text[from:to].
func (w *walk) stringValue(from, to int, secret bool) {
	l := &level{}
	if len(w.levels) > 0 {
		l = &w.levels[len(w.levels)-1]
	}
	l.numbers = 0
	if w.whole >= 0 || from == to {
		return
	}
	v := w.text[from:to]
	if l.object && !secret && w.isValueKey() && !saysNothing(v) {
		l.early, l.found = span{from: from, to: to}, len(w.spans)
	}
	if secret && w.isSecret(l, v, to+1) && w.takes(v) {
		if !saysNothing(v) && string(v) != Mask {
			w.spans = append(w.spans, span{from: from, to: to})
		}
		return
	}
	before := len(w.spans)
	w.part(w.text[:to], from, true)
	if len(w.spans) == before && to-from <= maxKey {
		w.mayName(l, from, to)
	}
}

// isSecret tells whether a string that may be a secret by where it stands is one by what
// it is. next is what follows it.
func (w *walk) isSecret(l *level, v []byte, next int) bool {
	if !l.flat && !l.pair {
		return true
	}
	return l.flat && isCredentials(v) || l.pair && looksSecret(v) && at(w.text, white.end(w.text, next), "]")
}

// mayName takes note of a string that is a secret's name: the value of name in an
// object, the first of a list in a list, an option of a command.
func (w *walk) mayName(l *level, from, to int) {
	in := structured
	if !l.object {
		if l.index > 0 || len(w.levels) < 2 || w.levels[len(w.levels)-2].object {
			in = optioned
		}
		l.flat = in == optioned && w.text[from] != '-'
		l.named = l.index + 1
	} else if !oneOf(w.key.folded[:w.key.m], nameWords) {
		return
	}
	w.readKey(from, to)
	if l.pair = l.flat && l.index == 0 && w.in(structured) && w.isName(); l.pair {
		l.flat, l.value = w.row.form == header, true
		return
	}
	l.value = w.in(in) && w.isName() && (!l.flat || w.row.form == header)
	if v := l.early; l.object && l.value && v.to > 0 && w.takes(w.text[v.from:v.to]) {
		w.insert(v, l.found)
		l.early = span{}
	}
}

// nameWords are what the key of a name may be that has a value beside it.
var nameWords = []string{"name", "key", "header", "k", "field"}

// insert adds a span that was passed over, when there were at spans; those in it go.
func (w *walk) insert(x span, at int) {
	end := at
	for end < len(w.spans) && w.spans[end].from < x.to {
		end++
	}
	if isOpen(w.text, x.from, x.to) && len(w.spans)-end <= maxInsert {
		w.spans = slices.Replace(w.spans, at, end, x)
	}
}

// maxInsert is how many secrets may stand between a value and its name.
const maxInsert = 16

// isName tells whether the key is made of words, and not of a key and its value.
func (w *walk) isName() bool { return inName.all(w.key.as[:w.key.n]) }

var inName = classOf(":", spaced, beyond)

// scalarValue looks at a number or a literal.
func (w *walk) scalarValue(from, to int, secret bool) {
	c := w.text[from]
	if !secret || w.whole >= 0 || !isDigit(c) && c != '-' {
		return
	}
	row := w.row
	if row != nil && (row.form == text || row.form == hexDigits || row.form == oneTime && isVersion(w.text[from:to]) || w.isCount()) {
		return
	}
	if len(w.levels) > 0 {
		l := &w.levels[len(w.levels)-1]
		if !l.object {
			if l.numbers > 0 {
				w.spans[l.numbers-1].to = to
				return
			}
			l.numbers = len(w.spans) + 1
		}
	}
	w.spans = append(w.spans, span{from: from, to: to, bare: true})
}

// stringEnd returns where the closing quote of a JSON string is, or -1. i is
// behind the opening one.
func stringEnd(text []byte, i int) int {
	for {
		i = stringStops.find(text, i)
		if at(text, i, `"`) {
			return i
		}
		n := escapeLength(text, i)
		if n == 0 {
			return -1
		}
		i += n
	}
}

var stringStops = classOf("\"\\", between(0, ' '-1))

// escapeLength is how long the escape at i is, 0 if it is none.
func escapeLength(text []byte, i int) int {
	if i+1 >= len(text) || text[i] != '\\' {
		return 0
	}
	switch text[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if i+6 <= len(text) && hexadecimal.all(text[i+2:i+6]) {
			return 6
		}
	}
	return 0
}

// scalarEnd returns where a number or literal ends, or -1.
func scalarEnd(text []byte, i int) int {
	end := inScalar.end(text, i)
	if !json.Valid(text[i:end]) {
		return -1
	}
	return end
}

var inScalar = classOf("+-.", alphanumeric)
