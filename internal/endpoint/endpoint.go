// Package endpoint takes the address of a collector apart, and shows it without
// its secrets: one way for all that connect to it, name it or complain of it.
//
// No error of this package quotes the address, since one that cannot be taken
// apart may have its password anywhere.
package endpoint

import (
	"cmp"
	"errors"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// An Address is an endpoint as it is configured, and how it is to be read.
type Address struct {
	Text      string // http:// or https:// URL, host and port, or a gRPC target such as unix:PATH or dns:///HOST:PORT
	HTTP      bool   // for OTLP/HTTP; else for gRPC
	ExactPath bool   // the URL's path is whole: that of the signal is not to be added
	Path      string // of the signal; "" = /v1/logs
	Insecure  *bool  // for an address without a scheme: no TLS; nil = none unless TLS
	TLS       bool   // certificates are configured
}

// A Target is an Address taken apart.
type Target struct {
	Host, Port string   // what a connection is made to; "" if gRPC resolves the address itself
	Addr       string   // for gRPC's dialer
	URL        *url.URL // for HTTP, with what it may hold of user, password and query; nil for gRPC
	Socket     string   // path of a Unix socket, for HTTP
	Secure     bool     // over TLS
	RoundRobin bool     // over all addresses that the name has
	PlainGuess bool     // unencrypted towards another machine, and nobody said so
}

// resolvers are the target schemes that gRPC resolves itself.
var resolvers = []string{"unix", "unix-abstract", "dns", "passthrough"}

// What can be wrong with an address, each with what to write instead.
var (
	errScheme      = errors.New("unknown scheme: write http://host:4317 or https://host:4317")
	errNoAddress   = errors.New("no address that can be read: write http://host:4317; in a user name or password, write / ? # @ and % as %2F %3F %23 %40 and %25")
	errNoHost      = errors.New("no host: write http://host:4317")
	errBare        = errors.New("must be a URL or host:port: write http://host:4317")
	errCredentials = errors.New("a user name or password can only stand in a URL, http://user:password@host:4318: write one, or set export.headers")
	errName        = errors.New("a name whose addresses share the requests needs three slashes and a port: write dns:///host:4317")
	errResolver    = errors.New("over HTTP it must be a URL or unix:PATH: write http://host:4318")
)

// Parse takes an address apart. Errors say what to write instead.
func Parse(a Address) (Target, error) {
	scheme, _, ok := strings.Cut(a.Text, "://")
	switch {
	case ok && (scheme == "http" || scheme == "https"):
		return parseURL(a, scheme == "https")
	case isResolver(a.Text):
		return parseResolved(a)
	case ok:
		return Target{}, errScheme
	}
	return parseBare(a)
}

func isResolver(text string) bool {
	scheme, _, ok := strings.Cut(text, ":")
	if !ok || !slices.Contains(resolvers, scheme) {
		return false
	}
	// "dns:4317" may be a host called dns.
	return strings.Contains(text, "://") || isUnix(text)
}

func isUnix(text string) bool {
	return strings.HasPrefix(text, "unix:") || strings.HasPrefix(text, "unix-abstract:")
}

func parseURL(a Address, secure bool) (Target, error) {
	u, err := url.Parse(a.Text)
	if err != nil {
		return Target{}, errNoAddress // err quotes it
	}
	if u.Hostname() == "" {
		return Target{}, errNoHost
	}
	t := Target{Host: u.Hostname(), Port: u.Port(), Secure: secure}
	if t.Port == "" {
		t.Port = map[bool]string{true: "443", false: "80"}[secure]
	}
	if !a.HTTP {
		t.Addr = net.JoinHostPort(t.Host, t.Port)
		return t, nil
	}
	if !a.ExactPath {
		u.Path, u.RawPath = a.signalPath(u.Path), ""
	} else if u.Path == "" {
		u.Path = "/"
	}
	t.URL = u
	return t, nil
}

// logsPath is that of the signal that everything began with.
const logsPath = "/v1/logs"

// signalPath is path with that of the signal at its end. Spans go beside the
// logs if path names the logs' own.
func (a *Address) signalPath(path string) string {
	signal := cmp.Or(a.Path, logsPath)
	path = strings.TrimSuffix(path, "/")
	if strings.HasSuffix(path, signal) {
		return path
	}
	return strings.TrimSuffix(path, logsPath) + signal
}

func parseResolved(a Address) (Target, error) {
	t := Target{Addr: a.Text, Secure: a.wantsTLS(), RoundRobin: strings.HasPrefix(a.Text, "dns:")}
	local := isUnix(a.Text)
	t.PlainGuess = !t.Secure && !local && a.Insecure == nil
	if !local && strings.Contains(a.Text, "@") {
		return Target{}, errCredentials
	}
	if !a.HTTP {
		if t.RoundRobin && !isName(a.Text) {
			return Target{}, errName
		}
		return t, nil
	}
	if !local {
		return Target{}, errResolver
	}
	_, path, _ := strings.Cut(a.Text, ":")
	path = strings.TrimPrefix(path, "//")
	t.Socket, t.URL = path, a.url(t.Secure, "localhost")
	if strings.HasPrefix(a.Text, "unix-abstract:") {
		t.Socket = "@" + path
	}
	return t, nil
}

// isName reports whether a dns: target is whole. Without a port gRPC would take
// 443, where no collector listens, and in dns://host:4317 the host is a name server.
func isName(text string) bool {
	_, rest, _ := strings.Cut(text, "://")
	_, rest, _ = strings.Cut(rest, "/")
	host, port, err := net.SplitHostPort(rest)
	n, notNumber := strconv.ParseUint(port, 10, 16)
	return err == nil && host != "" && notNumber == nil && n > 0 && !strings.ContainsAny(rest, "/?#")
}

func parseBare(a Address) (Target, error) {
	if strings.Contains(a.Text, "@") {
		return Target{}, errCredentials
	}
	host, port, err := net.SplitHostPort(a.Text)
	if err != nil || host == "" || port == "" || strings.ContainsAny(a.Text, "/?#") {
		return Target{}, errBare
	}
	t := Target{Host: host, Port: port, Addr: a.Text, Secure: a.wantsTLS()}
	if a.HTTP {
		t.URL = a.url(t.Secure, a.Text)
	}
	ip := net.ParseIP(host)
	local := host == "localhost" || ip != nil && ip.IsLoopback()
	t.PlainGuess = !t.Secure && !local && a.Insecure == nil
	return t, nil
}

func (a *Address) wantsTLS() bool {
	if a.Insecure != nil {
		return !*a.Insecure
	}
	return a.TLS
}

func (a *Address) url(secure bool, host string) *url.URL {
	scheme := map[bool]string{true: "https", false: "http"}[secure]
	return &url.URL{Scheme: scheme, Host: host, Path: a.signalPath("")}
}
