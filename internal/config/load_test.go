package config

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// write puts text into a file that faults name "rtcship.yaml".
func write(t *testing.T, text string) string {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("rtcship.yaml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return "rtcship.yaml"
}

func TestDefaultIsValid(t *testing.T) {
	l, err := Load(Input{})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Export.Endpoint = "http://localhost:4317"
	if diff := cmp.Diff(want, l.Config); diff != "" {
		t.Errorf("config differs from the default (-want +got):\n%s", diff)
	}
}

func TestFaults(t *testing.T) {
	f := func(text string, want ...string) {
		t.Helper()
		_, err := Load(Input{File: write(t, text)})
		got := ""
		if err != nil {
			got = err.Error()
		}
		if diff := cmp.Diff(strings.Join(want, "\n"), got); diff != "" {
			t.Errorf("faults of\n%s\n(-want +got):\n%s", text, diff)
		}
	}
	f("sora:\n  log_dir: /x\n")
	f("sora:\n")
	f("sora:\n  log_dri: /x\n", "rtcship.yaml:2:3: sora.log_dri: unknown key: did you mean sora.log_dir?")
	f("exprt:\n  endpoint: x\n", "rtcship.yaml:1:1: exprt: unknown key: did you mean export?")
	f("zzzzzzzzzzz: 1\n", "rtcship.yaml:1:1: zzzzzzzzzzz: unknown key")
	f("---\nsora: {log_dir: /x}\n---\n")
	f("sora: {log_dir: /x}\n---\nsora: {log_dir: /y}\n", "rtcship.yaml:2:1: holds a second document, behind a line of ---: join the two")
	f("sora: {log_dir: /x}\n---\n---\n{\n", "rtcship.yaml:1:1: holds a second document, behind a line of ---: join the two")
	f("sora: [1]\n", "rtcship.yaml:1:7: sora: want a mapping of keys")
	f("max_body: 1MiB\nmax_body: 2MiB\n", "rtcship.yaml:2:1: max_body: is here a second time: remove one")
	f("max_body: many\n", `rtcship.yaml:1:11: max_body: "many" is no size: write bytes or a unit, such as 64KiB or 1MiB`)
	f("max_body: 3\n", `rtcship.yaml:1:11: max_body: 3 is out of range: from 1KiB to 1GiB`)
	f("drain_timeout: soon\n", `rtcship.yaml:1:16: drain_timeout: want a duration such as 10s, not "soon"`)
	f("drain_timeout: 0s\n", `rtcship.yaml:1:16: drain_timeout: want more than 0, such as 10s`)
	f("redact: {enabled: maybe}\n", `rtcship.yaml:1:19: redact.enabled: want true or false, not "maybe"`)
	f("redact: {patterns: ['(']}\n", "rtcship.yaml:1:20: redact.patterns: number 1 is no regular expression (RE2): missing closing )")
	f("sora: {start: later}\n", `rtcship.yaml:1:15: sora.start: "later" is neither beginning nor end nor a time such as 2026-11-21T08:00:00Z`)
	f("sora: {timezone: Mars}\n", `rtcship.yaml:1:18: sora.timezone: "Mars" is no time zone: write UTC or a name such as Asia/Tokyo`)
	f("sora: {include: ['[']}\n", `rtcship.yaml:1:17: sora.include: "[": a glob with a bracket that is not closed`)
	f("sora: {log_dir: \"\"}\n", `rtcship.yaml:1:17: sora.log_dir: there is nothing to ship: set sora.log_dir, pexip.listen or pexip.files`)
	f("pexip: {listen: [upd://0.0.0.0:514]}\n", `rtcship.yaml:1:17: pexip.listen: listen address "upd://0.0.0.0:514": want udp://, tcp://, tls://, unix:// or unixgram://`)
	f("pexip: {listen: ['udp://0.0.0.0:x']}\n", `rtcship.yaml:1:17: pexip.listen: listen address "udp://0.0.0.0:x": invalid port ":x" after host`)
	f("pexip: {listen: ['unix:///run/s?mode=rw']}\n", `rtcship.yaml:1:17: pexip.listen: listen address "unix:///run/s?mode=rw": want no option but mode, an octal number`)
	f("pexip: {listen: [tls://0.0.0.0:6514]}\n", `rtcship.yaml:1:17: pexip.listen: "tls://0.0.0.0:6514" needs pexip.tls.cert_file and pexip.tls.key_file`)
	f("pexip: {listen: ['unix://x']}\n", `rtcship.yaml:1:17: pexip.listen: listen address "unix://x": want an absolute path after three slashes`)
	f("pexip: {allow: [10.0.0.0/99]}\n", `rtcship.yaml:1:16: pexip.allow: "10.0.0.0/99" is no CIDR: write 192.0.2.0/24 or one address`)
	f("pexip: {max_connections: 1.5}\n", `rtcship.yaml:1:26: pexip.max_connections: want a whole number, not "1.5"`)
	f("export: {endpoint: ftp://x}\n", `rtcship.yaml:1:20: export.endpoint: unknown scheme: write http://host:4317 or https://host:4317`)
	f("export: {endpoint: collector}\n", `rtcship.yaml:1:20: export.endpoint: must be a URL or host:port: write http://host:4317`)
	f("export: {protocol: grcp}\n", `rtcship.yaml:1:20: export.protocol: "grcp" is not one of grpc, http/protobuf: did you mean grpc?`)
	f("export: {headers: {a: \"s3cret\\nx\"}}\n", `rtcship.yaml:1:19: export.headers: header "a": the value holds a character that a header cannot, such as a line break or a letter with an accent`)
	f("export: {max_connection_age: 1s}\n", `rtcship.yaml:1:30: export.max_connection_age: want 0 (never) or at least 10s`)
	f("export: {http_success: yes}\n", `rtcship.yaml:1:24: export.http_success: "yes" is not one of answer, status`)
	f("export: {headers: x}\n", `rtcship.yaml:1:19: export.headers: want a mapping such as {name: value}`)
	f("export: {tls: {cert_file: a}}\n", `rtcship.yaml:1:27: export.tls.cert_file: a client certificate needs both export.tls.cert_file and export.tls.key_file`)
	f("admin: {listen: here}\n", `rtcship.yaml:1:17: admin.listen: "here" is no address with a port, such as 127.0.0.1:9464`)
	f("admin: {hosts: [a.example.com, 'http://b']}\n", `rtcship.yaml:1:16: admin.hosts: "http://b" is no host name: write it without scheme, port and path, such as rtcship.example.com`)
	f("debug: {listen: 0.0.0.0:6060}\n", `rtcship.yaml:1:17: debug.listen: profiles show memory, so only a loopback address may serve them: write 127.0.0.1 or [::1]`)
	f("sora: {min_severity: loud}\n", `rtcship.yaml:1:22: sora.min_severity: "loud" is no severity: write debug, info, notice, warning, error, critical, alert or emergency`)
	f("pexip: {min_severity: wraning}\n", `rtcship.yaml:1:23: pexip.min_severity: "wraning" is no severity: write debug, info, notice, warning, error, critical, alert or emergency: did you mean warning?`)
	f("pexip: {min_severity: 25}\n", `rtcship.yaml:1:23: pexip.min_severity: "25" is no severity: write debug, info, notice, warning, error, critical, alert or emergency`)
	f("pexip: {min_severity: [info]}\n", `rtcship.yaml:1:23: pexip.min_severity: want a severity such as info or warning`)
	f("drop: rtc_stats\n", `rtcship.yaml:1:7: drop: want a mapping of log, code, module or event, such as {log: signaling, event: sora.signaling.offer}`)
	f("drop:\n  - {log: sora}\n  - rtc_stats\n", `rtcship.yaml:3:5: drop: want a mapping of log, code, module or event, such as {log: signaling, event: sora.signaling.offer}`)
	f("drop:\n  - {log: sora}\n  - lgo: sora\n    event: ''\n  - {}\n", // all of them, each at its place
		`rtcship.yaml:3:5: drop: unknown condition "lgo": did you mean log?`,
		`rtcship.yaml:4:12: drop: event: want a text, in which * stands for anything`,
		`rtcship.yaml:5:5: drop: a rule without a condition would drop everything: want a mapping of log, code, module or event, such as {log: signaling, event: sora.signaling.offer}`)
	f("drop: [{log: [a, b]}]\n", `rtcship.yaml:1:14: drop: log: want a text, in which * stands for anything`)
	f("drop: [{log: a, log: b}]\n", `rtcship.yaml:1:17: drop: log is here a second time: write a rule for each, or let * stand for what differs`)
	f("drop: [{module: a, code: b}]\n", `rtcship.yaml:1:8: drop: no record has both: log and code are Sora's, module is Pexip's`)
	f("drop: ["+strings.Repeat("{log: a},", 101)+"]\n", `rtcship.yaml:1:7: drop: 101 rules are more than 100: let * stand for what several have in common`)
	f("state_dir: here\n", `rtcship.yaml:1:12: state_dir: want an absolute path, not "here"`)
	f("a: [\n", "rtcship.yaml:1:1: did not find expected node content")
	f("max_body: x\nmax_entry: y\n", // all faults at once
		`rtcship.yaml:1:11: max_body: "x" is no size: write bytes or a unit, such as 64KiB or 1MiB`,
		`rtcship.yaml:2:12: max_entry: "y" is no size: write bytes or a unit, such as 64KiB or 1MiB`)
}

// Whatever a file of the size that is read holds, reading it takes no time, memory
// or screen to speak of.
func TestBombs(t *testing.T) {
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	laughs := "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n"
	for i := range 9 {
		laughs += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d,", i), 10), ","))
	}
	for name, text := range map[string]string{
		"laughs":        laughs + "resource: {attributes: {x: *a9}}\nsora: {include: *a9}\n",
		"unknown keys":  many("k%d: 1\n", 90_000),
		"headers":       "export:\n  headers:\n" + many("    k%d: v\n", 60_000),
		"alias":         "a: &a\n" + many("  k%d: v\n", 60_000) + "export: {headers: *a}\n",
		"rules":         "drop: [{" + many("k%d: v,", 60_000) + "}]\n",
		"aliased rules": "a: &a\n" + many("  k%d: v\n", 60_000) + "drop: [*a]\n",
		"itself":        "sora: &a {log_dir: *a}\n",
		"lists":         strings.Repeat("[", 500_000),
		"mappings":      strings.Repeat("{a: ", 200_000),
		"indents":       strings.Repeat("- ", 400_000),
		"quotes":        "sora: " + strings.Repeat(`"`, 900_000),
		"anchors":       many("k%[1]d: &k%[1]d 1\n", 50_000),
		"a long key":    strings.Repeat("a", 1_000_000) + ": 1\n",
		"UTF-16":        "\xff\xfes\x00o\x00",
		"no UTF-8":      "sora: {log_dir: '\xff'}\n",
		"patterns":      "redact: {patterns: ['" + strings.Repeat("(", 10_000) + "', 'a{1000}{1000}']}\n",
	} {
		t.Run(name, func(t *testing.T) {
			file := write(t, text)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begin := time.Now()
			_, err := Load(Input{File: file})
			took := time.Since(begin)
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Error("it is taken for a configuration")
			} else if lines := strings.Count(err.Error(), "\n"); lines > mostFaults || len(err.Error()) > 64<<10 {
				t.Errorf("%d lines, %d bytes", lines, len(err.Error()))
			}
			if took > 30*time.Second { // many times what it takes where the machine is busy
				t.Errorf("it took %v", took)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<30 {
				t.Errorf("%d MiB were allocated", grown>>20)
			}
		})
	}
}

func TestMissingFile(t *testing.T) {
	_, err := Load(Input{File: filepath.Join(t.TempDir(), "none.yaml")})
	if err == nil || !strings.Contains(err.Error(), "no such file or directory: check the path given with --config") {
		t.Errorf("error = %v", err)
	}
}

func TestPrecedence(t *testing.T) {
	in := Input{
		File:    write(t, "export: {endpoint: 'http://file:1', timeout: 7s, protocol: http/protobuf}\nmax_body: 100KiB\n"),
		Environ: []string{"RTCSHIP_EXPORT_ENDPOINT=http://env:1", "RTCSHIP_MAX_BODY=120KiB", "RTCSHIP_SORA_LOG_DIR="},
		Flags:   map[string][]string{"export.endpoint": {"http://flag:1"}},
	}
	l, err := Load(in)
	if err != nil {
		t.Fatal(err)
	}
	if l.Export.Endpoint != "http://flag:1" || l.MaxBody != 120<<10 || l.Export.Timeout != 7*time.Second {
		t.Errorf("got endpoint %s, max_body %s, timeout %s", l.Export.Endpoint, l.MaxBody, l.Export.Timeout)
	}
	if l.Sora.LogDir != "/var/log/sora" {
		t.Errorf("an empty variable must count as unset, got log_dir %q", l.Sora.LogDir)
	}
	from := map[string]string{
		"export.endpoint": "--export-endpoint", "max_body": "RTCSHIP_MAX_BODY",
		"export.timeout": "rtcship.yaml:1:46", "export.protocol": "rtcship.yaml:1:60",
	}
	if diff := cmp.Diff(from, l.From); diff != "" {
		t.Errorf("origins (-want +got):\n%s", diff)
	}
}

func TestVariables(t *testing.T) {
	l, err := Load(Input{Environ: []string{
		"RTCSHIP_PEXIP_LISTEN=[udp://127.0.0.1:5514, 'tcp://127.0.0.1:5514']",
		"RTCSHIP_EXPORT_HEADERS={authorization: Bearer x}",
		"RTCSHIP_SORA_START=2026-11-21T08:00:00Z",
		"RTCSHIP_SORA_EXCLUDE=debug.jsonl",
		"RTCSHIP_STATE_DIR='/with space'",
		"RTCSHIP_LOG_OTLP=false",
		"RTCSHIP_SERVICE_HOST=10.0.0.1",
		"RTCSHIP_EXPORT_ENDPIONT=http://x:1",
		"OTHER=1",
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Export.Endpoint = "http://localhost:4317"
	want.Pexip.Listen = []string{"udp://127.0.0.1:5514", "tcp://127.0.0.1:5514"}
	want.Export.Headers = map[string]string{"authorization": "Bearer x"}
	want.Sora.Start = Start{StartTime, time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)}
	want.Sora.Exclude = []string{"debug.jsonl"}
	want.StateDir = "/with space"
	want.Log.OTLP = false
	if diff := cmp.Diff(want, l.Config); diff != "" {
		t.Errorf("config (-want +got):\n%s", diff)
	}
	warnings := []Fault{
		{"RTCSHIP_SERVICE_HOST", "", "unknown variable, left alone"},
		{"RTCSHIP_EXPORT_ENDPIONT", "", "unknown variable, left alone: did you mean RTCSHIP_EXPORT_ENDPOINT?"},
	}
	if diff := cmp.Diff(warnings, l.Warnings); diff != "" {
		t.Errorf("warnings (-want +got):\n%s", diff)
	}
}

func TestRepeatedFlag(t *testing.T) {
	l, err := Load(Input{Flags: map[string][]string{"pexip.listen": {"udp://127.0.0.1:1", "tcp://127.0.0.1:1"}, "max_body": {"1MiB", "2MiB"}}})
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Pexip.Listen) != 2 || l.MaxBody != 2<<20 {
		t.Errorf("got listen %v, max_body %s", l.Pexip.Listen, l.MaxBody)
	}
}

// A listener is found open by the way it calls itself, so the configuration has
// to call it so, too.
func TestListenersHaveTheirDefaults(t *testing.T) {
	l, err := Load(Input{Flags: map[string][]string{"pexip.listen": {"udp://0.0.0.0", "tcp://[::]:514/", "unix:///run/s?mode=0666"}}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"udp://0.0.0.0:514", "tcp://[::]:514", "unix:///run/s"}, l.Pexip.Listen); diff != "" {
		t.Errorf("listeners (-want +got):\n%s", diff)
	}
}

func TestDefaultEndpointFollowsProtocol(t *testing.T) {
	l, err := Load(Input{Flags: map[string][]string{"export.protocol": {"http/protobuf"}}})
	if err != nil || l.Export.Endpoint != "http://localhost:4318" {
		t.Errorf("endpoint %v, error %v", l, err)
	}
}

func TestKeysHaveNames(t *testing.T) {
	for _, k := range Keys() {
		if k.Help == "" || strings.Contains(k.Path, "..") || k.Env() == "RTCSHIP_" || strings.Contains(k.Flag(), "_") {
			t.Errorf("key %+v", k)
		}
	}
}

func TestSizeString(t *testing.T) {
	for size, want := range map[Size]string{0: "0", 1000: "1000", 1024: "1KiB", 1536: "1536", 3 << 20: "3MiB", 1 << 40: "1TiB"} {
		if got := size.String(); got != want {
			t.Errorf("Size(%d) = %s, want %s", int64(size), got, want)
		}
	}
}

func TestOpenTelemetryVariables(t *testing.T) {
	environ := []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=http://all:4317",
		"OTEL_EXPORTER_OTLP_LOGS_ENDPOINT=http://logs:4318/x",
		"OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
		"OTEL_EXPORTER_OTLP_HEADERS=a=b%20c",
		"OTEL_EXPORTER_OTLP_TIMEOUT=3000",
		"OTEL_SERVICE_NAME=sora-1",
	}
	l, err := Load(Input{Environ: environ})
	if err != nil {
		t.Fatal(err)
	}
	e := l.Export
	if e.Endpoint != "http://logs:4318/x" || !e.ExactPath || e.Protocol != "http/protobuf" || e.Headers["a"] != "b c" || e.Timeout != 3*time.Second {
		t.Errorf("export = %+v", e)
	}
	if l.Resource.FromEnvironment["service.name"] != "sora-1" {
		t.Errorf("resource = %v", l.Resource)
	}
	l, err = Load(Input{Environ: append(environ, "RTCSHIP_EXPORT_ENDPOINT=http://own:1")})
	if err != nil || l.Export.Endpoint != "http://own:1" || l.Export.ExactPath {
		t.Errorf("the own variable must win, and its path is not exact: %+v, %v", l, err)
	}
}
