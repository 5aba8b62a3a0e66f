package exporter

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rtcship/rtcship/internal/endpoint"
)

// gRPC resolves a dns: name again only when a connection fails, and then at most
// each half minute, so a collector that was added to the name gets nothing. Here
// each address of a name has a client of its own: a request goes to the one that
// has the fewest under way, in turn where that is equal; one that took nothing is
// left alone for a while; what is known of a connection stays with it, and the
// name is looked up as long as requests are made. Whose turn it is first is drawn anew
// in each round: otherwise the members of a fleet that lost a collector together, and
// found it again, go from one collector to the next in step.

const (
	lookupEvery   = 15 * time.Second // while requests are made; half of it to all of it
	lookupFailing = 2 * time.Second  // at the soonest after the last, when an address does not answer
	lookupTimeout = 5 * time.Second
)

// A balancer is a client for each address of a name.
type balancer struct {
	lookup func(ctx context.Context) ([]string, error) // addresses with their port
	age    time.Duration                               // of a member at most, about; 0 = any
	dial   func(addr string) (client, error)

	mu      sync.Mutex
	members []*member     // in the order of this round
	next    int           // whose turn it is; all had theirs if it is len(members) or more
	asked   time.Time     // the last lookup
	due     time.Duration // after which the next one is
	looking chan struct{} // closed when the lookup under way ends; nil if there is none
	fault   error         // of the last lookup
	closed  bool

	ctx    context.Context // ends with close; for lookups and watches
	cancel context.CancelFunc
	ready  func() // told of connections; nil until watch
}

// A member is the client of one address.
type member struct {
	client
	addr   string
	until  time.Time // when another one takes its place; zero = never
	calls  int       // under way
	gone   bool      // no longer among the addresses: closed when its calls have ended
	misses int       // calls in a row that it did not take
	rests  time.Time // until then the others have its share; zero = it takes calls
	cancel context.CancelFunc
}

func newBalancer(lookup func(context.Context) ([]string, error), dial func(string) (client, error)) *balancer {
	b := &balancer{lookup: lookup, dial: dial}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	return b
}

func (b *balancer) send(ctx context.Context, p *payload) answer {
	m, err := b.pick(ctx)
	if err != nil {
		a := answer{verdict: again, code: "UNAVAILABLE", message: err.Error()}
		a.hint = hint(a.code, a.message)
		return a
	}
	a := m.send(ctx, p)
	b.done(m, a)
	return a
}

// pick returns the member that is to have the next call. Only while there is none
// at all does it wait for a lookup.
func (b *balancer) pick(ctx context.Context) (*member, error) {
	b.mu.Lock()
	looking := b.lookAgain()
	if len(b.members) == 0 && looking != nil {
		b.mu.Unlock()
		select {
		case <-looking:
		case <-ctx.Done():
			return nil, fmt.Errorf("look the endpoint's name up: %w", context.Cause(ctx))
		}
		b.mu.Lock()
	}
	defer b.mu.Unlock()
	b.renew()
	if len(b.members) == 0 {
		if b.fault != nil {
			return nil, b.fault
		}
		return nil, errors.New("look the endpoint's name up: no such host")
	}
	m := b.idlest()
	m.calls++
	return m, nil
}

// idlest returns the member with the fewest calls under way, so that one that is
// slow holds up no more than it must, and among equals the next in turn. While all
// of them rest it is the one that has almost done so. The caller holds b.mu.
func (b *balancer) idlest() *member {
	if b.next >= len(b.members) {
		rand.Shuffle(len(b.members), func(i, j int) { b.members[i], b.members[j] = b.members[j], b.members[i] })
		b.next = 0
	}
	now := time.Now()
	first := b.next
	var best *member
	for i := range b.members {
		at := (first + i) % len(b.members)
		if m := b.members[at]; best == nil || m.before(best, now) {
			best, b.next = m, at+1
		}
	}
	return best
}

func (m *member) before(other *member, now time.Time) bool {
	switch rests, others := m.rests.After(now), other.rests.After(now); {
	case rests && others:
		return m.rests.Before(other.rests)
	case rests != others:
		return others
	}
	return m.calls < other.calls
}

// renew replaces members that are old enough; their calls come to their end. The
// caller holds b.mu.
func (b *balancer) renew() {
	for i, old := range b.members {
		if old.until.IsZero() || time.Now().Before(old.until) {
			continue
		}
		m, err := b.join(old.addr)
		if err != nil {
			old.until = time.Now().Add(b.age)
			continue
		}
		b.members[i], old.gone = m, true
		b.bury(old)
	}
}

// done notes what became of a call. Whoever does not take it has rest before the
// next one, longer each time; if nobody answered, it may have moved.
func (b *balancer) done(m *member, a answer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m.calls--
	switch {
	case !a.unable():
		b.back(m)
	case !m.rests.After(time.Now()): // calls that fail together are one miss
		m.rests = time.Now().Add(max(min(a.delay, maxDelay), backoffDelay(m.misses+1)))
		m.misses++
	}
	if a.unable() && !a.answered {
		b.due = min(b.due, lookupFailing)
		b.lookAgain()
	}
	b.bury(m)
}

// back gives m its share again. The caller holds b.mu.
func (b *balancer) back(m *member) { m.misses, m.rests = 0, time.Time{} }

