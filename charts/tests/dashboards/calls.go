package dashboards

import "fmt"

// during is how much a counter has grown in the chosen time. A series comes into
// being with its first call, and increase() sees nothing of that one: a series that
// was not there before counts with its whole value.
func during(selector string) string {
	return fmt.Sprintf("((%[1]s unless %[1]s offset $__range) or increase(%[1]s[$__range]))", selector)
}

// quantile is of a histogram over time, by labels.
func quantile(q float64, histogram, by string) string {
	return fmt.Sprintf("histogram_quantile(%g, sum by (le, %s) (increase(%s_bucket{$filter}[$__rate_interval])))", q, by, histogram)
}

// taken is a gauge of what was taken and has not been given back since rtcship started.
func taken(by, took, gave string) string {
	return fmt.Sprintf("clamp_min(sum by (%[1]s) (%[2]s) - (sum by (%[1]s) (%[3]s) or 0 * sum by (%[1]s) (%[2]s)), 0)", by, took, gave)
}

// people are the calls of which each is somebody's; the others are sessions,
// conferences and recordings.
const people = `call=~"sora.connection|pexip.participant"`

// Calls asks how calls went and how good their media were, of Prometheus alone.
var Calls = []Series{
	{Title: "Joined", Help: "Connections to Sora and participants of Pexip that came about in the chosen time.",
		Query: "sum(" + during(`rtcship_call_joins_total{$filter, outcome="joined"}`) + ") or vector(0)", Unit: "short", Stat: true, Width: 4},
	{Title: "Failed to join", Help: "Those that did not come about.",
		Query: "sum(" + during(`rtcship_call_joins_total{$filter, outcome="failed"}`) + ") or vector(0)", Unit: "short", Stat: true, Width: 4},
	{Title: "Join failure rate", Help: "Of all that tried. Above 10 % of at least 20 there is an alert.",
		Query: "sum(" + during(`rtcship_call_joins_total{$filter, outcome="failed"}`) + ") / sum(" + during(`rtcship_call_joins_total{$filter}`) + ")", Unit: "percentunit", Stat: true, Width: 4},
	{Title: "Calls that ended", Help: "Connections and participants, whatever the reason.",
		Query: "sum(" + during(`rtcship_call_ended_total{$filter, `+people+`}`) + ") or vector(0)", Unit: "short", Stat: true, Width: 4},
	{Title: "Ended within 10 s", Help: "Somebody joined and left at once, or was thrown out. Many at a time raise an alert.",
		Query: "sum(" + during(`rtcship_call_duration_seconds_bucket{$filter, `+people+`, le=~"10([.]0)?"}`) + ") or vector(0)", Unit: "short", Stat: true, Width: 4},
	{Title: "Streams with more than 3 % loss", Help: "Of all streams whose loss is known. Audio suffers from 2 % on, video from less.",
		Query: "1 - sum(" + during(`rtcship_media_loss_ratio_bucket{$filter, le="0.03"}`) + ") / sum(" + during(`rtcship_media_loss_ratio_count{$filter}`) + ")", Unit: "percentunit", Stat: true, Width: 4},

	{Title: "Why joins failed", Help: "By class of the reason. The logs have the reason itself.",
		Query: "topk(20, sum by (call, class) (" + during(`rtcship_call_joins_total{$filter, outcome="failed"}`) + "))", Unit: "short", Table: true, Width: 8},
	{Title: "Why calls ended", Help: "By reason; other stands for one that is in no list, such as the words of a client.",
		Query: "topk(20, sum by (call, class, reason) (" + during(`rtcship_call_ended_total{$filter, `+people+`}`) + "))", Unit: "short", Table: true, Width: 8},
	{Title: "Joins by location", Help: "Of Pexip's participants: where they are, and how many failed there.",
		Query: "topk(20, sum by (location, outcome) (" + during(`rtcship_call_joins_total{$filter, call="pexip.participant"}`) + "))", Unit: "short", Table: true, Width: 8},

	{Title: "Joins over time", Help: "Joined and failed.",
		Query: "sum by (call, outcome) (increase(rtcship_call_joins_total{$filter}[$__rate_interval]))", Legend: "{{call}} {{outcome}}", Unit: "short", Width: 12},
	{Title: "Going on", Help: "Begun less ended since rtcship started: too low while calls go on that began before it.",
		Query: taken("call", "rtcship_call_begun_total{$filter}", "rtcship_call_ended_total{$filter}"), Legend: "{{call}}", Unit: "short", Width: 12},
	{Title: "Duration, 95th percentile", Help: "A drop means that calls break off. A click on a dot leads to the call.",
		Query: quantile(0.95, "rtcship_call_duration_seconds", "call"), Legend: "{{call}}", Unit: "s", Exemplars: true, Width: 12},
	{Title: "Loss, 95th percentile", Help: "rx comes from participants, tx goes to them. A click on a dot leads to the call.",
		Query: quantile(0.95, "rtcship_media_loss_ratio", "source, kind, direction"), Legend: "{{source}} {{kind}} {{direction}}", Unit: "percentunit", Exemplars: true, Width: 12},
	{Title: "Jitter, 95th percentile", Help: "Above some 30 ms audio suffers. A click on a dot leads to the call.",
		Query: quantile(0.95, "rtcship_media_jitter_seconds", "source, kind, direction"), Legend: "{{source}} {{kind}} {{direction}}", Unit: "s", Exemplars: true, Width: 12},
	{Title: "Round trip time, 95th percentile", Help: "Of Sora's clients, where they report it. Above 300 ms people interrupt each other.",
		Query: quantile(0.95, "rtcship_media_round_trip_seconds", "source, kind"), Legend: "{{source}} {{kind}}", Unit: "s", Exemplars: true, Width: 12},
	{Title: "Bit rate, median", Help: "Of streams that ended; those that carried nothing are in it.",
		Query: quantile(0.5, "rtcship_media_rate_bit_per_second", "source, kind, direction"), Legend: "{{source}} {{kind}} {{direction}}", Unit: "bps", Exemplars: true, Width: 8},
	{Title: "Freezes of a stream, mean", Help: "How often the picture stood still, of Sora's clients that report it.",
		Query: "sum by (kind, sample) (increase(rtcship_media_freezes_sum{$filter}[$__rate_interval])) / sum by (kind, sample) (increase(rtcship_media_freezes_count{$filter}[$__rate_interval]))", Legend: "{{kind}} {{sample}}", Unit: "short", Exemplars: true, Width: 8},
	{Title: "ICE checking, 95th percentile", Help: "How long Sora's clients look for a way for their media. Long times point at firewalls.",
		Query: quantile(0.95, "rtcship_ice_checking_seconds", "source"), Legend: "{{source}}", Unit: "s", Exemplars: true, Width: 8},
	{Title: "Licences in use", Help: "Taken less released since rtcship started, by location of Pexip.",
		Query: taken("location", "rtcship_licenses_taken_total{$filter}", "rtcship_licenses_released_total{$filter}"), Legend: "{{location}}", Unit: "short", Width: 12},
	{Title: "Too old to count", Help: "Lines of more than five minutes ago, as they come after an outage. They are in none of the panels above, and in the logs all the same.",
		Query: `sum by (source) (increase(rtcship_call_ended_late_total{$filter}[$__rate_interval]))`, Legend: "{{source}}", Unit: "short", Width: 12},
}

// GrafanaCalls is the dashboard about calls, for Prometheus.
func GrafanaCalls() ([]byte, error) {
	return ofSeries("rtcship-calls", "Calls and quality", "Who failed to join, how long calls were, why they ended and how good their media were. It needs no log store; with one for traces, dots lead to calls.", Calls)
}
