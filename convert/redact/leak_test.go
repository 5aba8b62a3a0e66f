package redact

import (
	"slices"
	"strings"
	"testing"
)

// disguises are ways in which a secret may stand in a line. Each holds the
// secret as S3CR and what must stay as kept. Those of Pexip's lines only are in
// pexipDisguises.
var disguises = []string{
	// JSON.
	`{"kept":{"metadata":{"signaling_key":"S3CR","api_key":"S3CR","secret_key":"S3CR","aws_secret_access_key":"S3CR","cookie":"sid=S3CR","passcode":"S3CR","pin":"S3CR"}},"kept":1}`,
	`{"req":{"metadata":{"password":["S3CR"],"authorization":["Bearer S3CR"]}},"kept":1}`,
	`{"TOKEN":"S3CR","kept":1}`, `{"Api-Key":"S3CR","kept":1}`, `{"apiKey":"S3CR","kept":1}`, `{"APIKEY":"S3CR","kept":1}`, `{"api.key":"S3CR","kept":1}`, `{"x":{"PRIVATE_KEY":"S3CR"},"kept":1}`,
	`{"\u0074oken":"S3CR","kept":1}`, `{"to\u006ben":"S3CR","kept":1}`, `{"\u0070\u0061\u0073\u0073\u0077\u006f\u0072\u0064":"S3CR","kept":1}`, `{"toke\u006e":"S3CR","kept":1}`, `{"\u0054OKEN":"S3CR","kept":1}`,
	"{\"token\" :\n\t\"S3CR\",\"kept\":1}", "{\"token\":\r\n \"S3CR\",\"kept\":1}", `{"token"     :     "S3CR","kept":1}`,
	`{"token":{"value":"S3CR","n":["S3CR",{"deep":"S3CR"}]},"kept":1}`, `{"credentials":{"kept":"S3CR","pass":"S3CR"},"kept":1}`, `{"secrets":[["S3CR"],["S3CR"]],"kept":1}`,
	`{"pre":"{token","password":"S3CR","kept":1}`, `{"a":"token","password":"S3CR","kept":1}`,
	`{"json":"{\"token\":\"S3CR\",\"kept\":1}"}`, `{"json":"{\"token\" : \"S3CR\",\"kept\":1}"}`, `{"json":"{\"token\":\n  \"S3CR\",\"kept\":1}"}`, `{"json":"{\"token\":[\"S3CR\",\"S3CR\"],\"kept\":1}"}`,
	`{"json":"{\"token\":{\"a\":\"S3CR\"},\"kept\":1}"}`, `{"a":"{\"b\":\"{\\\"token\\\":\\\"S3CR\\\",\\\"kept\\\":1}\"}"}`, `{"a":"{\"b\":\"{\\\"c\\\":\\\"{\\\\\\\"token\\\\\\\":\\\\\\\"S3CR\\\\\\\",\\\\\\\"kept\\\\\\\":1}\\\"}\"}"}`,
	`{"a":"{\"b\":\"{\\\"token\\\":[\\\"S3CR\\\"],\\\"kept\\\":1}\"}"}`, `{"json":"{\"to\\u006ben\":\"S3CR\",\"kept\":1}"}`, `{"json":"{\u0022token\u0022:\u0022S3CR\u0022,\u0022kept\u0022:1}"}`,
	`{"headers":[{"name":"Authorization","value":"Bearer S3CR"},{"name":"kept","value":"kept"}]}`, `{"headers":[["authorization","Bearer S3CR"],["kept","kept"]]}`, `{"h":{"Set-Cookie":["a=S3CR; Path=/","b=S3CR"]},"kept":1}`,
	`{"access_token":"S3CR","refreshToken":"S3CR","idToken":"S3CR","client_secret":"S3CR","kept":1}`, `{"msg":"x password=S3CR, kept"}`, `{"msg":"x password='S3CR and', kept"}`, `{"msg":"x password=\"S3CR and\", kept"}`,
	`{"Auth token":"S3CR","kept":1}`, `{"user password":"S3CR","kept":1}`, `{"db/password":"S3CR","kept":1}`, `{"x:token":"S3CR","kept":1}`, `{"cut":"kept","password":"S3CR`, `{"cut":"kept","password":"S3CR and more`, `{"cut":"kept","password": "S3CR\"x`,
	`{"stream_key":"S3CR","private_key":"S3CR","sharedKey":"S3CR","AccountKey":"S3CR","encryption-key":"S3CR","kept":1}`, `{"pass":"S3CR","kept":1}`, `{"pincode":"S3CR","guest_pin":"S3CR","hostPin":"S3CR","kept":1}`,
	`{"passphrase":"S3CR","user_credentials":"S3CR","jwt_token":"S3CR","kept":1}`, `{"a":[{"token":"S3CR"},{"kept":1}]}`, `[{"token":"S3CR"},"kept"]`, `  {"token":"S3CR","kept":1}`,
	`{"token":"S3CR\"S3CR\\","kept":1}`, `{"token":"a\nS3CR","kept":1}`, `{"token":"\u00e4S3CR","kept":1}`, `kept {"token":"S3CR"} kept`, `kept: {"token":["S3CR"]} kept`, `kept: {"pin":"S3CR"} kept`,

	// Python.
	`{u'pin': u'S3CR', u'token': u'S3CR', u'password': u'S3CR', u'kept': 1}`, `{b'token': b'S3CR', b'kept': 1}`, `{'password': 'S3CR', 'kept': 1}`, `{'password': r'S3CR', 'kept': 1}`, `{"password": Rb"S3CR", "kept": 1}`,
	`{'password': ['S3CR', 'S3CR'], 'kept': 1}`, `{'password': ('S3CR', u'S3CR'), 'kept': 1}`, `{'password': {'x': 'S3CR'}, 'kept': 1}`, `{'password': "it's S3CR", 'kept': 1}`, `{'password': 'S3CR "x" S3CR', 'kept': 1}`, `{'token': 'it\'s S3CR', 'kept': 1}`,
	`[('authorization', 'Bearer S3CR'), ('kept', 'kept')]`, `[(b'authorization', b'Bearer S3CR'), (b'kept', b'kept')]`, `OrderedDict([('password', 'S3CR'), ('kept', 1)])`, `Namespace(password='S3CR', kept=1)`, `Config(api_key='S3CR', kept=True)`, `{'headers': {'Cookie': 'a=S3CR; b=S3CR'}, 'kept': 1}`,
	`{"msg":"{u'token': u'S3CR', u'kept': 1}"}`, "{'token':\n  'S3CR', 'kept': 1}", `password=u'S3CR' kept`,

	// Erlang.
	`{"level":"error","msg":"Ranch listener x #{headers => #{<<\"cookie\">> => <<\"sid=S3CR\">>,<<\"x-api-key\">> => <<\"S3CR\">>,<<\"kept\">> => 1}}"}`,
	"password =>\n   <<\"S3CR\">>, kept => 1", "{password,\n <<\"S3CR\">>} kept", "#{password => <<\"aa\"\n  \"S3CR\">>,kept => 1}", `{password,[<<"S3CR">>]} kept`, `{password,[<<"aa">>,<<"S3CR">>]},kept`, `{password,[["a",<<"S3CR">>]|<<"S3CR">>]},kept`,
	`{token,"S3CR"} kept`, `{"token","S3CR"} kept`, `{<<"token">>,<<"S3CR">>} kept`, `{<<"token">>,<<"S3CR"/utf8>>} kept`, `{<<"token"/utf8>>,<<"S3CR"/utf8>>} kept`, `#{<<"token"/utf8>> => <<"S3CR"/utf8>>,<<"kept">> => 1}`, `#{<<"token">> := <<"S3CR">>,kept => 1}`,
	`#{token => "S3CR",kept => 1}`, `#{token=>"S3CR",kept => 1}`, `#{token => [<<"S3CR">>],kept => 1}`, `#{'token' => 'S3CR',kept => 1}`, `#{credentials => #{user => <<"S3CR">>},kept => 1}`, `{"msg":"#{password =>\n   <<\"S3CR\">>,kept => 1}"}`,
	`{"msg":"{password,\n <<\"S3CR\">>} kept"}`, `{"msg":"#{password => <<\"aa\"\n  \"S3CR\">>,kept => 1}"}`, `{"msg":"{password,[<<\"S3CR\">>]} kept"}`, `{"msg":"[{<<\"authorization\">>,<<\"Basic S3CR\">>},{<<\"kept\">>,1}]"}`,
	`[{<<"cookie">>,<<"sid=S3CR">>},{<<"kept">>,1}]`, `#state{password = <<"S3CR">>,kept = 1}`, `#state{password = "S3CR",kept = 1}`, `[{password,"aa"
            "S3CR"},{kept,1}]`, `{'authorization',"Bearer S3CR"},kept`, `{<<"x-api-key">>,<<"S3CR">>},kept`, `{<<"pin">>,<<"S3CR">>},kept`,
	`[{auth,{basic,"kept"}},{password,{secret,"S3CR"}}]`, `beam.smp -sname kept -setcookie S3CR -config kept`, `["-setcookie","S3CR","kept"]`, `{setcookie,["S3CR"]},kept`, `#{cookie => <<"a=S3CR; b=S3CR">>,kept => 1}`, `{token,"S3CR\"S3CR"},kept`,
	"=ERROR REPORT====\n** State = #{password => <<\"S3CR\">>}\n** kept", "  #{<<\"token\">> =>\n        <<\"S3CR\">>,\n    kept => 1}",

	// Headers.
	"Cookie: sid=S3CR; b=S3CR\r\nkept: 1", "Set-Cookie: sid=S3CR; Path=/\r\nkept: 1", "X-Goog-Api-Key: S3CR\r\nkept: 1", "X-Api-Key: S3CR\nkept: 1", "x-api-key: S3CR\nkept: 1", "Authorization: Bearer S3CR\nkept: 1", "authorization: bearer S3CR\nkept: 1",
	"AUTHORIZATION: BASIC S3CR\nkept: 1", "Proxy-Authorization: Digest username=\"kep\", response=\"S3CR\"\nkept: 1", "Authorization: Digest username=\"u\",\r\n nonce=\"n\",\r\n\tresponse=\"S3CR\"\r\nkept: 1", "Cookie: a=b;\r\n c=S3CR\r\nkept: 1",
	`{"h":"Cookie: sid=S3CR\r\nkept: 1"}`, `{"h":"GET / HTTP/1.1\r\nAuthorization: Digest a=\"b\",\r\n response=\"S3CR\"\r\nkept: 1"}`, `{"h":"X-Goog-Api-Key: S3CR\nkept: 1"}`, `['Authorization: Basic S3CR', 'kept: x']`, `curl -H 'Authorization: Bearer S3CR' kept`, `curl -H "X-Api-Key: S3CR" kept`,
	`<<"GET / HTTP/1.1\r\nCookie: sid=S3CR\r\nkept: 1">>`, "Authorization: AWS4-HMAC-SHA256 Credential=S3CR/2026, Signature=S3CR\nkept", "X-Auth-Token: S3CR\nkept", "Sec-WebSocket-Protocol: kept\nX-Amz-Security-Token: S3CR\nkept: 1", "Ocp-Apim-Subscription-Key: S3CR\nkept: 1", "x-functions-key: S3CR\nkept: 1",
	"Authorization: S3CR\nkept: 1", "Authorization : Bearer S3CR\nkept: 1", "Authorization:Bearer S3CR\nkept: 1", "Authorization=Bearer S3CR", "Authorization=[Bearer S3CR], kept=1", "{Cookie=[a=S3CR], kept=1}", "kept with Bearer S3CR12345 behind", "Cookies-Allowed: kept\nCookie: S3CR1a=S3CR\nkept: 1",

	// URLs.
	"GET /cb?code=S3CR&kept=1", "GET /cb?kept=1&key=S3CR&x=1", "GET /cb?kept=1&sig=S3CR", "GET /b?X-Amz-Signature=S3CR&kept=1", "GET /b?X-Amz-Credential=S3CR%2F2026&kept=1", "GET /b?X-Goog-Signature=S3CR&kept=1", "GET /x?access_token=S3CR&kept=1", "GET /x?api_key=S3CR&kept=1", "GET /x?apikey=S3CR#kept",
	"GET /x?acce%73s_token=S3CR&kept=1", "GET /x?%74oken=S3CR&kept=1", "GET /x?TOKEN=S3CR&kept=1", "GET /x?user[password]=S3CR&kept=1", "GET /x?user%5Bpassword%5D=S3CR&kept=1", "u=https%3A%2F%2Fh%2Fcb%3Faccess_token%3DS3CR%26kept%3D1", "u=https%3A%2F%2Fh%2Fcb%3Fcode%3DS3CR%26kept%3D1", "?a=1&amp;token=S3CR&amp;kept=1", "?a=1&amp;code=S3CR&amp;kept=1",
	`{"url":"https:\/\/h\/cb?code=S3CR","kept":1}`, `{"url":"/cb?a=1\u0026code=S3CR\u0026kept=1"}`, `{"url":"/cb?a=1\u0026access_token=S3CR\u0026kept=1"}`, `https:\/\/u:S3CR@kept`, `https://u:S3CR@kept/x`, `https://S3CR@kept/x`, `redis://:S3CR@kept:6379`, `postgres://u:S3CR@kept/db`, `amqps://u:S3CR@kept/`, `https%3A%2F%2Fu%3AS3CR%40kept`,
	`sip:alice:S3CR@kept`, `sip://alice:S3CR@kept`, `rtmps://kept.example.com/live2/S3CR`, `rtmp://kept/app/S3CR?x=S3CR`, `rtmp:\/\/kept\/app\/S3CR`, `"rtmps://kept/a/S3CR/" kept`, `{"u":"https://u:S3CR@kept/","x":1}`, "https://h/#access_token=S3CR&kept=1", "/x;jsessionid=S3CR?kept=1", "grant_type=kept&client_secret=S3CR&kept=1", "wss://kept/signaling?token=S3CR",

	// XML, SDP, forms, settings.
	"<password>S3CR</password><kept/>", "<ns:password xmlns:ns=\"x\">S3CR</ns:password> kept", "<Password><![CDATA[S3CR]]></Password> kept", "&lt;password&gt;S3CR&lt;/password&gt; kept", `{"x":"\u003cpassword\u003eS3CR\u003c/password\u003e kept"}`, `<user password="S3CR" kept="1"/>`, `<user password='S3CR' kept="1"/>`,
	`<property name="password" value="S3CR"/> kept`, "<token>\n  S3CR\n</token> kept", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:S3CRbbbbCCCC|2^31|1:1;inline:S3CRddddEEEE|2^31|2:1\r\na=kept", "a=cryptoscale:1 client AES_CM_128_HMAC_SHA1_80 inline:S3CRbbbbCCCC|2^31|1:1\r\na=kept",
	"a=ice-pwd:S3CR/+x\r\na=kept", "a=ice-pwd:/S3CR\r\na=kept", `{"sdp":"v=0\r\na=ice-pwd:S3CR\r\na=crypto:1 X inline:S3CR/+=|1\r\na=kept\r\n"}`, "password: S3CR\nkept: 1", "  api_key: S3CR\n  kept: 1", "token: S3CR\nkept: 1", "- token: 'S3CR'\n- kept", "password = S3CR\nkept", "export API_TOKEN=S3CR\nkept", "PASSWORD=S3CR kept", "password=\"S3CR x\" kept",
	`password := "S3CR" kept`, `password -> "S3CR" kept`, `'password' => 'S3CR', 'kept'`, `:password => "S3CR", :kept`, `{ password: "S3CR", kept: 1 }`, `password "S3CR" kept`, `--password S3CR --kept`, `--password=S3CR --kept`, `--api-key "S3CR" kept`,
	"\x1b[1mpassword\x1b[0m=\x1b[31mS3CR\x1b[0m kept", "\x1b[1mpass\x1b[0mword=S3CR kept", "#{password => <<\"\x1b[31mS3CR\x1b[0m\">>} kept", "pass\x1b[1mword: S3\x1b[0mCR kept",
	"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJTM0NSS3CR.S3CRbmF0dXJl kept", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..S3CR.S3CRabcdefgh.S3CR kept", "eyJhbGciOiJIUzI1NiJ9.eyJS3CR", "-----BEGIN RSA PRIVATE KEY-----\nMIIES3CRAAAAAAAAAAAA\nS3CR\n-----END kept", `{"k":"-----BEGIN PRIVATE KEY-----\nMIIES3CRAAAAAAAAAAAA\nS3CR\n-----END PRIVATE KEY-----\n","kept":1}`,
	`token=S3CR(kep kept`, "AccountName=kept;AccountKey=S3CR==;x=1", "Server=kept;User Id=u;Password=S3CR;x=1", `{"body":"user=kept&password=S3CR&x=1"}`, `{"a":"%7B%22token%22%3A%22S3CR%22%2C%22kept%22%3A1%7D"}`, `{&quot;token&quot;:&quot;S3CR&quot;,&quot;kept&quot;:1}`,
}

