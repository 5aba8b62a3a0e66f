package tailer

import "github.com/rtcship/rtcship/tailer/entry"

// SoraRules returns how the files in the log directory of WebRTC SFU Sora are
// followed. The first rule that matches decides.
//
// The logs are named one by one although the last two patterns would take them
// in as well: of a log that is known by name, "sora-20261121.jsonl" is a
// rotated generation even while there is no "sora.jsonl".
func SoraRules() []Rule {
	rules := []Rule{
		{Pattern: "crash.log", Form: entry.Reports},
		{Pattern: "erlang.log.[1-9]", Log: "erlang", Form: entry.Clocked, Ring: true},
		{Pattern: "erlang.log.[1-9][0-9]", Log: "erlang", Form: entry.Clocked, Ring: true},
		{Pattern: "run_erl.log"},
		{Pattern: "sysctl.log", Form: entry.Whole},
		{Pattern: "ulimit.log", Form: entry.Whole},
		{Pattern: "erl_crash.dump", Form: entry.Dump},
		{Pattern: "connection_created_wait_timeout_error/*.jsonl", Log: "connection_created_wait_timeout_error", Small: true},
	}
	for _, log := range []string{
		"sora", "connection", "signaling", "api", "internal", "cluster", "rtc_stats", "debug",
		"auth_webhook", "auth_webhook_error",
		"session_webhook", "session_webhook_error",
		"event_webhook", "event_webhook_error",
		"stats_webhook", "stats_webhook_error",
	} {
		rules = append(rules, Rule{Pattern: log + ".log"}, Rule{Pattern: log + ".jsonl"})
	}
	return append(rules, Rule{Pattern: "*.log"}, Rule{Pattern: "*.jsonl"})
}

// QuotedRules are the rules for files that match patterns and in which a line
// break within quotes does not end an entry.
func QuotedRules(patterns []string) []Rule {
	rules := make([]Rule, len(patterns))
	for i, p := range patterns {
		rules[i] = Rule{Pattern: p, Form: entry.Quoted}
	}
	return rules
}
