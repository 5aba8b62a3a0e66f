package exporter

import "time"

// A verdict is what an answer means for the records that were sent.
type verdict int

const (
	accepted    verdict = iota // settled, save for records rejected by partial success
	tooLarge                   // fewer records at once may do
	refused                    // a record in it is at fault, or else the collector is
	final                      // not to be offered again, by the word of somebody in this process
	faulty                     // again; after many equal ones perhaps a record is at fault
	again                      // again, for ever
	unwelcome                  // again, and somebody should look: authentication, a wrong address
	interrupted                // the attempt was ended here
)

// An answer is what became of one attempt.
type answer struct {
	verdict  verdict
	code     string        // "OK", "UNAVAILABLE", "HTTP 503", "no answer"
	message  string        // the collector's own words, or the error
	form     string        // of an acknowledgement, for people: "HTTP 204 with an empty body"
	hint     string        // what to do about it, in plain words; may be empty
	delay    time.Duration // what RetryInfo or Retry-After asked for; 0 if nothing
	rejected int64         // records refused by partial success
	latency  time.Duration

	mayMeanCompression bool   // the answer to a compressed request may be about that
	refusedCompression string // which was at fault: the request was accepted without it
	refusedCode        string // the answer that said so

	wire     int  // bytes sent
	answered bool // it is the other end that says so, as far as the client can tell
}

// overloaded reports whether the collector is there and did not take a request for
// want of time or room.
func (a answer) overloaded() bool {
	switch a.code {
	case "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED", "HTTP 429", "HTTP 503", "HTTP 504":
		return a.verdict != tooLarge
	case "UNAVAILABLE":
		return a.answered
	}
	return false
}

// unable reports whether another collector may take what this one did not.
func (a answer) unable() bool {
	switch a.code {
	case "UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED":
		return a.verdict != tooLarge
	}
	return false
}

const (
	// maxDelay bounds what a collector may ask for: a mistaken date in
	// Retry-After must not stop delivery for a day.
	maxDelay = 5 * time.Minute

	// equalAnswers is how many equal answers make what looks like a fault of
	// the collector's look like one of a record's.
	equalAnswers = 10

	// maxSuspects is how many records may stand under suspicion before the
	// collector itself is examined with a probe.
	maxSuspects = 8
)

// handle acts on the answer to w. It is the table of this package: every
// answer there is ends in one of these lines.
func (r *request) handle(w *work, a answer) {
	switch a.verdict {
	case accepted:
		r.accept(w, a)
	case tooLarge:
		r.e.shrink(w)
		r.isolate(w, a)
	case refused:
		r.isolate(w, a)
	case final:
		if r.e.dead == nil || !r.bury(w, a) {
			r.push(w)
			r.wait(w, a)
		}
	case faulty:
		if w.repeated(a) >= equalAnswers || w.isolating {
			w.isolating = true
			r.isolate(w, a)
		} else {
			r.push(w)
		}
		r.wait(w, a)
	case again, unwelcome:
		r.push(w)
		r.wait(w, a)
	case interrupted:
		r.push(w)
	}
}

// refusalsNeeded says how often a record that stands alone must have been
// refused before it is taken for the one at fault. Twice is enough if the
// answer says that the record is bad; an answer that may as well mean trouble
// in the collector must come as often as it took to begin the search.
func (a answer) refusalsNeeded() int {
	if a.verdict == faulty {
		return equalAnswers
	}
	return 2
}
