package record

import "github.com/rtcship/rtcship/convert/cdr"

// A Format is a way of writing logs that an entry may fail to follow.
type Format uint8

// The formats that parse errors are counted by.
const (
	JSON Format = iota
	Legacy
	Erlang
	Syslog
	Pexip
	NumFormats
)

// String is the format's name in metrics.
func (f Format) String() string {
	return [NumFormats]string{"json", "legacy", "erlang", "syslog", "pexip"}[f]
}

// A Limit is a bound beyond which what an entry says becomes no attribute.
type Limit uint8

// The limits that entries are counted by.
const (
	Pairs  Limit = iota // the pairs of a message are too many: the others stay together
	Fields              // the fields of a line are too many or too large: it is the body
	NumLimits
)

// String is the limit's name in metrics.
func (l Limit) String() string { return [NumLimits]string{"pairs", "fields"}[l] }

// Counts says what became of the entries of one batch.
type Counts struct {
	Entries     int             // entries converted
	Empty       int             // entries that hold nothing and became no record
	Dropped     []Dropped       // entries that a rule dropped, by the rule's name
	Records     int             // records made
	Parts       int             // records among them that hold a part of a body that was too long for one
	Redacted    int             // secrets masked
	InvalidUTF8 int             // bytes that were no UTF-8
	Unresourced int             // records that say host.name themselves, since their batch had too many systems
	Severe      int             // entries of severity error and above
	ParseErrors [NumFormats]int // entries that could not be understood, by the format expected
	Beyond      [NumLimits]int  // entries with more in them than becomes attributes, by the limit

	Spans    int                // made of closing lines
	Spanless [cdr.NumFaults]int // closing lines that made none, by the reason
	Backward int                // spans among them of calls that ended before they began

	SoraEvents  []int // records by index into sora.Events()
	PexipEvents []int // records by index into the Pexip catalogue
}

// Reset sets all to zero and keeps the memory.
func (c *Counts) Reset() {
	sora, pexip := c.SoraEvents, c.PexipEvents
	clear(sora)
	clear(pexip)
	*c = Counts{SoraEvents: sora, PexipEvents: pexip, Dropped: c.Dropped[:0]}
}

// A Dropped is how many entries one rule dropped.
type Dropped struct {
	Rule    string
	Entries int
}

// Drop counts n entries as dropped by the rule of that name. Rules are few.
func (c *Counts) Drop(rule string, n int) {
	for i := range c.Dropped {
		if c.Dropped[i].Rule == rule {
			c.Dropped[i].Entries += n
			return
		}
	}
	c.Dropped = append(c.Dropped, Dropped{rule, n})
}

// DroppedEntries is how many entries were dropped by all rules together.
func (c *Counts) DroppedEntries() (n int) {
	for i := range c.Dropped {
		n += c.Dropped[i].Entries
	}
	return n
}

// Event counts one record in counts, which holds n kinds of events.
func Event(counts *[]int, n, index int) {
	extend(counts, n)
	(*counts)[index]++
}

func extend(counts *[]int, n int) {
	if len(*counts) < n {
		*counts = append(*counts, make([]int, n-len(*counts))...)
	}
}
