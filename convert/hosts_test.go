package convert

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/rtcship/rtcship/convert/internal/recordtest"
	"github.com/rtcship/rtcship/tailer/entry"
)

// inventedHosts is n messages with a HOSTNAME of its own each, of names
// different ones.
func inventedHosts(n, names int) entry.Batch {
	o := origin()
	o.Source, o.Log = "pexip", ""
	b := entry.Batch{Origin: o}
	for i := range n {
		text := fmt.Sprintf("<134>1 2026-05-06T08:08:09Z h%06d app - - - message %d", i%names, i)
		b.Entries = append(b.Entries, entry.Entry{Text: []byte(text), Offset: int64(i), Observed: observed, Transport: "tcp"})
	}
	return b
}

// A peer that makes up a name for each line makes resources up to a bound, and
// no record loses its name for it.
func TestInventedHosts(t *testing.T) {
	c := newConverter(t, Config{})
	for _, n := range []int{1, maxHosts, maxHosts + 1, 3 * maxHosts} {
		var out Output
		c.Convert(inventedHosts(2*n, n), &out)
		beyond := max(0, n-maxHosts)
		if want := min(n, maxHosts) + min(beyond, 1); len(out.Groups) != want || out.Counts.Unresourced != 2*beyond {
			t.Errorf("%d names: %d groups, %d records that say their host themselves", n, len(out.Groups), out.Counts.Unresourced)
		}
		told := map[string]int{}
		for i, g := range out.Groups {
			for _, r := range recordtest.Decode(t, g.Records) {
				own := recordtest.Attributes(t, r)["host.name"]
				if name := string(out.hosts[i].name); name != "" && own != "" {
					t.Errorf("record of %s says %s as well", name, own)
				} else {
					told[name+own]++
				}
			}
		}
		if len(told) != n || told[""] > 0 {
			t.Errorf("%d names came out as %d, %d records without one", n, len(told), told[""])
		}
	}
}

// What an Output keeps for the next batch is bounded, whichever of its groups
// was large in which batch.
func TestOutputKeepsLittle(t *testing.T) {
	c := newConverter(t, Config{})
	var out Output
	for k := range 32 {
		b := inventedHosts(40, 40)
		for i := range b.Entries {
			if i == k {
				b.Entries[i].Text = append(b.Entries[i].Text, make([]byte, 1<<20)...)
			}
		}
		c.Convert(b, &out)
	}
	out.reset()
	kept := 0
	for _, g := range out.Groups[:cap(out.Groups)] {
		kept += cap(g.Records) + 8*cap(g.Ends)
	}
	if kept > maxKept {
		t.Errorf("%d bytes are kept for the next batch", kept)
	}
}

// A stop does not wait for the rest of a batch.
func TestConvertEndsWithItsContext(t *testing.T) {
	c := newConverter(t, Config{})
	why := errors.New("reload")
	for _, source := range []string{"sora", "pexip"} {
		ctx, cancel := context.WithCancelCause(t.Context())
		b := inventedHosts(3000, 1)
		b.Origin.Source = source
		var out Output
		if err := c.ConvertContext(ctx, b, &out); err != nil || out.Counts.Records != 3000 {
			t.Fatalf("%s: %v, %d records", source, err, out.Counts.Records)
		}
		cancel(why)
		if err := c.ConvertContext(ctx, b, &out); !errors.Is(err, why) {
			t.Errorf("%s: %v after the context has ended", source, err)
		}
		if out.Counts.Records > 2*lookEvery/len(b.Entries[0].Text) {
			t.Errorf("%s: %d records were made all the same", source, out.Counts.Records)
		}
	}
}
