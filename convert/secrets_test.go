package convert

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/convert/redact"
	"github.com/rtcship/rtcship/tailer/entry"
)

// secretNames are keys that announce a secret wherever they stand.
var secretNames = []string{
	"password", "passwd", "passphrase", "passcode", "db_password", "userPassword", "secret", "client_secret", "token", "access_token", "refreshToken", "api_key", "apiKey", "x-api-key", "X-Goog-Api-Key",
	"signaling_key", "secret_key", "aws_secret_access_key", "private_key", "stream_key", "credential", "credentials", "authorization", "Authorization", "Proxy-Authorization", "cookie", "Cookie", "Set-Cookie", "TOKEN", "PASSWORD", "API_KEY", "icePwd",
}

// secretForms are ways of writing a name (N) with its value (V), and what is
// around them.
var secretForms = []string{
	`"N":"V"`, `"N" : "V"`, `"N":["V"]`, `"N":{"a":"V","b":["V"]}`, "\"N\":\n  \"V\"", `'N': 'V'`, `u'N': u'V'`, `b'N': b'V'`, `'N': ['V', 'V']`, `'N': ('V',)`, `("N", "V")`, `[["N","V"]]`, `{"name":"N","value":"V"}`,
	`<<"N">> => <<"V">>`, "<<\"N\">> =>\n   <<\"V\">>", `{<<"N">>,<<"V">>}`, "{<<\"N\">>,\n <<\"V\">>}", `{"N","V"}`, `{<<"N">>,[<<"V">>]}`, "{<<\"N\">>,<<\"aa\"\n  \"V\">>}", `#{<<"N"/utf8>> => <<"V"/utf8>>}`, `{'N',"V"}`, `'N' => "V"`,
	"\r\nN: Bearer V\r\n", "\r\nN: Digest a=\"b\",\r\n c=\"V\"\r\n", "?N=V&a=b", "?a=b&N=V ", "?a=b%26N%3DV%26c", "<N>V</N>", `<N a="b">V</N>`, "&lt;N&gt;V&lt;/N&gt;", `N="V"`, "N='V'", `N=V `,
}

// around are lines that hold a form (FORM): of each source, and of each kind of log.
var around = []struct{ source, log, line string }{
	{"sora", "sora", `2026-01-01T00:00:00Z [info] x | reason=FORM`}, {"sora", "sora", `free text FORM and more`}, {"sora", "sora", `{"msg":J,"level":"info"}`}, {"sora", "auth_webhook", `{"req":{"body":J},"res":J}`}, {"sora", "event_webhook_error", `{"req":{"event_metadata":J},"reason":J}`},
	{"sora", "crash", "=CRASH REPORT==== 3-Feb-2026::04:05:06 ===\n  crasher:\n    exception exit: FORM"}, {"sora", "erlang", "\x1b[1mFORM\x1b[0m"}, {"sora", "erl_crash", "=erl_crash_dump:0.5\nx\nSlogan: FORM"}, {"sora", "sora", `{"msg":JJ}`},
	{"pexip", "", `2026-05-06T08:08:09.402+00:00 node1 2026-05-06 08:08:09,337 Level="INFO" Name="support.rest" Message="m" Detail="FORM" X="y"`}, {"pexip", "", `2026-05-06T08:08:09.402+00:00 node1 2026-05-06 08:08:09,337 Level="INFO" Name="support.rest" Message="m" Detail=J X="y"`},
}

// lineWith makes a line of a form.
func lineWith(line, form string) string {
	quoted := func(s string) string {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if e.Encode(s) != nil {
			return `""`
		}
		return strings.TrimSuffix(b.String(), "\n")
	}
	once := quoted(form)
	return strings.NewReplacer("JJ", quoted(`{"in":`+once+`}`), "J", once, "FORM", form).Replace(line)
}

// No secret gets into a record, whatever its name, the form it is written in,
// and the line that it is in.
func TestNoSecretLeaves(t *testing.T) {
	c := newConverter(t, Config{Redact: redact.Config{Enabled: true}})
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for _, a := range around {
		for _, form := range secretForms {
			for _, name := range secretNames {
				if strings.ContainsAny(name, "-") && (strings.HasPrefix(form, "N") || strings.HasPrefix(form, "<N")) && a.source == "pexip" {
					continue // no name of a pair
				}
				secret := fmt.Sprintf("q%dZ%x", rnd.IntN(1e6), rnd.Uint64())
				leaks(t, c, a.source, a.log, lineWith(a.line, strings.NewReplacer("N", name, "V", secret).Replace(form)), secret)
			}
		}
	}
}

func leaks(t *testing.T, c *Converter, source, log, line, secret string) {
	t.Helper()
	var out Output
	o := origin()
	o.Source, o.Log = source, log
	c.Convert(entry.Batch{Origin: o, Entries: []entry.Entry{{Text: []byte(line), Observed: observed}}}, &out)
	for _, g := range out.Groups {
		if bytes.Contains(g.Records, []byte(secret)) {
			t.Errorf("%s %s: %q leaks", source, log, line)
		}
	}
	if out.Counts.Redacted == 0 {
		t.Errorf("%s %s: %q: nothing is counted", source, log, line)
	}
}
