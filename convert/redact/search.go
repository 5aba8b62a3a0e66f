package redact

// A span is a secret in a text: text[from:to]. What the mask needs around it,
// where it stands for something that had no quotes, is text[quote:quoteEnd].
type span struct {
	from, to        int
	quote, quoteEnd int
	key             int  // where what announces it begins
	told            int  // where what tells it from other text ends, if that is behind it
	bare            bool // the mask needs plain quotes
}

// A search looks for secrets in one piece of a text in which lines are not
// known to be JSON: a line, several lines, or a string of a JSON value.
type search struct {
	r       *Redactor
	f       *filter
	text    []byte // up to the end of the piece
	begin   int    // of the piece
	inJSON  bool   // it is a string of a JSON value, or part of a line that was meant to be one
	spans   []span
	done    int       // up to where everything is masked or passed over
	pair    int       // where the value of Pexip's pair ends that begins before it; see pairEnd
	walked  int       // up to where lists and maps were gone through
	loose   bool      // words in them are secrets as well
	noForm  int       // up to where no & follows
	escapes int       // up to where keys with escapes were read
	line    [2]int    // where the line begins and ends that was looked for last
	dead    [16]int32 // up to where there is no closing quote of a kind; see closing
	row     *name     // of the key that was found last
	plural  bool      // whether it is in the plural
	key     key       // that was found last
	start   int       // where it begins
	end     int       // where it ends

	inner  *search // see part
	levels []level // see walk
	plain  []byte  // see withoutInterruptions
	places []int32 // where each byte of plain was
}

// run collects the secrets of the piece, the first of whose needles is n at start.
func (s *search) run(start int, n *needle) {
	from, to := 0, 0
	if s.r.pexip {
		from, to = fragmentHead(s.text)
	}
	for n != nil {
		if to > 0 && start >= from {
			s.start = from
			s.mask(from, to)
			to = 0
		}
		if start >= s.done {
			s.found(start, n)
		}
		start, n = s.f.next(s.text, max(start+1, s.done))
	}
	s.mask(from, to)
}

// found takes a closer look at a needle.
func (s *search) found(i int, n *needle) {
	end := i + len(n.word) - n.behind
	s.start = i
	switch {
	case n.find != nil:
		s.mask(n.find(s.text, i, end))
	case n.look != nil:
		n.look(s, i, end)
	}
}

// mask adds a span, unless there is nothing to mask, or it is masked already.
// It never ends within an escape of a JSON string.
func (s *search) mask(from, to int) { s.add(span{from: from, to: to}) }

// add is mask for what is more than that. It tells whether a span was added.
func (s *search) add(x span) bool {
	if s.inJSON {
		x.from, x.to = s.whole(x.from), s.whole(x.to)
	}
	x.from, x.key = max(x.from, s.done), s.start
	if !isOpen(s.text, x.from, x.to) {
		return false
	}
	s.spans = append(s.spans, x)
	s.done = x.to
	return true
}

// isOpen tells whether there is anything to mask that is not masked already.
func isOpen(text []byte, from, to int) bool { return from < to && string(text[from:to]) != Mask }

// whole is i, or the place before it at which an escape begins that goes over i.
func (s *search) whole(i int) int {
	if n := i - backslashes.start(s.text, s.begin, i); n%2 == 1 && i < len(s.text) {
		return i - 1
	}
	return i
}

// keyed looks for the value of the key whose name ends with text[i:end].
func (s *search) keyed(i, end int) {
	s.start = s.keyStart(i)
	s.end = keyEnd(s.text, end)
	s.readPlain()
	s.announced()
}

// readPlain sets key to text[start:end].
func (s *search) readPlain() {
	s.key.n, s.key.m = 0, 0
	for _, c := range s.text[s.start:s.end] {
		s.key.add(c)
	}
}

// keyStart goes back to the beginning of the key, which is not within an escape.
func (s *search) keyStart(i int) int {
	from := i
	i = dotted.start(s.text, max(s.begin, i-maxKey), i)
	if i == s.begin {
		return i
	}
	if _, n := sign(s.text, i-1); n > 1 {
		return min(i-1+n, from)
	}
	return i
}

// escaped looks for the value of a key that has escapes in it, one of them at i.
func (s *search) escaped(i, _ int) {
	if i < s.escapes {
		return // of a key that was read
	}
	start := i
	for start > s.begin && i-start < maxKey && (isWord(s.text[start-1]) || s.text[start-1] == '%' || s.text[start-1] == '\\' && (s.text[start] == 'u' || s.text[start] == 'x' || s.text[start] == '\\')) {
		start--
	}
	s.key.n, s.key.m = 0, 0
	s.start = start
	for end := start; end-i < 8*maxKey; {
		c, n := sign(s.text, end)
		if n == 0 || !isWord(c) && c != '.' && c < 0x80 {
			if end <= i {
				s.key.n, s.key.m = 0, 0
				end += max(n, 1)
				s.start = end
				continue
			}
			s.end = end
			break
		}
		s.key.add(c)
		end += n
		s.end = end
	}
	s.escapes = s.end
	if s.end > i {
		s.announced()
	}
}
