// Package redacttest makes lines with secrets: each name in each form in each place,
// so that a test can look for what must be nowhere.
package redacttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
)

// Names are keys that announce a secret wherever they stand.
var Names = []string{
	"password", "passwd", "passphrase", "passcode", "db_password", "userPassword", "secret", "client_secret", "token", "access_token", "refreshToken", "api_key", "apiKey", "x-api-key", "X-Goog-Api-Key",
	"signaling_key", "secret_key", "aws_secret_access_key", "private_key", "stream_key", "credential", "credentials", "authorization", "Authorization", "Proxy-Authorization", "cookie", "Cookie", "Set-Cookie", "TOKEN", "PASSWORD", "API_KEY", "icePwd",
}

// Forms are ways of writing a name (N) with its value (V), and what is around
// them. C is the name in codes, as Erlang prints it.
var Forms = []string{
	`"N":"V"`, `"N" : "V"`, `"N":["V"]`, `"N":{"a":"V","b":["V"]}`, "\"N\":\n  \"V\"", `'N': 'V'`, `u'N': u'V'`, `b'N': b'V'`, `'N': ['V', 'V']`, `'N': ('V',)`, `("N", "V")`, `[["N","V"]]`, `{"name":"N","value":"V"}`,
	`<<"N">> => <<"V">>`, "<<\"N\">> =>\n   <<\"V\">>", `{<<"N">>,<<"V">>}`, "{<<\"N\">>,\n <<\"V\">>}", `{"N","V"}`, `{<<"N">>,[<<"V">>]}`, "{<<\"N\">>,<<\"aa\"\n  \"V\">>}", `#{<<"N"/utf8>> => <<"V"/utf8>>}`, `{'N',"V"}`, `'N' => "V"`,
	"\r\nN: Bearer V\r\n", "\r\nN: Digest a=\"b\",\r\n c=\"V\"\r\n", "?N=V&a=b", "?a=b&N=V ", "?a=b%26N%3DV%26c", "<N>V</N>", `<N a="b">V</N>`, "&lt;N&gt;V&lt;/N&gt;", `N="V"`, "N='V'", `N=V `,
	`#{<<C>> => <<"V">>}`, `{<<C>>,<<"V">>}`, `{[C],"V"}`, `{"value":"V","name":"N"}`, `<param value="V" name="N"/>`, `["N", "V"]`, `{name,<<"N">>},{value,<<"V">>}`,
}

// A Place is a line that holds a form (FORM), one with the form as a string of JSON (J),
// or as a string of JSON within such a one (JJ).
type Place struct {
	Source, Log string // as of an entry's origin
	File        string // that such lines stand in
	Line        string
}

// Places are of each source, and of each kind of log.
var Places = []Place{
	{"sora", "sora", "sora.log", `2026-01-01T00:00:00Z [info] x | reason=FORM`}, {"sora", "sora", "sora.log.1", `free text FORM and more`}, {"sora", "sora", "sora.jsonl", `{"msg":J,"level":"info"}`},
	{"sora", "auth_webhook", "auth_webhook.jsonl", `{"req":{"body":J},"res":J}`}, {"sora", "event_webhook_error", "event_webhook_error.jsonl", `{"req":{"event_metadata":J},"reason":J}`},
	{"sora", "crash", "crash.log", "=CRASH REPORT==== 3-Feb-2026::04:05:06 ===\n  crasher:\n    exception exit: FORM"}, {"sora", "erlang", "erlang.log.1", "\x1b[1mFORM\x1b[0m"}, {"sora", "erl_crash", "erl_crash.dump", "=erl_crash_dump:0.5\nx\nSlogan: FORM"}, {"sora", "sora", "sora.jsonl.1", `{"msg":JJ}`},
	{"pexip", "", "", `2026-05-06T08:08:09.402+00:00 node1 2026-05-06 08:08:09,337 Level="INFO" Name="support.rest" Message="m" Detail="FORM" X="y"`}, {"pexip", "", "", `2026-05-06T08:08:09.402+00:00 node1 2026-05-06 08:08:09,337 Level="INFO" Name="support.rest" Message="m" Detail=J X="y"`},
}

// Fits tells whether a name can be written so: a pair of Pexip's has no hyphen.
func (p Place) Fits(form, name string) bool {
	return p.Source != "pexip" || !strings.Contains(name, "-") || !strings.HasPrefix(form, "N") && !strings.HasPrefix(form, "<N")
}

// With is the place's line with a name and its secret.
func (p Place) With(form, name, secret string) string {
	var codes []string
	for _, c := range []byte(name) {
		codes = append(codes, fmt.Sprint(c))
	}
	form = strings.NewReplacer("N", name, "V", secret, "C", strings.Join(codes, ",")).Replace(form)
	once := quoted(form)
	return strings.NewReplacer("JJ", quoted(`{"in":`+once+`}`), "J", once, "FORM", form).Replace(p.Line)
}

func quoted(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if e.Encode(s) != nil {
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// Secret is a random secret that begins with mark.
func Secret(rnd *rand.Rand, mark string) string {
	return fmt.Sprintf("%s%dZ%x", mark, rnd.IntN(1e6), rnd.Uint64())
}

// Each calls f with every line there is, each with a secret of its own that begins
// with mark.
func Each(rnd *rand.Rand, mark string, f func(p Place, line, secret string)) {
	for _, p := range Places {
		for _, form := range Forms {
			for _, name := range Names {
				if p.Fits(form, name) {
					secret := Secret(rnd, mark)
					f(p, p.With(form, name, secret), secret)
				}
			}
		}
	}
}
