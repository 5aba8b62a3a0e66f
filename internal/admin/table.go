package admin

import (
	"slices"

	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/pexip"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/convert/sora"
	"github.com/rtcship/rtcship/internal/pipeline"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
)

// A metricRow is one metric: what it is called and where its values come from.
type metricRow struct {
	name    string // OpenTelemetry's name
	prom    string // what Prometheus' naming makes of it
	unit    string // UCUM; "" for a flag
	counter bool   // or a gauge
	labels  []string
	help    string
	values  func(s *pipeline.Status, emit func(v float64, labels ...string))
}

type emit = func(v float64, labels ...string)

// table is every metric. The number of series is bounded: files count by log,
// logs that are none of Sora's as "other", and events by the catalogues.
var table = []metricRow{
	{"rtcship.entries.read", "rtcship_entries_read_total", "{entry}", true, []string{"source"},
		"Entries taken off files and spool", perLedger(func(l pipeline.Ledger) int64 { return l.Read })},
	{"rtcship.entries.empty", "rtcship_entries_empty_total", "{entry}", true, []string{"source"},
		"Entries that hold nothing to send", perLedger(func(l pipeline.Ledger) int64 { return l.Empty })},
	{"rtcship.entries.dropped", "rtcship_entries_dropped_total", "{entry}", true, []string{"source", "rule"},
		"Entries that a rule of the configuration keeps from being sent: min_severity or one of drop", dropped},
	{"rtcship.entries.in_flight", "rtcship_entries_in_flight", "{entry}", false, []string{"source"},
		"Entries that are under way", perLedger(func(l pipeline.Ledger) int64 { return l.InFlight })},
	{"rtcship.records", "rtcship_records_total", "{record}", true, []string{"source", "outcome"},
		"Records by outcome: accepted, rejected by partial success, dead letter", records},
	{"rtcship.text", "rtcship_text_bytes_total", "By", true, []string{"source"},
		"Text of settled entries", perLedger(func(l pipeline.Ledger) int64 { return l.Bytes })},

	{"rtcship.lag", "rtcship_lag_bytes", "By", false, []string{"source", "log"},
		"Bytes on disk that are not settled, uncompressed", perLog(func(f *tailer.FileStatus) float64 { return float64(f.Lag) }, sum)},
	{"rtcship.lag.seconds", "rtcship_lag_seconds", "s", false, []string{"source", "log"},
		"For how long there have been unsettled bytes", perLog(func(f *tailer.FileStatus) float64 { return f.Behind.Seconds() }, largest)},
	{"rtcship.files", "rtcship_files", "{file}", false, []string{"source", "log", "state"},
		"Files that are followed or remembered", files},
	{"rtcship.gaps", "rtcship_gaps_total", "{gap}", true, []string{"source", "log", "reason"},
		"Places where bytes were lost", gaps(func(g entry.Gap) float64 { return float64(1 + g.More) })},
	{"rtcship.gap", "rtcship_gap_bytes_total", "By", true, []string{"source", "log", "reason"},
		"Bytes that were lost", gaps(func(g entry.Gap) float64 { return float64(g.Bytes) })},
	{"rtcship.entries.cut", "rtcship_entries_cut_total", "{entry}", true, []string{"source", "log"},
		"Entries that are parts of one over max_entry", perLog(func(f *tailer.FileStatus) float64 { return float64(f.Cut) }, sum)},
	{"rtcship.checkpoint.age", "rtcship_checkpoint_age_seconds", "s", false, nil,
		"Time since the positions were last known to be saved", checkpointAge},

	{"rtcship.syslog.messages", "rtcship_syslog_messages_total", "{message}", true, []string{"listener", "transport"},
		"Messages that reached the spool", perListener(func(l listener) uint64 { return l.Messages })},
	{"rtcship.syslog.text", "rtcship_syslog_text_bytes_total", "By", true, []string{"listener", "transport"},
		"Text of those messages", perListener(func(l listener) uint64 { return l.Bytes })},
	{"rtcship.syslog.dropped", "rtcship_syslog_dropped_total", "{message}", true, []string{"listener", "transport", "reason"},
		"Messages that did not reach the spool", perReason(func(l listener) map[string]uint64 { return l.Dropped })},
	{"rtcship.syslog.refused", "rtcship_syslog_refused_total", "{connection}", true, []string{"listener", "transport", "reason"},
		"Connections that were refused or ended", perReason(func(l listener) map[string]uint64 { return l.Refused })},
	{"rtcship.syslog.connections", "rtcship_syslog_connections", "{connection}", false, []string{"listener", "transport"},
		"Connections that are open", perListener(func(l listener) uint64 { return uint64(l.Connections) })},
	{"rtcship.syslog.cut", "rtcship_syslog_cut_total", "{message}", true, []string{"listener", "transport"},
		"Pieces of messages over max_message", perListener(func(l listener) uint64 { return l.Cut })},
	{"rtcship.syslog.bad_counts", "rtcship_syslog_bad_counts_total", "{message}", true, []string{"listener", "transport"},
		"Octet counts that were wrong, so that the end of the message had to be looked for", perListener(func(l listener) uint64 { return l.BadCounts })},
	{"rtcship.syslog.malformed", "rtcship_syslog_malformed_total", "{message}", true, []string{"listener", "transport"},
		"Frames with a bad octet count, or that their connection ended within", perListener(func(l listener) uint64 { return l.BadCounts + l.Half })},
	{"rtcship.udp.kernel_drops", "rtcship_udp_kernel_drops_total", "{datagram}", true, []string{"listener", "transport"},
		"Datagrams that the kernel had no room for", perListener(func(l listener) uint64 { return l.KernelDrops })},

	{"rtcship.spool", "rtcship_spool_bytes", "By", false, nil,
		"Bytes that the spool takes on disk", spoolValue(func(s spoolStatus) float64 { return float64(s.Bytes) })},
	{"rtcship.spool.max", "rtcship_spool_max_bytes", "By", false, nil,
		"Bytes that the spool may take", spoolValue(func(s spoolStatus) float64 { return float64(s.MaxBytes) })},
	{"rtcship.spool.damaged", "rtcship_spool_damaged_bytes_total", "By", true, nil,
		"Bytes of the spool that were damaged and passed over", spoolValue(func(s spoolStatus) float64 { return float64(s.TornBytes + s.DamagedBytes) })},
	{"rtcship.spool.damages", "rtcship_spool_damages_total", "{place}", true, nil,
		"Places in the spool at which messages were lost by damage", spoolValue(func(s spoolStatus) float64 { return float64(s.Damages) })},

	{"rtcship.requests", "rtcship_requests_total", "{request}", true, []string{"code"},
		"Attempts to deliver a request, by the code of the answer", requests},
	{"rtcship.request", "rtcship_request_seconds_total", "s", true, nil,
		"Time that attempts took, all together", exportValue(func(e exportStatus) float64 { return e.LatencySum.Seconds() })},
	{"rtcship.requests.in_flight", "rtcship_requests_in_flight", "{request}", false, nil,
		"Requests that are sent or wait to be sent again", exportValue(func(e exportStatus) float64 { return float64(e.InFlight) })},
	{"rtcship.retries", "rtcship_retries_total", "{retry}", true, nil,
		"Attempts that were repeated", exportValue(func(e exportStatus) float64 { return float64(e.Retries) })},
	{"rtcship.wire", "rtcship_wire_bytes_total", "By", true, nil,
		"Bytes of all attempts after compression", exportValue(func(e exportStatus) float64 { return float64(e.WireBytes) })},
	{"rtcship.collector.up", "rtcship_collector_up", "", false, nil,
		"Whether the last answer accepted records", exportValue(func(e exportStatus) float64 { return yes(e.Connected) })},
	{"rtcship.delivery.paused", "rtcship_delivery_paused", "", false, nil,
		"Whether delivery is paused because a dead letter cannot be written", exportValue(func(e exportStatus) float64 { return yes(e.Paused) })},
	{"rtcship.dead_letters", "rtcship_dead_letters", "{record}", false, nil,
		"Records that are kept as dead letters", exportValue(func(e exportStatus) float64 { return float64(e.DeadLetters.Letters) })},
	{"rtcship.dead_letter", "rtcship_dead_letter_bytes", "By", false, nil,
		"Bytes that they take", exportValue(func(e exportStatus) float64 { return float64(e.DeadLetters.Bytes) })},

	{"rtcship.spans.accepted", "rtcship_spans_accepted_total", "{span}", true, nil,
		"Spans of calls that the endpoint for traces has acknowledged", spansAccepted},
	{"rtcship.spans.dropped", "rtcship_spans_dropped_total", "{span}", true, []string{"reason"},
		"Spans that were given up, so that logs do not wait for them", spansDropped},
	{"rtcship.spans.unmade", "rtcship_spans_unmade_total", "{call}", true, []string{"source", "reason"},
		"Lines that close a call and made no span", spansUnmade},
	{"rtcship.spans.backward", "rtcship_spans_backward_total", "{span}", true, []string{"source"},
		"Spans of calls that ended before they began, by a clock that was set back", perCount(func(c record.Counts) int { return c.Backward })},
	{"rtcship.traces.up", "rtcship_traces_up", "", false, nil,
		"Whether batches wait for their spans: the endpoint for traces answers within a second", tracesUp},

	{"rtcship.parse_failures", "rtcship_parse_failures_total", "{entry}", true, []string{"source", "format"},
		"Entries that could not be understood and were sent as they stand", parseFailures},
	{"rtcship.attributes.beyond", "rtcship_attributes_beyond_total", "{entry}", true, []string{"source", "reason"},
		"Entries with more in them than becomes attributes: the pairs of a message (pairs), the fields of a line (fields). Nothing is lost: the body has them, or pexip.rest", attributesBeyond},
	{"rtcship.redactions", "rtcship_redactions_total", "{secret}", true, []string{"source"},
		"Secrets that were masked", perCount(func(c record.Counts) int { return c.Redacted })},
	{"rtcship.invalid_utf8", "rtcship_invalid_utf8_bytes_total", "By", true, []string{"source"},
		"Bytes that were no UTF-8", perCount(func(c record.Counts) int { return c.InvalidUTF8 })},
	{"rtcship.hosts.beyond", "rtcship_hosts_beyond_total", "{record}", true, []string{"source"},
		"Records that say host.name themselves, since their batch held more systems than may have a resource", perCount(func(c record.Counts) int { return c.Unresourced })},
	{"rtcship.body_parts", "rtcship_body_parts_total", "{record}", true, []string{"source"},
		"Records that hold a part of a body over max_body", perCount(func(c record.Counts) int { return c.Parts })},
	{"rtcship.events", "rtcship_events_total", "{event}", true, []string{"source", "event", "level"},
		"Settled entries of the catalogues' events, those too that a rule drops. Sora leaves lines out in a flood, so these are lower bounds", events},

	{"rtcship.log.lost", "rtcship_log_lost_total", "{message}", true, nil,
		"Messages of rtcship's own log that standard error did not take", func(s *pipeline.Status, put emit) { put(float64(s.LogLost)) }},
	{"rtcship.admin.connections", "rtcship_admin_connections", "{connection}", false, nil,
		"Connections to the admin addresses", adminValue(func(a *pipeline.AdminStatus) float64 { return float64(a.Connections) })},
	{"rtcship.admin.refused", "rtcship_admin_refused_total", "{request}", true, []string{"reason"},
		"Connections that were closed to make room for others (full), requests for a page under another name (host)", adminRefused},
	{"rtcship.checkpoints.damaged", "rtcship_checkpoints_damaged", "{file}", false, nil,
		"Damaged checkpoints that are kept in the state directory", func(s *pipeline.Status, put emit) { put(float64(len(s.Damaged))) }},
	{"rtcship.directories.unreadable", "rtcship_directories_unreadable", "{directory}", false, nil,
		"Directories that logs are looked for in and that cannot be listed", func(s *pipeline.Status, put emit) { put(float64(len(s.Unlistable))) }},
	{"rtcship.state", "rtcship_state", "", false, []string{"state"},
		"1 for the state that the status page shows", state},
	{"rtcship.build.info", "rtcship_build_info", "", false, []string{"version"},
		"Always 1", func(s *pipeline.Status, put emit) { put(1, s.Version) }},
}

