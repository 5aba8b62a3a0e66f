package syslog

import (
	"net/netip"
	"sync"
	"sync/atomic"
)

// conns are the open connections of all listeners, and the memory they hold
// for messages that have not come to their end.
//
// When there are as many as there may be, a peer that has fewer than another
// one still gets its share: it takes the place of the connection, among those
// of the peer that has most, which has been silent for longest. So one peer
// cannot keep the others out, however many connections it opens.
type conns struct {
	mu     sync.Mutex
	all    map[*conn]struct{}
	byPeer map[netip.Addr]int

	borrowed atomic.Int64
}

// sharedMemory bounds what all connections together hold of unfinished
// messages, beyond ownMemory for each. A message that does not fit is cut.
const (
	ownMemory    = 16 << 10
	sharedMemory = 4 << 20
)

// share is what a peer is when shares are counted: an address, and with IPv6
// a network, since a single machine can have as many addresses as it likes.
func share(addr netip.Addr) netip.Addr {
	if addr.Is6() {
		p, _ := addr.Prefix(64) // never fails for an address without zone
		return p.Addr()
	}
	return addr
}

// add makes c one of at most limit connections, or says that it cannot be.
func (cs *conns) add(c *conn, limit int) bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.all == nil {
		cs.all, cs.byPeer = make(map[*conn]struct{}), make(map[netip.Addr]int)
	}
	if len(cs.all) >= limit {
		victim := cs.victim(c)
		if victim == nil {
			return false
		}
		cs.drop(victim)
		victim.stop(EndEvicted)
	}
	cs.all[c] = struct{}{}
	cs.byPeer[share(c.peer.Addr())]++
	return true
}

// victim returns the connection that has to make room for c, if one has.
func (cs *conns) victim(c *conn) *conn {
	var holder netip.Addr
	most := 0
	for addr, n := range cs.byPeer {
		if n > most {
			holder, most = addr, n
		}
	}
	if most < cs.byPeer[share(c.peer.Addr())]+2 {
		return nil
	}
	var victim *conn
	for o := range cs.all {
		if share(o.peer.Addr()) == holder && (victim == nil || o.heard.Load() < victim.heard.Load()) {
			victim = o
		}
	}
	return victim
}

// remove takes c off, if that was not done before.
func (cs *conns) remove(c *conn) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.drop(c)
}

func (cs *conns) drop(c *conn) {
	if _, ok := cs.all[c]; !ok {
		return
	}
	delete(cs.all, c)
	peer := share(c.peer.Addr())
	if cs.byPeer[peer]--; cs.byPeer[peer] == 0 {
		delete(cs.byPeer, peer)
	}
}

// stop stops the connections that match.
func (cs *conns) stop(match func(*conn) bool, reason string) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for c := range cs.all {
		if match(c) {
			c.stop(reason)
		}
	}
}

// enforce stops the connections that new settings do not allow.
func (cs *conns) enforce(set *settings) {
	cs.stop(func(c *conn) bool { return !set.allow.allows(c.peer.Addr()) }, EndNotAllowed)
}

// borrow changes what a connection holds from was to is bytes, and says
// whether it may: two messages of the largest size are always possible.
func (cs *conns) borrow(was, is, maxMessage int) bool {
	n := int64(max(is-ownMemory, 0) - max(was-ownMemory, 0))
	for {
		now := cs.borrowed.Load()
		if n > 0 && now+n > int64(max(sharedMemory, 3*maxMessage)) {
			return false
		}
		if cs.borrowed.CompareAndSwap(now, now+n) {
			return true
		}
	}
}

// giveBack returns what a connection has borrowed.
func (cs *conns) giveBack(was int) { cs.borrow(was, 0, 0) }
