// Package sorareceiver is a receiver for the OpenTelemetry Collector that
// follows the log directory of WebRTC SFU Sora as rtcship does.
package sorareceiver

import (
	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/receiver"

	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/otelcol/internal/receive"
	"github.com/rtcship/rtcship/otelcol/sorareceiver/internal/metadata"
)

// NewFactory returns the factory of the receiver "sora".
func NewFactory() receiver.Factory {
	all := &receive.Receivers{Config: func(cfg component.Config) config.Config { return cfg.(*Config).config() }}
	return receiver.NewFactory(metadata.Type, defaultConfig,
		receiver.WithLogs(all.CreateLogs, metadata.LogsStability),
		receiver.WithTraces(all.CreateTraces, metadata.TracesStability))
}
