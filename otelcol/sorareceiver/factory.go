// Package sorareceiver is a receiver for the OpenTelemetry Collector that
// follows the log directory of WebRTC SFU Sora as rtcship does.
package sorareceiver

import (
	"context"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/consumer"
	"go.opentelemetry.io/collector/receiver"

	"github.com/rtcship/rtcship/otelcol/internal/receive"
	"github.com/rtcship/rtcship/otelcol/sorareceiver/internal/metadata"
)

// NewFactory returns the factory of the receiver "sora".
func NewFactory() receiver.Factory {
	return receiver.NewFactory(metadata.Type, defaultConfig, receiver.WithLogs(createLogs, metadata.LogsStability))
}

func createLogs(_ context.Context, set receiver.Settings, cfg component.Config, next consumer.Logs) (receiver.Logs, error) {
	return receive.New(set, cfg.(*Config).config(), next)
}
