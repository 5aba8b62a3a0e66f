// Package admin shows how the process is: a page for people, metrics for
// Prometheus, health for Kubernetes, the ledger as JSON. Everything is made
// from one pipeline.Status when somebody asks, so nobody asking costs nothing.
package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/internal/pipeline"
	"github.com/rtcship/rtcship/tailer"
)

// Socket is the name of the Unix socket in the state directory on which the
// commands status and replay reach the running process.
const Socket = "admin.sock"

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

	mu   sync.Mutex
	open map[string]*http.Server // by "network address"
}

// New returns a Server that does not listen yet.
func New(p Process) (*Server, error) {
	s := &Server{process: p, open: map[string]*http.Server{}}
	var err error
	if s.metrics, err = newMetrics(p.Status); err != nil {
		return nil, err
	}
	return s, nil
}

// Serve listens on the TCP address and the Unix socket, each of which may be
// empty, in place of what it listened on before. Errors name the address;
// what could be opened is open.
func (s *Server) Serve(address, socket string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	want := map[string][2]string{}
	for network, a := range map[string]string{"tcp": address, "unix": socket} {
		if a != "" {
			want[network+" "+a] = [2]string{network, a}
		}
	}
	for key, server := range s.open {
		if _, stays := want[key]; !stays {
			server.Close()
			delete(s.open, key)
		}
	}
	var errs []error
	for key, a := range want {
		if s.open[key] == nil {
			errs = append(errs, s.listen(key, a[0], a[1]))
		}
	}
	return errors.Join(errs...)
}

func (s *Server) listen(key, network, address string) error {
	if network == "unix" {
		if err := removeStale(address); err != nil {
			return err
		}
	}
	l, err := net.Listen(network, address)
	if err != nil {
		return fmt.Errorf("listen for status and metrics (admin.listen): %w", err)
	}
	server := &http.Server{Handler: s.handler(network == "unix"), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute}
	s.open[key] = server
	go server.Serve(l) //nolint:errcheck // it ends with Close, which has nothing to say
	return nil
}

// removeStale removes a socket that a process left that is gone. With --stay
// the page is served before the state directory is locked, so there may be
// another process, which the commands would not find any more.
func removeStale(path string) error {
	if conn, err := net.DialTimeout("unix", path, time.Second); err == nil {
		conn.Close()
		return fmt.Errorf("%s is served by another process", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove old %s: %w", path, err)
	}
	return nil
}

// Close stops listening.
func (s *Server) Close() {
	_ = s.Serve("", "") // closing has no error to report
}

func (s *Server) handler(local bool) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.metrics)
	mux.HandleFunc("GET /status.json", s.status)
	mux.HandleFunc("GET /healthz", s.health)
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /{$}", s.page)
	if local { // only who may write into the state directory may change anything
		mux.HandleFunc("POST /replay", s.replay)
		mux.HandleFunc("POST /replay/dead-letters", s.replayDeadLetters)
	}
	return mux
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(s.process.Status()) // the client may be gone
}

// health says that the process is alive: it answers.
func (s *Server) health(w http.ResponseWriter, r *http.Request) { tell(w, r, "alive", nil) }

// ready says whether the process can take what is sent to it. The collector is
// no part of that: a gateway that left its Service whenever the collector is
// away would lose the UDP that it could have kept.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	tell(w, r, "ready", NotReady(s.process.Status()))
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
		fmt.Fprintln(w, reason)
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
	var request pipeline.Replay
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	result, err := s.process.Replay(r.Context(), request)
	answer(w, result, err)
}

func (s *Server) replayDeadLetters(w http.ResponseWriter, r *http.Request) {
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

// Client talks to the process that runs on a state directory.
func Client(stateDir string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", stateDir+"/"+Socket)
		},
	}}
}
