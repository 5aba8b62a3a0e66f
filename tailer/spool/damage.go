package spool

import (
	"path/filepath"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
)

// A Damage is where bytes of a segment were found in which no message can be
// told any more.
type Damage struct {
	Segment string    `json:"segment"` // its path; it may be gone by now
	At      int64     `json:"at"`      // offset in it
	Bytes   int64     `json:"bytes"`
	Time    time.Time `json:"time"` // when it was found
}

// damaged is told of damage by who reads the segments. It may be told of the same
// bytes again, as after a reload, and counts them once.
func (s *Spool) damaged(path string, gap entry.Gap) {
	s.mu.Lock()
	defer s.mu.Unlock()
	end := gap.At + gap.Bytes
	if seg := s.segs[filepath.Base(path)]; seg != nil {
		if seg.torn > 0 && gap.At >= seg.size-seg.torn {
			return // what a failed write left was written again
		}
		gap.At = max(gap.At, seg.damagedTo)
		seg.damagedTo = max(seg.damagedTo, end)
	}
	if gap.At >= end {
		return
	}
	d := Damage{Segment: path, At: gap.At, Bytes: end - gap.At, Time: gap.Time}
	s.counts.damages++
	s.counts.damaged += uint64(d.Bytes)
	s.counts.lastDamage = &d
	s.log.Warn("bytes of the spool are damaged, and the messages in them are lost",
		"segment", d.Segment, "offset", d.At, "bytes", d.Bytes)
}
