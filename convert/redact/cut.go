package redact

import "bytes"

// cutWindow is how far back of a cut a secret's key is looked for.
const cutWindow = 4 << 10

// maxSteps is how often another place is tried. Lines need one or two; a text made
// of keys, as a peer may send it, would otherwise cost a search for each of them.
const maxSteps = 16

// probes are what may follow a text that is cut: if one of them, put behind it,
// is masked, the cut goes through a secret or comes between a key and its value.
var probes = func() (list [][]byte) {
	for _, p := range []string{
		`S`, `S"`, `S'`, `"S"`, `'S'`, `\"S\"`, `: "S"`, `":"S"`, `":["S"]`, `':'S'`, `\":\"S\"`, `=S`, `,"S"}`, `"S">>`, `>> => <<"S">>`, `> => <<"S">>`,
		`> := <<"S">>`, `>,<<"S">>`, `>,S>>`, `,<<"S">>`, `utf8>> => <<"S">>`, `utf8>>,<<"S">>`, ` => "S"`, `> "S"`, `\">> => <<\"S\">>`, `> => <<\"S\">>`,
		`>,<<\"S\">>`, `,<<\"S\">>`, `token":"S"`, `token\":\"S\"`, `token=S`, `//u:S@h`, `/u:S@h`, `\/\/u:S@h`, `u:S@h`, `:S@h`, `\/u:S@h`, `[CDATA[S`, `![CDATA[S`, `S@h`, `//h/a/S`,
		`\/\/h\/a\/S`, `%3DS`, `>S<`, `value="S"`, `"value":"S"`,
		`S"]`, `"S"]`, `,"S"]`, `S">>]`, `,<<"S">>]`, `>,<<"S">>]`, `>>,<<"S">>]`, `S\"]`, `,\"S\"]`, `|2^31`, `2^31`, `S@h:5432`, `@h:5432`, `h:5432`, `:5432`, `@tcp(`, `tcp(`,
		"\n \"S\"", "\n 'S'", "\n <<\"S\">>", "\r\n S", " S",
	} {
		list = append(list, bytes.ReplaceAll([]byte(p), []byte("S"), []byte("Zq9Zq9Zq9Zq9Zq9Z")))
	}
	return list
}()

// Cut returns where text, which is the beginning of a longer one, can be cut so
// that no secret is cut in two, and none is parted from what announces it: either
// half alone would not be known for what it is. It returns len(text) if the text
// can be cut there, or not at all.
//
// What is returned depends on text alone. A secret longer than 4 KiB is not seen.
func (r *Redactor) Cut(text []byte) int {
	if r == nil {
		return len(text)
	}
	base := max(0, len(text)-cutWindow)
	base += r.quiet(text[base:])
	window := text[base:]
	for steps, c := 0, len(window); c > 0 && steps < maxSteps; steps++ {
		next := r.safe(window[:c])
		if next == c {
			return base + c
		}
		c = next
	}
	return len(text)
}

// quiet is how much of the beginning of window cannot matter to a cut at its
// end: there is no secret, and nothing that announces one.
func (r *Redactor) quiet(window []byte) int {
	i, n := r.words().next(window, 0)
	if n == nil {
		i = len(window)
	}
	return max(0, i-8*maxKey)
}

// safe returns len(text) if text can be cut there, and otherwise an earlier
// place to try.
func (r *Redactor) safe(text []byte) int {
	word := dotted.start(text, max(0, len(text)-maxKey-1), len(text))
	word = beforeKey(text, beforeSign(text, codesBegin(text, word)))
	if word < len(text) && len(text)-word <= maxKey {
		return word // it may be part of a key, or of an escape
	}
	if i := cryptoLine(text); i >= 0 {
		return i
	}
	s := searches.Get().(*search)
	defer s.release()
	s.r, s.f = r, r.words()
	var whole []byte
	for _, probe := range probes {
		whole = append(append(whole[:0], text...), probe...)
		s.spans, s.plain, s.places = s.spans[:0], s.plain[:0], s.places[:0]
		s.part(s.withoutInterruptions(whole), 0, false)
		s.restore()
		for _, x := range s.spans {
			if max(x.to, x.told) > len(text) && x.key < len(text) {
				return beforeKey(text, x.key)
			}
		}
	}
	return len(text)
}

// cryptoLine is where the line of SDP begins that speaks of keys and has not ended, or -1.
func cryptoLine(text []byte) int {
	i := bytes.LastIndex(text[max(0, len(text)-cutWindow/8):], []byte("a=crypto"))
	if i < 0 {
		return -1
	}
	i += max(0, len(text)-cutWindow/8)
	for j := i; j < len(text); {
		c, n := sign(text, j)
		if c == '\r' || c == '\n' || c == '"' {
			return -1
		}
		j += n
	}
	return i
}

// beforeSign goes back over what stands before the last word of something that announces
// a secret and has signs in it.
func beforeSign(text []byte, i int) int {
	for _, part := range []string{"a=key-mgmt:", "a=", "k=", "PRIVATE ", "BEGIN RSA ", "BEGIN EC ", "BEGIN OPENSSH ", "BEGIN ENCRYPTED ", "BEGIN "} {
		if from := i - len(part); from >= 0 && string(text[from:i]) == part {
			i = from
		}
	}
	return i
}

// beforeKey goes back over what opens a key.
func beforeKey(text []byte, i int) int {
	return opensKey.start(text, max(0, i-maxKey), i)
}

var opensKey = classOf("\"'`\\<{([#?&;%-\x1b")
