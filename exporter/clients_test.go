package exporter_test

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/rtcship/rtcship/exporter"
	"github.com/rtcship/rtcship/exporter/exportertest"
)

// Headers come with each request: fixed ones, and those of a file as it is at
// the moment.
func TestHeaders(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol string) {
		var mu sync.Mutex
		var seen []http.Header
		s := start(t, exportertest.Config{Take: func(r *exportertest.Request) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, r.Header)
		}})
		file := filepath.Join(t.TempDir(), "headers")
		write := func(content string) {
			if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write("# tokens\n\nAuthorization: Bearer one\n")
		e := open(t, exporter.Config{
			Endpoint: s.Endpoint(protocol), Protocol: protocol, Blocked: always, UserAgent: "rtcship/1.2.3",
			Headers: map[string]string{"X-Scope-OrgID": "tenant", "authorization": "none"}, HeadersFile: file,
		})
		g, _ := group("a", 1, 1)
		send := func(token string) {
			t.Helper()
			if err := e.Send(t.Context(), []exporter.Group{g}); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			defer mu.Unlock()
			h := seen[len(seen)-1]
			if h.Get("Authorization") != token || h.Get("X-Scope-Orgid") != "tenant" {
				t.Errorf("headers %v, want %q", h, token)
			}
			if !strings.HasPrefix(h.Get("User-Agent"), "rtcship/1.2.3") {
				t.Errorf("user agent %q", h.Get("User-Agent"))
			}
		}
		send("Bearer one")
		write("authorization:Bearer twenty-two\n")
		send("Bearer twenty-two")
	})
}

// A headers file that cannot be used is a fault of the configuration: nothing
// is lost while it lasts.
func TestHeadersFileTurnsBad(t *testing.T) {
	var got ledger
	s := start(t, exportertest.Config{Take: got.take})
	file := filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(file, []byte("a: b"), 0o600); err != nil {
		t.Fatal(err)
	}
	e := open(t, exporter.Config{Endpoint: s.Endpoint(exportertest.GRPC), Blocked: always, HeadersFile: file})
	if err := os.WriteFile(file, []byte("s3cret without a name"), 0o600); err != nil {
		t.Fatal(err)
	}
	g, uids := group("a", 1, 1)
	done := make(chan error, 1)
	go func() { done <- e.Send(t.Context(), []exporter.Group{g}) }()
	for e.Status().LastError == nil {
		time.Sleep(time.Millisecond)
	}
	if last := e.Status().LastError; !strings.Contains(last.Message, "line 1") || strings.Contains(last.Message, "s3cret") {
		t.Errorf("last error %+v", last)
	}
	if err := os.WriteFile(file, []byte("a: c"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || len(got.missing(uids)) > 0 {
		t.Errorf("error %v, missing %v", err, got.missing(uids))
	}
}

func TestPaths(t *testing.T) {
	for _, tt := range []struct {
		suffix string
		exact  bool
		want   string
	}{
		{"", false, "/v1/logs"},
		{"/otlp", false, "/otlp/v1/logs"},
		{"/ingest", true, "/ingest"},
	} {
		var path string
		s := start(t, exportertest.Config{Take: func(r *exportertest.Request) { path = r.Path }})
		e := open(t, exporter.Config{
			Endpoint: s.Endpoint(exportertest.HTTP) + tt.suffix, ExactPath: tt.exact, Protocol: exporter.ProtocolHTTP, Blocked: always,
		})
		g, _ := group("a", 1, 1)
		if err := e.Send(t.Context(), []exporter.Group{g}); err != nil || path != tt.want {
			t.Errorf("path %q, %v, want %q", path, err, tt.want)
		}
	}
}

func TestUnixSocket(t *testing.T) {
	eachProtocol(t, func(t *testing.T, protocol string) {
		var got ledger
		s := start(t, exportertest.Config{Take: got.take})
		socket := filepath.Join(t.TempDir(), "s")
		relay(t, "unix", socket, s.Addr(protocol))
		e := open(t, exporter.Config{Endpoint: "unix:" + socket, Protocol: protocol, Blocked: always})
		g, uids := group("a", 3, 1)
		if err := e.Send(t.Context(), []exporter.Group{g}); err != nil || len(got.missing(uids)) > 0 {
			t.Errorf("error %v, missing %v", err, got.missing(uids))
		}
	})
}

// relay forwards connections to a TCP address.
func relay(t *testing.T, network, addr, target string) net.Listener {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", target)
			if err != nil {
				in.Close()
				continue
			}
			all.Go(func() { _, _ = io.Copy(out, in); out.Close() })
			all.Go(func() { _, _ = io.Copy(in, out); in.Close() })
		}
	})
	t.Cleanup(func() { l.Close() }) // the connections end with the exporter
	return l
}

