// Package syslog has real syslog daemons send to rtcship: syslog-ng of the
// release family that Pexip ships, and rsyslog.
package syslog

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }

var (
	messages = flag.Int("messages", 5000, "messages on each route")
	crashes  = flag.Int("crashes", 3, "how often rtcship is killed in the crash tests")
)

var daemons = map[string]struct {
	start  func(*testing.T, site) *harness.Process
	routes []route
	// repeats says that the daemon sends a whole batch again when it has lost a
	// connection in the middle of it.
	repeats bool
}{
	"syslog-ng": {startSyslogNG, routes, false},
	"rsyslog":   {startRsyslog, append([]route{{"tcp-octets-3164", "tcp", true, 3164}}, routes...), true},
}

// TestDaemons sends over every transport, framing and header while the
// collector goes away and comes back: every message arrives, once.
func TestDaemons(t *testing.T) {
	for name, daemon := range daemons {
		t.Run(name, func(t *testing.T) {
			collector := harness.NewCollector(t, harness.PlainConfig, nil)
			collector.Start(t)
			s, ship := newSite(t, collector, daemon.routes)
			ship.Start(t)
			sender := daemon.start(t, s)

			s.load(t, 0, *messages/2)
			await(t, "the first half", s, collector, *messages/2, ship.Process(), sender)
			collector.Stop(t)
			s.load(t, *messages/2, *messages)
			time.Sleep(3 * time.Second)
			collector.Start(t)
			await(t, "the second half", s, collector, *messages, ship.Process(), sender)
			ship.Settled(t)
			ship.Stop(t)
			collector.Stop(t)

			records := collector.Records(t)
			collector.Tally(t).Once(t)
			checkHeaders(t, records)
		})
	}
}

// TestKilled kills rtcship while the daemons send. Plain syslog has no
// acknowledgement: what the sockets and the read buffer held at that moment is
// gone, which must be one gap at most for each connection and kill. Everything
// else arrives.
func TestKilled(t *testing.T) {
	for name, daemon := range daemons {
		t.Run(name, func(t *testing.T) {
			collector := harness.NewCollector(t, harness.PlainConfig, nil)
			collector.Start(t)
			s, ship := newSite(t, collector, daemon.routes)
			ship.Start(t)
			sender := daemon.start(t, s)

			written := 0
			for range *crashes {
				for range 10 {
					s.load(t, written, written+*messages/10)
					written += *messages / 10
					time.Sleep(150 * time.Millisecond)
				}
				ship.Kill(t)
				time.Sleep(500 * time.Millisecond)
				ship.Start(t)
			}
			time.Sleep(3 * time.Second) // the daemons connect again in their own time
			s.load(t, written, written+*messages/10)
			written += *messages / 10
			awaitLast(t, s, collector, written, ship.Process(), sender)
			ship.Settled(t)
			ship.Stop(t)
			collector.Stop(t)
			checkGaps(t, s, collector.Tally(t), written)
			checkUIDs(t, harness.Of("pexip-infinity", collector.Records(t)), daemon.repeats)
		})
	}
}

// awaitLast waits until the newest message of every TCP and TLS route has arrived.
func awaitLast(t *testing.T, s site, collector *harness.Collector, n int, procs ...*harness.Process) {
	t.Helper()
	harness.Wait(t, 60*time.Second, "the last messages", func() (err error) {
		tally := collector.Tally(t)
		for _, r := range s.routes {
			if r.transport == "udp" {
				continue
			}
			if gaps := tally.Missing(r.name, n); len(gaps) > 0 && gaps[len(gaps)-1].Last == n-1 {
				err = errors.Join(err, fmt.Errorf("stream %s: missing: %v", r.name, gaps))
			}
		}
		return err
	}, procs...)
}

func checkGaps(t *testing.T, s site, tally *harness.Tally, written int) {
	t.Helper()
	for _, r := range s.routes {
		written := r.count(written)
		gaps := tally.Missing(r.name, written)
		lost := 0
		for _, g := range gaps {
			lost += g.Last - g.First + 1
		}
		t.Logf("%-18s %d of %d lost in %d gaps over %d kills: %v (%d bytes a message)",
			r.name, lost, written, len(gaps), *crashes, gaps, len(message(r.name, 1000)))
		if r.transport != "udp" && len(gaps) > *crashes {
			t.Errorf("%s: %d gaps over %d kills", r.name, len(gaps), *crashes)
		}
	}
}

