package fleet

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// Replicas of the gateway have an address each, as pods have, and ports that are the
// same for all; senders know the address of the Service alone.
const (
	serviceIP  = "10.77.253.1"
	syslogPort = 5514
	tlsPort    = 6514
	replicas   = 3
	streams    = 12 // senders over TCP, a third of them with TLS
)

func replicaIP(i int) string { return fmt.Sprintf("10.77.254.%d", i+1) }

// A gateway is one replica, with a volume of its own.
type gateway struct {
	name, ip, dir string
	config        string
	process       *harness.Process
	owner         testing.TB // whose end is its end
}

func newGateway(t testing.TB, i int, root string, a *harness.Authority) *gateway {
	t.Helper()
	g := &gateway{name: fmt.Sprintf("gateway-%d", i), ip: replicaIP(i), owner: t}
	g.dir = filepath.Join(root, g.name)
	if err := os.MkdirAll(g.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := ip("addr add " + g.ip + "/32 dev lo"); err != nil {
		t.Fatal(err)
	}
	cert, key := a.Issue(t, g.name)
	g.config = g.configure(t, "gateway.yaml", g.ip, fmt.Sprintf("  tls: {cert_file: %q, key_file: %q}\n", cert, key),
		fmt.Sprintf("\"udp://%[1]s:%[2]d\", \"tcp://%[1]s:%[2]d\", \"tls://%[1]s:%[3]d\"", g.ip, syslogPort, tlsPort))
	return g
}

// configure writes a configuration with the volume of the replica.
func (g *gateway) configure(t testing.TB, file, admin, more, listen string) string {
	t.Helper()
	path := filepath.Join(g.dir, file)
	text := fmt.Sprintf("state_dir: %s\nadmin: {listen: \"%s:9464\"}\npexip:\n  listen: [%s]\n%sexport: {endpoint: \"dns:///%s:%d\"}\ndrain_timeout: 3s\n",
		filepath.Join(g.dir, "state"), admin, listen, more, tierName, tierPort)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func (g *gateway) start(t testing.TB) {
	t.Helper()
	g.process = harness.Start(g.owner, g.name, shipCommand(g.config))
	harness.Wait(t, 30*time.Second, g.name+" to listen", func() error {
		conn, err := net.DialTimeout("tcp", fmt.Sprintf("%s:%d", g.ip, tlsPort), time.Second)
		if err == nil {
			conn.Close()
		}
		return err
	}, g.process)
}

// A service spreads new connections over the replicas that it was told of, and leaves
// those that there are where they are. That is the kernel's work, by rules as kube-proxy
// writes them; where nft is missing each sender draws a replica itself.
type service struct {
	kernel bool

	mu   sync.Mutex
	pods []string
}

func newService(t testing.TB) *service {
	t.Helper()
	s := &service{}
	if err := nft("add table ip service\nadd chain ip service out { type nat hook output priority -100; }\n"); err != nil {
		t.Logf("without the kernel's balancing, and so without UDP over a replica's end: %v", err)
		return s
	}
	s.kernel = true
	return s
}

func nft(script string) error {
	cmd := exec.Command("nft", "-f", "-")
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("nft: %w: %s", err, bytes.TrimSpace(out))
	}
	return nil
}

// publish has the Service stand for these replicas.
func (s *service) publish(t testing.TB, list ...*gateway) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pods = nil
	var pods []string
	for i, g := range list {
		s.pods = append(s.pods, g.ip)
		pods = append(pods, fmt.Sprintf("%d : %s", i, g.ip))
	}
	if !s.kernel {
		return
	}
	rules := "flush chain ip service out\n"
	for _, proto := range []string{"tcp", "udp"} {
		rules += fmt.Sprintf("add rule ip service out ip daddr %s meta l4proto %s dnat to numgen random mod %d map { %s }\n", serviceIP, proto, len(list), strings.Join(pods, ", "))
	}
	if err := nft(rules); err != nil {
		t.Fatal(err)
	}
	// kube-proxy has the kernel forget where datagrams went; connections stay.
	_ = exec.Command("conntrack", "-D", "-p", "udp", "--orig-dst", serviceIP).Run()
}

