package sora

import (
	"bytes"
	"strconv"
	"time"

	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/record"
)

var (
	keyDumpVersion = otlp.NewKey("sora.dump.version")
	keyDumpSize    = otlp.NewKey("sora.dump.size")
)

// dumpHead begins each crash dump.
var dumpHead = []byte("=erl_crash_dump:")

// readDump takes the head of a crash dump.
func (r *Reader) readDump() bool {
	b := r.b
	rest, ok := bytes.CutPrefix(b.Text, dumpHead)
	if !ok {
		r.fail(record.Erlang, "no head of an Erlang crash dump")
		return true
	}
	b.EventPrefix = "sora.erl_crash_dump"
	b.Int(keyDumpSize, max(b.Entry.Size, int64(len(b.Text))))
	version, rest, _ := bytes.Cut(rest, []byte("\n"))
	b.Attr(keyDumpVersion, record.Cut(bytes.TrimSpace(version), maxValue))
	date, after, _ := bytes.Cut(rest, []byte("\n"))
	if nanos := dumpTime(date, r.p.zone); nanos > 0 {
		b.Time, rest = nanos, after
	}
	var seen [len(dumpLines)]bool
	for len(rest) > 0 {
		var line []byte
		if line, rest, _ = bytes.Cut(rest, []byte("\n")); len(line) > 0 && line[0] == '=' {
			return true // the next section
		}
		r.dumpLine(&seen, line)
	}
	return true
}

// dumpLine takes a line such as `Slogan: …`, each once.
func (r *Reader) dumpLine(seen *[len(dumpLines)]bool, line []byte) {
	name, value, ok := bytes.Cut(line, []byte(":"))
	value = bytes.TrimSpace(value)
	if !ok || len(value) == 0 {
		return
	}
	for i, l := range dumpLines {
		if l.name != string(name) || seen[i] {
			continue
		}
		seen[i] = true
		if string(name) != "Atoms" {
			r.b.Attr(l.key, record.Cut(value, maxValue))
		} else if n, err := strconv.ParseInt(string(value), 10, 64); err == nil {
			r.b.Int(l.key, n)
		}
	}
}

var dumpLines = [...]struct {
	name string
	key  otlp.Key
}{
	{"Slogan", otlp.NewKey("sora.dump.slogan")},
	{"System version", otlp.NewKey("sora.dump.system_version")},
	{"Taints", otlp.NewKey("sora.dump.taints")},
	{"Atoms", otlp.NewKey("sora.dump.atoms")},
	{"Calling Thread", otlp.NewKey("sora.dump.calling_thread")},
}

// dumpTime reads the local time Sun Aug 25 00:57:34 2019, which may have a
// blank before a day of one digit.
func dumpTime(s []byte, zone *time.Location) int64 {
	t, err := time.ParseInLocation(time.ANSIC, string(bytes.TrimSpace(record.Cut(s, 64))), zone)
	if err != nil {
		return 0
	}
	nanos, _ := nanosOf(t)
	return nanos
}
