package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	tracepb "go.opentelemetry.io/proto/slim/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/rtcship/rtcship/convert"
	"github.com/rtcship/rtcship/convert/sora"
	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/smallfile"
	"github.com/rtcship/rtcship/tailer"
	"github.com/rtcship/rtcship/tailer/entry"
)

// SpansSent says what ReplaySpans did.
type SpansSent struct {
	Files    int   // that were read
	Sent     int   // spans that are accepted
	Rejected int   // spans that were refused by partial success
	Faults   error // of files that could not be read; the others were
}

// ReplaySpans makes the spans of the calls that ended at r.Since or later again from
// the files that are there, and sends them and nothing else. It reads no positions
// and changes none, so that it can run beside a process on the same directory.
func (r Replay) ReplaySpans(ctx context.Context, cfg *config.Config, o Options) (sent SpansSent, err error) {
	on := *cfg
	on.Calls.Traces = true
	converter, err := NewConverter(&on, o.Version)
	if err != nil {
		return sent, err
	}
	export, err := exporter.New(spanConfig(&on, o))
	if err != nil {
		return sent, fmt.Errorf("prepare delivery of spans: %w", err)
	}
	defer func() { err = errors.Join(err, export.Close(context.WithoutCancel(ctx))) }()
	again := spanReplay{ctx: ctx, since: r.Since, converter: converter, exporter: export, sent: &sent}
	found, fault := Find(&on)
	sent.Faults = fault
	for _, f := range found {
		if !r.wants(f) || f.As != "" || f.Error != "" || f.State == tailer.Unreadable {
			continue
		}
		fault := again.file(&on, f)
		if ctx.Err() != nil {
			return sent, fmt.Errorf("send spans: %w", context.Cause(ctx))
		}
		sent.Faults = errors.Join(sent.Faults, fault)
	}
	return sent, nil
}

// wants reports whether a file may hold lines that close a call, and is asked for.
func (r Replay) wants(f tailer.Found) bool {
	if r.File != "" {
		match, err := filepath.Match(r.File, filepath.Base(f.Path))
		return match && err == nil || r.File == f.Path
	}
	return f.Log == "" || sora.IsClosing(f.Log)
}

type spanReplay struct {
	ctx       context.Context
	since     time.Time
	converter *convert.Converter
	exporter  *exporter.Exporter
	out       convert.Output
	sent      *SpansSent
}

func (s *spanReplay) file(cfg *config.Config, f tailer.Found) error {
	file, err := smallfile.Open(f.Path, os.O_RDONLY, 0)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer file.Close()
	s.sent.Files++
	stream := tailer.Stream{
		Origin: f.Source, Path: f.Path, Name: f.Path, MaxEntry: int(cfg.MaxEntry), Timezone: Timezone(cfg), SafeCut: s.converter.SafeCut,
		Rules: tailer.SoraRules(),
	}
	if f.Source == "pexip" {
		stream.Rules = tailer.QuotedRules([]string{"*"})
	}
	if err := stream.Read(file, s.batch); err != nil {
		return fmt.Errorf("read %s: %w", f.Path, err)
	}
	return nil
}

func (s *spanReplay) batch(b entry.Batch) error {
	if err := s.converter.ConvertContext(s.ctx, b, &s.out); err != nil {
		return err
	}
	var groups []exporter.Group
	for _, g := range asGroups(nil, s.out.Spans) {
		g, err := endedSince(g, s.since)
		if err != nil {
			return err
		}
		if len(g.Ends) > 0 {
			groups = append(groups, g)
		}
	}
	if len(groups) == 0 {
		return nil
	}
	d, err := s.exporter.Enqueue(groups)
	if err != nil {
		return err
	}
	outcome, err := d.Wait(s.ctx)
	s.sent.Sent += outcome.Accepted
	s.sent.Rejected += outcome.Rejected
	return err
}

// endedSince is g with those spans that ended at since or later.
func endedSince(g exporter.Group, since time.Time) (exporter.Group, error) {
	if since.IsZero() {
		return g, nil
	}
	var all tracepb.ScopeSpans
	if err := proto.Unmarshal(g.Records, &all); err != nil {
		return g, fmt.Errorf("decode spans: %w", err)
	}
	kept, start := exporter.Group{Resource: g.Resource, Scope: g.Scope}, 0
	for i, end := range g.Ends {
		if !time.Unix(0, int64(all.Spans[i].EndTimeUnixNano)).Before(since) {
			kept.Records = append(kept.Records, g.Records[start:end]...)
			kept.Ends = append(kept.Ends, len(kept.Records))
		}
		start = end
	}
	return kept, nil
}
