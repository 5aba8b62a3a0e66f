package syslog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestReloadKeepsWhatDidNotChange(t *testing.T) {
	dir := t.TempDir()
	keep := []string{"tcp://127.0.0.1:0", "udp://127.0.0.1:0"}
	old := []string{"unix://" + filepath.Join(dir, "old"), "unixgram://" + filepath.Join(dir, "oldgram")}
	fresh := []string{"unix://" + filepath.Join(dir, "new"), "udp://127.0.0.1:0"}
	var sink memory
	s := serve(t, Config{Listen: append(keep[:2:2], old...)}, &sink)
	before := s.addrs()
	var conns []net.Conn
	for i := range before {
		c := dial(t, s, i)
		send(t, c, fmt.Sprintf("before %d\n", i))
		conns = append(conns, c)
	}
	sink.wait(t, 4)
	if err := s.Reload(Config{Listen: append(keep[:2:2], fresh...), MaxMessage: minMessage}); err != nil {
		t.Fatal(err)
	}
	after := s.addrs()
	if after[0] != before[0] || after[1] != before[1] || len(after) != 4 {
		t.Errorf("from %v to %v", before, after)
	}
	for i := range 2 {
		send(t, conns[i], fmt.Sprintf("kept %d\n", i))
		send(t, dial(t, s, i+2), fmt.Sprintf("new %d\n", i))
	}
	sink.wait(t, 8)
	if !closedByPeer(t, conns[2]) {
		t.Error("a connection to a listener that is gone stays open")
	}
	if _, err := net.Dial("unix", filepath.Join(dir, "old")); err == nil {
		t.Error("a listener that is gone still accepts")
	}
	send(t, conns[0], strings.Repeat("x", minMessage+1)+"\n")
	if e := sink.wait(t, 10)[8]; !e.Cut || len(e.Text) != minMessage {
		t.Errorf("the new limit does not hold: %d bytes", len(e.Text))
	}
	waitStatus(t, s, func(st []ListenerStatus) bool { return st[0].Messages >= 4 && st[2].Messages == 1 })
}

