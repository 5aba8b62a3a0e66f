// Package convert turns batches of log entries into OTLP log records in wire
// form. It does no I/O, and nothing that it remembers of earlier batches shows
// in its results: the same batch gives the same records whenever and wherever
// it is converted.
package convert

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/rtcship/rtcship/convert/drop"
	"github.com/rtcship/rtcship/convert/otlp"
	"github.com/rtcship/rtcship/convert/pexip"
	"github.com/rtcship/rtcship/convert/record"
	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/convert/sora"
	"github.com/rtcship/rtcship/tailer/entry"
)

// Config says how entries are converted. The zero value of each field but
// Redact.Enabled is a sensible default.
type Config struct {
	Version  string         // of the program; it becomes the scope's version
	Sora     []otlp.Attr    // attributes of the resource that Sora's records belong to
	Pexip    []otlp.Attr    // attributes of Pexip's resources, host.name apart
	Timezone *time.Location // of those Sora logs that are in local time; nil = UTC
	MaxBody  int            // bytes of body in one record; 0 = 240 KiB
	Redact   redact.Config  // what is masked
	Drop     Drop           // what is not sent
	Original bool           // adds log.record.original where the body is not the whole entry

	// ObservedAsTime makes a record that is sent again equal to the first one in
	// all its fields, the observed time included: Loki drops no other repeat.
	// Records without a time of their own keep the time at which they were read.
	ObservedAsTime bool

	Calls record.Calls // what is made of calls besides the records of their lines
}

// Drop says which records are not sent, though they are counted.
type Drop struct {
	SoraBelow  int         // Sora's below this OTLP severity number; 0 = none
	PexipBelow int         // Pexip's likewise
	Rules      []drop.Rule // and those of either that a rule is about
}

// defaultMaxBody keeps a record below the 256 KB at which Loki drops a line.
const defaultMaxBody = 240 << 10

// Expansion is about how many bytes of records come of a byte of text: attribute
// names are spelt out in each record.
const Expansion = 2

// A Converter makes records of entries. It is safe for concurrent use.
type Converter struct {
	soraSettings  record.Settings
	errorSettings record.Settings // of Sora's logs of requests that failed
	pexipSettings record.Settings
	sora          *sora.Parser
	soraResource  []byte
	soraScope     []byte
	pexipResource []byte // without host.name
	pexipScope    []byte
	soraDrop      *drop.Filter
	pexipDrop     *drop.Filter
	workers       sync.Pool // of *worker
}

// A worker is what converting takes besides the result. Results wait until they
// are settled, and there may be many that wait; a worker is used by one call after
// another, and what its readers remember of earlier batches makes them faster.
type worker struct {
	builder record.Builder
	sora    sora.Reader
	errors  sora.Reader // of logs with errorSettings, which masks more
	pexip   pexip.Reader
	drop    drop.Batch
}

// New returns a Converter. It fails only if a pattern of cfg.Redact is faulty.
func New(cfg Config) (*Converter, error) {
	r, err := redact.New(cfg.Redact)
	if err != nil {
		return nil, fmt.Errorf("redact: %w", err)
	}
	if cfg.MaxBody == 0 {
		cfg.MaxBody = defaultMaxBody
	}
	s := record.Settings{MaxBody: cfg.MaxBody, Original: cfg.Original, Redactor: r, ObservedAsTime: cfg.ObservedAsTime, Calls: cfg.Calls}
	p, failures := s, s
	p.Redactor, failures.Redactor = r.ForPexip(), r.ForFailures()
	return &Converter{
		soraSettings:  s,
		errorSettings: failures,
		pexipSettings: p,
		sora:          sora.NewParser(sora.Config{Timezone: cfg.Timezone}),
		soraResource:  otlp.AppendResource(nil, cfg.Sora),
		soraScope:     otlp.AppendScope(nil, "rtcship/sora", cfg.Version),
		pexipResource: otlp.AppendResource(nil, cfg.Pexip),
		pexipScope:    otlp.AppendScope(nil, "rtcship/pexip", cfg.Version),
		soraDrop:      drop.New("sora", cfg.Drop.SoraBelow, cfg.Drop.Rules),
		pexipDrop:     drop.New("pexip", cfg.Drop.PexipBelow, cfg.Drop.Rules),
		workers:       sync.Pool{New: func() any { return new(worker) }},
	}, nil
}

// Convert makes the records of b's entries and leaves them in out, in place of
// what out held before. Each entry becomes one record or more; one that holds
// nothing becomes none and is counted as empty, and one that a rule of Config.Drop
// is about becomes none and is counted by that rule.
func (c *Converter) Convert(b entry.Batch, out *Output) {
	_ = c.ConvertContext(context.Background(), b, out) // which does not end
}

// ConvertContext is Convert, and ends early, with the reason, when ctx ends. What
// is in out is then of no use.
func (c *Converter) ConvertContext(ctx context.Context, b entry.Batch, out *Output) error {
	out.reset()
	out.Counts.Entries = len(b.Entries)
	j := job{Converter: c, ctx: ctx, batch: b, out: out}
	for {
		fault, err := j.run()
		if fault == nil {
			return err
		}
		if out.Faults++; out.Faults == 1 { // a sender may have found a text for it, and send nothing else
			out.Fault = *fault
		}
		j.gaveUp = true
	}
}

// SafeCut returns where text, the beginning of an entry that is too long for
// one, can be cut without parting a secret from its name, or its halves: neither
// would be known for what it is by itself. It depends on nothing but text.
//
// Where finding that out panics it is between words: the program would end at the same
// text again and again otherwise, as a job says.
func (c *Converter) SafeCut(text []byte) (cut int) {
	defer func() {
		if recover() != nil {
			cut = bytes.LastIndexAny(text, " \n") + 1
		}
	}()
	for {
		cut := c.errorSettings.Redactor.Cut(text[:c.pexipSettings.Redactor.Cut(text)])
		if cut == len(text) {
			return cut
		}
		text = text[:cut]
	}
}

// textSize is the size of b's texts together.
func textSize(b entry.Batch) (n int) {
	for i := range b.Entries {
		n += len(b.Entries[i].Text)
	}
	return n
}
