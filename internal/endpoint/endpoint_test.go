package endpoint

import (
	"errors"
	"net/url"
	"strings"
	"testing"
)

// flat is a Target whose URL can be compared.
type flat struct {
	Target
	url string
}

func TestParse(t *testing.T) {
	yes, no := true, false
	for _, tt := range []struct {
		in   Address
		want flat
	}{
		{Address{Text: "http://c:1"}, flat{Target: Target{Host: "c", Port: "1", Addr: "c:1"}}},
		{Address{Text: "http://c:1", TLS: true, Insecure: &no}, flat{Target: Target{Host: "c", Port: "1", Addr: "c:1"}}},
		{Address{Text: "https://c:1", Insecure: &yes}, flat{Target: Target{Host: "c", Port: "1", Addr: "c:1", Secure: true}}},
		{Address{Text: "http://c/"}, flat{Target: Target{Host: "c", Port: "80", Addr: "c:80"}}},
		{Address{Text: "https://u:p@c/ignored?x=y"}, flat{Target: Target{Host: "c", Port: "443", Addr: "c:443", Secure: true}}},
		{Address{Text: "https://[::1]:4317"}, flat{Target: Target{Host: "::1", Port: "4317", Addr: "[::1]:4317", Secure: true}}},

		{Address{Text: "c:1"}, flat{Target: Target{Host: "c", Port: "1", Addr: "c:1", PlainGuess: true}}},
		{Address{Text: "localhost:1"}, flat{Target: Target{Host: "localhost", Port: "1", Addr: "localhost:1"}}},
		{Address{Text: "127.0.0.2:1"}, flat{Target: Target{Host: "127.0.0.2", Port: "1", Addr: "127.0.0.2:1"}}},
		{Address{Text: "[::1]:1"}, flat{Target: Target{Host: "::1", Port: "1", Addr: "[::1]:1"}}},
		{Address{Text: "c:1", TLS: true}, flat{Target: Target{Host: "c", Port: "1", Addr: "c:1", Secure: true}}},
		{Address{Text: "c:1", TLS: true, Insecure: &yes}, flat{Target: Target{Host: "c", Port: "1", Addr: "c:1"}}},
		{Address{Text: "c:1", Insecure: &no}, flat{Target: Target{Host: "c", Port: "1", Addr: "c:1", Secure: true}}},
		{Address{Text: "dns:4317"}, flat{Target: Target{Host: "dns", Port: "4317", Addr: "dns:4317", PlainGuess: true}}},

		{Address{Text: "dns:///c:1"}, flat{Target: Target{Addr: "dns:///c:1", RoundRobin: true, PlainGuess: true}}},
		{Address{Text: "dns:///c:1", TLS: true}, flat{Target: Target{Addr: "dns:///c:1", RoundRobin: true, Secure: true}}},
		{Address{Text: "unix:/run/a@x.sock"}, flat{Target: Target{Addr: "unix:/run/a@x.sock"}}},
		{Address{Text: "unix:///run/x.sock", HTTP: true}, flat{Target{Addr: "unix:///run/x.sock", Socket: "/run/x.sock"}, "http://localhost/v1/logs"}},
		{Address{Text: "unix:x.sock", HTTP: true}, flat{Target{Addr: "unix:x.sock", Socket: "x.sock"}, "http://localhost/v1/logs"}},
		{Address{Text: "unix-abstract:x", HTTP: true}, flat{Target{Addr: "unix-abstract:x", Socket: "@x"}, "http://localhost/v1/logs"}},

		{Address{Text: "http://c:1", HTTP: true}, flat{Target{Host: "c", Port: "1"}, "http://c:1/v1/logs"}},
		{Address{Text: "http://loki/otlp/", HTTP: true}, flat{Target{Host: "loki", Port: "80"}, "http://loki/otlp/v1/logs"}},
		{Address{Text: "https://c/otlp/v1/logs", HTTP: true}, flat{Target{Host: "c", Port: "443", Secure: true}, "https://c/otlp/v1/logs"}},
		{Address{Text: "https://u:p@c/in?x=y", HTTP: true, ExactPath: true}, flat{Target{Host: "c", Port: "443", Secure: true}, "https://u:p@c/in?x=y"}},
		{Address{Text: "http://c", HTTP: true, ExactPath: true}, flat{Target{Host: "c", Port: "80"}, "http://c/"}},
		{Address{Text: "c:1", HTTP: true, TLS: true}, flat{Target{Host: "c", Port: "1", Addr: "c:1", Secure: true}, "https://c:1/v1/logs"}},
	} {
		got, err := Parse(tt.in)
		f := flat{Target: got}
		if got.URL != nil {
			f.url = got.URL.String()
		}
		f.URL = (*url.URL)(nil)
		if err != nil || f != tt.want {
			t.Errorf("%q: %+v, %v, want %+v", tt.in.Text, f, err, tt.want)
		}
	}
}

