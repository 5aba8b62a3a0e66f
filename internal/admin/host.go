package admin

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// CheckHost lets a request through only if it names the server by a name that
// nobody else can make point here: localhost, an address, or one of names. A web
// page that someone opens could otherwise read ours, by having its own name
// resolved to this machine (DNS rebinding). refused, which may be nil, is called
// for each request that is not let through.
func CheckHost(names func() []string, refused func(), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !ownName(r.Host, names()) {
			if refused != nil {
				refused()
			}
			http.Error(w, fmt.Sprintf("%q is none of the names of this server: use localhost or its address, or add the name to admin.hosts", clipName(r.Host)), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ownName says whether a Host header, with or without a port, names this server
// safely.
func ownName(host string, names []string) bool {
	if name, port, err := net.SplitHostPort(host); err == nil {
		if strings.Trim(port, "0123456789") != "" {
			return false
		}
		host = name
	} else if inner, ok := strings.CutPrefix(host, "["); ok {
		host = strings.TrimSuffix(inner, "]")
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	host = canonical(host)
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || // RFC 6761, section 6.3
		host != "" && slices.ContainsFunc(names, func(n string) bool { return canonical(n) == host })
}

func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

func clipName(s string) string { return s[:min(len(s), 255)] }
