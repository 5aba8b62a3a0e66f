package redact

import "bytes"

// closing finds where the string ends whose opening quote is the n bytes at i,
// and stands for c. It returns -1 if it does not end within its line.
//
// What was looked for in vain is not looked for again in the same line, so that
// a text of opening quotes does not cost a pass for each.
func (s *search) closing(i, n int, c byte) int {
	kind := quoteKind(s.text[i:i+n], c)
	if int32(i) < s.dead[kind] {
		return -1
	}
	var end, stop int
	if isEncoded(s.text[i:i+n], c) {
		end, stop = s.encoded(i+n, s.text[i:i+n])
	} else {
		end, stop = s.backslashed(i+n, n-1, c)
	}
	if end < 0 {
		s.dead[kind] = int32(stop)
	}
	return end
}

// isEncoded tells whether a quote is written as an escape: as \u0022, %22, &quot;.
func isEncoded(quote []byte, c byte) bool {
	return quote[len(quote)-1] != c || quote[0] != '\\' && len(quote) > 1
}

// quoteKind is a number for each way of writing a quote.
func quoteKind(quote []byte, c byte) int {
	kind := min(len(quote), 4) - 1
	if c != '"' {
		kind += 4
	}
	if isEncoded(quote, c) {
		kind += 8
	}
	return kind
}

// backslashed finds the closing quote c that has depth backslashes before it. A
// string within a string has one backslash before its quotes and three before
// those inside it, and so on.
func (s *search) backslashed(i, depth int, quote byte) (end, stop int) {
	limit := s.pairEnd(i)
	for run := 0; i < limit; i++ {
		switch c := s.text[i]; {
		case c == '\\':
			run++
			continue
		case c == quote && run >= depth && (run-depth)%(2*depth+2) == 0:
			if start := s.pairStart(i); c == '"' && start >= 0 {
				return start, i
			}
			if c == '"' && s.r.pexip && depth == 0 && i+1 < limit && isWord(s.text[i+1]) {
				continue // a quote within the value, without a backslash
			}
			return i - depth, i
		case c == '\n' || c == '\r':
			return -1, i
		case c == '"' && run < depth, c == '"' && quote != '"' && run%2 == 0 && s.inJSON:
			return -1, i // the string around it ends here
		case quote == '\'' && depth == 0 && run == 1 && (c == 'n' || c == 'r') && s.inJSON:
			return -1, i // the line ends in which it stands
		}
		run = 0
	}
	return -1, limit
}

// encoded finds the closing quote that is written as an escape.
func (s *search) encoded(i int, quote []byte) (end, stop int) {
	line := s.text[i:s.lineEnd(i)]
	if n := bytes.Index(line, quote); n >= 0 {
		return i + n, i + n
	}
	return -1, i + len(line)
}

// lineEnd is where the line ends in which i is.
func (s *search) lineEnd(i int) int {
	if i < s.line[0] || i >= s.line[1] {
		s.line = [2]int{i, len(s.text)}
		if n := bytes.IndexByte(s.text[i:], '\n'); n >= 0 {
			s.line[1] = i + n
		}
	}
	return s.line[1]
}

// pairStart is where the blank stands before the key of a pair, if the quote at i is
// not the end of a value but the beginning of that pair's, as in Pin="12 Call-id="abc";
// -1 if it is not.
func (s *search) pairStart(i int) int {
	if i == 0 || s.text[i-1] != '=' || i+1 >= len(s.text) || bareEnds[s.text[i+1]] {
		return -1
	}
	k := dotted.start(s.text, max(s.begin, i-maxKey), i-1)
	if k == i-1 || k <= s.begin || s.text[k-1] != ' ' {
		return -1
	}
	return k - 1
}

// pairEnd is where the value of Pexip's pair ends in which i is: at a quote that
// the end of the text or the next pair follows. What is in one pair is not
// looked for in the next.
func (s *search) pairEnd(i int) int {
	if !s.r.pexip {
		return len(s.text)
	}
	if i <= s.pair {
		return s.pair
	}
	for j := i; ; j++ {
		n := bytes.IndexByte(s.text[j:], '"')
		if n < 0 {
			s.pair = len(s.text)
			return s.pair
		}
		if j += n; s.pairFollows(j + 1) {
			s.pair = j
			return j
		}
	}
}

// pairFollows tells whether nothing, or a blank and a pair follow at i.
func (s *search) pairFollows(i int) bool {
	j := controls.end(s.text, i)
	if j == len(s.text) {
		return true
	}
	k := dotted.end(s.text[:min(len(s.text), j+maxKey)], j)
	return j > i && k > j && at(s.text, k, `="`)
}
