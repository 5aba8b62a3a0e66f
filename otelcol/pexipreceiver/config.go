package pexipreceiver

import (
	"time"

	"go.opentelemetry.io/collector/component"

	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/otelcol/internal/receive"
)

// Config is the receiver's configuration. docs/configuration.md of rtcship
// describes each key; those of its section pexip stand at the top here.
type Config struct {
	Listen         []string      `mapstructure:"listen"`
	Files          []string      `mapstructure:"files"`
	TLS            TLSConfig     `mapstructure:"tls"`
	Allow          []string      `mapstructure:"allow"`
	MaxMessage     config.Size   `mapstructure:"max_message"`
	MaxConnections int           `mapstructure:"max_connections"`
	IdleTimeout    time.Duration `mapstructure:"idle_timeout"`
	Spool          SpoolConfig   `mapstructure:"spool"`

	receive.Shared `mapstructure:",squash"`
}

// TLSConfig is the server side of tls:// listeners; the files are read again when they change.
type TLSConfig struct {
	CertFile     string `mapstructure:"cert_file"`
	KeyFile      string `mapstructure:"key_file"`
	ClientCAFile string `mapstructure:"client_ca_file"`
}

// SpoolConfig bounds the disk that received messages may take.
type SpoolConfig struct {
	MaxBytes config.Size   `mapstructure:"max_bytes"`
	Fsync    time.Duration `mapstructure:"fsync"`
}

func defaultConfig() component.Config {
	d := config.Default()
	return &Config{
		MaxMessage: d.Pexip.MaxMessage, MaxConnections: d.Pexip.MaxConnections, IdleTimeout: d.Pexip.IdleTimeout,
		Spool: SpoolConfig(d.Spool), Shared: receive.DefaultShared(),
	}
}

// Validate implements confmap.Validator. It reports all faults at once.
func (c *Config) Validate() error { return receive.Check(c.config(), "pexip") }

// config is c as rtcship's own configuration.
func (c *Config) config() config.Config {
	all := c.Shared.Config()
	all.Pexip = config.Pexip{
		Listen: c.Listen, Files: c.Files, TLS: config.ListenTLS(c.TLS), Allow: c.Allow,
		MaxMessage: c.MaxMessage, MaxConnections: c.MaxConnections, IdleTimeout: c.IdleTimeout,
	}
	all.Spool = config.Spool(c.Spool)
	return all
}
