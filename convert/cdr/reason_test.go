package cdr

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestClassify(t *testing.T) {
	for _, x := range []struct {
		reason string
		want   Class
	}{
		{"", Unknown}, {"zzz", Unknown}, {"会議", Unknown},
		{"normal", Normal}, {"NO-ERROR", Normal}, {"disconnected_api", Normal}, {"Remote disconnect", Normal}, {"Disconnected by an administrator", Normal},
		{"Conference host ended the conference with a DTMF command", Normal}, {"LIFETIME-EXPIRED", Normal}, {"closed", Normal},
		{"PONG-TIMEOUT-ERROR", Timeout}, {"CONNECTION-CREATED-WAIT-TIMEOUT-ERROR", Timeout}, {"PIN entry timed out.", Timeout}, {"Call failed: media timeout", Timeout},
		{"AUTH-WEBHOOK-RESPONSE-ERROR", Rejected}, {"Invalid PIN", Rejected}, {"No licenses available", Rejected}, {"Conference locked", Rejected}, {"486 Busy here", Rejected},
		{"ICE-FAILED", Media}, {"DTLS-ALERT", Media}, {"Media process disconnected", Media},
		{"1006", Network}, {"Network unreachable", Network}, {"signaling lost", Network},
		{"INTERNAL-ERROR", Server}, {"Call failed", Server},
		{"invoice sent", Unknown}, {"office closed", Normal}, // words begin where letters do not stand before
		{strings.Repeat("x ", 300) + "timeout", Unknown},
	} {
		if got := Classify([]byte(x.reason)); got != x.want {
			t.Errorf("%q is %s, want %s", x.reason, got, x.want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { Classify([]byte("Remote disconnect of a participant")) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// Reading a reason once finds what looking for each word in turn finds.
func TestClassifyByEachWord(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	between := []string{" ", "", "-", "_", ".", "x", "Z", "7", "\xe4", "  "}
	for range 20_000 {
		var text []byte
		for range rnd.IntN(5) {
			text = append(text, between[rnd.IntN(len(between))]...)
			word := reasons[rnd.IntN(len(reasons))].word
			text = append(text, word[:len(word)-rnd.IntN(2)*rnd.IntN(len(word))]...)
		}
		if rnd.IntN(2) == 0 {
			text = bytes.ToUpper(text)
		}
		if got, want := Classify(text), byEachWord(text); got != want {
			t.Fatalf("%q is %s, want %s", text, got, want)
		}
	}
}

// byEachWord is Classify by its definition.
func byEachWord(reason []byte) Class {
	text := []byte(strings.NewReplacer("-", " ", "_", " ").Replace(lower(reason)))
	for i := range reasons {
		for at := range text {
			if bytes.HasPrefix(text[at:], []byte(reasons[i].word)) && (at == 0 || text[at-1] < 'a' || text[at-1] > 'z') {
				return reasons[i].class
			}
		}
	}
	return Unknown
}

// lower is strings.ToLower for ASCII alone.
func lower(b []byte) string {
	b = bytes.Clone(b)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func BenchmarkClassify(b *testing.B) {
	for name, reason := range map[string]string{
		"short": "Remote disconnect", "long": "Call ended" + strings.Repeat("  no further report", 12), "code": "PONG-TIMEOUT-ERROR",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				Classify([]byte(reason))
			}
		})
	}
}

func TestClose(t *testing.T) {
	for _, x := range []struct {
		begin, end int64
		fault      Fault
		length     int64
		backward   int64
	}{{1, 5, Sound, 4, 0}, {5, 5, Sound, 0, 0}, {7, 5, Sound, 0, 2}, {0, 5, NoBegin, 5, 0}, {-3, 5, NoBegin, 8, 0}, {5, 0, NoEnd, 0, 5}} {
		var r Record
		r.Close(x.begin, x.end)
		if r.Fault != x.fault || r.Fault == Sound && (r.Duration() != x.length || r.Backward != x.backward) {
			t.Errorf("%d to %d: %+v", x.begin, x.end, r)
		}
	}
}

// The words for reasons are few, whatever anybody makes up.
func TestCode(t *testing.T) {
	for reason, want := range map[string]string{
		"": "", "normal": "normal", "NORMAL": "normal", "Remote disconnect": "remote disconnect", "Remote disconnect.": "remote disconnect", "1006": "1006",
		"remote disconnect of alice": OtherCode, "normal\x00": OtherCode, "会議": OtherCode, strings.Repeat("normal", 100): OtherCode, ".": OtherCode,
	} {
		if got := Code([]byte(reason)); got != want {
			t.Errorf("%q is %q, want %q", reason, got, want)
		}
	}
	if n := testing.AllocsPerRun(100, func() { Code([]byte("Remote disconnect")) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
