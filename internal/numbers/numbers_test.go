package numbers

import (
	"context"
	"flag"
	"fmt"
	"math"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/otlp"
)

var now = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func exposed(t testing.TB) *Exposed {
	t.Helper()
	e, err := Expose()
	if err != nil {
		t.Fatal(err)
	}
	e.now = func() time.Time { return now }
	return e
}

func note(m *Meter, all ...cdr.Sample) {
	var n cdr.Numbers
	for _, s := range all {
		n.Add(s)
	}
	m.Note(&n, 0)
}

// scrape is what /metrics answers to somebody who accepts that form, without empty buckets.
func scrape(t testing.TB, e *Exposed, accept string) string {
	t.Helper()
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	promhttp.HandlerFor(e, promhttp.HandlerOpts{EnableOpenMetrics: true}).ServeHTTP(w, r)
	if w.Code != 200 {
		t.Fatalf("%d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// every is a fresh sample of each metric.
func every(kind cdr.Kind, at time.Time) (all []cdr.Sample) {
	for m := range cdr.NumMetrics {
		all = append(all, cdr.Sample{Metric: m, Kind: kind, Value: 1, Time: at.UnixNano(), Code: "normal"})
	}
	return all
}

// Prometheus sees the names and the labels of the table, and what comes late under its own.
func TestTable(t *testing.T) {
	e := exposed(t)
	note(e.Meter, every(cdr.SoraConnection, now)...)
	note(e.Meter, every(cdr.PexipParticipant, now.Add(-time.Hour))...)
	families, err := e.Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*dto.MetricFamily{}
	for _, f := range families {
		byName[f.GetName()] = f
	}
	if len(byName) != 2*len(table) {
		t.Errorf("%d metrics, the table has %d", len(byName), len(table))
	}
	for _, d := range Describe() {
		f, late := byName[d.Prometheus], byName[d.Late]
		if f == nil || late == nil {
			t.Fatalf("no %s or no %s", d.Prometheus, d.Late)
		}
		if (f.GetType() == dto.MetricType_HISTOGRAM) != d.Histogram || f.GetHelp() != d.Help || late.Metric[0].Counter.GetValue() != 1 {
			t.Errorf("%v", f)
		}
		for _, l := range f.Metric[0].Label {
			if !slices.Contains(d.Labels, l.GetName()) {
				t.Errorf("%s has a label %s", d.Prometheus, l.GetName())
			}
		}
	}
}

// A line counts as what is happening now for five minutes, by its own clock; one of
// a clock that is ahead does too.
func TestFresh(t *testing.T) {
	for age, fresh := range map[time.Duration]bool{0: true, 4*time.Minute + 59*time.Second: true, Fresh: true, Fresh + 1: false, time.Hour: false, -time.Hour: true} {
		e := exposed(t)
		note(e.Meter, every(cdr.SoraConnection, now.Add(-age))...)
		text := scrape(t, e, "text/plain")
		if strings.Contains(text, "_late_total{") == fresh || strings.Contains(text, "rtcship_call_ended_total{") != fresh {
			t.Errorf("after %v:\n%s", age, text)
		}
	}
}

// Exemplars lead to the trace. A line that names the call and none of its spans has
// no exemplar, since there is no span to be led to.
func TestExemplars(t *testing.T) {
	e := exposed(t)
	ref := cdr.Connection([]byte("C4ZK2YM8RX0TQ4WB7HCJ9D3NVE"))
	for _, s := range every(cdr.SoraConnection, now) {
		s.Ref = ref
		note(e.Meter, s)
	}
	text := scrape(t, e, "application/openmetrics-text;version=1.0.0")
	pairs := regexp.MustCompile(fmt.Sprintf(`# \{(trace_id="%[1]x",span_id="%[2]x"|span_id="%[2]x",trace_id="%[1]x")\} 1`, ref.Trace, ref.Span))
	if n := len(pairs.FindAllString(text, -1)); n != len(table) {
		t.Errorf("%d exemplars of %d metrics:\n%s", n, len(table), text)
	}
	e = exposed(t)
	for _, s := range every(cdr.PexipParticipant, now) {
		s.Ref = otlp.SpanRef{Trace: ref.Trace}
		note(e.Meter, s)
	}
	if text := scrape(t, e, "application/openmetrics-text;version=1.0.0"); strings.Contains(text, "0000000000000000") {
		t.Errorf("an exemplar of no span:\n%s", text)
	}
}

// What a batch adds to a counter is added at once, and its exemplar is the latest
// call that the batch names.
func TestBatchesAddOnce(t *testing.T) {
	e := exposed(t)
	var all []cdr.Sample
	ref := cdr.Connection([]byte("C4ZK2YM8RX0TQ4WB7HCJ9D3NVE"))
	for i, code := range []string{"normal", "busy", "normal", "normal"} {
		s := cdr.Sample{Metric: cdr.CallEnded, Kind: cdr.SoraConnection, Code: code, Value: 1, Time: now.UnixNano()}
		if i == 2 {
			s.Ref = ref
		}
		all = append(all, s, cdr.Sample{Metric: cdr.CallBegun, Kind: cdr.SoraConnection, Value: 1, Time: now.Add(-time.Hour).UnixNano()})
	}
	note(e.Meter, all...)
	note(e.Meter, all[:3]...)
	text := scrape(t, e, "application/openmetrics-text;version=1.0.0")
	for _, want := range []string{
		`rtcship_call_ended_total\{call="sora.connection",class="unknown",reason="normal"\} 4.0 # \{.*` + fmt.Sprintf("%x", ref.Trace),
		`rtcship_call_ended_total\{call="sora.connection",class="unknown",reason="busy"\} 2.0\n`,
		`rtcship_call_begun_late_total\{source="sora"\} 5.0\n`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("no %s in\n%s", want, text)
		}
	}
}

// Native buckets hold as many samples as classic ones, whenever somebody looks:
// Prometheus refuses a histogram whose buckets do not add up.
func TestClassicAndNative(t *testing.T) {
	e := exposed(t)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			note(e.Meter, cdr.Sample{Metric: cdr.MediaLoss, Medium: cdr.Medium(i % 3), Value: float64(i%100) / 1000, Time: now.UnixNano()},
				cdr.Sample{Metric: cdr.CallDuration, Class: cdr.Class(i % 3), Value: float64(i % 7000), Time: now.UnixNano()})
		}
	})
	for range 200 {
		families, err := e.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range families {
			for _, m := range f.Metric {
				if f.GetType() == dto.MetricType_HISTOGRAM {
					checkNative(t, f.GetName(), m.Histogram)
				}
			}
		}
	}
	close(done)
	wg.Wait()
}

