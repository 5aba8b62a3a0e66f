package frame

import "bytes"

// closes says whether no digits of a message's stand behind c: it closes something.
func closes(c byte) bool { return bytes.IndexByte([]byte("\"')]}>,;!?"), c) >= 0 }

// maxAhead is how long a message may be that is waited for to tell where its count
// begins.
const maxAhead = 8 << 10

// countFits says whether the count at start, of the message at position at, is
// right as far as can be seen.
func countFits(data []byte, start, at int) believed {
	size := number(data[start : at-1])
	switch {
	case data[start] == '0':
		return noCount
	case at+size > len(data):
		return needMore
	case numberOnly(data[at+size:]), headerKind(data[at:]) == versioned && data[at+size-1] == '>':
		return noCount // the version of RFC 5424 is no count
	}
	return follows(data[at+size:], Ended)
}

// frameEnds says whether nothing stands behind a message, or surely another one.
func frameEnds(after []byte) bool {
	after = bytes.TrimLeft(after[:min(len(after), 2*maxHeader)], "\r\n\x00")
	return len(after) == 0 || frameBegins(after) == isCount
}

// countRest says whether data begins with the end of a count, of which the rest was
// taken for text, and a priority.
func countRest(data []byte) believed {
	digits := digitsLen(data)
	switch {
	case digits > 0 && data[0] != '0' || digits >= maxHeader:
		return noCount
	case digits == len(data):
		return needMore
	case data[digits] != ' ':
		return noCount
	}
	return priority(data[digits+1:])
}

// frameBegins says whether data begins with a priority, or with a count and one.
func frameBegins(data []byte) believed {
	digits := digitsLen(data)
	switch {
	case digits == 0:
		return priority(data)
	case data[0] == '0' || digits >= maxHeader:
		return noCount
	case digits == len(data):
		return needMore
	case data[digits] != ' ':
		return noCount
	}
	return priority(data[digits+1:])
}

// priority says whether b begins with a priority, as isCount.
func priority(b []byte) believed {
	if len(b) == 0 {
		return needMore
	}
	if b[0] != '<' {
		return noCount
	}
	n := 1
	for n < len(b) && n < 4 && isDigit(b[n]) {
		n++
	}
	switch {
	case n == len(b):
		return needMore
	case n > 1 && b[n] == '>':
		return isCount
	}
	return noCount
}

// counted says whether a count and its blank stand at the end of b.
func counted(b []byte) bool {
	n := len(b) - 1
	if n < 1 || b[n] != ' ' {
		return false
	}
	for i := n - 1; i >= 0 && i >= n-maxHeader+1 && isDigit(b[i]); i-- {
		if b[i] != '0' {
			return true
		}
	}
	return false
}

// halfCounted says whether digits stand at the end of b that are a count's rather
// than those of a text.
func halfCounted(b []byte) bool {
	n := len(b)
	for n > 0 && len(b)-n < maxHeader && isDigit(b[n-1]) {
		n--
	}
	return n > 0 && n < len(b) && closes(b[n-1])
}

func digitsLen(b []byte) (n int) {
	for n < len(b) && n < maxHeader && isDigit(b[n]) {
		n++
	}
	return n
}

func number(digits []byte) (n int) {
	for _, c := range digits {
		n = n*10 + int(c-'0')
	}
	return n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isTerminator(c byte) bool { return c == '\n' || c == '\r' || c == 0 }