func TestReloadEndsConnectionsThatAreNotAllowedAnyMore(t *testing.T) {
	var sink memory
	s := serve(t, Config{Listen: []string{"tcp://127.0.0.1:0"}}, &sink)
	bad, err := dialFrom(t, s, "127.0.0.2")
	if err != nil {
		t.Fatal(err)
	}
	good, err := dialFrom(t, s, "127.0.0.3")
	if err != nil {
		t.Fatal(err)
	}
	send(t, bad, "1\n")
	send(t, good, "2\n")
	sink.wait(t, 2)
	err = s.Reload(Config{Listen: []string{"tcp://127.0.0.1:0"}, Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.3/32")}})
	if err != nil {
		t.Fatal(err)
	}
	if !closedByPeer(t, bad) {
		t.Error("the connection stays open")
	}
	send(t, good, "3\n")
	sink.wait(t, 3)
	waitStatus(t, s, func(st []ListenerStatus) bool { return st[0].Refused[EndNotAllowed] == 1 && st[0].Connections == 1 })
}

// With a fault in it, a configuration changes nothing.
func TestFaultyReloadChangesNothing(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	var sink memory
	s := serve(t, Config{Listen: []string{"tcp://127.0.0.1:0", "udp://127.0.0.1:0"}}, &sink)
	c := dial(t, s, 0)
	before := s.addrs()
	for name, cfg := range map[string]Config{
		"taken port":    {Listen: []string{"udp://127.0.0.1:0", "tcp://" + taken.Addr().String()}},
		"no address":    {Listen: []string{"tcp://127.0.0.1:0", "bad"}},
		"twice":         {Listen: []string{"tcp://127.0.0.1:7", "tcp://127.0.0.1:7"}},
		"TLS, no files": {Listen: []string{"tcp://127.0.0.1:0", "tls://127.0.0.1:0"}},
		"no such host":  {Listen: []string{"tcp://192.0.2.1:0"}},
	} {
		cfg.Allow = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
		if err := s.Reload(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	send(t, c, "still here\n")
	sink.wait(t, 1)
	if after := s.addrs(); !slices.Equal(before, after) {
		t.Errorf("from %v to %v", before, after)
	}
	send(t, dial(t, s, 1), "datagram")
	sink.wait(t, 2)
}

// Not even while a faulty configuration is looked at is anything of it in force.
func TestFaultyReloadIsNeverInForce(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	var sink memory
	s := serve(t, Config{Listen: []string{"udp://127.0.0.1:0", "tcp://127.0.0.1:0"}}, &sink)
	faulty := Config{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	for range 200 { // it takes a while until the fault is found
		faulty.Listen = append(faulty.Listen, "tcp://127.0.0.1:0")
	}
	faulty.Listen = append(faulty.Listen, "tcp://"+taken.Addr().String())
	sent := 0
	for range 20 {
		var over atomic.Bool
		reloaded := make(chan error, 1)
		go func() {
			defer over.Store(true)
			reloaded <- s.Reload(faulty)
		}()
		for n := 0; !over.Load() && n < 10; n++ {
			send(t, dial(t, s, 0), "datagram")
			send(t, dial(t, s, 1), "line\n")
			sent++
		}
		if err := <-reloaded; err == nil {
			t.Error("the faulty configuration was accepted")
		}
	}
	sink.wait(t, 2*sent)
	for _, st := range s.Status() {
		if st.Dropped[DropNotAllowed]+st.Refused[EndNotAllowed] > 0 {
			t.Errorf("%s turned somebody away", st.Listen)
		}
	}
}

// An address may move to a listener whose port the old one still has.
func TestReloadTakesOverPort(t *testing.T) {
	for _, scheme := range []string{"tcp", "udp"} {
		t.Run(scheme, func(t *testing.T) {
			var sink memory
			s := serve(t, Config{Listen: []string{scheme + "://127.0.0.1:0"}}, &sink)
			_, port, err := net.SplitHostPort(s.addrs()[0].String())
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Reload(Config{Listen: []string{scheme + "://localhost:" + port}}); err != nil {
				t.Fatal(err)
			}
			c, err := net.Dial(scheme, "127.0.0.1:"+port)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			send(t, c, "hello\n")
			sink.wait(t, 1)
			// And when that fails, the old one is back.
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer taken.Close()
			err = s.Reload(Config{Listen: []string{scheme + "://127.0.0.1:" + port, "tcp://" + taken.Addr().String()}})
			if !errors.Is(err, syscall.EADDRINUSE) {
				t.Fatalf("reload: %v", err)
			}
			c, err = net.Dial(scheme, "127.0.0.1:"+port)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			send(t, c, "again\n")
			sink.wait(t, 2)
			waitStatus(t, s, func(st []ListenerStatus) bool { return len(st) == 1 && st[0].Messages == 2 })
		})
	}
}

// So may a path, to another kind of socket or with other mode bits.
func TestReloadTakesOverPath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	var sink memory
	s := serve(t, Config{Listen: []string{"unix://" + path}}, &sink)
	for i, listen := range []string{"unixgram://" + path, "unixgram://" + path + "?mode=0600", "unix://" + path} {
		if err := s.Reload(Config{Listen: []string{listen}}); err != nil {
			t.Fatal(err)
		}
		send(t, dial(t, s, 0), "hello\n")
		sink.wait(t, i+1)
	}
}

// At the end, what has arrived is taken, a half message too, and nothing is
// waited for.
func TestShutdownTakesWhatHasArrived(t *testing.T) {
	dir := t.TempDir()
	sink := memory{gate: make(chan struct{})}
	s, err := Listen(Config{Listen: []string{
		"tcp://127.0.0.1:0", "unix://" + filepath.Join(dir, "s"), "udp://127.0.0.1:0", "unixgram://" + filepath.Join(dir, "g"),
	}}, &sink)
	if err != nil {
		t.Fatal(err)
	}
	s.drain = time.Minute // more than the machine can be late with opening the gate
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- s.Serve(ctx) }()
	for i := range 2 {
		c := dial(t, s, i)
		send(t, c, "first\n") // waits at the gate
		waitFor(t, func() bool { return int(sink.waiting.Load()) == i+1 })
		send(t, c, "second\nhalf") // waits in the socket
		dial(t, s, i)              // has nothing to say
	}
	udp, gram := dial(t, s, 2), dial(t, s, 3)
	waitFor(t, func() bool { return s.Status()[0].Connections == 2 && s.Status()[1].Connections == 2 })
	for range 500 {
		send(t, udp, "datagram")
	}
	send(t, gram, "datagram")
	cancel()
	time.Sleep(20 * time.Millisecond)
	close(sink.gate)
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(2 * s.drain):
		t.Fatal("does not end")
	}
	count := map[string]int{}
	for _, text := range sink.texts() {
		count[text]++
	}
	if count["first"] != 2 || count["second"] != 2 || count["half"] != 2 || count["datagram"] != 501 {
		t.Errorf("got %v", count)
	}
	for _, st := range s.Status() {
		for reason, n := range st.Refused {
			if n != 0 {
				t.Errorf("%s: %s %d", st.Listen, reason, n)
			}
		}
	}
	if _, err := net.Dial("tcp", s.addrs()[0].String()); err == nil {
		t.Error("the port still accepts")
	}
}

// A full spool does not keep a process from ending. What was read and could
// not be written is counted.
func TestShutdownWithFullSpool(t *testing.T) {
	sink := memory{gate: make(chan struct{})}
	s, err := Listen(Config{Listen: []string{"tcp://127.0.0.1:0"}}, &sink)
	if err != nil {
		t.Fatal(err)
	}
	go s.Serve(t.Context())
	send(t, dial(t, s, 0), "one\ntwo\n")
	waitFor(t, func() bool { return sink.waiting.Load() == 1 })
	start := time.Now()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < drainTime || took > drainTime+patience {
		t.Errorf("closing took %v", took)
	}
	if st := s.Status()[0]; st.Dropped[DropShutdown] != 2 || st.Messages != 0 {
		t.Errorf("status %+v", st)
	}
}

// Connections that come and go leave nothing behind.
func TestConnectionsComeAndGo(t *testing.T) {
	var sink memory
	s := serve(t, Config{Listen: []string{"tcp://127.0.0.1:0"}}, &sink)
	for i := range 100 {
		c := dial(t, s, 0)
		switch i % 4 {
		case 0:
			send(t, c, "line\n")
		case 1:
			send(t, c, "half")
		case 2:
			send(t, c, "line\n")
			c.(*net.TCPConn).SetLinger(0) // resets the connection
			sink.wait(t, i/4*3+3)
		}
		c.Close()
	}
	sink.wait(t, 75)
	waitFor(t, func() bool { return s.Status()[0].Accepted == 100 && s.Status()[0].Connections == 0 })
	st := s.Status()[0]
	if st.Half != 25 || st.Refused[EndError] != 25 {
		t.Errorf("status %+v", st)
	}
	s.conns.mu.Lock()
	defer s.conns.mu.Unlock()
	if len(s.conns.all) != 0 || len(s.conns.byPeer) != 0 {
		t.Errorf("%d connections are still known", len(s.conns.all))
	}
}
