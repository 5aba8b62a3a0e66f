package pipeline

import (
	"fmt"
	"slices"
	"testing"
)

// What a rule drops is booked by that rule, settled with what stands around it,
// and not read again; the ledger adds up all the while, and over a reload.
func TestDroppedIsSettledAndCounted(t *testing.T) {
	b := newBench(t)
	b.flags["sora.min_severity"] = []string{"info"}
	b.flags["drop"] = []string{"[{log: rtc_stats}, {code: PONG-*}]"}
	line := func(level, msg string) string {
		return fmt.Sprintf(`{"timestamp":"2026-11-21T08:00:00.000000Z","level":"%s","msg":"%s"}`+"\n", level, msg)
	}
	b.write("internal.jsonl", line("debug", "one")+line("info", "two")+line("error", "PONG-TIMEOUT-ERROR | reason=timeout")+"no line of Sora's\n")
	b.write("rtc_stats.jsonl", line("error", "three")+line("error", "four")) // nothing but dropped lines
	r := b.start(false)
	settled := func(want int64) func() bool {
		return func() bool {
			s := r.daemon.Status()
			for _, f := range s.Files {
				if f.Lag != 0 {
					return false
				}
			}
			if l := s.Ledger["sora"]; l.Balance() != 0 {
				t.Errorf("the ledger does not add up: %+v", l)
			}
			return s.Ledger["sora"].Read == want && s.Ledger["sora"].InFlight == 0
		}
	}
	b.await("all to be settled", settled(6))
	check := func(dropped int64, by map[string]int64, bodies ...string) {
		t.Helper()
		l := r.daemon.Status().Ledger["sora"]
		if l.Dropped != dropped || l.Accepted != int64(len(bodies)) || fmt.Sprint(l.DroppedBy) != fmt.Sprint(by) {
			t.Errorf("ledger %+v", l)
		}
		if got := b.bodies(); !slices.Equal(got, bodies) {
			t.Errorf("sent: %q", got)
		}
	}
	by := map[string]int64{"sora.min_severity": 1, "code=PONG-*": 1, "log=rtc_stats": 2}
	check(4, by, "two", "no line of Sora's")
	if n := sumOf(r.daemon.Status().Counts["sora"].SoraEvents); n != 1 {
		t.Errorf("%d events are counted", n)
	}
	<-r.ready
	b.flags["drop"] = []string{"[{log: internal}]"}
	r.reload <- struct{}{}
	<-r.ready
	b.write("internal.jsonl", line("error", "five"))
	b.await("the line after the reload", settled(7))
	by["log=internal"] = 1
	check(5, by, "two", "no line of Sora's")
	r.drain()

	again := b.start(false) // settled means settled: nothing is read a second time
	b.write("sora.jsonl", line("info", "six"))
	b.await("the line after the restart", func() bool { return len(b.bodies()) == 3 })
	again.settle()
	if l := again.daemon.Status().Ledger["sora"]; l.Read != 1 || l.Dropped != 0 {
		t.Errorf("read again: %+v", l)
	}
	again.drain()
}

// A batch that was not settled takes back what it had booked.
func TestDroppedIsNotSettledBeforeItsBatch(t *testing.T) {
	b := newBench(t)
	b.flags["sora.min_severity"] = []string{"info"}
	b.setRefuse(true)
	b.write("sora.jsonl", `{"timestamp":"2026-11-21T08:00:00.000000Z","level":"debug","msg":"a"}`+"\n"+`{"timestamp":"2026-11-21T08:00:00.000000Z","level":"info","msg":"b"}`+"\n")
	r := b.start(false)
	b.await("the batch", func() bool { l := r.daemon.Status().Ledger["sora"]; return l.InFlight == 2 && l.Read == 2 })
	if l := r.daemon.Status().Ledger["sora"]; l.Dropped != 0 || l.Balance() != 0 {
		t.Errorf("booked before the collector answered: %+v", l)
	}
	r.abandon()
	if l := r.daemon.Status().Ledger["sora"]; l.Read != 0 || l.Dropped != 0 {
		t.Errorf("booked though it will be read again: %+v", l)
	}
}

func sumOf(counts []int) (n int) {
	for _, v := range counts {
		n += v
	}
	return n
}