func checkNative(t *testing.T, name string, h *dto.Histogram) {
	t.Helper()
	if h.Schema == nil || len(h.Bucket) < 8 {
		t.Fatalf("%s has no native or no classic buckets: %v", name, h)
	}
	n, bucket := int64(h.GetZeroCount()), int64(0)
	for _, d := range h.PositiveDelta {
		bucket += d
		n += bucket
	}
	if last := h.Bucket[len(h.Bucket)-1]; n != int64(h.GetSampleCount()) || last.GetCumulativeCount() > h.GetSampleCount() {
		t.Errorf("%s: %d samples, %d in native buckets, %d up to %g", name, h.GetSampleCount(), n, last.GetCumulativeCount(), last.GetUpperBound())
	}
}

// Whoever asks for native histograms gets them, in the only form that has them.
func TestProtobuf(t *testing.T) {
	e := exposed(t)
	note(e.Meter, every(cdr.SoraConnection, now)...)
	text := scrape(t, e, "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited")
	if !strings.Contains(text, "rtcship_call_duration_seconds") || strings.Contains(text, "# HELP") {
		t.Errorf("%.200q", text)
	}
}

// Locations are what anybody may call them: 64 are told apart.
func TestLocationsAreBounded(t *testing.T) {
	e := exposed(t)
	var n cdr.Numbers
	for i := range 1000 {
		place := fmt.Appendf(nil, "location %d", i)
		var w otlp.Writer
		w.Text(otlp.NewKey("pexip.location"), place)
		n.Open(&cdr.Opening{Kind: cdr.PexipParticipant}, w.Buf)
		n.EndLine(now.UnixNano(), 0, &otlp.SpanRef{})
	}
	e.Note(&n, 0)
	text := scrape(t, e, "text/plain")
	if got := strings.Count(text, "rtcship_call_joins_total{"); got != maxPlaces+1 {
		t.Errorf("%d locations", got)
	}
	if !strings.Contains(text, fmt.Sprintf(`location="other",outcome="joined"} %d`, 1000-maxPlaces)) {
		t.Errorf("the others are not counted together:\n%s", text)
	}
}

