package fleet

import (
	"bufio"
	"bytes"
	"fmt"
	"maps"
	"os"
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

	mu    sync.Mutex
	open  map[string]bool   // connections by their two ends
	times []time.Time       // when connections came about
	owner map[string]int    // inode to pid
	first map[int]time.Time // of each process, since the last reset

	tries []tries // how many connects there had been, at each look

	done chan struct{}
	wg   sync.WaitGroup
}

// A tries is how many times a connection had been asked for by then.
type tries struct {
	at time.Time
	n  int64
}

// newWatch looks four times a second.
func newWatch(t testing.TB, pids []int) *watch {
	t.Helper()
	w := &watch{pids: pids, open: map[string]bool{}, owner: map[string]int{}, first: map[int]time.Time{}, done: make(chan struct{})}
	w.wg.Go(func() {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-w.done:
				return
			case <-tick.C:
				w.look()
			}
		}
	})
	t.Cleanup(func() { close(w.done); w.wg.Wait() })
	return w
}

// reset forgets what was.
func (w *watch) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times, w.first = nil, map[int]time.Time{}
}

// connections returns how many are open.
func (w *watch) connections() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.open)
}

// connected returns when each process first had a connection since the last reset.
func (w *watch) connected() map[int]time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.first)
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
	open := make(map[string]bool, len(socks))
	var unknown bool
	for ends := range socks {
		open[ends] = true
		if !w.open[ends] {
			w.times = append(w.times, now)
			unknown = true
		}
	}
	if unknown && len(w.pids) > 0 {
		w.findOwners(socks)
	}
	for ends, inode := range socks {
		pid, ok := w.owner[inode]
		if !ok || w.open[ends] {
			continue
		}
		if _, before := w.first[pid]; !before {
			w.first[pid] = now
		}
	}
	w.open = open
}

// findOwners finds out whose the sockets are that nobody is known for.
func (w *watch) findOwners(socks map[string]string) {
	wanted := map[string]bool{}
	for _, inode := range socks {
		if _, known := w.owner[inode]; !known {
			wanted["socket:["+inode+"]"] = true
		}
	}
	for _, pid := range w.pids {
		fds, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		for _, fd := range fds {
			if to, err := os.Readlink(fd); err == nil && wanted[to] {
				w.owner[strings.TrimSuffix(strings.TrimPrefix(to, "socket:["), "]")] = pid
			}
		}
	}
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
