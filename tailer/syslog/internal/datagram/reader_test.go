package datagram

import (
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// sockets returns a reader for each kind of socket, and what sends to it.
func sockets(t *testing.T, size int) map[string]pair {
	t.Helper()
	all := make(map[string]pair)
	for _, addr := range []string{"127.0.0.1:0", "[::1]:0"} {
		pc, err := net.ListenPacket("udp", addr)
		if err != nil {
			t.Logf("%s: %v", addr, err)
			continue
		}
		all[addr] = newPair(t, pc.(*net.UDPConn), size)
	}
	pc, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(t.TempDir(), "s"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	all["unixgram"] = newPair(t, pc, size)
	return all
}

// A pair is a reader and who sends to it.
type pair struct {
	Reader
	sender net.Conn
}

func newPair(t *testing.T, conn Conn, size int) pair {
	t.Helper()
	addr := conn.LocalAddr()
	r, err := NewReader(conn, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	c, err := net.Dial(addr.Network(), addr.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return pair{r, c}
}

func (p pair) send(t *testing.T, text string) {
	t.Helper()
	if _, err := p.sender.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// Datagrams come in order, each with its sender, until there are none.
func TestReader(t *testing.T) {
	for name, p := range sockets(t, 1024) {
		t.Run(name, func(t *testing.T) {
			want := []string{"first", "", "third\nof several lines", "fourth"}
			for _, text := range want {
				p.send(t, text)
			}
			var got []string
			for len(got) < len(want) {
				n, err := p.Read(true)
				if err != nil || n == 0 || n > p.Size() {
					t.Fatalf("%d datagrams, %v", n, err)
				}
				for i := range n {
					text, peer, truncated := p.Message(i)
					if from := p.from(); peer != from || truncated {
						t.Errorf("%q is from %v, want %v; truncated %v", text, peer, from, truncated)
					}
					got = append(got, string(text))
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("got %q", got)
			}
			if n, err := p.Read(false); n != 0 || err != nil {
				t.Errorf("%d more datagrams, %v", n, err)
			}
		})
	}
}

// from is whom the reader takes the sender for.
func (p pair) from() netip.AddrPort {
	if addr, ok := p.sender.LocalAddr().(*net.UDPAddr); ok {
		return addr.AddrPort()
	}
	return netip.AddrPort{}
}

// Many datagrams cost few reads, and the last read never more than there are.
func TestManyAtOnce(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("one at a time on this system")
	}
	p := sockets(t, slab/8)["127.0.0.1:0"]
	if p.Size() != 8 {
		t.Fatalf("%d at once", p.Size())
	}
	for i := range 20 {
		p.send(t, fmt.Sprint(i))
	}
	for _, want := range []int{8, 8, 4, 0} {
		n, err := p.Read(false)
		if n != want || err != nil {
			t.Fatalf("%d datagrams, want %d; %v", n, want, err)
		}
	}
}

// What is longer than there is memory for is said to be without its end.
func TestTruncated(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("not told on this system")
	}
	for name, p := range sockets(t, 16) {
		for _, size := range []int{15, 16, 17, 1000} {
			p.send(t, strings.Repeat("x", size))
			if n, err := p.Read(true); n != 1 || err != nil {
				t.Fatalf("%s: %d datagrams, %v", name, n, err)
			}
			if text, _, truncated := p.Message(0); len(text) != min(size, 16) || truncated != (size > 16) {
				t.Errorf("%s, %d bytes: %d are there, truncated %v", name, size, len(text), truncated)
			}
		}
	}
}

// A reader that is interrupted does not wait, then or later, and still takes what is
// there.
func TestInterrupt(t *testing.T) {
	for name, p := range sockets(t, 1024) {
		t.Run(name, func(t *testing.T) {
			read := make(chan error)
			go func() {
				for range 2 {
					n, err := p.Read(true)
					if n > 0 {
						err = fmt.Errorf("%d datagrams", n)
					}
					read <- err
				}
			}()
			p.Interrupt()
			for range 2 {
				select {
				case err := <-read:
					if err != nil {
						t.Error(err)
					}
				case <-time.After(time.Minute):
					t.Fatal("it waits")
				}
			}
			p.send(t, "late")
			if n, err := p.Read(false); n != 1 || err != nil {
				t.Errorf("%d datagrams, %v", n, err)
			}
		})
	}
}

// What the kernel knows is told as long as the socket is there; asking later, and
// closing again, does no harm.
func TestState(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("not told on this system")
	}
	for name, p := range sockets(t, 1024) {
		t.Run(name, func(t *testing.T) {
			if st := p.State(); st.Buffer <= 0 || st.Queue != 0 || st.Drops != 0 {
				t.Errorf("before: %+v", st)
			}
			p.send(t, "waits")
			if st := p.State(); name != "unixgram" && st.Queue == 0 { // the sender's memory holds it there
				t.Errorf("with a datagram: %+v", st)
			}
			for range 2 {
				if err := p.Close(); err != nil {
					t.Error(err)
				}
				p.Interrupt()
				if st := p.State(); st != (State{}) {
					t.Errorf("closed: %+v", st)
				}
			}
		})
	}
}
