package harness

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew from what arrived")

// A Golden renders records for comparison with a golden file, one field a line.
// What must differ from run to run is checked for what can be said of it, and
// then replaced by a word.
type Golden struct {
	Start   time.Time         // no record may be observed before
	Replace map[string]string // text to a word that stands for it, such as a temporary folder
	Vary    []string          // lines of which only the type is compared, such as "attribute network.peer.port"
}

// Check compares the records, in the order given, with the file at path; with
// -update it writes the file instead.
func (g Golden) Check(t testing.TB, path string, records []Record) {
	t.Helper()
	var b strings.Builder
	for i, r := range records {
		fmt.Fprintf(&b, "record %d\n", i+1)
		g.render(t, &b, r)
	}
	got := b.String()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (make it with -update)", err)
	}
	compare(t, path, string(want), got)
}

func (g Golden) render(t testing.TB, b *strings.Builder, r Record) {
	line := func(name string, value any) {
		if slices.Contains(g.Vary, name) {
			value = fmt.Sprintf("any %T", value)
		}
		fmt.Fprintf(b, "  %s = %s\n", name, g.text(value))
	}
	for _, k := range slices.Sorted(maps.Keys(r.Resource)) {
		line("resource "+k, r.Resource[k])
	}
	line("scope", r.Scope)
	if r.Time.IsZero() {
		line("time", "none")
	} else {
		line("time", r.Time.Format(time.RFC3339Nano))
	}
	if now := time.Now(); r.Observed.Before(g.Start) || r.Observed.After(now) {
		t.Errorf("observed at %v, not between %v and %v: %q", r.Observed, g.Start, now, r.Text())
	}
	line("severity", int64(r.Severity))
	line("severity text", r.SeverityText)
	line("event", r.Event)
	line("body", r.Body)
	for _, k := range slices.Sorted(maps.Keys(r.Attributes)) {
		if k == "log.record.uid" {
			line("attribute "+k, uidShape(t, r))
			continue
		}
		line("attribute "+k, r.Attributes[k])
	}
	if r.Dropped > 0 {
		line("dropped attributes", int64(r.Dropped))
	}
}

// text writes a value with its type, since a field that changes its type is a fault.
func (g Golden) text(v any) string {
	s := fmt.Sprintf("%T %v", v, v)
	if str, ok := v.(string); ok {
		s = fmt.Sprintf("%q", str)
	}
	for from, to := range g.Replace {
		s = strings.ReplaceAll(s, from, to)
	}
	return s
}

// uidShape checks that a record's uid is a ULID whose time is the record's, and
// returns what to show in its stead.
func uidShape(t testing.TB, r Record) string {
	const alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	uid := r.UID()
	if len(uid) != 26 || strings.Trim(uid, alphabet) != "" {
		t.Errorf("uid %q is no ULID: %q", uid, r.Text())
		return uid
	}
	if r.Time.IsZero() {
		return "ULID"
	}
	var ms int64
	for _, c := range uid[:10] {
		ms = ms<<5 | int64(strings.IndexRune(alphabet, c))
	}
	if ms != r.Time.UnixMilli() {
		t.Errorf("the time in uid %s is %v, the record's is %v", uid, time.UnixMilli(ms).UTC(), r.Time)
	}
	return "ULID of the time"
}

// compare reports the first records that differ, line by line.
func compare(t testing.TB, path, want, got string) {
	t.Helper()
	w, g := strings.Split(want, "record "), strings.Split(got, "record ")
	shown := 0
	for i := range max(len(w), len(g)) {
		var a, b string
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a == b {
			continue
		}
		if shown++; shown > 5 {
			t.Errorf("%s: further records differ", path)
			return
		}
		t.Errorf("%s: record %d (- wanted, + arrived):\n%s", path, i, difference(a, b))
	}
}

// difference shows the lines that only one of two records has.
func difference(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	var b strings.Builder
	for _, l := range w {
		if !slices.Contains(g, l) {
			fmt.Fprintf(&b, "- %s\n", l)
		}
	}
	for _, l := range g {
		if !slices.Contains(w, l) {
			fmt.Fprintf(&b, "+ %s\n", l)
		}
	}
	if b.Len() == 0 {
		return "the same lines in another order or number\n"
	}
	return b.String()
}
