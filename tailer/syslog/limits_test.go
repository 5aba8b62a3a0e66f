package syslog

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rtcship/rtcship/tailer/spool"
	"github.com/rtcship/rtcship/tailer/syslog/internal/datagram"
)

// dialFrom connects from a given loopback address.
func dialFrom(t testing.TB, s *Server, from string) (net.Conn, error) {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: patience}
	c, err := d.Dial("tcp", s.addrs()[0].String())
	if err == nil {
		t.Cleanup(func() { c.Close() })
	}
	return c, err
}

// closedByPeer says whether the other end closes c, or has reset it.
func closedByPeer(t testing.TB, c net.Conn) bool {
	t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	_, err := c.Read(make([]byte, 1))
	return err == io.EOF || errors.Is(err, syscall.ECONNRESET)
}

func TestAllowList(t *testing.T) {
	prefixes := func(s ...string) (out []netip.Prefix) {
		for _, p := range s {
			out = append(out, netip.MustParsePrefix(p))
		}
		return out
	}
	tests := []struct {
		list  []netip.Prefix
		addr  string
		allow bool
	}{
		{nil, "192.0.2.1", true},
		{prefixes("192.0.2.0/24"), "192.0.2.1", true},
		{prefixes("192.0.2.0/24"), "192.0.3.1", false},
		{prefixes("192.0.2.0/24"), "::ffff:192.0.2.1", true},
		{prefixes("192.0.2.0/24"), "::ffff:192.0.3.1", false},
		{prefixes("::ffff:192.0.2.0/120"), "192.0.2.1", true},
		{prefixes("::ffff:192.0.2.0/120"), "192.0.3.1", false},
		{prefixes("192.0.2.77/24"), "192.0.2.1", true}, // host bits are ignored
		{prefixes("2001:db8::/32"), "2001:db8::5", true},
		{prefixes("2001:db8::/32"), "2001:db9::5", false},
		{prefixes("fe80::/10"), "fe80::1%eth0", true},
		{prefixes("::/0"), "192.0.2.1", false},
		{prefixes("0.0.0.0/0"), "2001:db8::5", false},
		{prefixes("198.51.100.0/24", "192.0.2.1/32"), "192.0.2.1", true},
	}
	for _, tt := range tests {
		if got := newAllowList(tt.list).allows(netip.MustParseAddr(tt.addr)); got != tt.allow {
			t.Errorf("%v allows %s: %v", tt.list, tt.addr, got)
		}
	}
	if !newAllowList(prefixes("192.0.2.0/24")).allows(netip.Addr{}) {
		t.Error("a Unix socket is judged by address")
	}
}

func TestNotAllowed(t *testing.T) {
	var sink memory
	s := serve(t, Config{
		Listen: []string{"tcp://127.0.0.1:0", "udp://127.0.0.1:0"},
		Allow:  []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
	}, &sink)
	bad, err := dialFrom(t, s, "127.0.0.2")
	if err != nil {
		t.Fatal(err)
	}
	if !closedByPeer(t, bad) {
		t.Error("the connection stays open")
	}
	udp, err := net.DialUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)}, s.addrs()[1].(*net.UDPAddr))
	if err != nil {
		t.Fatal(err)
	}
	defer udp.Close()
	send(t, udp, "bad")
	send(t, dial(t, s, 0), "good\n")
	send(t, dial(t, s, 1), "good too")
	sink.wait(t, 2)
	waitFor(t, func() bool { return s.Status()[1].Dropped[DropNotAllowed] == 1 })
	if st := s.Status()[0]; st.Refused[EndNotAllowed] != 1 { // closed by the server, so it is counted
		t.Errorf("status %+v", st)
	}
	for _, text := range sink.texts() {
		if text == "bad" {
			t.Error("a message of a peer that is not allowed")
		}
	}
}

