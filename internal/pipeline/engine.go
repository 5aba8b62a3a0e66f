package pipeline

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/convert/drop"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/ownlog"
	"github.com/rtcship/rtcship/tailer"
)

// An engine is what one configuration runs: files in, requests out.
type engine struct {
	tailer   *tailer.Tailer
	exporter *exporter.Exporter
	spans    *spans // nil if none are made
}

// closeTimeout bounds the end of an exporter whose callers are all gone.
const closeTimeout = 2 * time.Second

func newEngine(cfg *config.Config, p *parts, b *books, o Options) (*engine, error) {
	measured := *cfg
	measured.Calls.Metrics = cfg.Calls.Metrics && o.Numbers != nil
	converter, err := NewConverter(&measured, o.Version)
	if err != nil {
		return nil, fmt.Errorf("prepare conversion: %w", err)
	}
	again, err := loadReplayed(cfg.StateDir)
	if err != nil {
		o.Log.Warn("lines that were sent again on request may count twice in the numbers of calls", "error", err)
	}
	e := &engine{}
	room := int64(cfg.Export.MaxRequest) * int64(cfg.Export.Concurrency+1)
	g := newGate(room, func() { e.exporter.Poke() })
	exporterConfig := exportConfig(cfg, o)
	exporterConfig.Blocked = func(waiting int) bool {
		return e.tailer.Blocked(waiting + int(g.waiting.Load()) + e.waitingForSpans())
	}
	if e.exporter, err = exporter.New(exporterConfig); err != nil {
		return nil, fmt.Errorf("prepare delivery: %w", err)
	}
	if cfg.Calls.Traces {
		if e.spans, err = newSpans(spanConfig(cfg, o), b, func() { e.exporter.Poke() }); err != nil {
			return nil, errors.Join(err, e.close())
		}
		if o.SpanWait > 0 {
			e.spans.patience = o.SpanWait
		}
	}
	tailerConfig := followConfig(cfg, p, o)
	tailerConfig.SafeCut = converter.SafeCut
	tailerConfig.OnBlocked = func() { e.exporter.Poke() }
	c := newConsumer(converter, e.exporter, g, b)
	c.spans, c.numbers, c.replayed, c.log = e.spans, o.Numbers, again, o.Log.Logger
	e.tailer, err = tailer.New(tailerConfig, c)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("prepare following: %w", err), e.close())
	}
	return e, nil
}

// checkEngine finds out what would keep an engine from being made for next, in
// the place of one for cfg that goes on until that is known.
func checkEngine(cfg, next *config.Config, o Options) error {
	if next.StateDir != cfg.StateDir { // it is locked, and the spool in it is open
		return fmt.Errorf("state_dir is %s and cannot become %s while rtcship runs: start it anew", cfg.StateDir, next.StateDir)
	}
	if _, err := NewConverter(next, o.Version); err != nil {
		return fmt.Errorf("prepare conversion: %w", err)
	}
	o.Log = ownlog.New(ownlog.Config{Writer: io.Discard}) // the engine itself will say it
	trial, err := exporter.New(exportConfig(next, o))
	if err != nil {
		return fmt.Errorf("prepare delivery: %w", err)
	}
	return errors.Join(trySpans(next, o), (&engine{exporter: trial}).close())
}

// trySpans finds out whether spans could be delivered, if cfg wants any.
func trySpans(cfg *config.Config, o Options) error {
	if !cfg.Calls.Traces {
		return nil
	}
	s, err := newSpans(spanConfig(cfg, o), newBooks(), func() {})
	if err != nil {
		return err
	}
	return s.close(context.Background())
}

// waitingForSpans is how many batches wait for nothing but their spans.
func (e *engine) waitingForSpans() int {
	if e.spans == nil {
		return 0
	}
	return int(e.spans.waiting.Load())
}

func (e *engine) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	return errors.Join(e.exporter.Close(ctx), e.spans.close(ctx))
}

// NewConverter makes the converter that cfg asks for; version is the program's.
func NewConverter(cfg *config.Config, version string) (*convert.Converter, error) {
	return convert.New(convert.Config{
		Version:  version,
		Sora:     soraResource(cfg),
		Pexip:    pexipResource(cfg),
		Timezone: Timezone(cfg),
		MaxBody:  int(cfg.MaxBody),
		Original: cfg.Original,
		Redact:   redact.Config{Enabled: cfg.Redact.Enabled, Patterns: cfg.Redact.Patterns, KeepMetadata: !cfg.Redact.Metadata},
		Drop:     drops(cfg),

		ObservedAsTime: cfg.Export.ObservedTime == "record",
		Calls:          record.Calls{Traces: cfg.Calls.Traces, SoraFrom: cfg.Calls.SoraFrom, Numbers: cfg.Calls.Metrics},
	})
}

func drops(cfg *config.Config) convert.Drop {
	d := convert.Drop{SoraBelow: int(cfg.Sora.MinSeverity), PexipBelow: int(cfg.Pexip.MinSeverity)}
	for _, r := range cfg.Drop {
		d.Rules = append(d.Rules, drop.Rule(r))
	}
	return d
}

// ExportConfig is how cfg wants records delivered, and its TLS configuration
// for other connections to the same collector; nil for the system's.
func ExportConfig(cfg *config.Config, version string) (exporter.Config, *tls.Config, error) {
	secure, err := clientTLS(cfg.Export.TLS)
	return exportConfig(cfg, Options{Version: version, Log: ownlog.New(ownlog.Config{Writer: io.Discard})}), secure, err
}

