package pipeline

import (
	"encoding/hex"
	"maps"
	"sync"

	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
)

// A Ledger says what became of the entries of one source since the process
// began. At any moment
//
//	Read + Further = Accepted + Rejected + Dead + Empty + Dropped + InFlight
type Ledger struct {
	Read     int64 `json:"read"`      // entries taken off files or spool
	Further  int64 `json:"further"`   // records beyond one an entry, made of bodies over max_body
	Accepted int64 `json:"accepted"`  // records acknowledged by the collector
	Rejected int64 `json:"rejected"`  // records it refused by partial success
	Dead     int64 `json:"dead"`      // records kept as dead letters
	Empty    int64 `json:"empty"`     // entries that hold nothing to send
	Dropped  int64 `json:"dropped"`   // entries that a rule of the configuration keeps from being sent
	InFlight int64 `json:"in_flight"` // entries, and records of them, that are under way
	Bytes    int64 `json:"bytes"`     // of text that is settled

	DroppedBy map[string]int64 `json:"dropped_by,omitempty"` // Dropped by the rule's name
}

// Balance is 0; anything else is a fault of rtcship's own bookkeeping.
func (l Ledger) Balance() int64 {
	return l.Read + l.Further - l.Accepted - l.Rejected - l.Dead - l.Empty - l.Dropped - l.InFlight
}

// books are the ledgers and what conversion counted, by source. They are
// written once a batch, not once a record, and outlive a reload.
type books struct {
	mu       sync.Mutex
	bySource map[string]*book
	troubles map[string]*Trouble // by generation, of those that had any
	troubled []string            // the same generations, in the order of their first trouble
	events   events
	spans    SpanLedger
}

// Trouble is what became of the records of one generation of a file besides
// being accepted, since the process began.
type Trouble struct {
	Rejected int64            `json:"rejected"`           // by partial success
	Dead     int64            `json:"dead"`               // kept as dead letters
	Unparsed map[string]int64 `json:"unparsed,omitempty"` // entries that could not be understood, by the format expected
}

// maxTroubles bounds of how many generations trouble is remembered.
const maxTroubles = 1000

type book struct {
	ledger Ledger
	counts record.Counts
}

func newBooks() *books {
	return &books{bySource: map[string]*book{}, troubles: map[string]*Trouble{}}
}

func (b *books) of(source string) *book {
	k := b.bySource[source]
	if k == nil {
		k = new(book)
		b.bySource[source] = k
	}
	return k
}

// progress tells how many entries have been read, and whether all are settled.
func (b *books) progress() (read int64, settled bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	settled = true
	for _, k := range b.bySource {
		read += k.ledger.Read
		settled = settled && k.ledger.InFlight == 0
	}
	return read, settled
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

func further(n *record.Counts) int64 {
	return int64(n.Records - (n.Entries - n.Empty - n.DroppedEntries()))
}

// underWay is what is under way of a batch that was converted: records, and
// entries that are dropped as soon as those around them are settled.
func underWay(n *record.Counts) int64 { return int64(n.Records + n.DroppedEntries()) }

// settled books the end of the batch.
func (b *books) settled(origin *entry.Origin, n *record.Counts, o exporter.Outcome, bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	k := b.of(origin.Source)
	l := &k.ledger
	l.InFlight -= underWay(n)
	l.Dropped += int64(n.DroppedEntries())
	l.Accepted += int64(o.Accepted)
	l.Rejected += int64(o.Rejected)
	l.Dead += int64(o.Dead)
	l.Bytes += bytes
	k.counts.Add(n)
	if o.Rejected+o.Dead > 0 || n.ParseErrors != [record.NumFormats]int{} {
		b.trouble(origin.Generation, n, o)
	}
}

// trouble books what went wrong with a batch for its file. The caller holds b.mu.
func (b *books) trouble(generation [16]byte, n *record.Counts, o exporter.Outcome) {
	id := hex.EncodeToString(generation[:])
	t := b.troubles[id]
	if t == nil {
		if len(b.troubled) == maxTroubles {
			delete(b.troubles, b.troubled[0])
			b.troubled = b.troubled[1:]
		}
		t = &Trouble{Unparsed: map[string]int64{}}
		b.troubles[id] = t
		b.troubled = append(b.troubled, id)
	}
	t.Rejected += int64(o.Rejected)
	t.Dead += int64(o.Dead)
	for format, n := range n.ParseErrors {
		if n > 0 {
			t.Unparsed[record.Format(format).String()] += int64(n)
		}
	}
}

// files adds the trouble that each file had.
func (b *books) files(all []tailer.FileStatus) []FileStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	list := make([]FileStatus, len(all))
	for i := range all {
		list[i].FileStatus = all[i]
		if t := b.troubles[all[i].Generation]; t != nil {
			list[i].Trouble = Trouble{t.Rejected, t.Dead, maps.Clone(t.Unparsed)}
		}
	}
	return list
}

// addEmpty books the empty lines that a tailer has settled by itself.
func (b *books) addEmpty(bySource map[string]int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for source, n := range bySource {
		if n > 0 {
			l := &b.of(origin(source)).ledger
			l.Read += n
			l.Empty += n
		}
	}
}

// addEmpty is books.addEmpty for a copy of the ledgers.
func addEmpty(ledgers map[string]Ledger, bySource map[string]int64) {
	for source, n := range bySource {
		if n > 0 {
			l := ledgers[origin(source)]
			l.Read += n
			l.Empty += n
			ledgers[origin(source)] = l
		}
	}
}

// origin is whose records come from a source of the tailer.
func origin(source string) string {
	if source == "spool" {
		return "pexip"
	}
	return source
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
	l.InFlight -= underWay(n)
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
		l := k.ledger
		for _, d := range c.Dropped {
			if l.DroppedBy == nil {
				l.DroppedBy = map[string]int64{}
			}
			l.DroppedBy[d.Rule] = int64(d.Entries)
		}
		ledgers[source], counts[source] = l, c
	}
	return ledgers, counts
}