var pexipDisguises = []string{
	`Message="kept" Fragment-Id="1" Fragment-Number="2" Fragment-Total="3" Detail="S3CR", algorithm=MD5^MVia: kept" X="kept"`, `Detail="S3CR" Fragment-Number="2" X="kept"`,
	`Message="kept" Detail="S3CR, x=S3CR\r\nVia: kept^MAuthorization: Basic S3CR^Mkept" Fragment-Number="12"`, `Fragment-Number="2" Detail="onse=S3CR^Mkept"`,
	`Name="support.sip" Message="kept" Detail="INVITE sip:m@example.com SIP/2.0^M^Ma=cryptoscale:1 client AES_CM_128_HMAC_SHA1_80 inline:S3CRbbbbCCCC|2^31|1:1^Ma=crypto:2 AES_CM_128_HMAC_SHA1_80 inline:S3CRbbbbCCCC|2^31|1:1" X="kept"`,
	`Name="support.rest" Message="Received REST API request" Detail="{u'pin': u'S3CR', u'token': u'S3CR', u'password': u'S3CR'}" X="kept"`,
	`Name="administrator.conference" Message="kept" Participant="rtmps://a.example.com/live2/S3CR-8xk2-77ab-9ttw" Protocol="RTMP kept"`,
	`Detail="x^MAuthorization: Digest username="u",^M response="S3CR"^Mkept: 1" X="kept"`, `Detail="x^MCookie: a=S3CR^Mkept: 1"`, `Pin="S3CR Call-id="kept"`, `Detail="Signal=S3CR^MDuration=kept"`, `Digits="S3CR" X="kept"`, `Detail="<pin>S3CR</pin>" X="kept"`,
	`Detail="password="S3CR"" X="kept"`, `Password="S3CR S3CR" X="kept"`, `Token="S3CR" X="kept"`, `Detail="pin=S3CR kept"`, `Detail="{\"pin\": \"S3CR\", \"kept\": 1}"`, `Detail="{'pins': ['S3CR'], 'kept': 1}"`,
	`Detail="POST /x^MX-Api-Key: S3CR^Mkept: 1"`, `Request="/api/x?pin=S3CR&kept=1"`, `Detail="GET /x?token=S3CR&kept=1 HTTP/1.1^MHost: kept"`, `Detail="sip:u:S3CR@kept"`, `Detail="Proxy-Authorization: Digest username="u", realm="r", nonce="n", uri="sip:x", response="S3CR", algorithm=MD5^MVia: kept" X="kept"`,
}

