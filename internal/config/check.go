package config

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rtcship/rtcship/tailer/syslog"
)

// check looks at each value by itself and at those that need each other.
func (l *loader) check() {
	l.checkSources()
	l.checkExport()
	l.checkLimits()
	l.oneOf("calls.sora_from", l.Calls.SoraFrom, "event_webhook", "connection")
	l.warnOfDrops()
	l.oneOf("log.level", l.Log.Level, "debug", "info", "warn", "error")
	l.oneOf("log.format", l.Log.Format, "auto", "text", "json")
	l.hostPort("admin.listen", l.Admin.Listen)
	for _, h := range l.Admin.Hosts {
		if !hostName.MatchString(h) {
			l.bad("admin.hosts", "%q is no host name: write it without scheme, port and path, such as rtcship.example.com", h)
		}
	}
	l.hostPort("debug.listen", l.Debug.Listen)
	if host, _, err := net.SplitHostPort(l.Debug.Listen); err == nil && !loopback(host) {
		l.bad("debug.listen", "profiles show memory, so only a loopback address may serve them: write 127.0.0.1 or [::1]")
	}
	if !filepath.IsAbs(l.StateDir) {
		l.bad("state_dir", "want an absolute path, not %q", l.StateDir)
	}
	if fault := l.Config.StateDirFault(); fault != "" {
		l.Warnings = append(l.Warnings, Fault{Key: "state_dir", Message: fault})
	}
	for i, p := range l.Redact.Patterns {
		if _, err := regexp.Compile(p); err != nil {
			l.bad("redact.patterns", "number %d is no regular expression (RE2): %s", i+1, patternFault(err))
		}
	}
}

// StateDirFault says what is wrong with the place of the state directory, "" if
// nothing is. Nothing in it is ever followed, so rtcship runs all the same.
func (c *Config) StateDirFault() string {
	if c.Sora.LogDir == "" {
		return ""
	}
	real := func(dir string) string {
		for rest := ""; ; dir, rest = filepath.Dir(dir), filepath.Join(filepath.Base(dir), rest) {
			if r, err := filepath.EvalSymlinks(dir); err == nil {
				return filepath.Join(r, rest)
			}
			if dir == filepath.Dir(dir) {
				return filepath.Join(dir, rest)
			}
		}
	}
	logDir, err := filepath.Abs(c.Sora.LogDir)
	if err != nil {
		return ""
	}
	logs, state := real(logDir), real(c.StateDir)
	if rel, err := filepath.Rel(logs, state); err == nil && filepath.IsLocal(rel) {
		return fmt.Sprintf("%s is the log directory %s, or within it: rtcship only ever reads there, and follows nothing of its own; set another state_dir", c.StateDir, c.Sora.LogDir)
	}
	if rel, err := filepath.Rel(state, logs); err == nil && filepath.IsLocal(rel) {
		return fmt.Sprintf("the log directory %s is within %s, where nothing is followed; set another state_dir", c.Sora.LogDir, c.StateDir)
	}
	return ""
}

// bad reports a fault of a key at the place where its value was written.
func (l *loader) bad(key, format string, args ...any) {
	l.fault(l.From[key], key, format, args...)
}

func (l *loader) oneOf(key, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		l.bad(key, "%q is not one of %s%s", value, strings.Join(allowed, ", "), didYouMean(nearest(value, allowed)))
	}
}

func (l *loader) hostPort(key, value string) {
	if value == "" {
		return
	}
	if _, _, err := net.SplitHostPort(value); err != nil {
		l.bad(key, "%q is no address with a port, such as 127.0.0.1:9464", value)
	}
}

// hostName is what may stand in a Host header before the port.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*\.?$`)

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func (l *loader) checkSources() {
	if l.Sora.LogDir == "" && len(l.Pexip.Listen) == 0 && len(l.Pexip.Files) == 0 {
		l.bad("sora.log_dir", "there is nothing to ship: set sora.log_dir, pexip.listen or pexip.files")
	}
	if _, err := time.LoadLocation(l.Sora.Timezone); err != nil {
		l.bad("sora.timezone", "%q is no time zone: write UTC or a name such as Asia/Tokyo", l.Sora.Timezone)
	}
	for _, globs := range []struct {
		key  string
		list []string
	}{{"sora.include", l.Sora.Include}, {"sora.exclude", l.Sora.Exclude}, {"pexip.files", l.Pexip.Files}} {
		for _, g := range globs.list {
			if _, err := filepath.Match(g, "x"); err != nil {
				l.bad(globs.key, "%q: a glob with a bracket that is not closed", g)
			}
		}
	}
	l.Pexip.Listen = slices.Clone(l.Pexip.Listen)
	for i, s := range l.Pexip.Listen {
		l.Pexip.Listen[i] = l.checkListen(s)
	}
	for _, s := range l.Pexip.Allow {
		if _, err := ParsePrefix(s); err != nil {
			l.bad("pexip.allow", "%q is no CIDR: write 192.0.2.0/24 or one address", s)
		}
	}
}

