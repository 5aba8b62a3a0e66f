package config

import (
	"errors"
	"io/fs"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/internal/endpoint"
)

// What may be secret is never quoted: faults stand on standard error, on the
// status page and in rtcship's own log, which goes to the collector.

// hidden are the keys whose values no fault shows.
var hidden = map[string]bool{"export.endpoint": true, "export.headers": true, "redact.patterns": true, "resource.attributes": true}

// hidesValue says whether a value given for the key is kept out of faults. That
// of a file's key is, since it may be the content that belongs into the file.
func (k Key) hidesValue() bool { return hidden[k.Path] || strings.HasSuffix(k.Path, "_file") }

func (l *loader) checkEndpoint() {
	e := &l.Export
	t, err := endpoint.Parse(endpoint.Address{
		Text: e.Endpoint, HTTP: e.Protocol == exporter.ProtocolHTTP, ExactPath: e.ExactPath, Insecure: e.Insecure, TLS: e.TLS != ExportTLS{},
	})
	if err != nil {
		l.bad("export.endpoint", "%v", err)
		return
	}
	if t.URL == nil && endpoint.Mask(e.Endpoint) != e.Endpoint {
		l.Warnings = append(l.Warnings, Fault{l.From["export.endpoint"], "export.endpoint",
			"user, password and query are not sent over gRPC: set export.headers or export.headers_file"})
	}
}

// checkHeaders finds what would keep requests from being sent, which has a value
// that no request can hold. A file that is not there is no fault: a Secret may be mounted later.
func (l *loader) checkHeaders() {
	e := &l.Export
	if _, err := exporter.Headers(e.Headers, ""); err != nil {
		l.bad("export.headers", "%v", err)
		return
	}
	if e.HeadersFile == "" || !l.checkPath("export.headers_file", e.HeadersFile) {
		return
	}
	if _, err := exporter.Headers(nil, e.HeadersFile); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		l.bad("export.headers_file", "%v", err)
	}
}

func (l *loader) checkFiles() {
	t := &l.Export.TLS
	for key, path := range map[string]string{
		"export.tls.ca_file": t.CAFile, "export.tls.cert_file": t.CertFile, "export.tls.key_file": t.KeyFile,
		"pexip.tls.cert_file": l.Pexip.TLS.CertFile, "pexip.tls.key_file": l.Pexip.TLS.KeyFile, "pexip.tls.client_ca_file": l.Pexip.TLS.ClientCAFile,
	} {
		l.checkPath(key, path)
	}
}

// contentNotPath recognizes what belongs into a file: PEM, a header, more than a line.
var contentNotPath = regexp.MustCompile(`[\x00-\x1f\x7f]|-----BEGIN|^[^/]*: |^[^/]*=|(?i)\bbearer |\bbasic `)

// checkPath tells a path from the content of a file, which would stand in every
// message about the file that is not there.
func (l *loader) checkPath(key, path string) bool {
	if contentNotPath.MatchString(path) {
		l.bad(key, "is no path (%d characters): write what it holds into a file, and the path of that file here", len(path))
		return false
	}
	return true
}

// patternFault is a fault of a pattern without the pattern, which may be a
// secret as it stands.
func patternFault(err error) string {
	if e, ok := errors.AsType[*syntax.Error](err); ok {
		return e.Code.String()
	}
	return "it cannot be read"
}
