package exporter

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/url"
	"os"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// masked stands where a secret stood.
const masked = "***"

// A masker takes out of a collector's words what we told it in confidence: there
// are servers and proxies that quote a request in their answer, and the answer
// stands in the log, on the status page and in dead letters.
type masker struct {
	words []string // longest first, so that a whole goes before its parts
}

// newMasker returns a masker for the values of headers, and for further secrets.
func newMasker(headers map[string]string, further []string) *masker {
	m := &masker{}
	for _, value := range headers {
		m.add(value)
		if scheme, token, ok := strings.Cut(value, " "); ok {
			m.add(strings.TrimSpace(token))
			if strings.EqualFold(scheme, "basic") {
				m.addLogin(token)
			}
		}
	}
	for _, value := range further {
		m.add(value)
	}
	slices.SortFunc(m.words, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	m.words = slices.Compact(m.words)
	return m
}

func (m *masker) addLogin(token string) {
	plain, err := base64.StdEncoding.DecodeString(strings.TrimSpace(token))
	if err != nil {
		return
	}
	m.add(string(plain))
	if _, password, ok := strings.Cut(string(plain), ":"); ok {
		m.add(password)
	}
}

// add adds a secret in each form in which it may be quoted.
func (m *masker) add(secret string) {
	if secret == "" {
		return
	}
	forms := []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), html.EscapeString(secret),
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)),
	}
	if quoted, err := json.Marshal(secret); err == nil {
		forms = append(forms, string(quoted[1:len(quoted)-1]))
	}
	m.words = append(m.words, forms...)
}

// shortWord is the length below which a secret is masked only where it stands
// by itself: a tenant called 1 is not to take the digits out of all numbers.
const shortWord = 6

func (m *masker) mask(text string) string {
	if m == nil {
		return text
	}
	for _, word := range m.words {
		if len(word) >= shortWord {
			text = strings.ReplaceAll(text, word, masked)
		} else {
			text = maskWord(text, word)
		}
	}
	return text
}

func maskWord(text, word string) string {
	var out strings.Builder
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			out.WriteString(text[from:])
			return out.String()
		}
		begin, end := from+i, from+i+len(word)
		before, _ := utf8.DecodeLastRuneInString(text[:begin])
		after, _ := utf8.DecodeRuneInString(text[end:])
		out.WriteString(text[from:begin])
		if begin > 0 && isWord(before) || end < len(text) && isWord(after) {
			out.WriteString(word)
		} else {
			out.WriteString(masked)
		}
		from = end
	}
}

func isWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

// endpointSecrets are what an endpoint, or the address of a proxy, may hold
// that is nobody's business: user, password and query.
func endpointSecrets(endpoint string) []string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return nil
	}
	secrets := []string{u.RawQuery}
	for _, values := range u.Query() {
		secrets = append(secrets, values...)
	}
	if u.User != nil {
		password, _ := u.User.Password()
		secrets = append(secrets, u.User.String(), u.User.Username(), password, u.User.Username()+":"+password)
	}
	return secrets
}

// proxySecrets are those of the proxies that the environment names.
func proxySecrets() []string {
	var secrets []string
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		for _, value := range []string{os.Getenv(name), os.Getenv(strings.ToLower(name))} {
			secrets = append(secrets, endpointSecrets(value)...)
		}
	}
	return secrets
}

// A discreet client masks what its answers quote of our secrets, and clips what
// is left.
type discreet struct {
	client
	signal  Signal
	headers *headerSource
	further []string
}

func (d *discreet) send(ctx context.Context, p *payload) answer {
	a := d.client.send(ctx, p)
	a.hint = d.signal.words(a.hint)
	if a.message == "" {
		return a
	}
	text := a.message[:min(len(a.message), 16*mostMessage)]
	for _, headers := range d.headers.recent() {
		text = newMasker(headers, d.further).mask(text)
	}
	a.message = clip(strings.ToValidUTF8(text, "?"))
	return a
}
