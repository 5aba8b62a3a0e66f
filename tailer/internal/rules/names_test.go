package rules

import (
	"fmt"
	"testing"
)

// What a name stands for is remembered, unless it depends on other names.
func TestNamesAreIdentifiedOnce(t *testing.T) {
	s := New(Asked{Dir: "/logs", Rules: []Rule{{Pattern: "sora.jsonl"}, {Pattern: "*.log"}, {Pattern: "*.jsonl"}}}, Where{}, func(string) bool { return false })
	is := func(names []string, want ...string) {
		t.Helper()
		for i, n := range s.classifyAll("/logs", names) {
			got := "nothing"
			switch {
			case n.Followed && n.Class.Live:
				got = "live"
			case n.Followed:
				got = "of " + n.Class.Family
			}
			if got != want[i] {
				t.Errorf("%s is %s, want %s", names[i], got, want[i])
			}
		}
	}
	for range 2 {
		is([]string{"sora.jsonl", "sora.jsonl.1", "sora.jsonl.2.gz", "core"}, "live", "of /logs/sora.jsonl", "of /logs/sora.jsonl", "nothing")
		is([]string{"gateway-1.log"}, "live")
		is([]string{"gateway-1.log", "gateway.log"}, "of /logs/gateway.log", "live")
	}
	if _, ok := s.seen["/logs"]["gateway-1.log"]; ok {
		t.Error("what depends on other names is remembered")
	}
	for i := range 1000 { // files that come and go
		is([]string{fmt.Sprintf("connection-%c%d.log", 'a'+i%26, i)}, "live")
	}
	if n := len(s.seen["/logs"]); n > 200 {
		t.Errorf("%d names are remembered where one is left", n)
	}
}
