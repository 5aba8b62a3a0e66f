package scenario

import (
	"fmt"
	"time"

	"github.com/rtcship/rtcship/bench/internal/contender"
	"github.com/rtcship/rtcship/bench/internal/corpus"
	"github.com/rtcship/rtcship/bench/internal/peer"
	"github.com/rtcship/rtcship/bench/internal/sink"
)

// catchUp lets a contender start in front of one long file. Its processor
// time is that of its whole life, its time runs from its start to the arrival
// of the last record.
func catchUp(b *Bench, name string) (Figures, error) {
	return b.follow(name, b.Scale.Lines, 1)
}

// follow measures a contender that finds lines in files.
func (b *Bench) follow(name string, lines int64, files int) (Figures, error) {
	dir, err := corpus.Dir(b.Cache, lines, files)
	if err != nil {
		return nil, err
	}
	job := contender.Job{Dir: dir}
	done := func(t sink.Tally) bool { return t.Lines >= lines }
	if name == contender.Limit {
		load, ok := b.loads[lines]
		if !ok {
			return nil, fmt.Errorf("the limit sends what %s sent, which has not run", contender.Rtcship)
		}
		job.Load = peer.Load{Lines: lines, Requests: load.Requests, Bytes: load.Bytes}
		done = func(t sink.Tally) bool { return t.Records >= lines }
	}
	if err := b.Sink.Expect(sink.Plan{Lines: lines}); err != nil {
		return nil, err
	}
	p, err := b.start(name, job)
	if err != nil {
		return nil, err
	}
	t, err := b.Sink.Wait(patience, done)
	if err != nil {
		if ended := p.Ended(); ended != nil && name != contender.Limit {
			err = ended
		}
	}
	cpu, stopErr := p.Stop(patience)
	if err != nil {
		return nil, err
	}
	if stopErr != nil {
		return nil, stopErr
	}
	b.remember(name, lines, t)
	f := Figures{
		CPU:      float64(cpu) / float64(lines),
		Wall:     float64(t.Last.Sub(p.Started)) / float64(lines),
		Bytes:    float64(t.Bytes) / float64(lines),
		Requests: float64(t.Requests),
		Repeated: float64(t.Repeats),
	}
	f.memory(p)
	return f, nil
}

func (b *Bench) remember(name string, lines int64, t sink.Tally) {
	if name != contender.Rtcship {
		return
	}
	if b.loads == nil {
		b.loads = map[int64]sink.Tally{}
	}
	b.loads[lines] = t
}

// growth returns what one more record costs: the slope of processor time
// between N and 10 N lines, in one file and spread over more and more files.
func growth(b *Bench, name string) (Figures, error) {
	f := Figures{}
	for _, files := range []int{1, 10, 100, 1000} {
		slope, err := b.slope(name, b.Scale.Growth, files)
		if err != nil {
			return nil, fmt.Errorf("%d files: %w", files, err)
		}
		f[fmt.Sprintf("slope, %d files (ns)", files)] = slope
	}
	if b.Scale.Backlog > 0 {
		slope, err := b.slope(name, b.Scale.Backlog, 1)
		if err != nil {
			return nil, fmt.Errorf("backlog: %w", err)
		}
		f["slope, 10 GiB in one file (ns)"] = slope
	}
	return f, nil
}

func (b *Bench) slope(name string, n int64, files int) (float64, error) {
	var cost [2]time.Duration
	for i, lines := range []int64{n, 10 * n} {
		f, err := b.follow(name, lines, files)
		if err != nil {
			return 0, err
		}
		cost[i] = time.Duration(f[CPU] * float64(lines))
	}
	return float64(cost[1]-cost[0]) / float64(9*n), nil
}
