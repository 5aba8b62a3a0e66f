package dashboards

func sora(text string, match ...[2]string) Where {
	return Where{Service: "sora", Text: text, Match: match}
}

func pexip(text string, match ...[2]string) Where {
	return Where{Service: "pexip-infinity", Text: text, Match: match}
}

var failedJoin = [2]string{"sora.category", "signaling|license|auth_webhook"}

// ended picks what the event webhook says of connections that are over.
var ended = [][2]string{{"sora.log", "event_webhook"}, {"sora.type", `connection\.destroyed`}}

// Sora asks what an operator of Sora asks.
var Sora = Board{
	UID: "rtcship-sora", Title: "Sora", Service: "sora",
	Help: "Is anyone failing to join, why, and where. A click on a channel or a connection shows its log lines below.",
	Variables: [][3]string{
		{"channel", "Channel", "sora.channel_id"}, {"connection", "Connection", "sora.connection_id"},
	},
	Questions: []Question{
		{Kind: Row, Title: "Is anyone failing to join?"},
		{Kind: Count, Title: "Failures while joining", Width: 6, Where: sora("", failedJoin), Unit: "short",
			Help: "Lines with a code of signaling, licence or authentication. Sora skips lines in a flood, so there may have been more."},
		{Kind: Count, Title: "Connections", Width: 6, Where: sora("", [2]string{"sora.log", "event_webhook"}, [2]string{"sora.type", `connection\.created`}), Unit: "short",
			Help: "Connections that came about, as told to the event webhook."},
		{Kind: Count, Title: "Refused by authentication", Width: 6, Where: sora("", [2]string{"sora.log", "auth_webhook"}, [2]string{"sora.allowed", "false"}), Unit: "short",
			Help: "Answers of the authentication webhook that did not let a client in."},
		{Kind: Count, Title: "Over the licence", Width: 6, Where: sora("", [2]string{"sora.code", "EXCEED-MAX-CONNECTIONS|EXPIRED-LICENSE"}), Unit: "short",
			Help: "Connections refused because the licence allows no more, or has ended."},
		{Kind: OverTime, Title: "Failures while joining, by code", Width: 24, Where: sora("", failedJoin), By: "sora.code", Unit: "short",
			Help: "rtcship explain CODE says what a code means and what to do."},
		{Kind: Row, Title: "Why?"},
		{Kind: Top, Title: "Most frequent codes", Width: 8, Where: sora("", [2]string{"sora.code", ""}), By: "sora.code", Unit: "short",
			Help: "All codes, of warnings too."},
		{Kind: Top, Title: "Reasons of codes", Width: 8, Where: sora("", [2]string{"sora.reason", ""}), By: "sora.reason", Unit: "short",
			Help: "What Sora wrote behind the code, as it stands."},
		{Kind: Top, Title: "Refused, why", Width: 8, Where: sora("", [2]string{"sora.log", "auth_webhook"}, [2]string{"sora.allowed", "false"}, [2]string{"sora.reason_text", ""}), By: "sora.reason_text", Unit: "short",
			Help: "What the authentication webhook gave as its reason."},
		{Kind: OverTime, Title: "Lines by level", Width: 24, Where: sora(""), By: "detected_level", Unit: "short",
			Help: "All lines of all logs."},
		{Kind: Row, Title: "Where?"},
		{Kind: Top, Title: "Channels with failures", Width: 8, Where: sora("", failedJoin, [2]string{"sora.channel_id", ""}), By: "sora.channel_id", Unit: "short", Link: "channel",
			Help: "A click shows the lines of the channel."},
		{Kind: Top, Title: "Connections with failures", Width: 8, Where: sora("", failedJoin, [2]string{"sora.connection_id", ""}), By: "sora.connection_id", Unit: "short", Link: "connection",
			Help: "A click shows the lines of the connection."},
		{Kind: Top, Title: "Nodes with failures", Width: 8, Where: sora("", failedJoin, [2]string{"sora.node", ""}), By: "sora.node", Unit: "short",
			Help: "One node alone points at that node or its network."},
		{Kind: Row, Title: "Webhooks"},
		{Kind: OverTime, Title: "Webhook failures", Width: 8, Where: sora("", [2]string{"sora.log", ".*_webhook_error"}), By: "sora.log", Unit: "short",
			Help: "Calls of webhooks that failed, by kind of webhook."},
		{Kind: Top, Title: "Webhook failures by event", Width: 8, Where: sora("", [2]string{"sora.log", ".*_webhook_error"}), By: "sora.type", Unit: "short",
			Help: "What Sora wanted to tell."},
		{Kind: Top, Title: "Webhook failures by reason", Width: 8, Where: sora("", [2]string{"sora.log", ".*_webhook_error"}, [2]string{"sora.reason_text", ""}), By: "sora.reason_text", Unit: "short",
			Help: "Why the calls failed, in Sora's words or in those of the other side."},
		{Kind: Row, Title: "Connections, sessions, crashes"},
		{Kind: Quantile, Title: "Connection time, 95th percentile", Width: 8, Where: sora("", ended...), Value: "sora.minutes", By: "sora.channel_id", Unit: "m",
			Help: "Minutes that connections lasted that ended, by channel. A drop means that they break off."},
		{Kind: Top, Title: "Why connections ended", Width: 8, Where: sora("", [2]string{"sora.log", "connection"}, [2]string{"sora.destroyed_reason", ""}), By: "sora.destroyed_reason", Unit: "short",
			Help: "Which way the connections ended, by the connection log. The reason of that way is in the line: sora.type_disconnect_reason, sora.websocket_terminated_reason and so on."},
		{Kind: Top, Title: "Why calls failed", Width: 8, Where: sora("", [2]string{"sora.log", "event_webhook"}, [2]string{"sora.type", `connection\.failed`}, [2]string{"sora.message", ""}), By: "sora.message", Unit: "short",
			Help: "Connections that never came about, as told to the event webhook."},
		{Kind: Top, Title: "Connections that ended", Width: 8, Where: sora("", append(ended, [2]string{"sora.connection_id", ""})...), By: "sora.connection_id", Unit: "short", Link: "connection",
			Help: "A click shows the lines of the connection."},
		{Kind: OverTime, Title: "Connections and sessions", Width: 8, Where: sora("", [2]string{"sora.log", "event_webhook|session_webhook"}), By: "sora.type", Unit: "short",
			Help: "Created and destroyed, as told to the webhooks."},
		{Kind: Count, Title: "Crash reports and dumps", Width: 8, Where: sora("", [2]string{"sora.log", "crash|erl_crash"}), Unit: "short",
			Help: "Entries of crash.log, and erl_crash.dump. Any of them is worth a look, or a letter to the vendor with rtcship bundle."},
		{Kind: Top, Title: "Crashes by kind", Width: 8, Where: sora("", [2]string{"sora.crash.kind", ""}), By: "sora.crash.kind", Unit: "short",
			Help: "Supervisor, crash or error report."},
		{Kind: Top, Title: "Processes that died", Width: 16, Where: sora("", [2]string{"sora.log", "crash"}, [2]string{"sora.crash.registered_name", ""}), By: "sora.crash.registered_name", Unit: "short",
			Help: "Those that have a name. What they died of is in exception.message of their reports."},
		{Kind: Row, Title: "Log lines"},
		{Kind: Lines, Title: "Log lines of $channel $connection", Width: 24,
			Where: Where{Service: "sora", Filters: []string{"sora.channel_id=channel", "sora.connection_id=connection"}},
			Help:  "Narrow down with the variables above, or by a click in one of the tables."},
	},
}

