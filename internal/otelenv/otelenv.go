// Package otelenv reads the environment variables by which OpenTelemetry's
// specification configures an OTLP exporter for logs and a resource. It is a
// pure function of the environment; what it cannot use it reports as warnings,
// since the specification wants a faulty variable to be ignored, not to stop
// the program.
//
// See https://opentelemetry.io/docs/specs/otel/protocol/exporter/ and
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
package otelenv

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
)

// Settings are what the variables say. A zero field was not set.
type Settings struct {
	Endpoint    string
	ExactPath   bool   // Endpoint came from the variable of the signal: its path is taken as it stands
	Protocol    string // "grpc" or "http/protobuf"
	Compression string // "none", "gzip" or "zstd"
	Headers     map[string]string
	Timeout     time.Duration
	Insecure    *bool // for endpoints without a scheme

	CAFile, CertFile, KeyFile string

	// Attributes are those of the resource; service.name is OTEL_SERVICE_NAME
	// if that is set.
	Attributes map[string]string

	// Warnings name variables that were ignored, in whole or in part, and why.
	// They hold no header values.
	Warnings []string
}

// Lookup returns a variable's value and whether it is set, like os.LookupEnv.
type Lookup func(name string) (value string, ok bool)

const (
	general   = "OTEL_EXPORTER_OTLP_"
	forLogs   = "OTEL_EXPORTER_OTLP_LOGS_"
	forTraces = "OTEL_EXPORTER_OTLP_TRACES_"

	forMetrics = "OTEL_EXPORTER_OTLP_METRICS_"
)

// Read returns what the environment says about logs.
func Read(lookup Lookup) Settings {
	r := reader{lookup: lookup, prefixes: []string{forLogs, general}}
	r.export()
	s := &r.settings
	s.ExactPath = r.get(forLogs+"ENDPOINT") != ""
	s.Attributes = r.attributes()
	if r.get("OTEL_CONFIG_FILE") != "" {
		r.warn("OTEL_CONFIG_FILE", "declarative configuration is not supported")
	}
	return r.settings
}

// ReadTraces returns what the environment says about traces alone: where they go
// another way than logs do. There is nothing about the resource in it, which is
// the same.
func ReadTraces(lookup Lookup) Settings { return readSignal(lookup, forTraces) }

// ReadMetrics is ReadTraces for metrics.
func ReadMetrics(lookup Lookup) Settings { return readSignal(lookup, forMetrics) }

func readSignal(lookup Lookup, prefix string) Settings {
	r := reader{lookup: lookup, prefixes: []string{prefix}}
	r.export()
	r.settings.ExactPath = r.settings.Endpoint != ""
	return r.settings
}

// export reads how records are to be sent.
func (r *reader) export() {
	s := &r.settings
	s.Endpoint = r.otlp("ENDPOINT").value
	s.Protocol = r.choice("PROTOCOL", "grpc", "http/protobuf")
	s.Compression = r.choice("COMPRESSION", "none", "gzip", "zstd")
	s.Headers = r.headers()
	s.Timeout = r.timeout()
	s.Insecure = r.boolean("INSECURE")
	s.CAFile = r.otlp("CERTIFICATE").value
	s.CertFile = r.otlp("CLIENT_CERTIFICATE").value
	s.KeyFile = r.otlp("CLIENT_KEY").value
}

type reader struct {
	lookup   Lookup
	prefixes []string // of the variables that count, the first that is set wins
	settings Settings
}

func (r *reader) warn(name, format string, args ...any) {
	r.settings.Warnings = append(r.settings.Warnings, name+": "+fmt.Sprintf(format, args...))
}

// get returns a variable without surrounding space; an empty one is as good as
// none.
func (r *reader) get(name string) string {
	value, _ := r.lookup(name)
	return strings.TrimSpace(value)
}

// A variable is one that was found, under the name it was found by.
type variable struct{ name, value string }

// otlp returns the variable of the signal, or else the one for all signals. They
// are not merged.
func (r *reader) otlp(name string) variable {
	var v variable
	for _, prefix := range r.prefixes {
		if v = (variable{prefix + name, r.get(prefix + name)}); v.value != "" {
			break
		}
	}
	return v
}

