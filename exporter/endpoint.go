package exporter

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
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

// resolvers are the target schemes that gRPC resolves itself.
var resolvers = []string{"unix", "unix-abstract", "dns", "passthrough"}

func parseEndpoint(cfg Config) (target, error) {
	if err := checkChoices(cfg); err != nil {
		return target{}, err
	}
	scheme, _, ok := strings.Cut(cfg.Endpoint, "://")
	switch {
	case ok && (scheme == "http" || scheme == "https"):
		return parseURL(cfg, scheme == "https")
	case isResolver(cfg.Endpoint):
		return parseResolved(cfg)
	case ok:
		return target{}, fmt.Errorf("endpoint %q: unknown scheme", MaskEndpoint(cfg.Endpoint))
	}
	return parseBare(cfg)
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

func isResolver(endpoint string) bool {
	scheme, _, ok := strings.Cut(endpoint, ":")
	if !ok || !slices.Contains(resolvers, scheme) {
		return false
	}
	// "dns:4317" may be a host called dns.
	return strings.Contains(endpoint, "://") || strings.HasPrefix(scheme, "unix")
}

func parseURL(cfg Config, secure bool) (target, error) {
	u, err := url.Parse(cfg.Endpoint)
	if err != nil {
		return target{}, fmt.Errorf("endpoint %q: it is no URL", MaskEndpoint(cfg.Endpoint))
	}
	if u.Hostname() == "" {
		return target{}, fmt.Errorf("endpoint %q: no host", MaskEndpoint(cfg.Endpoint))
	}
	if cfg.Protocol == ProtocolHTTP {
		if !cfg.ExactPath {
			u.Path = cfg.Signal.path(u.Path)
		} else if u.Path == "" {
			u.Path = "/"
		}
		return target{url: u.String(), secure: secure}, nil
	}
	port := u.Port()
	if port == "" {
		port = map[bool]string{true: "443", false: "80"}[secure]
	}
	return target{addr: net.JoinHostPort(u.Hostname(), port), secure: secure}, nil
}

func parseResolved(cfg Config) (target, error) {
	t := target{addr: cfg.Endpoint, secure: wantsTLS(cfg), roundRobin: strings.HasPrefix(cfg.Endpoint, "dns:")}
	local := strings.HasPrefix(cfg.Endpoint, "unix")
	t.plainGuess = !t.secure && !local && cfg.Insecure == nil
	if cfg.Protocol != ProtocolHTTP {
		return t, nil
	}
	if !local {
		return target{}, fmt.Errorf("endpoint %q: with %s it must be a URL or unix:PATH", MaskEndpoint(cfg.Endpoint), ProtocolHTTP)
	}
	_, path, _ := strings.Cut(cfg.Endpoint, ":")
	path = strings.TrimPrefix(path, "//")
	t.socket, t.url = path, httpURL(cfg.Signal, t.secure, "localhost")
	if strings.HasPrefix(cfg.Endpoint, "unix-abstract:") {
		t.socket = "@" + path
	}
	return t, nil
}

func parseBare(cfg Config) (target, error) {
	host, _, err := net.SplitHostPort(cfg.Endpoint)
	if err != nil || host == "" {
		return target{}, fmt.Errorf("endpoint %q: must be a URL or host:port", MaskEndpoint(cfg.Endpoint))
	}
	t := target{addr: cfg.Endpoint, secure: wantsTLS(cfg)}
	if cfg.Protocol == ProtocolHTTP {
		t.url = httpURL(cfg.Signal, t.secure, cfg.Endpoint)
	}
	ip := net.ParseIP(host)
	local := host == "localhost" || ip != nil && ip.IsLoopback()
	t.plainGuess = !t.secure && !local && cfg.Insecure == nil
	return t, nil
}

func wantsTLS(cfg Config) bool {
	if cfg.Insecure != nil {
		return !*cfg.Insecure
	}
	return cfg.TLS.isSet()
}

func httpURL(signal Signal, secure bool, host string) string {
	if secure {
		return "https://" + host + signal.path("")
	}
	return "http://" + host + signal.path("")
}
