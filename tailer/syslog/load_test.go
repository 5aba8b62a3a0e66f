package syslog

import (
	"bytes"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/rtcship/rtcship/tailer/spool"
)

var load = flag.Bool("load", false, "run the load tests, which take a minute")

// TestMain lets the test binary be its own load generator, since one in the
// same process would be measured along with the server.
func TestMain(m *testing.M) {
	if job := os.Getenv("SYSLOG_TEST_JOB"); job != "" {
		if err := generate(job); err != nil {
			fmt.Fprintln(os.Stderr, "generate:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	flag.Parse()
	os.Exit(m.Run())
}

// A job says what a load generator sends: messages of 400 bytes with a number
// at the end, at a rate per second (0 is as fast as it goes), evenly spread
// over connections.
type job struct {
	network, addr     string
	messages, rate, n int // n connections
}

func (j job) String() string {
	return fmt.Sprintf("%s %s %d %d %d", j.network, j.addr, j.messages, j.rate, j.n)
}

// start runs the job in a process of its own.
func (j job) start(t testing.TB) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "SYSLOG_TEST_JOB="+j.String())
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd
}

// loadMessage appends the i-th message of a job.
func loadMessage(b []byte, i int) []byte {
	b = append(b, "<134>Nov 24 15:51:11 node1 pexip: "...)
	for range 400 - 34 - 10 {
		b = append(b, 'x')
	}
	return fmt.Appendf(b, "%010d", i)
}

// loadNumber reads the number of a message of a job.
func loadNumber(text []byte) int {
	n, err := strconv.Atoi(string(text[max(0, len(text)-10):]))
	if err != nil {
		return -1
	}
	return n
}

func generate(spec string) error {
	if dir, ok := strings.CutPrefix(spec, "receive "); ok {
		return receive(dir)
	}
	var j job
	if _, err := fmt.Sscan(spec, &j.network, &j.addr, &j.messages, &j.rate, &j.n); err != nil {
		return err
	}
	if j.network == "hog" {
		return hog(j.addr, j.n)
	}
	conns := make([]net.Conn, j.n)
	for i := range conns {
		var err error
		if conns[i], err = net.Dial(j.network, j.addr); err != nil {
			return err
		}
		defer conns[i].Close()
	}
	start := time.Now()
	var buf []byte
	for i := 0; i < j.messages; {
		// As fast as it goes, 100 messages are written at once; at a rate,
		// each on its own, and a pause once those of two milliseconds are out.
		buf = buf[:0]
		burst := 1
		if j.rate == 0 && j.network == "tcp" {
			burst = 100
		}
		for range burst {
			buf = append(loadMessage(buf, i), '\n')
			i++
		}
		if _, err := conns[(i/burst)%j.n].Write(buf); err != nil {
			return err
		}
		if j.rate > 0 {
			ahead := time.Duration(i)*time.Second/time.Duration(j.rate) - time.Since(start)
			if ahead > 2*time.Millisecond {
				time.Sleep(ahead)
			}
			if ahead < -20*time.Millisecond {
				start = start.Add(-ahead) // it is a rate that is wanted, not a burst
			}
		}
	}
	return nil
}

// hog opens n connections, one after another and all from one address, and
// writes lines that never end to all that are not closed.
func hog(addr string, n int) error {
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	chunk := bytes.Repeat([]byte("x"), 100<<10)
	conns := make([]net.Conn, 0, n)
	for range n {
		c, err := d.Dial("tcp", addr)
		if err != nil {
			return err
		}
		conns = append(conns, c)
		_ = c.SetWriteDeadline(time.Now().Add(time.Millisecond))
		_, _ = c.Write(chunk) // it may be closed already
	}
	for range 5 {
		for _, c := range conns {
			_ = c.SetWriteDeadline(time.Now().Add(time.Millisecond))
			_, _ = c.Write(chunk)
		}
	}
	return nil
}

// settle deletes what is in the spool, as a tailer would, until done is
// closed.
func settle(t testing.TB, s *spool.Spool, done <-chan struct{}) {
	for {
		paths, err := filepath.Glob(filepath.Join(s.Dir(), "*"+spool.Suffix))
		if err != nil {
			t.Error(err)
		}
		slices.Sort(paths)
		for _, p := range paths[:max(0, len(paths)-1)] {
			if info, err := os.Stat(p); err == nil {
				s.Settled(p, info.Size())
			}
		}
		select {
		case <-done:
			return
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// A stopwatch measures how long writing takes.
type stopwatch struct {
	Sink
	longest atomic.Int64
}

func (s *stopwatch) TryAppend(b *spool.Batch) error {
	start := time.Now()
	defer func() { s.longest.Store(max(s.longest.Load(), int64(time.Since(start)))) }()
	return s.Sink.TryAppend(b)
}

// cpu is what this process has used of the processors.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// TestLoad measures the server with its spool, under loads from another
// process. The numbers it reports are in docs/syslog.md.
func TestLoad(t *testing.T) {
	if !*load {
		t.Skip("without -load")
	}
	tests := []struct {
		name string
		job  job
	}{
		{"tcp, as fast as it goes", job{"tcp", "", 2_000_000, 0, 1}},
		{"tcp, as fast as it goes, 10 connections", job{"tcp", "", 2_000_000, 0, 10}},
		{"udp, 50,000 a second", job{"udp", "", 500_000, 50_000, 1}},
		{"tcp, 10,000 a second", job{"tcp", "", 50_000, 10_000, 1}},
		{"tcp, 10,000 a second, 10 connections", job{"tcp", "", 50_000, 10_000, 10}},
		{"udp, 10,000 a second", job{"udp", "", 50_000, 10_000, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			sp, err := spool.Open(spool.Config{Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			defer sp.Close()
			done := make(chan struct{})
			defer close(done)
			go settle(t, sp, done)
			sink := &stopwatch{Sink: sp}
			s := serve(t, Config{Listen: []string{tt.job.network + "://127.0.0.1:0"}}, sink)
			tt.job.addr = s.addrs()[0].String()
			used, start := cpu(), time.Now()
			sender := tt.job.start(t)
			if err := sender.Wait(); err != nil {
				t.Fatal(err)
			}
			for s.Status()[0].Messages < uint64(tt.job.messages) && time.Since(start) < 30*time.Second {
				time.Sleep(5 * time.Millisecond)
				if st := s.Status()[0]; tt.job.network == "udp" && st.ReceiveQueue == 0 {
					time.Sleep(50 * time.Millisecond)
					break
				}
			}
			took := time.Since(start)
			used = cpu() - used
			st := s.Status()[0]
			t.Logf("%d of %d messages in %.2f s: %.0f a second; %.0f ns of CPU each, %.2f%% of a core; kernel drops %d; receive buffer %d; longest write %v",
				st.Messages, tt.job.messages, took.Seconds(), float64(st.Messages)/took.Seconds(),
				float64(used.Nanoseconds())/float64(st.Messages), 100*used.Seconds()/took.Seconds(), st.KernelDrops, st.ReceiveBuffer, time.Duration(sink.longest.Load()))
			if tt.job.network == "tcp" && st.Messages != uint64(tt.job.messages) {
				t.Error("messages are missing")
			}
		})
	}
}

func TestLoadMessage(t *testing.T) {
	m := loadMessage(nil, 123)
	if len(m) != 400 || loadNumber(m) != 123 || bytes.ContainsAny(m, "\n") || !strings.HasPrefix(string(m), "<134>") {
		t.Errorf("%d bytes: %q", len(m), m)
	}
}
