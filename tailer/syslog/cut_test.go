package syslog

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/tailer/spool"
)

// beforeWord is a SafeCut that does not cut within a word.
func beforeWord(text []byte) int {
	if i := bytes.LastIndexByte(text, ' '); i >= 0 {
		return i + 1
	}
	return len(text)
}

// A datagram that is too long is cut where it may be.
func TestLongDatagramIsCutSafely(t *testing.T) {
	var l listener
	l.counters = newCounters()
	set := &settings{Config: Config{MaxMessage: 40, SafeCut: beforeWord}}
	text := []byte("<13>" + strings.Repeat("password=S3CRET ", 10) + ".")
	var batch spool.Batch
	l.addDatagram(&batch, spool.Message{Text: text, Peer: netip.AddrPort{}}, false, set)
	if n := l.counters.cut.Load(); n < 4 || int(n) != batch.Len() {
		t.Errorf("%d pieces, %d counted", batch.Len(), n)
	}
}
