package tailer

import (
	"fmt"
	"sync"
	"testing"
)

// What a name stands for is remembered, unless it depends on other names.
func TestNamesAreIdentifiedOnce(t *testing.T) {
	s := newSource(Source{Name: "sora", Origin: "sora", Dir: "/logs", Rules: SoraRules()}, new(sync.Mutex))
	is := func(names []string, want ...string) {
		t.Helper()
		for i, n := range s.classifyAll("/logs", names) {
			got := "nothing"
			switch {
			case n.followed && n.class.live:
				got = "live"
			case n.followed:
				got = "of " + n.class.family
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
	if _, ok := s.names["/logs"]["gateway-1.log"]; ok {
		t.Error("what depends on other names is remembered")
	}
	for i := range 1000 { // files that come and go
		is([]string{fmt.Sprintf("connection-%c%d.log", 'a'+i%26, i)}, "live")
	}
	if n := len(s.names["/logs"]); n > 200 {
		t.Errorf("%d names are remembered where one is left", n)
	}
}
