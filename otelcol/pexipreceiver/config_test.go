package pexipreceiver

import (
	"reflect"
	"slices"
	"strings"
	"testing"

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
		"pexip.listen": "[udp://127.0.0.1:5514, tls://127.0.0.1:6514]", "pexip.files": "[/var/log/pexip/*.log]",
		"pexip.tls.cert_file": "/etc/tls/cert.pem", "pexip.tls.key_file": "/etc/tls/key.pem", "pexip.tls.client_ca_file": "/etc/tls/ca.pem",
		"pexip.allow": "[192.0.2.0/24]", "pexip.max_message": "64KiB", "pexip.max_connections": "8", "pexip.idle_timeout": "1m0s",
		"spool.max_bytes": "32MiB", "spool.fsync": "2s", "state_dir": "/srv/state", "sora.log_dir": `""`,
	}
	for _, k := range config.Keys() {
		if w, set := want[k.Path]; set && strings.ReplaceAll(k.ValueText(&c), `'`, "") != w {
			t.Errorf("%s is %s, want %s", k.Path, k.ValueText(&c), w)
		}
	}
}

func TestConfigFaults(t *testing.T) {
	tests := []struct {
		name string
		set  map[string]any
		want string // "" if it is fine
	}{
		{"nothing to receive", nil, "listen"},
		{"a listener", map[string]any{"listen": []any{"udp://127.0.0.1:5514"}}, ""},
		{"files only", map[string]any{"files": []any{"/var/log/pexip/*.log"}}, ""},
		{"unknown key", map[string]any{"listeners": []any{"udp://127.0.0.1:5514"}}, "listeners"},
		{"no scheme", map[string]any{"listen": []any{"127.0.0.1:5514"}}, "listen"},
		{"TLS without a certificate", map[string]any{"listen": []any{"tls://127.0.0.1:6514"}}, "needs tls.cert_file and tls.key_file"},
		{"CIDR", map[string]any{"listen": []any{"udp://127.0.0.1:5514"}, "allow": []any{"ten"}}, "allow"},
		{"spool too small", map[string]any{"listen": []any{"udp://127.0.0.1:5514"}, "spool": map[string]any{"max_bytes": "1KiB"}}, "spool.max_bytes"},
		{"file named like a key", map[string]any{"files": []any{"/var/log/[pexip.files"}}, "/var/log/["},
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
			}
		})
	}
}

// notHere are keys of rtcship's own that a receiver has no use for.
var notHere = []string{
	"sora.", "admin.", "debug.", "log.", "limits.cpus",
	"calls.",                     // a pipeline of traces says so, and the rest is about Sora
	"metrics.",                   // the collector sends its own
	"drop", "pexip.min_severity", // a collector has its filter processor
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
		name := strings.TrimPrefix(k.Path, "pexip.")
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
