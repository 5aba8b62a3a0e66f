package pexip

import (
	"bytes"
	"strings"
	"time"

	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/convert/syslog"
)

const prefix = "pexip."

// A kind is the type of a field's attribute, which is the same in every
// record: a backend that has seen a number under a name refuses text there.
type kind uint8

const (
	unknown   kind = iota
	level          // becomes the severity
	module         // Name; a string
	message        // becomes the body
	text           // a string
	multiline      // a string in which ^M stands for a line break
	role           // a string; chair is host
	integer
	double
	boolean
	timestamp // a string, RFC 3339 in UTC
)

var kinds = map[string]kind{
	"none": unknown, "level": level, "name": module, "message": message, "string": text, "text": multiline,
	"role": role, "int": integer, "double": double, "bool": boolean, "time": timestamp,
}

// A field is a key that is known.
type field struct {
	name    string // as Pexip usually writes it; "" for data out of a text
	attr    string // attribute's name without its prefix
	kind    kind
	meaning string
	key     otlp.Key
	misfit  otlp.Key // for a value that is not of the kind: <attr>_text
	secret  bool     // the value may have to be masked, as the name says
}

// telling knows the words that announce a secret.
var telling = func() *redact.Redactor {
	r, err := redact.New(redact.Config{Enabled: true})
	if err != nil {
		panic(err) // it takes a faulty pattern
	}
	return r.ForPexip()
}()

func newField(name, attr, typ, meaning string) field {
	k, ok := kinds[typ]
	if !ok {
		panic("pexip: catalogue: type " + typ)
	}
	f := field{name: name, attr: attr, kind: k, meaning: meaning, key: otlp.NewKey(prefix + attr)}
	f.secret = telling.SuspectPart([]byte(name))
	if k >= integer {
		f.misfit = otlp.NewKey(prefix + attr + "_text")
	}
	return f
}

// write adds the field's attribute. A value that is not of the field's type is
// kept as text under another name.
func (f *field) write(b *record.Builder, v []byte) {
	switch f.kind {
	case integer:
		if n, ok := parseInt(v); ok {
			b.Int(f.key, n)
			return
		}
	case double:
		if x, ok := parseDouble(v); ok {
			b.Double(f.key, x)
			return
		}
	case boolean:
		if yes := bytes.EqualFold(v, []byte("true")); yes || bytes.EqualFold(v, []byte("false")) {
			b.Bool(f.key, yes)
			return
		}
	case timestamp:
		if t, ok := parseReported(v); ok {
			start := len(b.Arena)
			b.Arena = t.AppendFormat(b.Arena, time.RFC3339)
			b.Attr(f.key, b.Arena[start:])
			return
		}
	case role:
		if bytes.EqualFold(v, []byte("chair")) {
			b.String(f.key, "host")
			return
		}
		b.Attr(f.key, v)
		return
	default:
		b.Attr(f.key, v)
		return
	}
	b.Attr(f.misfit, v)
}

// parseInt reads a decimal number. It takes it only in the form in which it
// would be printed, so that nothing is lost: 007 is no number.
func parseInt(v []byte) (int64, bool) {
	digits := bytes.TrimPrefix(v, []byte("-"))
	if len(digits) == 0 || len(digits) > 18 || digits[0] == '0' && len(v) > 1 {
		return 0, false
	}
	var n int64
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) < len(v) {
		n = -n
	}
	return n, true
}

// parseDouble reads a decimal fraction of at most 15 digits, which is what a
// double holds exactly enough to be printed again. Both the digits without the
// point and the power of ten are exact as doubles, so their quotient is the
// double next to the number.
func parseDouble(v []byte) (float64, bool) {
	if len(v) > 17 || len(v) == 0 {
		return 0, false
	}
	n, digits, point := int64(0), 0, -1 // point is how many digits stand before it
	for i, c := range v {
		switch {
		case c >= '0' && c <= '9':
			n = n*10 + int64(c-'0')
			digits++
		case c == '.' && point < 0:
			point = digits
		case c == '-' && i == 0:
		default:
			return 0, false
		}
	}
	if digits == 0 || digits > 15 {
		return 0, false
	}
	x := float64(n)
	if point >= 0 {
		x /= powers[digits-point]
	}
	if v[0] == '-' {
		return -x, true
	}
	return x, true
}

// powers are those of ten that a double holds exactly, as far as 15 digits need them.
var powers = [16]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// parseReported reads the two forms of Last-Reported, both in UTC:
// "2013-06-20 14:21:35" and "Mon Dec 9 15:28:12 2013".
func parseReported(v []byte) (time.Time, bool) {
	if len(v) > 4 && letter(v[0]) && v[3] == ' ' {
		v = v[4:] // the day of the week
	}
	// A time without a year is none: it ends up in the year 1.
	t, n := syslog.ParseTime(v, time.Time{})
	return t, n > 0 && n == len(v) && t.Year() >= 1000
}

// addKey makes name known as a key of a field. Pexip itself writes both -id and -Id.
func (c *catalog) addKey(field uint8, name string) {
	c.spelled[name] = field
	if stem, ok := strings.CutSuffix(name, "-id"); ok {
		c.spelled[stem+"-Id"] = field
	}
	if key := string(fold(nil, []byte(name))); c.folded[key] == fieldUnknown {
		c.folded[key] = field
	}
}

// lookupKey returns the index of the field that key is, case and signs between its
// words apart, or fieldUnknown, and whether it is spelled as usual.
func (c *catalog) lookupKey(key []byte) (field uint8, usual bool) {
	if field, usual = c.spelled[string(key)]; usual {
		return field, true
	}
	var buf [maxKey]byte
	return c.folded[string(fold(buf[:0], key))], false
}

// folded maps a byte to what it is compared as: small letters for capitals, 0
// for a sign between words.
var folded = newFolded()

func newFolded() (t [256]byte) {
	for c := range t {
		t[c] = byte(c)
		if c >= 'A' && c <= 'Z' {
			t[c] |= 0x20
		}
	}
	t['-'], t['_'], t['.'] = 0, 0, 0
	return t
}

func fold(dst, text []byte) []byte {
	for _, c := range text {
		if f := folded[c]; f != 0 {
			dst = append(dst, f)
		}
	}
	return dst
}

// appendSnake appends key in snake case: Call-Id and CallID are both call_id.
func appendSnake(dst, key []byte) []byte {
	start := len(dst)
	for i, c := range key {
		upper := c >= 'A' && c <= 'Z'
		switch {
		case c == '-' || c == '.' || c == '_':
			if len(dst) > start && dst[len(dst)-1] != '_' {
				dst = append(dst, '_')
			}
			continue
		case upper && len(dst) > start && dst[len(dst)-1] != '_' && wordStarts(key, i):
			dst = append(dst, '_')
		}
		if upper {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	if n := len(dst); n > start && dst[n-1] == '_' {
		dst = dst[:n-1]
	}
	return dst
}

// wordStarts reports whether the capital at i begins a word: after a small
// letter or a digit, or before a small letter.
func wordStarts(key []byte, i int) bool {
	before := key[i-1]
	return before >= 'a' && before <= 'z' || before >= '0' && before <= '9' ||
		i+1 < len(key) && key[i+1] >= 'a' && key[i+1] <= 'z'
}
