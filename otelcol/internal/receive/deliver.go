package receive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/consumer/consumererror"
	"go.opentelemetry.io/collector/pdata/plog/plogotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.opentelemetry.io/collector/receiver/receiverhelper"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/rtcship/rtcship/exporter"
)

// A delivery hands requests of one signal to the pipeline.
type delivery struct {
	read reader

	// parting is how long a pipeline has to answer once its context has ended.
	parting time.Duration

	// slots is how many calls may be under way. A pipeline that does not mind
	// its context keeps its slot until it returns, however long nobody waits
	// for it any more: so there are never more than that of them.
	slots chan struct{}
}

// parting is how long a pipeline has to answer for records once its context has
// ended. Spans have none: the records beside them are waiting.
const parting = 2 * time.Second

func newDelivery(read reader, parting time.Duration, concurrency int) *delivery {
	return &delivery{read: read, parting: parting, slots: make(chan struct{}, concurrency)}
}

// A reader reads a request from wire form, which copies what it holds, and
// returns how the pipeline is given it.
type reader func(request []byte) (consume func(context.Context) error, err error)

func readLogs(next consumer.Logs, obs *receiverhelper.ObsReport) reader {
	return func(request []byte) (func(context.Context) error, error) {
		r := plogotlp.NewExportRequest()
		if err := r.UnmarshalProto(request); err != nil {
			return nil, err
		}
		return func(ctx context.Context) error {
			n := r.Logs().LogRecordCount() // the pipeline may change them
			ctx = obs.StartLogsOp(ctx)
			err := next.ConsumeLogs(ctx, r.Logs())
			obs.EndLogsOp(ctx, "otlp", n, err)
			return err
		}, nil
	}
}

func readTraces(next consumer.Traces, obs *receiverhelper.ObsReport) reader {
	return func(request []byte) (func(context.Context) error, error) {
		r := ptraceotlp.NewExportRequest()
		if err := r.UnmarshalProto(request); err != nil {
			return nil, err
		}
		return func(ctx context.Context) error {
			n := r.Traces().SpanCount()
			ctx = obs.StartTracesOp(ctx)
			err := next.ConsumeTraces(ctx, r.Traces())
			obs.EndTracesOp(ctx, "otlp", n, err)
			return err
		}, nil
	}
}

// deliver is exporter.Config.Deliver.
func (d *delivery) deliver(ctx context.Context, request []byte) error {
	consume, err := d.read(request)
	if err != nil {
		return fmt.Errorf("%w: read what was converted: %w", exporter.ErrRefused, err)
	}
	select {
	case d.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	answer := make(chan error, 1)
	go func() {
		defer func() { <-d.slots }()
		answer <- consume(ctx)
	}()
	return verdict(d.await(ctx, answer))
}

// await returns the answer, or gives up once parting has passed after ctx has ended.
func (d *delivery) await(ctx context.Context, answer <-chan error) error {
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
	}
	select {
	case err := <-answer:
		return err
	case <-time.After(d.parting):
		return fmt.Errorf("the pipeline has not answered: %w", context.Cause(ctx))
	}
}

// verdict says in the exporter's terms what the pipeline's answer means. A
// permanent error must not be answered with the same records again: see package
// consumererror.
func verdict(err error) error {
	if err == nil || !permanent(err) || passing(err) {
		return err
	}
	return fmt.Errorf("%w: %w", exporter.ErrRefused, err)
}

// permanent is consumererror.IsPermanent, and false where a pipeline that forks
// has failed in several ways of which one may pass.
func permanent(err error) bool {
	if !consumererror.IsPermanent(err) {
		return false
	}
	switch e := err.(type) { //nolint:errorlint // each link of the chain is looked at by itself
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			if !permanent(one) {
				return false
			}
		}
	case interface{ Unwrap() error }:
		inner := e.Unwrap()
		return !consumererror.IsPermanent(inner) || permanent(inner)
	}
	return true
}

// passing says that nothing is wrong with the records: an exporter calls it
// permanent as well if it has the wrong address or the wrong password, or if the
// peer is out of resources and does not say for how long. Somebody will set that
// right, and then the records are wanted.
func passing(err error) bool {
	var answered interface{ GRPCStatus() *status.Status }
	if !errors.As(err, &answered) {
		return false
	}
	switch st := answered.GRPCStatus(); st.Code() {
	case codes.Unauthenticated, codes.PermissionDenied, codes.Unimplemented, codes.NotFound:
		return true
	case codes.ResourceExhausted:
		return !exporter.IsTooLarge(st.Message())
	}
	return false
}
