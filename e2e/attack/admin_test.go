package attack

import (
	"fmt"
	"io"
	"net"
	"net/http"
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

// manyFiles makes pages large: there is much to show.
func manyFiles(t *testing.T, f *field) {
	for i := range 300 {
		file(fmt.Sprintf("sora.jsonl.%d", i+2), strings.Repeat("x", i%100+1))(t, f)
	}
}

// flood asks for pages, reads every answer and asks again, as fast as it gets
// them, over connections that stay or a new one for each.
func flood(askers int, stay bool, paths ...string) func(*testing.T, *field) {
	return func(t *testing.T, f *field) {
		end := make(chan struct{})
		var asking sync.WaitGroup
		for i := range askers {
			asking.Go(func() {
				client := http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: !stay, MaxIdleConnsPerHost: 1}}
				defer client.CloseIdleConnections()
				for n := i; ; n++ {
					select {
					case <-end:
						return
					default:
					}
					resp, err := client.Get("http://" + f.ship.Admin + paths[n%len(paths)])
					if err != nil {
						continue // it had to make room
					}
					_, _ = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			})
		}
		t.Cleanup(func() {
			close(end)
			asking.Wait()
		})
	}
}

func closed(t *testing.T, f *field) error {
	return f.counts(t, 1000, "rtcship_admin_refused_total", `reason="full"`)
}

const host = " HTTP/1.1\r\nHost: localhost\r\n"

// admins are connections to the admin address: those that wait, those that write
// slowly, and those that do not read. Only who has had no answer has to make room:
// for the others theirs is the last.
var admins = []attack{
	{name: "silent admin connections", strike: connections(""), counts: closed, states: "amber", says: "to make room for others"},
	{name: "slow writers of requests", strike: connections("GET /metrics" + host + "X-A: "), counts: closed, states: "amber", says: "to make room for others"},
	{name: "slow readers of pages", strike: connections("GET /status.json" + host + "\r\n"), states: "green amber"},
	{name: "slow readers of metrics", strike: connections(strings.Repeat("GET /metrics"+host+"\r\n", 4)), states: "green amber"},
	{name: "idle keep-alives", strike: connections("GET /healthz" + host + "\r\n"), states: "green amber"},
	{name: "headers of half a megabyte", strike: connections("GET /" + host + "X-A: " + repeat("a", 16<<10)), counts: closed, states: "amber", says: "to make room for others"},
	{name: "whole requests for pages", before: manyFiles, strike: flood(100, false, "/"), lasts: 5 * time.Second, states: "green amber"},
	{name: "whole requests for everything", before: manyFiles, strike: flood(100, false, "/metrics", "/", "/status.json"), lasts: 5 * time.Second, states: "green amber"},
	{name: "whole requests over connections that stay", before: manyFiles, strike: flood(30, true, "/status.json", "/", "/metrics"), lasts: 5 * time.Second, states: "green amber"},
	{
		name: "pages under another name", strike: connections("GET / HTTP/1.1\r\nHost: rebound.example\r\n\r\n"), states: "amber",
		counts: func(t *testing.T, f *field) error {
			return f.counts(t, 100, "rtcship_admin_refused_total", `reason="host"`)
		},
	},
}