func adminValue(f func(*pipeline.AdminStatus) float64) func(*pipeline.Status, emit) {
	return func(s *pipeline.Status, put emit) {
		if s.Admin != nil {
			put(f(s.Admin))
		}
	}
}

func adminRefused(s *pipeline.Status, put emit) {
	if s.Admin != nil {
		put(float64(s.Admin.Closed), "full")
		put(float64(s.Admin.Refused), "host")
	}
}

func yes(on bool) float64 {
	if on {
		return 1
	}
	return 0
}

func state(s *pipeline.Status, put emit) {
	for _, state := range []pipeline.State{pipeline.Green, pipeline.Amber, pipeline.Red} {
		put(yes(s.State == state), string(state))
	}
}

func records(s *pipeline.Status, put emit) {
	for source, l := range s.Ledger {
		put(float64(l.Accepted), source, "accepted")
		put(float64(l.Rejected), source, "rejected")
		put(float64(l.Dead), source, "dead")
	}
}

func dropped(s *pipeline.Status, put emit) {
	for source, l := range s.Ledger {
		for rule, n := range l.DroppedBy {
			put(float64(n), source, rule)
		}
	}
}

func requests(s *pipeline.Status, put emit) {
	if s.Export == nil {
		return
	}
	for code, n := range s.Export.Requests {
		put(float64(n), code)
	}
}

