package pexip

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write the golden records anew")

// An example is one of the vendor's document.
type example struct {
	number, module, text string
}

func examples(t testing.TB) []example {
	t.Helper()
	a, err := txtar.ParseFile("testdata/document.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var list []example
	for _, f := range a.Files {
		number, module, _ := strings.Cut(f.Name, " ")
		list = append(list, example{number, module, strings.TrimSuffix(string(f.Data), "\n")})
	}
	return list
}

// line is the example as Pexip sends it: on one line, with header, originating
// time, level and module.
func (e example) line() string {
	text := strings.ReplaceAll(e.text, "\n", "^M")
	if !strings.HasPrefix(text, `Name="`) {
		text = fmt.Sprintf("Name=%q %s", e.module, text)
	}
	return `2015-11-24T15:51:11.402+00:00 conferencingnode1 2015-11-24 15:51:11,337 Level="INFO" ` + text
}

// Each example of the vendor's document has its expected record, both as it
// stands there and as the whole line of which it is a part.
func TestDocument(t *testing.T) {
	all := examples(t)
	if len(all) != 53 {
		t.Fatalf("%d examples, the document has 53", len(all))
	}
	var got txtar.Archive
	got.Comment = []byte("The records of the examples in document.txtar: as they stand, and as whole lines.\n\n")
	for _, e := range all {
		for _, form := range []struct{ name, text string }{{"example", e.text}, {"line", e.line()}} {
			r, host := parseLine(t, form.text)
			got.Files = append(got.Files, txtar.File{Name: e.number + " " + form.name, Data: []byte(printRecord(r, host))})
		}
	}
	const path = "testdata/records.txtar"
	if *update {
		if err := os.WriteFile(path, txtar.Format(&got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(txtar.Format(&got))); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

// documentModules are the modules that the document has a heading for, and the
// two that occur only in its examples.
var documentModules = []string{
	"administrator.system", "administrator.configuration", "administrator.conference", "administrator.participantdialer",
	"administrator.registration", "administrator.vmrsync", "administrator.apps.cloudbursting", "support.sip", "support.dns",
	"support.bfcp", "support.h323.q931", "support.h323.ras", "support.h323.h245", "support.rest", "support.jinja2", "support.participant",
	"administrator.system.configuration", "administrator.system.connectivity",
}

// documentMessages are those of administrator.configuration that the document
// lists without an example.
var documentMessages = []string{
	"Configuration changed", "Configuration deleted", "User logged in", "User logged out", "Initiated dial command",
	"License activation request stored for offline processing", "Processed license request",
}

// The catalogue has each message and module of the document, and a line with
// it gets its event: 58 messages, 16 modules with headings, 2 without.
func TestCatalogueIsComplete(t *testing.T) {
	seen := make(map[string]bool)
	for _, e := range examples(t) {
		r, _ := parseLine(t, e.line())
		m := catalogue.events[indexOf(t, r.EventName)]
		if !m.Documented || m.Module != strings.Trim(attributes(r)["pexip.module"], `"`) {
			t.Errorf("%s: event %s of module %s", e.text, r.EventName, m.Module)
		}
		for _, p := range e.keys() {
			if len(m.Parameters) > 0 && !slices.Contains(m.Parameters, p) {
				t.Errorf("%s: parameter %s is not in the catalogue", r.EventName, p)
			}
		}
		seen[r.EventName] = true
	}
	for _, text := range documentMessages {
		r, _ := parseLine(t, `Name="administrator.configuration" Message="`+text+`" User="admin"`)
		seen[catalogue.events[indexOf(t, r.EventName)].Event] = true
	}
	if len(seen) != 58 {
		t.Errorf("%d documented messages, want 58", len(seen))
	}
	documented := 0
	for _, m := range messages() {
		if m.Documented {
			documented++
		}
	}
	if documented != 58 {
		t.Errorf("%d messages are marked as documented, want 58", documented)
	}
	for _, name := range documentModules {
		r, _ := parseLine(t, `Level="INFO" Name="`+name+`" Message="Never heard of"`)
		if i, ok := catalogue.module[name]; !ok || !catalogue.events[i].Documented || r.EventName != catalogue.events[i].Event {
			t.Errorf("module %s: event %q", name, r.EventName)
		}
	}
}

// keys are the keys of an example's pairs, as the scanner finds them.
func (e example) keys() (keys []string) {
	s := scan([]byte(e.text))
	for t := new(token); s.Next(t); {
		key := t.Key([]byte(e.text))
		if id := fieldOf(key); id == fieldUnknown || id > fieldMessage {
			keys = append(keys, string(key))
		}
	}
	return keys
}

// messages are the events of the catalogue that come before its modules.
func messages() []Message {
	return catalogue.events[:slices.IndexFunc(catalogue.events, func(m Message) bool { return m.Message == "" })]
}

func indexOf(t *testing.T, event string) int {
	t.Helper()
	for i, m := range messages() {
		if m.Event == event {
			return i
		}
	}
	t.Fatalf("event %q is not in the catalogue", event)
	return 0
}
