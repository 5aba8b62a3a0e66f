package exporter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	"google.golang.org/protobuf/proto"
)

// letterOf encodes a dead letter of one record.
func letterOf(t *testing.T, resource, scope string, record []byte, a answer) []byte {
	t.Helper()
	g := encodeGroup(resource, scope, nil)
	g.Records = appendMessage(nil, 2, record)
	g.Ends = []int{len(g.Records)}
	var p payload
	p.encode([]piece{{group: &g, hi: 1}})
	line, err := encodeLetter(&p, a, time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func TestLetterIsOTLPJSON(t *testing.T) {
	record := &logspb.LogRecord{
		TimeUnixNano: 1_700_000_000_123_456_789, SeverityNumber: 17, SeverityText: "error", EventName: "sora.x",
		Body:       kv("say \"hi\"\nüβ")[0].Value,
		Attributes: kv("v"),
		TraceId:    []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 0xff},
		SpanId:     []byte{0xa, 0xb, 0xc, 0xd, 0xe, 0xf, 0x10, 0x11},
	}
	line := letterOf(t, "sora", "scope", mustMarshal(record), answer{code: "INVALID_ARGUMENT", message: "why"})
	var got, want any
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatal(err)
	}
	err := json.Unmarshal([]byte(`{
		"resourceLogs": [{
			"resource": {"attributes": [{"key": "k", "value": {"stringValue": "sora"}}]},
			"scopeLogs": [{
				"scope": {"name": "scope"},
				"logRecords": [{
					"timeUnixNano": "1700000000123456789", "severityNumber": 17, "severityText": "error", "eventName": "sora.x",
					"body": {"stringValue": "say \"hi\"\nüβ"},
					"attributes": [{"key": "k", "value": {"stringValue": "v"}}],
					"traceId": "000102030405060708090a0b0c0d0eff", "spanId": "0a0b0c0d0e0f1011"
				}]
			}]
		}],
		"rtcship": {"time": "2026-02-03T04:05:06Z", "code": "INVALID_ARGUMENT", "message": "why"}
	}`), &want)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if bytes.Count(line, []byte("\n")) != 1 || bytes.Contains(line, []byte(": ")) {
		t.Errorf("not one compact line: %q", line)
	}
	letter, err := parseLetter(line)
	if err != nil {
		t.Fatal(err)
	}
	var back logspb.LogRecord
	_, inner, _ := cutRecord(letter.groups[0].Records)
	if err := proto.Unmarshal(inner, &back); err != nil || !proto.Equal(&back, record) {
		t.Errorf("back %v, %v", &back, err)
	}
	if letter.Code != "INVALID_ARGUMENT" || letter.Message != "why" || letter.Records != 1 || !strings.HasPrefix(letter.Summary, `say "hi"`) {
		t.Errorf("letter %+v", letter)
	}
}

// cutRecord takes tag and length off an encoded field.
func cutRecord(b []byte) (tag byte, body []byte, ok bool) {
	for size := 1; size < 10; size++ {
		if 1+size+decodeLen(b[1:1+size]) == len(b) && b[size] < 0x80 {
			return b[0], b[1+size:], true
		}
	}
	return 0, nil, false
}

func decodeLen(b []byte) int {
	n := 0
	for i, c := range b {
		n |= int(c&0x7f) << (7 * i)
	}
	return n
}

// What the official types cannot read is kept and sent again as it is.
func TestLetterOfBrokenRecord(t *testing.T) {
	for _, record := range []string{"\x2a\x04\x0a\x02\xff\xfe", "\xff\xff\xff", "\x4a\x01\x07"} {
		line := letterOf(t, "sora", "scope", []byte(record), answer{code: "HTTP 400"})
		letter, err := parseLetter(line)
		if err != nil {
			t.Fatal(err)
		}
		want := appendMessage(nil, 2, []byte(record))
		if len(letter.groups) != 1 || !bytes.Equal(letter.groups[0].Records, want) {
			t.Errorf("record %q came back as %v", record, letter.groups)
		}
	}
}

