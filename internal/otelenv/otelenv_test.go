package otelenv

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func env(lines ...string) Lookup {
	m := map[string]string{}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, "=")
		m[name] = value
	}
	return func(name string) (string, bool) {
		value, ok := m[name]
		return value, ok
	}
}

func TestRead(t *testing.T) {
	yes, no := true, false
	tests := []struct {
		name string
		env  []string
		want Settings
	}{
		{"nothing", nil, Settings{}},
		{"empty is unset", []string{
			"OTEL_EXPORTER_OTLP_ENDPOINT=", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT= ", "OTEL_EXPORTER_OTLP_TIMEOUT=",
			"OTEL_EXPORTER_OTLP_PROTOCOL=", "OTEL_RESOURCE_ATTRIBUTES=", "OTEL_SERVICE_NAME=", "OTEL_EXPORTER_OTLP_INSECURE=",
		}, Settings{}},
		{"endpoint of all signals", []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4318/base"},
			Settings{Endpoint: "http://c:4318/base"}},
		{"endpoint for logs, as it stands", []string{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://c:4318/in"},
			Settings{Endpoint: "http://c:4318/in", ExactPath: true}},
		{"the one for logs wins", []string{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://logs:1", "OTEL_EXPORTER_OTLP_ENDPOINT=http://all:1"},
			Settings{Endpoint: "http://logs:1", ExactPath: true}},
		{"an empty one for logs does not", []string{"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=", "OTEL_EXPORTER_OTLP_ENDPOINT=http://all:1"},
			Settings{Endpoint: "http://all:1"}},
		{"each by itself", []string{
			"OTEL_EXPORTER_OTLP_LOGS_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
			"OTEL_EXPORTER_OTLP_COMPRESSION=gzip", "OTEL_EXPORTER_OTLP_LOGS_TIMEOUT=2500", "OTEL_EXPORTER_OTLP_TIMEOUT=1",
		}, Settings{Protocol: "grpc", Compression: "gzip", Timeout: 2500 * time.Millisecond}},
		{"choices in capitals", []string{"OTEL_EXPORTER_OTLP_PROTOCOL=GRPC", "OTEL_EXPORTER_OTLP_COMPRESSION=ZSTD"},
			Settings{Protocol: "grpc", Compression: "zstd"}},
		{"choices we do not have", []string{"OTEL_EXPORTER_OTLP_PROTOCOL=http/json", "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION=snappy"},
			Settings{Warnings: []string{
				`OTEL_EXPORTER_OTLP_PROTOCOL: "http/json" is not supported, only grpc, http/protobuf`,
				`OTEL_EXPORTER_OTLP_LOGS_COMPRESSION: "snappy" is not supported, only none, gzip, zstd`,
			}}},
		{"bad timeouts", []string{"OTEL_EXPORTER_OTLP_TIMEOUT=10s"},
			Settings{Warnings: []string{`OTEL_EXPORTER_OTLP_TIMEOUT: "10s" is no positive number of milliseconds`}}},
		{"no timeout at all", []string{"OTEL_EXPORTER_OTLP_TIMEOUT=0"},
			Settings{Warnings: []string{`OTEL_EXPORTER_OTLP_TIMEOUT: "0" is no positive number of milliseconds`}}},
		{"files", []string{
			"OTEL_EXPORTER_OTLP_CERTIFICATE=/ca", "OTEL_EXPORTER_OTLP_LOGS_CERTIFICATE=/logs-ca",
			"OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE=/cert", "OTEL_EXPORTER_OTLP_CLIENT_KEY=/key",
		}, Settings{CAFile: "/logs-ca", CertFile: "/cert", KeyFile: "/key"}},
		{"insecure", []string{"OTEL_EXPORTER_OTLP_INSECURE=True"}, Settings{Insecure: &yes}},
		{"secure", []string{"OTEL_EXPORTER_OTLP_INSECURE=false"}, Settings{Insecure: &no}},
		{"only true is true", []string{"OTEL_EXPORTER_OTLP_LOGS_INSECURE=1"},
			Settings{Insecure: &no, Warnings: []string{`OTEL_EXPORTER_OTLP_LOGS_INSECURE: "1" is taken as false`}}},
		{"headers", []string{"OTEL_EXPORTER_OTLP_HEADERS=Authorization=Basic%20a2V5OnY=, X-Scope = a%2Cb%3Dc ,,empty="},
			Settings{Headers: map[string]string{"authorization": "Basic a2V5OnY=", "x-scope": "a,b=c", "empty": ""}}},
		{"plus is plus", []string{"OTEL_EXPORTER_OTLP_HEADERS=k=a+b"}, Settings{Headers: map[string]string{"k": "a+b"}}},
		{"headers are not merged", []string{"OTEL_EXPORTER_OTLP_HEADERS=a=1", "OTEL_EXPORTER_OTLP_LOGS_HEADERS=b=2"},
			Settings{Headers: map[string]string{"b": "2"}}},
		{"a bad header does not spoil the others, nor show", []string{"OTEL_EXPORTER_OTLP_HEADERS=k=s3cret%zz,topsecret,=x,ok=1"},
			Settings{Headers: map[string]string{"ok": "1"}, Warnings: []string{
				`OTEL_EXPORTER_OTLP_HEADERS: header 1 is left out: value of "k": bad percent-encoding`,
				`OTEL_EXPORTER_OTLP_HEADERS: header 2 is left out: 9 characters without an equals sign`,
				`OTEL_EXPORTER_OTLP_HEADERS: header 3 is left out: a value without a key`,
			}}},
		{"resource", []string{"OTEL_RESOURCE_ATTRIBUTES=service.namespace=video, k=a%2Cb%3Dc%20%C3%A9 ,"},
			Settings{Attributes: map[string]string{"service.namespace": "video", "k": "a,b=c é"}}},
		{"service name wins", []string{"OTEL_RESOURCE_ATTRIBUTES=service.name=a,x=y", "OTEL_SERVICE_NAME=b"},
			Settings{Attributes: map[string]string{"service.name": "b", "x": "y"}}},
		{"service name alone", []string{"OTEL_SERVICE_NAME=b"}, Settings{Attributes: map[string]string{"service.name": "b"}}},
		{"one fault voids the resource", []string{"OTEL_RESOURCE_ATTRIBUTES=a=b,c=%G1,d=e", "OTEL_SERVICE_NAME=b"},
			Settings{
				Attributes: map[string]string{"service.name": "b"},
				Warnings:   []string{`OTEL_RESOURCE_ATTRIBUTES: all of it is ignored: value of "c": bad percent-encoding`},
			}},
		{"so does a key without a value", []string{"OTEL_RESOURCE_ATTRIBUTES=a=b,c"},
			Settings{Warnings: []string{`OTEL_RESOURCE_ATTRIBUTES: all of it is ignored: 1 characters without an equals sign`}}},
		{"declarative configuration", []string{"OTEL_CONFIG_FILE=/x"},
			Settings{Warnings: []string{"OTEL_CONFIG_FILE: declarative configuration is not supported"}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, Read(env(tt.env...))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whatever is in the environment, reading it must not fail, and no warning may
// show a header's value.
func FuzzRead(f *testing.F) {
	f.Add("a=b,c=d", "k=v")
	f.Add("authorization=Bearer%20x", "%=%")
	f.Fuzz(func(t *testing.T, headers, attributes string) {
		s := Read(env("OTEL_EXPORTER_OTLP_HEADERS="+headers, "OTEL_RESOURCE_ATTRIBUTES="+attributes))
		for name := range s.Headers {
			if name == "" {
				t.Error("a header without a name")
			}
		}
		if len(s.Warnings) > 0 && len(s.Attributes) > 0 && strings.Contains(strings.Join(s.Warnings, " "), "OTEL_RESOURCE_ATTRIBUTES") {
			t.Error("a faulty resource is used in part")
		}
	})
}

// What is said of traces alone, and nothing else.
func TestReadTraces(t *testing.T) {
	no := false
	for _, tt := range []struct {
		env  []string
		want Settings
	}{
		{[]string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://all:1", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://logs:1", "OTEL_SERVICE_NAME=x", "OTEL_EXPORTER_OTLP_HEADERS=a=b"}, Settings{}},
		{[]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://tempo:4318/in", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf",
			"OTEL_EXPORTER_OTLP_TRACES_HEADERS=X-Scope-OrgID=t%201", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT=500", "OTEL_EXPORTER_OTLP_TRACES_COMPRESSION=gzip",
			"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE=ca", "OTEL_EXPORTER_OTLP_TRACES_INSECURE=false"},
			Settings{Endpoint: "http://tempo:4318/in", ExactPath: true, Protocol: "http/protobuf", Headers: map[string]string{"x-scope-orgid": "t 1"},
				Timeout: 500 * time.Millisecond, Compression: "gzip", CAFile: "ca", Insecure: &no}},
		{[]string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/json"},
			Settings{Warnings: []string{`OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: "http/json" is not supported, only grpc, http/protobuf`}}},
	} {
		if diff := cmp.Diff(tt.want, ReadTraces(env(tt.env...))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.env, diff)
		}
	}
}
