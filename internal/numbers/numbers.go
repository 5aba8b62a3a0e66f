// Package numbers keeps what calls and their media amount to, as counters and
// histograms of the OpenTelemetry SDK. It is told the samples of a batch once that
// is settled, so that whatever is tried again counts once.
//
// What is old says nothing of now: samples of lines older than five minutes, as
// they come after an outage or at a first start, are counted apart.
package numbers

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/otlp"
)

// Fresh is how old a line may be whose samples count as what is happening now.
const Fresh = 5 * time.Minute

// maxPlaces is how many locations are told apart.
const maxPlaces = 64

// elsewhere stands for the locations beyond those.
const elsewhere = "other"

// A Meter takes samples. It is safe for concurrent use. A nil Meter takes none.
type Meter struct {
	now         func() time.Time
	instruments [cdr.NumMetrics]instrument

	// mu is held while a batch is taken, and while buckets of several kinds are
	// read, which are of the same samples then.
	mu     sync.Mutex
	series map[key]*series
	places map[string]string
	added  []*series // of counters that the batch has added to
	call   otlp.SpanRef
	about  context.Context // what tells the SDK of call
}

// An instrument is a histogram or a counter, and the counter of what came late.
type instrument struct {
	histogram metric.Float64Histogram
	counter   metric.Float64Counter
	late      metric.Int64Counter
}

// A key is all that the samples of a series have in common, as far as the metric's
// labels go.
type key struct {
	metric    cdr.Metric
	late      bool
	kind      cdr.Kind
	class     cdr.Class
	failed    bool
	medium    cdr.Medium
	direction cdr.Direction
	interim   bool
	code      string
	place     string
}

// A series is the labels of a key, in the forms that instruments take.
type series struct {
	metric cdr.Metric
	late   bool
	record []metric.RecordOption
	add    []metric.AddOption

	// What a batch adds to a counter is added at once, and leads to the latest call
	// that is known.
	sum     float64
	pending bool
	call    otlp.SpanRef
}

// New makes the instruments of meter.
func New(meter metric.Meter) (*Meter, error) {
	m := &Meter{now: time.Now, series: map[key]*series{}, places: map[string]string{}, about: context.Background()}
	for i := range table {
		if err := m.instruments[i].make(meter, &table[i]); err != nil {
			return nil, fmt.Errorf("make metric %s: %w", table[i].name, err)
		}
	}
	return m, nil
}

func (i *instrument) make(meter metric.Meter, r *row) (err error) {
	if r.bounds != nil {
		i.histogram, err = meter.Float64Histogram(r.name, metric.WithUnit(r.unit), metric.WithDescription(r.help), metric.WithExplicitBucketBoundaries(r.bounds...))
	} else {
		i.counter, err = meter.Float64Counter(r.name, metric.WithUnit(r.unit), metric.WithDescription(r.help))
	}
	if err == nil {
		i.late, err = meter.Int64Counter(r.name+".late", metric.WithUnit("{sample}"), metric.WithDescription(lateHelp))
	}
	return err
}

const lateHelp = "Samples that were older than five minutes when their lines were settled, and are in no other series"

// late is the name in Prometheus of the counter of what came late.
func (r *row) late() string { return strings.ReplaceAll(r.name, ".", "_") + "_late_total" }

// Note takes the samples of a batch that is settled, but for those of lines before
// the offset from, which were taken already.
func (m *Meter) Note(n *cdr.Numbers, from int64) {
	if m == nil || len(n.Samples) == 0 {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	oldest := m.now().Add(-Fresh).UnixNano()
	for i := range n.Samples {
		if s := &n.Samples[i]; s.Offset >= from {
			m.take(s, n.Place(s), oldest)
		}
	}
	m.addAll()
}

// take counts one sample. The caller holds m.mu.
func (m *Meter) take(s *cdr.Sample, place []byte, oldest int64) {
	if math.IsNaN(s.Value) || math.IsInf(s.Value, 0) || s.Metric >= cdr.NumMetrics {
		return
	}
	if s.Time < oldest {
		m.add(m.of(key{metric: s.Metric, late: true, kind: s.Kind}), 1, &otlp.SpanRef{})
		return
	}
	of := m.of(m.key(s, place))
	if h := m.instruments[s.Metric].histogram; h != nil {
		h.Record(m.during(&s.Ref), s.Value, of.record...)
	} else {
		m.add(of, s.Value, &s.Ref)
	}
}

// add adds to a counter's series, once the batch is taken.
func (m *Meter) add(to *series, value float64, call *otlp.SpanRef) {
	if !to.pending {
		to.pending = true
		m.added = append(m.added, to)
	}
	to.sum += value
	if call.Trace != (otlp.TraceID{}) {
		to.call = *call
	}
}

// addAll adds what the batch adds to counters.
func (m *Meter) addAll() {
	for _, to := range m.added {
		if i := &m.instruments[to.metric]; to.late {
			i.late.Add(m.during(&to.call), int64(to.sum), to.add...)
		} else {
			i.counter.Add(m.during(&to.call), to.sum, to.add...)
		}
		to.sum, to.pending, to.call = 0, false, otlp.SpanRef{}
	}
	m.added = m.added[:0]
}

// during is a context from which the SDK takes an exemplar, if the call is known. It
// is made once for all samples of a line.
func (m *Meter) during(call *otlp.SpanRef) context.Context {
	if *call != m.call {
		m.call, m.about = *call, context.Background()
		if call.Trace != (otlp.TraceID{}) {
			m.about = trace.ContextWithSpanContext(m.about, trace.NewSpanContext(trace.SpanContextConfig{
				TraceID: trace.TraceID(call.Trace), SpanID: trace.SpanID(call.Span), TraceFlags: trace.FlagsSampled,
			}))
		}
	}
	return m.about
}

// key is the key of a sample, in which is set what the metric's labels say.
func (m *Meter) key(s *cdr.Sample, place []byte) key {
	k := key{metric: s.Metric}
	for _, l := range table[s.Metric].labels {
		switch l {
		case bySource, byCall:
			k.kind = s.Kind
		case byClass:
			k.class = s.Class
		case byReason:
			k.code = s.Code
		case byOutcome:
			k.failed = s.Failed
		case byLocation:
			k.place = m.place(place)
		case byMedium:
			k.medium = s.Medium
		case byDirection:
			k.direction = s.Direction
		case bySample:
			k.interim = s.Interim
		}
	}
	return k
}

// place is a location by the name that it is counted under.
func (m *Meter) place(name []byte) string {
	if len(name) == 0 {
		return ""
	}
	if known, ok := m.places[string(name)]; ok {
		return known
	}
	if len(m.places) == maxPlaces {
		return elsewhere
	}
	known := string(name)
	m.places[known] = known
	return known
}

// of is the series of a key.
func (m *Meter) of(k key) *series {
	if s := m.series[k]; s != nil {
		return s
	}
	labels := table[k.metric].labels
	if k.late {
		labels = []label{bySource}
	}
	var attrs []attribute.KeyValue
	for _, l := range labels {
		if v := l.value(&k); v != "" {
			attrs = append(attrs, attribute.String(labelNames[l], v))
		}
	}
	set := metric.WithAttributeSet(attribute.NewSet(attrs...))
	s := &series{metric: k.metric, late: k.late, record: []metric.RecordOption{set}, add: []metric.AddOption{set}}
	m.series[k] = s
	return s
}