// checkListen returns the address with its defaults written out, which is how
// the listener will call itself.
func (l *loader) checkListen(s string) string {
	e, err := syslog.ParseEndpoint(s)
	switch {
	case err != nil:
		l.bad("pexip.listen", "%v", err)
		return s
	case e.Scheme == "tls" && (l.Pexip.TLS.CertFile == "" || l.Pexip.TLS.KeyFile == ""):
		l.bad("pexip.listen", "%q needs pexip.tls.cert_file and pexip.tls.key_file", s)
	}
	return e.String()
}

// ParsePrefix reads a CIDR, or a single address as the CIDR that holds only it.
func ParsePrefix(s string) (netip.Prefix, error) {
	if ip, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("parse CIDR: %w", err)
	}
	return p.Masked(), nil
}

func (l *loader) checkExport() {
	e := &l.Export
	l.oneOf("export.protocol", e.Protocol, "grpc", "http/protobuf")
	l.oneOf("export.compression", e.Compression, "none", "gzip", "zstd", "auto")
	l.oneOf("export.observed_time", e.ObservedTime, "read", "record")
	l.oneOf("export.http_success", e.HTTPSuccess, "answer", "status")
	l.oneOf("dead_letters.when_full", l.DeadLetters.WhenFull, "pause", "drop_oldest")
	if (e.TLS.CertFile == "") != (e.TLS.KeyFile == "") {
		l.bad("export.tls.cert_file", "a client certificate needs both export.tls.cert_file and export.tls.key_file")
	}
	if e.MaxConnectionAge < 0 || e.MaxConnectionAge > 0 && e.MaxConnectionAge < 10*time.Second {
		l.bad("export.max_connection_age", "want 0 (never) or at least 10s")
	}
	l.checkEndpoint()
	l.checkHeaders()
	l.checkFiles()
}

func (l *loader) checkLimits() {
	for _, c := range []struct {
		key       string
		value     int64
		low, high int64
	}{
		{"max_entry", int64(l.MaxEntry), 1 << 10, 1 << 30},
		{"max_body", int64(l.MaxBody), 1 << 10, 1 << 30},
		{"limits.cpus", int64(l.Limits.CPUs), 1, 1 << 10},
		{"limits.memory", int64(l.Limits.Memory), 4 << 20, 1 << 40},
		{"limits.deleted_bytes", int64(l.Limits.DeletedBytes), 0, 1 << 50},
		{"limits.read_rate", int64(l.Limits.ReadRate), 0, 1 << 50},
		{"limits.open_files", int64(l.Limits.OpenFiles), 8, 1 << 20},
		{"pexip.max_message", int64(l.Pexip.MaxMessage), 1 << 10, 1 << 26},
		{"pexip.max_connections", int64(l.Pexip.MaxConnections), 1, 1 << 20},
		{"spool.max_bytes", int64(l.Spool.MaxBytes), 16 << 20, 1 << 50},
		{"dead_letters.max_bytes", int64(l.DeadLetters.MaxBytes), 64 << 10, 1 << 50},
		{"export.max_request", int64(l.Export.MaxRequest), 64 << 10, 1 << 30},
		{"export.concurrency", int64(l.Export.Concurrency), 1, 64},
	} {
		if c.value < c.low || c.value > c.high {
			l.bad(c.key, "%s is out of range: from %s to %s", Size(c.value), Size(c.low), Size(c.high))
		}
	}
	for _, c := range []struct {
		key   string
		value time.Duration
	}{
		{"export.timeout", l.Export.Timeout},
		{"export.max_delay", l.Export.MaxDelay},
		{"drain_timeout", l.Drain},
		{"pexip.idle_timeout", l.Pexip.IdleTimeout},
		{"spool.fsync", l.Spool.Fsync},
	} {
		if c.value <= 0 {
			l.bad(c.key, "want more than 0, such as 10s")
		}
	}
}