// bury closes a member that has left and has nothing to do any more. The caller
// holds b.mu.
func (b *balancer) bury(m *member) {
	if m.gone && m.calls == 0 {
		m.cancel()
		_ = m.close() // there is nothing to be done about it
	}
}

// lookAgain starts a lookup if one is due, and returns a channel that is closed
// when the one under way ends. The caller holds b.mu.
func (b *balancer) lookAgain() <-chan struct{} {
	if b.looking == nil && !b.closed && (b.asked.IsZero() || time.Since(b.asked) >= b.due) {
		b.looking = make(chan struct{})
		b.asked = time.Now()
		b.due = lookupEvery/2 + rand.N(lookupEvery/2)
		go b.look()
	}
	return b.looking
}

func (b *balancer) look() {
	ctx, cancel := context.WithTimeout(b.ctx, lookupTimeout)
	defer cancel()
	addrs, err := b.lookup(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.looking)
	b.looking = nil
	if err != nil {
		b.fault = fmt.Errorf("look the endpoint's name up: %w", err)
		if len(b.members) == 0 {
			b.due = lookupFailing
		}
		return
	}
	b.fault = nil
	b.adopt(addrs)
}

// adopt makes the members those at addrs. If there are none, the old ones stay:
// a name server in trouble is no reason to stop. The caller holds b.mu.
func (b *balancer) adopt(addrs []string) {
	if len(addrs) == 0 || b.closed {
		return
	}
	slices.Sort(addrs)
	addrs = slices.Compact(addrs)
	b.members = slices.DeleteFunc(b.members, func(m *member) bool {
		m.gone = !slices.Contains(addrs, m.addr)
		if m.gone {
			b.bury(m)
		}
		return m.gone
	})
	for _, addr := range addrs {
		if slices.ContainsFunc(b.members, func(m *member) bool { return m.addr == addr }) {
			continue
		}
		m, err := b.join(addr)
		if err != nil {
			b.fault = err
			continue
		}
		// Among many senders, each begins elsewhere.
		b.members = slices.Insert(b.members, rand.IntN(len(b.members)+1), m)
	}
}

// join makes a member, which connects with its first call.
func (b *balancer) join(addr string) (*member, error) {
	c, err := b.dial(addr)
	if err != nil {
		return nil, err
	}
	m := &member{client: c, addr: addr}
	if b.age > 0 {
		m.until = time.Now().Add(vary(b.age))
	}
	var ctx context.Context
	ctx, m.cancel = context.WithCancel(b.ctx)
	go c.watch(ctx, func() { b.connected(m) })
	return m, nil
}

// vary returns d, a tenth more or less.
func vary(d time.Duration) time.Duration { return d - d/10 + rand.N(d/5+1) }

// connected is told that a member has a connection.
func (b *balancer) connected(m *member) {
	b.mu.Lock()
	b.back(m)
	ready := b.ready
	b.mu.Unlock()
	if ready != nil {
		ready()
	}
}

func (b *balancer) watch(ctx context.Context, ready func()) {
	b.mu.Lock()
	b.ready = ready
	b.mu.Unlock()
	<-ctx.Done()
}

func (b *balancer) close() error {
	b.cancel()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	var err error
	for _, m := range b.members {
		m.cancel()
		err = errors.Join(err, m.close())
	}
	b.members = nil
	return err
}

// parseDNS takes a gRPC target of the form dns:[//server/]host[:port] apart.
func parseDNS(target string) (server, host, port string, err error) {
	rest := strings.TrimPrefix(target, "dns:")
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		server, rest, _ = strings.Cut(after, "/")
	}
	if host, port, err = net.SplitHostPort(rest); err != nil {
		host, port = strings.Trim(rest, "[]"), "443" // as gRPC has it
	}
	if host == "" || port == "" {
		return "", "", "", fmt.Errorf("endpoint %q: want dns:///host:port", endpoint.Mask(target))
	}
	if server != "" {
		if _, _, err := net.SplitHostPort(server); err != nil {
			server = net.JoinHostPort(server, "53")
		}
	}
	return server, host, port, nil
}

// newAgeingClient returns a client for t whose connection is made anew at times.
func newAgeingClient(cfg Config, t target, creds *credentials, headers *headerSource) client {
	b := newBalancer(
		func(context.Context) ([]string, error) { return []string{t.addr}, nil },
		func(string) (client, error) { return newGRPCClient(cfg, t, creds, headers) })
	b.age = cfg.MaxConnectionAge
	return b
}

// newDNSClient returns a client for all addresses of t's name.
func newDNSClient(cfg Config, t target, creds *credentials, headers *headerSource) (client, error) {
	server, host, port, err := parseDNS(t.addr)
	if err != nil {
		return nil, err
	}
	resolver := net.DefaultResolver
	if server != "" {
		resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, server)
		}}
	}
	lookup := func(ctx context.Context) ([]string, error) {
		ips, err := resolver.LookupHost(ctx, host)
		for i := range ips {
			ips[i] = net.JoinHostPort(ips[i], port)
		}
		return ips, err
	}
	dial := func(addr string) (client, error) {
		one := t
		one.addr, one.authority = "passthrough:///"+addr, net.JoinHostPort(host, port)
		return newGRPCClient(cfg, one, creds, headers)
	}
	b := newBalancer(lookup, dial)
	b.age = cfg.MaxConnectionAge
	return b, nil
}
