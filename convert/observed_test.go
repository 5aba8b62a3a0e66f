package convert

import (
	"bytes"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

// A backend that compares whole records drops a repeat only if nothing in it
// tells when its line was read.
func TestObservedAsTime(t *testing.T) {
	const timed = `{"timestamp":"2026-04-25T07:15:19.000001Z","level":"info","msg":"ready"}`
	read := time.Date(2026, 4, 25, 8, 0, 0, 0, time.UTC)
	again := func(t *testing.T, cfg Config, text string) (first, second []byte) {
		t.Helper()
		c, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		for i, into := range []*[]byte{&first, &second} {
			var out Output
			c.Convert(entry.Batch{
				Origin:  &entry.Origin{Source: "sora", Log: "sora", Path: "sora.jsonl", Generation: [16]byte{1}},
				Entries: []entry.Entry{{Text: []byte(text), Observed: read.Add(time.Duration(i) * time.Hour)}},
			}, &out)
			*into = bytes.Clone(out.Groups[0].Records)
		}
		return first, second
	}
	tests := []struct {
		name, text string
		asTime     bool
		equal      bool
	}{
		{"as read", timed, false, false},
		{"as the record's time", timed, true, true},
		{"no time of its own", `not a line that has a time`, true, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			first, second := again(t, Config{ObservedAsTime: tt.asTime}, tt.text)
			if got := bytes.Equal(first, second); got != tt.equal {
				t.Errorf("the record read an hour later is equal: %v, want %v", got, tt.equal)
			}
		})
	}
}
