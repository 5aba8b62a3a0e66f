// Package demo shows rtcship at work on one machine with nothing set up: it
// tells the story of testdata/ as a Sora server writes it and as Pexip sends it,
// ships both into a receiver of its own, and compares what went in with what came out.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	logspb "go.opentelemetry.io/proto/slim/otlp/logs/v1"

	"github.com/rtcship/rtcship/exporter/exportertest"
	"github.com/rtcship/rtcship/internal/admin"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/numbers"
	"github.com/rtcship/rtcship/internal/ownlog"
	"github.com/rtcship/rtcship/internal/pipeline"
)

// Options says how long the demo runs and what it shows.
type Options struct {
	Duration time.Duration // 0 = until the context ends
	Endpoint string        // ship to this one instead of a receiver within the process
	Protocol string        // of Endpoint: grpc or http/protobuf
	Quiet    bool          // only the summary
	Admin    string        // address of the status page and metrics; "" = none
	Hosts    []string      // names that the page is asked for under
	Color    bool
	Out      io.Writer
	Log      *ownlog.Log
	Version  string
}

// burst is how many lines are written at once, twice a round, to show catching up and rotation under load.
const burst = 5000

// endlessRound is how long a round takes where the demo has no end.
const endlessRound = 2 * time.Minute

// settleTime bounds the wait for the last records after the last line was written.
const settleTime = time.Minute

