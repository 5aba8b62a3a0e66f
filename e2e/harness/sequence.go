package harness

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// Lines of a load carry `seq=STREAM/NUMBER` in their body: numbers of a stream
// count up from 0, so that what is missing, and what came again, can be told
// from what arrived.
var sequence = regexp.MustCompile(`\bseq=([\w.-]+)/(\d+)\b`)

// SoraLine returns a line of sora.jsonl, without newline, that carries number n
// of a stream. pad makes it longer.
func SoraLine(stream string, n int, pad string) string {
	return fmt.Sprintf(`{"timestamp":"2026-11-21T06:%02d:%02d.%06dZ","level":"info","domain":["sora"],`+
		`"node":"sora@127.0.0.1","sora_version":"2025.2.1","channel_id":"load","msg":"seq=%s/%d %s"}`,
		n/60_000%60, n/1000%60, n%1000*1000, stream, n, pad)
}

// A Tally is what arrived of a load: for each stream the uids under which each number came.
type Tally struct {
	streams map[string]map[int][]string
	owners  map[string]string // uid to its line
	Repeats int               // records that came again
	Faults  []string          // two uids for one line, or one uid for two lines
}

// NewTally returns a tally of nothing.
func NewTally() *Tally {
	return &Tally{streams: map[string]map[int][]string{}, owners: map[string]string{}}
}

// Count counts the sequence numbers in records; records without one are passed over.
func Count(records []Record) *Tally {
	t := NewTally()
	for _, r := range records {
		t.Add(r.Text(), r.UID())
	}
	return t
}

// Add counts the record with the given body and uid, if the body has a sequence number.
func (t *Tally) Add(body, uid string) {
	m := sequence.FindStringSubmatch(body)
	if m == nil {
		return
	}
	n, _ := strconv.Atoi(m[2])
	t.add(m[1], n, uid)
	if o, known := t.owners[uid]; known && o != m[0] {
		t.Faults = append(t.Faults, fmt.Sprintf("uid %s stands for %s and for %s", uid, o, m[0]))
	}
	t.owners[uid] = m[0]
}

func (t *Tally) add(stream string, n int, uid string) {
	s := t.streams[stream]
	if s == nil {
		s = map[int][]string{}
		t.streams[stream] = s
	}
	if before := s[n]; len(before) > 0 {
		t.Repeats++
		if before[0] != uid {
			t.Faults = append(t.Faults, fmt.Sprintf("seq=%s/%d came as uid %s and as %s", stream, n, before[0], uid))
		}
	}
	s[n] = append(s[n], uid)
}

// Have returns how many different numbers of a stream arrived.
func (t *Tally) Have(stream string) int { return len(t.streams[stream]) }

// A Range is the numbers from First to Last, both included.
type Range struct{ First, Last int }

func (r Range) String() string {
	if r.First == r.Last {
		return strconv.Itoa(r.First)
	}
	return fmt.Sprintf("%d…%d", r.First, r.Last)
}

// Missing returns the runs of numbers below n of a stream that did not arrive.
func (t *Tally) Missing(stream string, n int) (gaps []Range) {
	for i := range n {
		if len(t.streams[stream][i]) > 0 {
			continue
		}
		if last := len(gaps) - 1; last >= 0 && gaps[last].Last == i-1 {
			gaps[last].Last = i
		} else {
			gaps = append(gaps, Range{i, i})
		}
	}
	return gaps
}

// Complete is nil if all numbers below n of a stream arrived, and under one uid each.
func (t *Tally) Complete(stream string, n int) error {
	if gaps := t.Missing(stream, n); len(gaps) > 0 {
		return fmt.Errorf("stream %s: %d of %d arrived; missing: %v", stream, t.Have(stream), n, gaps[:min(len(gaps), 20)])
	}
	if len(t.Faults) > 0 {
		return fmt.Errorf("stream %s: %d faulty uids, such as: %s", stream, len(t.Faults), t.Faults[0])
	}
	return nil
}

// Holds is nil if the given numbers of a stream arrived, and under one uid each.
func (t *Tally) Holds(stream string, numbers map[int]bool) error {
	var gaps []Range
	missing := 0
	for _, n := range slices.Sorted(maps.Keys(numbers)) {
		if len(t.streams[stream][n]) > 0 {
			continue
		}
		missing++
		if last := len(gaps) - 1; last >= 0 && gaps[last].Last == n-1 {
			gaps[last].Last = n
		} else {
			gaps = append(gaps, Range{n, n})
		}
	}
	if missing > 0 {
		return fmt.Errorf("stream %s: %d of %d lines are missing: %v", stream, missing, len(numbers), gaps[:min(len(gaps), 20)])
	}
	if len(t.Faults) > 0 {
		return fmt.Errorf("stream %s: %d faulty uids, such as: %s", stream, len(t.Faults), t.Faults[0])
	}
	return nil
}

// Once fails the test if a record of the tally came more than once.
func (t *Tally) Once(tb testing.TB) {
	tb.Helper()
	if t.Repeats > 0 {
		tb.Errorf("%d records came again though nothing crashed", t.Repeats)
	}
}
