package scenario

import (
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/rtcship/rtcship/bench/internal/contender"
	"github.com/rtcship/rtcship/bench/internal/corpus"
	"github.com/rtcship/rtcship/bench/internal/proc"
	"github.com/rtcship/rtcship/bench/internal/sink"
)

// OnTheWire is how long records are as they arrive at the far end, compressed or not.
const OnTheWire = "bytes on the wire per record"

// ways are what each contender of the whole way consists of: what ships, and whether
// a collector hands it on.
var ways = map[string]struct {
	shipper string
	tier    bool
}{
	ThroughTier:     {contender.Rtcship, true},
	CollectorItself: {contender.Collector, false},
	AgentAndTier:    {contender.Collector, true},
}

// wholeWay is catch-up as a user pays for it: all processes from the file to what is
// behind the last collector, with requests compressed on each stretch.
func wholeWay(compression string) Scenario {
	return Scenario{
		Name:       "whole way, " + compression,
		Contenders: []string{ThroughTier, CollectorItself, AgentAndTier},
		Run: func(b *Bench, name string) (Figures, error) {
			return b.wholeWay(name, compression)
		},
	}
}

func (b *Bench) wholeWay(name, compression string) (Figures, error) {
	lines := b.Scale.Lines
	dir, err := corpus.Dir(b.Cache, lines, 1)
	if err != nil {
		return nil, err
	}
	if err := b.Sink.Expect(sink.Plan{Lines: lines}); err != nil {
		return nil, err
	}
	way := ways[name]
	var all []*proc.Process
	job := contender.Job{Dir: dir, Compression: compression}
	if way.tier {
		p, addr, err := b.startTier(compression)
		if err != nil {
			return nil, err
		}
		all, job.Endpoint = append(all, p), addr
	}
	p, err := b.start(way.shipper, job)
	if err != nil {
		return nil, err
	}
	all = append(all, p)
	t, err := b.wait(p, lines)
	if err != nil {
		return nil, err
	}
	f := Figures{
		Wall:      float64(t.Last.Sub(p.Started)) / float64(lines),
		Bytes:     float64(t.Bytes) / float64(lines),
		OnTheWire: float64(t.Wire) / float64(lines),
		Repeated:  float64(t.Repeats),
		Requests:  float64(t.Requests),
	}
	return f, f.end(all, lines)
}

// end stops all processes, what ships first, and adds up what they cost.
func (f Figures) end(all []*proc.Process, lines int64) error {
	for _, p := range slices.Backward(all) {
		cpu, err := p.Stop(patience)
		if err != nil {
			return err
		}
		one := Figures{}
		one.memory(p)
		f[CPU] += float64(cpu) / float64(lines)
		f[Resident] += one[Resident]
		f[Anonymous] += one[Anonymous]
	}
	return nil
}

// startTier starts the collector in the middle and waits until it listens, so that
// nobody's time is that of connecting in vain.
func (b *Bench) startTier(compression string) (*proc.Process, string, error) {
	addr, err := contender.FreeAddr("tcp")
	if err != nil {
		return nil, "", err
	}
	p, err := b.start(contender.Tier, contender.Job{Listen: addr, Compression: compression})
	if err != nil {
		return nil, "", err
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err := p.Ended(); err != nil {
			return nil, "", err
		}
		if c, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
			c.Close()
			return p, addr, nil
		}
	}
	return nil, "", fmt.Errorf("the collector did not listen on %s within %v", addr, patience)
}
