package drop

import (
	"strings"
	"testing"
)

func TestGlob(t *testing.T) {
	for _, test := range []struct {
		pattern, text string
		want          bool
	}{
		{"", "", true}, {"", "x", true},
		{"a", "a", true}, {"a", "A", false}, {"a", "", false}, {"a", "ab", false}, {"a", "ba", false},
		{"*", "x", true}, {"*", "", false}, {"**", "x", true}, {"**", "", false},
		{"a*", "a", true}, {"a*", "abc", true}, {"a*", "ba", false},
		{"*a", "a", true}, {"*a", "cba", true}, {"*a", "ab", false},
		{"a*a", "a", false}, {"a*a", "aa", true}, {"a*a", "aba", true},
		{"a*b*c", "abc", true}, {"a*b*c", "axbxc", true}, {"a*b*c", "acb", false}, {"a*b*b", "ab", false},
		{"*b*", "abc", true}, {"*b*", "ac", false}, {"a.c", "abc", false}, {"[a]", "a", false}, {"?", "a", false},
	} {
		if got := newGlob(test.pattern).matches([]byte(test.text)); got != test.want {
			t.Errorf("%q on %q: %v", test.pattern, test.text, got)
		}
	}
}

func TestFilterOfASource(t *testing.T) {
	rules := []Rule{{Log: "x"}, {Code: "A-B"}, {Module: "m"}, {Event: "e"}, {}}
	if n := len(New("sora", 0, rules).rules); n != 3 {
		t.Errorf("%d rules for sora", n)
	}
	if n := len(New("pexip", 0, rules).rules); n != 2 {
		t.Errorf("%d rules for pexip", n)
	}
	if New("pexip", 0, []Rule{{Log: "x"}}) != nil || New("sora", 0, nil) != nil || New("sora", 1, nil) == nil {
		t.Error("a filter that drops nothing should be nil, and no other")
	}
	var b Batch
	b.Start(nil, "x")
	if !b.Off() {
		t.Error("no filter drops")
	}
	b.Start(New("sora", 0, []Rule{{Log: "x"}}), "y")
	if !b.Off() {
		t.Error("a rule about another log is asked for every record")
	}
}

func TestRuleName(t *testing.T) {
	if got := (Rule{Log: "l", Code: "c", Module: "m", Event: "e"}).String(); got != "log=l code=c module=m event=e" {
		t.Error(got)
	}
}

// However many stars a pattern has, a long text is gone through once.
func TestGlobOnLongTexts(t *testing.T) {
	g := newGlob(strings.Repeat("*a", 200) + "*b")
	if g.matches([]byte(strings.Repeat("a", 8<<20))) {
		t.Error("there is no b")
	}
}
