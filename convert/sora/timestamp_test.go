package sora

import (
	"testing"
	"time"
)

// A clock reads what RFC 3339 has, however it was asked before, and nothing that is
// not a time with its zone from end to end.
func TestClock(t *testing.T) {
	const want = "2026-06-06T08:04:37.39071Z"
	for s, want := range map[string]string{
		"2026-06-06T08:04:37.390710Z":           want,
		"2026-06-06t08:04:37.390710z":           want,
		"2026-06-06 08:04:37.390710Z":           want,
		"2026-06-06T17:04:37.390710+09:00":      want,
		"2026-06-06T07:34:37.390710-00:30":      want,
		"2026-06-06T08:04:37.390710000999Z":     want,
		"2026-06-06T08:04:37Z":                  "2026-06-06T08:04:37Z",
		"2026-06-06T08:04:60.000000Z":           "2026-06-06T08:05:00Z",
		"1970-01-01T00:00:00.000001Z":           "1970-01-01T00:00:00.000001Z",
		"2262-04-11T23:47:15.999999Z":           "2262-04-11T23:47:15.999999Z",
		"2026-06-06T08:04:37.390710":            "", // of no zone
		"2026-06-06T08:04:37.390710Z ":          "",
		"2026-06-06T08:04:37.39071xZ":           "",
		"2026-06-06T08:04:61.390710Z":           "",
		"2026-06-31T08:04:37.390710Z":           "",
		"1970-01-01T00:00:00.000000Z":           "",
		"1969-12-31T23:59:59.999999Z":           "",
		"2300-01-01T00:00:00.000000Z":           "",
		"20260606T080437Z":                      "",
		"":                                      "",
		"2026-06-06T08:04:37.390710+09:00 more": "",
	} {
		var c clock
		for _, before := range []string{"", "2026-06-06T08:04:01.000000Z", s, "2026-06-06 08:04:02.000000Z"} {
			c.parse([]byte(before))
			nanos, ok := c.parse([]byte(s))
			if got := time.Unix(0, nanos).UTC().Format(time.RFC3339Nano); ok != (want != "") || ok && got != want {
				t.Errorf("%q after %q: %s, %v", s, before, got, ok)
			}
		}
	}
}
