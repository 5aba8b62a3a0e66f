package scenario

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rtcship/rtcship/bench/internal/contender"
	"github.com/rtcship/rtcship/bench/internal/corpus"
	"github.com/rtcship/rtcship/bench/internal/proc"
	"github.com/rtcship/rtcship/bench/internal/sink"
)

const (
	linesPerSecond = 10_000
	tick           = 2 * time.Millisecond
	linesPerTick   = int64(linesPerSecond * tick / time.Second)
	settle         = 2 * time.Second // for a contender to have started and found its file
)

// steady writes 10,000 lines a second to a log that is being followed, each
// stamped with the time at which it is written, and measures while they are
// written.
func steady(b *Bench, name string) (Figures, error) {
	p, dir, err := b.startOnEmptyLog(name, sink.Plan{Delays: true})
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(dir, liveName), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	m := corpus.NewMaker(2)
	if err := warmUp(log, m); err != nil {
		return nil, err
	}
	p.ForgetMemory()
	var t sink.Tally
	want := int64(b.Scale.Steady/tick) * linesPerTick
	cpu, _, err := usage(p, func() error {
		err := everyTick(b.Scale.Steady, func(int64) error {
			var lines []byte
			for range linesPerTick {
				lines = m.AppendSora(lines, time.Now().Add(-corpus.Shift))
			}
			_, err := log.Write(lines)
			return err
		})
		if err != nil {
			return err
		}
		t, err = b.arrived(want)
		return err
	})
	if err != nil {
		return nil, err
	}
	f := Figures{
		Core: core(cpu, b.Scale.Steady), CPU: float64(cpu) / float64(want),
		Requests: float64(t.Requests), Written: float64(want), Lost: float64(want - t.Lines),
	}
	f.memory(p)
	d, err := b.Sink.Delays()
	if err != nil {
		return nil, err
	}
	f[Median], f[P99] = milliseconds(d.Median), milliseconds(d.P99)
	_, err = p.Stop(patience)
	return f, err
}

// warmUp writes lines that are not counted and lets them arrive, so that what
// a contender does once for a new file is over.
func warmUp(log *os.File, m *corpus.Maker) error {
	var lines []byte
	for i := range int64(100) {
		lines = m.AppendSora(lines, m.Stamp(i))
	}
	_, err := log.Write(lines)
	time.Sleep(settle)
	return err
}

const liveName = "sora.jsonl"

// startOnEmptyLog runs a contender in front of an empty sora.jsonl and lets
// it settle.
func (b *Bench) startOnEmptyLog(name string, plan sink.Plan) (*proc.Process, string, error) {
	dir, err := os.MkdirTemp(b.Scratch, "live-")
	if err != nil {
		return nil, "", err
	}
	if err := os.WriteFile(filepath.Join(dir, liveName), nil, 0o644); err != nil {
		return nil, "", err
	}
	if err := b.Sink.Expect(plan); err != nil {
		return nil, "", err
	}
	p, err := b.start(name, contender.Job{Dir: dir})
	if err != nil {
		return nil, "", err
	}
	time.Sleep(settle)
	return p, dir, p.Ended()
}

// everyTick calls work, numbered from 0, once for each tick of a span of
// time. A call that comes late is made up for, so the number of calls is
// always the same.
func everyTick(span time.Duration, work func(n int64) error) error {
	start := time.Now()
	for n := range int64(span / tick) {
		time.Sleep(time.Until(start.Add(time.Duration(n) * tick)))
		if err := work(n); err != nil {
			return fmt.Errorf("write lines: %w", err)
		}
	}
	return nil
}

// idle measures contenders in front of files in which nothing happens. That takes minutes
// each time and scatters little, so two rounds do.
func idle(files int, contenders ...string) Scenario {
	run := func(b *Bench, name string) (Figures, error) {
		lines := int64(files) * 20
		dir, err := corpus.Dir(b.Cache, lines, files)
		if err != nil {
			return nil, err
		}
		if err := b.Sink.Expect(sink.Plan{Lines: lines}); err != nil {
			return nil, err
		}
		p, err := b.start(name, contender.Job{Dir: dir})
		if err != nil {
			return nil, err
		}
		if _, err := b.wait(p, lines); err != nil {
			return nil, err
		}
		time.Sleep(b.Scale.Quiet)
		p.ForgetMemory()
		cpu, wall, err := usage(p, func() error { time.Sleep(b.Scale.Idle); return nil })
		if err != nil {
			return nil, err
		}
		f := Figures{Core: core(cpu, wall)}
		f.memory(p)
		_, err = p.Stop(patience)
		return f, err
	}
	return Scenario{Name: fmt.Sprintf("idle, %d files", files), Contenders: contenders, Run: run, AtMost: 2}
}
