package redact

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/internal/linear"
)

// shapes are texts that a masker may spend too much on.
var shapes = []string{
	"token=", "token='", `token="`, `token=\"`, `token=\\\"`, "token=[", "token=[[1,", "token={", "token=<<", `token=<<"`, "token=<<1,", `"token":`, `"token":[`, `{"token":`, `{"token":"`, `["token",`, `[[`, `[`, `{"a":`, "{\"a\":\n", "[\n", "{\"a\":1\n",
	"{token,", "{token,[", `{token,"`, `{<<"token">>,`, `<<"token">> => `, "token => ", "token => [", "token\n", "password\n =>\n", "token: ", "Authorization: ", "Authorization: Digest a=", `Authorization: a="`, "Authorization: a\n ", "Authorization: Bearer a, ", "Cookie: a=b; ", "X-Api-Key: ",
	"<password>", "<password ", "<a:password ", "&lt;password&gt;", "?code=", "&key=", "a&sig=", "?code=%3D", "%3Fcode%3D", "https://", "https://a", "https://a:", "https://a:b@", "sip:a:", "sip:a", "rtmp://", "rtmp://a/", "rtmp:\\/\\/a\\/", "eyJ", "eyJaaaaaaaaaaaaaaa.", "eyJhbGciOiJI.eyJhbGciOiJI.", "inline:", "crypto inline:",
	"inline:aaaaaaaaaaaaaaaaaaaa", "bearer ", "Bearer aB3456789", "basic  ", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----aaaaaaaaaaaaaaaaaaaaaaaa", `\`, `\\\"`, `"`, `'`, "`", "%", "%6", "%74oken", `\u0074`, `\u0074oken`, `\u0074oken=`, `\x74`, "\x1b[", "\x1b]", "\x1b", "\x1b[1mtoken=a", "^M", "^Mtoken: ", "token", "token ", "-token ",
	"--token a ", `"-token",`, "a_", "a.token", "key", "api_key=", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaakey=", "pin=", `Pin="`, `Pin="a" `, `Pin="a b="c`, `Detail="`, `a="`, `response="0123456789abcdef0123456789abcdef`, `"name":"token","value":`, `{"name":"token",`, `"token" value="`, `'token','`, "token='a\" ", `"password":"\\`,
	`password="\`, "token:a\n", "token=a,", "token=a ", "token=a&", "token->", "token:=", `"token": 1,`, `"token": [1,2],`, "{\"token\": [1,2]}\n", "{\"token\": \"a\"}\n", "{\"token\": \"a\"", "token=\n", "secret secret ", "password is ", "password must ", `password "`, `event_metadata => [`, `"event_metadata":{"a":`, "credentials: {a: [b, ", "%22token%22%3A%22", "&quot;token&quot;:&quot;", "Fragment-Number=\"2\" ", "Signal=1",
	`token="\u0022`, `\u0022token\u0022:\u0022`, "; token=", "(token=", "[token]", "token]=", "user[password]=", "user%5Bpassword%5D=",
	"code=", "code=a", "a\"\n \"", "'\n'", `\"\n`, `\u001b[`, "^[[", "token[", "token[0]=", "password: |\n", "password:\n a\n", "password:\n - a\n", "token: A(", "token=A(\"", "token => A.b(", "password=[]a{", `x["token"]=`, "<key>token</key><a>", "<token><a>", "<token><![CDATA[", "<token a", "<token v", `<a name="token">`, "token_value", "token1", "token\n,", "{ token ,",
	"token''", "'''", `"token","Bearer `, "AKIA", "#012token: ", "%2574oken%253D", `{"value":"a","name":"token"},`, "k=base64:a ",
}

// Twice the text costs at most 2.5 times as much, whatever it is made of.
func TestCost(t *testing.T) {
	runtime.LockOSThread() // its time is measured, whatever else the machine does
	defer runtime.UnlockOSThread()
	base := mustNew(t, Config{})
	for _, r := range []*Redactor{base.ForPexip(), base.ForFailures()} { // the latter has all names of the ordinary one
		for _, shape := range shapes {
			for _, prefix := range []string{"", `{"a":"`} {
				least := 9.9
				for try := 0; try < 12 && least > 2.5; try++ { // the garbage collector may interfere
					least = min(least, costs(r, prefix, shape, 1<<(12+try/3)))
				}
				if least > 2.5 {
					t.Errorf("%v %q: twice the text takes %.1f times as long", r.pexip, prefix+shape, least)
				}
			}
		}
	}
}

// costs is how many times as long twice the text takes.
func costs(r *Redactor, prefix, shape string, size int) float64 {
	half := []byte(prefix + strings.Repeat(shape, size/len(shape)))
	text := []byte(prefix + strings.Repeat(shape, 2*(size/len(shape))))
	var dst []byte
	took := func(text []byte) time.Duration {
		best := time.Hour
		for range 3 {
			start := linear.ThreadTime()
			dst, _ = r.Append(dst[:0], text)
			best = min(best, linear.ThreadTime()-start)
		}
		return best
	}
	took(text)
	return float64(took(text)) / float64(max(took(half), time.Microsecond))
}
