package sora

import (
	"cmp"

	"github.com/rtcship/rtcship/tailer/entry"
)

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

// A Log is a log that Sora's vendor describes.
type Log struct {
	Name  string
	Files []string   // patterns of its files in the log directory, path.Match syntax
	Form  entry.Form // how its files become entries
	Ring  bool       // its files take turns
	Small bool       // its files are many, small and written once

	spec logSpec
}

// table has all logs that Sora's vendor describes. To have one more, add it here, to
// the rules by which files are followed (tailer.SoraRules), to docs/sora.md,
// docs/logrotate/sora.conf and testdata/golden, and a line of it to the samples that
// internal/day makes; the tests name what was forgotten.
var table = []Log{
	jsonl("sora", logSpec{}),
	jsonl("auth_webhook", logSpec{}),
	jsonl("auth_webhook_error", failed("sora.auth_webhook_error.")),
	jsonl("session_webhook", logSpec{}),
	jsonl("session_webhook_error", failed("sora.session_webhook_error.")),
	jsonl("event_webhook", logSpec{}),
	jsonl("event_webhook_error", failed("sora.event_webhook_error.")),
	jsonl("stats_webhook", logSpec{}),
	jsonl("stats_webhook_error", failed("sora.stats_webhook_error.")),
	jsonl("connection", logSpec{}),
	jsonl("signaling", logSpec{prefix: "sora.signaling."}),
	jsonl("api", logSpec{prefix: "sora.api."}),
	jsonl("internal", logSpec{}),
	jsonl("cluster", logSpec{}),
	jsonl("rtc_stats", logSpec{}),
	jsonl("debug", logSpec{}),
	{Name: "crash", Files: []string{"crash.log"}, Form: entry.Reports, spec: logSpec{severity: severityError, unread: severityError, read: (*Reader).readCrash, headed: true}},
	{Name: "erlang", Files: []string{"erlang.log.[1-9]", "erlang.log.[1-9][0-9]"}, Form: entry.Clocked, Ring: true, spec: logSpec{read: (*Reader).readConsole}},
	{Name: "run_erl", Files: []string{"run_erl.log"}, spec: logSpec{read: (*Reader).readPlain}},
	{Name: "sysctl", Files: []string{"sysctl.log"}, Form: entry.Whole, spec: logSpec{read: (*Reader).readPlain}},
	{Name: "ulimit", Files: []string{"ulimit.log"}, Form: entry.Whole, spec: logSpec{read: (*Reader).readPlain}},
	{Name: "erl_crash", Files: []string{"erl_crash.dump"}, Form: entry.Dump, spec: logSpec{severity: severityEmergency, unread: severityEmergency, read: (*Reader).readDump}},
	{Name: logWaitTimeout, Files: []string{logWaitTimeout + "/*.jsonl"}, Small: true, spec: logSpec{
		lines: true, severity: severityError, unread: severityError, event: "sora.connection_created_wait_timeout",
	}},
}

// jsonl is a log with a JSON object or a legacy line in each line.
func jsonl(name string, spec logSpec) Log {
	spec.lines = true
	return Log{Name: name, Files: []string{name + ".log", name + ".jsonl"}, spec: spec}
}

// failed is of webhooks that could not be sent; the prefix sets them apart from what
// they failed to send.
func failed(prefix string) logSpec {
	return logSpec{severity: severityError, unread: severityError, prefix: prefix}
}

// specs are those of table by name, with their defaults.
var specs = func() map[string]logSpec {
	m := make(map[string]logSpec, len(table))
	for _, l := range table {
		s := l.spec
		s.severity = cmp.Or(s.severity, severityInfo)
		s.prefix = cmp.Or(s.prefix, "sora.")
		m[l.Name] = s
	}
	return m
}()

// specOf is how the log called name is taken. A log that Sora's vendor does
// not describe is taken as text or JSON, whatever its lines look like.
func specOf(name string) logSpec {
	if s, ok := specs[name]; ok {
		return s
	}
	return logSpec{severity: severityInfo, prefix: "sora."}
}

// Logs are the names of the logs that Sora's vendor describes.
func Logs() []string {
	names := make([]string, len(table))
	for i := range table {
		names[i] = table[i].Name
	}
	return names
}

// severityOf is the OTLP severity number of a level, however it is written, or 0.
func severityOf(level []byte) int {
	var buf [len("emergency")]byte
	if n := severityNumber(level); n > 0 || len(level) > len(buf) {
		return n
	}
	small := buf[:len(level)]
	for i, c := range level {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		small[i] = c
	}
	return severityNumber(small)
}

// severityNumber knows Erlang's levels, and what other libraries and nodes in other
// languages call them.
func severityNumber(level []byte) int {
	switch string(level) {
	case "trace":
		return severityTrace
	case "debug":
		return severityDebug
	case "info":
		return severityInfo
	case "notice":
		return severityNotice
	case "warning", "warn":
		return severityWarning
	case "error", "err":
		return severityError
	case "critical", "crit":
		return severityCritical
	case "alert":
		return severityAlert
	case "emergency", "emerg", "fatal":
		return severityEmergency
	}
	return 0
}

// readPlain takes an entry as the text it is.
func (r *Reader) readPlain() bool { return true }
