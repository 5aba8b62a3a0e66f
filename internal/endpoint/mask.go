package endpoint

import (
	"net/url"
	"regexp"
	"strings"
)

// Hidden stands for what is not shown.
const Hidden = "****"

// Mask is an address of a collector or a proxy for people: without user,
// password, query and fragment, whether it can be taken apart or not.
func Mask(text string) string {
	if isUnix(text) {
		return text // a path
	}
	prefix := ""
	if scheme, rest, ok := strings.Cut(text, "://"); ok && isScheme(scheme) {
		prefix, text = scheme+"://", rest
	}
	return prefix + maskQuery(maskUser(text))
}

// maskUser hides what stands before the last at sign, wherever it is: a password
// with a slash in it ends a host for a parser and not for who wrote it. Only in
// a query, after a name and its equals sign, is an at sign that of an address.
func maskUser(text string) string {
	before := text
	if path, query, ok := strings.Cut(text, "?"); ok {
		if name, _, _ := strings.Cut(query, "@"); strings.Contains(name, "=") {
			before = path
		}
	}
	if i := strings.LastIndexByte(before, '@'); i >= 0 {
		return Hidden + text[i:]
	}
	return text
}

func maskQuery(text string) string {
	i := strings.IndexAny(text, "?#")
	if i < 0 || i == len(text)-1 {
		return text
	}
	return text[:i+1] + Hidden
}

func isScheme(s string) bool {
	u, err := url.Parse(s + "://x")
	return err == nil && u.Scheme == strings.ToLower(s)
}

// invalidProxy is where Go's own complaint of a proxy's address quotes it.
var invalidProxy = regexp.MustCompile(`(?s)invalid proxy address .*`)

// withUser is an address with a user name in running text.
var withUser = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]*@[^\s"'<>]*`)

// Scrub hides what an error of a library may quote of the address of a
// collector or a proxy.
func Scrub(text string) string {
	if !strings.Contains(text, "@") && !strings.Contains(text, "invalid proxy") {
		return text
	}
	text = invalidProxy.ReplaceAllLiteralString(text, "invalid proxy address: see HTTP_PROXY, HTTPS_PROXY")
	return withUser.ReplaceAllStringFunc(text, Mask)
}
