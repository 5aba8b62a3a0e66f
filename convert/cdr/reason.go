package cdr

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

// folded is what counts of each byte of a reason: case does not, and - and _ are
// blanks, so that a code and a sentence are told by the same words.
var folded = func() (all [256]byte) {
	for i := range all {
		all[i] = byte(i)
	}
	for c := byte('A'); c <= 'Z'; c++ {
		all[c] = c | 0x20
	}
	all['-'], all['_'] = ' ', ' '
	return all
}()

// beginning lists the words by their first two letters, as indices of reasons.
var beginning = func() (all [256][]uint8) {
	for i := range reasons {
		p := pair(reasons[i].word[0], reasons[i].word[1])
		all[p] = append(all[p], uint8(i))
	}
	return all
}()

// pair is an index for two letters. Others may have the same one.
func pair(a, b byte) uint8 { return a*29 ^ b }

// maxReason is how much of a reason is looked at: what it comes down to stands
// at its beginning.
const maxReason = 256

// Classify is the class of a reason, by the words that words of it begin with. It
// is read once, since reasons are as long as the far end likes.
func Classify(reason []byte) Class {
	text, first := reason[:min(len(reason), maxReason)], len(reasons)
	for at := 0; at < len(text)-1; at++ {
		first = firstAt(text[at:], first)
		for at < len(text) && folded[text[at]]-'a' < 26 {
			at++
		}
	}
	if first == len(reasons) {
		return Unknown
	}
	return reasons[first].class
}

// firstAt is the first of reasons before limit with whose word text begins, or limit.
// text has two bytes at least, as each word has.
func firstAt(text []byte, limit int) int {
	for _, i := range beginning[pair(folded[text[0]], folded[text[1]])] {
		if int(i) >= limit {
			return limit
		}
		if begins(text, reasons[i].word) {
			return int(i)
		}
	}
	return limit
}

func begins(text []byte, word string) bool {
	if len(text) < len(word) {
		return false
	}
	for i := range len(word) {
		if folded[text[i]] != word[i] {
			return false
		}
	}
	return true
}
