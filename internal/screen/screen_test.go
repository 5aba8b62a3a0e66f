package screen

import (
	"strings"
	"testing"
)

// Nothing that a terminal obeys comes through, and everything else does.
func TestClean(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"plain", "plain"}, {"接続 ok é", "接続 ok é"},
		{"a\x1b[31mb", `a\x1b[31mb`}, {"\x1b]0;title\x07", `\x1b]0;title\x07`},
		{"a\nb\r\nc", "a ⏎ b ⏎ c"}, {"a\tb", "a b"}, {"a\rb", `a\x0db`}, {"\x00\x7f", `\x00\x7f`},
		{"\u009b31m", `\x9b31m`}, {"\x9b31m", `\x9b31m`}, {"\u202eevil", `\u{202e}evil`}, {"\u2066x", `\u{2066}x`},
		{"\u2028", `\u{2028}`}, {"\xff", `\xff`}, {"\U000e0041", `\u{e0041}`}, {"👩‍👩‍👧", "👩‍👩‍👧"},
	} {
		if got := Clean(c.text); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text         string
		width, first int
		want         string
	}{
		{"short", 10, 0, "short"},
		{"no limit at all", 0, 0, "no limit at all"},
		{"one two three four", 9, 0, "one two|three|four"},
		{"one two three", 9, 5, "one|two three"},
		{"unbreakableword", 6, 0, "unbrea|kablew|ord"},
		{"接続できません", 6, 0, "接続で|きませ|ん"},
		{"接続できません", 7, 2, "接続|できま|せん"},
	} {
		if got := strings.Join(Wrap(c.text, c.width, c.first), "|"); got != c.want {
			t.Errorf("%q in %d-%d: %s, want %s", c.text, c.width, c.first, got, c.want)
		}
	}
}

func TestWidths(t *testing.T) {
	if got := Pad("会議", 6) + "|"; got != "会議  |" {
		t.Error(got)
	}
	if got := Left("会", 4); got != "  会" {
		t.Error(got)
	}
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"会議室", 5, "会議…"}, {"会議室", 4, "会…"}} {
		if got := Cut(c.text, c.width); got != c.want {
			t.Errorf("%s in %d: %s, want %s", c.text, c.width, got, c.want)
		}
	}
}
