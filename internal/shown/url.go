// Package shown writes what an operator configured in the way it may be shown in
// logs, on pages and in errors: without secrets.
package shown

import "strings"

// mask stands where a secret was.
const mask = "***"

// URL returns raw, a URL or an address that a person wrote, as it may be shown:
// without what stands before the @ of its host, with the values of its query
// masked, and without its fragment.
func URL(raw string) string {
	base, query, hasQuery := strings.Cut(raw, "?")
	base, _, _ = strings.Cut(base, "#")
	start := strings.Index(base, "://")
	if start >= 0 {
		start += len("://")
	} else {
		start = 0
	}
	host, path := base[start:], ""
	if n := strings.IndexByte(host, '/'); n >= 0 {
		host, path = host[:n], host[n:]
	}
	if n := strings.LastIndexByte(host, '@'); n >= 0 {
		host = mask + host[n:]
	}
	shown := base[:start] + host + path
	if hasQuery {
		query, _, _ = strings.Cut(query, "#")
		shown += "?" + maskedQuery(query)
	}
	return shown
}

// maskedQuery keeps the names of parameters.
func maskedQuery(query string) string {
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, _, ok := strings.Cut(pair, "=")
		if pairs[i] = mask; ok {
			pairs[i] = name + "=" + mask
		}
	}
	return strings.Join(pairs, "&")
}
