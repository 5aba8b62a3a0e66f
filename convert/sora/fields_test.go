package sora

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/convert/internal/recordtest"
)

func TestFieldTable(t *testing.T) {
	table := newFieldTable(fieldSpecs)
	attrs := make(map[string]bool)
	for id, spec := range fieldSpecs {
		for _, name := range spec.names {
			if got := table.id([]byte(name)); got != fieldID(id) {
				t.Errorf("id(%q) = %d, want %d", name, got, id)
			}
		}
		if attrs[spec.attr] {
			t.Errorf("two fields become sora.%s", spec.attr)
		}
		attrs[spec.attr] = true
	}
	for _, name := range []string{"", "x", "channel_ix", "levels", "日本"} {
		if got := table.id([]byte(name)); got != unknownField {
			t.Errorf("id(%q) = %d, want none", name, got)
		}
	}
	for id, name := range map[fieldID]string{
		fieldTimestamp: "timestamp", fieldLevel: "level", fieldMsg: "msg", fieldOfType: "type",
		fieldReq: "req", fieldConnectionID: "connection_id",
		fieldMinutes: "minutes", fieldAllowed: "allowed", fieldReason: "reason",
		fieldChecking: "total_checking_duration_ms", fieldDisconnected: "total_disconnected_duration_ms",
	} {
		if fieldSpecs[id].names[0] != name {
			t.Errorf("id %d is %q, want %q", id, fieldSpecs[id].names[0], name)
		}
	}
}

// There is room for many more fields, of each type, on both ways.
func TestRoomForMoreFields(t *testing.T) {
	specs := slices.Clone(fieldSpecs)
	for i := range 70 {
		specs = append(specs, fieldSpec{
			names: []string{fmt.Sprintf("more_%d", i)}, attr: fmt.Sprintf("more_%d", i), typ: fieldType(i % 5), identity: i%2 == 0, harmless: i%3 == 0,
		})
	}
	values := []string{`"text"`, `true`, `-12`, `1.5`, `["a","b"]`}
	want := []string{`"text"`, `true`, `-12`, `double 1.5`, `["a", "b"]`}
	line := usual[:len(usual)-1]
	for i := range 70 {
		line += fmt.Sprintf(`,"more_%d":%s`, i, values[i%5])
	}
	p := newPair(t)
	for _, f := range []*fuzzReader{p.short, p.long} {
		f.p.fields = newFieldTable(specs)
	}
	p.compare(t, []byte(strings.Replace(usual, `"role":"sendrecv"`, `"more_5":"a","more_10":"b","more_11":true,"more_16":false,"more_14":["a"],"role":"sendrecv"`, 1)))
	for range 8 {
		p.compare(t, []byte(line+"}"))
	}
	f := newFuzzReader()
	f.p.fields = newFieldTable(specs)
	attrs := recordtest.Attributes(t, f.read(t, "sora", []byte(line+"}")))
	for i := range 70 {
		if got := attrs[fmt.Sprintf("sora.more_%d", i)]; got != want[i%5] {
			t.Errorf("more_%d is %s, want %s", i, got, want[i%5])
		}
	}
	// One that comes twice is seen to.
	twice := f.read(t, "sora", []byte(line+`,"more_69":["c"]}`))
	if got := recordtest.Attributes(t, twice)["sora.more_69"]; got != `["c"]` {
		t.Errorf("the last of two is %s", got)
	}
	p.compare(t, []byte(line+`,"more_69":["c"]}`))
}

// More fields than ids are found out when the table is made.
func TestTooManyFields(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("the table was made")
		}
	}()
	newFieldTable(make([]fieldSpec, maxFieldIDs))
}

// The document has a table of the fields that are no text, by type: one that is
// missing there is one that users build no panel of.
func TestFieldTypesAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/attributes.md")
	if err != nil {
		t.Fatal(err)
	}
	for typ, name := range map[fieldType]string{typeBool: "bool", typeInt: "int", typeDouble: "double", typeList: "list of strings"} {
		row := regexp.MustCompile(`(?m)^\| ` + name + ` \| ([^|]+) \|$`).FindSubmatch(text)
		if row == nil {
			t.Fatalf("docs/attributes.md has no row of fields of type %s", name)
		}
		documented := strings.Split(string(row[1]), ", ")
		var fields []string
		for _, spec := range fieldSpecs {
			if spec.typ == typ && spec.names[0] != "" {
				fields = append(fields, spec.names[0])
			}
		}
		slices.Sort(documented)
		slices.Sort(fields)
		if !slices.Equal(documented, fields) {
			t.Errorf("fields of type %s in docs/attributes.md: %v\nin fieldSpecs: %v", name, documented, fields)
		}
	}
}
