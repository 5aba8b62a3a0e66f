// Package receive runs rtcship within a collector: the same parts that follow
// and convert, with the collector's pipeline in the place of an endpoint. What
// the pipeline's ConsumeLogs returns is the acknowledgement, so a position
// moves only after it has returned nil.
package receive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/pdata/plog"
	"go.opentelemetry.io/collector/receiver"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.uber.org/zap/exp/zapslog"

	"github.com/rtcship/rtcship/internal/admin"
	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/internal/numbers"
	"github.com/rtcship/rtcship/internal/ownlog"
	"github.com/rtcship/rtcship/internal/pipeline"
)

// A Receiver is one configured receiver. Spans of calls come from the same lines
// as records, so both signals have one Receiver: see Receivers.
type Receiver struct {
	cfg    config.Loaded
	set    receiver.Settings
	obs    *receiverhelper.ObsReport
	logs   *delivery
	traces *delivery // nil if no pipeline wants any
	forget func()    // called by Shutdown

	spanWait time.Duration // Options.SpanWait of its pipeline

	begin  sync.Once
	fault  error         // of Start
	stop   chan struct{} // closed for a drain
	cancel context.CancelFunc
	ended  chan struct{} // closed when nothing runs any more; nil before Start
	once   sync.Once
	meters metric.Registration
}

// retry is between two attempts to run again what has failed.
const retry = 5 * time.Second

// New returns a receiver of what cfg says, for which LogsTo and TracesTo say where
// it goes. cfg has been checked. Its state is kept in a folder of its own below cfg.StateDir, so that several
// receivers can be given the same one.
func New(set receiver.Settings, cfg config.Config) (*Receiver, error) {
	obs, err := receiverhelper.NewObsReport(receiverhelper.ObsReportSettings{
		ReceiverID: set.ID, Transport: set.ID.Type().String(), ReceiverCreateSettings: set,
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the receiver's own telemetry: %w", err)
	}
	if err := config.Check(&cfg); err != nil { // which also fills in what is left out
		return nil, err
	}
	cfg.StateDir = filepath.Join(cfg.StateDir, url.PathEscape(set.ID.String()))
	cfg.Export.Endpoint = "the pipeline"
	r := &Receiver{cfg: config.Loaded{Config: cfg}, set: set, obs: obs, forget: func() {}, stop: make(chan struct{})}
	nowhere, err := consumer.NewLogs(func(context.Context, plog.Logs) error { return nil })
	r.LogsTo(nowhere)
	return r, err
}

// LogsTo says, before Start, where records go. Without it they are made and
// settled, and nobody sees them.
func (r *Receiver) LogsTo(next consumer.Logs) {
	r.logs = newDelivery(readLogs(next, r.obs), parting, r.cfg.Export.Concurrency)
}

// TracesTo says, before Start, where spans go. Without it none are made.
func (r *Receiver) TracesTo(next consumer.Traces) {
	r.cfg.Calls.Traces = true
	r.traces = newDelivery(readTraces(next, r.obs), 0, r.cfg.Export.Concurrency)
}

// Start returns when files are followed and listeners are open, or with the
// reason why that cannot be. The collector calls it once for each signal.
func (r *Receiver) Start(ctx context.Context, host component.Host) error {
	r.begin.Do(func() { r.fault = r.start(ctx, host) })
	return r.fault
}

func (r *Receiver) start(ctx context.Context, host component.Host) error {
	run, cancel := context.WithCancel(context.Background()) // ctx ends when the collector has started
	started := make(chan error, 1)
	r.cancel, r.ended = cancel, make(chan struct{})
	meter := r.set.MeterProvider.Meter("github.com/rtcship/rtcship/otelcol")
	calls, err := numbers.New(meter)
	if err != nil {
		cancel()
		return fmt.Errorf("start %s: %w", r.set.ID, err)
	}
	daemon := r.daemon(calls, func() { tell(started, nil) })
	go func() {
		defer close(r.ended)
		r.run(run, daemon, host, started)
	}()
	select {
	case err = <-started:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err == nil {
		r.meters, err = admin.Observe(meter, daemon.Status, attribute.String("receiver", r.set.ID.String()))
	}
	if err != nil {
		cancel()
		<-r.ended
		return fmt.Errorf("start %s: %w", r.set.ID, err)
	}
	return nil
}

func (r *Receiver) daemon(calls *numbers.Meter, ready func()) *pipeline.Daemon {
	zap := zapslog.NewHandler(r.set.Logger.Core())
	o := pipeline.Options{
		Load:    func() (*config.Loaded, error) { return &r.cfg, nil },
		Stop:    r.stop,
		Log:     ownlog.New(ownlog.Config{Handler: slog.Handler(zap), Level: "debug"}),
		Version: r.set.BuildInfo.Version,
		Deliver: r.logs.deliver,
		Ready:   func(pipeline.Addresses) { ready() },
		Numbers: calls, SpanWait: r.spanWait,
	}
	if r.traces != nil {
		o.DeliverSpans = r.traces.deliver
	}
	return pipeline.New(o)
}

// run runs the daemon until it is told to stop. What fails at first is Start's
// result; what fails later is shown as the component's status and tried again:
// the collector may have other work.
func (r *Receiver) run(ctx context.Context, d *pipeline.Daemon, host component.Host, started chan<- error) {
	for {
		err := d.Run(ctx)
		tell(started, err)
		if err == nil || ctx.Err() != nil {
			return
		}
		componentstatus.ReportStatus(host, componentstatus.NewRecoverableErrorEvent(err))
		select {
		case <-time.After(retry):
		case <-r.stop:
			return
		case <-ctx.Done():
			return
		}
		componentstatus.ReportStatus(host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

// tell puts the first result where somebody waits for it.
func tell(to chan<- error, err error) {
	select {
	case to <- err:
	default:
	}
}

// Shutdown stops listening, reads to the end of what is there and settles it,
// for as long as ctx and drain_timeout allow. What is not settled then is on disk
// and comes at the next start.
func (r *Receiver) Shutdown(ctx context.Context) error {
	r.once.Do(func() { close(r.stop); r.forget() })
	if r.ended == nil {
		return nil
	}
	defer r.cancel()
	if r.meters != nil {
		if err := r.meters.Unregister(); err != nil {
			return fmt.Errorf("stop %s: %w", r.set.ID, err)
		}
	}
	select {
	case <-r.ended:
		return nil
	case <-ctx.Done():
	}
	r.cancel()
	select {
	case <-r.ended:
		return nil
	case <-time.After(parting + time.Second):
		return errors.Join(fmt.Errorf("stop %s: the pipeline has not answered", r.set.ID), context.Cause(ctx))
	}
}
