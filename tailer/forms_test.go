package tailer

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/internal/file"
	"github.com/rtcship/rtcship/tailer/internal/rules"
)

// want checks what was received, in order.
func (w *world) want(texts ...string) {
	w.t.Helper()
	if diff := cmp.Diff(texts, w.sink.texts()); diff != "" {
		w.t.Errorf("received, -want +got:\n%s", diff)
	}
}

func TestCrashReportsAreJoined(t *testing.T) {
	const (
		raw   = "text that some other program left here\n"
		lager = "2031-04-02 10:11:12 =CRASH REPORT====\n  crasher:\n    initial call: a:b/1\n\n"
		otp   = "=SUPERVISOR REPORT==== 2-Apr-2031::10:11:13.250190 ===\n    supervisor: {local,x}\n"
		bare  = "=CRASH REPORT 12 processes\nwith a second line"
		glued = "2031-04-02 10:11:14 =ERROR REPORT====\nthe header before stands in the middle of a line\n"
		late  = "    and a line that comes late\n"
	)
	inWorld(t, func(w *world) {
		w.write("crash.log", raw+lager+otp)
		w.start()
		w.write("crash.log", bare)
		w.pass(500 * time.Millisecond)
		w.write("crash.log", glued)
		w.pass(500 * time.Millisecond)
		trim := func(s string) string { return strings.TrimRight(s, "\n") }
		w.want(trim(raw), trim(lager), trim(otp), bare) // the last one may go on
		w.pass(time.Second)
		w.write("crash.log", late)
		w.pass(2 * time.Second)
		w.want(trim(raw), trim(lager), trim(otp), bare, trim(glued), trim(late))
		if got := w.sink.all()[1]; got.log != "crash" || got.offset != int64(len(raw)) {
			w.t.Errorf("log %q, offset %d", got.log, got.offset)
		}
	})
}

func TestWholeFilesAreOneEntryEachStart(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("ulimit.log", "1024\n")
		w.start()
		w.write("sysctl.log", "kernel.a = 1\nkernel.b = 2\n")
		w.pass(5 * time.Second)
		w.want("1024", "kernel.a = 1\nkernel.b = 2")
		w.truncate("sysctl.log")
		w.write("sysctl.log", "kernel.a = 1\nkernel.b = 2\n") // the same again
		w.pass(5 * time.Second)
		w.end()
		w.truncate("ulimit.log")
		w.write("ulimit.log", "1024\n")
		w.start()
		w.end()
		w.start() // nothing new
		w.want("1024", "kernel.a = 1\nkernel.b = 2", "kernel.a = 1\nkernel.b = 2", "1024")
		gens := map[string]bool{}
		for _, r := range w.sink.all() {
			gens[r.gen] = true
		}
		if len(gens) != 4 {
			w.t.Errorf("%d generations, want one for each start", len(gens))
		}
	})
}

func TestCrashDump(t *testing.T) {
	head := "=erl_crash_dump:0.5\nWed Apr  2 10:11:12 2031\nSlogan: out of cards\nAtoms: 12\n"
	rest := "=memory\ntotal: 1\n" + strings.Repeat("=proc:<0.1.0>\nState: Waiting\n", 10000)
	for _, test := range []struct {
		name, end string
		wait      time.Duration
	}{{"complete", "=end\n", time.Second}, {"cut short", "", 70 * time.Second}} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.start()
				w.write("erl_crash.dump", head)
				w.pass(10 * time.Second)
				w.write("erl_crash.dump", rest)
				w.pass(10 * time.Second)
				w.want()
				w.write("erl_crash.dump", test.end)
				w.pass(test.wait)
				w.want(strings.TrimRight(head, "\n"))
				w.end()
				w.start()
				w.pass(test.wait)
				w.want(strings.TrimRight(head, "\n"))
				for _, s := range w.tail.Status() {
					if s.Lag != 0 {
						w.t.Errorf("lag %d", s.Lag)
					}
				}
			})
		})
	}
}

// erlang writes to the file of the ring that is written at present, and goes
// on to the next one as run_erl does.
type erlang struct {
	*world
	n int
}

func (e *erlang) name() string { return fmt.Sprintf("erlang.log.%d", e.n) }

func (e *erlang) next() {
	e.n = e.n%5 + 1
	after := fmt.Sprintf("erlang.log.%d", e.n%5+1)
	os.Remove(e.path(after))
	os.Remove(e.path(e.name()))
	e.write(e.name(), "\n")
}

