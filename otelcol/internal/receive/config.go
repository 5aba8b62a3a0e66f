package receive

import (
	"errors"
	"strings"
	"time"

	"github.com/rtcship/rtcship/internal/config"
)

// Shared is what both receivers can be told, under the keys that rtcship's own
// configuration has for it.
type Shared struct {
	StorageDir  string            `mapstructure:"storage_dir"`
	MaxEntry    config.Size       `mapstructure:"max_entry"`
	MaxBody     config.Size       `mapstructure:"max_body"`
	Original    bool              `mapstructure:"original"`
	Resource    ResourceConfig    `mapstructure:"resource"`
	Redact      RedactConfig      `mapstructure:"redact"`
	DeadLetters DeadLettersConfig `mapstructure:"dead_letters"`
	Limits      LimitsConfig      `mapstructure:"limits"`
	Export      ExportConfig      `mapstructure:"export"`
	Drain       time.Duration     `mapstructure:"drain_timeout"`
}

// ResourceConfig adds attributes to the resource of what is received.
type ResourceConfig struct {
	Attributes map[string]string `mapstructure:"attributes"`
}

// RedactConfig says what is masked before the pipeline sees it.
type RedactConfig struct {
	Enabled  bool     `mapstructure:"enabled"`
	Metadata bool     `mapstructure:"metadata"`
	Patterns []string `mapstructure:"patterns"`
}

// DeadLettersConfig bounds what is kept of records that the pipeline refuses for good.
type DeadLettersConfig struct {
	MaxBytes config.Size `mapstructure:"max_bytes"`
	WhenFull string      `mapstructure:"when_full"`
}

// LimitsConfig bounds what following files may take of the machine.
type LimitsConfig struct {
	Memory       config.Size `mapstructure:"memory"`
	DeletedBytes config.Size `mapstructure:"deleted_bytes"`
	ReadRate     config.Size `mapstructure:"read_rate"`
	OpenFiles    int         `mapstructure:"open_files"`
}

// ExportConfig says how records are handed to the pipeline.
type ExportConfig struct {
	Timeout      time.Duration `mapstructure:"timeout"`
	MaxRequest   config.Size   `mapstructure:"max_request"`
	MaxDelay     time.Duration `mapstructure:"max_delay"`
	ObservedTime string        `mapstructure:"observed_time"`
	Concurrency  int           `mapstructure:"concurrency"`
}

const (
	// defaultStorage lies beside the folder of the file_storage extension.
	defaultStorage = "/var/lib/otelcol/rtcship"

	// defaultTimeout is as long as exporters try by themselves. To cut them
	// short would only send their records once more.
	defaultTimeout = 5 * time.Minute
)

// DefaultShared returns rtcship's own defaults.
func DefaultShared() Shared {
	d := config.Default()
	return Shared{
		StorageDir:  defaultStorage,
		MaxEntry:    d.MaxEntry,
		MaxBody:     d.MaxBody,
		Original:    d.Original,
		Redact:      RedactConfig(d.Redact),
		DeadLetters: DeadLettersConfig(d.DeadLetters),
		Limits: LimitsConfig{
			Memory: d.Limits.Memory, DeletedBytes: d.Limits.DeletedBytes,
			ReadRate: d.Limits.ReadRate, OpenFiles: d.Limits.OpenFiles,
		},
		Export: ExportConfig{
			Timeout: defaultTimeout, MaxRequest: d.Export.MaxRequest, MaxDelay: d.Export.MaxDelay,
			ObservedTime: d.Export.ObservedTime, Concurrency: d.Export.Concurrency,
		},
		Drain: d.Drain,
	}
}

// Config is s as a configuration of rtcship that has no source yet, and of whose
// own log and listeners nothing is left: those are the collector's business.
func (s *Shared) Config() config.Config {
	c := config.Default()
	c.StateDir, c.MaxEntry, c.MaxBody, c.Original, c.Drain = s.StorageDir, s.MaxEntry, s.MaxBody, s.Original, s.Drain
	c.Resource.Attributes = s.Resource.Attributes
	c.Redact = config.Redact(s.Redact)
	c.DeadLetters = config.DeadLetters(s.DeadLetters)
	l := s.Limits
	c.Limits.Memory, c.Limits.DeletedBytes, c.Limits.ReadRate, c.Limits.OpenFiles = l.Memory, l.DeletedBytes, l.ReadRate, l.OpenFiles
	e := s.Export
	c.Export.Timeout, c.Export.MaxRequest, c.Export.MaxDelay = e.Timeout, e.MaxRequest, e.MaxDelay
	c.Export.ObservedTime, c.Export.Concurrency = e.ObservedTime, e.Concurrency
	c.Sora.LogDir = ""
	c.Admin.Listen, c.Log.OTLP, c.Log.Level = "", false, "debug" // zap knows which levels are wanted
	return c
}

// Check returns what is wrong with c, a fault a line, by the keys of the
// receiver for the section: those of "sora" and "pexip" stand at its top.
func Check(c config.Config, section string) error {
	err := config.Check(&c)
	var faults config.Faults
	if !errors.As(err, &faults) {
		return err
	}
	var all []error
	for _, f := range faults {
		all = append(all, errors.New(keysOf(section).Replace(f.String())))
	}
	return errors.Join(all...)
}

// keysOf writes the receiver's keys in the place of rtcship's.
func keysOf(section string) *strings.Replacer {
	pairs := []string{"state_dir", "storage_dir"}
	for _, k := range config.Keys() {
		if short, ok := strings.CutPrefix(k.Path, section+"."); ok {
			pairs = append(pairs, k.Path, short)
		}
	}
	return strings.NewReplacer(pairs...)
}