func (s *service) addr(port int) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kernel {
		return fmt.Sprintf("%s:%d", serviceIP, port)
	}
	return fmt.Sprintf("%s:%d", s.pods[rand.IntN(len(s.pods))], port)
}

// spread counts the connections at each replica.
func spread(list []*gateway) []int {
	n := make([]int, len(list))
	text, _ := os.ReadFile("/proc/thread-self/net/tcp")
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) < 4 || f[3] != "01" {
			continue
		}
		at, port, _ := strings.Cut(f[1], ":")
		raw, err := hex.DecodeString(at)
		if err != nil || len(raw) != 4 || port != fmt.Sprintf("%04X", syslogPort) && port != fmt.Sprintf("%04X", tlsPort) {
			continue
		}
		where := net.IPv4(raw[3], raw[2], raw[1], raw[0]).String()
		if i := slices.IndexFunc(list, func(g *gateway) bool { return g.ip == where }); i >= 0 {
			n[i]++
		}
	}
	return n
}

// A node sends syslog over a connection of its own, as a Pexip node does: it connects
// again when the connection has ended, and does not send again what it had written.
type node struct {
	name string
	dial func() (net.Conn, error)
	hold atomic.Bool // sends nothing, and stays connected

	mu    sync.Mutex
	conns []int // of each line, over which of its connections it went
	on    int   // the connection
	up    bool
}

const nodeEvery = 20 * time.Millisecond

// run sends until stop is closed, and then ends its connection in good order.
func (n *node) run(stop chan struct{}) {
	var conn net.Conn
	for tick := time.Tick(nodeEvery); ; {
		select {
		case <-stop:
			if conn != nil {
				conn.Close()
			}
			return
		case <-tick:
		}
		if conn == nil {
			conn = n.connect()
			continue
		}
		if n.hold.Load() {
			continue
		}
		if line := n.next(); line == "" {
			conn.Close()
			conn = nil
		} else if _, err := conn.Write([]byte(line)); err != nil {
			conn.Close()
			conn = nil
		}
	}
}

// next returns the next line to be sent; none if the connection has ended.
func (n *node) next() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.up {
		return ""
	}
	n.conns = append(n.conns, n.on)
	return harness.Newline(harness.PexipLine(n.name, len(n.conns)-1))
}

// connect returns nil if there is no connection to be had now.
func (n *node) connect() net.Conn {
	conn, err := n.dial()
	if err != nil {
		time.Sleep(50*time.Millisecond + rand.N(100*time.Millisecond))
		return nil
	}
	n.mu.Lock()
	n.on++
	n.up = true
	on := n.on
	n.mu.Unlock()
	go func() { // nobody answers syslog: what can be read is the end
		_, _ = conn.Read(make([]byte, 1))
		n.mu.Lock()
		defer n.mu.Unlock()
		if n.on == on {
			n.up = false
		}
	}()
	return conn
}

func (n *node) sent() []int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.conns)
}

// flying returns how many lines have not come that were the last ones of a connection
// which ended otherwise than by its sender. Any other that has not come is a fault.
func (n *node) flying(t testing.TB, b *books) (lost int) {
	t.Helper()
	conns := n.sent()
	came := b.of(n.name, len(conns))
	last := map[int]int{} // of each connection, the last line that came
	for i, c := range conns {
		if came[i].uid != 0 {
			last[c] = i
		}
	}
	for i, c := range conns {
		if came[i].uid != 0 {
			continue
		}
		lost++
		if i < last[c] || c == n.on {
			t.Errorf("line %d of %s is missing, of its connection %d, over which later ones came (%d) or which nobody cut", i, n.name, c, last[c])
		}
	}
	return lost
}