// CheckDelivery finds out whether run could deliver as cfg wants it, down to the
// contents of the files that cfg names. It connects to nothing.
func CheckDelivery(cfg *config.Config, version string) error {
	export, _, err := ExportConfig(cfg, version)
	if err != nil {
		return err
	}
	export.DeadLetters = exporter.DeadLetters{} // the state directory need not be there yet
	trial, err := exporter.New(export)
	if err != nil {
		return err
	}
	o := Options{Version: version, Log: ownlog.New(ownlog.Config{Writer: io.Discard})}
	return errors.Join(trySpans(cfg, o), (&engine{exporter: trial}).close())
}

// spanConfig is how cfg wants spans delivered: as records are, but for what the
// variables for traces say.
func spanConfig(cfg *config.Config, o Options) exporter.Config {
	c, t := exportConfig(cfg, o), cfg.Calls.OTel
	c.Signal, c.DeadLetters, c.Recovered, c.ExactPath = exporter.SignalTraces, exporter.DeadLetters{}, nil, false
	c.Logger, c.Deliver = c.Logger.With("signal", "traces"), o.DeliverSpans
	if t.Protocol != "" && t.Endpoint == "" && c.Endpoint == config.DefaultEndpoint(c.Protocol) {
		c.Endpoint = config.DefaultEndpoint(t.Protocol)
	}
	if t.Endpoint != "" {
		c.Endpoint, c.ExactPath, c.Insecure = t.Endpoint, t.ExactPath, nil
	}
	if t.Insecure != nil {
		c.Insecure = t.Insecure
	}
	if len(t.Headers) > 0 {
		c.Headers, c.HeadersFile = t.Headers, ""
	}
	c.Protocol, c.Compression = cmp.Or(t.Protocol, c.Protocol), cmp.Or(t.Compression, c.Compression)
	c.Timeout = cmp.Or(t.Timeout, c.Timeout)
	c.TLS.CAFile = cmp.Or(t.CAFile, c.TLS.CAFile)
	if t.CertFile != "" || t.KeyFile != "" {
		c.TLS.CertFile, c.TLS.KeyFile = t.CertFile, t.KeyFile
	}
	return c
}

func exportConfig(cfg *config.Config, o Options) exporter.Config {
	return exporter.Config{
		Endpoint:    cfg.Export.Endpoint,
		ExactPath:   cfg.Export.ExactPath,
		Insecure:    cfg.Export.Insecure,
		Protocol:    cfg.Export.Protocol,
		Compression: cfg.Export.Compression,
		HTTPSuccess: cfg.Export.HTTPSuccess,
		Headers:     cfg.Export.Headers,
		HeadersFile: cfg.Export.HeadersFile,
		TLS:         exporter.TLS(cfg.Export.TLS),
		Timeout:     cfg.Export.Timeout,
		MaxRequest:  int(cfg.Export.MaxRequest),
		MaxDelay:    cfg.Export.MaxDelay,
		Concurrency: cfg.Export.Concurrency,
		DeadLetters: exporter.DeadLetters{
			Path:     DeadLetters(cfg),
			MaxBytes: int64(cfg.DeadLetters.MaxBytes),
			WhenFull: cfg.DeadLetters.WhenFull,
		},
		UserAgent: "rtcship/" + o.Version,
		Logger:    o.Log.Logger,
		Deliver:   o.Deliver,
		Recovered: o.Log.Retry,

		MaxConnectionAge: cfg.Export.MaxConnectionAge,
	}
}

// DeadLetters is the file in which cfg has dead letters kept.
func DeadLetters(cfg *config.Config) string { return filepath.Join(cfg.StateDir, "dead-letters.jsonl") }

func followConfig(cfg *config.Config, p *parts, o Options) tailer.Config {
	files, _, _ := Descriptors(cfg)
	return tailer.Config{
		StateDir:     cfg.StateDir,
		Sources:      sources(cfg, p),
		MaxEntry:     int(cfg.MaxEntry),
		Memory:       int64(cfg.Limits.Memory),
		Expansion:    convert.Expansion,
		DeletedBytes: int64(cfg.Limits.DeletedBytes),
		ReadRate:     int64(cfg.Limits.ReadRate),
		OpenFiles:    files,
		FollowLinks:  cfg.Sora.FollowLinks,
		Logger:       o.Log.Logger,
	}
}

// Find lists what cfg would follow at present, and what keeps it from looking.
func Find(cfg *config.Config) ([]tailer.Found, error) {
	return tailer.Find(followConfig(cfg, nil, Options{Log: ownlog.New(ownlog.Config{Writer: io.Discard})}))
}

// sources are Sora's directory, Pexip's files and the spool, in that order.
func sources(cfg *config.Config, p *parts) []tailer.Source {
	var all []tailer.Source
	if cfg.Sora.LogDir != "" {
		all = append(all, tailer.Source{
			Name: "sora", Origin: "sora", Dir: cfg.Sora.LogDir, Rules: tailer.SoraRules(),
			Include: cfg.Sora.Include, Exclude: cfg.Sora.Exclude,
			Start: start(cfg.Sora.Start), Timezone: Timezone(cfg),
		})
	}
	if len(cfg.Pexip.Files) > 0 {
		all = append(all, tailer.Source{Name: "pexip", Origin: "pexip", Include: cfg.Pexip.Files})
	}
	if p != nil && p.spool != nil {
		all = append(all, p.spool.Source("pexip"))
	}
	return all
}

// Timezone is that of Sora's logs in local time.
func Timezone(cfg *config.Config) *time.Location {
	zone, err := time.LoadLocation(cfg.Sora.Timezone)
	if err != nil { // config has checked it
		return time.UTC
	}
	return zone
}

func start(s config.Start) tailer.Start {
	return tailer.Start{End: s.Mode == config.StartEnd, At: s.Time}
}