// A peer that takes all connections keeps nobody else out, and those beyond
// its share are refused.
func TestConnectionLimitIsShared(t *testing.T) {
	var sink memory
	s := serve(t, Config{Listen: []string{"tcp://127.0.0.1:0"}, MaxConnections: 4}, &sink)
	var hogs []net.Conn
	for i := range 4 {
		c, err := dialFrom(t, s, "127.0.0.2")
		if err != nil {
			t.Fatal(err)
		}
		send(t, c, fmt.Sprintf("hog %d\n", i))
		hogs = append(hogs, c)
		sink.wait(t, i+1)
	}
	fifth, err := dialFrom(t, s, "127.0.0.2")
	if err != nil {
		t.Fatal(err)
	}
	if !closedByPeer(t, fifth) {
		t.Error("a fifth connection of the peer that has all of four")
	}
	// The second peer gets two: then both have their share.
	for i := range 2 {
		c, err := dialFrom(t, s, "127.0.0.3")
		if err != nil {
			t.Fatal(err)
		}
		send(t, c, fmt.Sprintf("good %d\n", i))
		sink.wait(t, 5+i)
	}
	third, err := dialFrom(t, s, "127.0.0.3")
	if err != nil {
		t.Fatal(err)
	}
	if !closedByPeer(t, third) {
		t.Error("a third connection of a peer whose share is two")
	}
	// Those that were silent for longest had to go.
	for i, c := range hogs {
		if i < 2 {
			if !closedByPeer(t, c) {
				t.Errorf("hog %d was not closed", i)
			}
			continue
		}
		send(t, c, "still here\n")
	}
	sink.wait(t, 8)
	waitStatus(t, s, func(st []ListenerStatus) bool {
		return st[0].Refused[EndLimit] == 2 && st[0].Refused[EndEvicted] == 2 && st[0].Connections == 4
	})
}

// Two peers do not take an odd connection off each other for ever.
func TestOddConnectionStays(t *testing.T) {
	var cs conns
	add := func(peer string) bool {
		return cs.add(&conn{peer: netip.MustParseAddrPort(peer), nc: newFakeStream()}, 5)
	}
	for range 5 {
		if !add("192.0.2.1:1") {
			t.Fatal("refused while there is room")
		}
	}
	for i, want := range []bool{true, true, false} {
		if got := add("192.0.2.2:1"); got != want {
			t.Errorf("connection %d of the second peer: %v", i+1, got)
		}
	}
	if add("192.0.2.1:1") {
		t.Error("the first peer got its third one back")
	}
	if !add("192.0.2.3:1") {
		t.Error("a third peer was refused")
	}
}

// A connection that ends just where a piece was cut off ends within a message
// all the same.
func TestHalfMessageCutEvenly(t *testing.T) {
	var sink memory
	s := serve(t, Config{Listen: []string{"tcp://127.0.0.1:0"}, MaxMessage: minMessage}, &sink)
	c := dial(t, s, 0)
	send(t, c, fmt.Sprintf("%d <%s", 2*minMessage, strings.Repeat("x", minMessage-1)))
	sink.wait(t, 1)
	c.Close()
	waitFor(t, func() bool { return s.Status()[0].Half == 1 && s.Status()[0].Connections == 0 })
	if n := len(sink.entries()); n != 1 {
		t.Errorf("%d pieces", n)
	}
}

// A connection that is stopped just before it begins to wait does not wait.
func TestInterruptBeforeReady(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := newSocket(c)
	if err != nil {
		t.Fatal(err)
	}
	s.interrupt()
	if err := s.ready(time.Now().Add(time.Minute)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("ready: %v", err)
	}
	if _, err := s.read(make([]byte, 1)); err != errAgain {
		t.Errorf("what has arrived cannot be read any more: %v", err)
	}
}

func TestShare(t *testing.T) {
	a, b := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::ffff:2")
	if share(a) != share(b) {
		t.Error("two addresses of one network count as two peers")
	}
	if a, b := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"); share(a) == share(b) {
		t.Error("two IPv4 addresses count as one peer")
	}
}

