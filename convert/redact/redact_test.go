package redact

import (
	"bytes"
	"strings"
	"testing"
)

func mustNew(t testing.TB, cfg Config) *Redactor {
	t.Helper()
	cfg.Enabled = true
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAppend(t *testing.T) {
	r := mustNew(t, Config{})
	f := func(text, want string, n int) {
		t.Helper()
		got, count := r.Append(nil, []byte(text))
		if string(got) != want || count != n {
			t.Errorf("%s\n got %s (%d)\nwant %s (%d)", text, got, count, want, n)
		}
		if n > 0 && !r.Suspect([]byte(text)) {
			t.Errorf("%s: not suspected", text)
		}
		if again, count := r.Append(nil, got); !bytes.Equal(again, got) || count != 0 {
			t.Errorf("%s: masking twice gives %s", text, again)
		}
	}
	same := func(text string) { t.Helper(); f(text, text, 0) }

	// SDP, by itself and within JSON.
	f("a=ice-ufrag:Zq1/\r\na=ice-pwd:8pXk+f/3aLmq0\r\na=x", "a=ice-ufrag:Zq1/\r\na=ice-pwd:***\r\na=x", 1)
	f(`{"sdp":"v=0\r\na=ice-pwd:8pXk+f/3aLmq0\r\na=ice-pwd:b\r\n"}`, `{"sdp":"v=0\r\na=ice-pwd:***\r\na=ice-pwd:***\r\n"}`, 2)
	f(`{"icePwd":"abc","iceUfrag":"u"}`, `{"icePwd":"***","iceUfrag":"u"}`, 1)
	f(`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj|2^20|1:4`,
		`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:***|2^20|1:4`, 1)

	// Keys of JSON, on each level of strings within strings.
	f(`{"iceServers":[{"urls":["turn:1.2.3.4"],"username":"u","credential":"c\"r\\"}]}`, `{"iceServers":[{"urls":["turn:1.2.3.4"],"username":"u","credential":"***"}]}`, 1)
	f(`{"metadata":{"access_token":"a","refreshToken" : "b","client_secret":"c","passwd":"d"}}`,
		`{"metadata":{"access_token":"***","refreshToken" : "***","client_secret":"***","passwd":"***"}}`, 4)
	f(`{"json":"{\"token\":\"a\\\"b\",\"x\":1}"}`, `{"json":"{\"token\":\"***\",\"x\":1}"}`, 1)
	f(`{"json":"{\"in\":\"{\\\"password\\\":\\\"p\\\"}\"}","y":"z"}`, `{"json":"{\"in\":\"{\\\"password\\\":\\\"***\\\"}\"}","y":"z"}`, 1)
	f(`{"token":12345,"secret":-1.5e3}`, `{"token":"***","secret":"***"}`, 2)
	f(`{"Authorization":"Basic dXNlcjpw"}`, `{"Authorization":"***"}`, 1)

	same(`{"a":"password=","b":"c"}`)
	same(`{"h":"Authorization:"}`)

	// Headers, queries, free text.
	f("GET / HTTP/1.1\r\nAuthorization: Bearer abc.def\r\nHost: x", "GET / HTTP/1.1\r\nAuthorization: ***\r\nHost: x", 1)
	f(`{"h":"Proxy-Authorization: Digest username=\"a\", response=\"b\"\r\nVia: x"}`, `{"h":"Proxy-Authorization: ***\r\nVia: x"}`, 1)
	f("GET /x?access_token=abc&y=1", "GET /x?access_token=***&y=1", 1)
	f("password: hunter2 and more", "password: *** and more", 1)
	f(`token="abc def" rest`, `token="***" rest`, 1)
	f("token: 4f5a0b7c6d8e9f0a1b2c", "token: ***", 1)
	f("{'password': 'x y', 'a': 1}", "{'password': '***', 'a': 1}", 1)

	// Erlang terms.
	f(`#{password => <<"p,q">>,user => <<"u">>}`, `#{password => <<"***">>,user => <<"u">>}`, 1)
	f(`[{<<"authorization">>,<<"Basic eA==">>},{<<"host">>,<<"h">>}]`, `[{<<"authorization">>,<<"***">>},{<<"host">>,<<"h">>}]`, 1)
	f(`{token,<<1,2,3>>}`, `{token,<<***>>}`, 1)
	f(`{"msg":"X | reason=#{secret => <<\"s\">>,n => 1}"}`, `{"msg":"X | reason=#{secret => <<\"***\">>,n => 1}"}`, 1)

	// Tokens and URLs.
	f("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl now", "got *** now", 1)
	f(`{"url":"https://user:pass@auth.example.com/x"}`, `{"url":"https://***@auth.example.com/x"}`, 1)

	f("<password><![CDATA[a\nb]]></password> c", "<password><![CDATA[***]]></password> c", 1)
	f("<password><![CDATA[ab\nnext line", "<password><![CDATA[***\nnext line", 1)

	// JSON between other lines.
	f("token=x\n{\"token\":\"b\"}\npin=1 token=c", "token=***\n{\"token\":\"***\"}\npin=1 token=***", 3)

	// Everything else stays.
	same(`{"msg":"MISSING-WEBHOOK-BASIC-AUTH-PASSWORD | reason=undefined"}`)
	same(`{"token":"","secret":null,"password":true,"token_type":"x","secretary":"y"}`)
	same("the token expired; bad token: unexpected end; no secret here; password")
	same("https://example.com/a@b and sora@127.0.0.1 and http://[::1]:80/@")
	same("eyJ not a token, eyJhbGciOiJIUzI1NiJ9.short.x")
	same(`["token","name"]`)
	same(`Digits="1234" pin=77`)
	same(`webhook, walk, token`)
}

func TestPexip(t *testing.T) {
	r := mustNew(t, Config{}).ForPexip()
	for text, want := range map[string]string{
		`Message="DTMF" Digits="12#4" Role="guest"`:                  `Message="DTMF" Digits="***" Role="guest"`,
		`Digit="4" Pin="0000"`:                                       `Digit="***" Pin="***"`,
		`Detail="{\"pin\": \"1234\", \"x\": 1}"`:                     `Detail="{\"pin\": \"***\", \"x\": 1}"`,
		`Detail="INVITE x^MAuthorization: Digest a=\"b\"^MVia: SIP"`: `Detail="INVITE x^MAuthorization: ***^MVia: SIP"`,
		`Guest-Pin="1" host_pin="2" guestPin="3"`:                    `Guest-Pin="***" host_pin="***" guestPin="***"`,
		`Detail="POST /x^Mpin: 12^MHost: x"`:                         `Detail="POST /x^Mpin: ***^MHost: x"`,
		`Detail="wrong pin: 2 left"`:                                 `Detail="wrong pin: 2 left"`,
		`Detail="Authorization: Digest a="b", c="d"^MVia: SIP"`:      `Detail="Authorization: ***^MVia: SIP"`,
		`Detail="Authorization: Digest a="b", c="d"" K="v"`:          `Detail="Authorization: ***" K="v"`,
		`Detail="Authorization: Basic eDp5eg==" K="v"`:               `Detail="Authorization: ***" K="v"`,
		`Detail="Authorization: Digest a="cut`:                       `Detail="Authorization: ***`,
		`Detail="spin=1 mapping=2"`:                                  `Detail="spin=1 mapping=2"`,
		"Detail=\"{\n\"token\",\"x\"} kept\"":                        "Detail=\"{\n\"token\",\"***\"} kept\"", // what opens the tuple is in another line than its name
		"Digits=\"\n\" Message=\"kept\"":                             "Digits=\"\n\" Message=\"kept\"",        // the quotes of one value, and no string that goes on
	} {
		if got, _ := r.Append(nil, []byte(text)); string(got) != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
		if text != want && !r.Suspect([]byte(text)) {
			t.Errorf("%s: not suspected", text)
		}
	}
}

func TestPatterns(t *testing.T) {
	r := mustNew(t, Config{Patterns: []string{`card (\d{4})`, `EMP-\d+`}})
	got, n := r.Append([]byte("kept "), []byte("card 1234, EMP-9, token=x, card 5678"))
	if want := "kept card ***, ***, token=***, card ***"; string(got) != want || n != 4 {
		t.Errorf("got %s (%d), want %s", got, n, want)
	}
	if !r.Suspect([]byte("EMP-1")) {
		t.Error("a text that a pattern matches is not suspected")
	}
	if _, err := New(Config{Enabled: true, Patterns: []string{"("}}); err == nil {
		t.Error("a faulty pattern is accepted")
	}
}

// A part is suspected whenever the whole would be, wherever in it the secret is.
func TestSuspectPart(t *testing.T) {
	r := mustNew(t, Config{})
	for _, secret := range []string{"pwd:x", "passwd=x", "Password=x", "token=x", "Authorization: x", "secret=x", "credential=x", "a=crypto:1 inline:x",
		"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "a://b@c"} {
		for n := range 60 {
			part := []byte(strings.Repeat(".", n) + secret)
			if _, masked := r.Append(nil, part); masked != 1 {
				t.Fatalf("%s: %d secrets", part, masked)
			}
			if !r.SuspectPart(part) {
				t.Errorf("%s is not suspected", part)
			}
		}
	}
	for _, secret := range []string{"Digits=1", "pin=1", "PIN=1", "hostPin=1", "pwd:x", "token=x", "a=crypto:1 inline:x", "a://b@c"} {
		for n := range 60 {
			for _, part := range []string{strings.Repeat(".", n) + secret, secret + strings.Repeat(".", n)} {
				if !r.ForPexip().SuspectPart([]byte(part)) {
					t.Errorf("%s is not suspected", part)
				}
			}
		}
	}
	if r.SuspectPart([]byte("a message without anything of the kind: PONG-TIMEOUT")) {
		t.Error("a harmless text is suspected")
	}
	if !mustNew(t, Config{Patterns: []string{"x"}}).SuspectPart(nil) {
		t.Error("a pattern may match across parts, but the part is not suspected")
	}
}

func TestOff(t *testing.T) {
	if r, err := New(Config{}); r != nil || err != nil {
		t.Errorf("New without Enabled = %v, %v", r, err)
	}
	if (*Redactor)(nil).ForPexip() != nil {
		t.Error("off for Sora, and on for Pexip")
	}
}

func BenchmarkSuspect(b *testing.B) {
	r := mustNew(b, Config{})
	text := []byte(`{"channel_id":"lobby-7","connection_id":"8ZC5V2K4QH1PX30M7RNTEJ6W9A","domain":["sora","signaling"],"level":"error","msg":"PONG-TIMEOUT-ERROR | reason=<<\"WebSocket\">>","multistream":true,"node":"sora@10.20.30.40","role":"sendrecv","simulcast":false,"sora_version":"2025.1.3","spotlight":false,"timestamp":"2026-11-20T23:59:58.123456Z"}`)
	b.ReportAllocs()
	for b.Loop() {
		if r.Suspect(text) {
			b.Fatal("suspected")
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	r := mustNew(b, Config{})
	text := []byte(`{"timestamp":"2026-11-20T23:59:58.123456Z","type":"offer","sdp":"v=0\r\na=ice-ufrag:Zq1\r\na=ice-pwd:8pXk+f/3aLmq0\r\na=fingerprint:sha-256 00:11\r\n","config":{"iceServers":[{"credential":"abc","username":"u"}]}}`)
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		dst, _ = r.Append(dst[:0], text)
	}
}
