package sora

import (
	"bytes"

	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/record"
)

// maxException is how long an attribute exception.* may become.
const maxException = 16 << 10

// A report is what is found in the text of an event: who ended, and of what. All
// of it is in the body too. What is found first counts.
//
// OTP writes the same facts in two layouts, over lines and in one line. Both are
// read down to the same calls of name, reason and stack, so that it does not
// matter to who searches how a node's logger was configured.
type report struct {
	r    *Reader
	ends bool // it is a process that ended
}

// report looks through the text of an event.
func (r *Reader) report(text []byte) {
	rep := report{r: r}
	if line := bytes.TrimLeft(text, " \t\r\n"); isProse(line) {
		rep.prose(line)
	} else {
		rep.lines(text)
	}
	rep.inferType()
}

func (rep *report) set(k otlp.Key, v []byte, limit int) {
	if len(v) > 0 && !rep.has(k) {
		rep.r.b.Attr(k, record.Cut(v, limit))
	}
}

func (rep *report) has(k otlp.Key) bool {
	_, ok := rep.r.b.Attribute(k)
	return ok
}

// name takes what a process is called: its pid, or the name it has registered.
func (rep *report) name(v []byte) {
	if n := pidLength(v); n > 0 && n == len(v) {
		rep.set(keyPID, v, maxValue)
	} else {
		rep.set(keyCrashRegistered, v, maxValue)
	}
}

// exception takes the type of what ended a process.
func (rep *report) exception(class []byte) { rep.set(keyExceptionType, class, maxValue) }

func (rep *report) stack(v []byte) { rep.set(keyExceptionStack, v, maxException) }

// reason takes the term that a process ended with. Erlang hands on the stack of
// an error with its reason, as {Reason,Stack}; what was caught is in {'EXIT',…}.
func (rep *report) reason(v []byte) {
	if len(v) == 0 || rep.has(keyExceptionText) {
		return
	}
	rep.set(keyExceptionText, v, maxException)
	if caught, ok := bytes.CutPrefix(v, []byte("{'EXIT',")); ok {
		v = bytes.TrimSuffix(caught, []byte("}"))
	}
	reason, stack := stackIn(v)
	if len(stack) == 0 {
		return
	}
	rep.stack(stack)
	if bytes.HasPrefix(reason, []byte("{nocatch,")) {
		rep.exception([]byte("throw"))
	}
	rep.exception([]byte("error"))
}

// inferType is for layouts that do not say the type: only errors come with a
// stack, and what ended without one did so by exit.
func (rep *report) inferType() {
	switch {
	case !rep.has(keyExceptionText):
	case rep.has(keyExceptionStack):
		rep.exception([]byte("error"))
	case rep.ends:
		rep.exception([]byte("exit"))
	}
}

// subjects are how reports call what they are about.
var subjects = [...]string{"Generic server ", "State machine ", "gen_event handler ", "Generic event handler ", "wx object server ", "Task ", "Agent ", "GenServer ", "Process "}

// subject takes the first sentence, such as `Generic server x terminating`. It
// returns what follows it.
func (rep *report) subject(line []byte) (rest []byte, ok bool) {
	for _, s := range subjects {
		rest, ok := bytes.CutPrefix(line, []byte(s))
		if !ok {
			continue
		}
		n := skipTerm(rest)
		name, rest := bytes.TrimPrefix(rest[:n], []byte("#PID")), bytes.TrimLeft(rest[n:], " ")
		if after, ok := bytes.CutPrefix(rest, []byte("started from ")); ok {
			rest = bytes.TrimLeft(after[skipTerm(after):], " ")
		}
		if after, ok := bytes.CutPrefix(rest, []byte("terminating")); ok {
			rep.ends = true
			rep.name(name)
			return after, true
		}
		if after, ok := bytes.CutPrefix(rest, []byte("crashed")); ok {
			return after, true // a handler is no process; the one that it ran in is named next
		}
	}
	return line, false
}

// field takes a value by its label in either layout.
func (rep *report) field(label, v []byte) {
	v = bytes.TrimSpace(v)
	if len(v) == 0 || string(v) == "[]" {
		return
	}
	switch string(label) {
	case "initial call":
		rep.set(keyCrashInitial, v, maxValue)
	case "pid", "registered_name", "Was installed in", "Installed":
		rep.name(v)
	case "supervisor", "Supervisor":
		rep.set(keyCrashSupervisor, v, maxValue)
	case "errorContext", "Context":
		rep.set(keyCrashContext, v, maxValue)
	case "offender", "Offender", "started", "Started":
		rep.child(v)
	case "reason", "Reason":
		rep.reason(v)
	case "Reason for termination":
		rep.classed(v)
	case "exited", "Exited":
		if string(v) != "stopped" && string(v) != "normal" {
			rep.reason(v)
		}
	case "Stacktrace", "Stack":
		rep.stack(v)
	}
}

// classed takes a reason with its class before it, as gen_statem writes it.
func (rep *report) classed(v []byte) {
	for _, class := range [...]string{"error", "exit", "throw"} {
		if reason, ok := bytes.CutPrefix(v, []byte(class+":")); ok {
			rep.exception([]byte(class))
			v = reason
			break
		}
	}
	rep.reason(v)
}

