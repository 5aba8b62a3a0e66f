package receive

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/rtcship/rtcship/internal/config"
)

// Receivers makes the receivers of one factory: one for each configuration,
// whatever number of signals the collector wants of it, since two would follow
// the same files and fight for one state.
type Receivers struct {
	// Config is what the collector has read, a pointer, as rtcship's own
	// configuration.
	Config func(component.Config) config.Config

	// SpanWait is pipeline.Options.SpanWait: for tests.
	SpanWait time.Duration

	mu  sync.Mutex
	all map[component.Config]*Receiver // by the pointer to their configuration
}

// CreateLogs is a receiver.CreateLogsFunc.
func (rs *Receivers) CreateLogs(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
	r, err := rs.of(set, cfg)
	if err != nil {
		return nil, err
	}
	r.LogsTo(next)
	return r, nil
}

// CreateTraces is a receiver.CreateTracesFunc.
func (rs *Receivers) CreateTraces(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Traces) (receiver.Traces, error) {
	r, err := rs.of(set, cfg)
	if err != nil {
		return nil, err
	}
	r.TracesTo(next)
	return r, nil
}

// of returns the one receiver of cfg, until it is shut down.
func (rs *Receivers) of(set receiver.Settings, cfg component.Config) (*Receiver, error) {
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if r, ok := rs.all[cfg]; ok {
		return r, nil
	}
	r, err := New(set, rs.Config(cfg))
	if err != nil {
		return nil, err
	}
	r.spanWait = rs.SpanWait
	r.forget = func() {
		rs.mu.Lock()
		defer rs.mu.Unlock()
		delete(rs.all, cfg)
	}
	if rs.all == nil {
		rs.all = map[component.Config]*Receiver{}
	}
	rs.all[cfg] = r
	return r, nil
}