func (r *reader) choice(name string, choices ...string) string {
	v := r.otlp(name)
	if v.value == "" {
		return ""
	}
	for _, c := range choices {
		if strings.EqualFold(v.value, c) {
			return c
		}
	}
	r.warn(v.name, "%q is not supported, only %s", v.value, strings.Join(choices, ", "))
	return ""
}

// timeout reads milliseconds.
func (r *reader) timeout() time.Duration {
	v := r.otlp("TIMEOUT")
	if v.value == "" {
		return 0
	}
	ms, err := strconv.ParseInt(v.value, 10, 32)
	if err != nil || ms <= 0 {
		r.warn(v.name, "%q is no positive number of milliseconds", v.value)
		return 0
	}
	return time.Duration(ms) * time.Millisecond
}

// boolean reads true or false; anything else is false and reported.
func (r *reader) boolean(name string) *bool {
	v := r.otlp(name)
	if v.value == "" {
		return nil
	}
	yes := strings.EqualFold(v.value, "true")
	if !yes && !strings.EqualFold(v.value, "false") {
		r.warn(v.name, "%q is taken as false", v.value)
	}
	return &yes
}

func (r *reader) headers() map[string]string {
	v := r.otlp("HEADERS")
	var headers map[string]string
	for i, member := range members(v.value) {
		name, value, err := pair(member)
		if err != nil {
			r.warn(v.name, "header %d is left out: %v", i+1, err)
			continue
		}
		if what := notHeader(name, value); what != "" {
			r.warn(v.name, "header %d is left out: %s", i+1, what)
			continue
		}
		if headers == nil {
			headers = map[string]string{}
		}
		headers[strings.ToLower(name)] = value
	}
	return headers
}

// notHeader says what keeps a pair from being a header of a request. It quotes
// nothing: "authorization: Bearer TOKEN=" has the token in its name.
func notHeader(name, value string) string {
	switch {
	case !httpguts.ValidHeaderFieldName(name):
		return "its name cannot be one: write name=value"
	case !httpguts.ValidHeaderFieldValue(value):
		return "its value holds characters that a header cannot"
	}
	return ""
}

// attributes reads the resource. One fault in OTEL_RESOURCE_ATTRIBUTES voids
// all of it, as the specification has it: half a resource is worse than none.
func (r *reader) attributes() map[string]string {
	const variable = "OTEL_RESOURCE_ATTRIBUTES"
	attributes := map[string]string{}
	for _, member := range members(r.get(variable)) {
		key, value, err := pair(member)
		if err != nil {
			r.warn(variable, "all of it is ignored: %v", err)
			clear(attributes)
			break
		}
		attributes[key] = value
	}
	if name := r.get("OTEL_SERVICE_NAME"); name != "" {
		attributes["service.name"] = name
	}
	if len(attributes) == 0 {
		return nil
	}
	return attributes
}

// members splits a list at its commas; empty members are passed over.
func members(list string) []string {
	var all []string
	for member := range strings.SplitSeq(list, ",") {
		if member = strings.TrimSpace(member); member != "" {
			all = append(all, member)
		}
	}
	return all
}

// pair takes a member of the form key=value apart, both percent-encoded as in
// https://www.w3.org/TR/baggage/. A plus sign is a plus sign. Errors do not
// show the value.
func pair(member string) (key, value string, err error) {
	key, value, ok := strings.Cut(member, "=")
	if !ok {
		return "", "", fmt.Errorf("%d characters without an equals sign", len(member))
	}
	if key, err = url.PathUnescape(strings.TrimSpace(key)); err != nil {
		return "", "", fmt.Errorf("its name has bad percent-encoding")
	}
	if key == "" {
		return "", "", fmt.Errorf("a value without a key")
	}
	if value, err = url.PathUnescape(strings.TrimSpace(value)); err != nil {
		if notHeader(key, "") != "" { // half of a secret, perhaps
			key = "…"
		}
		return "", "", fmt.Errorf("value of %q: bad percent-encoding", key)
	}
	return key, value, nil
}
