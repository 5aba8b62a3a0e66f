package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
)

// A Replay says which files are sent again, and from when on.
type Replay struct {
	File   string    `json:"file"`  // a name or pattern; "" is every file
	Since  time.Time `json:"since"` // zero is from the beginning
	DryRun bool      `json:"dry_run"`
}

// rewind sets positions back in a state directory on which no tailer runs.
func (r Replay) rewind(cfg *config.Config, p *parts, o Options) ([]tailer.Rewound, error) {
	converter, err := NewConverter(cfg, o.Version)
	if err != nil {
		return nil, err
	}
	all, err := tailer.Rewind(followConfig(cfg, p, o), tailer.Rewinding{
		File: r.File, Since: r.Since, DryRun: r.DryRun,
		Times: func(b entry.Batch) []time.Time { return entryTimes(converter, b) },
	})
	if err != nil || r.DryRun {
		return all, err
	}
	if err := rememberReplayed(cfg.StateDir, all); err != nil {
		o.Log.Warn("lines that are sent again may count twice in the numbers of calls", "error", err)
	}
	return all, nil
}

// entryTimes asks the converter for the times, since it knows how each log
// writes them.
func entryTimes(c *convert.Converter, b entry.Batch) []time.Time {
	times := make([]time.Time, len(b.Entries))
	var out convert.Output
	for i := range b.Entries {
		c.Convert(entry.Batch{Origin: b.Origin, Entries: b.Entries[i : i+1]}, &out)
		var logs logspb.ScopeLogs
		for _, g := range out.Groups {
			if proto.Unmarshal(g.Records, &logs) == nil && len(logs.LogRecords) > 0 && logs.LogRecords[0].TimeUnixNano > 0 {
				times[i] = time.Unix(0, int64(logs.LogRecords[0].TimeUnixNano))
			}
		}
	}
	return times
}

// Replay sets positions back while the process runs: the engine is stopped, as
// for a reload, and started again.
func (d *Daemon) Replay(ctx context.Context, r Replay) ([]tailer.Rewound, error) {
	var all []tailer.Rewound
	done := make(chan error, 1)
	work := func(cfg *config.Config, p *parts) {
		var err error
		all, err = r.rewind(cfg, p, d.Options)
		done <- err
	}
	d.mu.Lock()
	started := d.parts != nil
	d.mu.Unlock()
	if !started {
		return nil, errors.New("replay: nothing is followed at present, see rtcship status")
	}
	select {
	case d.between <- work:
	case <-d.Stop:
		return nil, errors.New("replay: rtcship is stopping")
	case <-ctx.Done():
		return nil, fmt.Errorf("replay: %w", context.Cause(ctx))
	}
	if err := <-done; err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	for _, w := range all {
		if !r.DryRun && w.Error == "" {
			d.Log.Info("position set back", "path", w.Path, "from", w.From, "to", w.To)
		}
	}
	return all, nil
}

// ReplayDeadLetters sends all dead letters again and blocks until they are
// settled, by acceptance or as dead letters once more.
func (d *Daemon) ReplayDeadLetters(ctx context.Context) (exporter.Resent, error) {
	d.mu.Lock()
	e := d.engine
	d.mu.Unlock()
	if e == nil {
		return exporter.Resent{}, errors.New("replay dead letters: nothing can be delivered at present, see rtcship status")
	}
	return e.exporter.ResendDeadLetters(ctx)
}

// ReplayAtRest is Replay on a state directory on which no process runs.
func ReplayAtRest(cfg *config.Config, r Replay, o Options) (all []tailer.Rewound, err error) {
	p, err := openStore(context.Background(), cfg, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	return r.rewind(cfg, p, o)
}

// ReplayDeadLettersAtRest is ReplayDeadLetters on a state directory on which no
// process runs.
func ReplayDeadLettersAtRest(ctx context.Context, cfg *config.Config, o Options) (sent exporter.Resent, err error) {
	p, err := openStore(context.Background(), cfg, o)
	if err != nil {
		return sent, err
	}
	defer func() { err = errors.Join(err, p.close()) }()
	e, err := exporter.New(exportConfig(cfg, o))
	if err != nil {
		return sent, fmt.Errorf("prepare delivery: %w", err)
	}
	defer func() { err = errors.Join(err, e.Close(ctx)) }()
	return e.ResendDeadLetters(ctx)
}
