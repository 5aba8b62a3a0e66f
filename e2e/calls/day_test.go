package calls

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A day is a made-up one, written while it goes on, and what there is to say of it
// in numbers.
type day struct {
	dir string
	n   int // calls so far

	counts map[string]float64              // by what is counted and its labels
	values map[string]map[string][]float64 // of the present half: by histogram, by labels
}

func newDay(t *testing.T) *day {
	t.Helper()
	return &day{dir: t.TempDir(), counts: map[string]float64{}, values: map[string]map[string][]float64{}}
}

// halve forgets the values of histograms so far: increase() is of what comes after
// the first half.
func (d *day) halve() { d.values = map[string]map[string][]float64{} }

// count counts one, under what and labels such as call="sora.connection".
func (d *day) count(what string, labels ...string) {
	d.counts[what]++
	if len(labels) > 0 {
		d.counts[what+" "+strings.Join(labels, " ")]++
	}
}

func (d *day) value(histogram, labels string, v float64) {
	if d.values[histogram] == nil {
		d.values[histogram] = map[string][]float64{}
	}
	d.values[histogram][labels] = append(d.values[histogram][labels], v)
}

// A pages is what is written to the logs at once.
type pages map[string]*strings.Builder

func (p pages) line(file, format string, args ...any) {
	if p[file] == nil {
		p[file] = new(strings.Builder)
	}
	fmt.Fprintf(p[file], format+"\n", args...)
}

