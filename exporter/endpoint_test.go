package exporter

import (
	"strings"
	"testing"
)

func TestParseEndpoint(t *testing.T) {
	yes, no := true, false
	tls := TLS{CAFile: "ca"}
	tests := []struct {
		cfg  Config
		want target
	}{
		{Config{}, target{addr: "localhost:4317"}},
		{Config{Protocol: ProtocolHTTP}, target{url: "http://localhost:4318/v1/logs"}},

		{Config{Endpoint: "http://c:1"}, target{addr: "c:1"}},
		{Config{Endpoint: "http://c:1", TLS: tls, Insecure: &no}, target{addr: "c:1"}},
		{Config{Endpoint: "https://c:1", Insecure: &yes}, target{addr: "c:1", secure: true}},
		{Config{Endpoint: "http://c/"}, target{addr: "c:80"}},
		{Config{Endpoint: "https://c/ignored"}, target{addr: "c:443", secure: true}},
		{Config{Endpoint: "https://[::1]:4317"}, target{addr: "[::1]:4317", secure: true}},

		{Config{Endpoint: "c:1"}, target{addr: "c:1", plainGuess: true}},
		{Config{Endpoint: "localhost:1"}, target{addr: "localhost:1"}},
		{Config{Endpoint: "127.0.0.2:1"}, target{addr: "127.0.0.2:1"}},
		{Config{Endpoint: "[::1]:1"}, target{addr: "[::1]:1"}},
		{Config{Endpoint: "c:1", TLS: tls}, target{addr: "c:1", secure: true}},
		{Config{Endpoint: "c:1", TLS: tls, Insecure: &yes}, target{addr: "c:1"}},
		{Config{Endpoint: "c:1", Insecure: &no}, target{addr: "c:1", secure: true}},
		{Config{Endpoint: "dns:4317"}, target{addr: "dns:4317", plainGuess: true}},

		{Config{Endpoint: "dns:///c:1"}, target{addr: "dns:///c:1", roundRobin: true, plainGuess: true}},
		{Config{Endpoint: "dns:///c:1", TLS: tls}, target{addr: "dns:///c:1", roundRobin: true, secure: true}},
		{Config{Endpoint: "unix:/run/x.sock"}, target{addr: "unix:/run/x.sock"}},
		{Config{Endpoint: "unix:///run/x.sock", Protocol: ProtocolHTTP}, target{socket: "/run/x.sock", url: "http://localhost/v1/logs"}},
		{Config{Endpoint: "unix:x.sock", Protocol: ProtocolHTTP}, target{socket: "x.sock", url: "http://localhost/v1/logs"}},
		{Config{Endpoint: "unix-abstract:x", Protocol: ProtocolHTTP}, target{socket: "@x", url: "http://localhost/v1/logs"}},

		{Config{Endpoint: "http://c:1", Protocol: ProtocolHTTP}, target{url: "http://c:1/v1/logs"}},
		{Config{Endpoint: "http://c:1/", Protocol: ProtocolHTTP}, target{url: "http://c:1/v1/logs"}},
		{Config{Endpoint: "http://loki/otlp/", Protocol: ProtocolHTTP}, target{url: "http://loki/otlp/v1/logs"}},
		{Config{Endpoint: "https://c/otlp/v1/logs", Protocol: ProtocolHTTP}, target{url: "https://c/otlp/v1/logs", secure: true}},
		{Config{Endpoint: "https://c/in?x=y", Protocol: ProtocolHTTP, ExactPath: true}, target{url: "https://c/in?x=y", secure: true}},
		{Config{Endpoint: "http://c", Protocol: ProtocolHTTP, ExactPath: true}, target{url: "http://c/"}},
		{Config{Endpoint: "c:1", Protocol: ProtocolHTTP, TLS: tls}, target{url: "https://c:1/v1/logs", secure: true}},
	}
	for _, tt := range tests {
		got, err := parseEndpoint(tt.cfg.withDefaults())
		if got.url != "" {
			got.addr = "" // which is gRPC's
		}
		if err != nil || got != tt.want {
			t.Errorf("%q %s: %+v, %v, want %+v", tt.cfg.Endpoint, tt.cfg.Protocol, got, err, tt.want)
		}
	}
}

func TestConfigFaults(t *testing.T) {
	for _, tt := range []struct {
		cfg  Config
		want string
	}{
		{Config{Endpoint: "collector"}, "must be a URL or host:port"},
		{Config{Endpoint: ":4317"}, "must be a URL or host:port"},
		{Config{Endpoint: "http://"}, "no host"},
		{Config{Endpoint: "http://a b"}, "endpoint"},
		{Config{Endpoint: "ftp://c:1"}, "unknown scheme"},
		{Config{Endpoint: "dns:///c:1", Protocol: ProtocolHTTP}, "must be a URL"},
		{Config{Protocol: "http/json"}, "protocol"},
		{Config{Compression: "snappy"}, "compression"},
		{Config{DeadLetters: DeadLetters{WhenFull: "burn"}}, "when full"},
		{Config{DeadLetters: DeadLetters{Path: "/nowhere/at/all"}}, "dead letters"},
		{Config{MaxRequest: -1}, "positive"},
		{Config{Headers: map[string]string{"a b": "c"}}, "not a possible name"},
		{Config{Headers: map[string]string{"grpc-timeout": "1S"}}, "not a possible name"},
		{Config{Headers: map[string]string{"Authorization: Bearer s3cret": ""}}, "not a possible name"},
		{Config{Endpoint: "http://u:s3cret@c:port"}, "no address"},
		{Config{Headers: map[string]string{"a": "s3cret\n"}}, ""}, // trimmed
		{Config{Headers: map[string]string{"a": "s3cret\nx"}}, "cannot"},
		{Config{HeadersFile: "/nowhere"}, "headers file"},
	} {
		e, err := New(tt.cfg)
		if err == nil {
			if closeErr := e.Close(t.Context()); closeErr != nil {
				t.Error(closeErr)
			}
		}
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: error %v, want %q", tt.cfg, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("an error that shows a header's value: %v", err)
		}
	}
}
