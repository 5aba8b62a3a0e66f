package exporter

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"
)

// An httpClient speaks OTLP/HTTP with protobuf bodies.
type httpClient struct {
	url       string
	userAgent string
	client    *http.Client
	headers   *headerSource
	packer    *packer
	byStatus  bool // a 2xx acknowledges whatever its body is
}

func newHTTPClient(cfg Config, t target, creds *credentials, headers *headerSource) *httpClient {
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     creds.config(),
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: cfg.Concurrency,
		MaxConnsPerHost:     2 * cfg.Concurrency,
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
		WriteBufferSize:     64 << 10,
		DisableCompression:  true,

		MaxResponseHeaderBytes: maxAnswerHeaders,
		// One connection serves all requests, so one that is dead would keep
		// them all waiting, one timeout after another.
		HTTP2: &http.HTTP2Config{SendPingTimeout: maxSilence, PingTimeout: ackTimeout},
	}
	if t.socket != "" {
		transport.Proxy = nil
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", t.socket)
		}
	}
	return &httpClient{
		url:       t.url,
		userAgent: cfg.UserAgent,
		headers:   headers,
		packer:    newPacker(cfg.Compression),
		byStatus:  cfg.HTTPSuccess == HTTPSuccessStatus,
		client: &http.Client{
			Transport: transport,
			// A redirected POST would arrive as a GET, or at somebody else's.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
}

func (c *httpClient) send(ctx context.Context, p *payload) answer {
	headers, err := c.headers.get()
	if err != nil {
		return answer{verdict: unwelcome, code: CodeNoAnswer, message: err.Error()}
	}
	if err := c.packer.pack(p); err != nil {
		return answer{verdict: again, code: CodeNoAnswer, message: err.Error()}
	}
	body := newBody(p)
	defer c.packer.release(p)
	defer body.detach() // first: the transport may still read after the answer
	var conn net.Conn   // of the last try; the transport may make several
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { conn = got.Conn }})
	req, err := c.request(ctx, p, body, headers)
	if err != nil {
		return answer{verdict: unwelcome, code: CodeNoAnswer, message: err.Error()}
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return classifyNoAnswer(err)
	}
	defer resp.Body.Close()
	// Over HTTP/2 a connection carries other requests, too.
	early := !body.sent() || resp.ProtoMajor == 1 && conn != nil && unread(conn) > 0
	in := c.read(resp)
	in.early = early
	a := classifyHTTP(resp, in, time.Now(), c.byStatus)
	a.wire = p.wireSize()
	return a
}

// drainWait is how long the body of an answer is read that does not count.
const drainWait = time.Second

// read reads the body of an answer.
func (c *httpClient) read(resp *http.Response) reply {
	if c.byStatus {
		end := time.AfterFunc(drainWait, func() { resp.Body.Close() })
		defer end.Stop()
	}
	return readReply(resp)
}

func (c *httpClient) request(ctx context.Context, p *payload, body *body, headers map[string]string) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, body)
	if err != nil {
		return nil, err
	}
	req.ContentLength = int64(p.wireSize())
	// The transport resends a body by itself when an idle connection turns out
	// to be dead.
	req.GetBody = func() (io.ReadCloser, error) { return body.again() }
	for name, value := range headers {
		req.Header.Set(name, value)
		if http.CanonicalHeaderKey(name) == "Host" {
			req.Host = value
		}
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("User-Agent", c.userAgent)
	if c.packer.active() {
		req.Header.Set("Content-Encoding", c.packer.name)
	}
	return req, nil
}

func (c *httpClient) watch(context.Context, func()) {}

func (c *httpClient) close() error {
	c.client.CloseIdleConnections()
	return nil
}

// A body reads a payload. The transport reads it in a goroutine of its own,
// which may outlive the request; after detach it finds nothing any more.
type body struct {
	source *bodySource
	next   int // segment
	pos    int // within it
}

// A bodySource is what the bodies of one attempt share.
type bodySource struct {
	mu       sync.Mutex
	segments [][]byte
	detached bool
	sent     bool // the last byte was asked for
}

var errDetached = errors.New("request is over")

func newBody(p *payload) *body {
	s := &bodySource{}
	if p.packed != nil {
		s.segments = [][]byte{p.packed.Bytes()}
	} else {
		for _, seg := range p.segments {
			s.segments = append(s.segments, p.bytes(seg))
		}
	}
	return &body{source: s}
}

func (b *body) again() (io.ReadCloser, error) {
	b.source.mu.Lock()
	defer b.source.mu.Unlock()
	b.source.sent = false
	return &body{source: b.source}, nil
}

// sent tells whether the whole body has left, as far as can be known here.
func (b *body) sent() bool {
	b.source.mu.Lock()
	defer b.source.mu.Unlock()
	return b.source.sent
}

func (b *body) detach() {
	b.source.mu.Lock()
	defer b.source.mu.Unlock()
	b.source.detached = true
	b.source.segments = nil
}

func (b *body) Read(p []byte) (int, error) {
	s := b.source
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.detached {
		return 0, errDetached
	}
	n := 0
	for n < len(p) && b.next < len(s.segments) {
		k := copy(p[n:], s.segments[b.next][b.pos:])
		n += k
		if b.pos += k; b.pos == len(s.segments[b.next]) {
			b.next, b.pos = b.next+1, 0
		}
	}
	s.sent = s.sent || b.next == len(s.segments)
	if n == 0 && b.next == len(s.segments) && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

func (b *body) Close() error { return nil }