func (d *day) write(t *testing.T, p pages) {
	t.Helper()
	for name, text := range p {
		f, err := os.OpenFile(filepath.Join(d.dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(text.String()); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}

func stamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z") }

// pexipLine is a line of Pexip's as a node writes it into a file.
func pexipLine(at time.Time, module, message, pairs string) string {
	at = at.UTC()
	return fmt.Sprintf(`%s node1 %s Level="INFO" Name=%q Message=%q %s`, at.Format("2006-01-02T15:04:05.000+00:00"),
		strings.Replace(at.Format("2006-01-02 15:04:05.000"), ".", ",", 1), module, message, pairs)
}

// backlog is n connections of an hour ago, all of which failed or broke off.
func (d *day) backlog(t *testing.T, n int) {
	p, at := pages{}, time.Now().Add(-time.Hour)
	for range n {
		d.n++
		p.line("event_webhook.jsonl", `{"timestamp":%q,"req":{"type":"connection.failed","connection_id":"%026d","message":"ICE-FAILED"}}`, stamp(at), d.n)
		d.n++
		p.line("event_webhook.jsonl", `{"timestamp":%[1]q,"req":{"type":"connection.destroyed","connection_id":"%[2]026d","data":{"created_timestamp":%[3]q,"destroyed_timestamp":%[1]q}}}`, stamp(at), d.n, stamp(at.Add(-time.Second)))
		p.line("connection.jsonl", `{"timestamp":%q,"connection_id":"%026d","rtc_stats":[{"type":"inbound-rtp","kind":"audio","packetsReceived":1,"packetsLost":9}]}`, stamp(at), d.n)
	}
	d.write(t, p)
}

// calls are n of Sora and as many of Pexip that have just ended, one way or another.
func (d *day) calls(t *testing.T, n int) {
	p := pages{}
	for i := range n {
		d.n++
		d.connection(p, i)
		d.n++
		d.participant(p, i)
	}
	d.write(t, p)
}

var endings = []struct{ reason, class, code string }{
	{"NO-ERROR", "normal", "no-error"}, {"PONG-TIMEOUT-ERROR", "timeout", "PONG-TIMEOUT-ERROR"}, {"said by a client", "unknown", "other"},
}

func (d *day) connection(p pages, i int) {
	now := time.Now()
	if i%5 == 0 { // one in five does not come about
		p.line("event_webhook.jsonl", `{"timestamp":%q,"req":{"type":"connection.failed","connection_id":"%026d","message":"ICE-FAILED"}}`, stamp(now), d.n)
		d.count("failed", `call="sora.connection"`, `class="media"`)
		return
	}
	p.line("event_webhook.jsonl", `{"timestamp":%q,"req":{"type":"connection.created","connection_id":"%026d"}}`, stamp(now), d.n)
	d.count("joined", `call="sora.connection"`)
	if i%50 == 1 { // some go on
		d.count("going on", `call="sora.connection"`)
		return
	}
	length, e := time.Duration(i*37%3600+11)*time.Second+500*time.Millisecond, endings[i%len(endings)]
	if i%5 == 2 || i%5 == 3 {
		length = 3250 * time.Millisecond
		d.count("short")
	}
	checking := 20 + i*7%900
	p.line("event_webhook.jsonl", `{"timestamp":%[1]q,"req":{"type":"connection.destroyed","connection_id":"%026[2]d","data":{"created_timestamp":%[3]q,"destroyed_timestamp":%[1]q,"destroyed_reason":%[4]q,"ice_connection_state":{"total_checking_duration_ms":%[5]d}}}}`,
		stamp(now), d.n, stamp(now.Add(-length)), e.reason, checking)
	d.count("ended", `call="sora.connection"`, fmt.Sprintf("class=%q", e.class), fmt.Sprintf("reason=%q", e.code))
	d.value("duration", `call="sora.connection"`, length.Seconds())
	d.value("checking", `source="sora"`, float64(checking)/1000)

	lost, jitter, trip, freezes := i%12, float64(i%40)/1000, float64(10+i%250)/1000, i%4
	p.line("connection.jsonl", `{"timestamp":%q,"connection_id":"%026d","rtc_stats":[{"type":"inbound-rtp","kind":"video","packetsReceived":%d,"packetsLost":%d,"jitter":%g,"freezeCount":%d},{"type":"candidate-pair","nominated":true,"currentRoundTripTime":%g}]}`,
		stamp(now), d.n, 100-lost, lost, jitter, freezes, trip)
	d.stream(`source="sora" kind="video" direction="tx"`, float64(lost)/100, jitter)
	d.value("trip", `source="sora" kind="transport"`, trip)
	d.value("freezes", `kind="video" sample="end"`, float64(freezes))
}

func (d *day) stream(labels string, loss, jitter float64) {
	d.count("streams")
	if loss > 0.03 {
		d.count("lossy")
	}
	d.value("loss", labels, loss)
	d.value("jitter", labels, jitter)
}

func (d *day) participant(p pages, i int) {
	now, place := time.Now(), []string{"Oslo", "Tokyo", "São Paulo"}[i%3]
	ids := fmt.Sprintf(`Participant="p%[1]d" Protocol="SIP" Call-id="call-%[1]d@192.0.2.7" Participant-id="part-%[1]d" Location=%[2]q Licenses="1"`, d.n, place)
	if i%10 == 0 {
		p.line("pexip.log", "%s", pexipLine(now, "administrator.conference", "Participant failed to join conference.", fmt.Sprintf(`Participant="p%d" Reason="Invalid PIN"`, d.n)))
		d.count("failed", `call="pexip.participant"`, `class="rejected"`)
		d.count("located", `outcome="failed"`)
		return
	}
	p.line("pexip.log", "%s", pexipLine(now, "administrator.conference", "Participant has joined.", ids))
	d.count("joined", `call="pexip.participant"`)
	d.count("located", fmt.Sprintf("location=%q", place), `outcome="joined"`)
	if i%50 == 1 {
		d.count("going on", `call="pexip.participant"`)
		d.count("licences", fmt.Sprintf("location=%q", place))
		return
	}
	length := time.Duration(60+i*13%5000)*time.Second + 123*time.Millisecond
	p.line("pexip.log", "%s", pexipLine(now, "administrator.conference", "Participant has disconnected.", fmt.Sprintf(`%s Duration="%.3f" Detail="Remote disconnect"`, ids, length.Seconds())))
	d.count("ended", `call="pexip.participant"`, `class="normal"`, `reason="remote disconnect"`)
	d.value("duration", `call="pexip.participant"`, length.Seconds())

	rate, loss, jitter := 24+i%80, float64(i%7), i%35
	p.line("pexip.log", "%s", pexipLine(now, "support.participant", "Media Stream destroyed", fmt.Sprintf(`Participant="p%[1]d" Call-id="call-%[1]d@192.0.2.7" Detail="Stream 0 (audio)^M  RX: rate %[2]dkbps loss %.2[3]f%% jitter %[4]dms^M  TX: rate 0kbps loss 0.00%% jitter 0ms"`, d.n, rate, loss, jitter)))
	d.stream(`source="pexip" kind="audio" direction="rx"`, loss/100, float64(jitter)/1000)
	d.value("rate", `source="pexip" kind="audio" direction="rx"`, float64(rate)*1000)
	d.value("rate", `source="pexip" kind="audio" direction="tx"`, 0)
}

// bounds are those of the buckets of the histograms.
var bounds = map[string][]float64{
	"duration": {1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14400, 28800},
	"loss":     {0, 0.001, 0.003, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5},
	"jitter":   {0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5},
	"rate":     {0, 1e4, 3.2e4, 6.4e4, 1.28e5, 2.56e5, 5.12e5, 1.024e6, 2.048e6, 4.096e6, 8.192e6},
	"trip":     {0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2},
	"checking": {0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30},
}

// quantile is between which bounds the quantile of values lies that their buckets
// tell, with some room: increase() guesses what was before the first sample.
func quantile(histogram string, q float64, values []float64) (low, high float64) {
	sorted := slices.Sorted(slices.Values(values))
	at := func(q float64) float64 {
		return sorted[min(max(int(math.Ceil(q*float64(len(sorted))))-1, 0), len(sorted)-1)]
	}
	low, high = math.Inf(-1), math.Inf(1)
	for _, b := range bounds[histogram] {
		if b < at(q-0.03) {
			low = b
		}
		if b >= at(min(q+0.03, 1)) {
			return low, b
		}
	}
	return low, high
}
