package pipeline

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/tailer/entry"
)

// A fault is told with all that whoever looks for it needs.
func TestFaultsAreTold(t *testing.T) {
	var text bytes.Buffer
	c := &consumer{log: slog.New(slog.NewTextHandler(&text, nil))}
	r := &receipt{consumer: c, origin: &entry.Origin{Path: "/opt/sora/log/sora.jsonl"}}
	r.tell(&convert.Output{})
	if text.Len() > 0 {
		t.Fatalf("nothing is wrong, and it says %s", &text)
	}
	r.tell(&convert.Output{Faults: 3, Fault: convert.Fault{Offset: 4711, Reason: "index out of range", Stack: []byte("here")}})
	for _, want := range []string{"level=ERROR", "/opt/sora/log/sora.jsonl", "entries=3", "offset=4711", "index out of range", "stack=here"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("%q is missing: %s", want, &text)
		}
	}
}
