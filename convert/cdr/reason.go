package cdr

import "bytes"

// A Class is what reasons come down to, few enough for a label.
type Class uint8

// The classes.
const (
	Unknown  Class = iota // no reason is given, or one that is in no list
	Normal                // somebody hung up, left or was asked to
	Rejected              // it was not let in: authentication, PIN, licences, a locked room
	Timeout               // the other side did not answer in time
	Network               // the way between the two broke
	Media                 // no media came through, or none that both understand
	Server                // something failed within the server
	NumClasses
)

// String is the class's name in metrics.
func (c Class) String() string {
	return [NumClasses]string{"unknown", "normal", "rejected", "timeout", "network", "media", "server"}[c]
}

// Failure reports whether a call that ended so has failed. A reason that nobody
// knows is not held against it.
func (c Class) Failure() bool { return c > Normal }

// reasons maps words to classes; the first one that occurs decides. Sora's reasons
// are codes, Pexip's are sentences, some of them the far end's own.
var reasons = []struct {
	word  string
	class Class
}{
	{"no error", Normal},
	{"lifetime expired", Normal}, // the time that it was given is over
	{"timeout", Timeout}, {"timed out", Timeout}, {"no answer", Timeout}, {"not responding", Timeout}, {"no response", Timeout},
	{"expired", Timeout}, {"has not joined", Timeout},
	{"auth", Rejected}, {"pin ", Rejected}, {"licen", Rejected}, {"locked", Rejected}, {"reject", Rejected}, {"denied", Rejected},
	{"forbidden", Rejected}, {"declined", Rejected}, {"busy", Rejected}, {"not allowed", Rejected}, {"not found", Rejected},
	{"unauthori", Rejected}, {"invalid", Rejected}, {"capacity", Rejected}, {"resource unavailable", Rejected}, {"blocked", Rejected},
	{"ice", Media}, {"dtls", Media}, {"media", Media}, {"codec", Media}, {"srtp", Media},
	{"network", Network}, {"transport", Network}, {"unreachable", Network}, {"connection lost", Network}, {"connection closed abnormally", Network},
	{"1006", Network}, {"abnormal", Network}, {"reset", Network}, {"websocket onerror", Network}, {"lost", Network},
	{"internal", Server}, {"crash", Server}, {"unexpected", Server}, {"badmatch", Server}, {"backplane", Server},
	{"failed", Server}, {"failure", Server}, {"error", Server},
	{"normal", Normal}, {"disconnect", Normal}, {"hang", Normal}, {"hung", Normal}, {"bye", Normal}, {"closed", Normal},
	{"shutdown", Normal}, {"ended", Normal}, {"left", Normal}, {"1000", Normal}, {"terminated", Normal}, {"transferred", Normal}, {"moved", Normal},
	{"completed", Normal}, {"finished", Normal}, {"kicked", Normal},
}

// maxReason is how much of a reason is looked at: what it comes down to stands
// at its beginning.
const maxReason = 256

// Classify is the class of a reason. Case does not count, and - and _ are blanks,
// so that a code and a sentence are told by the same words.
func Classify(reason []byte) Class {
	var buf [maxReason + 1]byte
	text := buf[:0]
	for _, c := range reason[:min(len(reason), maxReason)] {
		switch {
		case c >= 'A' && c <= 'Z':
			c |= 0x20
		case c == '-', c == '_':
			c = ' '
		}
		text = append(text, c)
	}
	for i := range reasons {
		if hasWord(text, reasons[i].word) {
			return reasons[i].class
		}
	}
	return Unknown
}

// hasWord reports whether a word of text begins with word.
func hasWord(text []byte, word string) bool {
	for from := 0; ; {
		i := bytes.Index(text[from:], []byte(word))
		if i < 0 {
			return false
		}
		at := from + i
		if at == 0 || text[at-1] < 'a' || text[at-1] > 'z' {
			return true
		}
		from = at + 1
	}
}
