package admin

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestHosts(t *testing.T) {
	s := newServer(t, busy())
	if err := s.Serve(Config{Hosts: []string{"rtcship.example.com", "GATEWAY", "dot.example."}}); err != nil {
		t.Fatal(err)
	}
	ours := []string{
		"localhost", "localhost:9464", "LocalHost:80", "localhost.", "localhost.:9464", "a.localhost", "a.localhost:1",
		"127.0.0.1", "127.0.0.1:9464", "127.9.9.9", "10.1.2.3:9464", "0.0.0.0", "[::1]", "[::1]:9464", "::1", "[fe80::1%25eth0]:9464", "[fe80::1%eth0]",
		"[2001:db8::5]:1", "rtcship.example.com", "RTCSHIP.example.com.:9464", "gateway:1", "gateway", "dot.example", "dot.example:80",
	}
	others := []string{
		"", ":9464", "evil.example.com", "evil.example.com:9464", "localhost.evil.example", "127.0.0.1.evil.example:9464", "evil-localhost",
		"xlocalhost", "rtcship.example.com.evil", "x.rtcship.example.com", "127.0.0.1@evil", "127.1", "0x7f.0.0.1", "2130706433", "localhost:80:80",
		"[::1].evil", "[localhost]x", ".", "localhost:evil", "gateway..",
	}
	ask := func(path, host string) int {
		r := httptest.NewRequest("GET", path, nil)
		r.Host = host
		w := httptest.NewRecorder()
		s.handler(false).ServeHTTP(w, r)
		return w.Code
	}
	for _, page := range []string{"/", "/status.json"} {
		for _, host := range ours {
			if code := ask(page, host); code != http.StatusOK {
				t.Errorf("%s of %q: %d", page, host, code)
			}
		}
		for _, host := range others {
			if code := ask(page, host); code != http.StatusForbidden {
				t.Errorf("%s of %q: %d", page, host, code)
			}
		}
	}
	for _, path := range []string{"/metrics", "/healthz", "/readyz"} {
		for _, host := range append(ours, others...) {
			if code := ask(path, host); code != http.StatusOK {
				t.Errorf("%s of %q: %d", path, host, code)
			}
		}
	}
	if n := s.Status().Refused; n != uint64(2*len(others)) {
		t.Errorf("%d refusals are counted, want %d", n, 2*len(others))
	}
	r := httptest.NewRequest("GET", "/status.json", nil)
	r.Host = "rtcship" // as the commands ask
	w := httptest.NewRecorder()
	if s.handler(true).ServeHTTP(w, r); w.Code != http.StatusOK {
		t.Errorf("the commands are refused: %d", w.Code)
	}
}