// TestGateway is a dozen senders in front of three replicas of the gateway, of which one
// is ended in good order, and another one killed.
func TestGateway(t *testing.T) {
	if os.Getenv(inside) == "" || testing.Short() {
		t.Skip("it needs namespaces of its own, and a minute")
	}
	tr := newTier(t, 1)
	tr.start(t)
	authority := harness.NewAuthority(t, "rtcship test authority")
	list := make([]*gateway, replicas)
	root := t.TempDir()
	for i := range list {
		list[i] = newGateway(t, i, root, authority)
		list[i].start(t)
	}
	taken(t, list[0])
	svc := newService(t)
	svc.publish(t, list...)
	nodes, end := sendAll(t, svc, authority)
	awaitSpread(t, list, streams, "all senders to be connected")
	measured(t, "%d senders are spread over %d replicas as %v", streams, replicas, spread(list))
	time.Sleep(2 * time.Second)
	if n := settle(t, list, nodes, tr.books); n > 0 {
		t.Errorf("%d lines are missing, and no replica has gone", n)
	}
	t.Run("datagrams", func(t *testing.T) { datagrams(t, svc, tr.books) })
	t.Run("datagrams meanwhile", func(t *testing.T) { datagramsMeanwhile(t, svc, list, tr.books) })
	repeats := tr.books.again() // of datagrams that were delivered, and not yet noted as that, when it was killed
	t.Run("ended", func(t *testing.T) { replicaEnds(t, tr, svc, list, nodes) })
	t.Run("killed", func(t *testing.T) { replicaIsKilled(t, tr, svc, list, nodes) })
	end()
	lost, sent := settle(t, list, nodes, tr.books), 0
	for _, n := range nodes {
		sent += len(n.sent())
	}
	measured(t, "of %d lines over TCP and TLS %d were in flight when a replica went, and are lost; all others came, %d of them again", sent, lost, tr.books.again()-repeats)
	if n := tr.books.again() - repeats; n > 0 {
		t.Errorf("%d lines came again", n)
	}
	tr.books.check(t)
}

// taken checks that a second process that is given the volume of a replica ends, and
// says why.
func taken(t *testing.T, g *gateway) {
	t.Helper()
	config := g.configure(t, "second.yaml", "127.0.0.1", "", `"tcp://127.0.0.1:5514"`)
	second := harness.Start(t, "a second "+g.name, shipCommand(config))
	harness.Wait(t, 20*time.Second, "the second process to end", func() error {
		if !second.Exited() {
			return fmt.Errorf("it runs, and writes the same spool\n%s", second.Output())
		}
		return nil
	})
	if out := second.Output(); !strings.Contains(out, "another") || !strings.Contains(out, filepath.Join(g.dir, "state")) {
		t.Errorf("it does not say why it ended:\n%s", out)
	}
}

// sendAll starts the senders; end ends them and their connections.
func sendAll(t *testing.T, svc *service, a *harness.Authority) (nodes []*node, end func()) {
	t.Helper()
	client := a.ClientConfig(t, "node")
	client.ServerName = "localhost"
	stop := make(chan struct{})
	var sending sync.WaitGroup
	for i := range streams {
		n := &node{name: fmt.Sprintf("node%02d", i)}
		n.dial = func() (net.Conn, error) {
			if i%3 == 0 {
				return tls.DialWithDialer(&net.Dialer{Timeout: 2 * time.Second}, "tcp", svc.addr(tlsPort), client)
			}
			return net.DialTimeout("tcp", svc.addr(syslogPort), 2*time.Second)
		}
		nodes = append(nodes, n)
		sending.Go(func() { n.run(stop) })
	}
	end = sync.OnceFunc(func() { close(stop); sending.Wait() })
	t.Cleanup(end)
	return nodes, end
}

// awaitSpread waits until there are so many connections to these replicas, and returns
// how long that took.
func awaitSpread(t *testing.T, list []*gateway, want int, what string) time.Duration {
	t.Helper()
	start := time.Now()
	harness.Wait(t, within(30*time.Second), what, func() error {
		if n := spread(list); sumInts(n) < want {
			return fmt.Errorf("they are %v", n)
		}
		return nil
	})
	return time.Since(start)
}