func spansAccepted(s *pipeline.Status, put emit) {
	if s.Spans != nil {
		put(float64(s.Spans.Accepted))
	}
}

func spansDropped(s *pipeline.Status, put emit) {
	if s.Spans == nil {
		return
	}
	for reason, n := range s.Spans.Dropped {
		put(float64(n), reason)
	}
}

func spansUnmade(s *pipeline.Status, put emit) {
	for source, c := range s.Counts {
		for fault, n := range c.Spanless {
			if n > 0 {
				put(float64(n), source, cdr.Fault(fault).String())
			}
		}
	}
}

func tracesUp(s *pipeline.Status, put emit) {
	if s.Spans != nil {
		put(yes(!s.Spans.Away))
	}
}

func parseFailures(s *pipeline.Status, put emit) {
	for source, c := range s.Counts {
		for i, n := range c.ParseErrors {
			put(float64(n), source, record.Format(i).String())
		}
	}
}

func attributesBeyond(s *pipeline.Status, put emit) {
	for source, c := range s.Counts {
		for i, n := range c.Beyond {
			put(float64(n), source, record.Limit(i).String())
		}
	}
}

// events leaves out those that were never seen: the catalogues are long.
func events(s *pipeline.Status, put emit) {
	for i, n := range s.Counts["sora"].SoraEvents {
		if e := &sora.Events()[i]; n > 0 {
			put(float64(n), "sora", e.Name(), e.Level)
		}
	}
	sums := map[[2]string]int{} // several messages may share an event
	for i, n := range s.Counts["pexip"].PexipEvents {
		if m := &pexip.Messages()[i]; n > 0 {
			sums[[2]string{m.Event, m.Level}] += n
		}
	}
	for k, n := range sums {
		put(float64(n), "pexip", k[0], k[1])
	}
}

func checkpointAge(s *pipeline.Status, put emit) {
	if !s.Saved.IsZero() {
		put(max(0, s.Now.Sub(s.Saved).Seconds())) // it may be asked for a moment after s.Now
	}
}

// logLabel bounds the values of the label log: a directory may hold any number
// of files with names of their own.
func logLabel(log string) string {
	if log == "" || slices.Contains(soraLogs, log) {
		return log
	}
	return "other"
}

// soraLogs are the logs that Sora's vendor describes.
var soraLogs = sora.Logs()
