package syslog

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestUnixSocketFile(t *testing.T) {
	for _, scheme := range []string{"unix", "unixgram"} {
		t.Run(scheme, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log.sock")
			listen := []string{scheme + "://" + path + "?mode=0640"}
			s, err := Listen(Config{Listen: listen}, &memory{})
			if err != nil {
				t.Fatal(err)
			}
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o640 {
				t.Errorf("mode %v", info.Mode())
			}
			if _, err := Listen(Config{Listen: listen}, &memory{}); !errors.Is(err, syscall.EADDRINUSE) {
				t.Errorf("a second server on the same socket: %v", err)
			}
			other := map[string]string{"unix": "unixgram", "unixgram": "unix"}[scheme]
			if _, err := Listen(Config{Listen: []string{other + "://" + path}}, &memory{}); !errors.Is(err, syscall.EADDRINUSE) {
				t.Errorf("another kind of server on the same socket: %v", err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the file is still there: %v", err)
			}
		})
	}
}

// abandon leaves a socket file behind, as a killed process does.
func abandon(t *testing.T, network, path string) {
	t.Helper()
	addr := &net.UnixAddr{Name: path, Net: network}
	if network == "unix" {
		l, err := net.ListenUnix(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		l.SetUnlinkOnClose(false)
		l.Close()
		return
	}
	c, err := net.ListenUnixgram(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestStaleSocketIsReplaced(t *testing.T) {
	for _, left := range []string{"unix", "unixgram"} {
		for _, scheme := range []string{"unix", "unixgram"} {
			path := filepath.Join(t.TempDir(), "log.sock")
			abandon(t, left, path)
			var sink memory
			s := serve(t, Config{Listen: []string{scheme + "://" + path}}, &sink)
			send(t, dial(t, s, 0), "hello\n")
			sink.wait(t, 1)
		}
	}
}

func TestOtherFileIsNotReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(path, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := path + ".link"
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{path, link} {
		if _, err := Listen(Config{Listen: []string{"unix://" + p}}, &memory{}); err == nil {
			t.Errorf("%s was taken for a socket", p)
		}
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "data" {
		t.Errorf("%q, %v", data, err)
	}
}

// A socket that somebody else has put in its place stays.
func TestForeignSocketStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.sock")
	s, err := Listen(Config{Listen: []string{"unixgram://" + path}}, &memory{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	abandon(t, "unixgram", path)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
}

func TestLongUnixDatagram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log.sock")
	var sink memory
	s := serve(t, Config{Listen: []string{"unixgram://" + path}}, &sink)
	c := dial(t, s, 0)
	text := make([]byte, 150_000)
	for i := range text {
		text[i] = 'x'
	}
	send(t, c, string(text))
	if e := sink.wait(t, 1)[0]; len(e.Text) != len(text) || e.Cut {
		t.Errorf("%d bytes, cut %v", len(e.Text), e.Cut)
	}
}

func TestParseEndpoint(t *testing.T) {
	for in, want := range map[string]string{
		"udp://0.0.0.0:514":          "udp://0.0.0.0:514",
		"udp://0.0.0.0":              "udp://0.0.0.0:514",
		"tcp://:1514":                "tcp://:1514",
		"tcp://[::]:514":             "tcp://[::]:514",
		"tls://[::1]":                "tls://[::1]:6514",
		"tls://localhost:0/":         "tls://localhost:0",
		"unix:///run/a.sock":         "unix:///run/a.sock",
		"unix:///a?mode=0600":        "unix:///a?mode=0600",
		"unixgram:///a b":            "unixgram:///a b",
		"unixgram:///a?mode=666":     "unixgram:///a",
		"udp://127.0.0.1:65536":      "",
		"udp://127.0.0.1:syslog":     "",
		"http://127.0.0.1:1":         "",
		"127.0.0.1:514":              "",
		"":                           "",
		"tcp://127.0.0.1:1/path":     "",
		"tcp://127.0.0.1:1?mode=1":   "",
		"tcp://user@127.0.0.1:1":     "",
		"unix://relative/path":       "",
		"unix://":                    "",
		"unix:///a?mode=999":         "",
		"unix:///a?owner=root":       "",
		"unix:///a?mode=06777777777": "",
	} {
		e, err := ParseEndpoint(in)
		if (err != nil) != (want == "") {
			t.Errorf("%q: error %v", in, err)
		}
		if err == nil && e.String() != want {
			t.Errorf("%q: %q, want %q", in, e.String(), want)
		}
	}
}
