// Package admin shows how the process is: a page for people, metrics for
// Prometheus, health for Kubernetes, the ledger as JSON. Everything is made
// from one pipeline.Status when somebody asks, so nobody asking costs nothing.
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/internal/pipeline"
	"github.com/rtcship/rtcship/internal/plain"
	"github.com/rtcship/rtcship/tailer"
)

// A Process is what is shown; *pipeline.Daemon is one.
type Process interface {
	Status() *pipeline.Status
	Replay(ctx context.Context, r pipeline.Replay) ([]tailer.Rewound, error)
	ReplayDeadLetters(ctx context.Context) (exporter.Resent, error)
}

var _ Process = (*pipeline.Daemon)(nil)

// A Server serves over TCP for everybody and over a Unix socket for the commands.
type Server struct {
	process Process
	metrics http.Handler
	rates   rates
	history history
	closed  closedCount
	refused atomic.Uint64 // requests under a name that is not ours

	statuses shared[*pipeline.Status]
	texts    shared[rendered] // of /status.json
	pages    shared[rendered]

	mu     sync.Mutex
	open   map[string]*served // by "network address"
	hosts  []string
	faults []string // why an address is not served
}

// A served address has a server of its own.
type served struct {
	server   *http.Server
	listener *limitedListener
}

// isGone tells whether nobody finds what is listened on any more.
func (o *served) isGone() bool {
	l, ok := o.listener.Listener.(*socketListener)
	return ok && !l.isThere()
}

// A rendered answer is shared by all who asked for it at once.
type rendered struct {
	body []byte
	err  error
}

// New returns a Server that does not listen yet. more is what metrics are gathered
// from besides the status.
func New(p Process, more ...prometheus.Gatherer) (*Server, error) {
	s := &Server{process: p, open: map[string]*served{}}
	s.statuses.pressed, s.texts.pressed, s.pages.pressed = s.pressed, s.pressed, s.pressed
	metrics, err := newMetrics(s.gather, more)
	if err != nil {
		return nil, err
	}
	s.metrics = &metricsHandler{next: metrics, pressed: s.pressed}
	return s, nil
}

// pressed says whether connections were closed just now to make room for others.
func (s *Server) pressed() bool { return time.Since(time.Unix(0, s.closed.last.Load())) < staleness }

// A Config says where a Server listens.
type Config struct {
	Listen string   // TCP; "" = not
	Hosts  []string // names under which browsers may ask for pages, besides localhost and addresses
	Socket string   // path of the Unix socket; "" = none
}

// Serve listens as cfg says, in place of what it listened on before, and anew on a
// socket that somebody has taken away. Errors name the address; what could be opened
// is open.
func (s *Server) Serve(cfg Config) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cfg.Listen != "" {
		s.history.start(s.process.Status)
	} else {
		s.history.end() // nobody can look at the page
	}
	s.hosts, s.faults = cfg.Hosts, nil
	want := map[string][2]string{}
	for network, a := range map[string]string{"tcp": cfg.Listen, "unix": cfg.Socket} {
		if a != "" {
			want[network+" "+a] = [2]string{network, a}
		}
	}
	for key, o := range s.open {
		if _, stays := want[key]; !stays || o.isGone() {
			o.server.Close()
			delete(s.open, key)
		}
	}
	var errs []error
	for key, a := range want {
		if s.open[key] != nil {
			continue
		}
		if err := s.listen(key, a[0], a[1]); err != nil {
			errs = append(errs, err)
			s.faults = append(s.faults, err.Error())
		}
	}
	return errors.Join(errs...)
}

func (s *Server) listen(key, network, address string) error {
	l, err := listen(network, address)
	if err != nil {
		return fmt.Errorf("listen for status and metrics (admin.listen): %w", err)
	}
	h := s.handler(network == "unix")
	if network != "unix" {
		h = s.brief(withoutBody(h))
	}
	o := &served{NewHTTPServer(h, writeTimeout), limit(l, &s.closed)}
	s.open[key] = o
	go o.server.Serve(o.listener) //nolint:errcheck // it ends with Close, which has nothing to say
	return nil
}

func listen(network, address string) (net.Listener, error) {
	if network == "unix" {
		return listenUnix(address)
	}
	return listenTCP.Listen(context.Background(), network, address)
}

// listenTCP makes listeners whose connections need no further word with the
// kernel: each has deadlines, and buffers of the listener's size.
var listenTCP = net.ListenConfig{KeepAlive: -1, Control: func(_, _ string, raw syscall.RawConn) error {
	return raw.Control(func(fd uintptr) { // they are hints
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, socketBuffer)
		_ = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, socketBuffer)
	})
}}

// writeTimeout bounds an answer from its request on.
const writeTimeout = 10 * time.Second

// NewHTTPServer returns a server that no peer can hold on to for long; each
// answer may take at most write, 0 is no bound.
func NewHTTPServer(h http.Handler, write time.Duration) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: write,
		IdleTimeout: time.Minute, MaxHeaderBytes: 2 * mostUnanswered, // which comes first
		ConnState: noteState,
		ErrorLog:  log.New(io.Discard, "", 0), // what peers do wrong is no news
	}
}