func TestErlangRing(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		e := &erlang{world: w}
		e.next()
		w.write(e.name(), "=====\n===== LOGGING STARTED Wed Apr  2 10:11:12 UTC 2031\n=====\n")
		n := 0
		for range 14 { // the ring goes round nearly three times
			for range 6 {
				w.write(e.name(), lines(n, 5))
				n += 5
				w.pass(300 * time.Millisecond)
			}
			e.next()
		}
		w.pass(10 * time.Second)
		got := map[string]int{}
		for _, r := range w.sink.all() {
			got[r.text]++
			if strings.HasPrefix(r.text, "{") && (r.log != "erlang" || r.time.Year() != 2031) {
				w.t.Fatal("entry without log or clock:", r)
			}
		}
		for i := range n {
			if got[line(i)] != 1 {
				w.t.Errorf("line %d came %d times", i, got[line(i)])
			}
		}
		w.wantNoGap()
	})
}

func TestErlangRingAcrossStop(t *testing.T) {
	inWorld(t, func(w *world) {
		e := &erlang{world: w}
		e.next()
		w.write(e.name(), lines(0, 5))
		w.start()
		w.write(e.name(), lines(5, 5))
		w.pass(time.Second)
		w.end()
		n := 10
		for range 3 {
			e.next()
			w.write(e.name(), lines(n, 5))
			n += 5
		}
		w.start()
		w.pass(10 * time.Second)
		w.wantLines(n)
	})
}

func TestRunErlClock(t *testing.T) {
	tokyo := time.FixedZone("JST", 9*3600)
	for text, want := range map[string]time.Time{
		"===== ALIVE Wed Apr  2 10:11:12 MEST 2031":           time.Date(2031, 4, 2, 10, 11, 12, 0, tokyo),
		"===== LOGGING STARTED Wed Apr 12 10:11:12 UTC 2031":  time.Date(2031, 4, 12, 10, 11, 12, 0, time.UTC),
		"===== Sat Jan  1 00:00:00 JST 2033":                  time.Date(2033, 1, 1, 0, 0, 0, 0, tokyo),
		"=====":                                               {},
		"===== ALIVE":                                         {},
		"===== ALIVE and well":                                {},
		"== ALIVE Wed Apr  2 10:11:12 MEST 2031":              {},
		"===== Wed Foo  2 10:11:12 MEST 2031":                 {},
		"===== " + strings.Repeat("x", 100):                   {},
		"===== LOGGING STARTED Wed Apr 31 10:11:12 UTC 20310": {},
	} {
		got, ok := entry.ParseClock([]byte(text), tokyo)
		if ok != !want.IsZero() || !got.Equal(want) {
			t.Errorf("%q: %v, %v; want %v", text, got, ok, want)
		}
	}
}

func TestClockIsKeptWithTheCheckpoint(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("erlang.log.1", "before\n===== ALIVE Wed Apr  2 10:11:12 UTC 2031\nafter\n")
		w.start()
		w.end()
		w.write("erlang.log.1", "later\n")
		w.start()
		var years []int
		for _, r := range w.sink.all() {
			years = append(years, r.time.Year())
		}
		if diff := cmp.Diff([]int{1, 2031, 2031, 2031}, years); diff != "" {
			w.t.Error(diff)
		}
	})
}

func TestWhatIsLegalInALine(t *testing.T) {
	inWorld(t, func(w *world) {
		w.write("sora.log", "a\x00b\r\n\r\n\nno \xff utf-8\r\n \n\r")
		w.write("empty.log", "")
		w.write("one.log", "x")
		w.start()
		w.want("a\x00b", "no \xff utf-8", " ")
		w.drain()
		got := w.sink.texts()
		if len(got) != 5 || got[3] != "x" && got[4] != "x" {
			w.t.Errorf("after draining: %q", got)
		}
	})
}