// An evicted connection still delivers what had arrived.
func TestEvictionLosesNothingThatArrived(t *testing.T) {
	sink := memory{gate: make(chan struct{})}
	s := serve(t, Config{Listen: []string{"tcp://127.0.0.1:0"}, MaxConnections: 2}, &sink)
	a, err := dialFrom(t, s, "127.0.0.2")
	if err != nil {
		t.Fatal(err)
	}
	b, err := dialFrom(t, s, "127.0.0.2")
	if err != nil {
		t.Fatal(err)
	}
	send(t, a, "first\n") // is worked on, and waits at the gate
	waitFor(t, func() bool { return sink.waiting.Load() == 1 })
	send(t, b, "other\n") // so a is the one that was silent for longer
	waitFor(t, func() bool { return sink.waiting.Load() == 2 })
	send(t, a, "second\nthird") // waits in the socket
	if _, err := dialFrom(t, s, "127.0.0.3"); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return s.Status()[0].Accepted == 3 })
	close(sink.gate)
	waitFor(t, func() bool { return s.Status()[0].Refused[EndEvicted] == 1 })
	got := sink.texts()
	got = slices.DeleteFunc(got, func(s string) bool { return s == "other" })
	if want := []string{"first", "second", "third"}; !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// A fakeStream is a connection that a synctest bubble can wait for.
type fakeStream struct {
	net.Conn // only Close is called
	data     chan string
	over     chan struct{}
	pending  string
	hushed   atomic.Int64
}

func newFakeStream() *fakeStream {
	return &fakeStream{data: make(chan string, 100), over: make(chan struct{})}
}

func (s *fakeStream) ready(deadline time.Time) error {
	if s.pending != "" {
		return nil
	}
	var timeout <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		timeout = timer.C
	}
	select {
	case s.pending = <-s.data:
		return nil
	case <-timeout:
	case <-s.over:
	}
	return errDeadline
}

var errDeadline = fmt.Errorf("fake: %w", os.ErrDeadlineExceeded)

func (s *fakeStream) read(p []byte) (int, error) {
	for {
		select {
		case more := <-s.data:
			s.pending += more
			continue
		default:
		}
		if s.pending == "" {
			return 0, errAgain
		}
		n := copy(p, s.pending)
		s.pending = s.pending[n:]
		return n, nil
	}
}

// SetDeadline is what ends a handshake.
func (s *fakeStream) SetDeadline(time.Time) error { return nil }

func (s *fakeStream) hush()        { s.hushed.Add(1) }
func (s *fakeStream) interrupt()   { close(s.over) }
func (s *fakeStream) Close() error { return nil }

// fakeConn returns a connection over s to a server that listens on nothing.
func fakeConn(t *testing.T, cfg Config, sink Sink, s *fakeStream) *conn {
	t.Helper()
	srv, err := Listen(cfg, sink)
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{server: srv, counters: newCounters(), transport: spool.TCP, ctx: t.Context()}
	c := newConn(l, s, netip.AddrPort{})
	var st stream = s
	c.stream.Store(&st)
	return c
}

func TestIdleTimeout(t *testing.T) {
	for _, idle := range []time.Duration{time.Minute, defaultIdleTimeout} {
		synctest.Test(t, func(t *testing.T) {
			s := newFakeStream()
			var sink memory
			c := fakeConn(t, Config{IdleTimeout: idle}, &sink, s)
			start := time.Now()
			go func() {
				for range 5 { // just in time, five times, with a message in halves
					time.Sleep(idle - time.Second)
					s.data <- "half"
				}
			}()
			err := c.readAll(s)
			if !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("ended with %v", err)
			}
			want := 5*(idle-time.Second) + idle
			if took := time.Since(start); took < want || took > want+time.Second {
				t.Errorf("ended after %v, want %v", took, want)
			}
			if got := sink.texts(); len(got) != 1 || got[0] != "halfhalfhalfhalfhalf" {
				t.Errorf("got %q", got)
			}
			if n := c.listener.counters.half.Load(); n != 1 {
				t.Errorf("%d half messages", n)
			}
		})
	}
}

