package admin

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rtcship/rtcship/internal/pipeline"
)

// serving returns a server that listens, and its address.
func serving(t *testing.T, status *pipeline.Status) (*Server, string) {
	t.Helper()
	s := newServer(t, status)
	if err := s.Serve(Config{Listen: "127.0.0.1:0"}); err != nil {
		t.Fatal(err)
	}
	for _, o := range s.open {
		return s, o.listener.Addr().String()
	}
	return nil, ""
}

// hold opens a connection that stays, and sends text over it.
func hold(t *testing.T, address, text string) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, text); err != nil && !errors.Is(err, net.ErrClosed) {
		t.Log(err) // it may be closed already, which is what is tested
	}
	return c
}

// answers asks as a probe does, over a connection of its own.
func answers(address, path string) error {
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get("http://" + address + path)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", path, resp.Status)
	}
	return nil
}

// Whatever peers do with a few hundred connections, there are never more than
// maxConnections, and a probe is answered.
func TestConnectionsAreBounded(t *testing.T) {
	big := busy()
	for i := range 300 { // few, and their names are long: the machine may be slow, and answers have their time
		f := big.Files[0]
		f.Path = fmt.Sprintf("/log/%d%s", i, strings.Repeat("x", 1000))
		big.Files = append(big.Files, f)
	}
	for name, text := range map[string]string{
		"silent":        "",
		"slow writers":  "GET /status.json HT",
		"slow headers":  "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: ",
		"long headers":  "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + strings.Repeat("a", 7<<10),
		"huge headers":  "GET / HTTP/1.1\r\nHost: localhost\r\nX-A: " + strings.Repeat("a", 200<<10),
		"huge bodies":   "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + strings.Repeat("a", 200<<10),
		"chunks":        "GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
		"slow bodies":   "GET /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nabc",
		"slow readers":  "GET /status.json HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"keep-alive":    "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
		"no HTTP":       "\x16\x03\x01\x02\x00\x01\x00",
		"HTTP/2":        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"another host":  "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"many requests": strings.Repeat("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 50),
	} {
		t.Run(name, func(t *testing.T) {
			s, address := serving(t, big)
			for i := range 200 {
				hold(t, address, text)
				if i%50 != 49 {
					continue
				}
				for _, path := range []string{"/healthz", "/readyz", "/metrics", "/"} {
					if err := answers(address, path); err != nil {
						t.Errorf("after %d connections: %v", i+1, err)
					}
				}
				if n := s.Status().Connections; n > maxConnections {
					t.Errorf("%d connections are open", n)
				}
			}
		})
	}
}

// The one that is closed for another is the one idle for longest: a connection
// that is in use is answered, and ends with an answer that says so, if it ends.
func TestTheIdlestIsClosed(t *testing.T) {
	s, address := serving(t, busy())
	busyConn := hold(t, address, "")
	read := bufio.NewReader(busyConn)
	ask := func() error {
		if _, err := io.WriteString(busyConn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			return err
		}
		resp, err := http.ReadResponse(read, nil)
		if err != nil {
			return err
		}
		_, err = io.Copy(io.Discard, resp.Body)
		if resp.Close { // one is gone, another one came
			busyConn = hold(t, address, "")
			read.Reset(busyConn)
		}
		return err
	}
	idle := hold(t, address, "")
	opened := 2
	for range 12 {
		for range maxConnections / 2 {
			hold(t, address, "")
			opened++
		}
		for a, end := s.Status(), time.Now().Add(time.Minute); a.Connections+int(a.Closed) < opened && time.Now().Before(end); a = s.Status() { // the kernel is ahead of us
			time.Sleep(time.Millisecond)
		}
		if err := ask(); err != nil {
			t.Fatalf("the connection in use was closed: %v", err)
		}
	}
	if err := idle.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := idle.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the idle connection is still open: %v", err)
	}
	if a := s.Status(); a.Closed == 0 || a.LastClosed.IsZero() {
		t.Errorf("not counted: %+v", a)
	}
}