func sumInts(list []int) (s int) {
	for _, n := range list {
		s += n
	}
	return s
}

// settle has all senders hold until everything that the replicas have taken is delivered,
// and returns what was lost with connections that were cut.
func settle(t *testing.T, list []*gateway, nodes []*node, b *books) (lost int) {
	t.Helper()
	for _, n := range nodes {
		n.hold.Store(true)
		defer n.hold.Store(false)
	}
	still := 0
	harness.Wait(t, within(90*time.Second), "the replicas to have delivered everything", func() error {
		time.Sleep(200 * time.Millisecond)
		still++
		for _, g := range list {
			if lag, err := metricAt(g.ip+":9464", "rtcship_lag_bytes"); err != nil || lag > 0 {
				still = 0
				return fmt.Errorf("%s has %v bytes (%w)", g.name, lag, err)
			}
		}
		if still < 8 { // a log that has been still is looked at every second
			return fmt.Errorf("for %d looks nobody has had any", still)
		}
		return nil
	})
	for _, n := range nodes {
		lost += n.flying(t, b)
	}
	return lost
}

// datagrams sends some from a few senders, each with a port of its own.
func datagrams(t *testing.T, svc *service, b *books) {
	const senders, each = 8, 50
	for i := range senders {
		conn, err := net.Dial("udp", svc.addr(syslogPort))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for n := range each {
			if _, err := conn.Write([]byte(harness.PexipLine(fmt.Sprintf("udp%d", i), n))); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Millisecond)
		}
	}
	harness.Wait(t, within(30*time.Second), "the datagrams", func() error {
		for i := range senders {
			if m := b.missing(fmt.Sprintf("udp%d", i), each); m > 0 {
				return fmt.Errorf("%d of sender %d are missing", m, i)
			}
		}
		return nil
	})
}

// A talker sends datagrams from a port of its own, as a Pexip node does that has UDP set.
type talker struct {
	name string
	n    atomic.Int64 // sent
}

func (s *talker) run(t testing.TB, addr string, stop chan struct{}) {
	conn, err := net.Dial("udp", addr)
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close()
	for tick := time.Tick(nodeEvery); ; {
		select {
		case <-stop:
			return
		case <-tick:
		}
		line := []byte(harness.PexipLine(s.name, int(s.n.Load())))
		if _, err := conn.Write(line); err != nil { // of the one before: there was nobody
			_, _ = conn.Write(line)
		}
		s.n.Add(1)
	}
}

// datagramsMeanwhile has a replica end, and another one killed, while datagrams are sent.
// The one that ends reads what its socket holds: nothing is lost. Of those to the one that
// was killed all are lost until the Service sends them elsewhere.
func datagramsMeanwhile(t *testing.T, svc *service, list []*gateway, b *books) {
	if _, err := exec.LookPath("conntrack"); err != nil && svc.kernel {
		t.Skip("without conntrack the kernel sends datagrams to the replica that has gone")
	}
	talkers := make([]*talker, 2*replicas)
	stop := make(chan struct{})
	var talking sync.WaitGroup
	for i := range talkers {
		talkers[i] = &talker{name: fmt.Sprintf("talker%d", i)}
		talking.Go(func() { talkers[i].run(t, svc.addr(syslogPort), stop) })
	}
	end := sync.OnceFunc(func() { close(stop); talking.Wait() })
	t.Cleanup(end)
	sent := func() (n []int) {
		for _, s := range talkers {
			n = append(n, int(s.n.Load()))
		}
		return n
	}
	again := func(g *gateway) {
		time.Sleep(time.Second)
		g.start(t)
		svc.publish(t, list...)
		time.Sleep(time.Second)
	}
	time.Sleep(time.Second)
	svc.publish(t, without(list, list[0])...)
	list[0].process.Stop(t, 30*time.Second)
	again(list[0])

	const unnoticed = time.Second // by the Service
	time.Sleep(time.Second)
	from := sent()
	list[1].process.Kill()
	time.Sleep(unnoticed)
	svc.publish(t, without(list, list[1])...)
	to := sent()
	again(list[1])
	end()
	lost := 0
	for i, s := range talkers {
		const unread = 5 // it had not read when it was killed
		lost += len(awaitDatagrams(t, b, s, from[i]-unread, to[i]+unread))
	}
	measured(t, "of %d datagrams a second none was lost with a replica that ended; with one that was killed %d were, in the %v before the Service left it out",
		len(talkers)*int(time.Second/nodeEvery), lost, unnoticed)
}

