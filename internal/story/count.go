package story

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/rtcship/rtcship/internal/reader"
)

// Tables are the names of what a Count counts, in the order in which it is shown.
var Tables = []string{"levels", "codes", "events", "ends", "reasons", "channels", "nodes", "logs", "domains"}

// A Count counts records over a time, by what they say.
type Count struct {
	Step    time.Duration // width of a column of the sparklines
	Records int
	From    time.Time // of the first and last record that has a time
	To      time.Time

	rows map[rowKey]*Row
	full map[string]int // rows by table
}

// A Row is one value and how often it came.
type Row struct {
	Table string `json:"table"`
	Value string `json:"value"`
	Level string `json:"level,omitempty"` // of a code
	N     int    `json:"count"`

	steps map[int64]int // by time in Steps
}

type rowKey struct{ table, value, level string }

// mostRows bounds the rows of one table; what comes later counts as other.
const mostRows = 5000

// NewCount counts in steps of a width.
func NewCount(step time.Duration) *Count {
	return &Count{Step: step, rows: map[rowKey]*Row{}, full: map[string]int{}}
}

// Add counts a record.
func (c *Count) Add(r *reader.Record) {
	c.Records++
	step := int64(-1)
	if !r.Time.IsZero() {
		if c.From.IsZero() || r.Time.Before(c.From) {
			c.From = r.Time
		}
		if r.Time.After(c.To) {
			c.To = r.Time
		}
		step = r.Time.UnixNano() / int64(c.Step)
	}
	add := func(table, value, level string) {
		if value != "" {
			c.add(table, value, level, step)
		}
	}
	add("levels", r.Level, "")
	code := r.Get("sora.code")
	add("codes", code, r.Level)
	if r.Source == "pexip" {
		add("events", r.Event, "")
		add("channels", r.Get("pexip.conference"), "")
		add("nodes", r.Host(), "")
		add("logs", r.Get("pexip.module"), "")
	} else {
		if code == "" {
			add("events", r.Event, "")
		}
		add("channels", r.Get("sora.channel_id"), "")
		add("nodes", r.Get("sora.node"), "")
		log := r.Get("sora.log")
		add("logs", log, "")
		if domain := r.Get("sora.domain"); domain != "" {
			add("domains", r.Level+" "+log+"_"+strings.ReplaceAll(domain, ",", "_"), "")
		}
	}
	c.ends(r, add)
}

// ends counts how connections and calls ended, and why they failed.
func (c *Count) ends(r *reader.Record, add func(table, value, level string)) {
	switch r.Event {
	case "sora.connection.destroyed", "sora.connection.failed":
		if o := objects(r.Body); len(o) > 0 {
			p := Part{}
			p.ending(r.Body)
			add("ends", strings.TrimPrefix(r.Event, "sora.connection.")+": "+strings.Join(p.Why, ", "), "")
		}
	case "pexip.participant.disconnected":
		detail, _, _ := strings.Cut(r.Get("pexip.detail"), "\n")
		add("ends", "disconnected: "+detail, "")
	case "pexip.participant.join_failed":
		add("ends", "failed: "+r.Get("pexip.reason"), "")
	}
	add("reasons", first(r.Get("sora.reason"), r.Get("sora.reason_text"), r.Get("pexip.reason")), "")
}

// theRest is where values go for which there is no room.
const theRest = "other"

func (c *Count) add(table, value, level string, step int64) {
	key := rowKey{table, value, level}
	row := c.rows[key]
	if row == nil {
		if c.full[table] >= mostRows {
			key = rowKey{table, theRest, ""}
			row = c.rows[key]
		}
		if row == nil {
			value = strings.Clone(key.value)
			row = &Row{Table: table, Value: value, Level: strings.Clone(key.level), steps: map[int64]int{}}
			c.rows[rowKey{table, value, row.Level}] = row
			c.full[table]++
		}
	}
	row.N++
	if step >= 0 {
		row.steps[step]++
	}
}

// Rows are those of a table, the most frequent first.
func (c *Count) Rows(table string) (rows []*Row) {
	for key, row := range c.rows {
		if key.table == table {
			rows = append(rows, row)
		}
	}
	slices.SortFunc(rows, func(a, b *Row) int {
		return cmp.Or(b.N-a.N, cmp.Compare(a.Value, b.Value), cmp.Compare(a.Level, b.Level))
	})
	return rows
}

// Line is the row's counts over the whole time in at most columns columns.
func (c *Count) Line(row *Row, columns int) []int {
	if c.From.IsZero() || columns < 1 {
		return nil
	}
	from, to := c.From.UnixNano()/int64(c.Step), c.To.UnixNano()/int64(c.Step)
	n := to - from + 1
	per := (n + int64(columns) - 1) / int64(columns)
	line := make([]int, (n+per-1)/per)
	for step, count := range row.steps {
		line[(step-from)/per] += count
	}
	return line
}

// Sparkline draws counts as blocks; nothing is a dot.
func Sparkline(counts []int) string {
	const blocks = "▁▂▃▄▅▆▇█"
	most := 0
	for _, n := range counts {
		most = max(most, n)
	}
	var b strings.Builder
	for _, n := range counts {
		if n == 0 {
			b.WriteRune('·')
			continue
		}
		b.WriteString(string([]rune(blocks)[(n*7+most-1)/most]))
	}
	return b.String()
}
