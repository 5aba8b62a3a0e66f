package redact

// furtherDisguises are secrets that are told by more than a name before them: by names in
// codes, by a name behind the value, by what stands behind a host.
var furtherDisguises = []string{
	// Keys in codes, as ~w prints terms.
	`#{<<112,97,115,115,119,111,114,100>> => <<"S3CR">>,kept => 1}`, `{<<112,97,115,115,119,111,114,100>>,<<"S3CR">>},{kept,1}`, `{[112,97,115,115,119,111,114,100],"S3CR"},kept`, `[{[116,111,107,101,110],"S3CR"},{kept,1}]`,
	`#{<<84,79,75,69,78>> := <<"S3CR">>,kept => 1}`, "#{<<116,111,107,\n   101,110>> =>\n   <<\"S3CR\">>,kept => 1}", `{<<116, 111, 107, 101, 110>>, <<"S3CR">>}, kept`, `#{kept => 1,<<115,101,99,114,101,116>> => [<<"S3CR">>]}`,
	`{"msg":"#{<<116,111,107,101,110>> => <<\"S3CR\">>,kept => 1}"}`, `{"msg":"{<<65,117,116,104,111,114,105,122,97,116,105,111,110>>,<<\"Bearer S3CR\">>} kept"}`, `{<<120,45,97,112,105,45,107,101,121>>,<<"S3CR">>} kept`, `[{<<99,111,111,107,105,101>>,<<"a=S3CR; b=S3CR">>},{kept,1}]`,

	// auth, session cookies, passwords for once.
	`{"auth":"S3CR","kept":1}`, `{'auth': 'S3CR', 'kept': 1}`, `{auth,<<"S3CR">>},kept`, `#{auth => <<"S3CR">>,kept => 1}`, `#{<<"auth">> => "S3CR",kept => 1}`, `<auth>S3CR</auth> kept`, `{"a":"{\"auth\":\"S3CR\",\"kept\":1}"}`, `{"x-auth":"S3CR","kept":1}`, "X-Auth: S3CR\nkept: 1",
	"sessionid=S3CR kept", `{"sessionid":"S3CR","session_id":"kept"}`, "GET /x?sessionid=S3CR&session_id=kept", `{'sessionid': 'S3CR', 'kept': 1}`, `{"cookies":{"session_id":"S3CR"},"session_id":"kept"}`, "Cookie: session_id=S3CR\nsession_id: kept", `{<<"cookie">>,<<"session_id=S3CR">>},{session_id,<<"kept">>}`,
	"otp=S3CR kept", "totp=S3CR kept", `{"otp":"S3CR","kept":1}`, `{otp,"S3CR"},kept`, `OTP: S3CR kept`, `/x?otp=S3CR&kept=1`, `<otp>S3CR</otp> kept`,

	// A name and a value in a list, and a value before its name.
	`["password","S3CR"]`, `{"kept":["password","S3CR"]}`, `{"kept":["api_key" , "S3CR"],"n":1}`, `kept ["password", "S3CR"] kept`, `kept ['token', 'S3CR'] kept`, `kept [b'token', b'S3CR'] kept`, `{"msg":"kept [\"password\", \"S3CR\"]"}`, `[<<"password">>,<<"S3CR">>] kept`, `["Authorization","Basic S3CR"]`,
	`{"value":"S3CR","name":"password","kept":1}`, `{"user":"kept","value":"S3CR","key":"token"}`, `{"headers":[{"value":"a=S3CR","name":"cookie"},{"value":"kept","name":"kept"}]}`,
	`{'value': 'S3CR', 'name': 'password'} kept`, `<param value="S3CR" name="password"/> kept`, `<add value='S3CR' key='ApiKey'/> kept`, `#{value => <<"S3CR">>,name => <<"password">>,kept => 1}`, `#{<<"value">> => <<"S3CR">>,<<"name">> => <<"password">>,<<"kept">> => 1}`, `{"a":"{\"value\":\"S3CR\",\"name\":\"password\",\"kept\":1}"}`,
	`{name,<<"password">>},{value,<<"S3CR">>},kept`, `[{<<"name">>,<<"token">>},{<<"value">>,<<"S3CR">>},{kept,1}]`, `{value="S3CR", name="password"} kept`,

	// Names of data sources without a scheme.
	"user:S3CR@kept:5432/db", "dsn=user:S3CR@kept.example.com:5432/db", "connect to user:S3CR@kept:3306 failed", `{"dsn":"u:S3CR@kept:5432/db","kept":1}`, "user:S3CR@tcp(kept:3306)/db?kept=1", "user:S3CR@tcp([::1]:3306)/kept", "user:S3CR@unix(/run/kept.sock)/db", "u:S3CR@10.0.0.1:6379/0 kept", "u:S3CR:S3CR@kept:5672", "u:S3CR@[::1]:5432/kept", "kept,u:S3CR@kept:27017,u:S3CR@kept:27017",

	// Signs before a name that are written otherwise, and what goes over several lines.
	`{"a":"\u003cwsse:Password\u003eS3CR\u003c/wsse:Password\u003e kept"}`, `%3Cwsse:Password%3ES3CR%3C/wsse:Password%3E kept`, `b'GET /x?kept=1\x26code=S3CR'`, `Map("password" -> "S3CR", "kept" -> 1)`, "token: Bearer S3CR\nkept: 1", `kept: 1#012 - token: S3CR`,

	// Keys of SRTP of any length, private keys in one line.
	"inline:S3CR|2^31|1:1 kept", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:S3CR\r\na=kept", `{"sdp":"a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:S3CR\r\na=kept"}`, "srtp inline:S3CR|20 kept",
	"-----BEGIN EC PRIVATE KEY----- MHcS3CR -----END EC PRIVATE KEY----- kept", "-----BEGIN ENCRYPTED PRIVATE KEY-----\\nMIIES3CRAAAAAAAAAAAA\\nS3CR\\n-----END ENCRYPTED PRIVATE KEY-----\\n kept", "<<\"-----BEGIN RSA PRIVATE KEY-----\\nMIIES3CRAAAAAAAAAAAA\\nS3CR\\n-----END RSA PRIVATE KEY-----\\n\">> kept",
	"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAAS3CR\nS3CR==\n-----END OPENSSH PRIVATE KEY-----\nkept", `{"x":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.S3CR","kept":1}`, `#{jar => <<"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.S3CR">>,kept => 1}`, "x=eyJhbGciOiJub25lIn0.eyJTM0NSS3CRIxIn0. kept",
}

