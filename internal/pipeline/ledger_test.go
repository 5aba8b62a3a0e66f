package pipeline

import (
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/exporter/exportertest"
	"github.com/rtcship/rtcship/tailer/entry"
)

// What is refused or not understood is shown with the file that it stood in,
// and why.
func TestTroubleStandsWithItsFile(t *testing.T) {
	b := newBench(t)
	b.fault = func(r *exportertest.Request) *exportertest.Fault {
		records, err := r.Records()
		if err != nil {
			t.Error(err)
		}
		for _, rec := range records {
			switch rec.Body.GetStringValue() {
			case "bad":
				return &exportertest.Fault{Code: codes.InvalidArgument, Message: "a bad record"}
			case "old":
				return &exportertest.Fault{Rejected: 1, Message: "one is too old"}
			}
		}
		return nil
	}
	b.write("sora.jsonl", lines(0, 10))
	b.write("api.jsonl", "{broken\n{broken too\n")
	r := b.start(false)
	b.await("the lines", func() bool { return len(b.bodies()) == 12 })
	b.write("signaling.jsonl", `{"timestamp":"2026-11-21T08:00:00.000000Z","level":"info","msg":"bad"}`+"\n")
	b.await("the dead letter", func() bool { return r.daemon.Status().Ledger["sora"].Dead == 1 })
	b.write("event_webhook.jsonl", `{"timestamp":"2026-11-21T08:00:00.000000Z","level":"info","msg":"old"}`+"\n")
	b.await("the rejection", func() bool { return r.daemon.Status().Ledger["sora"].Rejected == 1 })
	got := map[string]Trouble{}
	for _, f := range r.daemon.Status().Files {
		got[f.Log] = f.Trouble
	}
	if s := got["sora"]; s.Rejected != 0 || s.Dead != 0 || len(s.Unparsed) != 0 {
		t.Errorf("sora.jsonl had trouble: %+v", s)
	}
	if got["api"].Unparsed["json"] != 2 || got["signaling"].Dead != 1 || got["event_webhook"].Rejected != 1 {
		t.Errorf("trouble by log: %+v", got)
	}
	r.drain()
}

func TestTroubleIsBounded(t *testing.T) {
	b := newBooks()
	for i := range 3 * maxTroubles {
		o := &entry.Origin{Source: "sora", Generation: [16]byte{byte(i), byte(i >> 8)}}
		b.settled(o, &record.Counts{Entries: 1, Records: 1}, exporter.Outcome{Dead: 1}, 1)
	}
	if len(b.troubles) != maxTroubles || len(b.troubled) != maxTroubles {
		t.Errorf("trouble of %d generations is kept", len(b.troubles))
	}
	if b.bySource["sora"].ledger.Dead != 3*maxTroubles {
		t.Errorf("ledger %+v", b.bySource["sora"].ledger)
	}
}

// A counter that becomes less looks like a new process to Prometheus, which
// would count all of it again.
func TestCountersNeverGoDown(t *testing.T) {
	b := newBench(t)
	b.write("sora.jsonl", "\n\n\n"+lines(0, 10))
	b.write("api.jsonl", "\n\n"+lines(10, 20))
	r := b.start(false)
	<-r.ready
	b.await("the lines", func() bool { return len(b.bodies()) == 20 })
	r.settle()
	check := func(after string) {
		t.Helper()
		if l := r.daemon.Status().Ledger["sora"]; l.Read != 25 || l.Empty != 5 || l.Balance() != 0 {
			t.Errorf("after %s: %+v", after, l)
		}
	}
	check("the start")
	r.reload <- struct{}{}
	<-r.ready
	check("a reload")
	r.drain()
	check("the drain")
}
