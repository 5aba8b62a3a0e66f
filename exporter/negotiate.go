package exporter

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Which compression a receiver takes is not to be asked for: it is tried. A
// request that is refused in a way which may mean its compression goes once more
// as it is, before anything else is made of the answer; if it is accepted then,
// the compression was at fault, and this connection gets the next simpler one.
// Another connection begins anew, since backends behind one name differ.

// renegotiate is after how long a better compression is tried again.
const renegotiate = time.Hour

// ladder returns the compressions to try, the best first.
func ladder(configured string) []string {
	switch configured {
	case CompressionAuto:
		return []string{CompressionZstd, CompressionGzip, CompressionNone}
	case CompressionNone:
		return []string{CompressionNone}
	}
	return []string{configured, CompressionNone}
}

// A negotiation is what is known of one connection at a time.
type negotiation struct {
	ladder []string

	mu    sync.Mutex
	rung  int
	conn  uint64    // the connection that the rung is about
	since time.Time // when it was taken

	proven uint64 // the connection that has accepted a request with what was tried first
}

// best returns the compression to try on a connection.
func (n *negotiation) best(conn uint64) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.rung > 0 && (n.conn != conn || time.Since(n.since) >= renegotiate) {
		n.rung = 0
	}
	return n.ladder[n.rung]
}

// refused notes that a connection does not take a compression.
func (n *negotiation) refused(conn uint64, name string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for i, rung := range n.ladder[:len(n.ladder)-1] {
		if rung == name && (n.conn != conn || n.rung <= i) {
			n.rung, n.conn, n.since = i+1, conn, time.Now()
			n.proven = 0
		}
	}
}

// negotiated makes an attempt with a compression and, if need be, others without
// or with the simpler ones: there are servers that take gzip and nothing else,
// not even what is not compressed. try sends p compressed as it is told and says
// over which connection.
func (n *negotiation) negotiated(name string, try func(name string) (a answer, conn uint64)) answer {
	first, conn := try(name)
	if first.verdict == accepted {
		n.took(conn)
	}
	if name == CompressionNone || !first.mayMeanCompression {
		return first
	}
	last, wire := first, first.wire
	for _, other := range n.others(name, conn) {
		// A server may close the connection over which it has refused a body
		// unread; then what is learnt is about the one that has come after it.
		last, conn = try(other)
		wire += last.wire
		last.wire = wire
		if last.verdict == accepted {
			last.refusedCompression, last.refusedCode = name, first.code
			n.refused(conn, name)
		}
		if !last.mayMeanCompression {
			break
		}
	}
	return last
}

// others returns what to try after a compression was refused. On a connection
// that has taken it before, the records are more likely to be at fault, and they
// go once more as they are to make sure.
func (n *negotiation) others(name string, conn uint64) []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	others := []string{CompressionNone}
	if n.proven == conn {
		return others
	}
	for i, rung := range n.ladder {
		if rung == name {
			others = append(others, n.ladder[i+1:len(n.ladder)-1]...)
		}
	}
	return others
}

// took notes that a connection takes what is tried on it.
func (n *negotiation) took(conn uint64) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.proven = conn
}

// httpMeansCompression tells whether a status may mean that a server cannot take
// the compression. The collector's says 400 where 415 would be right.
func httpMeansCompression(code int) bool {
	return code == http.StatusBadRequest || code == http.StatusUnsupportedMediaType
}

// grpcMeansCompression does so for gRPC, and for what a proxy before it answers.
func grpcMeansCompression(st *status.Status) bool {
	if st.Code() == codes.Unimplemented {
		return true
	}
	const proxy = "unexpected HTTP status code received from server: "
	return strings.HasPrefix(st.Message(), proxy+"400") || strings.HasPrefix(st.Message(), proxy+"415")
}