// jsonDisguises are told in JSON alone.
var jsonDisguises = []string{
	`{"value":"S3CR","kept":{"token":"S3CR"},"name":"api_key"}`, `{"value":"x password=S3CR","name":"secret","kept":1}`, `[{"v":"S3CR","kept":1,"k":"token"},{"v":"kept","k":"kept"}]`, `{"value":"S3CR","a":{"value":"kept","name":"kept"},"name":"pin"}`,
}

// furtherHarmless are lines beside those that must stay.
var furtherHarmless = []string{
	// Numbers that are no key, and keys that are none.
	`<<112,97,115,115,119,111,114,100>>`, `{data,<<112,97,115,115,119,111,114,100>>}`, `{<<104,101,108,108,111>>,<<"abc123DEF">>}`, `#{<<104,105>> => <<"abc123DEF">>}`, `[<<116,111,107,101,110>>,<<"abc123DEF">>]`, `{[1,2,3],"abc"}`, `{[{1,2}],x}`, `<<16,3,1,0,255>> => x`, `{<<112,97,115,115,119,111,114,100>>,undefined}`, `[116,111,107,101,110]`, `{[104,101,108,108,111],"S3CR"}`,
	// Methods, sessions of Sora's, versions.
	`{"auth":"basic","x":1}`, `{"auth":"none"}`, `{"auth":"OAuth2"}`, `{"auth":"SCRAM-SHA-256"}`, `{"auth":"HMAC-SHA1"}`, `{"auth":true}`, `{"auth":null}`, `{"auth":"required"}`, `{"auth":{"user":"Ann1","method":"X1"}}`, `{"auth":["A1","B2"]}`, `{auth,basic}`, `{auth,{basic,"user1A"}}`, `#{auth => undefined}`, `auth=S3CR1234`, `auth: OK1`, `{"author":"S3CR","authority":"A1"}`, `{"unauth":"A1B2"}`,
	`{"session_id":"8ZC5V2K4"}`, `session_id=8ZC5V2K4`, `{"sessionId":"8ZC5V2K4"}`, `GET /x?session_id=8ZC5V2K4`, `{session_id,<<"8ZC5V2K4">>}`, `Session-ID: 8ZC5V2K4`, `#{session_id => <<"8ZC5V2K4">>}`,
	`otp=27`, `otp=26.2.5`, `OTP: 27`, `{"otp":"27.1"}`, `{"otp":27}`, `{otp,"26"}`, `OTP-26.2.5`, `otp: OTP-25`, `otp=R16B03`, `otp: sent`, `otp=required`, `{"otp":true}`, `erlang otp 27 [erts-15.2]`, `{"otp_release":"27"}`,
	// Lists of names.
	`["password","name"]`, `["token","user_name"]`, `["password","Password"]`, `["token", "userName"]`, `["password","age","S3CR12"]`, `["password"]`, `["user","S3CR12"]`, `[["password"],"S3CR12"]`, `{"fields":["token","pin","code"]}`, `["api_key","v2"]`, `['token', 'name']`, `["cookie","consent"]`,
	// Values of other names.
	`{"value":"S3CR12","name":"user"}`, `{"value":"S3CR12","name":"public_key"}`, `{"value":"","name":"password"}`, `{"value":null,"name":"password"}`, `<param value="S3CR12" name="user"/>`, `{name,<<"user">>},{value,<<"S3CR12">>}`, `{"value":"S3CR12","kind":"password"}`, `{'value': 'true', 'name': 'password'}`,
	// Hosts and ports.
	`sora@127.0.0.1:5432`, `host:5432/db`, `user@host:5432/db`, `10.0.0.1:3306`, `2026-05-06T07:08:09 a@b:54321`, `listening on 0.0.0.0:6379`, `tcp(host:3306)`, `user@tcp(host:3306)/db`, `postgres://host:5432/db`, `reason:sora@host/db`, `<0.54.0>:5432`, `a:b:5672`,
	`inline: yes`, `inline:block`, `display:inline:x`, `-----BEGIN CERTIFICATE-----`, `-----BEGIN PUBLIC KEY-----`, `eyJhbGci`, `eyJ.eyJ.x`,
}