func TestDisguises(t *testing.T) {
	r := mustNew(t, Config{})
	f := func(r *Redactor, text string) {
		t.Helper()
		got, n := r.Append(nil, []byte(text))
		if strings.Contains(string(got), "S3CR") || n == 0 {
			t.Errorf("%q\nleaks:  %q (%d)", text, got, n)
		}
		if strings.Count(string(got), "kept") != strings.Count(text, "kept") {
			t.Errorf("%q\nloses:  %q", text, got)
		}
		if again, n := r.Append(nil, got); n != 0 {
			t.Errorf("%q\nmasked: %q\ntwice:  %q", text, got, again)
		}
	}
	for _, text := range slices.Concat(disguises, furtherDisguises) {
		f(r, text)
		f(r.ForPexip(), text)
	}
	for _, text := range jsonDisguises {
		f(r, text)
	}
	for _, text := range pexipDisguises {
		f(r.ForPexip(), text)
	}
	t.Log(len(disguises) + len(pexipDisguises))
}

// harmless are lines without a secret.
var harmless = []string{
	`authorization: timeout after 5000 ms`, `pwd: /opt/sora`, `max_tokens: 4096`, `{"max_tokens":4096}`, `Has-Pin="True"`, `sip://alice@example.com`, `sip:alice@example.com`, `{"msg":"authorization: timeout after 5000 ms"}`, `PWD=/opt/sora`,
	`the token expired`, `bad token: unexpected end of input`, `no secret here`, `invalid key: not found`, `key: value`, `the key is missing`, `error code: 42`, `status code=500`, `code: 17`, `{"code":500,"key":"abc"}`, `pin the video`, `{"pinned":true,"spin":1}`,
	`cookie: the cookie was rejected`, `cookie expired, key rotated, pin entered`, `password: required`, `password: must be at least 8 characters`, `wrong password`, `password incorrect`, `secret sharing is off`, `the secretary said: hello`, `token_type: bearer`, `{"token_type":"Bearer"}`, `Basic authentication failed`, `Bearer token missing`,
	`authorization failed`, `authorization: failed`, `Authorization: required`, `authorization is required: send a header`, `authentication: ok`, `unexpected token: "}" at line 3`, `Unexpected token } in JSON at position 3`, `tokens: 12`, `tokens=12`, `{"tokens":12}`, `{"input_tokens":1,"output_tokens":2}`, `{"total_tokens":3}`,
	`{"password":null,"token":"","secret":false,"pin":true}`, `{"password":"undefined","token":"null"}`, `#{password => undefined,token => null}`, `{password,undefined}`, `{token,expired}`, `{error,{token,expired}}`, `{key,value}`, `["token","name"]`, `["token", "password"]`, `fields: token, password, pin`,
	`https://example.com/a@b`, `http://[::1]:80/@`, `https://example.com/?page=2&sort=key`, `https://example.com/token/keys/code`, `ssh://git@example.com/x`, `mailto:a@b`, `sora@127.0.0.1`, `turn:192.0.2.1:3478?transport=udp`, `stun:example.com`, `sip:bob@example.com:5060;transport=tls`, `sip:192.0.2.1:5060`,
	`public_key: abc`, `{"public_key":"abc","ssh_public_key":"x","primary_key":1,"keyboard":"us","monkey":"x","hockey":"y"}`, `Key="v" Keys="w"`, `key=value`, `sort_key=name`, `{"key":"name","value":"x"}`, `{"name":"key","value":"x"}`, `a=fingerprint:sha-256 00:11`, `a=ice-ufrag:Zq1/`, `a=candidate:1 1 udp 1 192.0.2.1 1 typ host`, `display: inline: yes`,
	`eyJ not a token`, `{"a":"password=","b":"c"}`, `{"h":"Authorization:"}`, `token`, `password`, `secret=`, `pin:`, `{"msg":"token"}`, `<password/>`, `<password></password>`, `<token_count>5</token_count>`, `100%25 done, 5% loss, %41x`, `MISSING-WEBHOOK-BASIC-AUTH-PASSWORD | reason=undefined`, `Digest-MD5 is not supported`, `the pin code of the chair`,
	`in order to change your password, press the key`, `who holds the credentials?`, `credentials: missing`, `secret: none`, `the cookies: two`, `compass: north`, `bypass=1`, `pass: 5, fail: 0`, `{"pass":5,"fail":0}`, `mapping=2 spin=1`, `signature: valid`, `response=200`, `response="200 OK"`, `{"response":"ok"}`, `tokenizer: ready`, `session_id=8ZC5V2K4`, `sid=1`,
	`Fragment-Number="1" Detail="INVITE sip:x^MVia: y"`, `{"event_metadata":{"a":"b"}}`, `webhook, walk, token`, `PIN required`, `pin-protected`, `api: key exchange`, `keys: 3`, `[token] parsed`, `f(token)`, `x.token.y = 5`, `token.`, `token;`, `"token"`, `'token'`, `{"msg":"bad \"token\" in request"}`, `passwords must match`, `User password: expected a value`,
}

func TestHarmless(t *testing.T) {
	r := mustNew(t, Config{})
	for _, text := range slices.Concat(harmless, furtherHarmless) {
		for _, r := range []*Redactor{r, r.ForPexip()} {
			if got, n := r.Append(nil, []byte(text)); string(got) != text || n > 0 {
				t.Errorf("%v %q\nbecomes %q", r.pexip, text, got)
			}
		}
	}
	t.Log(len(harmless))
}
