package pexip

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLookup(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		var got []string
		for _, m := range Lookup(text) {
			got = append(got, m.Event)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", text, diff)
		}
	}
	f("Participant has joined", "pexip.participant.joined")
	f("Participant has joined.", "pexip.participant.joined")
	f(" participant HAS joined. ", "pexip.participant.joined")
	f("pexip.participant.joined", "pexip.participant.joined")
	f("has joined", "pexip.participant.joined")
	f("support.dns", "pexip.dns")
	f("support.bfcp", "pexip.bfcp", "pexip.bfcp.sent", "pexip.bfcp.received")
	f("pexip.bfcp", "pexip.bfcp")
	f("jinja2", "pexip.jinja2")
	f("Shutting down idle worker i-7 (running) (uptime: 3 minutes)", "pexip.cloudbursting.instance_stopping")
	f("idle worker", "pexip.cloudbursting.instance_stopping")
	f("ICE failed for stream 1", "pexip.ice.failed")
	f("mute requested by", "pexip.participant.mute_or_unmute_requested", "pexip.participant.mute_requested", "pexip.participant.unmute_requested")
	f("Last host left", "pexip.conference.last_host_left")
	f("PIN entry", "pexip.pin.correct", "pexip.pin.retries_exceeded", "pexip.pin.timed_out")
	f("no such thing")
	f("")
	f(" . ")
}

// Names of events are for ever: each is well formed and occurs once.
func TestEventNames(t *testing.T) {
	name := regexp.MustCompile(`^pexip(\.[a-z][a-z0-9_]*)+$`)
	seen := make(map[string]bool)
	for _, m := range Messages() {
		if !name.MatchString(m.Event) || seen[m.Event] {
			t.Errorf("event %q is malformed or there twice", m.Event)
		}
		seen[m.Event] = true
		if m.Meaning == "" || m.MeaningJA == "" || m.Module == "" {
			t.Errorf("%s: no meaning, or no module", m.Event)
		}
		if _, ok := catalogue.module[m.Module]; !ok {
			t.Errorf("%s: module %s is not in the catalogue", m.Event, m.Module)
		}
		for _, p := range m.Parameters {
			if fieldOf([]byte(p)) == fieldUnknown {
				t.Errorf("%s: parameter %s is not in the catalogue", m.Event, p)
			}
		}
	}
}

// What records are counted by is the index in Messages.
func TestEventCounts(t *testing.T) {
	c := newConverter()
	for _, text := range []string{`Message="Participant has joined"`, `Message="Participant has joined."`, `Name="support.dns" Message="x"`, `Message="x"`} {
		c.convert([]byte(text))
	}
	got := make(map[string]int)
	for i, n := range c.counts.PexipEvents {
		if n > 0 {
			got[Messages()[i].Event] = n
		}
	}
	if diff := cmp.Diff(map[string]int{"pexip.participant.joined": 2, "pexip.dns": 1}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestLookupKeyDoesNotAllocate(t *testing.T) {
	key, text, name := []byte("Call-Id"), []byte("Participant has joined."), []byte("support.sip")
	var data templateData
	if n := testing.AllocsPerRun(100, func() {
		if id := fieldOf(key); id != fieldCallID {
			t.Fatal(id)
		}
		if i, _ := catalogue.find(name, text, &data); i < 0 {
			t.Fatal(i)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// The tables of docs/pexip.md are those of the catalogue; -update writes them.
func TestDocs(t *testing.T) {
	const path = "../../docs/pexip.md"
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	doc := string(old)
	for name, table := range map[string]string{"modules": moduleTable(), "events": eventTable(), "attributes": attributeTable()} {
		begin, end := "<!-- "+name+" -->\n", "<!-- end of "+name+" -->"
		before, rest, ok := strings.Cut(doc, begin)
		_, after, ok2 := strings.Cut(rest, end)
		if !ok || !ok2 {
			t.Fatalf("no place for the table of %s", name)
		}
		doc = before + begin + table + end + after
	}
	if *update {
		if err := os.WriteFile(path, []byte(doc), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if diff := cmp.Diff(string(old), doc); diff != "" {
		t.Errorf("docs/pexip.md is not up to date; go test -update writes it (-old +new)\n%s", diff)
	}
}

func moduleTable() string {
	var b strings.Builder
	b.WriteString("| `pexip.module` | event of its other messages | what it logs |\n|---|---|---|\n")
	for _, m := range catalogue.events[len(messages()):] {
		fmt.Fprintf(&b, "| `%s`%s | `%s` | %s |\n", m.Module, mark(m), m.Event, m.Meaning)
	}
	return b.String()
}

func eventTable() string {
	var b strings.Builder
	b.WriteString("| event | `pexip.module` | message | meaning |\n|---|---|---|---|\n")
	for _, m := range messages() {
		text := strings.ReplaceAll(strings.TrimSuffix(m.Message, "."), "*", "…")
		fmt.Fprintf(&b, "| `%s`%s | `%s` | %s | %s |\n", m.Event, mark(m), m.Module, strings.NewReplacer("<", "‹", ">", "›").Replace(text), m.Meaning)
	}
	return b.String()
}

// mark tells what the vendor's document does not mention.
func mark(m Message) string {
	if m.Documented {
		return ""
	}
	return " †"
}

func attributeTable() string {
	types := map[kind]string{module: "string", text: "string", multiline: "string", role: "string", timestamp: "string", integer: "int", double: "double", boolean: "bool"}
	fields := slices.Clone(catalogue.fields)
	slices.SortFunc(fields, func(a, b field) int { return strings.Compare(a.attr, b.attr) })
	var b strings.Builder
	b.WriteString("| attribute | type | key | meaning |\n|---|---|---|---|\n")
	for _, f := range fields {
		if f.attr == "" {
			continue
		}
		key := "in the text"
		if f.name != "" {
			key = "`" + f.name + "`"
		}
		fmt.Fprintf(&b, "| `pexip.%s` | %s | %s | %s |\n", f.attr, types[f.kind], key, f.meaning)
	}
	return b.String()
}

// A template may have more data than any has now. One that has too much is found
// out when the catalogue is loaded, and not by the first line that follows it.
func TestTemplatesWithMuchData(t *testing.T) {
	load := func(n int) *catalog {
		text := strings.Repeat("<x> and ", n-1) + "<x>"
		return loadCatalogue([]byte(`{"messages":[{"event":"pexip.much","message":"` + text + `"}]}`))
	}
	for _, n := range []int{1, 8, 9, len(templateData{})} {
		var data templateData
		text := strings.Repeat("1 and ", n-1) + "2"
		index, tmpl := load(n).find(nil, []byte(text), &data)
		if index != 0 || tmpl == nil || string(data[0]) != text[:1] || string(data[n-1]) != "2" {
			t.Errorf("%d: index %d, data %q", n, index, data)
		}
	}
	defer func() {
		if message, ok := recover().(string); !ok || !strings.Contains(message, "too much data") {
			t.Errorf("loaded, or %v", message)
		}
	}()
	load(len(templateData{}) + 1)
}
