package harness

import (
	"io"
	"net"
	"sync"
	"testing"
)

// A Swallower stands between rtcship and a collector. From Swallow on, the
// connections that are open carry nothing any more and stay open, as when a
// firewall has forgotten them: neither end is told. New ones are not touched.
type Swallower struct {
	Addr string

	target string
	mu     sync.Mutex
	dead   chan struct{} // of the present connections; closed by Swallow
	n      int
}

// NewSwallower starts to forward to target.
func NewSwallower(t testing.TB, target string) *Swallower {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Swallower{Addr: l.Addr().String(), target: target, dead: make(chan struct{})}
	var conns sync.WaitGroup
	done := make(chan struct{})
	conns.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { s.forward(in, done) })
		}
	})
	t.Cleanup(func() {
		close(done)
		l.Close()
		conns.Wait()
	})
	return s
}

// Swallow makes the present connections dead, and returns how many there have been so far.
func (s *Swallower) Swallow() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.dead)
	s.dead = make(chan struct{})
	return s.n
}

// Connections returns how many there have been so far.
func (s *Swallower) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.n
}

func (s *Swallower) forward(in net.Conn, done chan struct{}) {
	defer in.Close()
	out, err := net.Dial("tcp", s.target)
	if err != nil {
		return
	}
	defer out.Close()
	s.mu.Lock()
	dead := s.dead
	s.n++
	s.mu.Unlock()
	ended := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		go func() {
			_, _ = io.Copy(&swallowing{way[1], dead}, way[0])
			ended <- struct{}{}
		}()
	}
	select {
	case <-ended:
		select {
		case <-dead: // the other end does not get to know
			<-done
		default:
		}
	case <-done:
	}
}

// A swallowing is a connection's one way, which at some time leads nowhere.
type swallowing struct {
	net.Conn
	dead chan struct{}
}

func (s *swallowing) Write(p []byte) (int, error) {
	select {
	case <-s.dead:
		return len(p), nil
	default:
		return s.Conn.Write(p)
	}
}
