// Package pexipreceiver is a receiver for the OpenTelemetry Collector that
// receives the syslog of Pexip Infinity as rtcship does.
package pexipreceiver

import (
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/receiver"

	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/otelcol/internal/receive"
	"github.com/rtcship/rtcship/otelcol/pexipreceiver/internal/metadata"
)

// NewFactory returns the factory of the receiver "pexip".
func NewFactory() receiver.Factory {
	all := &receive.Receivers{Config: func(cfg component.Config) config.Config { return cfg.(*Config).config() }}
	return receiver.NewFactory(metadata.Type, defaultConfig,
		receiver.WithLogs(all.CreateLogs, metadata.LogsStability),
		receiver.WithTraces(all.CreateTraces, metadata.TracesStability))
}