func TestLongLinesAreCut(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.MaxEntry = 1000
		exact := strings.Repeat("e", 1000)
		long := strings.Repeat("é", 1200) // 2400 bytes
		w.write("sora.log", exact+"\n"+long+"\nshort\n"+strings.Repeat("x", 2500))
		w.start()
		w.write("sora.log", "y\nz\n")
		w.pass(time.Second)
		var sizes []string
		var all strings.Builder
		for _, r := range w.sink.all() {
			sizes = append(sizes, fmt.Sprintf("%d %v", len(r.text), r.cut))
			all.WriteString(r.text)
		}
		want := []string{"1000 false", "1000 true", "1000 true", "400 true", "5 false", "1000 true", "1000 true", "501 true", "1 false"}
		if diff := cmp.Diff(want, sizes); diff != "" {
			w.t.Error(diff)
		}
		if all.String() != exact+long+"short"+strings.Repeat("x", 2500)+"yz" {
			w.t.Error("bytes are lost or out of order")
		}
		if s := w.tail.Status()[0]; s.Cut != 6 {
			w.t.Errorf("%d entries are counted as cut, want 6", s.Cut)
		}
	})
}

// A long line of which a part is settled when the process ends is still one that
// was cut when the next process reads its end.
func TestLongLineAcrossAStop(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.MaxEntry = 1000
		w.write("sora.log", strings.Repeat("x", 1500))
		w.start()
		w.end()
		w.write("sora.log", "y\nz\n")
		w.start()
		var got []string
		for _, r := range w.sink.all() {
			got = append(got, fmt.Sprintf("%d %v", len(r.text), r.cut))
		}
		if diff := cmp.Diff([]string{"1000 true", "501 true", "1 false"}, got); diff != "" {
			w.t.Error(diff)
		}
	})
}

// A line longer than several buffers, which grows slowly, is read once and as
// a whole.
func TestLineThatGrowsSlowly(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		part := strings.Repeat("0123456789abcdef", 20<<10)
		for range 12 {
			w.write("sora.log", part)
			w.pass(300 * time.Millisecond)
		}
		w.want()
		w.write("sora.log", "\nnext\n")
		w.pass(time.Second)
		w.want(strings.Repeat(part, 12), "next")
	})
}

func TestLogsAndNames(t *testing.T) {
	src := Source{Dir: "/log", Rules: SoraRules(), Include: []string{"extra/*.txt"}, Exclude: []string{"secret.log"}}
	s := rules.New(src.Asked(), rules.Where{}, func(string) bool { return false })
	known := func(name string) bool { return name == "gateway.log" }
	for path, want := range map[string]string{
		"sora.jsonl":                  "sora.jsonl live",
		"sora.log":                    "sora.log live",
		"sora.jsonl.1":                "sora.jsonl",
		"sora.jsonl.1.gz":             "sora.jsonl packed",
		"sora.jsonl.gz":               "sora.jsonl packed",
		"sora.jsonl-20311121":         "sora.jsonl",
		"sora.jsonl-20311121.zst":     "sora.jsonl packed",
		"sora-20311121.jsonl":         "sora.jsonl",
		"sora-20311121.jsonl.gz":      "sora.jsonl packed",
		"sora.2.jsonl":                "sora.jsonl",
		"sora-20311121-1.jsonl.gz":    "sora.jsonl packed",
		"sora.jsonl.2031-11-21T03:04": "sora.jsonl",
		"sora-other.jsonl":            "sora-other.jsonl live",
		"event_webhook.jsonl.12":      "event_webhook.jsonl",
		"gateway-1.log":               "gateway.log",
		"other-1.log":                 "other-1.log live",
		"other-1.log.2":               "other-1.log",
		"erlang.log.3":                "erlang.log.[1-9] live",
		"erlang.log.12":               "erlang.log.[1-9][0-9] live",
		"erl_crash.dump":              "erl_crash.dump live",
		"erl_crash.dump.1":            "erl_crash.dump",
		"secret.log":                  "",
		"secret.log.1":                "",
		"notes.txt":                   "",
		"extra/notes.txt":             "notes.txt live",
		"extra/notes.txt.1":           "notes.txt",
		"sora.jsonl.bak":              "",
		"sora.jsonl.tmp":              "",
		"connection_created_wait_timeout_error/20311121_ABC.jsonl": "20311121_ABC.jsonl live",
		"connection_created_wait_timeout_error/2031_7.jsonl":       "2031_7.jsonl live",
	} {
		dir, base := "/log", path
		if d, b, ok := strings.Cut(path, "/"); ok {
			dir, base = "/log/"+d, b
		}
		c, ok := s.Classify(dir, base, known)
		got := ""
		if ok {
			got = c.Family[strings.LastIndex(c.Family, "/")+1:]
			if c.Live {
				got += " live"
			}
			if c.Packed != file.Unpacked {
				got += " packed"
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
