package sora

import "strings"

// A logSpec says how the entries of one log are taken.
type logSpec struct {
	severity int                // of records without a level
	unread   int                // of entries that could not be understood
	lines    bool               // JSON or legacy lines: anything else is an error
	prefix   string             // of event names made of a record's type
	event    string             // of all records without a code, if they have one name
	read     func(*Reader) bool // of logs that are neither
	headed   bool               // the first part of an entry that was cut says what it is
}

// OTLP severity numbers.
const (
	severityTrace     = 1
	severityDebug     = 5
	severityInfo      = 9
	severityNotice    = 10
	severityWarning   = 13
	severityError     = 17
	severityCritical  = 18
	severityAlert     = 19
	severityEmergency = 21
)

// logWaitTimeout is the log made of one small file for each connection that
// was not established in time.
const logWaitTimeout = "connection_created_wait_timeout_error"

// specOf is how the log called name is taken. A log that Sora's vendor does
// not describe is taken as text or JSON, whatever its lines look like.
func specOf(name string) logSpec {
	s := logSpec{severity: severityInfo, prefix: "sora."}
	switch name {
	case "sora", "internal", "cluster", "debug", "connection", "auth_webhook",
		"session_webhook", "event_webhook", "stats_webhook", "rtc_stats":
		s.lines = true
	case "auth_webhook_error", "session_webhook_error", "event_webhook_error", "stats_webhook_error":
		s.lines, s.severity, s.unread = true, severityError, severityError
		s.prefix = errorPrefix(name)
	case logWaitTimeout:
		s.lines, s.severity, s.unread = true, severityError, severityError
		s.event = "sora.connection_created_wait_timeout"
	case "signaling":
		s.lines, s.prefix = true, "sora.signaling."
	case "api":
		s.lines, s.prefix = true, "sora.api."
	case "crash":
		s.severity, s.unread, s.read, s.headed = severityError, severityError, (*Reader).readCrash, true
	case "erl_crash":
		s.severity, s.unread, s.read = severityEmergency, severityEmergency, (*Reader).readDump
	case "erlang":
		s.read = (*Reader).readConsole
	case "run_erl", "sysctl", "ulimit":
		s.read = (*Reader).readPlain
	}
	return s
}

// Logs are the names of the logs that Sora's vendor describes.
func Logs() []string {
	return []string{
		"sora", "auth_webhook", "auth_webhook_error", "session_webhook", "session_webhook_error",
		"event_webhook", "event_webhook_error", "stats_webhook", "stats_webhook_error",
		"connection", "signaling", "api", "internal", "cluster", "rtc_stats", "debug",
		"crash", "erlang", "run_erl", "sysctl", "ulimit", "erl_crash", logWaitTimeout,
	}
}

// errorPrefix sets failed sends apart from what they failed to send.
func errorPrefix(name string) string {
	switch strings.TrimSuffix(name, "_webhook_error") {
	case "auth":
		return "sora.auth_webhook_error."
	case "session":
		return "sora.session_webhook_error."
	case "event":
		return "sora.event_webhook_error."
	}
	return "sora.stats_webhook_error."
}

// severityOf is the OTLP severity number of a level, or 0: mostly one of Erlang's,
// in small letters.
func severityOf(level []byte) int {
	switch string(level) {
	case "debug":
		return severityDebug
	case "info":
		return severityInfo
	case "notice":
		return severityNotice
	case "warning":
		return severityWarning
	case "error":
		return severityError
	case "critical":
		return severityCritical
	case "alert":
		return severityAlert
	case "emergency":
		return severityEmergency
	}
	var buf [len("emergency")]byte
	if len(level) > len(buf) {
		return 0
	}
	small := buf[:len(level)]
	for i, c := range level {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		small[i] = c
	}
	return otherLevels[string(small)]
}

// otherLevels are Erlang's however they are written, and what other libraries and
// nodes in other languages call them.
var otherLevels = map[string]int{
	"debug": severityDebug, "info": severityInfo, "notice": severityNotice, "warning": severityWarning, "error": severityError,
	"critical": severityCritical, "alert": severityAlert, "emergency": severityEmergency,
	"trace": severityTrace, "warn": severityWarning, "err": severityError, "crit": severityCritical, "emerg": severityEmergency, "fatal": severityEmergency,
}

// readPlain takes an entry as the text it is.
func (r *Reader) readPlain() bool { return true }
