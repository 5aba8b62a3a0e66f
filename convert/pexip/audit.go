package pexip

import (
	"bytes"
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
	seconds, ok := parseInt(rest[:width-4])
	millis, ok2 := parseInt(bytes.TrimLeft(rest[width-3:width], "0"))
	if !ok2 {
		millis, ok2 = 0, string(rest[width-3:width]) == "000"
	}
	t := time.Unix(seconds, millis*1_000_000)
	return t, ok && ok2 && validTime(t)
}
