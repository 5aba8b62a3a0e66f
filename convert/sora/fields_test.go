package sora

import "testing"

func TestFieldTable(t *testing.T) {
	if len(fieldSpecs) > int(droppedField) {
		t.Fatalf("%d fields: a set of them must fit one word", len(fieldSpecs))
	}
	table := newFieldTable()
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

// Most lookups must find their field at once.
func TestFieldTableIsSparse(t *testing.T) {
	table := newFieldTable()
	far := 0
	for i, n := range table.slots {
		if name := &table.list[n]; n != noName && uint(i) != fieldHash(name.text()) {
			t.Logf("%s is %d slots off", name.text(), uint(i)-fieldHash(name.text()))
			far++
		}
	}
	if far > 5 {
		t.Errorf("%d of the names are not where their hash says", far)
	}
}
