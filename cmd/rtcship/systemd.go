package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/dustin/go-humanize"

	"github.com/rtcship/rtcship/internal/pipeline"
	"github.com/rtcship/rtcship/internal/plain"
)

// A supervisor tells systemd how the process is (sd_notify(3)): that it is
// ready, what state it is in, and that it still answers. Where systemd did not
// start the process it does nothing.
type supervisor struct {
	log    *slog.Logger
	status func() *pipeline.Status
}

// statusInterval is how often systemctl's status line is made anew where no watchdog asks more often.
const statusInterval = 10 * time.Second

// ready is said once listeners are open and following has begun; units that
// come after this one start then.
func (s *supervisor) ready(pipeline.Addresses) {
	s.notify(daemon.SdNotifyReady + "\n" + statusLine(s.status()))
}

// run says again and again that the process answers, and once that it is
// stopping, until ctx ends. Asking for the status takes the locks that the work takes, so a process that
// is stuck falls silent, and systemd starts another one.
func (s *supervisor) run(ctx context.Context, stop <-chan struct{}) {
	interval, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		s.log.Warn("systemd's watchdog is not answered", "error", err)
	}
	every := statusInterval
	if interval > 0 {
		every = min(every, interval/2)
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-stop:
			s.notify(daemon.SdNotifyStopping)
			stop = nil // the watchdog goes on: a drain is no hang, and drain_timeout bounds it
		case <-tick.C:
			s.notify(daemon.SdNotifyWatchdog + "\n" + statusLine(s.status()))
		}
	}
}

func (s *supervisor) notify(state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		s.log.Debug("systemd was not told", "error", err)
	}
}

// statusLine is the line that "systemctl status" shows.
func statusLine(s *pipeline.Status) string {
	var behind int64
	for _, f := range s.Files {
		behind += f.Lag
	}
	line := fmt.Sprintf("%s, %d files, %s behind", s.State, len(s.Files), humanize.IBytes(uint64(max(behind, 0))))
	if len(s.Reasons) > 0 {
		line += ": " + s.Reasons[0].Text
	}
	return "STATUS=" + plain.Text(strings.ReplaceAll(line, "\n", " ")) // a line feed would begin another assignment
}