// The time for which the spool keeps a connection waiting is not idle time.
func TestFullSpoolIsNotIdleTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeStream()
		sink := memory{gate: make(chan struct{})}
		c := fakeConn(t, Config{IdleTimeout: time.Minute}, &sink, s)
		s.data <- "one\n"
		s.data <- "two\n"
		done := make(chan error)
		go func() { done <- c.readAll(s) }()
		time.Sleep(time.Hour)
		close(sink.gate)
		synctest.Wait()
		time.Sleep(time.Second)
		if got := strings.Join(sink.texts(), ","); got != "one,two" {
			t.Errorf("got %q", got)
		}
		c.stop("")
		<-done
	})
}

// A trickle of messages is read in groups, and the first is not kept waiting.
func TestPacing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newFakeStream()
		var sink memory
		c := fakeConn(t, Config{}, &sink, s)
		done := make(chan error)
		go func() { done <- c.readAll(s) }()
		time.Sleep(time.Minute)
		s.data <- "first\n"
		synctest.Wait()
		if len(sink.texts()) != 1 {
			t.Error("the first message has to wait")
		}
		for range 1000 { // one each millisecond
			s.data <- "more\n"
			time.Sleep(time.Millisecond)
		}
		time.Sleep(maxPause)
		if n := len(sink.texts()); n != 1001 {
			t.Errorf("%d messages", n)
		}
		if n := s.hushed.Load(); n < 22 || n > 40 {
			t.Errorf("%d pauses in a second", n)
		}
		c.stop("")
		<-done
	})
}

func TestPacer(t *testing.T) {
	now := time.Unix(1000, 0).Add(7 * time.Millisecond)
	p := pacer{longest: 20 * time.Millisecond, most: 100}
	if d := p.pause(now); now.Add(d).UnixNano()%int64(20*time.Millisecond) != 0 || d < 10*time.Millisecond || d > 30*time.Millisecond {
		t.Errorf("first pause %v", d)
	}
	now = now.Add(20 * time.Millisecond)
	p.got = 200 // twice as many as wanted
	if d := p.pause(now); d != 10*time.Millisecond {
		t.Errorf("pause %v after 200 in 20 ms", d)
	}
	now = now.Add(10 * time.Millisecond)
	p.got = 1 << 20
	if d := p.pause(now); d != 0 {
		t.Errorf("pause %v in a flood", d)
	}
}

// A sender that a full window holds up shows its speed in every sixteenth
// round, in which there is no pause.
func TestPacerProbes(t *testing.T) {
	now := time.Unix(1000, 0)
	p := pacer{longest: 20 * time.Millisecond, most: 100, probe: true}
	left := 0
	for range 160 {
		p.got = 10
		if p.pause(now) == 0 {
			left++
		}
		now = now.Add(20 * time.Millisecond)
	}
	if left != 10 {
		t.Errorf("%d of 160 pauses left out, want 10", left)
	}
}

// A line that never ends is cut, and its connection holds a bounded amount.
func TestNeverEndingLine(t *testing.T) {
	var sink memory
	const limit = 100 << 10
	s := serve(t, Config{Listen: []string{"tcp://127.0.0.1:0"}, MaxMessage: limit}, &sink)
	c := dial(t, s, 0)
	chunk := strings.Repeat("x", 1<<20)
	for range 5 {
		send(t, c, chunk)
	}
	send(t, c, "y\nnext\n")
	waitFor(t, func() bool { return slices.Contains(sink.texts(), "next") })
	total := 0
	for i, e := range sink.entries() {
		total += len(e.Text)
		last := i >= len(sink.entries())-2
		if e.Cut == (string(e.Text) == "next") || !last && len(e.Text) != limit {
			t.Fatalf("piece %d: %d bytes, cut %v", i, len(e.Text), e.Cut)
		}
	}
	if want := 5<<20 + 1 + 4; total != want {
		t.Errorf("%d bytes, want %d", total, want)
	}
	waitStatus(t, s, func(st []ListenerStatus) bool { return st[0].Cut > 0 && st[0].Cut == st[0].Messages-1 })
	if n := s.conns.borrowed.Load(); n != 0 {
		t.Errorf("%d bytes are still borrowed", n)
	}
}

