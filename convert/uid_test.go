package convert

import (
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

// A record's uid depends on its file's generation, its offset and its time,
// and on nothing else: not on the path, which a rotation changes, nor on when,
// with what else, by which version or in what words it is sent.
func TestUIDOfARecord(t *testing.T) {
	const line = "2026-01-02T03:04:05.678901Z [info] [-/-/-] <0.1.2> text"
	uidOf := func(c *Converter, o entry.Origin, before int, e entry.Entry) string {
		t.Helper()
		b := entry.Batch{Origin: &o, Entries: append(make([]entry.Entry, before), e)}
		var out Output
		c.Convert(b, &out)
		return attrs(records(t, out.Groups[0])[0])["log.record.uid"]
	}
	c := newConverter(t, Config{})
	o, e := *origin(), entry.Entry{Text: []byte(line), Offset: 4711, Observed: observed}
	want := uidOf(c, o, 0, e)
	if len(want) != 26 || want[:10] != "01KDYAK3SE" {
		t.Fatalf("uid %q", want)
	}

	moved, again, other := o, e, e
	moved.Path, moved.Log = "/elsewhere/internal.log.1.gz", "other"
	again.Observed = observed.Add(time.Hour)
	other.Text = []byte("2026-01-02T03:04:05.678Z [error] other words")
	for name, got := range map[string]string{
		"of a rotated file":   uidOf(c, moved, 0, e),
		"seen again":          uidOf(c, o, 0, again),
		"in a larger batch":   uidOf(c, o, 3, e),
		"of another text":     uidOf(c, o, 0, other),
		"by another version":  uidOf(newConverter(t, Config{Version: "2", Original: true}), o, 0, e),
		"born at another day": uidOf(c, func() entry.Origin { p := o; p.Born = born.AddDate(1, 0, 0); return p }(), 0, e),
	} {
		if got != want {
			t.Errorf("%s: uid %s, want %s", name, got, want)
		}
	}

	generation, offset, later := o, e, e
	generation.Generation[15]++
	offset.Offset++
	later.Text = []byte("2026-01-02T03:04:05.679Z [info] text")
	for name, got := range map[string]string{
		"another generation": uidOf(c, generation, 0, e),
		"another offset":     uidOf(c, o, 0, offset),
		"another time":       uidOf(c, o, 0, later),
	} {
		if got == want {
			t.Errorf("%s: the same uid", name)
		}
	}

	timeless := entry.Entry{Text: []byte("no time"), Offset: 5}
	if a, b := uidOf(c, o, 0, timeless), uidOf(c, o, 0, entry.Entry{Text: []byte("no time"), Offset: 5, Observed: observed}); a != b {
		t.Errorf("without a time: uids %s and %s", a, b)
	}
}
