package exporter

import "strings"

// endpointKeys is where people write what is wrong about an endpoint.
const endpointKeys = "export.endpoint (or OTEL_EXPORTER_OTLP_ENDPOINT)"

const notHTTP = "the endpoint does not speak HTTP: is it the gRPC port (4317), or does it want https://? See " + endpointKeys

const (
	notOTLP = "what answers is no OTLP/HTTP endpoint, and nothing was settled: see " + endpointKeys + "; if it does take our records and only says so in its own way, set export.http_success to status"
	webPage = "the endpoint answers with a web page, and nothing was settled: is it the collector's OTLP/HTTP port? See " + endpointKeys
	noGRPC  = "what answers is no OTLP/gRPC endpoint, and nothing was settled: see " + endpointKeys
	tooLong = "the endpoint's answers are larger than rtcship reads: see " + endpointKeys
)

// hints say in plain words what to look at, by code or by a part of the
// message. The first that fits is taken.
var hints = []struct{ code, message, hint string }{
	{"", "certificate required", "the collector asks for a client certificate: set export.tls.cert_file and key_file"},
	{"", "bad certificate", "the collector does not take our client certificate: see export.tls.cert_file and key_file"},
	{"", "unknown authority", "the collector's certificate is not signed by a known authority: set export.tls.ca_file"},
	{"", "x509:", "the collector's certificate does not fit: see export.tls.ca_file and the name in export.endpoint"},
	{"", "first record does not look like a tls handshake", "the endpoint does not speak TLS: write http:// instead of https:// in " + endpointKeys},
	{"", "server gave http response to https client", "the endpoint does not speak TLS: write http:// instead of https:// in " + endpointKeys},
	{"", "error reading server preface", "the endpoint does not speak gRPC without TLS: is it the HTTP port (4318), or does it want https://? See " + endpointKeys},
	{"", "malformed http response", notHTTP},
	{"", "readlooppeekfaillocked: %!w(<nil>)", notHTTP}, // net/http, when the server speaks before it is asked, as gRPC servers do
	{"", "response headers exceeded", tooLong},
	{"", "compression_error", tooLong},
	{"", "http request to an https server", "the endpoint wants TLS: write https:// instead of http:// in " + endpointKeys},
	{"", "connection refused", "nothing listens at the endpoint: is the collector running, and are host and port right? See " + endpointKeys},
	{"", "no such host", "the endpoint's name is not known: is it spelt right? See " + endpointKeys},
	{"", "produced zero addresses", "the endpoint's name is not known: is it spelt right? See " + endpointKeys},
	{"", "i/o timeout", "the endpoint cannot be reached: look for a firewall or a network policy, and see " + endpointKeys},
	{"", "no route to host", "the endpoint cannot be reached: look for a firewall or a network policy, and see " + endpointKeys},
	{"", "network is unreachable", "the endpoint cannot be reached: look for a firewall or a network policy, and see " + endpointKeys},
	{"UNAUTHENTICATED", "", "the collector wants to know who we are: see export.headers"},
	{"HTTP 401", "", "the collector wants to know who we are: see export.headers"},
	{"PERMISSION_DENIED", "", "the collector knows us and does not let us in: see export.headers"},
	{"HTTP 403", "", "the collector knows us and does not let us in: see export.headers"},
	{"UNIMPLEMENTED", "", "the endpoint takes no logs over gRPC: has the collector a logs pipeline with the otlp receiver?"},
	{"HTTP 404", "", "the endpoint takes no logs at this path: see " + endpointKeys},
	{"HTTP 405", "", "the endpoint takes no logs at this path: see " + endpointKeys},
	{"HTTP 415", "", "the endpoint does not know protobuf bodies or the compression: see export.endpoint and export.compression"},
	{"HTTP 3", "", "the endpoint has moved: write its new address in " + endpointKeys},
}

func hint(code, message string) string {
	message = strings.ToLower(message)
	for _, h := range hints {
		if strings.HasPrefix(code, h.code) && strings.Contains(message, h.message) {
			return h.hint
		}
	}
	return ""
}