// Not for a moment is more borrowed than there is: who asks for too much keeps
// nobody else from what is left.
func TestBorrowedNeverExceeds(t *testing.T) {
	var cs conns
	const most = 16 << 10
	room := sharedMemory - most // for one more that wants most
	if !cs.borrow(0, room+ownMemory, 0) {
		t.Fatal("nothing can be borrowed")
	}
	var done atomic.Bool
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for !done.Load() {
				if cs.borrow(0, ownMemory+2*most, 0) {
					t.Error("too much was borrowed")
					return
				}
			}
		})
	}
	for range 50_000 {
		if !cs.borrow(0, ownMemory+most, 0) || cs.borrowed.Load() > sharedMemory {
			t.Error("what is left cannot be borrowed")
			break
		}
		cs.giveBack(ownMemory + most)
	}
	done.Store(true)
	all.Wait()
}

// Many never-ending lines share a bounded amount of memory; no byte of them is
// lost, and a message that is not too long comes whole from others.
func TestNeverEndingLinesShareMemory(t *testing.T) {
	var sink memory
	s := serve(t, Config{Listen: []string{"tcp://127.0.0.1:0"}}, &sink)
	half := strings.Repeat("x", 900<<10)
	var hogs []net.Conn
	var writing sync.WaitGroup
	for range 20 {
		c := dial(t, s, 0)
		writing.Go(func() { _, _ = c.Write([]byte(half)) })
		hogs = append(hogs, c)
	}
	waitFor(t, func() bool { return s.Status()[0].Cut > 0 })
	time.Sleep(50 * time.Millisecond)
	if n := s.conns.borrowed.Load(); n > sharedMemory {
		t.Errorf("%d bytes are borrowed", n)
	}
	good := dial(t, s, 0)
	message := strings.Repeat("m", 12<<10)
	for i := range 40 {
		send(t, good, message[:i*200])
		time.Sleep(time.Millisecond)
		send(t, good, message[i*200:]+"\n")
	}
	waitFor(t, func() bool {
		n := 0
		for _, e := range sink.entries() {
			if e.Text[0] == 'm' {
				n++
				if len(e.Text) != len(message) || e.Cut {
					t.Fatalf("a good message of %d bytes, cut %v", len(e.Text), e.Cut)
				}
			}
		}
		return n == 40
	})
	writing.Wait()
	for _, c := range hogs {
		c.Close()
	}
	waitFor(t, func() bool { return s.Status()[0].Connections == 1 })
	total := 0
	for _, e := range sink.entries() {
		if e.Text[0] == 'x' {
			total += len(e.Text)
		}
	}
	if total < 20*len(half)/2 {
		t.Errorf("%d bytes of the long lines", total)
	}
	if n := s.conns.borrowed.Load(); n != 0 {
		t.Errorf("%d bytes are still borrowed", n)
	}
}

func TestLongMessageComesWhole(t *testing.T) {
	var sink memory
	s := serve(t, Config{Listen: []string{"tcp://127.0.0.1:0", "udp://127.0.0.1:0"}}, &sink)
	for i, size := range []int{10, readSize/2 - 1, readSize / 2, readSize, readSize + 1, 300_000, defaultMaxMessage} {
		text := strings.Repeat("z", size)
		for j, framed := range []string{text + "\n", fmt.Sprintf("%d %s", size, text), fmt.Sprintf("%d <%s", size, text[1:])} {
			c := dial(t, s, 0)
			go c.Write([]byte(framed))
			e := sink.wait(t, 3*i+j+1)[3*i+j]
			if len(e.Text) != size || e.Cut {
				t.Errorf("%d bytes, framing %d: got %d bytes, cut %v", size, j, len(e.Text), e.Cut)
			}
		}
	}
}

