package pipeline

import (
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/spool"
	"github.com/rtcship/rtcship/tailer/syslog"
)

// healthy is a status in which nothing is wrong.
func healthy() *Status {
	now := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
	return &Status{
		Now: now, Started: now.Add(-time.Hour), Running: true, LogDir: "/srv/sora/log",
		Export:    &exporter.Status{Endpoint: "http://collector:4317", Connected: true},
		Files:     []FileStatus{{FileStatus: tailer.FileStatus{Source: "sora", Path: "/srv/sora/log/sora.jsonl", State: tailer.Live}}},
		Wanted:    []string{"udp://0.0.0.0:514"},
		Listeners: []syslog.ListenerStatus{{Listen: "udp://0.0.0.0:514", Address: "0.0.0.0:514", Messages: 5}},
		Spool:     &spool.Status{},
	}
}

func TestDiagnose(t *testing.T) {
	f := func(want State, say, do string, change func(*Status)) {
		t.Helper()
		s := healthy()
		change(s)
		state, reasons := Diagnose(s)
		if state != want {
			t.Errorf("state %s, want %s: %+v", state, want, reasons)
		}
		if want == Green {
			return
		}
		if len(reasons) == 0 || !strings.Contains(reasons[0].Text, say) || !strings.Contains(reasons[0].Do, do) {
			t.Errorf("reasons %+v, want %q, %q", reasons, say, do)
		}
	}
	f(Green, "", "", func(*Status) {})
	f(Red, "the collector at http://collector:4317 does not take records: UNAVAILABLE connection refused", "look at the collector", func(s *Status) {
		s.Export.Connected = false
		s.Export.LastError = &exporter.Failure{Code: "UNAVAILABLE", Message: "connection refused"}
	})
	f(Red, "does not take records", "check the address", func(s *Status) {
		s.Export.Connected = false
		s.Export.LastError = &exporter.Failure{Code: "UNIMPLEMENTED", Hint: "check the address"}
	})
	f(Green, "", "", func(s *Status) { // it is over
		s.Export.LastError = &exporter.Failure{Code: "UNAVAILABLE"}
	})
	f(Red, "delivery is paused", "replay", func(s *Status) { s.Export.Paused = true })
	f(Amber, "dead letters cannot be kept: a pipe", "put right", func(s *Status) { s.Export.DeadLetters.Fault = "a pipe" })
	f(Amber, "3 records were refused for good", "replay", func(s *Status) { s.Export.DeadLetters.Letters = 3 })
	f(Amber, "rejected 2 records", "messages", func(s *Status) { s.Export.Rejected = 2 })
	f(Red, "log directory cannot be read: no such file", "sora.log_dir", func(s *Status) { s.LogDirError = "no such file" })
	f(Amber, "no log file in /srv/sora/log", "sora.log_dir", func(s *Status) { s.Files = nil })
	f(Red, "sora.jsonl cannot be read: permission denied", "right to read", func(s *Status) {
		s.Files[0].State, s.Files[0].Error = tailer.Unreadable, "permission denied"
	})
	f(Amber, "1m0s behind (5.0 KiB)", "collector is slow", func(s *Status) { s.Files[0].Behind, s.Files[0].Lag = time.Minute, 5<<10 })
	f(Amber, "100 B of /srv/sora/log/sora.jsonl are lost: truncated", "What cannot be done", func(s *Status) {
		s.Files[0].Gaps = []entry.Gap{{Bytes: 100, Reason: "truncated"}}
	})
	f(Amber, "nothing was ever received on udp://0.0.0.0:514", "514", func(s *Status) { s.Listeners[0].Messages = 0 })
	f(Green, "", "", func(s *Status) { s.Listeners[0].Messages, s.Started = 0, s.Now }) // too early to say
	f(Amber, "4 messages to udp://0.0.0.0:514 were dropped: spool_full", "syslog.md", func(s *Status) {
		s.Listeners[0].Dropped = map[string]uint64{"spool_full": 4}
	})
	f(Amber, "1 connections to udp://0.0.0.0:514 were refused: tls_handshake", "syslog.md", func(s *Status) {
		s.Listeners[0].Refused = map[string]uint64{"tls_handshake": 1, "idle": 9}
	})
	f(Amber, "the kernel dropped 7 datagrams", "rmem_max", func(s *Status) { s.Listeners[0].KernelDrops = 7 })
	f(Red, "udp://0.0.0.0:514 is not open", "free the port", func(s *Status) { s.Listeners = nil })
	f(Red, "the spool is full", "spool.max_bytes", func(s *Status) { s.Spool.FullSince = s.Now })
	f(Red, "the disk has no room", "make room on the disk", func(s *Status) { s.Spool.FullSince, s.Spool.Bytes, s.Spool.MaxBytes = s.Now, 1<<20, 1<<30 })
	f(Red, "the spool cannot be written: disk full", "make room", func(s *Status) { s.Spool.Fault = "disk full" })
	f(Amber, "9 B at the end of the spool", "nothing", func(s *Status) { s.Spool.TornBytes = 9 })
	f(Amber, "2.0 KiB of the spool were damaged, in 3 places, and the messages in them are lost; the last 1.0 KiB at offset 77 of /state/spool/a.spool", "disk", func(s *Status) {
		s.Spool.Damages, s.Spool.DamagedBytes = 3, 2048
		s.Spool.LastDamage = &spool.Damage{Segment: "/state/spool/a.spool", At: 77, Bytes: 1024, Time: time.Unix(0, 0)}
	})
	f(Red, "positions cannot be saved: disk full", "make room", func(s *Status) { s.SaveError = "disk full" })
	f(Red, "rtcship cannot start: x.yaml:1:1: bad", "tries again", func(s *Status) { s.Running, s.Fault = false, "x.yaml:1:1: bad" })
	f(Amber, "directory /srv/sora/log/sub cannot be read", "right to list", func(s *Status) {
		s.Unlistable = []DirFault{{"/srv/sora/log/sub", "open: permission denied"}}
	})
	f(Amber, "kept as /state/positions.json.damaged-2", "remove the file", func(s *Status) {
		s.Damaged = []string{"/state/positions.json.damaged-1", "/state/positions.json.damaged-2"}
	})
	f(Amber, "write to the state directory /state", "chmod 0700", func(s *Status) { s.StateDir, s.StateOpen = "/state", true })
	f(Amber, "7 messages of rtcship's own log", "standard error", func(s *Status) { s.LogLost = 7 })
	f(Amber, "not served everywhere: address already in use", "free the address", func(s *Status) { s.Admin = &AdminStatus{Fault: "address already in use"} })
	f(Amber, "5 connections to the admin address", "monitoring", func(s *Status) { s.Admin = &AdminStatus{Closed: 5, LastClosed: s.Now.Add(-time.Minute)} })
	f(Green, "", "", func(s *Status) { s.Admin = &AdminStatus{Closed: 5, LastClosed: s.Now.Add(-time.Hour)} })
	f(Red, "/log/pexip.txt cannot be read", "right to read", func(s *Status) { // without Sora
		s.LogDir = ""
		s.Files = []FileStatus{{FileStatus: tailer.FileStatus{Source: "pexip", Path: "/log/pexip.txt", State: tailer.Unreadable, Error: "permission denied"}}}
	})
	f(Amber, "the old one stays in force: bad", "mend the file", func(s *Status) { s.ReloadFault = "bad" })
}

// The gravest reason comes first, whatever was found first.
func TestDiagnoseOrder(t *testing.T) {
	s := healthy()
	s.Export.DeadLetters.Letters = 1
	s.Spool.Fault = "disk full"
	if state, reasons := Diagnose(s); state != Red || len(reasons) != 2 || reasons[0].State != Red {
		t.Errorf("state %s, reasons %+v", state, reasons)
	}
}
