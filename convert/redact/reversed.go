package redact

import "bytes"

// valueBefore masks a value that stands before the name of what it is, where both have
// keys of their own: {'value': 'x', 'name': 'password'}, value="x" name="password". The
// name is the key that was found; i is where its opening quote begins.
func (s *search) valueBefore(i int) {
	i, ok := s.keyBefore(i, "name", "key")
	if !ok {
		return
	}
	if i > s.begin && isQuote(s.text[i-1]) {
		i = s.back(i-1, `\`)
	}
	i = s.back(s.back(s.back(i, "<"), " \t\r\n,"), ">")
	from, to, open := s.stringBefore(i)
	if from >= to || from < s.done {
		return
	}
	if _, ok := s.keyBefore(open, "value", "val"); !ok || !s.in(structured) {
		return
	}
	if v := s.text[from:to]; !saysNothing(v) && s.takes(v) {
		s.mask(from, to)
	}
}

// keyBefore tells whether the key before the value at i is one of words, and where
// it begins.
func (s *search) keyBefore(i int, words ...string) (start int, ok bool) {
	end := s.back(i, " \t\r\n<:=>\"'\\")
	if !bytes.ContainsAny(s.text[end:i], ":=") {
		return 0, false
	}
	for _, w := range words {
		if from := end - len(w); from >= s.begin && sameWord(s.text[from:end], w) && (from == s.begin || !isWord(s.text[from-1])) {
			return from, true
		}
	}
	return 0, false
}

// back goes back from i over signs, for no more than a few.
func (s *search) back(i int, signs string) int {
	for from := i; i > s.begin && from-i < maxKey && bytes.IndexByte([]byte(signs), s.text[i-1]) >= 0; {
		i--
	}
	return i
}

// stringBefore finds the string whose closing quote ends at i, and where its opening
// quote begins.
func (s *search) stringBefore(i int) (from, to, open int) {
	if i <= s.begin || !isQuote(s.text[i-1]) {
		return 0, 0, 0
	}
	quote := s.text[i-1]
	to = s.back(i-1, `\`)
	for j := to; j > s.begin && to-j < maxValueBefore && s.text[j-1] >= ' '; j-- {
		if s.text[j-1] != quote {
			continue
		}
		if open = s.back(j-1, `\`); j-open == i-to {
			return j, to, open
		}
	}
	return 0, 0, 0
}

// maxValueBefore is how long a value may be that stands before its name.
const maxValueBefore = 512
