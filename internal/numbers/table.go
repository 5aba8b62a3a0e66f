package numbers

import (
	"github.com/rtcship/rtcship/convert/cdr"
)

// A row is one metric: what it is called, and by what it is counted.
type row struct {
	name   string    // OpenTelemetry's name
	prom   string    // what Prometheus' naming makes of it
	unit   string    // UCUM
	bounds []float64 // of a histogram's classic buckets; nil for a counter
	labels []label
	help   string
}

// A label is one thing that samples are counted by. Each has few values.
type label uint8

const (
	bySource label = iota
	byCall
	byClass
	byReason
	byOutcome
	byLocation
	byMedium
	byDirection
	bySample
)

var labelNames = [...]string{
	bySource: "source", byCall: "call", byClass: "class", byReason: "reason", byOutcome: "outcome", byLocation: "location",
	byMedium: "kind", byDirection: "direction", bySample: "sample",
}

// value is the label's value of the samples of one series.
func (l label) value(k *key) string {
	switch l {
	case bySource:
		return source(k.kind)
	case byCall:
		return k.kind.String()
	case byClass:
		return k.class.String()
	case byReason:
		return k.code
	case byOutcome:
		return map[bool]string{true: "failed", false: "joined"}[k.failed]
	case byLocation:
		return k.place
	case byMedium:
		return k.medium.String()
	case byDirection:
		return k.direction.String()
	}
	return map[bool]string{true: "interim", false: "end"}[k.interim]
}

// source is whose calls those of a kind are.
func source(k cdr.Kind) string {
	if k == cdr.PexipParticipant || k == cdr.PexipConference {
		return "pexip"
	}
	return "sora"
}

// table is every metric of calls. Ten seconds and 3 % are bounds of buckets, since
// alerts are about them.
var table = [cdr.NumMetrics]row{
	cdr.CallDuration: {"rtcship.call.duration", "rtcship_call_duration_seconds", "s",
		[]float64{1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800}, []label{byCall, byClass},
		"How long calls were, by what they were and the class of the reason why they ended"},
	cdr.CallBegun: {"rtcship.call.begun", "rtcship_call_begun_total", "{call}", nil, []label{byCall},
		"Calls that came about"},
	cdr.CallEnded: {"rtcship.call.ended", "rtcship_call_ended_total", "{call}", nil, []label{byCall, byClass, byReason},
		"Calls that ended, by the class of the reason and the reason itself; other for reasons that are in no list"},
	cdr.CallJoin: {"rtcship.call.joins", "rtcship_call_joins_total", "{attempt}", nil, []label{byCall, byOutcome, byClass, byLocation},
		"Attempts to join, by outcome: joined, or failed with the class of the reason"},
	cdr.MediaLoss: {"rtcship.media.loss_ratio", "rtcship_media_loss_ratio", "1",
		[]float64{0, 0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5}, streamLabels,
		"Share of packets of a media stream that were lost"},
	cdr.MediaJitter: {"rtcship.media.jitter", "rtcship_media_jitter_seconds", "s",
		[]float64{0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5}, streamLabels,
		"Jitter of a media stream"},
	cdr.MediaBitRate: {"rtcship.media.rate", "rtcship_media_rate_bit_per_second", "bit/s",
		[]float64{0, 1e4, 3.2e4, 6.4e4, 1.28e5, 2.56e5, 5.12e5, 1.024e6, 2.048e6, 4.096e6, 8.192e6}, streamLabels,
		"Bit rate of a media stream"},
	cdr.MediaRoundTrip: {"rtcship.media.round_trip", "rtcship_media_round_trip_seconds", "s",
		[]float64{0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2}, []label{bySource, byMedium, bySample},
		"Round trip time of media, or of the way that they take (transport)"},
	cdr.MediaFreezes: {"rtcship.media.freezes", "rtcship_media_freezes", "{freeze}",
		[]float64{0, 1, 2, 5, 10, 20, 50, 100}, []label{bySource, byMedium, bySample},
		"How often the picture of a stream has stood still"},
	cdr.ICEChecking: {"rtcship.ice.checking", "rtcship_ice_checking_seconds", "s",
		[]float64{0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30}, []label{bySource},
		"How long a way for the media was looked for before it was found, or not"},
	cdr.LicensesTaken: {"rtcship.licenses.taken", "rtcship_licenses_taken_total", "{license}", nil, []label{byLocation},
		"Licenses taken by participants that joined"},
	cdr.LicensesReleased: {"rtcship.licenses.released", "rtcship_licenses_released_total", "{license}", nil, []label{byLocation},
		"Licenses released by participants that left"},
}

var streamLabels = []label{bySource, byMedium, byDirection, bySample}

// A Description says what a metric is, for the documents.
type Description struct {
	Prometheus string // its name there
	Histogram  bool   // or a counter
	Labels     []string
	Help       string
	Late       string // the name of the counter of those samples that came too late for it
}

// Describe lists the metrics.
func Describe() []Description {
	var all []Description
	for i := range table {
		r := &table[i]
		d := Description{Prometheus: r.prom, Histogram: r.bounds != nil, Help: r.help, Late: r.late()}
		for _, l := range r.labels {
			d.Labels = append(d.Labels, labelNames[l])
		}
		all = append(all, d)
	}
	return all
}
