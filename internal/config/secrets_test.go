package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// s3cret stands for what no fault, warning or listing may show.
const s3cret = "s3cret"

// hides loads in and reports a secret in whatever comes of it.
func hides(t *testing.T, name string, in Input, wantFault bool) {
	t.Helper()
	l, err := Load(in)
	if (err != nil) != wantFault {
		t.Errorf("%s: error %v, want one: %v", name, err, wantFault)
	}
	var said []string
	if err != nil {
		said = append(said, err.Error())
	} else {
		for _, w := range l.Warnings {
			said = append(said, w.String())
		}
		for _, k := range Keys() {
			if k.Path != "redact.patterns" {
				said = append(said, k.MaskedText(&l.Config))
			}
		}
	}
	if text := strings.Join(said, "\n"); strings.Contains(strings.ToLower(text), s3cret) {
		t.Errorf("%s: shown:\n%s", name, text)
	}
}

// TestNothingShowsASecret goes through the ways a secret may be written in the
// wrong place or the wrong form.
func TestNothingShowsASecret(t *testing.T) {
	faulty := map[string]string{
		"headers as one text":            `export: {headers: "authorization=Bearer s3cret"}`,
		"headers as a list":              `export: {headers: ["authorization: Bearer s3cret"]}`,
		"headers nested":                 `export: {headers: {authorization: {bearer: s3cret}}}`,
		"header named by its value":      `export: {headers: {"Authorization: Bearer s3cret": ""}}`,
		"header with a line feed":        `export: {headers: {authorization: "Bearer s3cret\nx: y"}}`,
		"header with a NUL":              `export: {headers: {authorization: "Bearer s3cret\0"}}`,
		"alias for a header":             "export:\n  headers:\n    authorization: *s3cret\n",
		"two of one header":              "export:\n  headers:\n    s3cret: a\n    s3cret: b\n",
		"a tag for a header":             "export: {headers: {a: !s3cret x, b}",
		"endpoint with a bad port":       `export: {endpoint: "http://user:s3cret@c:port"}`,
		"endpoint with a space":          `export: {endpoint: "http://user:s3cret x@c:1"}`,
		"endpoint with a slash":          `export: {endpoint: "http://user:s3cret/x@c:1"}`,
		"endpoint with a percent":        `export: {endpoint: "http://user:s3cret%zz@c:1"}`,
		"endpoint with another scheme":   `export: {endpoint: "ftp://user:s3cret@c:1"}`,
		"endpoint without a scheme":      `export: {endpoint: "user:s3cret@c:1"}`,
		"endpoint without a host":        `export: {endpoint: "https://user:s3cret@"}`,
		"endpoint with a control":        `export: {endpoint: "http://c:1/\x01s3cret"}`,
		"endpoint as a list":             `export: {endpoint: ["http://user:s3cret@c:1"]}`,
		"endpoint for a name service":    `export: {endpoint: "dns:///user:s3cret@c:1"}`,
		"query without a scheme":         `export: {endpoint: "c:4317?token=s3cret"}`,
		"header in the place of a file":  `export: {headers_file: "authorization: Bearer s3cret"}`,
		"pair in the place of a file":    `export: {headers_file: "authorization=s3cret"}`,
		"token in the place of a file":   `export: {headers_file: "Bearer s3cret"}`,
		"key in the place of a file":     `export: {tls: {cert_file: a, key_file: "-----BEGIN PRIVATE KEY-----\ns3cret"}}`,
		"server key instead of a file":   `pexip: {tls: {key_file: "-----BEGIN PRIVATE KEY----- s3cret"}}`,
		"the file is a header":           "Authorization: Bearer s3cret",
		"the file is a token":            "s3cret",
		"the file is a key":              "-----BEGIN PRIVATE KEY-----\ns3cret\n",
		"the file has a key with spaces": `"Bearer s3cret": x`,
		"a nested key with spaces":       `export: {"Bearer s3cret": x}`,
		"a bracket that is open":         `export: {headers: {authorization: "s3cret"`,
		"a quote that is open":           `export: {headers: {authorization: "s3cret`,
		"a tab":                          "export:\n\theaders: s3cret",
		"a pattern":                      `redact: {patterns: ["(s3cret"]}`,
		"a pattern with a bad range":     `redact: {patterns: ["s3cret[z-a]"]}`,
	}
	for name, text := range faulty {
		hides(t, name+", in the file", Input{File: write(t, text)}, true)
	}
	environ := map[string]string{
		"RTCSHIP_EXPORT_HEADERS":      "authorization=Bearer s3cret",
		"RTCSHIP_EXPORT_ENDPOINT":     "http://user:s3cret@c:port",
		"RTCSHIP_EXPORT_HEADERS_FILE": "authorization: Bearer s3cret",
	}
	for name, value := range environ {
		hides(t, name, Input{Environ: []string{name + "=" + value}}, true)
	}
	hides(t, "headers that are no YAML", Input{Environ: []string{"RTCSHIP_EXPORT_HEADERS={authorization: s3cret"}}, true)
	hides(t, "flag for headers", Input{Flags: map[string][]string{"export.headers": {"authorization=Bearer s3cret"}}}, true)
	hides(t, "flag for the endpoint", Input{Flags: map[string][]string{"export.endpoint": {"user:s3cret@c:1"}}}, true)
	hides(t, "OTEL endpoint", Input{Environ: []string{"OTEL_EXPORTER_OTLP_ENDPOINT=http://user:s3cret@c:port"}}, true)
	for _, headers := range []string{"authorization: Bearer s3cret=", "a=s3cret%0a", "a=s3cret%00", "s3cret", "Bearer s3cret=x", "a=%zzs3cret"} {
		hides(t, "OTEL headers "+headers, Input{Environ: []string{"OTEL_EXPORTER_OTLP_HEADERS=" + headers}}, false)
	}
	for name, text := range map[string]string{
		"user and query":   `export: {endpoint: "http://s3cret:s3cret@c:1/x?key=s3cret#s3cret", protocol: http/protobuf}`,
		"user over gRPC":   `export: {endpoint: "http://s3cret@c:1"}`,
		"query over HTTPS": `export: {endpoint: "https://c/x?s3cret", protocol: http/protobuf}`,
		"headers":          `export: {headers: {authorization: Bearer s3cret}}`,
	} {
		hides(t, name, Input{File: write(t, text)}, false)
	}
}

