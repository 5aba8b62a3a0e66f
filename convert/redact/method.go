package redact

import (
	"bytes"
	"slices"
)

// methods are what a key called auth says of how, and not with what.
var methods = []string{
	"anonymous", "apikey", "basic", "bearer", "cert", "certificate", "client", "cram", "crammd", "custom", "default", "digest", "external", "gssapi", "hmac", "hmacmd", "hmacsha", "jwt", "kerberos", "key", "ldap", "local", "login", "md",
	"mtls", "negotiate", "none", "ntlm", "oauth", "oauthbearer", "oidc", "open", "optional", "pap", "password", "plain", "psk", "publickey", "radius", "required", "saml", "sasl", "scram", "scramsha", "sha", "simple", "spnego", "sso", "token", "tls",
	"unknown", "webhook", "wpa", "xoauth",
}

// isMethod tells whether v is the name of a method, or any other word in small letters.
func isMethod(v []byte) bool {
	var word [24]byte
	n := 0
	for _, c := range v {
		switch {
		case isLetter(c) && n < len(word):
			word[n] = c | 0x20
			n++
		case isLetter(c), c >= 0x80:
			return false
		}
	}
	return phrase.all(v) || slices.Contains(methods, string(word[:n]))
}

// phrase is what words in small letters are made of.
var phrase = classOf("-_ ", small)

// isVersion tells whether v is a version, as of Erlang's OTP: 27, 26.2.5, OTP-25, v1.2, R16B03.
func isVersion(v []byte) bool {
	for len(v) > 0 && (isLetter(v[0]) || v[0] == '-' || v[0] == ' ') {
		if !isLetter(v[0]) && len(v) > 1 && !isDigit(v[1]) {
			return false
		}
		if c := v[0] | 0x20; isLetter(v[0]) && c != 'o' && c != 't' && c != 'p' && c != 'v' && c != 'r' {
			return false
		}
		v = v[1:]
	}
	n := digits.end(v, 0)
	if n == 0 || n > 2 {
		return len(v) == 0
	}
	return n == len(v) || v[n] == '.' || v[n] == 'B' || v[n] == 'A' || v[n] == '-'
}

// takes tells whether a string may be what the key that was found last announces.
func (s *search) takes(v []byte) bool {
	if s.row == nil {
		return true
	}
	switch s.row.form {
	case hexDigits:
		return isHex(v)
	case method:
		return !isMethod(v)
	case oneTime:
		return !isVersion(v)
	case random:
		return alphanumeric.in(v) || beyond.in(v)
	case anything, header, text, everything:
	}
	return true
}

// looksSecret tells whether a string that stands behind a name, in a list of two, is
// its value, and no name itself.
func looksSecret(v []byte) bool {
	return digits.in(v) && (capitals.in(v) || len(v) >= 6) && bytes.IndexByte(v, ' ') < 0
}
