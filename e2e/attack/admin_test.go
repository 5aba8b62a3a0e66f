package attack

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// thousands is how many connections the admin address has to bear.
const thousands = 6000

// connections opens thousands of connections to the admin address, each of which
// sends text and then stays, and tries again for as long as the attack lasts.
func connections(text string) func(*testing.T, *field) {
	return func(t *testing.T, f *field) {
		var open []net.Conn
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for range thousands / 8 {
					c, err := net.DialTimeout("tcp", f.ship.Admin, 5*time.Second)
					if err != nil {
						continue
					}
					_, _ = io.WriteString(c, text) // it may be closed already
					mu.Lock()
					open = append(open, c)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		t.Cleanup(func() {
			for _, c := range open {
				c.Close()
			}
		})
		if len(open) < thousands*9/10 {
			t.Errorf("only %d connections were made", len(open))
		}
	}
}

func closed(t *testing.T, f *field) error {
	return f.counts(t, 1000, "rtcship_admin_refused_total", `reason="full"`)
}

const host = " HTTP/1.1\r\nHost: localhost\r\n"

// admins are connections to the admin address: those that wait, those that
// write slowly, and those that do not read.
var admins = []attack{
	{name: "silent admin connections", strike: connections(""), counts: closed, states: "amber", says: "to make room for others"},
	{name: "slow writers of requests", strike: connections("GET /metrics" + host + "X-A: "), counts: closed, states: "amber", says: "to make room for others"},
	{name: "slow readers of pages", strike: connections("GET /status.json" + host + "\r\n"), counts: closed, states: "amber", says: "to make room for others"},
	{name: "slow readers of metrics", strike: connections(strings.Repeat("GET /metrics"+host+"\r\n", 4)), counts: closed, states: "amber", says: "to make room for others"},
	{name: "idle keep-alives", strike: connections("GET /healthz" + host + "\r\n"), counts: closed, states: "amber", says: "to make room for others"},
	{name: "headers of half a megabyte", strike: connections("GET /" + host + "X-A: " + repeat("a", 16<<10)), counts: closed, states: "amber", says: "to make room for others"},
	{
		name: "pages under another name", strike: connections("GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n"), states: "amber",
		counts: func(t *testing.T, f *field) error {
			return f.counts(t, 100, "rtcship_admin_refused_total", `reason="host"`)
		},
	},
}
