package entry

import (
	"bytes"
	"strings"
	"time"
)

// Clocked cuts lines and reads the clock lines that run_erl writes between
// them: "===== ALIVE <date>", "===== LOGGING STARTED <date>" and "===== <date>".
// A line has the time of the last of them up to and including itself, or that
// of the last head of a report, whichever is nearer.
func (c *Cutter) Clocked(data []byte, final bool) {
	n := len(c.Entries)
	before := c.Clock
	c.Lines(data, final)
	c.Clock = before
	for i := n; i < len(c.Entries); i++ {
		e := &c.Entries[i]
		if t := lineTime(e.Text, c.Zone); !t.IsZero() {
			c.Clock = t
		}
		e.Time = c.Clock
	}
}

// lineTime is the time that a line gives to those behind it, zero for most.
func lineTime(line []byte, zone *time.Location) time.Time {
	if t, ok := ParseClock(line, zone); ok {
		return t
	}
	h, _ := ParseHead(line, zone)
	return h.Time
}

var clockPrefix = []byte("===== ")

// ParseClock reads one of run_erl's clock lines.
func ParseClock(line []byte, zone *time.Location) (time.Time, bool) {
	if len(line) > 80 || !bytes.HasPrefix(line, clockPrefix) {
		return time.Time{}, false
	}
	s := string(line[len(clockPrefix):])
	s = strings.TrimPrefix(s, "LOGGING STARTED ")
	s = strings.TrimPrefix(s, "ALIVE ")
	return parseUnixDate(s, zone)
}

// parseUnixDate reads a date as date(1) prints it, "Thu May 15 10:13:36 MEST
// 2003". An abbreviation of a zone says too little to be relied on, so it is
// passed over for the zone given, except where it means UTC.
func parseUnixDate(s string, zone *time.Location) (time.Time, bool) {
	f := strings.Fields(s)
	if len(f) != 6 {
		return time.Time{}, false
	}
	if f[4] == "UTC" || f[4] == "GMT" || f[4] == "Z" || zone == nil {
		zone = time.UTC
	}
	t, err := time.ParseInLocation("Jan 2 15:04:05 2006", f[1]+" "+f[2]+" "+f[3]+" "+f[5], zone)
	return t, err == nil
}
