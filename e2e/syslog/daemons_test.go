package syslog

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/e2e/harness"
)

// A route is one way that messages take from a daemon to rtcship. Each has a
// log file of its own that the daemon reads, and a stream of sequence numbers
// of its own.
type route struct {
	name      string // of the stream
	transport string // udp, tcp or tls
	octets    bool   // octet counting, else newline; without meaning for UDP
	rfc       int    // of the header: 3164 or 5424
}

// count returns how many of n messages take the route: fewer where nobody can slow the sender down.
func (r route) count(n int) int {
	if r.transport == "udp" {
		return n / 20
	}
	return n
}

var routes = []route{
	{"udp-3164", "udp", false, 3164},
	{"udp-5424", "udp", false, 5424},
	{"tcp-newline-3164", "tcp", false, 3164},
	{"tcp-newline-5424", "tcp", false, 5424},
	{"tcp-octets-5424", "tcp", true, 5424},
	{"tls-newline-3164", "tls", false, 3164},
	{"tls-octets-5424", "tls", true, 5424},
}

// A site is what daemons need to know: where to send, and the files that prove who they are.
type site struct {
	dir           string // the daemons' log files and state
	udp, tcp, tls string // addresses of rtcship
	ca, cert, key string
	routes        []route
}

func port(addr string) string { return addr[strings.LastIndexByte(addr, ':')+1:] }

func (s site) addr(r route) string {
	return map[string]string{"udp": s.udp, "tcp": s.tcp, "tls": s.tls}[r.transport]
}

func (s site) log(r route) string { return filepath.Join(s.dir, r.name+".log") }

// startSyslogNG starts Debian's syslog-ng, the release that Pexip ships. It
// reads the routes' log files and waits, rather than drops, when rtcship does
// not take more.
func startSyslogNG(t *testing.T, s site) *harness.Process {
	t.Helper()
	var b strings.Builder
	b.WriteString("@version: 3.38\noptions { stats-freq(0); time-reopen(1); keep-hostname(no); use-dns(no); };\n")
	for _, r := range s.routes {
		fmt.Fprintf(&b, "log { source { file(%q flags(no-parse) program-override(\"pexip\") follow-freq(0.1) log-fetch-limit(100)); };\n", s.log(r))
		fmt.Fprintf(&b, "  destination { %s; }; flags(flow-control); };\n", s.syslogNGDriver(r))
	}
	config := filepath.Join(s.dir, "syslog-ng.conf")
	write(t, config, b.String())
	modules := harness.DebianGlob(t, "usr/lib/syslog-ng/3.*")
	cmd := harness.Debian(t, "usr/sbin/syslog-ng", "--foreground", "--stderr", "--no-caps",
		"--cfgfile", config, "--module-path", modules,
		"--persist-file", filepath.Join(s.dir, "persist"), "--control", filepath.Join(s.dir, "ctl"),
		"--pidfile", filepath.Join(s.dir, "pid"))
	return harness.Start(t, "syslog-ng", cmd)
}

// syslogNGDriver picks the driver: syslog() frames by octet counting with RFC
// 5424 headers, network() by newlines with RFC 3164 headers; a flag gives it
// those of RFC 5424. Octet counting with the old header is beyond it.
func (s site) syslogNGDriver(r route) string {
	options := fmt.Sprintf(`"127.0.0.1" port(%s) transport(%q) persist-name(%q)`, port(s.addr(r)), r.transport, r.name)
	switch r.transport {
	case "udp":
		options += " throttle(1000)"
	case "tls":
		options += fmt.Sprintf(" tls(ca-file(%q) cert-file(%q) key-file(%q) peer-verify(required-trusted))", s.ca, s.cert, s.key)
	}
	switch {
	case r.octets, r.transport == "udp" && r.rfc == 5424:
		return "syslog(" + options + ")"
	case r.rfc == 5424:
		return "network(" + options + " flags(syslog-protocol))"
	}
	return "network(" + options + ")"
}

// startRsyslog starts Debian's rsyslog in the same way.
func startRsyslog(t *testing.T, s site) *harness.Process {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "global(workDirectory=%q DefaultNetstreamDriverCAFile=%q DefaultNetstreamDriverCertFile=%q DefaultNetstreamDriverKeyFile=%q)\n",
		s.dir, s.ca, s.cert, s.key)
	b.WriteString("module(load=\"imfile\" mode=\"polling\" PollingInterval=\"1\")\n")
	for _, r := range s.routes {
		fmt.Fprintf(&b, "ruleset(name=%q queue.type=\"LinkedList\") { %s }\n", r.name, s.rsyslogAction(r))
		fmt.Fprintf(&b, "input(type=\"imfile\" File=%q Tag=\"pexip:\" ruleset=%q)\n", s.log(r), r.name)
	}
	config := filepath.Join(s.dir, "rsyslog.conf")
	write(t, config, b.String())
	modules := harness.DebianGlob(t, "usr/lib/*/rsyslog")
	cmd := harness.Debian(t, "usr/sbin/rsyslogd", "-n", "-f", config, "-M", modules, "-i", filepath.Join(s.dir, "rsyslog.pid"))
	return harness.Start(t, "rsyslogd", cmd)
}

func (s site) rsyslogAction(r route) string {
	options := fmt.Sprintf(`type="omfwd" target="127.0.0.1" port=%q action.resumeRetryCount="-1" action.resumeInterval="1"`, port(s.addr(r)))
	if r.transport == "udp" {
		options += ` protocol="udp" RateLimit.Interval="0"`
	} else {
		options += ` protocol="tcp"`
	}
	if r.octets {
		options += ` TCP_Framing="octet-counted"`
	}
	if r.rfc == 5424 {
		options += ` template="RSYSLOG_SyslogProtocol23Format"`
	} else {
		options += ` template="RSYSLOG_TraditionalForwardFormat"`
	}
	if r.transport == "tls" {
		options += ` StreamDriver="ossl" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid"`
	}
	return "action(" + options + ")"
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
