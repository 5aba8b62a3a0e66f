package exporter

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// An httpClient speaks OTLP/HTTP with protobuf bodies.
type httpClient struct {
	url       string
	userAgent string
	headers   *headerSource
	packers   packers
	byStatus  bool // a 2xx acknowledges whatever its body is
	newLane   func() *httpLane

	mu   sync.Mutex
	free []*httpLane // the one used last is taken first, so that an idle sender has one connection
}

// An httpLane is one connection at a time, and what is known of it. Requests take
// a lane each, so that the connection of one is known before its body is made.
type httpLane struct {
	client *http.Client
	offer  negotiation
	dials  atomic.Uint64 // connections so far
	until  atomic.Int64  // when the connection is to be given up, in Unix nanoseconds; 0 = never
}

func newHTTPClient(cfg Config, t target, creds *credentials, headers *headerSource) *httpClient {
	return &httpClient{
		url:       t.url,
		userAgent: cfg.UserAgent,
		headers:   headers,
		packers:   newPackers(),
		byStatus:  cfg.HTTPSuccess == HTTPSuccessStatus,
		newLane:   func() *httpLane { return newHTTPLane(cfg, t, creds) },
	}
}

func newHTTPLane(cfg Config, t target, creds *credentials) *httpLane {
	l := &httpLane{offer: negotiation{ladder: ladder(cfg.Compression)}}
	transport := &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		TLSClientConfig:     creds.config(),
		ForceAttemptHTTP2:   true,
		MaxIdleConnsPerHost: 1,
		MaxConnsPerHost:     2, // of which one may be on its way out
		IdleConnTimeout:     90 * time.Second,
		TLSHandshakeTimeout: 10 * time.Second,
		WriteBufferSize:     64 << 10,
		DisableCompression:  true,

		MaxResponseHeaderBytes: maxAnswerHeaders,
		// A connection that is dead would keep its lane waiting, one timeout
		// after another.
		HTTP2: &http.HTTP2Config{SendPingTimeout: maxSilence, PingTimeout: ackTimeout},
	}
	dialer := &net.Dialer{Timeout: 30 * time.Second, KeepAlive: 30 * time.Second}
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if t.socket != "" {
			network, addr = "unix", t.socket
		}
		l.dials.Add(1)
		if cfg.MaxConnectionAge > 0 {
			l.until.Store(time.Now().Add(vary(cfg.MaxConnectionAge)).UnixNano())
		}
		return dialer.DialContext(ctx, network, addr)
	}
	if t.socket != "" {
		transport.Proxy = nil
	}
	l.client = &http.Client{
		Transport: transport,
		// A redirected POST would arrive as a GET, or at somebody else's.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return l
}

// lane returns a lane that nobody else uses until release.
func (c *httpClient) lane() (l *httpLane, release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.free) - 1; n >= 0 {
		l, c.free = c.free[n], c.free[:n]
	} else {
		l = c.newLane()
	}
	if until := l.until.Load(); until != 0 && time.Now().UnixNano() >= until {
		l.client.CloseIdleConnections() // which is all of them: the lane was free
	}
	return l, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.free = append(c.free, l)
	}
}

func (c *httpClient) send(ctx context.Context, p *payload) answer {
	headers, err := c.headers.get()
	if err != nil {
		return answer{verdict: unwelcome, code: CodeNoAnswer, message: err.Error()}
	}
	l, release := c.lane()
	defer release()
	return l.offer.negotiated(l.offer.best(l.dials.Load()), func(name string) (answer, uint64) {
		return c.post(ctx, l, p, name, headers), l.dials.Load()
	})
}

func (c *httpClient) post(ctx context.Context, l *httpLane, p *payload, name string, headers map[string]string) answer {
	unpack, err := c.packers.pack(p, name)
	if err != nil {
		return answer{verdict: again, code: CodeNoAnswer, message: err.Error()}
	}
	defer unpack()
	body := newBody(p)
	defer body.detach() // first: the transport may still read after the answer
	var conn net.Conn   // of the last try; the transport may make several
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { conn = got.Conn }})
	req, err := c.request(ctx, p, body, headers)
	if err != nil {
		return answer{verdict: unwelcome, code: CodeNoAnswer, message: err.Error()}
	}
	if p.packed != nil {
		req.Header.Set("Content-Encoding", name)
	}
	resp, err := l.client.Do(req)
	if err != nil {
		return classifyNoAnswer(err)
	}
	defer resp.Body.Close()
	// Over HTTP/2 a connection carries other requests, too.
	early := !body.sent() || resp.ProtoMajor == 1 && conn != nil && unread(conn) > 0
	in := c.read(resp)
	in.early = early
	a := classifyHTTP(resp, in, time.Now(), c.byStatus)
	a.mayMeanCompression = httpMeansCompression(resp.StatusCode)
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
	return req, nil
}

func (c *httpClient) watch(context.Context, func()) {}

func (c *httpClient) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range c.free {
		l.client.CloseIdleConnections()
	}
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
