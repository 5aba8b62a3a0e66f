package syslog

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// converse sends the parts over a connection, each after the pause before it, and
// returns what has come out by then and at the end, and the number of bad counts.
func converse(t *testing.T, parts ...any) (before, after []string, bad uint64) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newFakeStream()
		var sink memory
		c := fakeConn(t, Config{}, &sink, s)
		done := make(chan error)
		go func() { done <- c.readAll(s) }()
		for _, part := range parts {
			switch part := part.(type) {
			case string:
				s.data <- part
			case time.Duration:
				time.Sleep(part)
				synctest.Wait()
			}
		}
		before = sink.texts()
		c.stop("")
		<-done
		after, bad = sink.texts(), c.listener.counters.badCounts.Load()
	})
	return before, after, bad
}

// A message whose count promises too much does not wait for the connection's end,
// and what a correct sender pauses in stays in order, and apart from the next one.
func TestSilence(t *testing.T) {
	const pause = silence + 100*time.Millisecond
	tests := []struct {
		name   string
		parts  []any
		before []string // what is there before the connection ends
		after  []string // nil: the same
		bad    uint64
	}{
		{"too large", []any{"50 <14>first", pause}, []string{"<14>first"}, nil, 0},
		{"too large, and the next one", []any{"50 <14>first", pause, "10 <14>second", pause}, []string{"<14>first", "<14>second"}, nil, 1},
		{"too large, and a line", []any{"50 <14>first", pause, "<14>second\n", pause}, []string{"<14>first", "<14>second"}, nil, 1},
		{"several behind it", []any{"500 <14>first10 <14>second9 <14>third", pause}, []string{"<14>first", "<14>second", "<14>third"}, nil, 1},
		{"no silence yet", []any{"50 <14>first", silence / 2, "10 <14>second", silence / 2}, nil, []string{"<14>first", "<14>second"}, 1},
		{"a pause within a message", []any{"18 <14>first ", silence / 2, "and ", silence / 2, "more", silence / 2}, []string{"<14>first and more"}, nil, 0},
		{"a long pause within a message", []any{"18 <14>first ", pause, "and more", "5 <14>x", pause}, []string{"<14>first ", "and more", "<14>x"}, nil, 0},
		{"a long pause before what looks like a frame", []any{"20 <14>first ", pause, "n\n<15>more", "5 <14>x", pause}, []string{"<14>first ", "n\n<15>more", "<14>x"}, nil, 0},
		{"a pause within a count", []any{"5 <14>x1", pause, "2 <14>and more", pause}, []string{"<14>x", "<14>and more"}, nil, 0},
		{"too small, in one", []any{"8 <14>first, and more5 <14>x", pause}, []string{"<14>first, and more", "<14>x"}, nil, 1},
		{"too small, in pieces", []any{"8 <14>firs", time.Second / 10, "t, and more", time.Second / 10, "5 <14>x", pause}, []string{"<14>firs", "t, and more", "<14>x"}, nil, 1},
		{"too small, and silence", []any{"8 <14>first, and more", pause}, []string{"<14>first, and more"}, nil, 1},
		{"a line is not ended by silence", []any{"<14>first", time.Minute, ", and more\n", pause}, []string{"<14>first, and more"}, nil, 0},
		{"a number that a line begins with neither", []any{"404", time.Minute, " not found", time.Minute, "\n", pause}, []string{"404 not found"}, nil, 0},
		{"frames within a message", []any{"17 <14>a5 <14>b\n<15>", pause}, []string{"<14>a5 <14>b\n<15>"}, nil, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			before, after, bad := converse(t, tt.parts...)
			if tt.after == nil {
				tt.after = tt.before
			}
			if !slices.Equal(before, tt.before) || !slices.Equal(after, tt.after) || bad != tt.bad {
				t.Errorf("%q, %q, %d bad counts", before, after, bad)
			}
		})
	}
}

// One wrong count hurts one message, and none of the thirty behind it.
func TestOneWrongCount(t *testing.T) {
	for _, off := range []int{-5, 5, 40, 100, 400, 1000, -20} {
		var messages []string
		sent := ""
		for i := range 30 {
			m := fmt.Sprintf("<134>Mar  4 05:06:07 cn-1 pexip: Level=\"INFO\" Conference=\"会議 %d\"", i)
			n := len(m)
			if i == 1 {
				n += off
			}
			messages, sent = append(messages, m), sent+fmt.Sprintf("%d %s", n, m)
		}
		before, _, bad := converse(t, sent, silence+time.Second)
		if !slices.Equal(before, messages) || bad != 1 {
			t.Errorf("off by %d: %d bad counts\n%s", off, bad, strings.Join(before, "\n"))
		}
	}
}
