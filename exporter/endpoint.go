package exporter

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rtcship/rtcship/internal/endpoint"
)

// A target is an endpoint taken apart.
type target struct {
	addr       string // for gRPC's dialer
	url        string // for HTTP
	socket     string // path of a Unix socket, for HTTP
	secure     bool
	roundRobin bool   // over all addresses of a dns: name
	authority  string // what the name is called, if addr is one of its addresses
	plainGuess bool   // unencrypted towards another machine, and nobody said so
}

// parseEndpoint takes cfg.Endpoint apart; what else is wrong with cfg comes first.
func parseEndpoint(cfg Config) (target, error) {
	if err := checkChoices(cfg); err != nil {
		return target{}, err
	}
	t, err := endpoint.Parse(endpoint.Address{
		Text: cfg.Endpoint, HTTP: cfg.Protocol == ProtocolHTTP, ExactPath: cfg.ExactPath, Insecure: cfg.Insecure, TLS: cfg.TLS.isSet(), Path: cfg.Signal.path(),
	})
	if err != nil {
		return target{}, fmt.Errorf("endpoint: %w", err)
	}
	parsed := target{addr: t.Addr, socket: t.Socket, secure: t.Secure, roundRobin: t.RoundRobin, plainGuess: t.PlainGuess}
	if t.URL != nil {
		parsed.url = t.URL.String()
	}
	return parsed, nil
}

func checkChoices(cfg Config) error {
	for _, c := range []struct {
		what, value string
		choices     []string
	}{
		{"protocol", cfg.Protocol, []string{ProtocolGRPC, ProtocolHTTP}},
		{"signal", string(cfg.Signal), []string{string(SignalLogs), string(SignalTraces)}},
		{"compression", cfg.Compression, []string{CompressionNone, CompressionGzip, CompressionZstd, CompressionAuto}},
		{"http success", cfg.HTTPSuccess, []string{HTTPSuccessAnswer, HTTPSuccessStatus}},
		{"dead letters when full", cfg.DeadLetters.WhenFull, []string{WhenFullPause, WhenFullDropOldest}},
	} {
		if !slices.Contains(c.choices, c.value) {
			return fmt.Errorf("%s %q: must be one of %s", c.what, c.value, strings.Join(c.choices, ", "))
		}
	}
	if cfg.Signal == SignalTraces && cfg.DeadLetters.Path != "" {
		return errors.New("dead letters are log records, and kept of no other signal")
	}
	if cfg.MaxRequest < 1 || cfg.Concurrency < 1 || cfg.Timeout < 0 || cfg.MaxDelay < 0 || cfg.MaxConnectionAge < 0 {
		return fmt.Errorf("max_request, concurrency, timeout, max_delay and max_connection_age must be positive")
	}
	return nil
}
