package saved

import (
	"encoding/json"
	"slices"
	"testing"
)

// Marks come back as they were, and what is no list of marks is refused.
func TestMarksAsText(t *testing.T) {
	for _, l := range []Marks{nil, {{At: 1, Hash: 2}}, {{At: 0, Hash: 0}, {At: 1 << 40, Hash: 1<<64 - 1}, {At: 1<<40 + 7, Hash: 5}, {At: 3, Hash: 4}}} {
		text, err := json.Marshal(Print{Lines: l})
		if err != nil {
			t.Fatal(err)
		}
		var back Print
		if err := json.Unmarshal(text, &back); err != nil || !slices.Equal(back.Lines, l) {
			t.Errorf("%s: %v, %v", text, back.Lines, err)
		}
	}
	for _, text := range []string{"=", "AA==", "AgAAAAAAAA==", "gA=="} {
		var l Marks
		if err := l.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is read as %v", text, l)
		}
	}
	one, many := 0, Marks{}
	for i := range 64 {
		m := Mark{At: int64(1<<20 + 100*i), Hash: Hash(1 << 63)}
		many = append(many, m)
		text, _ := json.Marshal(m)
		one += len(text)
	}
	if text, _ := many.MarshalText(); 2*len(text) > one {
		t.Errorf("%d bytes for 64 marks, of %d one by one", len(text), one)
	}
}