// brief ends a connection with its first answer while others have to make room: who
// has had one makes way, and what else it has asked costs nothing.
func (s *Server) brief(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.pressed() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// withoutBody ends connections whose request has a body: none that is served over
// TCP has one, and http.Server would wait before it ends them itself.
func withoutBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength == 0 {
			next.ServeHTTP(w, r)
			return
		}
		if c, _, err := http.NewResponseController(w).Hijack(); err == nil {
			c.Close()
			return
		}
		http.Error(w, "a request without a body is wanted", http.StatusBadRequest)
	})
}

// Limit bounds the connections to l at once: see limitedListener.
func Limit(l net.Listener) net.Listener { return limit(l, new(closedCount)) }

// Close stops listening.
func (s *Server) Close() {
	_ = s.Serve(Config{}) // closing has no error to report
}

func (s *Server) handler(local bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics)
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /readyz", s.ready)
	page := func(h http.HandlerFunc) http.Handler { return CheckHost(s.names, func() { s.refused.Add(1) }, h) }
	if local { // no browser comes this way
		page = func(h http.HandlerFunc) http.Handler { return h }
	}
	mux.Handle("GET /status.json", page(s.status))
	mux.Handle("GET /{$}", page(s.page))
	if local { // only who may write into the state directory may change anything
		mux.HandleFunc("POST /replay", s.replay)
		mux.HandleFunc("POST /replay/dead-letters", s.replayDeadLetters)
	}
	return mux
}

func (s *Server) names() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hosts
}

// gather asks the process how it is, once for all who want to know at the time.
func (s *Server) gather() *pipeline.Status { return s.statuses.get(s.process.Status) }

// Status says how the Server itself is, for the process to add to its own.
func (s *Server) Status() *pipeline.AdminStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := &pipeline.AdminStatus{Closed: s.closed.n.Load(), Refused: s.refused.Load(), Fault: strings.Join(s.faults, "; ")}
	if last := s.closed.last.Load(); last != 0 {
		a.LastClosed = time.Unix(0, last).UTC()
	}
	for _, o := range s.open {
		a.Connections += o.listener.connections()
	}
	return a
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	reply(w, "application/json", s.texts.get(func() rendered {
		body, err := json.MarshalIndent(s.gather(), "", "  ")
		return rendered{append(plain.JSON(body), '\n'), err}
	}))
}

// reply writes an answer that was rendered.
func reply(w http.ResponseWriter, kind string, r rendered) {
	if r.err != nil {
		http.Error(w, r.err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Write(r.body) //nolint:errcheck // the client may be gone
}

// health says that the process is alive: it answers.
func (s *Server) health(w http.ResponseWriter, r *http.Request) { tell(w, r, "alive", nil) }

// ready says whether the process can take what is sent to it. The collector is
// no part of that: a gateway that left its Service whenever the collector is
// away would lose the UDP that it could have kept.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	tell(w, r, "ready", NotReady(s.gather()))
}

// tell answers whether something is so: 200 if there is no reason why not, else
// 503 with the reasons, as text or, if that is asked for, as JSON.
func tell(w http.ResponseWriter, r *http.Request, what string, reasons []string) {
	code := http.StatusOK
	if len(reasons) > 0 {
		code = http.StatusServiceUnavailable
	}
	if strings.Contains(r.Header.Get("Accept"), "application/json") || r.URL.Query().Has("json") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(map[string]any{what: len(reasons) == 0, "reasons": reasons}) // the client may be gone
		return
	}
	w.WriteHeader(code)
	if len(reasons) == 0 {
		fmt.Fprintln(w, "ok")
	}
	for _, reason := range reasons {
		fmt.Fprintln(w, plain.Text(reason))
	}
}

// NotReady lists why the process cannot take what is sent to it.
func NotReady(s *pipeline.Status) []string {
	reasons := []string{}
	if !s.Running {
		reasons = append(reasons, "not started: "+s.Fault)
	}
	if s.LogDirError != "" {
		reasons = append(reasons, "log directory: "+s.LogDirError)
	}
	if n := len(s.NotOpen()); s.Running && n > 0 {
		reasons = append(reasons, fmt.Sprintf("%d of %d listeners are open", len(s.Wanted)-n, len(s.Wanted)))
	}
	if s.Spool != nil && !s.Spool.FullSince.IsZero() {
		reasons = append(reasons, "the spool is full")
	}
	if s.Spool != nil && s.Spool.Fault != "" {
		reasons = append(reasons, "the spool cannot be written: "+s.Spool.Fault)
	}
	return reasons
}

func (s *Server) replay(w http.ResponseWriter, r *http.Request) {
	mayTakeLong(w)
	var request pipeline.Replay
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 64<<10)).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	result, err := s.process.Replay(r.Context(), request)
	answer(w, result, err)
}

// mayTakeLong takes the deadline off an answer that waits for the collector.
func mayTakeLong(w http.ResponseWriter) {
	_ = http.NewResponseController(w).SetWriteDeadline(time.Time{}) // only a recorder of a test has none
}

func (s *Server) replayDeadLetters(w http.ResponseWriter, r *http.Request) {
	mayTakeLong(w)
	result, err := s.process.ReplayDeadLetters(r.Context())
	answer(w, result, err)
}

func answer(w http.ResponseWriter, result any, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(result) // the client may be gone
}
