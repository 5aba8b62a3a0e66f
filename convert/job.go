package convert

import (
	"context"
	"fmt"
	"net/netip"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/rtcship/rtcship/convert/drop"
	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/tailer/entry"
)

var keyHostName = otlp.NewKey("host.name")

// A job is a batch that is being converted. An entry whose conversion panics becomes a
// record that says so, and the rest is gone on with: otherwise the program would end, read
// that entry again at the next start, and end again, and nothing would come any more.
type job struct {
	*Converter
	ctx    context.Context
	batch  entry.Batch
	out    *Output
	next   int  // the entry under way
	gaveUp bool // to convert that one
}

// A Fault is an entry that could not be converted, for a reason that lies in the program.
type Fault struct {
	Offset int64  // of the entry
	Reason string // what was panicked with, which holds nothing of the text
	Stack  []byte
}

// run converts from the next entry on. It returns the fault that has ended it, if there is
// one in an entry that it has not given up.
func (j *job) run() (fault *Fault, err error) {
	w := j.workers.Get().(*worker)
	defer func() {
		v := recover()
		switch {
		case v == nil:
			w.builder.Trim()
			j.workers.Put(w)
		case j.gaveUp || j.next >= len(j.batch.Entries):
			panic(v)
		default: // what w holds by now is of no use
			j.recount()
			fault = &Fault{Offset: j.batch.Entries[j.next].Offset, Reason: reasonOf(v)}
			if j.out.Faults == 0 {
				fault.Stack = debug.Stack()
			}
		}
	}()
	if j.batch.Origin.Source == "pexip" {
		return nil, j.convertPexip(w)
	}
	return nil, j.convertSora(w)
}

// convertSora puts all records of a Sora log into one group.
func (j *job) convertSora(w *worker) error {
	out, settings, r := j.out, &j.soraSettings, &w.sora
	if strings.HasSuffix(j.batch.Origin.Log, "_error") {
		settings, r = &j.errorSettings, &w.errors
	}
	j.start(w, settings, j.soraDrop, j.batch.Origin.Log)
	if len(out.Groups) == 0 {
		out.addGroup(j.soraResource, j.soraScope).reserve(len(j.batch.Entries), textSize(j.batch))
	}
	if j.gaveUp {
		j.say(w, 0, record.JSON)
	}
	r.Start(j.sora, &w.builder)
	err := j.each(w, func(*entry.Entry) bool {
		if !r.Read() {
			return false
		}
		out.finish(0, &w.builder, &w.drop)
		return true
	})
	if err == nil && len(out.Groups[0].Ends) == 0 && len(out.Spans[0].Ends) == 0 {
		out.Groups, out.Spans = out.Groups[:0], out.Spans[:0]
	}
	return err
}

// convertPexip puts the records of each system into a group of their own.
func (j *job) convertPexip(w *worker) error {
	out := j.out
	var peer [64]byte
	j.start(w, &j.pexipSettings, j.pexipDrop, "")
	if j.gaveUp {
		host := appendPeer(nil, j.batch.Entries[j.next].Peer)
		i, _ := out.hostGroup(j.pexipResource, j.pexipScope, host)
		j.say(w, i, record.Pexip)
	}
	w.pexip.Start(&w.builder)
	defer w.pexip.Release()
	return j.each(w, func(e *entry.Entry) bool {
		host := w.pexip.Read()
		if host == nil {
			host = appendPeer(peer[:0], e.Peer)
		}
		i, named := out.hostGroup(j.pexipResource, j.pexipScope, host)
		if !named {
			w.builder.Attr(keyHostName, host)
			out.Counts.Unresourced++
		}
		g := &out.Groups[i]
		if cap(g.Records)-len(g.Records) < 2*len(e.Text)+512 {
			g.reserve(len(g.Ends)+16, len(g.Records)/2+len(e.Text)) // as much as there is
		}
		out.finish(i, &w.builder, &w.drop)
		return true
	})
}

// lookEvery is after how much text the context is looked at: it is a lock, and a line
// takes less than a microsecond.
const lookEvery = 64 << 10

// each has the entries from the next one on converted, those aside that hold nothing.
// convert returns false for another one of these.
func (j *job) each(w *worker, convert func(*entry.Entry) bool) error {
	for size := 0; j.next < len(j.batch.Entries); j.next++ {
		e := &j.batch.Entries[j.next]
		if size += len(e.Text); size >= lookEvery {
			if size = 0; j.ctx.Err() != nil {
				return fmt.Errorf("convert: %w", context.Cause(j.ctx))
			}
		}
		w.builder.Begin(e)
		if len(e.Text) == 0 || !convert(e) {
			w.builder.Skip()
		}
	}
	return nil
}

func (j *job) start(w *worker, settings *record.Settings, rules *drop.Filter, log string) {
	w.builder.StartBatch(settings, j.batch.Origin, &j.out.Counts)
	j.out.measure(&w.builder)
	w.drop.Start(rules, log)
}

// say puts a record into a group in place of the entry that was given up. Nothing of its text
// is in it, since secrets may not have been masked.
func (j *job) say(w *worker, group int, f record.Format) {
	e := j.batch.Entries[j.next]
	e.Text = fmt.Appendf(nil, "rtcship could not convert this entry of %d bytes; its own log says why", len(e.Text))
	b := &w.builder
	b.Begin(&e)
	b.Severity = record.Severe
	b.ParseError(f, "fault")
	j.out.finish(group, b, &drop.Batch{}) // whatever the rules say
	j.next, j.gaveUp = j.next+1, false
}

// recount counts the records that there are: the one that was being made may be counted already.
func (j *job) recount() {
	j.out.Counts.Records = 0
	for i := range j.out.Groups {
		j.out.Counts.Records += len(j.out.Groups[i].Ends)
	}
}

// reasonOf is what was panicked with. Only the runtime's own words are sure to hold
// nothing of a text.
func reasonOf(v any) string {
	if err, ok := v.(runtime.Error); ok {
		return err.Error()
	}
	return fmt.Sprintf("%T", v)
}

// appendPeer appends the address of a sender who did not give a name.
func appendPeer(dst []byte, peer netip.AddrPort) []byte {
	if !peer.IsValid() {
		return dst
	}
	return peer.Addr().Unmap().WithZone("").AppendTo(dst)
}
