package fleet

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A watch notes connections of members to the tier as they come about.
type watch struct {
	pids []int // processes whose connections are told apart

	mu     sync.Mutex
	open   map[string]bool      // connections by their two ends
	times  []time.Time          // when connections came about
	fresh  map[string]time.Time // by inode, when those came about of which nobody knows yet whose they are
	owned  map[string]owned     // by inode, those since the last reset
	resets int

	tries []tries // how many connects there had been, at each look

	done chan struct{}
	wg   sync.WaitGroup
}

// An owned is a connection of a process.
type owned struct {
	pid      int
	at       time.Time // when it came about
	delivers bool      // it is not one for a member's own log
}

// A tries is how many times a connection had been asked for by then.
type tries struct {
	at time.Time
	n  int64
}

// newWatch looks four times a second. Whose connections they are is found out beside
// that: with hundreds of processes it takes longer than the time between two looks.
func newWatch(t testing.TB, pids []int) *watch {
	t.Helper()
	w := &watch{pids: pids, open: map[string]bool{}, fresh: map[string]time.Time{}, owned: map[string]owned{}, done: make(chan struct{})}
	w.wg.Go(func() { w.each(250*time.Millisecond, w.look) })
	if len(pids) > 0 {
		w.wg.Go(func() { w.each(250*time.Millisecond, w.findOwners) })
	}
	t.Cleanup(func() { close(w.done); w.wg.Wait() })
	return w
}

// each calls a function again and again until the watch ends.
func (w *watch) each(pause time.Duration, do func()) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-w.done:
			return
		case <-tick.C:
			do()
		}
	}
}

// reset forgets what was.
func (w *watch) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times, w.owned, w.fresh = nil, map[string]owned{}, map[string]time.Time{}
	w.resets++
}

// connections returns how many are open.
func (w *watch) connections() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.open)
}

// connected returns when each process first had a connection since the last reset: one that
// delivers, of those of which it is known.
func (w *watch) connected() map[int]time.Time { return w.oneOfEach(nil) }

// delivering is connected, but for processes with a log of their own, of which nothing is
// known of their connections, it is the last one: the first may be that log's.
func (w *watch) delivering(ownLog map[int]bool) map[int]time.Time { return w.oneOfEach(ownLog) }

// oneOfEach returns when one connection of each process came about: the first, or the last of
// those of late of which none is known to deliver.
func (w *watch) oneOfEach(late map[int]bool) map[int]time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	one := map[int]owned{}
	for _, o := range w.owned {
		f, before := one[o.pid]
		switch {
		case !before, o.delivers && !f.delivers:
			one[o.pid] = o
		case f.delivers && !o.delivers:
		case o.at.Before(f.at) == (!late[o.pid] || o.delivers):
			one[o.pid] = o
		}
	}
	at := map[int]time.Time{}
	for pid, o := range one {
		at[pid] = o.at
	}
	return at
}

// ownLogBytes is more than a member's own log comes to over one connection.
const ownLogBytes = 32 << 10

// tell finds out which connections deliver: after an outage a member's own log may have one
// long before its lines do, since each of the two tries by itself.
func (w *watch) tell(t testing.TB) {
	t.Helper()
	out, err := exec.Command("ss", "-tineHO", "dport", "=", fmt.Sprintf(":%d", tierPort)).Output()
	if err != nil {
		t.Fatalf("list connections: %v", err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for line := range strings.Lines(string(out)) {
		inode, sent := "", int64(0)
		for f := range strings.FieldsSeq(line) {
			switch name, value, _ := strings.Cut(f, ":"); name {
			case "ino":
				inode = value
			case "bytes_sent":
				sent = number(value)
			}
		}
		if o, known := w.owned[inode]; known {
			o.delivers = sent > ownLogBytes
			w.owned[inode] = o
		}
	}
}

func (w *watch) look() {
	now := time.Now()
	socks, err := established()
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tries = append(w.tries, tries{now, activeOpens()})
	open, inodes := make(map[string]bool, len(socks)), make(map[string]bool, len(socks))
	for ends, inode := range socks {
		open[ends], inodes[inode] = true, true
		if w.open[ends] {
			continue
		}
		w.times = append(w.times, now)
		w.fresh[inode] = now
	}
	w.open = open
	maps.DeleteFunc(w.fresh, func(inode string, _ time.Time) bool { return !inodes[inode] }) // it ended before anybody was found
}

// findOwners finds out whose the connections are that nobody is known for.
func (w *watch) findOwners() {
	w.mu.Lock()
	wanted, resets := maps.Clone(w.fresh), w.resets
	w.mu.Unlock()
	if len(wanted) == 0 {
		return
	}
	for _, pid := range w.pids {
		fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		for _, fd := range fds {
			to, _ := os.Readlink(fd)
			inode := strings.TrimSuffix(strings.TrimPrefix(to, "socket:["), "]")
			if at, ok := wanted[inode]; ok {
				w.found(pid, inode, at, resets)
			}
		}
	}
}

// found notes whose a connection is.
func (w *watch) found(pid int, inode string, at time.Time, resets int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.resets != resets {
		return
	}
	delete(w.fresh, inode)
	w.owned[inode] = owned{pid: pid, at: at}
}

// triesPerSecond counts attempts to connect by the seconds since from.
func (w *watch) triesPerSecond(from time.Time) []int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	var h []int64
	var before int64
	for _, t := range w.tries {
		if t.at.Before(from) {
			before = t.n
			continue
		}
		s := int(t.at.Sub(from) / time.Second)
		for len(h) <= s {
			h = append(h, 0)
		}
		h[s] += t.n - before
		before = t.n
	}
	return h
}

func activeOpens() int64 {
	text, _ := os.ReadFile("/proc/thread-self/net/snmp")
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 5 && f[0] == "Tcp:" && f[5] != "ActiveOpens" {
			return number(f[5])
		}
	}
	return 0
}

// established returns the connections to the tier that are open at the members'
// end, with their inodes.
func established() (map[string]string, error) {
	text, err := os.ReadFile("/proc/thread-self/net/tcp")
	if err != nil {
		return nil, err
	}
	port := fmt.Sprintf(":%04X", tierPort)
	socks := map[string]string{}
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		f := strings.Fields(s.Text())
		if len(f) < 10 || f[3] != "01" || !strings.HasSuffix(f[2], port) {
			continue
		}
		socks[f[1]+" "+f[2]] = f[9]
	}
	return socks, nil
}

// perSecond counts connects by the seconds since from.
func (w *watch) perSecond(from time.Time) []int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return histogram(slices.DeleteFunc(slices.Clone(w.times), func(at time.Time) bool { return at.Before(from) }), from)
}

// busiest returns the largest number of connects in a second since from, how many
// there were, and how long after from the last one came.
func (w *watch) busiest(from time.Time) (most, all int, last time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	times := slices.DeleteFunc(slices.Clone(w.times), func(at time.Time) bool { return at.Before(from) })
	for i, start := range times {
		end := i
		for end < len(times) && times[end].Sub(start) < time.Second {
			end++
		}
		most = max(most, end-i)
		last = max(last, start.Sub(from))
	}
	return most, len(times), last
}
