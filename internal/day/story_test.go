package day

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestStory(t *testing.T) {
	story, err := Story()
	if err != nil {
		t.Fatal(err)
	}
	var sora, pexip int
	for _, l := range story {
		if l.Log == "" {
			pexip++
		} else {
			sora++
		}
	}
	if sora < 50 || pexip < 40 || !slices.IsSortedFunc(story, func(a, b Line) int { return a.At.Compare(b.At) }) {
		t.Errorf("%d lines of Sora and %d of Pexip", sora, pexip)
	}
}

// A line told again is the same line at another time, of another call.
func TestAgain(t *testing.T) {
	at := time.Date(2026, 6, 12, 9, 18, 12, 751e6, time.UTC)
	now := at.Add(24*time.Hour + 500*time.Millisecond)
	const call, other = "A6F75KGQPF5P8T5FM6K3ZMXHCE", "4d2ced77-b28d-492c-8efc-83c6e05d87ae"
	text := `{"timestamp":"2026-06-12T09:18:12.751000Z","connection_id":"` + call + `","created_timestamp":"2026-06-12T09:00:40.071000Z","created_time":1781254840,` +
		`"x":"2026-06-12 09:18:12,751","y":"2026-06-12 23:59:59","id":"` + other + `","bundle_id":"` + call + `"}`
	got := Line{At: at, Text: text}.Again(1, now)
	for _, want := range []string{`"2026-06-13T09:18:13.251000Z"`, `"2026-06-13T09:00:40.571000Z"`, `"2026-06-13 09:18:13,251"`, `"2026-06-13 23:59:59"`, `"created_time":1781254840`} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s in %s", want, got)
		}
	}
	if strings.Contains(got, call) || strings.Contains(got, other) || len(got) != len(text) {
		t.Errorf("the ids are the same: %s", got)
	}
	_, after, _ := strings.Cut(got, `"connection_id":"`)
	if strings.Count(got, after[:26]) != 2 {
		t.Errorf("one id became two: %s", got)
	}
	if second := (Line{At: at, Text: text}).Again(2, now); second == got || (Line{At: at, Text: text}).Again(1, now) != got {
		t.Error("rounds do not tell calls apart")
	}
}
