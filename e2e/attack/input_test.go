package attack

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// line is sent as one syslog message.
func line(text string) func(*testing.T, *field) {
	return func(t *testing.T, f *field) { f.send(t, harness.OctetCounting(text)) }
}

// file writes a log file of one line into Sora's directory.
func file(name, text string) func(*testing.T, *field) {
	return func(t *testing.T, f *field) {
		if err := os.WriteFile(filepath.Join(f.log, name), []byte(text+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// inputs are lines that take long to read, and names that take room.
var inputs = []attack{
	{
		name: "blanks before pairs", lasts: 5 * time.Second,
		strike: func(t *testing.T, f *field) {
			for range 5 {
				line(strings.Repeat(" ", 512<<10)+repeat(`Pin="1" `, 512<<10))(t, f)
			}
		},
		counts: func(t *testing.T, f *field) error { return f.counts(t, 5, "rtcship_syslog_messages_total") },
	},
	{name: "pairs without end", strike: line("<134>node " + repeat(`A="1" `, 1<<20)), lasts: 5 * time.Second},
	{name: "quotes without end", strike: line(`<134>node Name="x" Message="` + repeat(`a="`, 1<<20)), lasts: 5 * time.Second},
	{name: "brackets in a legacy line", strike: file("internal.log", "2026-11-21 06:00:00.000 "+repeat("[a] ", 1<<20)), lasts: 5 * time.Second},
	{name: "brackets that open", strike: file("crash.log", "2026-11-21 06:00:00.000 "+repeat("[", 1<<20)), lasts: 5 * time.Second},
	{name: "JSON nested deeply", strike: file("api.jsonl", strings.Repeat(`{"a":[`, 150<<10)), lasts: 5 * time.Second},
	{
		name: "secrets without end", strike: file("signaling.jsonl", `{"timestamp":"2026-11-21T06:00:00Z","msg":"`+repeat("Bearer ", 512<<10)+`"}`), lasts: 5 * time.Second,
	},
	{
		name: "host names", lasts: 10 * time.Second,
		strike: func(t *testing.T, f *field) {
			var b bytes.Buffer
			for i := range 300000 {
				b.WriteString(harness.OctetCounting(rfc5424(fmt.Sprintf("host-%06d", i), "x")))
			}
			f.send(t, b.String())
		},
		counts: func(t *testing.T, f *field) error { return f.counts(t, 300000, "rtcship_syslog_messages_total") },
		states: "green amber",
	},
	{
		name: "connections to syslog", states: "amber", says: "were refused",
		strike: func(t *testing.T, f *field) { // the live one is there already
			for range 1000 {
				f.send(t, "")
			}
		},
		counts: func(t *testing.T, f *field) error { return f.counts(t, 500, "rtcship_syslog_refused_total") },
	},
}

// leaveSpool runs rtcship with nobody to deliver to, sends messages, and kills it.
func leaveSpool(t *testing.T, f *field, rounds int) (segments []string) {
	t.Helper()
	away := func(s string) string { return strings.ReplaceAll(s, f.collector.http, "http://127.0.0.1:1") }
	config, err := os.ReadFile(f.ship.Config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(f.ship.Config, []byte(away(string(config))), 0o600); err != nil {
		t.Fatal(err)
	}
	for round := range rounds {
		f.ship.Start(t)
		for i := range 200 {
			f.send(t, harness.OctetCounting(harness.PexipLine(fmt.Sprint("left", round), i)))
		}
		harness.Wait(t, *patience, "the spool", func() error { return f.counts(t, 200, "rtcship_syslog_messages_total") }, f.ship.Process())
		f.ship.Kill(t)
	}
	if err := os.WriteFile(f.ship.Config, config, 0o600); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(filepath.Join(f.ship.State, "spool"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && info.Size() > 1000 {
			segments = append(segments, filepath.Join(f.ship.State, "spool", e.Name()))
		}
	}
	slices.Sort(segments)
	if len(segments) == 0 {
		t.Fatal("nothing is in the spool")
	}
	return segments
}

// noise are bytes without any order, the same each time.
func noise(n int) []byte {
	b := make([]byte, n)
	x := uint64(88172645463325252)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return b
}

func damaged(t *testing.T, f *field) error {
	return f.counts(t, 1, "rtcship_spool_damaged_bytes_total")
}

// appendTo damages the newest segment at its end.
func appendTo(tail []byte) func(*testing.T, *field) {
	return func(t *testing.T, f *field) {
		segments := leaveSpool(t, f, 1)
		s, err := os.OpenFile(segments[len(segments)-1], os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Write(tail); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// spools are what a power cut, or a bad disk, leaves of what was received.
var spools = []attack{
	{name: "zeros at the end of the spool", before: appendTo(make([]byte, 1<<20)), counts: damaged, states: "amber", says: "of the spool were "},
	{name: "noise at the end of the spool", before: appendTo(noise(1 << 20)), counts: damaged, states: "amber", says: "of the spool were "},
	{name: "much noise at the end of the spool", before: appendTo(noise(8 << 20)), counts: damaged, states: "amber", says: "of the spool were "},
	{
		name: "damage in an older segment", counts: damaged, states: "amber", says: "of the spool were ", lasts: 5 * time.Second,
		before: func(t *testing.T, f *field) {
			segments := leaveSpool(t, f, 2)
			if len(segments) < 2 {
				t.Skip("both processes wrote to one segment")
			}
			data, err := os.ReadFile(segments[0])
			if err == nil {
				copy(data[len(data)/3:len(data)*2/3], noise(len(data)))
				err = os.WriteFile(segments[0], data, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		},
		after: func(t *testing.T, f *field) { // the segment is settled and deleted by now
			if err := errors.Join(damaged(t, f), f.says("amber", "of the spool were ")); err != nil {
				t.Errorf("it is forgotten: %v", err)
			}
		},
	},
}

// TestHostNamesCostNothing holds that lines under a host name each take no more than
// twice what the same lines under one name take.
func TestHostNamesCostNothing(t *testing.T) {
	const lines = 300000
	used := func(host func(i int) string) time.Duration {
		s := newSite(t, &attack{})
		s.ship.Start(t)
		var b bytes.Buffer
		for i := range lines {
			b.WriteString(harness.OctetCounting(rfc5424(host(i), "x")))
		}
		s.send(t, b.String())
		harness.Wait(t, *patience, "the records", func() error {
			return s.counts(t, lines, "rtcship_records_total", `outcome="accepted"`, `source="pexip"`)
		}, s.ship.Process())
		s.ship.Process().Stop(t, drain+5*time.Second)
		return s.ship.Process().CPU()
	}
	one := used(func(int) string { return "host-000000" })
	many := used(func(i int) string { return fmt.Sprintf("host-%06d", i) })
	t.Logf("%v under one name, %v under %d", one, many, lines)
	if many > 2*one {
		t.Errorf("%v, where one name takes %v", many, one)
	}
}