// While connections have to make room for others each is over with its first answer.
func TestAnswersAreTheLastUnderPressure(t *testing.T) {
	s, address := serving(t, busy())
	ask := func() *http.Response {
		c := hold(t, address, strings.Repeat("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n", 3))
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	if resp := ask(); resp.Close {
		t.Error("closed without need")
	}
	s.closed.last.Store(time.Now().Add(time.Minute).UnixNano()) // in case this takes long
	if resp := ask(); !resp.Close {
		t.Error("not closed for others")
	}
}

// A server that is closed lets go of whoever waits for a place.
func TestCloseWhileFull(t *testing.T) {
	s, address := serving(t, busy())
	for range 3 * maxConnections {
		hold(t, address, "GET /")
	}
	s.Close()
	if _, err := net.DialTimeout("tcp", address, time.Second); err == nil {
		t.Error("still listening")
	}
}

// All who ask at once share an answer that was made after they had asked.
func TestShared(t *testing.T) {
	var s shared[int]
	var mu sync.Mutex
	n, begun, release := 0, make(chan struct{}, 100), make(chan struct{})
	make1 := func() int {
		begun <- struct{}{}
		<-release
		mu.Lock()
		defer mu.Unlock()
		n++
		return n
	}
	var wg sync.WaitGroup
	got := make(chan int, 100)
	ask := func() { wg.Go(func() { got <- s.get(make1) }) }
	ask()
	<-begun // the first is being made
	for range 20 {
		ask()
	}
	close(release)
	wg.Wait()
	close(got)
	for v := range got {
		if v > n {
			t.Errorf("got %d of %d", v, n)
		}
	}
	if n < 2 || n > 21 {
		t.Errorf("made %d times", n)
	}
}

// However many ask without a pause, making takes half of the time at most.
func TestSharedRests(t *testing.T) {
	const takes, lasts = 10 * time.Millisecond, 500 * time.Millisecond
	var s shared[int]
	made := 0
	begin := time.Now()
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			for time.Since(begin) < lasts {
				s.get(func() int {
					time.Sleep(takes)
					made++
					return made
				})
			}
		})
	}
	asking.Wait()
	if most := int(time.Since(begin)/takes)/2 + 2; made > most || made == 0 {
		t.Errorf("made %d times, want up to %d", made, most)
	}
}

// Where the others are all being served, who has only just come is given the time
// to say what it wants; where most are silent, it is not.
func TestNewcomersMaySpeak(t *testing.T) {
	fill := func(served int) (*limitedListener, *limitedConn) {
		l := limit(nil, new(closedCount))
		add := func() *limitedConn {
			c := l.add(&net.TCPConn{}).(*limitedConn)
			c.used.Add(int64(time.Hour)) // however long the test takes, it is not idle
			return c
		}
		for range served {
			add().served.Store(true)
		}
		return l, add()
	}
	l, fresh := fill(maxConnections - 1)
	if got := l.idlest(); got != nil {
		t.Errorf("%v is closed for another, of %d that are served", got, maxConnections-1)
	}
	fresh.used.Store(time.Now().Add(-2 * newcomer).UnixNano())
	if got := l.idlest(); got != fresh {
		t.Errorf("%v is closed, not the one that has been silent for long", got)
	}
	l, fresh = fill(maxConnections / 4)
	if got := l.idlest(); got != fresh {
		t.Errorf("%v is closed, not the silent one", got)
	}
}

func TestSocketIsPrivate(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077, 0o777} {
		dir := t.TempDir()
		s := newServer(t, busy())
		withUmask(umask, func() {
			if err := s.Serve(Config{Socket: filepath.Join(dir, Socket)}); err != nil {
				t.Fatalf("umask %03o: %v", umask, err)
			}
		})
		names, err := os.ReadDir(dir)
		if err != nil || len(names) != 1 {
			t.Errorf("umask %03o: in the directory: %v, %v", umask, names, err)
		}
		info, err := os.Stat(filepath.Join(dir, Socket))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("umask %03o: %v, %v", umask, info.Mode(), err)
		}
		resp, err := Client(dir).Get("http://rtcship/healthz")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		s.Close()
		if names, _ := os.ReadDir(dir); len(names) != 0 {
			t.Errorf("left behind: %v", names)
		}
	}
}

// What is no socket at its path is not removed, and nothing of a killed process is in the way.
func TestSocketPathIsTaken(t *testing.T) {
	dir := t.TempDir()
	socket := filepath.Join(dir, Socket)
	s := newServer(t, busy())
	for name, put := range map[string]func() error{
		"a directory":   func() error { return os.Mkdir(socket, 0o700) },
		"a file":        func() error { return os.WriteFile(socket, []byte("mine"), 0o600) },
		"a link":        func() error { return os.Symlink("/dev/zero", socket) },
		"a broken link": func() error { return os.Symlink("nowhere", socket) },
	} {
		if err := put(); err != nil {
			t.Fatal(err)
		}
		if err := s.Serve(Config{Socket: socket}); err == nil || !strings.Contains(err.Error(), "no socket") {
			t.Errorf("%s: %v", name, err)
		}
		if s.Status().Fault == "" {
			t.Errorf("%s: the status does not say so", name)
		}
		if err := os.Remove(socket); err != nil {
			t.Errorf("%s is gone: %v", name, err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, birthplace), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, birthplace, "s"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(Config{Socket: socket}); err != nil || s.Status().Fault != "" {
		t.Error(err, s.Status().Fault)
	}
}
