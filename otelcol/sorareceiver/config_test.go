package sorareceiver

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/confmap"
	"go.opentelemetry.io/collector/confmap/confmaptest"

	"github.com/rtcship/rtcship/internal/config"
)

// load reads a file as the collector does.
func load(t *testing.T, cfg component.Config, path string) error {
	t.Helper()
	conf, err := confmaptest.LoadConf(path)
	if err != nil {
		t.Fatal(err)
	}
	return conf.Unmarshal(cfg)
}

// Every key that a file can have reaches the configuration of the parts.
func TestConfigFile(t *testing.T) {
	cfg := defaultConfig().(*Config)
	if err := load(t, cfg, "testdata/full.yaml"); err != nil {
		t.Fatal(err)
	}
	if err := confmap.Validate(cfg); err != nil {
		t.Fatal(err)
	}
	c := cfg.config()
	want := map[string]string{
		"sora.log_dir": "/srv/sora/log", "sora.start": "2026-11-21T08:00:00Z", "sora.include": "[extra/*.log]",
		"sora.exclude": "[debug.jsonl]", "calls.sora_from": "connection", "sora.timezone": "Asia/Tokyo", "state_dir": "/srv/state",
		"max_entry": "1MiB", "max_body": "100KiB", "original": "true", "resource.attributes": "{site: \"0012\"}",
		"redact.enabled": "false", "redact.metadata": "false", "redact.patterns": "[\"key=(\\\\S+)\"]", "dead_letters.max_bytes": "1MiB",
		"dead_letters.when_full": "drop_oldest", "limits.memory": "8MiB", "limits.deleted_bytes": "1MiB",
		"limits.read_rate": "5MiB", "limits.open_files": "64", "export.timeout": "30s", "export.max_request": "1MiB",
		"export.max_delay": "1s", "export.observed_time": "record", "export.concurrency": "4", "drain_timeout": "5s",
	}
	for _, k := range config.Keys() {
		w, set := want[k.Path]
		if !set {
			continue
		}
		if got := k.ValueText(&c); strings.Trim(got, `"'`) != strings.Trim(w, `"'`) && !sameYAML(got, w) {
			t.Errorf("%s is %s, want %s", k.Path, got, w)
		}
	}
}

// sameYAML passes over how a text is quoted.
func sameYAML(a, b string) bool {
	plain := strings.NewReplacer(`"`, "", `'`, "", `\\`, `\`)
	return plain.Replace(a) == plain.Replace(b)
}

func TestConfigFaults(t *testing.T) {
	tests := []struct {
		name string
		set  map[string]any
		want string // "" if it is fine
	}{
		{"defaults", nil, ""},
		{"unknown key", map[string]any{"logdir": "/x"}, "logdir"},
		{"a key of rtcship's that is the collector's business", map[string]any{"admin": map[string]any{"listen": ":1"}}, "admin"},
		{"nothing to follow", map[string]any{"log_dir": ""}, "log_dir"},
		{"relative storage", map[string]any{"storage_dir": "state"}, "storage_dir: want an absolute path"},
		{"time zone", map[string]any{"timezone": "Tokyo"}, "timezone"},
		{"start", map[string]any{"start": "yesterday"}, "yesterday"},
		{"start as YAML reads a time", map[string]any{"start": time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)}, ""},
		{"size", map[string]any{"max_entry": "many"}, "many"},
		{"size below", map[string]any{"max_entry": 3}, "max_entry: 3 is out of range"},
		{"negative size", map[string]any{"max_entry": -1}, "max_entry"},
		{"glob", map[string]any{"include": []any{"[a"}}, "include"},
		{"pattern", map[string]any{"redact": map[string]any{"patterns": []any{"("}}}, "redact.patterns"},
		{"when_full", map[string]any{"dead_letters": map[string]any{"when_full": "drop"}}, "dead_letters.when_full"},
		{"no drain", map[string]any{"drain_timeout": "0s"}, "drain_timeout"},
		{"sora_from", map[string]any{"calls": map[string]any{"sora_from": "session"}}, "calls.sora_from"},
		{"concurrency", map[string]any{"export": map[string]any{"concurrency": 0}}, "export.concurrency"},
		{"observed_time", map[string]any{"export": map[string]any{"observed_time": "now"}}, "export.observed_time"},
		{"two faults", map[string]any{"timezone": "Tokyo", "max_body": 1}, "max_body"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := defaultConfig()
			err := confmap.NewFromStringMap(tt.set).Unmarshal(cfg)
			if err == nil {
				err = confmap.Validate(cfg)
			}
			switch {
			case tt.want == "" && err != nil:
				t.Error(err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%v, want something about %s", err, tt.want)
			case err != nil && (strings.Contains(err.Error(), "sora.") || strings.Contains(err.Error(), "state_dir")):
				t.Errorf("%v: names a key that this receiver has not", err)
			}
		})
	}
}

// notHere are keys of rtcship's own that a receiver has no use for.
var notHere = []string{
	"pexip.", "spool.", "admin.", "debug.", "log.", "limits.cpus",
	"calls.traces",              // a pipeline of traces says so
	"calls.metrics", "metrics.", // the collector's own telemetry says what of it is sent
	"drop", "sora.min_severity", // a collector has its filter processor
	"export.endpoint", "export.protocol", "export.compression", "export.headers", "export.headers_file", "export.tls.",
	"export.http_success", "export.max_connection_age",
}

// A key that rtcship has and a receiver lacks is missing by decision only.
func TestKeysAreRtcships(t *testing.T) {
	have := keysOf(reflect.TypeFor[Config](), "")
	for _, k := range config.Keys() {
		if slices.ContainsFunc(notHere, func(p string) bool { return k.Path == p || strings.HasSuffix(p, ".") && strings.HasPrefix(k.Path, p) }) {
			continue
		}
		name := strings.TrimPrefix(k.Path, "sora.")
		if name == "state_dir" {
			name = "storage_dir"
		}
		if i := slices.Index(have, name); i >= 0 {
			have = slices.Delete(have, i, i+1)
		} else {
			t.Errorf("%s of rtcship's configuration is no key here: add it to Config, or to notHere", k.Path)
		}
	}
	if len(have) > 0 {
		t.Errorf("rtcship's configuration has no such keys: %v", have)
	}
}

// keysOf lists the keys of a configuration.
func keysOf(t reflect.Type, prefix string) (keys []string) {
	for f := range t.Fields() {
		name, option, _ := strings.Cut(f.Tag.Get("mapstructure"), ",")
		switch {
		case option == "squash":
			keys = append(keys, keysOf(f.Type, prefix)...)
		case f.Type.Kind() == reflect.Struct:
			keys = append(keys, keysOf(f.Type, prefix+name+".")...)
		default:
			keys = append(keys, prefix+name)
		}
	}
	return keys
}