// What is no number is in no sum.
func TestOddNumbers(t *testing.T) {
	e := exposed(t)
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		note(e.Meter, cdr.Sample{Metric: cdr.MediaJitter, Value: v, Time: now.UnixNano()})
	}
	if text := scrape(t, e, "text/plain"); strings.Contains(text, "rtcship") {
		t.Error(text)
	}
	for _, v := range []float64{0, 1e-300, math.SmallestNonzeroFloat64, 1e300, math.MaxFloat64, -1} { // must not break a scrape
		note(e.Meter, cdr.Sample{Metric: cdr.MediaJitter, Value: v, Time: now.UnixNano()})
	}
	if text := scrape(t, e, "text/plain"); !strings.Contains(text, `rtcship_media_jitter_seconds_bucket{`) {
		t.Error(text)
	}
	var none *Meter
	none.Note(&cdr.Numbers{Samples: every(cdr.SoraConnection, now)}, 0)
}

// What is pushed is what is scraped, with classic buckets.
func TestProduce(t *testing.T) {
	e := exposed(t)
	note(e.Meter, every(cdr.SoraConnection, now)...)
	scopes, err := e.Produce(context.Background())
	if err != nil || len(scopes) != 1 || len(scopes[0].Metrics) != len(table) {
		t.Fatalf("%v, %v", scopes, err)
	}
	for _, m := range scopes[0].Metrics {
		switch d := m.Data.(type) {
		case metricdata.Histogram[float64]:
			if len(d.DataPoints) != 1 || d.DataPoints[0].Count != 1 || d.Temporality != metricdata.CumulativeTemporality {
				t.Errorf("%s: %+v", m.Name, d)
			}
		case metricdata.Sum[float64]:
			if len(d.DataPoints) != 1 || d.DataPoints[0].Value != 1 {
				t.Errorf("%s: %+v", m.Name, d)
			}
		default:
			t.Errorf("%s is %T", m.Name, d)
		}
	}
}

// What tells the SDK of a call is made once for all samples of its line.
func TestNoteOfALine(t *testing.T) {
	e := exposed(t)
	var n cdr.Numbers
	for _, s := range every(cdr.SoraConnection, now) {
		s.Ref = cdr.Connection([]byte("C4ZK2YM8RX0TQ4WB7HCJ9D3NVE"))
		n.Add(s)
	}
	e.Note(&n, 0)
	if got := testing.AllocsPerRun(20, func() { e.Note(&n, 0) }); got > 4 {
		t.Errorf("%v allocations for %d samples of a line", got, len(n.Samples))
	}
}

// A batch has the samples of fifty calls.
func BenchmarkNote(b *testing.B) {
	const calls = 50
	e := exposed(b)
	for name, c := range map[string]struct {
		traced bool
		at     time.Time
	}{"traced": {true, now}, "untraced": {false, now}, "late": {true, now.Add(-time.Hour)}} {
		b.Run(name, func(b *testing.B) {
			var n cdr.Numbers
			for i := range calls {
				for _, s := range every(cdr.SoraConnection, c.at) {
					if c.traced {
						s.Ref = cdr.Connection(fmt.Appendf(nil, "C4ZK2YM8RX0TQ4WB7HCJ9D3N%02d", i))
					}
					n.Add(s)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				e.Note(&n, 0)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(n.Samples)), "ns/sample")
		})
	}
}

var update = flag.Bool("update", false, "write the table of metrics into docs/metrics.md")

func TestDocumentListsAllMetrics(t *testing.T) {
	const path = "../../docs/metrics.md"
	const begin, end = "<!-- calls: made from internal/numbers/table.go; go test ./internal/numbers -update -->\n", "<!-- end of calls -->"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString("| metric | kind | labels | | late |\n|---|---|---|---|---|\n")
	for _, d := range Describe() {
		kind := "counter"
		if d.Histogram {
			kind = "histogram"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | `%s` |\n", d.Prometheus, kind, strings.Join(d.Labels, ", "), d.Help, d.Late)
	}
	before, rest, _ := strings.Cut(string(data), begin)
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		t.Fatal("the marks around the table are gone")
	}
	want := before + begin + b.String() + end + after
	if want == string(data) {
		return
	}
	if !*update {
		t.Fatal("docs/metrics.md is out of date: go test ./internal/numbers -update")
	}
	if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}