// Pexip asks what an operator of Pexip Infinity asks.
var Pexip = Board{
	UID: "rtcship-pexip", Title: "Pexip", Service: "pexip-infinity",
	Help: "Joins, failures, call quality, capacity. A click on a conference or a call shows its log lines below.",
	Variables: [][3]string{
		{"conference", "Conference", "pexip.conference"}, {"call", "Call", "pexip.call_id"},
	},
	Questions: []Question{
		{Kind: Row, Title: "Is anyone failing to join?"},
		{Kind: Count, Title: "Failed to join", Width: 6, Where: pexip("Participant failed to join conference"), Unit: "short", Help: "Calls that were refused."},
		{Kind: Count, Title: "Joined", Width: 6, Where: pexip("Participant has joined"), Unit: "short", Help: "Participants that got in."},
		{Kind: Count, Title: "Wrong PIN", Width: 6, Where: pexip("", [2]string{"pexip.module", `administrator\.conference`}).with("incorrect conference PIN"), Unit: "short", Help: "Attempts with a wrong PIN. Many in a short time may be guessing."},
		{Kind: Count, Title: "Conferences that could not start", Width: 6, Where: pexip("Failed creating conference"), Unit: "short", Help: "A conference could not be started on a node."},
		{Kind: OverTime, Title: "Failures by reason", Width: 12, Where: pexip("Participant failed to join conference"), By: "pexip.detail", Unit: "short", Help: "The detail of the message. Insufficient licences or capacity are said here."},
		{Kind: Top, Title: "Most frequent reasons", Width: 12, Where: pexip("Participant failed to join conference"), By: "pexip.detail", Unit: "short", Help: "The same as a list."},
		{Kind: Row, Title: "Where?"},
		{Kind: Top, Title: "Conferences with failures", Width: 8, Where: pexip("Participant failed to join conference", [2]string{"pexip.conference", ""}), By: "pexip.conference", Unit: "short", Link: "conference", Help: "A click shows the lines of the conference."},
		{Kind: Top, Title: "Locations with failures", Width: 8, Where: pexip("Participant failed to join conference", [2]string{"pexip.location", ""}), By: "pexip.location", Unit: "short", Help: "System locations."},
		{Kind: Top, Title: "Systems with failures", Width: 8, Where: pexip("Participant failed to join conference"), By: "host.name", Unit: "short", Help: "The node that logged it."},
		{Kind: Row, Title: "Calls"},
		{Kind: Quantile, Title: "Call duration, 95th percentile", Width: 8, Where: pexip("Participant has disconnected"), Value: "pexip.duration", By: "pexip.protocol", Unit: "s", Help: "By protocol. A drop means that calls break off."},
		{Kind: Top, Title: "Why calls ended", Width: 8, Where: pexip("Participant has disconnected"), By: "pexip.detail", Unit: "short", Help: "Anything but a hang-up is worth a look."},
		{Kind: Top, Title: "Calls that ended", Width: 8, Where: pexip("Participant has disconnected", [2]string{"pexip.call_id", ""}), By: "pexip.call_id", Unit: "short", Link: "call", Help: "A click shows the lines of the call."},
		{Kind: Quantile, Title: "Loss received, 95th percentile", Width: 8, Where: pexip("Media Stream destroyed"), Value: "pexip.media.rx.loss_percent", By: "pexip.media.kind", Unit: "percent", Help: "From participants, of streams that ended. Audio suffers from 2 % on."},
		{Kind: Quantile, Title: "Loss sent, 95th percentile", Width: 8, Where: pexip("Media Stream destroyed"), Value: "pexip.media.tx.loss_percent", By: "pexip.media.kind", Unit: "percent", Help: "To participants, as they report it."},
		{Kind: Quantile, Title: "Jitter received, 95th percentile", Width: 8, Where: pexip("Media Stream destroyed"), Value: "pexip.media.rx.jitter_ms", By: "pexip.media.kind", Unit: "ms", Help: "From participants, of streams that ended."},
		{Kind: Row, Title: "Licences, capacity, registrations"},
		{Kind: OverTime, Title: "Refused for want of licences", Width: 8, Where: pexip("Participant failed to join conference", [2]string{"pexip.detail", ".*icense.*"}), By: "pexip.location", Unit: "short", Help: "Calls that failed because there was no licence left, by location."},
		{Kind: Quantile, Title: "Licences of a call, 95th percentile", Width: 8, Where: pexip("Participant has disconnected"), Value: "pexip.licenses", By: "pexip.service_type", Unit: "short", Help: "Licences that a call took, by kind of service."},
		{Kind: OverTime, Title: "Bursts to the cloud", Width: 8, Where: pexip("", [2]string{"pexip.module", `administrator\.apps\.cloudbursting`}), By: "pexip.location", Unit: "short", Help: "A location is near its capacity, and a cloud node is started, or is no longer needed."},
		{Kind: OverTime, Title: "Registrations", Width: 8, Where: pexip("", [2]string{"pexip.module", `administrator\.registration`}), By: "pexip.protocol", Unit: "short", Help: "Devices that registered or went, by protocol."},
		{Kind: OverTime, Title: "Nodes that lost each other", Width: 8, Where: pexip("Connectivity lost to node"), By: "pexip.node", Unit: "short", Help: "Nodes that another one no longer reached."},
		{Kind: Top, Title: "Failed logins of administrators", Width: 8, Where: pexip("User login failed"), By: "pexip.user", Unit: "short", Help: "By name. Many in a short time are guesses."},
		{Kind: Top, Title: "Changes by administrators", Width: 8, Where: pexip("Configuration", [2]string{"pexip.module", `administrator\.configuration`}), By: "pexip.user", Unit: "short", Help: "Who changed the configuration how often."},
		{Kind: Row, Title: "Log lines"},
		{Kind: Lines, Title: "Log lines of $conference $call", Width: 24,
			Where: Where{Service: "pexip-infinity", Filters: []string{"pexip.conference=conference", "pexip.call_id=call"}},
			Help:  "Narrow down with the variables above, or by a click in one of the tables."},
	},
}

