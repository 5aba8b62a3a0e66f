package exporter

import (
	"testing"
	"testing/synctest"
	"time"
)

// attempts answers tries by the compression, and notes them.
type attempts struct {
	refuses map[string]bool
	tries   []string
	conn    uint64
}

func (a *attempts) send(n *negotiation) answer {
	return n.negotiated(n.best(a.conn), func(name string) (answer, uint64) {
		a.tries = append(a.tries, name)
		if a.refuses[name] {
			return answer{verdict: refused, code: "HTTP 400", mayMeanCompression: true, wire: 1}, a.conn
		}
		return answer{verdict: accepted, code: "OK", wire: 10}, a.conn
	})
}

func TestNegotiation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &negotiation{ladder: ladder(CompressionAuto)}
		a := &attempts{conn: 1, refuses: map[string]bool{"zstd": true}}
		send := func(want ...string) answer {
			t.Helper()
			a.tries = nil
			got := a.send(n)
			equal(t, "tries", a.tries, want)
			return got
		}
		if got := send("zstd", "none"); got.verdict != accepted || got.refusedCompression != "zstd" || got.refusedCode != "HTTP 400" || got.wire != 11 {
			t.Errorf("%+v", got)
		}
		send("gzip")
		a.refuses["gzip"] = true
		send("gzip", "none")
		send("none")
		a.conn = 2 // may lead to another backend
		send("zstd", "none")
		time.Sleep(renegotiate - time.Second)
		send("gzip", "none")
		time.Sleep(renegotiate - time.Second)
		send("none")
		time.Sleep(time.Second)
		clear(a.refuses)
		send("zstd")
		// There are servers that take gzip alone.
		a.conn = 3
		a.refuses = map[string]bool{"zstd": true, "none": true}
		if got := send("zstd", "none", "gzip"); got.verdict != accepted || got.refusedCompression != "zstd" {
			t.Errorf("%+v", got)
		}
		send("gzip")
		a.conn = 4
		clear(a.refuses)
		send("zstd")
		// What is refused without compression as well says nothing about it.
		a.refuses = map[string]bool{"zstd": true, "none": true}
		if got := send("zstd", "none"); got.verdict != refused || got.refusedCompression != "" {
			t.Errorf("%+v", got)
		}
		clear(a.refuses)
		send("zstd")
	})
}

func TestLadders(t *testing.T) {
	for configured, want := range map[string]string{"none": "[none]", "gzip": "[gzip none]", "zstd": "[zstd none]", "auto": "[zstd gzip none]"} {
		equal(t, configured, ladder(configured), want)
	}
}
