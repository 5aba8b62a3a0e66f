package pipeline

import (
	"maps"
	"sync"

	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/exporter"
)

// A Ledger says what became of the entries of one source since the process
// began. At any moment
//
//	Read + Further = Accepted + Rejected + Dead + Empty + InFlight
type Ledger struct {
	Read     int64 `json:"read"`      // entries taken off files or spool
	Further  int64 `json:"further"`   // records beyond one an entry, made of bodies over max_body
	Accepted int64 `json:"accepted"`  // records acknowledged by the collector
	Rejected int64 `json:"rejected"`  // records it refused by partial success
	Dead     int64 `json:"dead"`      // records kept as dead letters
	Empty    int64 `json:"empty"`     // entries that hold nothing to send
	InFlight int64 `json:"in_flight"` // entries, and records of them, that are under way
	Bytes    int64 `json:"bytes"`     // of text that is settled
}

// Balance is 0; anything else is a fault of rtcship's own bookkeeping.
func (l Ledger) Balance() int64 {
	return l.Read + l.Further - l.Accepted - l.Rejected - l.Dead - l.Empty - l.InFlight
}

// books are the ledgers and what conversion counted, by source. They are
// written once a batch, not once a record, and outlive a reload.
type books struct {
	mu       sync.Mutex
	bySource map[string]*book
}

type book struct {
	ledger Ledger
	counts record.Counts
}

func newBooks() *books { return &books{bySource: map[string]*book{}} }

func (b *books) of(source string) *book {
	k := b.bySource[source]
	if k == nil {
		k = new(book)
		b.bySource[source] = k
	}
	return k
}

// begin books a batch that was handed over.
func (b *books) begin(source string, entries int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := &b.of(source).ledger
	l.Read += int64(entries)
	l.InFlight += int64(entries)
}

// converted books what the batch was made into.
func (b *books) converted(source string, n *record.Counts) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := &b.of(source).ledger
	l.Further += further(n)
	l.InFlight += further(n) - int64(n.Empty)
	l.Empty += int64(n.Empty)
}

func further(n *record.Counts) int64 { return int64(n.Records - (n.Entries - n.Empty)) }

// settled books the end of the batch.
func (b *books) settled(source string, n *record.Counts, o exporter.Outcome, bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.of(source)
	l := &k.ledger
	l.InFlight -= int64(n.Records)
	l.Accepted += int64(o.Accepted)
	l.Rejected += int64(o.Rejected)
	l.Dead += int64(o.Dead)
	l.Bytes += bytes
	k.counts.Add(n)
}

// withdrawn takes a batch back that was not settled: the engine ends, and its
// entries will be read again.
func (b *books) withdrawn(source string, entries int, n *record.Counts) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := &b.of(source).ledger
	l.Read -= int64(entries)
	if n == nil { // not converted yet
		l.InFlight -= int64(entries)
		return
	}
	l.InFlight -= int64(n.Records)
	l.Further -= further(n)
	l.Empty -= int64(n.Empty)
}

// snapshot copies everything.
func (b *books) snapshot() (map[string]Ledger, map[string]record.Counts) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ledgers, counts := map[string]Ledger{}, map[string]record.Counts{}
	for source, k := range maps.All(b.bySource) {
		var c record.Counts
		c.Add(&k.counts)
		ledgers[source], counts[source] = k.ledger, c
	}
	return ledgers, counts
}
