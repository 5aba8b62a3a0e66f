package syslog

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/entry"
	"github.com/rtcship/rtcship/tailer/spool"
)

// receive is the child of TestKill: a server with its spool, until it is
// killed.
func receive(dir string) error {
	sp, err := spool.Open(spool.Config{Dir: dir})
	if err != nil {
		return err
	}
	s, err := Listen(Config{Listen: []string{"tcp://127.0.0.1:0"}}, sp)
	if err != nil {
		return err
	}
	fmt.Println(s.addrs()[0])
	return s.Serve(context.Background())
}

// startReceiver runs receive in a process of its own.
func startReceiver(t *testing.T, dir string) (cmd *exec.Cmd, addr string) {
	t.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SYSLOG_TEST_JOB=receive "+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	addr, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return cmd, strings.TrimSpace(addr)
}

// sendUntilError sends numbered messages at a rate (0 is as fast as it goes)
// until the connection breaks, and returns the number after the last one that
// was written.
func sendUntilError(c net.Conn, first, rate int) (next int) {
	start := time.Now()
	var buf []byte
	for next = first; ; next++ {
		buf = append(loadMessage(buf[:0], next), '\n')
		if _, err := c.Write(buf); err != nil {
			return next
		}
		if rate > 0 {
			if ahead := time.Duration(next-first)*time.Second/time.Duration(rate) - time.Since(start); ahead > time.Millisecond {
				time.Sleep(ahead)
			}
		}
	}
}

// spooled returns the numbers of the messages in a spool.
func spooled(t *testing.T, dir string) (numbers []int) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*"+spool.Suffix))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(paths)
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		for at := 0; at < len(data); {
			e, n, err := spool.Format{}.Split(data[at:], int64(at), true)
			if errors.Is(err, entry.ErrMore) {
				break
			}
			if e.Text != nil {
				numbers = append(numbers, loadNumber(e.Text))
			}
			at += n
		}
	}
	return numbers
}

// Plain syslog has no acknowledgement: what is in the sockets when a process
// is killed is lost. It must be nothing else, and one piece.
func TestKill(t *testing.T) {
	kills := 2
	if *load {
		kills = 20
	}
	for _, rate := range []int{1000, 10_000, 0} {
		dir := t.TempDir()
		worst, next := 0, 0
		var have []int
		for range kills {
			cmd, addr := startReceiver(t, dir)
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			first := next
			time.AfterFunc(time.Duration(50+rand.IntN(150))*time.Millisecond, func() { cmd.Process.Kill() })
			next = sendUntilError(c, first, rate)
			c.Close()
			_ = cmd.Wait() // killed
			got := spooled(t, dir)
			if !slices.Equal(got[:len(have)], have) {
				t.Fatal("what was in the spool before has changed")
			}
			for i, n := range got[len(have):] {
				if n != first+i {
					t.Fatalf("message %d came after %d: there is a gap before the kill", n, first+i-1)
				}
			}
			worst = max(worst, next-first-(len(got)-len(have)))
			have = got
		}
		t.Logf("%d messages a second: after %d kills, at most %d messages (%d KiB) lost by one", rate, kills, worst, worst*401>>10)
		// The most that Linux lets two sockets hold, and the read buffer.
		if bytes := worst * 401; bytes > 6<<20+4<<20+readSize {
			t.Errorf("%d bytes were lost", bytes)
		}
	}
}