func TestLongDatagramIsCut(t *testing.T) {
	var sink memory
	s := serve(t, Config{Listen: []string{"udp://127.0.0.1:0"}, MaxMessage: minMessage}, &sink)
	c := dial(t, s, 0)
	send(t, c, strings.Repeat("a", minMessage)+strings.Repeat("b", 10)+"\r\n\x00")
	got := sink.wait(t, 2)
	if string(got[1].Text) != "bbbbbbbbbb" || !got[0].Cut || !got[1].Cut {
		t.Errorf("got %d and %d bytes", len(got[0].Text), len(got[1].Text))
	}
	send(t, c, "\n")
	waitFor(t, func() bool { return s.Status()[0].Empty == 1 })
	waitStatus(t, s, func(st []ListenerStatus) bool { return st[0].Cut == 2 && st[0].Messages == 2 })
}

func TestFullSpoolDropsDatagrams(t *testing.T) {
	for err, reason := range map[error]string{spool.ErrFull: DropSpoolFull, syscall.ENOSPC: DropDisk, spool.ErrClosed: DropShutdown} {
		sink := memory{err: err}
		s := serve(t, Config{Listen: []string{"udp://127.0.0.1:0"}}, &sink)
		c := dial(t, s, 0)
		for range 10 {
			send(t, c, "x")
		}
		waitFor(t, func() bool { return s.Status()[0].Dropped[reason] == 10 })
		if st := s.Status()[0]; st.Messages != 0 {
			t.Errorf("status %+v", st)
		}
	}
}

// What the kernel has no room for is known.
func TestKernelDrops(t *testing.T) {
	var sink memory
	s, err := Listen(Config{Listen: []string{"udp://127.0.0.1:0"}}, &sink)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() // it is never served, so nothing is read
	st := s.Status()[0]
	if st.ReceiveBuffer == 0 {
		t.Fatal("the receive buffer is not known")
	}
	c := dial(t, s, 0)
	text := strings.Repeat("x", 60_000)
	sent := 0
	for ; s.Status()[0].KernelDrops == 0; sent++ {
		if sent > 2*datagram.ReceiveBuffer/len(text)+1000 {
			t.Fatal("no drop was seen")
		}
		send(t, c, text)
	}
	if q := s.Status()[0].ReceiveQueue; q == 0 {
		t.Error("the queue is said to be empty")
	}
	for range 10 {
		send(t, c, text)
	}
	if n := s.Status()[0].KernelDrops; n != 11 {
		t.Errorf("%d drops, want 11", n)
	}
}

// Two messages in one datagram are two, over UDP and a Unix socket alike.
func TestSeveralInADatagram(t *testing.T) {
	for _, listen := range []string{"udp://127.0.0.1:0", "unixgram://" + filepath.Join(t.TempDir(), "dgram")} {
		var sink memory
		s := serve(t, Config{Listen: []string{listen}}, &sink)
		send(t, dial(t, s, 0), "<134>Mar  4 05:06:07 cn-1 pexip: one\n<134>Mar  4 05:06:07 cn-1 pexip: two\nand <13>three\n<13>four\n")
		sink.wait(t, 2)
		want := []string{"<134>Mar  4 05:06:07 cn-1 pexip: one", "<134>Mar  4 05:06:07 cn-1 pexip: two\nand <13>three\n<13>four"}
		if got := sink.texts(); !slices.Equal(got, want) {
			t.Errorf("%s: %q", listen, got)
		}
		waitStatus(t, s, func(st []ListenerStatus) bool { return st[0].Messages == 2 && st[0].Cut == 0 })
	}
}
