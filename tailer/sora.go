package tailer

// SoraRules returns how the files in the log directory of WebRTC SFU Sora are
// followed. The first rule that matches decides.
func SoraRules() []Rule {
	return []Rule{
		{Pattern: "crash.log", Form: Reports},
		{Pattern: "erlang.log.[1-9]", Log: "erlang", Form: Clocked, Ring: true},
		{Pattern: "sysctl.log", Form: Whole},
		{Pattern: "ulimit.log", Form: Whole},
		{Pattern: "erl_crash.dump", Form: Dump},
		{Pattern: "connection_created_wait_timeout_error/*.jsonl", Log: "connection_created_wait_timeout_error", Small: true},
		{Pattern: "*.log"},
		{Pattern: "*.jsonl"},
	}
}
