// Package sora reads the logs of WebRTC SFU Sora: JSON lines, the legacy text
// form, and what Erlang itself leaves in the log directory.
package sora

import (
	"time"

	"github.com/rtcship/rtcship/convert/record"
)

// Config says what the logs do not say themselves.
type Config struct {
	Timezone *time.Location // of crash reports, dumps and the console log
}

// A Parser reads entries of Sora's logs. It is safe for concurrent use.
type Parser struct {
	zone *time.Location
}

// NewParser returns a Parser.
func NewParser(cfg Config) *Parser { return &Parser{zone: cfg.Timezone} }

// Start returns the function that reads the entries of b's batch, one at a
// time. The function returns false for an entry that holds nothing to send.
func (p *Parser) Start(b *record.Builder) func(*record.Builder) bool {
	return func(*record.Builder) bool { return true }
}
