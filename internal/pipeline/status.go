package pipeline

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/ownlog"
	"github.com/rtcship/rtcship/internal/smallfile"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/spool"
	"github.com/rtcship/rtcship/tailer/syslog"
)

// A Status is how the process is at one moment. It is gathered from counters
// that are kept per batch, so asking for it disturbs nothing.
type Status struct {
	Version string    `json:"version"`
	Now     time.Time `json:"now"`
	Started time.Time `json:"started"` // of the process

	State   State    `json:"state"`
	Reasons []Reason `json:"reasons"` // the gravest first

	Ledger    map[string]Ledger        `json:"ledger"` // by source
	Counts    map[string]record.Counts `json:"-"`      // by source, for the metrics
	Files     []FileStatus             `json:"files"`
	Listeners []syslog.ListenerStatus  `json:"listeners"`
	Spool     *spool.Status            `json:"spool,omitempty"`
	Spans     *SpanStatus              `json:"spans,omitempty"` // nil if none are made
	Export    *exporter.Status         `json:"export,omitempty"`

	Messages []ownlog.Message `json:"messages"` // the latest warnings and errors
	Events   []Event          `json:"events"`   // the latest settled records of error and above, newest first
	Config   []Setting        `json:"config"`   // in force; secrets masked; not to be changed

	// What Diagnose needs to know besides.
	Running     bool   `json:"running"`                // an engine is at work
	Fault       string `json:"fault,omitempty"`        // why not
	ReloadFault string `json:"reload_fault,omitempty"` // why the newest configuration is not in force
	LogDir      string `json:"log_dir,omitempty"`      // of Sora; "" if off
	LogDirError string `json:"log_dir_error,omitempty"`
	// Directories besides LogDir that cannot be listed.
	Unlistable []DirFault `json:"unlistable,omitempty"`
	// Checkpoints that were set aside since they were damaged.
	Damaged   []string `json:"damaged_checkpoints,omitempty"`
	StateDir  string   `json:"state_dir,omitempty"`
	StateOpen bool     `json:"state_dir_open_to_all,omitempty"` // everybody may write to it
	Wanted    []string `json:"listen,omitempty"`                // listeners as configured
	// Why listeners are not open, by the way they are configured.
	ListenFaults map[string]string `json:"listen_faults,omitempty"`
	Saved        time.Time         `json:"saved"` // when positions were last saved
	SaveError    string            `json:"save_error,omitempty"`
	MaxDelay     time.Duration     `json:"-"`
	Admin        *AdminStatus      `json:"admin,omitempty"` // of the page itself; nil without one
	LogLost      uint64            `json:"log_lost"`        // messages of rtcship's own log that standard error did not take
}

// An AdminStatus is how the addresses are on which the status is shown.
type AdminStatus struct {
	Connections int       `json:"connections"`
	Closed      uint64    `json:"closed"`      // connections that were closed to make room for others
	LastClosed  time.Time `json:"last_closed"` // zero if never
	Refused     uint64    `json:"refused"`     // requests for a page under a name that is not in admin.hosts
	Fault       string    `json:"fault,omitempty"`
}

// A FileStatus is a file, and what became of its records besides acceptance.
type FileStatus struct {
	tailer.FileStatus
	Trouble
}

// A Setting is one key of the configuration and where its value was given.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
	From  string `json:"from"` // "" for a default
}

// Status says how the daemon is.
func (d *Daemon) Status() *Status {
	s := &Status{Version: d.Version, Now: time.Now(), Started: d.started, Messages: d.Log.Recent(), LogLost: d.Log.Lost()}
	d.mu.Lock()
	cfg, p, e := d.cfg, d.parts, d.engine
	s.Ledger, s.Counts = d.books.snapshot()
	if e != nil {
		addEmpty(s.Ledger, e.tailer.Empty())
	}
	s.Fault, s.ReloadFault, s.Config = d.fault, d.reloadFault, d.settings
	d.mu.Unlock()
	s.Events = d.books.events.latest()
	if cfg != nil {
		s.describe(cfg)
	}
	if p != nil {
		s.Listeners, s.ListenFaults = p.server.Status(), p.listenFaults()
		s.Spool = new(p.spool.Status())
	}
	if e != nil {
		s.Running = true
		s.Files = d.books.files(e.tailer.Status())
		s.Export = new(e.exporter.Status())
		if e.spans != nil {
			s.Spans = &SpanStatus{d.books.spanLedger(), e.spans.away(), e.spans.exporter.Status()}
		}
		var err error
		if s.Saved, err = e.tailer.Saved(); err != nil {
			s.SaveError = err.Error()
		}
	}
	if d.Admin != nil {
		s.Admin = d.Admin()
	}
	s.State, s.Reasons = Diagnose(s)
	return s
}

// NotOpen lists the configured listeners that are not open.
func (s *Status) NotOpen() []string {
	return slices.DeleteFunc(slices.Clone(s.Wanted), func(w string) bool {
		return slices.ContainsFunc(s.Listeners, func(l syslog.ListenerStatus) bool { return l.Listen == w })
	})
}

// describe fills in what follows from the configuration.
func (s *Status) describe(cfg *config.Loaded) {
	s.LogDir, s.Wanted, s.MaxDelay = cfg.Sora.LogDir, cfg.Pexip.Listen, cfg.Export.MaxDelay
	if s.LogDir != "" {
		err := canList(s.LogDir)
		switch {
		case errors.Is(err, fs.ErrNotExist) && cfg.From["sora.log_dir"] == "" && len(cfg.Pexip.Listen) > 0:
			s.LogDir = "" // nobody asked for it: this process is there for Pexip
		case err != nil:
			s.LogDirError = err.Error()
		}
	}
	s.Unlistable = slices.DeleteFunc(Unlistable(&cfg.Config), func(f DirFault) bool { return f.Path == filepath.Clean(s.LogDir) })
	s.Damaged = damagedCheckpoints(cfg.StateDir)
	s.StateDir, s.StateOpen = cfg.StateDir, openToAll(cfg.StateDir)
}

// settings are all keys of cfg. Writing each of them as YAML takes longer than all
// the rest of a Status, so it is done once.
func settings(cfg *config.Loaded) []Setting {
	keys := config.Keys()
	all := make([]Setting, len(keys))
	for i, k := range keys {
		all[i] = Setting{Key: k.Path, Value: k.MaskedText(&cfg.Config), From: cfg.From[k.Path]}
	}
	return all
}

// canList says what keeps a directory from being listed.
func canList(dir string) error {
	d, err := smallfile.OpenDir(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if _, err := d.Readdirnames(1); err != nil && err != io.EOF {
		return err
	}
	return nil
}

// StatusAtRest is what a state directory says by itself, when no process runs on it.
func StatusAtRest(cfg *config.Config) (*Status, error) {
	files, err := tailer.StatusAtRest(followConfig(cfg, nil, Options{Log: ownlog.New(ownlog.Config{Writer: io.Discard})}))
	if err != nil {
		return nil, fmt.Errorf("read the saved positions: %w", err)
	}
	return &Status{Now: time.Now(), State: Green, Files: newBooks().files(files)}, nil
}
