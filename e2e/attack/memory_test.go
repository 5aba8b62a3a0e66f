package attack

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// limit is what a sidecar of the chart may take.
const limit = 64 << 20

// A memory watches what a process takes, and holds it to the limit where this
// test may make a cgroup: then a process that takes more is killed, as it would
// be in a pod.
type memory struct {
	pid  int
	most int64 // bytes of anonymous memory

	done  chan struct{}
	watch sync.WaitGroup
}

func watchMemory(t *testing.T, pid int) *memory {
	t.Helper()
	m := &memory{pid: pid, done: make(chan struct{})}
	if dir, err := confine(pid); err != nil {
		t.Logf("no cgroup (%v): judged by RssAnon alone", err)
	} else {
		t.Cleanup(func() { _ = os.Remove(dir) }) // empty once the process is gone
	}
	m.watch.Go(func() {
		for {
			m.most = max(m.most, anonymous(pid))
			select {
			case <-m.done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})
	return m
}

// end returns the most that was seen.
func (m *memory) end() int64 {
	close(m.done)
	m.watch.Wait()
	return m.most
}

// confine moves the process into a cgroup of its own with the limit, of version 2 or 1.
func confine(pid int) (dir string, err error) {
	for _, v := range []struct{ root, limit string }{
		{"/sys/fs/cgroup", "memory.max"},
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
	} {
		dir = filepath.Join(v.root, fmt.Sprintf("rtcship-attack-%d", pid))
		if err = os.Mkdir(dir, 0o755); err != nil {
			continue
		}
		if _, err = os.Stat(filepath.Join(dir, v.limit)); err == nil {
			err = os.WriteFile(filepath.Join(dir, v.limit), []byte(strconv.Itoa(limit)), 0)
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0)
		}
		if err == nil {
			return dir, nil
		}
		_ = os.Remove(dir)
	}
	return "", err
}

func anonymous(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), "RssAnon:")
	kib, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	n, _ := strconv.ParseInt(kib, 10, 64)
	return n << 10
}
