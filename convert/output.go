package convert

import (
	"bytes"
	"slices"

	"github.com/rtcship/rtcship/convert/cdr"
	"github.com/rtcship/rtcship/convert/drop"
	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/record"
)

// A Group is records that share a resource and a scope, each in wire form. It
// has the fields of exporter.Group and converts to it.
type Group struct {
	Resource []byte // an encoded Resource message, without tag and length
	Scope    []byte // an encoded InstrumentationScope message, without tag and length
	Records  []byte // encoded log_records fields of ScopeLogs, one after another
	Ends     []int  // where each record ends in Records
}

// An Output is what Convert made of one batch. It is meant to be used again:
// its buffers are kept, so that converting allocates nothing in the long run.
// What it holds is valid until the next Convert.
type Output struct {
	Groups []Group
	Spans  []Group // of the calls that entries closed, as spans fields of ScopeSpans; most hold none
	Counts record.Counts
	Faults int      // entries that could not be converted; there is a record in the place of each
	Fault  Fault    // the first of them
	Severe []Severe // the latest of severity error and above, oldest first; all of them up to MaxSevere

	Numbers cdr.Numbers // of calls and of their media; none if Config.Calls does not want them

	hosts  []host         // of Groups, where they are kept apart by host
	byName map[string]int // index into hosts
	last   int            // group of the last entry
}

// A host is what sets one group apart from the others.
type host struct {
	name     []byte
	resource []byte
}

// A Severe is where the record of an entry of severity error or above is, or its first
// part: in Groups[Group], the record that ends at Ends[End].
type Severe struct{ Group, End int }

// MaxSevere is how many of the latest records in Output.Severe are sure to be there.
const MaxSevere = 20

// maxHosts is how many systems of one batch have a resource of their own. The
// name is whatever a sender writes, and a resource takes as much as a record: a
// peer that makes a name up for each line would have them all.
const maxHosts = 256

// maxKept is how much memory for records an Output keeps from batch to batch.
const maxKept = 4 << 20

// groupBytes is about what a group takes besides what its slices hold.
const groupBytes = 256

// Record is the record at s, a log_records field in wire form.
func (o *Output) Record(s Severe) []byte {
	g := &o.Groups[s.Group]
	start := 0
	if s.End > 0 {
		start = g.Ends[s.End-1]
	}
	return g.Records[start:g.Ends[s.End]]
}

// Size is about how much memory the records take, with their resources.
func (o *Output) Size() (n int64) {
	for i := range o.Groups {
		g := &o.Groups[i]
		n += int64(cap(g.Records) + 8*cap(g.Ends) + len(g.Resource) + groupBytes)
	}
	for i := range o.Spans {
		g := &o.Spans[i]
		n += int64(cap(g.Records) + 8*cap(g.Ends) + groupBytes)
	}
	return n + o.Numbers.Size()
}

// reset empties the output.
func (o *Output) reset() {
	kept := 0
	resetGroups(o.Groups[:cap(o.Groups)], &kept)
	resetGroups(o.Spans[:cap(o.Spans)], &kept)
	o.Groups, o.Spans, o.hosts, o.last = o.Groups[:0], o.Spans[:0], o.hosts[:0], 0
	o.Severe, o.Faults, o.Fault = o.Severe[:0], 0, Fault{}
	clear(o.byName)
	o.Counts.Reset()
	o.Numbers.Trim()
	o.Numbers.Reset()
}

// measure has b put numbers into o, if they are wanted.
func (o *Output) measure(b *record.Builder) {
	if b.Calls().Numbers {
		b.Numbers = &o.Numbers
	}
}

// resetGroups empties groups and lets go of what is beyond maxKept, with what was
// kept before.
func resetGroups(all []Group, kept *int) {
	for i := range all {
		g := &all[i]
		if *kept += cap(g.Records) + 8*cap(g.Ends); *kept > maxKept {
			*kept -= cap(g.Records) + 8*cap(g.Ends)
			g.Records, g.Ends = nil, nil
		}
		g.Records, g.Ends = g.Records[:0], g.Ends[:0]
	}
}

// addGroup adds an empty group, and the one for its spans.
func (o *Output) addGroup(resource, scope []byte) *Group {
	s, g := grow(&o.Spans), grow(&o.Groups)
	s.Resource, s.Scope = resource, scope
	g.Resource, g.Scope = resource, scope
	return g
}

// grow makes a list longer by one, which has the buffers of one used earlier if any.
func grow[T any](list *[]T) *T {
	n := len(*list)
	*list = slices.Grow(*list, 1)[:n+1]
	return &(*list)[n]
}

// finish adds what b made of an entry to the group with index i: its span, its
// numbers, and its record unless a rule drops it.
func (o *Output) finish(i int, b *record.Builder, rules *drop.Batch) {
	g, s := &o.Groups[i], &o.Spans[i]
	s.Records, s.Ends = b.FinishSpan(s.Records, s.Ends)
	b.FinishNumbers()
	if !b.Drop(rules) {
		before, first := b.Counts.Severe, len(g.Ends)
		g.Records, g.Ends = b.Finish(g.Records, g.Ends)
		if b.Counts.Severe > before {
			o.addSevere(Severe{Group: i, End: first})
		}
	}
}

// addSevere remembers s, and forgets the oldest when there are twice as many as are wanted.
func (o *Output) addSevere(s Severe) {
	if len(o.Severe) == 2*MaxSevere {
		o.Severe = append(o.Severe[:0], o.Severe[MaxSevere:]...)
	}
	o.Severe = append(o.Severe, s)
}

// reserve makes room for n more entries' texts of size bytes in all, with what
// their records hold besides. Otherwise append would make it larger by a
// quarter again and again, and most of a program's garbage would be the old ones.
func (g *Group) reserve(n, size int) {
	g.Records = slices.Grow(g.Records, min(2*size, size+1<<20)+64*n)
	g.Ends = slices.Grow(g.Ends, n)
}

// hostGroup is the index of the group of the system called name: the one it was given
// before in this batch, or a new one whose resource is base and host.name.
// name must be valid UTF-8; an empty one stands for a system without a name.
// Beyond maxHosts systems it is the group of those without a name, and named is
// false: the record has to say itself whom it is about.
func (o *Output) hostGroup(base, scope, name []byte) (index int, named bool) {
	if o.last < len(o.hosts) && bytes.Equal(o.hosts[o.last].name, name) {
		return o.last, true
	}
	i, known := o.byName[string(name)]
	named = known || len(o.hosts) < maxHosts || len(name) == 0
	if !named {
		name = nil
		i, known = o.byName[""]
	}
	if !known {
		i = o.addHost(base, scope, name)
	}
	o.last = i
	return i, named
}

// addHost adds a group, and returns its index.
func (o *Output) addHost(base, scope, name []byte) int {
	i := len(o.hosts)
	h := grow(&o.hosts)
	h.name = append(h.name[:0], name...)
	h.resource = append(h.resource[:0], base...)
	if len(name) > 0 {
		h.resource = otlp.AppendResourceAttr(h.resource, keyHostName, name)
	}
	if o.byName == nil {
		o.byName = map[string]int{}
	}
	o.byName[string(name)] = i
	o.addGroup(h.resource, scope)
	return i
}
