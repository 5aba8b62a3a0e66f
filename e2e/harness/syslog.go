package harness

import (
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// SendUDP sends each message as a datagram of its own to an address of this machine, slowly
// enough for a small receive buffer, and for a receiver that has to wait for a processor.
func SendUDP(t testing.TB, addr string, messages ...string) {
	t.Helper()
	conn, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for i, m := range messages {
		if _, err := conn.Write([]byte(m)); err != nil {
			t.Fatalf("send datagram %d to %s: %v", i, addr, err)
		}
		if i%20 == 19 {
			time.Sleep(time.Millisecond)
			for end := time.Now().Add(Patience); waiting(t, conn.RemoteAddr().(*net.UDPAddr).Port) && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
		}
	}
}

// waiting looks in the kernel's table for a datagram that came to a port and was not read yet.
func waiting(t testing.TB, port int) bool {
	t.Helper()
	text, err := os.ReadFile("/proc/net/udp")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line) // number, local address, remote address, state, queues
		if len(f) > 4 && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) && f[3] == "07" && !strings.HasSuffix(f[4], ":00000000") {
			return true
		}
	}
	return false
}

// A Framing puts a syslog message on a stream (RFC 6587).
type Framing func(message string) string

// OctetCounting writes the length of the message before it.
func OctetCounting(m string) string { return fmt.Sprintf("%d %s", len(m), m) }

// Newline ends the message with a line feed.
func Newline(m string) string { return m + "\n" }

// SendStream sends messages over one connection, each framed by the framings in turn.
func SendStream(t testing.TB, conn net.Conn, messages []string, framings ...Framing) {
	t.Helper()
	defer conn.Close()
	for i, m := range messages {
		if _, err := conn.Write([]byte(framings[i%len(framings)](m))); err != nil {
			t.Fatalf("send message %d: %v", i, err)
		}
	}
}

// SendTCP sends messages over one TCP connection, each framed by the framings in turn.
func SendTCP(t testing.TB, addr string, messages []string, framings ...Framing) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	SendStream(t, conn, messages, framings...)
}

// PexipLine returns a Pexip syslog message that carries number n of a stream.
func PexipLine(stream string, n int) string {
	at := time.Date(2026, 11, 21, 6, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Millisecond)
	return fmt.Sprintf(`<134>%s node-1 %s,%03d Level="INFO" Name="administrator.configuration" Message="seq=%s/%d" User="load"`,
		at.Format("2006-01-02T15:04:05.000-07:00"), at.Format(time.DateTime), at.Nanosecond()/1e6, stream, n)
}
