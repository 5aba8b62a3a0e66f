package pexip

import (
	"bytes"
	"math"
	"time"
)

// auditTime is the time that a line of the Linux audit log carries itself, as
// in type=SYSCALL msg=audit(1441988805.991:239).
func auditTime(text []byte) (time.Time, bool) {
	const width = len("1441988805.991")
	_, rest, ok := bytes.Cut(text[:min(len(text), 128)], []byte(" msg=audit("))
	if !ok || len(rest) <= width || rest[width] != ':' || rest[width-4] != '.' {
		return time.Time{}, false
	}
	seconds, ok := parseDouble(rest[:width])
	t := time.UnixMilli(int64(math.Round(seconds * 1000)))
	return t, ok && validTime(t)
}
