// Package scenario holds the situations in which contenders are measured.
// Each starts a contender as a process, gives it something to do, checks
// that everything arrived, and notes what it cost.
package scenario

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rtcship/rtcship/bench/internal/contender"
	"github.com/rtcship/rtcship/bench/internal/proc"
	"github.com/rtcship/rtcship/bench/internal/sink"
)

// Figures are what one run of one contender came to. Units are part of the
// names: ns, seconds, MiB, per cent of one core, lines.
type Figures map[string]float64

// Names of figures that several scenarios share.
const (
	CPU       = "CPU per record (ns)"
	Core      = "core (%)"
	Wall      = "time per record (ns)"
	Resident  = "resident (MiB)"
	Anonymous = "anonymous (MiB)"
	Median    = "delay median (ms)"
	P99       = "delay 99th percentile (ms)"
	Lost      = "lost (lines)"
	Repeated  = "repeated (lines)"
	Written   = "written (lines)"
	Bytes     = "bytes per record"
	Requests  = "requests"
	Taken     = "taken, ns per message" // until it is received and kept, not sent on
)

// A Bench is what every scenario needs.
type Bench struct {
	Sink       *sink.Sink
	Contenders map[string]contender.Contender
	Cache      string // folder of generated lines
	Scratch    string // folder for everything that a run leaves behind
	Scale      Scale

	loads   map[int64]sink.Tally // what rtcship sent for so many lines, for the limit
	runs    int
	running []*proc.Process
}

// Scale is how much of everything there is.
type Scale struct {
	Lines    int64         // of catch-up
	Steady   time.Duration // how long lines are written at a steady rate
	Idle     time.Duration // how long nothing is written
	Quiet    time.Duration // rest before that
	Messages int64         // of syslog, as fast as they are taken
	Stream   time.Duration // how long syslog is sent at a rate
	Flood    int64         // messages of a flood over TCP
	Rotation time.Duration // how long a file is rotated under load
	Growth   int64         // N of N and 10 N lines
	Backlog  int64         // another N, for one file alone; 0 = none
}

// Full is the scale of the results that are published.
var Full = Scale{
	Lines: 1_000_000, Steady: 20 * time.Second, Idle: 20 * time.Second, Quiet: 65 * time.Second,
	Messages: 200_000, Stream: 10 * time.Second, Flood: 1_000_000, Rotation: 15 * time.Second, Growth: 100_000,
}

// Quick is the scale of everyday use.
var Quick = Scale{
	Lines: 300_000, Steady: 5 * time.Second, Idle: 5 * time.Second, Quiet: 5 * time.Second,
	Messages: 50_000, Stream: 5 * time.Second, Flood: 200_000, Rotation: 5 * time.Second, Growth: 30_000,
}

// Backlog is the N whose 10 N lines are 10 GiB waiting to be sent.
const Backlog = 3_150_000

// InCollector is catch-up by two receivers of one collector, with rtcship beside them.
const InCollector = "within a collector"

// Names of contenders that are two processes: one that ships, and the collector it sends to.
const (
	ThroughTier     = contender.Rtcship + " + collector"
	AgentAndTier    = contender.Collector + " + collector"
	CollectorItself = contender.Collector
)

// A Scenario measures one contender once.
type Scenario struct {
	Name       string
	Contenders []string // in the order in which they run
	Run        func(b *Bench, contender string) (Figures, error)
	AtMost     int // rounds; 0 is as many as are asked for
}

func of(name string, run func(*Bench, string) (Figures, error), contenders ...string) Scenario {
	return Scenario{Name: name, Contenders: contenders, Run: run}
}

// All returns the scenarios in the order in which they are reported.
func All() []Scenario {
	const ours, col, nx, limit = contender.Rtcship, contender.Collector, contender.Nxadm, contender.Limit
	return []Scenario{
		of("catch-up", catchUp, ours, limit, col, nx),
		of(InCollector, catchUp, ours, contender.Receiver, contender.FileLog),
		of("steady", steady, ours, col, nx),
		idle(25, ours, col, nx),
		idle(1000, ours, col, nx),
		of("syslog TCP", syslogTCP, ours, col),
		of("syslog UDP", paced("udp", linesPerSecond), ours, col),
		of("syslog 10,000/s TCP", paced("tcp", linesPerSecond), ours, col),
		of("syslog flood TCP", floodTCP, ours),
		of("syslog 50,000/s UDP", paced("udp", 50_000), ours, col),
		of("rotation", rotation, ours, col, nx),
		of("growth", growth, ours),
		wholeWay("none"), wholeWay("gzip"), wholeWay("zstd"),
	}
}

const patience = 20 * time.Second // with a contender that sends nothing

// start runs a contender on a job in a folder of its own.
func (b *Bench) start(name string, j contender.Job) (*proc.Process, error) {
	b.runs++
	dir, err := os.MkdirTemp(b.Scratch, fmt.Sprintf("%03d-%s-", b.runs, name))
	if err != nil {
		return nil, err
	}
	j.Scratch = dir
	if j.Endpoint == "" {
		j.Endpoint = b.Sink.Addr
	}
	c, err := b.Contenders[name].Command(j)
	if err != nil {
		return nil, err
	}
	p, err := proc.Start(c)
	if err != nil {
		return nil, err
	}
	b.running = append(b.running, p)
	return p, nil
}

// Clear ends what a failed run has left behind.
func (b *Bench) Clear() {
	for _, p := range b.running {
		if p.Ended() == nil {
			_, _ = p.Stop(patience)
		}
	}
	b.running = nil
}

// wait waits for lines of the current plan, and says why if they do not come.
func (b *Bench) wait(p *proc.Process, lines int64) (sink.Tally, error) {
	t, err := b.Sink.Wait(patience, func(t sink.Tally) bool { return t.Lines >= lines })
	if err != nil {
		if ended := p.Ended(); ended != nil {
			err = ended
		}
		return t, fmt.Errorf("%d of %d lines arrived: %w", t.Lines, lines, err)
	}
	return t, nil
}

// arrived waits until all lines are there, or nothing has come for 3 s: what
// is missing then is lost.
func (b *Bench) arrived(want int64) (sink.Tally, error) {
	t, err := b.Sink.Wait(3*time.Second, func(t sink.Tally) bool { return t.Lines >= want })
	if errors.Is(err, sink.ErrQuiet) {
		err = nil
	}
	return t, err
}

// usage is the processor time of p between two moments.
func usage(p *proc.Process, during func() error) (cpu, wall time.Duration, err error) {
	start := time.Now()
	before, err := p.CPU()
	if err != nil {
		return 0, 0, p.Ended()
	}
	if err := during(); err != nil {
		return 0, 0, err
	}
	after, err := p.CPU()
	if err != nil {
		return 0, 0, p.Ended()
	}
	return after - before, time.Since(start), nil
}

// memory adds the peaks of p to f.
func (f Figures) memory(p *proc.Process) {
	m := p.Memory()
	f[Resident] = float64(m.Resident) / (1 << 20)
	f[Anonymous] = float64(m.Anonymous) / (1 << 20)
}

// core is processor time as per cent of one core.
func core(cpu, wall time.Duration) float64 { return 100 * cpu.Seconds() / wall.Seconds() }

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