func FuzzLetter(f *testing.F) {
	f.Add(mustMarshal(&logspb.LogRecord{Body: kv("x")[0].Value, TraceId: []byte("0123456789abcdef")}), "message")
	f.Add([]byte("\x4a\x03abc"), "\xff")
	f.Fuzz(func(t *testing.T, record []byte, message string) {
		line := letterOf(t, "r", "s", record, answer{code: "HTTP 400", message: message})
		if bytes.IndexByte(line, '\n') != len(line)-1 {
			t.Fatalf("not one line: %q", line)
		}
		letter, err := parseLetter(line)
		if err != nil {
			t.Fatal(err)
		}
		var want, got logspb.LogRecord
		_, inner, _ := cutRecord(letter.groups[0].Records)
		known := proto.UnmarshalOptions{DiscardUnknown: true}
		if known.Unmarshal(record, &want) != nil {
			if !bytes.Equal(inner, record) {
				t.Errorf("%q became %q", record, inner)
			}
			return
		}
		if err := known.Unmarshal(inner, &got); err != nil || !proto.Equal(&got, &want) {
			t.Errorf("%v became %v, %v", &want, &got, err)
		}
	})
}

func readCodes(t *testing.T, path string) []string {
	t.Helper()
	var names []string
	err := ReadDeadLetters(path, func(l DeadLetter) error {
		for _, g := range l.groups {
			_, body, _ := cutRecord(g.Records)
			names = append(names, strings.TrimRight(string(body), " "))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestPauseWhenFull(t *testing.T) {
	dead := letters(t)
	dead.MaxBytes = 500
	c := &fakeCollector{answer: refuseIf(refused, "CODE", "bad0", "bad1", "bad2")}
	bubble(t, c, Config{Blocked: ready, DeadLetters: dead, Concurrency: 2}, func(t *testing.T, e *Exporter) {
		var wg sync.WaitGroup
		wg.Go(func() { mustSend(t, e, records("bad", 3, 100)) })
		synctest.Wait()
		time.Sleep(time.Minute)
		wg.Go(func() { mustSend(t, e, records("good", 1, 1)) })
		time.Sleep(time.Hour)
		s := e.Status()
		if !s.Paused || s.Dead != 1 || s.DeadLetters.Bytes > dead.MaxBytes || slices.Contains(c.names(), "good0") {
			t.Errorf("while full: %+v, accepted %v", s, c.names())
		}
		for range 2 { // make room for one each time
			if err := os.Remove(dead.Path); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		wg.Wait()
		s = e.Status()
		equal(t, "dead", s.Dead, 3)
		equal(t, "paused", s.Paused, false)
		equal(t, "accepted", c.names(), "[good0]")
	})
}

// While delivery is paused a call can still withdraw.
func TestWithdrawWhilePaused(t *testing.T) {
	dead := letters(t)
	if err := os.Mkdir(dead.Path, 0o700); err != nil { // writing there fails
		t.Fatal(err)
	}
	c := &fakeCollector{answer: refuseIf(refused, "CODE", "bad0")}
	bubble(t, c, Config{Blocked: ready, DeadLetters: dead}, func(t *testing.T, e *Exporter) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := e.Send(ctx, []Group{records("bad", 1, 1)}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		synctest.Wait()
		if s := e.Status(); s.Paused || s.InFlight != 0 {
			t.Errorf("status %+v", s)
		}
		mustSend(t, e, records("good", 1, 1))
	})
}

// A disk that fails pauses delivery, and delivery goes on when it is well.
func TestPauseWhileDiskFails(t *testing.T) {
	dead := letters(t)
	if err := os.Mkdir(dead.Path, 0o700); err != nil {
		t.Fatal(err)
	}
	c := &fakeCollector{answer: refuseIf(refused, "CODE", "bad0")}
	bubble(t, c, Config{Blocked: ready, DeadLetters: dead}, func(t *testing.T, e *Exporter) {
		done := make(chan struct{})
		go func() {
			mustSend(t, e, records("bad", 1, 1))
			close(done)
		}()
		time.Sleep(time.Hour)
		equal(t, "paused", e.Status().Paused, true)
		if err := os.Remove(dead.Path); err != nil {
			t.Fatal(err)
		}
		<-done
		equal(t, "letters", readCodes(t, dead.Path), "[bad0]")
	})
}

func TestDropOldest(t *testing.T) {
	dead := letters(t)
	dead.MaxBytes, dead.WhenFull = 2000, WhenFullDropOldest
	c := &fakeCollector{answer: func(_ int, names []string) answer {
		if strings.HasPrefix(names[0], "bad") {
			return answer{verdict: refused, code: "CODE"}
		}
		return answer{}
	}}
	bubble(t, c, Config{Blocked: ready, DeadLetters: dead}, func(t *testing.T, e *Exporter) {
		for i := range 20 {
			mustSend(t, e, records(fmt.Sprintf("bad%02d-", i), 1, 100))
			s := e.Status()
			if s.DeadLetters.Bytes > dead.MaxBytes {
				t.Fatalf("%d bytes of dead letters", s.DeadLetters.Bytes)
			}
			equal(t, "kept and dropped", s.DeadLetters.Letters+s.DeadLetters.Dropped, i+1)
		}
		kept := readCodes(t, dead.Path)
		if len(kept) < 3 || kept[len(kept)-1] != "bad19-0" || !slices.IsSorted(kept) {
			t.Errorf("kept %q", kept)
		}
		mustSend(t, e, records("bad-huge", 1, 5000))
		equal(t, "kept", readCodes(t, dead.Path), "[bad-huge0]")
	})
}

// A crash in the middle of a line leaves a torn one, whose record was not
// settled: it goes, and the next line is whole.
func TestTornLine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dead")
	for _, torn := range []string{"", "{", strings.Repeat("x", 10_000)} {
		if err := os.WriteFile(path, []byte("{\"a\":1}\n"+torn), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := appendLine(path, []byte("{}\n")); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != "{\"a\":1}\n{}\n" {
			t.Errorf("%.50q, %v", got, err)
		}
	}
}

func TestResend(t *testing.T) {
	dead := letters(t)
	var mu sync.Mutex
	bad := []string{"bad0", "bad1", "bad2"}
	c := &fakeCollector{}
	c.answer = func(n int, names []string) answer {
		mu.Lock()
		defer mu.Unlock()
		return refuseIf(refused, "CODE", bad...)(n, names)
	}
	bubble(t, c, Config{Blocked: ready, DeadLetters: dead}, func(t *testing.T, e *Exporter) {
		mustSend(t, e, records("bad", 3, 10))
		equal(t, "letters", readCodes(t, dead.Path), bad)

		// The collector is down: the letters stay, and can still be listed.
		mu.Lock()
		bad = nil
		ok := c.answer
		c.answer = func(int, []string) answer { return answer{verdict: again, code: "UNAVAILABLE"} }
		mu.Unlock()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := e.ResendDeadLetters(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		equal(t, "letters while away", readCodes(t, dead.Path), "[bad0 bad1 bad2]")
		equal(t, "counted", e.Status().DeadLetters.Letters, 3)

		// One of them is refused again, and one more was added meanwhile.
		mu.Lock()
		bad = []string{"bad1", "late0"}
		mu.Unlock()
		c.answer = ok
		mustSend(t, e, records("late", 1, 10))
		if err := appendLine(dead.Path, []byte("what is this?\n")); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		bad = []string{"bad1"}
		mu.Unlock()
		got, err := e.ResendDeadLetters(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// bad1 became a letter again in the file that was sent second.
		equal(t, "result", got, "{5 1 2}")
		equal(t, "left", readCodes(t, dead.Path), "[bad1]")
		equal(t, "accepted", c.names(), "[bad0 bad2 late0]")
		if b, err := os.ReadFile(dead.Path + ".unreadable"); err != nil || string(b) != "what is this?\n" {
			t.Errorf("unreadable: %q, %v", b, err)
		}
		if _, err := os.Stat(resending(dead.Path)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("left over: %v", err)
		}
	})
}

// Two people may ask for it at once.
func TestResendOnceAtATime(t *testing.T) {
	dead := letters(t)
	var mu sync.Mutex
	verdict := refused
	c := &fakeCollector{answer: func(_ int, names []string) answer {
		mu.Lock()
		defer mu.Unlock()
		if !strings.HasPrefix(names[0], "bad") {
			return answer{}
		}
		return answer{verdict: verdict, code: "CODE"}
	}}
	bubble(t, c, Config{Blocked: ready, DeadLetters: dead}, func(t *testing.T, e *Exporter) {
		mustSend(t, e, records("bad", 1, 1))
		mu.Lock()
		verdict = again
		mu.Unlock()
		first := make(chan error, 1)
		go func() {
			_, err := e.ResendDeadLetters(t.Context())
			first <- err
		}()
		time.Sleep(time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := e.ResendDeadLetters(ctx); err == nil || ctx.Err() != nil {
			t.Errorf("error %v", err)
		}
		mu.Lock()
		verdict = accepted
		mu.Unlock()
		if err := <-first; err != nil {
			t.Error(err)
		}
		equal(t, "letters", len(readCodes(t, dead.Path)), 0)
	})
}

func TestResendNothing(t *testing.T) {
	bubble(t, &fakeCollector{}, Config{DeadLetters: letters(t)}, func(t *testing.T, e *Exporter) {
		got, err := e.ResendDeadLetters(t.Context())
		if err != nil || got != (Resent{}) {
			t.Errorf("%+v, %v", got, err)
		}
	})
}
