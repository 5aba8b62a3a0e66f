package demo

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	collogspb "go.opentelemetry.io/proto/slim/otlp/collector/logs/v1"
	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"

	"github.com/rtcship/rtcship/exporter/exportertest"
)

// A tally counts what arrived, by log, and what arrived twice, by log.record.uid.
type tally struct {
	print func(service string, r *logspb.LogRecord) // may be nil

	mu       sync.Mutex
	uids     map[string]struct{}
	arrived  map[string]int // distinct records by "sora/<log>" or "pexip"
	twice    int
	requests int
	last     time.Time
}

func newTally(print func(string, *logspb.LogRecord)) *tally {
	return &tally{print: print, uids: map[string]struct{}{}, arrived: map[string]int{}}
}

// take counts a request. Records of rtcship's own log are no part of the count.
func (t *tally) take(r *exportertest.Request) {
	logs, err := r.Logs()
	if err != nil { // then its records are missing in the summary
		return
	}
	t.add(logs)
}

func (t *tally) add(req *collogspb.ExportLogsServiceRequest) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests++
	t.last = time.Now()
	for _, resource := range req.ResourceLogs {
		for _, scope := range resource.ScopeLogs {
			source, ours := strings.CutPrefix(scope.GetScope().GetName(), "rtcship/")
			if !ours {
				continue
			}
			for _, r := range scope.LogRecords {
				t.takeRecord(source, r)
			}
		}
	}
}

func (t *tally) takeRecord(source string, r *logspb.LogRecord) {
	uid := attribute(r, "log.record.uid")
	if _, again := t.uids[uid]; again {
		t.twice++
		return
	}
	t.uids[uid] = struct{}{}
	name := source
	if log := attribute(r, "sora.log"); log != "" {
		name += "/" + log
	}
	t.arrived[name]++
	if t.print != nil {
		t.print(source, r)
	}
}

func (t *tally) total() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.uids)
}

// A Summary is what went in and what came out.
type Summary struct {
	Written, Delivered, Lost, Twice int
	Rotations, Requests             int
	Elapsed                         time.Duration // from the first line written to the last record received
	Rows                            []Row
}

// A Row is a Summary of one log.
type Row struct {
	Log                string
	Written, Delivered int
}

// summarize compares what was written with what arrived.
func (t *tally) summarize(written map[string]int) Summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := Summary{Twice: t.twice, Requests: t.requests}
	names := maps.Clone(written)
	maps.Copy(names, t.arrived) // a log that nobody wrote would be a fault to show
	for _, name := range slices.Sorted(maps.Keys(names)) {
		s.add(Row{name, written[name], t.arrived[name]})
	}
	return s
}

func (s *Summary) add(row Row) {
	s.Rows = append(s.Rows, row)
	s.Written += row.Written
	s.Delivered += row.Delivered
	s.Lost += max(0, row.Written-row.Delivered)
}

// Write prints the summary as a table.
func (s Summary) Write(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tw, "log\twritten\tdelivered\t")
	for _, r := range s.Rows {
		fmt.Fprintf(tw, "%s\t%d\t%d\t\n", r.Log, r.Written, r.Delivered)
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	rate := float64(s.Delivered) / max(s.Elapsed.Seconds(), 0.001)
	_, err := fmt.Fprintf(w, "\nwritten %d   delivered %d   lost %d   twice %d   rotations %d   requests %d   %.0f records a second\n",
		s.Written, s.Delivered, s.Lost, s.Twice, s.Rotations, s.Requests, rate)
	return err
}