// awaitDatagrams waits until all that a talker sent has come but for those from..to, and
// returns which of these have not.
func awaitDatagrams(t *testing.T, b *books, s *talker, from, to int) (missing []int) {
	t.Helper()
	all := int(s.n.Load())
	harness.Wait(t, within(30*time.Second), "the datagrams of "+s.name, func() error {
		missing = nil
		for i, a := range b.of(s.name, all) {
			if a.uid != 0 {
				continue
			}
			if missing = append(missing, i); i < from || i > to {
				return fmt.Errorf("%d is missing", i)
			}
		}
		return nil
	})
	return missing
}

// replicaEnds ends a replica as a rollout does, while the collector is away: what it has
// received waits on its volume.
func replicaEnds(t *testing.T, tr *tier, svc *service, list []*gateway, nodes []*node) {
	gone := busiest(list)
	others := without(list, gone)
	tr.stop(t)
	time.Sleep(time.Second)
	svc.publish(t, others...) // as the Service does when the pod is asked to end
	gone.process.Stop(t, 30*time.Second)
	took := awaitSpread(t, others, streams, "its senders to be connected to the others")
	measured(t, "a replica has ended: %.1f s later its senders are connected to the others, %v", took.Seconds(), spread(others))
	time.Sleep(time.Second)
	gone.start(t)
	svc.publish(t, list...)
	tr.start(t)
	lost := settle(t, list, nodes, tr.books)
	measured(t, "what it had received has come after it was back; %d lines were in flight", lost)
	if n := spread([]*gateway{gone})[0]; n > 0 {
		t.Errorf("%d senders have gone back by themselves", n)
	}
}

// replicaIsKilled kills the replica with the most senders, in the middle of their lines and
// while it is too busy to read: what the kernel has taken for it goes with it. It starts
// again on its volume.
func replicaIsKilled(t *testing.T, tr *tier, svc *service, list []*gateway, nodes []*node) {
	victim := busiest(list)
	n := spread([]*gateway{victim})[0]
	lostBefore := settle(t, list, nodes, tr.books)
	tr.stop(t)
	time.Sleep(time.Second)
	const busy = 500 * time.Millisecond
	victim.process.Signal(syscall.SIGSTOP)
	time.Sleep(busy)
	victim.process.Kill()
	took := awaitSpread(t, without(list, victim), streams, "its senders to be connected to the others")
	measured(t, "a replica with %d senders was killed: %.1f s later they are connected to the others, %v", n, took.Seconds(), spread(without(list, victim)))
	victim.start(t)
	tr.start(t)
	lost := settle(t, list, nodes, tr.books) - lostBefore
	frozen := int(busy/nodeEvery) * n
	measured(t, "what it had read has come after it was back; %d lines are lost that the kernel had taken, of about %d written in the %v in which it did not read", lost, frozen, busy)
	if lost == 0 || lost > 2*frozen+2*streams {
		t.Errorf("%d lines are lost, and about %d were in the kernel's buffers", lost, frozen)
	}
}

// busiest returns the replica with the most senders.
func busiest(list []*gateway) *gateway {
	n := spread(list)
	return list[slices.Index(n, slices.Max(n))]
}

func without(list []*gateway, g *gateway) []*gateway {
	return slices.DeleteFunc(slices.Clone(list), func(o *gateway) bool { return o == g })
}
