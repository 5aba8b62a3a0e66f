package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/rtcship/rtcship/tailer"
)

// A State is a Status in one word.
type State string

// The states, as the colours of the status page.
const (
	Green State = "green" // everything is as it should be
	Amber State = "amber" // something wants to be looked at; nothing is held up
	Red   State = "red"   // something does not arrive
)

// A Reason says why a state is not green, and what to do about it.
type Reason struct {
	State State  `json:"state"`
	Text  string `json:"text"` // what is wrong
	Do    string `json:"do"`   // what to do
}

// silence is how long a listener may be without its first message before that is
// worth a remark: whoever sets rtcship up looks at the page for a minute or so.
const silence = 45 * time.Second

// slow is how long records may be behind before that is worth a remark.
const slow = 30 * time.Second

// Diagnose finds out what is wrong, the gravest first. It is a pure function of
// the status.
func Diagnose(s *Status) (State, []Reason) {
	d := &diagnosis{}
	d.process(s)
	d.surroundings(s)
	if s.Running {
		d.collector(s)
		d.calls(s)
		d.directories(s)
		d.files(s)
		d.syslog(s)
		d.keeping(s)
	}
	slices.SortStableFunc(d.reasons, func(a, b Reason) int { return cmp.Compare(grave(b.State), grave(a.State)) })
	if len(d.reasons) == 0 {
		return Green, nil
	}
	return d.reasons[0].State, d.reasons
}

func grave(s State) int { return slices.Index([]State{Green, Amber, Red}, s) }

type diagnosis struct{ reasons []Reason }

func (d *diagnosis) add(s State, do, format string, args ...any) {
	d.reasons = append(d.reasons, Reason{s, fmt.Sprintf(format, args...), do})
}

func (d *diagnosis) process(s *Status) {
	if s.Fault != "" {
		d.add(Red, "mend it; rtcship tries again by itself", "rtcship cannot start: %s", s.Fault)
	}
	if s.ReloadFault != "" {
		d.add(Amber, "mend the file; it is read again when it changes", "the new configuration is faulty and the old one stays in force: %s", s.ReloadFault)
	}
}

// recently is for how long what was done to an admin address is worth a remark:
// longer than the alert RtcshipAmber waits, or it would reach nobody.
const recently = 20 * time.Minute

// surroundings is about what is around rtcship rather than in it.
func (d *diagnosis) surroundings(s *Status) {
	if s.StateOpen {
		d.add(Amber, "chmod 0700 the directory: positions, dead letters and the socket of the commands are in it", "everybody on this machine may write to the state directory %s", s.StateDir)
	}
	if s.LogLost > 0 {
		d.add(Amber, "look who reads rtcship's standard error, and whether its disk is full; the page and the collector have the messages", "%d messages of rtcship's own log could not be written", s.LogLost)
	}
	a := s.Admin
	if a == nil {
		return
	}
	if a.Fault != "" {
		d.add(Amber, "free the address or set admin.listen to another one; rtcship tries again by itself", "status and metrics are not served everywhere: %s", a.Fault)
	}
	if a.Closed > 0 && s.Now.Sub(a.LastClosed) < recently {
		d.add(Amber, "look who holds connections to admin.listen open, and let only the monitoring reach it", "%d connections to the admin address were closed to make room for others", a.Closed)
	}
}

func (d *diagnosis) collector(s *Status) {
	e := s.Export
	if e == nil {
		return
	}
	if e.Paused {
		d.add(Red, "make room (rtcship replay --dead-letters), or raise dead_letters.max_bytes", "delivery is paused: the dead letters are full or cannot be written")
	}
	if f := e.LastError; f != nil && !e.Connected {
		do := f.Hint
		if do == "" {
			do = "rtcship tries again by itself; look at the collector's own log"
		}
		d.add(Red, do, "the collector at %s does not take records: %s %s", e.Endpoint, f.Code, f.Message)
	}
	if f := e.DeadLetters.Fault; f != "" && !e.Paused {
		d.add(Amber, "put right what stands there; until then delivery stops at the first record that is refused", "dead letters cannot be kept: %s", f)
	}
	if e.DeadLetters.Letters > 0 {
		d.add(Amber, "read dead-letters.jsonl in the state directory, mend the cause, then rtcship replay --dead-letters", "%d records were refused for good and are kept as dead letters", e.DeadLetters.Letters)
	}
	if e.Rejected > 0 {
		d.add(Amber, "look at the messages below for the collector's reason", "the collector rejected %d records by partial success", e.Rejected)
	}
}

func (d *diagnosis) calls(s *Status) {
	if s.Spans == nil || !s.Spans.Away {
		return
	}
	why := "it gives no answer"
	if f := s.Spans.Export.LastError; f != nil {
		why = f.Code + " " + f.Message
	}
	d.add(Amber, "give the collector a traces pipeline, or set calls.traces: false; rtcship replay --traces sends what is dropped",
		"the endpoint for traces at %s takes no spans within a second, and they are dropped: %s", s.Spans.Export.Endpoint, why)
}