// broken are addresses that cannot be used, each with a secret in it.
var broken = []string{
	"s3cret", "s3cret:", "http://", "http://user:s3cret@", "http://u:s3cret w@c:1", "http://u:s3cret@c:port", "http://u:s3/cret@c:1",
	"http://u:s3%zzcret@c:1", "http://u:s3cret@[::1", "ftp://u:s3cret@c", "u:s3cret@c:4317", "s3cret@c:4317", "dns:///u:s3cret@c:1",
	"http://c:1\x7fs3cret", "://s3cret", "http:/u:s3cret@c", "c:4317?token=s3cret", "c:4317/s3cret",
}

func TestNamesNeedAPort(t *testing.T) {
	for _, text := range []string{
		"dns:///c", "dns:///c.monitoring.svc", "dns://c:4317", "dns://c", "dns://", "dns:///", "dns:///:4317", "dns:///c:", "dns:///c:otlp",
		"dns:///c:0", "dns:///c:70000", "dns:///c:4317/", "dns:///c:4317/v1/logs", "dns://10.0.0.10/c", "dns:////c:4317", "dns:///2001:db8::1:4317",
	} {
		if _, err := Parse(Address{Text: text}); !errors.Is(err, errName) {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, text := range []string{"dns:///c:4317", "dns:///c.monitoring.svc.cluster.local.:4317", "dns://10.0.0.10/c:4317", "dns://10.0.0.10:5353/c:4317", "dns:///[2001:db8::1]:4317"} {
		if _, err := Parse(Address{Text: text}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestErrorsQuoteNothing(t *testing.T) {
	for _, text := range broken {
		for _, overHTTP := range []bool{false, true} {
			_, err := Parse(Address{Text: text, HTTP: overHTTP})
			if err == nil {
				t.Errorf("%q is taken", text)
				continue
			}
			for _, part := range []string{"s3", "cret", "user"} {
				if strings.Contains(strings.ReplaceAll(strings.ReplaceAll(err.Error(), "user name", ""), "user:password", ""), part) {
					t.Errorf("%q: %v", text, err)
				}
			}
		}
	}
}

func TestMask(t *testing.T) {
	for in, want := range map[string]string{
		"":                               "",
		"http://c:4317":                  "http://c:4317",
		"http://c:4317/otlp":             "http://c:4317/otlp",
		"http://user:pw@c:4317/otlp":     "http://****@c:4317/otlp",
		"http://token@c:4317":            "http://****@c:4317",
		"https://u:p@c/x?token=1#f":      "https://****@c/x?****",
		"https://c/x?":                   "https://c/x?",
		"https://c/x?mail=a@b":           "https://c/x?****",
		"https://c/x#f":                  "https://c/x#****",
		"http://u:p/q@c:1/x":             "http://****@c:1/x",
		"http://u:12/34@c:1/x":           "http://****@c:1/x",
		"http://u:12?34@c:1/x":           "http://****@c:1/x",
		"http://u:12#34@c:1/x":           "http://****@c:1/x",
		"http://u:p@q@c:1/x":             "http://****@c:1/x",
		"http://u:p w@c:port":            "http://****@c:port",
		"u:p@c:1":                        "****@c:1",
		"c:4317?token=x":                 "c:4317?****",
		"dns:///u:p@c:1":                 "dns://****@c:1",
		"unix:/run/a@b.sock":             "unix:/run/a@b.sock",
		"socks5://u:p@proxy:1080":        "socks5://****@proxy:1080",
		"HTTP://u:p@C":                   "HTTP://****@C",
		"s3cret words://u:p@c":           "****@c",
		"http://[fe80::1%25eth0]:4317/a": "http://[fe80::1%25eth0]:4317/a",
	} {
		if got := Mask(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestScrub(t *testing.T) {
	for in, want := range map[string]string{
		"connection refused": "connection refused",
		"a@b is no host":     "a@b is no host",
		`proxyconnect: invalid proxy address "http://u:s3cret@p:x": parse "http://u:s3cret@p:x": invalid port ":x" after host`: "proxyconnect: invalid proxy address: see HTTP_PROXY, HTTPS_PROXY",
		`Post "http://u:s3cret@c:1/v1/logs?key=s3cret": EOF`:                                                                   `Post "http://****@c:1/v1/logs?****": EOF`,
	} {
		if got := Scrub(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