// Run runs the demo and prints its summary. It is an error if anything was lost.
func Run(ctx context.Context, o Options) (err error) {
	dir, err := os.MkdirTemp("", "rtcship-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the demo: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	d := &demo{Options: o, printer: &printer{w: o.Out, color: o.Color, limit: 40}}
	d.tally = newTally(d.show)
	if o.Endpoint == "" {
		receiver, err := exportertest.Start(exportertest.Config{HTTPListen: "-", MaxMessage: 64 << 20, Take: d.tally.take})
		if err != nil {
			return fmt.Errorf("start the receiver: %w", err)
		}
		defer receiver.Close()
		d.ours = true
		d.Endpoint, d.Protocol = receiver.Endpoint(exportertest.GRPC), "grpc"
	}
	summary, err := d.run(ctx, dir)
	if err != nil {
		return err
	}
	d.printer.close()
	fmt.Fprintln(o.Out)
	if err := summary.Write(o.Out); err != nil {
		return err
	}
	if summary.Lost > 0 {
		return fmt.Errorf("%d entries were lost", summary.Lost)
	}
	return nil
}

type demo struct {
	Options
	printer *printer
	tally   *tally
	ours    bool // the receiver is
	daemon  *pipeline.Daemon
	started time.Time
}

func (d *demo) show(service string, r *logspb.LogRecord) {
	if !d.Quiet {
		d.printer.print(service, r)
	}
}

// config ships the two sources into the receiver, on ports that are free.
func (d *demo) config(dir string) (*config.Loaded, error) {
	return config.Load(config.Input{Flags: map[string][]string{
		"sora.log_dir":    {filepath.Join(dir, "log")},
		"pexip.listen":    {"udp://127.0.0.1:0", "tcp://127.0.0.1:0"},
		"export.endpoint": {d.Endpoint},
		"export.protocol": {d.Protocol},
		"state_dir":       {filepath.Join(dir, "state")},
		"admin.listen":    {d.Admin},
		"admin.hosts":     d.Hosts,
		"log.otlp":        {"false"},
		"log.level":       {"warn"},
	}})
}

// run starts the pipeline, writes for the duration, and stops it when all has arrived.
func (d *demo) run(ctx context.Context, dir string) (Summary, error) {
	sora := newSoraWriter(filepath.Join(dir, "log"), rand.New(rand.NewPCG(7, 11)))
	if err := os.Mkdir(sora.dir, 0o700); err != nil {
		return Summary{}, err
	}
	stop := make(chan struct{})
	listening := make(chan pipeline.Addresses, 1)
	ended := make(chan error, 1)
	calls, err := numbers.Expose()
	if err != nil {
		return Summary{}, fmt.Errorf("prepare metrics: %w", err)
	}
	d.daemon = pipeline.New(pipeline.Options{
		Load: func() (*config.Loaded, error) { return d.config(dir) },
		Stop: stop, Log: d.Log, Version: d.Version,
		Ready: func(a pipeline.Addresses) { listening <- a }, Numbers: calls.Meter,
	})
	page, err := admin.New(d.daemon, calls)
	if err == nil {
		d.daemon.Admin = page.Status // before anybody can ask
		err = page.Serve(admin.Config{Listen: d.Admin, Hosts: d.Hosts})
	}
	if err != nil {
		return Summary{}, fmt.Errorf("serve the status page: %w", err)
	}
	defer page.Close()
	go func() { ended <- d.daemon.Run(context.WithoutCancel(ctx)) }()
	var at pipeline.Addresses
	select {
	case at = <-listening:
	case err := <-ended:
		return Summary{}, err
	}
	pexip, err := dialPexip(at["udp://127.0.0.1:0"], at["tcp://127.0.0.1:0"])
	if err != nil {
		return Summary{}, err
	}
	d.started = time.Now()
	err = errors.Join(d.write(ctx, sora, pexip), sora.close())
	pexip.close()
	d.settle(sora, pexip)
	summary := d.summary(sora, pexip)
	close(stop)
	return summary, errors.Join(err, <-ended)
}

// write keeps both sources busy: a steady trickle, two bursts, and a rotation now and then.
func (d *demo) write(ctx context.Context, sora *soraWriter, pexip *pexipSender) error {
	teller, err := newTeller()
	if err != nil {
		return err
	}
	tick := time.NewTicker(40 * time.Millisecond)
	defer tick.Stop()
	round := d.Duration
	if d.Duration == 0 {
		round = endlessRound
	}
	steps := max(1, int(round/(40*time.Millisecond)))
	for i := 0; d.Duration == 0 || i < steps; i++ {
		err := errors.Join(teller.step(time.Now(), sora, pexip), d.sometimes(i%steps, steps, sora))
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	return nil
}

func (d *demo) sometimes(i, steps int, sora *soraWriter) error {
	now := time.Now()
	switch i {
	case steps / 5, steps * 2 / 5, steps * 4 / 5:
		return sora.rotate("sora", now)
	case steps / 2:
		return sora.crash(now)
	case steps / 3, steps * 2 / 3:
		for n := range burst {
			if n == burst/2 { // in the middle of it, as a rotation in production would come
				if err := sora.rotate("sora", now); err != nil {
					return err
				}
			}
			if err := sora.line(time.Now()); err != nil {
				return err
			}
		}
	}
	return nil
}

func written(sora *soraWriter, pexip *pexipSender) map[string]int {
	all := map[string]int{"pexip": pexip.sent}
	for log, n := range sora.written {
		all["sora/"+log] = n
	}
	return all
}

// arrived is how many records have arrived. An endpoint of somebody else's is
// taken at its word.
func (d *demo) arrived() (n int) {
	if d.ours {
		return d.tally.total()
	}
	for _, l := range d.daemon.Status().Ledger {
		n += int(l.Accepted)
	}
	return n
}

// settle waits until as many records have arrived as were written, or for settleTime.
func (d *demo) settle(sora *soraWriter, pexip *pexipSender) {
	want := 0
	for _, n := range written(sora, pexip) {
		want += n
	}
	deadline := time.Now().Add(settleTime)
	for d.arrived() < want && time.Now().Before(deadline) {
		time.Sleep(20 * time.Millisecond)
	}
}

func (d *demo) summary(sora *soraWriter, pexip *pexipSender) Summary {
	if !d.ours {
		return d.acknowledged(sora, pexip)
	}
	s := d.tally.summarize(written(sora, pexip))
	s.Rotations = sora.turns
	s.Elapsed = d.tally.last.Sub(d.started)
	return s
}

// acknowledged is the summary of what an endpoint of somebody else's has answered for.
func (d *demo) acknowledged(sora *soraWriter, pexip *pexipSender) Summary {
	s := Summary{Rotations: sora.turns, Elapsed: time.Since(d.started)}
	lines := 0
	for _, n := range sora.written {
		lines += n
	}
	ledger := d.daemon.Status().Ledger
	for _, row := range []Row{{"pexip", pexip.sent, int(ledger["pexip"].Accepted)}, {"sora", lines, int(ledger["sora"].Accepted)}} {
		s.add(row)
	}
	if e := d.daemon.Status().Export; e != nil {
		for _, n := range e.Requests {
			s.Requests += int(n)
		}
	}
	return s
}