// A headers file is looked at before it is used, and not quoted.
func TestHeadersFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "headers")
	for content, want := range map[string]bool{
		"authorization: Bearer s3cret\n":   false,
		"authorization=Bearer s3cret\n":    true,
		"Bearer s3cret: x\n":               true,
		"authorization: Bearer s3cret\x00": true,
		"authorization s3cret:\n":          true,
		"":                                 false,
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		hides(t, content, Input{Flags: map[string][]string{"export.headers_file": {path}}}, want)
	}
	hides(t, "a directory", Input{Flags: map[string][]string{"export.headers_file": {filepath.Dir(path)}}}, true)
	hides(t, "none yet", Input{Flags: map[string][]string{"export.headers_file": {path + "2"}}}, false)
}

// A file that is written in place is empty for a while, or breaks off. At the
// start it says what it says; later it must not put the defaults in force.
func TestHalfWrittenFile(t *testing.T) {
	for text, says := range map[string]bool{
		"": false, "\n": false, "# only a remark\n": false, "---\n": false, "null\n": false, "~": false, "{}": false,
		"sora:\n": false, "export:\n  endpoint:\n": false, "export:\n  tls:\n": false, "export: ": false,
		"sora: {}\n": true, "max_body: 1MiB\n": true, "export:\n  tls: {}\n": true,
	} {
		path := write(t, text)
		l, err := Load(Input{File: path})
		if err != nil || l.FileSays != says {
			t.Errorf("%q at the start: %v, %v", text, l, err)
		}
		_, err = Load(Input{File: path, Again: true})
		if (err == nil) != says || err != nil && !strings.Contains(err.Error(), "says nothing any more") {
			t.Errorf("%q later: %v", text, err)
		}
	}
	for _, text := range []string{"\x00\x00\x00\x00", "max_body: 1MiB\n\x00\x00", "export:\n  endpo", "export: {endpoint: \"http", "exp"} {
		if _, err := Load(Input{File: write(t, text), Again: true}); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
