package tailer

import (
	"errors"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/rtcship/rtcship/tailer/entry"
)

// readStream gives log, texts and offsets of what a Stream reads.
func readStream(t *testing.T, s Stream, text string) (log string, texts []string, offsets []int64) {
	t.Helper()
	s.Rules = SoraRules()
	err := s.Read(iotest.HalfReader(strings.NewReader(text)), func(b entry.Batch) error {
		log = b.Origin.Log
		for _, e := range b.Entries {
			texts = append(texts, string(e.Text))
			offsets = append(offsets, e.Offset)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return log, texts, offsets
}

func TestStream(t *testing.T) {
	f := func(name, text, wantLog string, want ...string) {
		t.Helper()
		log, texts, _ := readStream(t, Stream{Name: name}, text)
		if diff := cmp.Diff(want, texts); diff != "" || log != wantLog {
			t.Errorf("%s: log %q, want %q; texts (-want +got):\n%s", name, log, wantLog, diff)
		}
	}
	f("sora.jsonl", "a\r\n\nb\nc", "sora", "a", "b", "c")
	f("sora.jsonl.1", "a\n", "sora", "a")
	f("sora.jsonl-20261121", "a\n", "sora", "a")
	f("sora-20261121.jsonl", "a\n", "sora", "a")
	f("event_webhook_error.log", "a\n", "event_webhook_error", "a")
	f("x", "a\n", "x", "a")
	f("erlang.log.3", "===== ALIVE Thu May 15 10:13:36 UTC 2003\nb\n", "erlang", "===== ALIVE Thu May 15 10:13:36 UTC 2003", "b")
	f("crash.log", "x\n=CRASH REPORT==== 1\n  a\n=ERROR REPORT==== 2\n  b\n", "crash", "x", "=CRASH REPORT==== 1\n  a", "=ERROR REPORT==== 2\n  b")
	f("sysctl.log", "a = 1\nb = 2\n", "sysctl", "a = 1\nb = 2")
	f("erl_crash.dump", "=erl_crash_dump:0.5\nSlogan: x\n=memory\ntotal: 1\n=end\n", "erl_crash", "=erl_crash_dump:0.5\nSlogan: x")
	f("connection_created_wait_timeout_error/20261121_ABC.jsonl", "{}\n", "connection_created_wait_timeout_error", "{}")
	f("sora.jsonl", "", "")
}

// Lines longer than the buffer and than MaxEntry lose nothing.
func TestStreamLongLines(t *testing.T) {
	long := strings.Repeat("x", 3*entry.BatchBytes+17)
	_, texts, offsets := readStream(t, Stream{Name: "sora.jsonl", MaxEntry: entry.BatchBytes + 5}, "a\n"+long+"\nb\n")
	if got := strings.Join(texts[1:len(texts)-1], ""); got != long {
		t.Errorf("the long line came back with %d bytes of %d", len(got), len(long))
	}
	if last := len(texts) - 1; texts[last] != "b" || offsets[last] != int64(len(long)+3) {
		t.Errorf("last entry %q at %d", texts[last], offsets[last])
	}
}

func TestStreamCompressed(t *testing.T) {
	for name, data := range map[string][]byte{"sora.jsonl.1.gz": gzipOf("a\nb\n"), "sora.jsonl.2.zst": zstdOf("a\nb\n")} {
		if log, texts, _ := readStream(t, Stream{Name: name}, string(data)); log != "sora" || len(texts) != 2 {
			t.Errorf("%s: log %q, texts %q", name, log, texts)
		}
	}
	if err := (Stream{Name: "sora.jsonl.gz"}).Read(strings.NewReader("no gzip"), nil); err == nil {
		t.Error("rubbish with a compressed name was read")
	}
}

func TestStreamStopsWhenNextFails(t *testing.T) {
	full := errors.New("full")
	err := Stream{Name: "sora.jsonl"}.Read(strings.NewReader("a\n"), func(entry.Batch) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
}