// Requests to a dns: target go over all its addresses in turn.
func TestRoundRobin(t *testing.T) {
	var got ledger
	first := start(t, exportertest.Config{HTTPListen: "-", Take: got.take})
	_, port, _ := net.SplitHostPort(first.Addr(exportertest.GRPC))
	second := start(t, exportertest.Config{GRPCListen: net.JoinHostPort("127.0.0.2", port), HTTPListen: "-", Take: got.take})
	e := open(t, exporter.Config{Endpoint: "dns://" + nameServer(t) + "/collector.test:" + port, Blocked: always})
	g, _ := group("a", 1, 1)
	for range 500 {
		if err := e.Send(t.Context(), []exporter.Group{g}); err != nil {
			t.Fatal(err)
		}
		if first.Connections() > 0 && second.Connections() > 0 {
			return
		}
	}
	t.Errorf("connections %d and %d", first.Connections(), second.Connections())
}

// nameServer answers every question for an IPv4 address with 127.0.0.1 and
// 127.0.0.2.
func nameServer(t *testing.T) string {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		buf := make([]byte, 4096)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer, err := answerName(buf[:n]); err == nil {
				_, _ = conn.WriteTo(answer, from)
			}
		}
	})
	t.Cleanup(func() {
		conn.Close()
		serving.Wait()
	})
	return conn.LocalAddr().String()
}

func answerName(question []byte) ([]byte, error) {
	var m dnsmessage.Message
	if err := m.Unpack(question); err != nil {
		return nil, err
	}
	m.Response, m.Additionals = true, nil
	for _, q := range m.Questions {
		if q.Type != dnsmessage.TypeA {
			continue
		}
		for _, last := range []byte{1, 2} {
			m.Answers = append(m.Answers, dnsmessage.Resource{
				Header: dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class, TTL: 1},
				Body:   &dnsmessage.AResource{A: [4]byte{127, 0, 0, last}},
			})
		}
	}
	return m.Pack()
}

// OTLP/HTTP honours the proxy variables, which net/http reads once in a
// process: so this one runs in another.
func TestProxy(t *testing.T) {
	if os.Getenv("EXPORTER_TEST_PROXY") != "" {
		e := open(t, exporter.Config{Endpoint: "http://collector.invalid:4318", Protocol: exporter.ProtocolHTTP, Blocked: always})
		g, _ := group("a", 1, 1)
		if err := e.Send(t.Context(), []exporter.Group{g}); err != nil {
			t.Fatal(err)
		}
		return
	}
	var got ledger
	s := start(t, exportertest.Config{Take: got.take})
	target, err := url.Parse(s.Endpoint(exportertest.HTTP))
	if err != nil {
		t.Fatal(err)
	}
	var asked string
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	proxy := &http.Server{ReadHeaderTimeout: time.Second, Handler: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		asked = r.In.URL.String()
		r.SetURL(target)
	}}}
	go func() { _ = proxy.Serve(l) }()
	defer proxy.Close()
	cmd := exec.Command(os.Args[0], "-test.run=^TestProxy$")
	cmd.Env = append(os.Environ(), "EXPORTER_TEST_PROXY=1", "HTTP_PROXY=http://"+l.Addr().String())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	if asked != "http://collector.invalid:4318/v1/logs" || len(got.times) != 1 {
		t.Errorf("asked for %q, got %v", asked, got.times)
	}
}