// child takes id and pid of a supervisor's child: `[{pid,<0.1.2>},{id,x}, …]`, or
// `id=x,pid=<0.1.2>`.
func (rep *report) child(v []byte) {
	v = v[:min(len(v), maxValue)]
	for _, before := range [...]string{"{id,", "{name,", "id="} {
		if _, id, ok := bytes.Cut(v, []byte(before)); ok {
			id = id[:skipTerm(id)]
			if before[0] == '{' {
				id = bytes.TrimSuffix(bytes.TrimRight(id, "]"), []byte("}"))
			}
			rep.set(keyCrashChild, id, maxValue)
			break
		}
	}
	for _, before := range [...]string{"{pid,", "pid="} {
		if _, pid, ok := bytes.Cut(v, []byte(before)); ok {
			rep.set(keyPID, pidAt(pid), maxValue)
			break
		}
	}
}

// phrase takes a sentence that ends in a reason, such as `Error in process <0.1.2>
// with exit value:`, and tells where in line the reason begins. The process is
// the one named last before.
func (rep *report) phrase(line []byte) (at int, ok bool) {
	for i := 0; ; {
		n := bytes.Index(line[i:], []byte("with "))
		if n < 0 {
			break
		}
		i += n + len("with ")
		if n := reasonAt(line, i); n > 0 {
			rep.about(line[:i], line[:n])
			return n, true
		}
	}
	const start = "for reason " // that something could not be started
	if n := bytes.Index(line, []byte(start)); n >= 0 {
		return n + len(start), true
	}
	return 0, false
}

// reasonAt is where the reason begins in a line that has "with " before i, 0 if
// none follows.
func reasonAt(line []byte, i int) int {
	for _, s := range [...]string{"exit value:", "reason:"} {
		if hasPrefix(line, i, s) {
			return i + len(s)
		}
	}
	for _, s := range [...]string{"exit with ", "exited with ", "terminated with ", "crashed with ", "failed with "} {
		if hasPrefix(line, i, "reason ") && bytes.HasSuffix(line[:i], []byte(s)) {
			return i + len("reason ")
		}
	}
	if bytes.HasSuffix(line[:i], []byte("terminating with ")) {
		return i
	}
	return 0
}

// about takes what the sentence before a reason says: that something ended, and
// what. words are those before the reason.
func (rep *report) about(sentence, words []byte) {
	rep.ends = rep.ends || tellsOfEnd(words)
	if pid := lastPID(sentence); pid != nil {
		rep.name(pid)
	}
	if bytes.HasSuffix(sentence, []byte("exited with ")) {
		rep.exception([]byte("exit"))
	}
	for _, s := range [...]string{"gen_server ", "gen_statem ", "gen_fsm ", " installed in "} { // lager's words
		if _, name, ok := bytes.Cut(sentence, []byte(s)); ok {
			rep.name(name[:skipTerm(name)])
		}
	}
	if _, name, ok := bytes.Cut(sentence, []byte("Supervisor ")); ok {
		rep.set(keyCrashSupervisor, name[:skipTerm(name)], maxValue)
		if _, child, ok := bytes.Cut(name, []byte(" had child ")); ok {
			rep.set(keyCrashChild, child[:skipTerm(child)], maxValue)
		}
	}
}

// tellsOfEnd tells whether a sentence is about the end of a process, and not of
// anything else that there was a reason for.
func tellsOfEnd(line []byte) bool {
	has := func(word string) bool { return bytes.Contains(line, []byte(word)) }
	return has("exit") || has("terminat") || has("crash")
}

// ended takes the reason behind a phrase. Cowboy writes a stack behind it, lager
// the place it came from or what a supervisor was about, Ra the state.
func (rep *report) ended(v []byte) {
	n := skipTerm(v)
	switch rest := v[n:]; {
	case bytes.HasPrefix(rest, []byte(" and stacktrace ")):
		rep.stack(rest[len(" and stacktrace "):])
		v = v[:n]
	case bytes.HasPrefix(rest, []byte(" in context ")):
		rep.set(keyCrashContext, rest[len(" in context "):], maxValue)
		v = v[:n]
	case bytes.HasPrefix(rest, []byte(" in state ")):
		v = v[:n]
	default:
		if at := bytes.LastIndex(v, []byte(" in ")); at > 0 && isCall(v[at+len(" in "):]) {
			rep.stack(v[at+1:])
			v = v[:at]
		}
	}
	rep.classed(v)
}

// isCall tells whether s is a place as lager writes it: `lists:nth/2 line 198`.
func isCall(s []byte) bool {
	call, line, ok := bytes.Cut(s, []byte(" line "))
	if !ok || len(line) > 9 || digits(line, 0) != len(line) || bytes.IndexByte(call, ' ') >= 0 {
		return false
	}
	return bytes.IndexByte(call, ':') > 0
}

// lastPID is the last pid in line, or nil.
func lastPID(line []byte) []byte {
	for i := bytes.LastIndexByte(line, '<'); i >= 0; i = bytes.LastIndexByte(line[:i], '<') {
		if pid := pidAt(line[i:]); pid != nil {
			return pid
		}
	}
	return nil
}

// pidAt is the pid that s begins with, or nil.
func pidAt(s []byte) []byte {
	const longest = len("<4294967295.4294967295.4294967295>")
	pid := s[:bytes.IndexByte(s[:min(len(s), longest)], '>')+1]
	if n := pidLength(pid); n == 0 || n != len(pid) {
		return nil
	}
	return pid
}
