// Package drop decides which records are not sent, by rules that an operator
// wrote: stores are paid by the gigabyte, and some lines are read by nobody.
//
// It is asked after an entry has been read and counted, and never guesses: a
// record whose line says no severity is not dropped by severity, and a condition
// holds only for records that have what it is about.
package drop

import (
	"strings"

	"github.com/rtcship/rtcship/convert/otlp"
)

// A Rule drops the records for which all of its conditions hold that are not
// empty. In each, * stands for anything.
type Rule struct {
	Log    string // sora.log, such as rtc_stats
	Code   string // sora.code, such as PONG-TIMEOUT-ERROR
	Module string // pexip.module, such as support.sip
	Event  string // the event name, such as sora.signaling.offer
}

// String is the rule's name in counts: its conditions, such as "log=signaling code=A-*".
func (r Rule) String() string {
	var parts []string
	for _, c := range []struct{ name, value string }{{"log", r.Log}, {"code", r.Code}, {"module", r.Module}, {"event", r.Event}} {
		if c.value != "" {
			parts = append(parts, c.name+"="+c.value)
		}
	}
	return strings.Join(parts, " ")
}

// A Filter is what holds for the records of one source. It is read-only. A nil
// Filter drops nothing.
type Filter struct {
	severity string // what a drop by severity is counted as
	least    int    // the lowest OTLP severity number that is sent; 0 = all
	rules    []rule
}

type rule struct {
	name                     string
	log, code, module, event glob
}

// New returns the filter of a source, "sora" or "pexip". Records of a severity
// number below least are dropped, if it is not 0. It is nil if nothing is.
func New(source string, least int, rules []Rule) *Filter {
	f := &Filter{severity: source + ".min_severity", least: least}
	for _, r := range rules {
		if r == (Rule{}) || source == "sora" && r.Module != "" || source == "pexip" && (r.Log != "" || r.Code != "") {
			continue // the other source's, or about nothing
		}
		f.rules = append(f.rules, rule{r.String(), newGlob(r.Log), newGlob(r.Code), newGlob(r.Module), newGlob(r.Event)})
	}
	if f.least == 0 && len(f.rules) == 0 {
		return nil
	}
	return f
}

// A Record is what rules are about.
type Record struct {
	Severity     int    // number
	SeverityText []byte // as the line has it; empty if it has none
	Part         bool   // part of a longer text: its severity is not its own
	EventPrefix  string // first part of the event name
	EventName    []byte // second part
	Attributes   []byte // in wire form
}

// A Batch is a filter for the records of one log. It is used for one batch
// after another, and then allocates nothing.
type Batch struct {
	severity string
	least    int
	rules    []*rule
	event    []byte
}

// Start prepares for the records of log, which is "" for what is not Sora's.
func (b *Batch) Start(f *Filter, log string) {
	b.least, b.rules = 0, b.rules[:0]
	if f == nil {
		return
	}
	b.severity, b.least = f.severity, f.least
	for i := range f.rules {
		if r := &f.rules[i]; r.log.matches([]byte(log)) {
			b.rules = append(b.rules, r)
		}
	}
}

// Off reports that no record of the batch is dropped.
func (b *Batch) Off() bool { return b.least == 0 && len(b.rules) == 0 }

// Rule is the name of the first rule that drops r, "" if it is sent.
func (b *Batch) Rule(r *Record) string {
	if r.Severity > 0 && r.Severity < b.least && len(r.SeverityText) > 0 && !r.Part && !fragment(r.Attributes) {
		return b.severity
	}
	for i, rule := range b.rules {
		if i == 0 {
			b.event = append(append(b.event[:0], r.EventPrefix...), r.EventName...)
		}
		if rule.event.matches(b.event) && rule.code.matchesAttribute(r.Attributes, keyCode) && rule.module.matchesAttribute(r.Attributes, keyModule) {
			return rule.name
		}
	}
	return ""
}

var (
	keyCode     = otlp.NewKey("sora.code")
	keyModule   = otlp.NewKey("pexip.module")
	keyFragment = otlp.NewKey("pexip.fragment_id")
)

// fragment reports whether the record is one of several that one message came
// in: the first may say a severity that the others have not.
func fragment(attributes []byte) bool {
	_, ok := otlp.FindString(attributes, keyFragment)
	return ok
}