// OTLP/gRPC, and OTLP/HTTP to https://, go through a proxy by CONNECT. The
// collector's name is known to the proxy alone.
func TestConnectProxy(t *testing.T) {
	if endpoint := os.Getenv("EXPORTER_TEST_CONNECT"); endpoint != "" {
		e := open(t, exporter.Config{
			Endpoint: endpoint, Protocol: os.Getenv("EXPORTER_TEST_PROTOCOL"), Blocked: always,
			TLS: exporter.TLS{CAFile: os.Getenv("EXPORTER_TEST_CA")},
		})
		g, _ := group("a", 100, 1000)
		for range 3 {
			if err := e.Send(t.Context(), []exporter.Group{g}); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	ours := newAuthority(t, "ours")
	ca := filepath.Join(t.TempDir(), "ca.pem")
	writePEM(t, ca, "CERTIFICATE", ours.cert.Raw)
	for _, protocol := range protocols {
		for _, scheme := range []string{"http", "https"} {
			if protocol == exporter.ProtocolHTTP && scheme == "http" {
				continue // there is no CONNECT then: TestProxy
			}
			t.Run(protocol+" "+scheme, func(t *testing.T) {
				var got ledger
				cfg := exportertest.Config{Take: got.take}
				if scheme == "https" {
					cfg.TLS = &tls.Config{Certificates: []tls.Certificate{ours.issue(t, "collector.invalid")}}
				}
				p := newConnectProxy(t, start(t, cfg).Addr(protocol))
				cmd := exec.Command(os.Args[0], "-test.run=^TestConnectProxy$")
				cmd.Env = append(os.Environ(), "HTTPS_PROXY=http://ann:secret@"+p.Addr().String(),
					"EXPORTER_TEST_CONNECT="+scheme+"://collector.invalid:4317", "EXPORTER_TEST_PROTOCOL="+protocol, "EXPORTER_TEST_CA="+ca)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				p.mu.Lock()
				defer p.mu.Unlock()
				if len(got.times) != 100 || got.times["a/0"] != 3 {
					t.Errorf("%d records came, the first one %d times", len(got.times), got.times["a/0"])
				}
				if want := "CONNECT collector.invalid:4317 HTTP/1.1 ann:secret"; !slices.Equal(slices.Compact(p.asked), []string{want}) {
					t.Errorf("the proxy was asked for %q, want %q", p.asked, want)
				}
			})
		}
	}
}

// A connectProxy connects whoever asks, for whatever name, to one address.
type connectProxy struct {
	net.Listener
	target string

	mu    sync.Mutex
	asked []string
}

func newConnectProxy(t *testing.T, target string) *connectProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &connectProxy{Listener: l, target: target}
	server := &http.Server{Handler: p, ReadHeaderTimeout: 5 * time.Second}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { server.Close() })
	return p
}

func (p *connectProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	login := strings.TrimPrefix(r.Header.Get("Proxy-Authorization"), "Basic ")
	if plain, err := base64.StdEncoding.DecodeString(login); err == nil {
		login = string(plain)
	}
	p.asked = append(p.asked, strings.Join([]string{r.Method, r.RequestURI, r.Proto, login}, " "))
	p.mu.Unlock()
	if r.Method != http.MethodConnect {
		http.Error(w, "only CONNECT is known here", http.StatusMethodNotAllowed)
		return
	}
	out, err := net.Dial("tcp", p.target)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	defer out.Close()
	in, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer in.Close()
	_, _ = io.WriteString(in, "HTTP/1.1 200 Connection established\r\n\r\n")
	go func() {
		_, _ = io.Copy(out, buffered)
		out.Close()
	}()
	_, _ = io.Copy(in, out)
}