func (w Where) with(text string) Where {
	w.Text = text
	return w
}

// A Series is one panel about rtcship itself, in Prometheus' words.
type Series struct {
	Title, Help, Query, Legend, Unit string
	Stat                             bool // one number, of the end of the chosen time
	Width                            int
	Table                            bool // a list, likewise
	Exemplars                        bool // dots that lead to traces
}

// Itself asks whether rtcship ships. Every query is of rtcship's own metrics.
var Itself = []Series{
	{"State", "Green, amber or red, as on the status page, with the number of processes in each.", `sum by (state) (rtcship_state{$filter})`, "{{state}}", "short", true, 6, false, false},
	{"Not delivered", "Bytes on disk that the collector has not acknowledged.", `sum(rtcship_lag_bytes{$filter})`, "", "bytes", true, 6, false, false},
	{"Lost", "Bytes that were there and cannot be had any more, in the chosen time.", `sum(increase(rtcship_gap_bytes_total{$filter}[$__range]))`, "", "bytes", true, 6, false, false},
	{"Dead letters", "Records that the collector refused for good, and that are kept.", `sum(rtcship_dead_letters{$filter})`, "", "short", true, 6, false, false},
	{"Records a second, by outcome", "Accepted is all one wants to see.", `sum by (outcome) (rate(rtcship_records_total{$filter}[$__rate_interval]))`, "{{outcome}}", "ops", false, 12, false, false},
	{"Behind, by log", "For how long there have been lines that are not delivered.", `max by (source, log) (rtcship_lag_seconds{$filter})`, "{{source}} {{log}}", "s", false, 12, false, false},
	{"Answers of the collector", "Attempts by code; OK is all one wants to see.", `sum by (code) (rate(rtcship_requests_total{$filter}[$__rate_interval]))`, "{{code}}", "ops", false, 12, false, false},
	{"Time of an attempt", "Mean time until the collector answers.", `sum(rate(rtcship_request_seconds_total{$filter}[$__rate_interval])) / sum(rate(rtcship_requests_total{$filter}[$__rate_interval]))`, "", "s", false, 12, false, false},
	{"Furthest behind", "The ten processes that have had undelivered lines for the longest, in seconds.", `topk(10, max by (namespace, pod, instance) (rtcship_lag_seconds{$filter})) > 0`, "", "s", false, 8, true, false},
	{"Refused most", "The ten processes with the most attempts that the collector did not accept, in the chosen time.", `topk(10, sum by (namespace, pod, instance) (increase(rtcship_requests_total{$filter, code!="OK"}[$__range]))) > 0`, "", "short", false, 8, true, false},
	{"Versions in use", "Processes by version.", `count by (version) (rtcship_build_info{$filter})`, "", "short", false, 8, true, false},
	{"Syslog received", "Messages a second that reached the spool.", `sum by (transport) (rate(rtcship_syslog_messages_total{$filter}[$__rate_interval]))`, "{{transport}}", "ops", false, 8, false, false},
	{"Syslog lost", "Messages a second that did not reach the spool, and datagrams that the kernel dropped.", `sum by (transport, reason) (rate(rtcship_syslog_dropped_total{$filter}[$__rate_interval])) or sum by (transport) (rate(rtcship_udp_kernel_drops_total{$filter}[$__rate_interval]))`, "{{transport}} {{reason}}", "ops", false, 8, false, false},
	{"Spool", "How full it is. A full spool slows TCP and TLS down, and drops UDP.", `max by (instance) (rtcship_spool_bytes{$filter} / rtcship_spool_max_bytes{$filter})`, "{{instance}}", "percentunit", false, 8, false, false},
	{"Not understood", "Entries a second that were sent as they stand.", `sum by (source, format) (rate(rtcship_parse_failures_total{$filter}[$__rate_interval]))`, "{{source}} {{format}}", "ops", false, 8, false, false},
	{"Events", "Errors of Sora and Pexip a second, by event.", `topk(10, sum by (event) (rate(rtcship_events_total{$filter, level=~"error|critical|emergency"}[$__rate_interval])))`, "{{event}}", "ops", false, 8, false, false},
	{"Age of the saved positions", "After a crash at most what was settled since is sent again.", `max by (instance) (rtcship_checkpoint_age_seconds{$filter})`, "{{instance}}", "s", false, 8, false, false},
}