// checkUIDs checks that one message, received once, has one uid. A daemon that
// sends again what it believes to be lost repeats messages within one read,
// which cannot be told from that.
func checkUIDs(t *testing.T, records []harness.Record, repeats bool) {
	t.Helper()
	type receipt struct {
		text     string
		observed time.Time
		port     any
	}
	uids, texts := map[receipt]string{}, map[string]int{}
	for _, r := range records {
		k := receipt{r.Text(), r.Observed, r.Attributes["network.peer.port"]}
		if uid, known := uids[k]; known && uid != r.UID() && !repeats {
			t.Errorf("%q, received once, came as uid %s and as %s", r.Text(), uid, r.UID())
			return
		} else if !known {
			uids[k] = r.UID()
			texts[r.Text()]++
		}
	}
	t.Logf("%d messages received, %d of them sent again by the daemon; %d records came again from rtcship",
		len(uids), len(uids)-len(texts), len(records)-len(uids))
}

// newSite prepares rtcship with a listener for each transport, with client
// certificates asked for on TLS.
func newSite(t *testing.T, collector *harness.Collector, routes []route) (site, *harness.Ship) {
	t.Helper()
	authority := harness.NewAuthority(t, "e2e")
	serverCert, serverKey := authority.Issue(t, "rtcship")
	s := site{
		dir: t.TempDir(), udp: harness.FreeAddr(t), tcp: harness.FreeAddr(t), tls: harness.FreeAddr(t),
		ca: authority.CAFile, routes: routes,
	}
	s.cert, s.key = authority.Issue(t, "node")
	for _, r := range s.routes {
		write(t, s.log(r), "")
	}
	return s, harness.NewShip(t, fmt.Sprintf(`
sora: {log_dir: ""}
pexip:
  listen: ["udp://%s", "tcp://%s", "tls://%s"]
  tls: {cert_file: %q, key_file: %q, client_ca_file: %q}
export: {endpoint: "http://%s"}
`, s.udp, s.tcp, s.tls, serverCert, serverKey, authority.CAFile, collector.GRPC))
}

// message is what a Pexip node hands to its syslog daemon: the line from the originating time on.
func message(stream string, n int) string {
	line := harness.PexipLine(stream, n)
	return strings.SplitN(line, " ", 3)[2]
}

// load appends messages from first up to last to every route's log.
func (s site) load(t *testing.T, first, last int) {
	t.Helper()
	for _, r := range s.routes {
		var b strings.Builder
		for n := r.count(first); n < r.count(last); n++ {
			b.WriteString(message(r.name, n) + "\n")
		}
		f, err := os.OpenFile(s.log(r), os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString(b.String()); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}

func await(t *testing.T, what string, s site, collector *harness.Collector, n int, procs ...*harness.Process) {
	t.Helper()
	harness.Wait(t, 60*time.Second, what, func() (err error) {
		tally := collector.Tally(t)
		for _, r := range s.routes {
			err = errors.Join(err, tally.Complete(r.name, r.count(n)))
		}
		return err
	}, procs...)
}

// checkHeaders looks at what became of each route's header: the time, the
// severity and the pairs are Pexip's own, the header is peeled off, and the
// transport is the route's.
func checkHeaders(t *testing.T, records []harness.Record) {
	t.Helper()
	for _, r := range records {
		if r.Service() != "pexip-infinity" {
			continue
		}
		stream, _, _ := strings.Cut(strings.TrimPrefix(r.Text(), "seq="), "/")
		transport, _, _ := strings.Cut(stream, "-")
		wantTransport := map[string]string{"udp": "udp", "tcp": "tcp", "tls": "tcp"}[transport]
		want := map[string]any{
			"severity":          9,
			"year":              2026,
			"pexip.module":      "administrator.configuration",
			"network.transport": wantTransport,
		}
		got := map[string]any{
			"severity": r.Severity, "year": r.Time.Year(),
			"pexip.module": r.Attributes["pexip.module"], "network.transport": r.Attributes["network.transport"],
		}
		for k := range want {
			if got[k] != want[k] {
				t.Errorf("%s: %s is %v, want %v: %q", stream, k, got[k], want[k], r.Text())
				return
			}
		}
	}
}
