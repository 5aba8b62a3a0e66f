package sorareceiver

import (
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"

	"github.com/rtcship/rtcship/internal/config"
	"github.com/rtcship/rtcship/otelcol/internal/receive"
)

// Config is the receiver's configuration. docs/configuration.md of rtcship
// describes each key; those of its section sora stand at the top here.
type Config struct {
	LogDir      string   `mapstructure:"log_dir"`
	Start       string   `mapstructure:"start"` // beginning, end, or a time
	Include     []string `mapstructure:"include"`
	Exclude     []string `mapstructure:"exclude"`
	Timezone    string   `mapstructure:"timezone"`
	FollowLinks bool     `mapstructure:"follow_links"`

	Calls CallsConfig `mapstructure:"calls"`

	receive.Shared `mapstructure:",squash"`
}

// CallsConfig says how spans are made of calls. They are made if the receiver
// stands in a pipeline of traces.
type CallsConfig struct {
	SoraFrom string `mapstructure:"sora_from"`
}

func defaultConfig() component.Config {
	all := config.Default()
	d := all.Sora
	return &Config{
		LogDir: d.LogDir, Start: d.Start.String(), Timezone: d.Timezone,
		Calls: CallsConfig{SoraFrom: all.Calls.SoraFrom}, Shared: receive.DefaultShared(),
	}
}

// Unmarshal implements confmap.Unmarshaler.
func (c *Config) Unmarshal(conf *confmap.Conf) error {
	if at, ok := conf.Get("start").(time.Time); ok { // as YAML reads one that stands without quotes
		text := map[string]any{"start": at.Format(time.RFC3339Nano)}
		if err := conf.Merge(confmap.NewFromStringMap(text)); err != nil {
			return err
		}
	}
	return conf.Unmarshal(c)
}

// Validate implements confmap.Validator. It reports all faults at once.
func (c *Config) Validate() error {
	var start config.Start
	if err := start.Set(c.Start); err != nil {
		return errors.Join(fmt.Errorf("start: %w", err), receive.Check(c.config(), "sora"))
	}
	return receive.Check(c.config(), "sora")
}

// config is c as rtcship's own configuration.
func (c *Config) config() config.Config {
	all := c.Shared.Config()
	all.Sora = config.Sora{LogDir: c.LogDir, Include: c.Include, Exclude: c.Exclude, Timezone: c.Timezone, FollowLinks: c.FollowLinks}
	all.Calls.SoraFrom = c.Calls.SoraFrom
	_ = all.Sora.Start.Set(c.Start) // Validate has said what is wrong with it
	return all
}
