package syslog

import (
	"fmt"
	"testing"
	"time"
)

// A clock is right for all times of a day, and for none of the texts that look like one.
func TestClock(t *testing.T) {
	day := time.Date(2026, 5, 6, 0, 0, 0, 0, time.UTC)
	for s := range 24 * 3600 {
		at := day.Add(time.Duration(s)*time.Second + time.Duration(s%1000)*time.Millisecond)
		got, sep, n := ParseClock([]byte(at.Format("15:04:05,000")))
		if got != int64(at.Sub(day)) || n != 12 || sep != ',' {
			t.Fatalf("%s is %d, %c, %d bytes", at.Format("15:04:05,000"), got, sep, n)
		}
	}
	for i := range 8 {
		for c := range 256 {
			b := []byte("08:08:08")
			b[i] = byte(c)
			var h, m, s int
			n, err := fmt.Sscanf(string(b), "%02d:%02d:%02d", &h, &m, &s)
			good := n == 3 && err == nil && min(h, m, s) >= 0 && fmt.Sprintf("%02d:%02d:%02d", h, m, s) == string(b) && max(h-23, m-59, s-60) <= 0
			if _, sep, n := ParseClock(b); good != (n == 8) || sep != 0 {
				t.Errorf("%q: %d bytes, %c", b, n, sep)
			}
		}
	}
	for _, x := range []struct {
		text  string
		nanos int64
		sep   byte
		n     int
	}{
		{"23:59:60", 86400e9, 0, 8},
		{"23:59:61", 0, 0, 0},
		{"24:00:00", 0, 0, 0},
		{"00:60:00", 0, 0, 0},
		{"00:00:0", 0, 0, 0},
		{"00:00:01,", 1e9, 0, 8},
		{"00:00:01,x", 1e9, 0, 8},
		{"00:00:01.1", 11e8, '.', 10},
		{"00:00:01,12:", 112e7, ',', 11},
		{"00:00:00,123456789", 123456789, ',', 18},
		{"00:00:00,1234567891", 123456789, ',', 19},
	} {
		if nanos, sep, n := ParseClock([]byte(x.text)); nanos != x.nanos || sep != x.sep || n != x.n {
			t.Errorf("%q is %d, %q, %d bytes", x.text, nanos, sep, n)
		}
	}
}
