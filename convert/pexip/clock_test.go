package pexip

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
		if got := clock([]byte(at.Format("15:04:05,000")), ','); got != int64(at.Sub(day)) {
			t.Fatalf("%s is %d", at.Format("15:04:05,000"), got)
		}
	}
	for i := range 8 {
		for c := range 256 {
			b := []byte("08:08:08")
			b[i] = byte(c)
			var h, m, s int
			n, err := fmt.Sscanf(string(b), "%02d:%02d:%02d", &h, &m, &s)
			good := n == 3 && err == nil && min(h, m, s) >= 0 && fmt.Sprintf("%02d:%02d:%02d", h, m, s) == string(b) && max(h-23, m-59, s-60) <= 0
			if got := clock(b, 0); good != (got >= 0) {
				t.Errorf("%q is %d", b, got)
			}
		}
	}
	for text, want := range map[string]int64{
		"23:59:60": 86400e9, "23:59:61": -1, "24:00:00": -1, "00:60:00": -1, "00:00:00,": 0, "00:00:00.1": -1, "00:00:00,1": 1e8,
		"00:00:00,123456789": 123456789, "00:00:00,1234567891": 123456789, "00:00:00,x": -1, "00:00:00,12:": -1,
	} {
		if got := clock([]byte(text), ','); got != want {
			t.Errorf("%q is %d, want %d", text, got, want)
		}
	}
}