func (d *diagnosis) directories(s *Status) {
	if s.LogDir != "" && s.LogDirError != "" {
		d.add(Red, "check sora.log_dir, the volume's mount path, and that rtcship's user may read the directory", "Sora's log directory cannot be read: %s", s.LogDirError)
	}
	for _, f := range s.Unlistable {
		d.add(Amber, "give rtcship's user the right to list and search it (the same user or group as Sora's; \"rtcship check\" names a group that may)", "the directory %s cannot be read, and nothing of it is shipped: %s", f.Path, f.Error)
	}
}

func (d *diagnosis) files(s *Status) {
	seen := false
	for i := range s.Files {
		f := &s.Files[i]
		sora := f.Source == "sora"
		seen = seen || sora
		if f.Source != "spool" && !(sora && s.LogDirError != "") {
			d.file(f)
		}
	}
	if !seen && s.LogDir != "" && s.LogDirError == "" {
		d.add(Amber, "check sora.log_dir, and that Sora writes there", "there is no log file in %s", s.LogDir)
	}
}

func (d *diagnosis) file(f *FileStatus) {
	switch {
	case f.State == tailer.Ignored && f.Error != "":
		d.add(Amber, "have it followed, take it out of the directory, or name it in sora.exclude", "%s is not followed: %s", f.Path, f.Error)
	case f.State == tailer.Unreadable:
		d.add(Red, "give rtcship's user the right to read it (the same user or group as Sora's)", "%s cannot be read: %s", f.Path, f.Error)
	case f.Behind > slow:
		d.add(Amber, "wait, or look why the collector is slow", "%s is %s behind (%s)", f.Path, f.Behind.Round(time.Second), humanize.IBytes(uint64(max(f.Lag, 0))))
	}
	for _, g := range f.Gaps {
		d.add(Amber, "see \"What cannot be done\" in docs/following.md", "%s of %s are lost: %s", humanize.IBytes(uint64(g.Bytes)), f.Path, g.Reason)
	}
}

func (d *diagnosis) syslog(s *Status) {
	for i := range s.Listeners {
		l := &s.Listeners[i]
		if l.Messages == 0 && s.Now.Sub(s.Started) > silence {
			d.add(Amber, fmt.Sprintf("check address, port and transport of the syslog server in Pexip's settings (Pexip sends to port 514 over UDP unless told otherwise; this listener has %s), and firewalls between", l.Address),
				"nothing was ever received on %s", l.Listen)
		}
		for reason, n := range l.Dropped {
			if n > 0 {
				d.add(Amber, "see docs/syslog.md", "%d messages to %s were dropped: %s", n, l.Listen, reason)
			}
		}
		for reason, n := range l.Refused {
			if n > 0 && reason != "idle" && reason != "error" {
				d.add(Amber, "see docs/syslog.md", "%d connections to %s were refused: %s", n, l.Listen, reason)
			}
		}
		if l.KernelDrops > 0 {
			d.add(Amber, "raise net.core.rmem_max, or send over TCP", "the kernel dropped %d datagrams to %s", l.KernelDrops, l.Listen)
		}
	}
	for _, l := range s.NotOpen() {
		d.add(Red, "free the port or choose another one; rtcship tries again by itself", "%s is not open: %s", l, cmp.Or(s.ListenFaults[l], s.ListenFaults[allListeners], "see the messages below"))
	}
	if fault := s.ListenFaults[allListeners]; fault != "" && len(s.NotOpen()) == 0 {
		d.add(Red, "mend pexip in the configuration; rtcship tries again by itself", "the listeners are as they were before: %s", fault)
	}
}

// keeping is about what rtcship keeps on disk.
func (d *diagnosis) keeping(s *Status) {
	if s.SaveError != "" {
		d.add(Red, "make room, or make the state directory writable: after a crash, what was sent since is sent again", "positions cannot be saved: %s", s.SaveError)
	}
	if n := len(s.Damaged); n > 0 {
		d.add(Amber, "some records may have been sent again; look at the disk, and remove the file when you have seen it", "positions were damaged, and an older state was used: the damaged one is kept as %s", s.Damaged[n-1])
	}
	if s.Spool == nil {
		return
	}
	switch {
	case s.Spool.FullSince.IsZero():
	case s.Spool.Bytes < s.Spool.MaxBytes/8*7:
		d.add(Red, "make room on the disk of the state directory, or look why the collector does not keep up", "the disk has no room for the spool: TCP and TLS are slowed down, UDP is dropped")
	default:
		d.add(Red, "look why the collector does not keep up, or raise spool.max_bytes", "the spool is full: TCP and TLS are slowed down, UDP is dropped")
	}
	if s.Spool.Fault != "" {
		d.add(Red, "make room, or make the state directory writable", "the spool cannot be written: %s", s.Spool.Fault)
	}
	if at := s.Spool.LastDamage; at != nil {
		d.add(Amber, "look after the disk of the state directory (the kernel's log says more); the sender's own log has the messages", "%s of the spool were damaged, in %d places, and the messages in them are lost; the last %s at offset %d of %s, found %s",
			humanize.IBytes(s.Spool.DamagedBytes), s.Spool.Damages, humanize.IBytes(uint64(at.Bytes)), at.At, at.Segment, at.Time.UTC().Format(time.RFC3339))
	}
	if s.Spool.TornBytes > 0 {
		d.add(Amber, "nothing; a crash leaves such bytes", "%s at the end of the spool were no whole messages and were cut off at the start", humanize.IBytes(s.Spool.TornBytes))
	}
}
