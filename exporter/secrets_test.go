package exporter

import (
	"strings"
	"testing"
)

func TestMasker(t *testing.T) {
	m := newMasker(map[string]string{
		"authorization": "Bearer tok/en+1=", "x-api-key": "k\"7<", "x-tenant": "7", "proxy-authorization": "Basic YW5uOnMzY3JldCE=",
	}, []string{"p&ss word"})
	for text, want := range map[string]string{
		`bad token "Bearer tok/en+1="`:          `bad token "***"`,
		"bad token tok/en+1=, sorry":            "bad token ***, sorry",
		"token=tok%2Fen%2B1%3D&x":               "token=***&x",
		`{"k":"k\"7\u003c"}`:                    `{"k":"***"}`,
		"<b>k&#34;7&lt;</b>":                    "<b>***</b>",
		"login ann:s3cret! or s3cret!":          "login *** or ***",
		"Basic YW5uOnMzY3JldCE=":                "***",
		"tenant 7 of 77, x7":                    "tenant *** of 77, x7",
		"p%26ss+word p&ss%20word p&amp;ss word": "*** *** ***",
		"nothing of ours":                       "nothing of ours",
		"dG9rL2VuKzE9":                          "***",
	} {
		if got := m.mask(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// No error of New quotes what may be a secret.
func TestErrorsKeepSecrets(t *testing.T) {
	for _, endpoint := range []string{
		"https://ann:s3cret@", "https://ann:s3 cret@c:1", "https://ann:s3%zzcret@c", "ftp://ann:s3cret@c", "https://c:port?key=s3cret",
		"ann:s3cret@c", "dns://ann:s3cret@c/x", "s3cret://x", "http://c:1/\x01?s3cret",
	} {
		for _, protocol := range []string{ProtocolGRPC, ProtocolHTTP} {
			e, err := New(Config{Endpoint: endpoint, Protocol: protocol})
			if err == nil {
				e.Close(t.Context())
				continue
			}
			if text := err.Error(); strings.Contains(text, "cret") && !strings.HasPrefix(endpoint, "s3cret:") {
				t.Errorf("%q: %v", endpoint, err)
			}
		}
	}
	for name, value := range map[string]string{"authorization": "Bearer s3cret\nx", "authorization bearer s3cret": "", "a": "s3cretß"} {
		if _, err := New(Config{Headers: map[string]string{name: value}}); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
