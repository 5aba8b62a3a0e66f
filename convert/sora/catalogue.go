package sora

import (
	_ "embed"
	"encoding/json"
	"slices"
	"strings"
	"sync"
)

// An Event is one entry of the catalogue of what Sora reports by a code.
type Event struct {
	Code     string   `json:"code"`     // such as PONG-TIMEOUT-ERROR
	Aliases  []string `json:"aliases"`  // other spellings of it
	Level    string   `json:"level"`    // at which Sora reports it; "" if that is not known
	Category string   `json:"category"` // "" if it has none
	Effect   string   `json:"effect"`   // what Sora does then: "connection_kept", "connection_closed", "sora_stops"; "" if not known
	Listed   bool     `json:"listed"`   // whether the vendor's document lists it
	Meaning  Text     `json:"meaning"`
	Check    Text     `json:"check"` // what to look at first
}

// A Text is the same in two languages.
type Text struct {
	EN string `json:"en"`
	JA string `json:"ja"`
}

// Name is the event name of its records.
func (e *Event) Name() string {
	return "sora." + strings.ReplaceAll(strings.ToLower(e.Code), "-", "_")
}

//go:embed events.json
var eventsJSON []byte

var events = sync.OnceValue(func() []Event {
	var list []Event
	if err := json.Unmarshal(eventsJSON, &list); err != nil {
		panic("sora: embedded catalogue: " + err.Error()) // a fault of the build, which the tests find
	}
	return list
})

// Events returns the whole catalogue. Its order is fixed within one version
// of the program; record.Counts counts by it. A code that Sora reports at two
// levels is there twice.
func Events() []Event { return slices.Clone(events()) }

// Lookup returns the entries for a code, in any case and with underscores for
// hyphens if that is how it was typed: none for an unknown code, two for one
// that Sora reports at two levels.
func Lookup(code string) []Event {
	code = strings.ReplaceAll(strings.ToUpper(strings.TrimSpace(code)), "_", "-")
	code = strings.TrimPrefix(code, "SORA.")
	var found []Event
	for _, e := range events() {
		if e.Code == code || slices.Contains(e.Aliases, code) {
			found = append(found, e)
		}
	}
	return found
}
