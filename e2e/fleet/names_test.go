package fleet

import (
	"net"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// A nameServer knows one name: that of the tier.
type nameServer struct {
	mu      sync.Mutex
	addrs   []string
	queries int
}

func newNameServer(t testing.TB) *nameServer {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:53")
	if err != nil {
		t.Fatal(err)
	}
	s := &nameServer{}
	var done sync.WaitGroup
	done.Go(func() { s.serve(conn) })
	t.Cleanup(func() {
		conn.Close()
		done.Wait()
	})
	return s
}

// set has the name stand for these addresses.
func (s *nameServer) set(addrs ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addrs = addrs
}

func (s *nameServer) serve(conn net.PacketConn) {
	buf := make([]byte, 1500)
	for {
		n, peer, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var question dnsmessage.Message
		if question.Unpack(buf[:n]) != nil || len(question.Questions) != 1 {
			continue
		}
		answer := s.answer(question)
		if packed, err := answer.Pack(); err == nil {
			_, _ = conn.WriteTo(packed, peer)
		}
	}
}

func (s *nameServer) answer(q dnsmessage.Message) dnsmessage.Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries++
	asked := q.Questions[0]
	a := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: q.ID, Response: true, Authoritative: true, RecursionAvailable: true},
		Questions: q.Questions,
	}
	if asked.Name.String() != tierName+"." {
		a.RCode = dnsmessage.RCodeNameError
		return a
	}
	if asked.Type != dnsmessage.TypeA {
		return a
	}
	for _, addr := range s.addrs {
		a.Answers = append(a.Answers, dnsmessage.Resource{
			Header: dnsmessage.ResourceHeader{Name: asked.Name, Type: asked.Type, Class: asked.Class, TTL: 5},
			Body:   &dnsmessage.AResource{A: [4]byte(net.ParseIP(addr).To4())},
		})
	}
	return a
}
