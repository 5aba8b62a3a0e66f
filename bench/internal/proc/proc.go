// Package proc runs a contender as a process of its own and reads from the
// kernel what it costs: processor time, resident memory and how much of that
// is its own.
package proc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A Command says what to run.
type Command struct {
	Argv []string
	Env  []string // NAME=value, added to a small environment that is the same for all
	Log  string   // file that takes standard output and standard error
}

// A Process is a running contender.
type Process struct {
	Started time.Time

	cmd     *exec.Cmd
	log     string
	exited  chan struct{} // closed when the process has ended
	waitErr error         // set before exited is closed
	quit    chan struct{} // ends the sampling
	sampled sync.WaitGroup

	mu     sync.Mutex
	memory Memory
}

// Memory is what a process held at its peak, in bytes.
type Memory struct {
	Resident  int64 // VmHWM, kept by the kernel
	Anonymous int64 // RssAnon, looked at every 10 ms
}

// sampleEvery is how often RssAnon is read: the kernel keeps no peak of it.
const sampleEvery = 10 * time.Millisecond

// Start runs c.
func Start(c Command) (*Process, error) {
	log, err := os.Create(c.Log)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Argv[0], err)
	}
	defer log.Close()
	cmd := exec.Command(c.Argv[0], c.Argv[1:]...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, c.Env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p := &Process{cmd: cmd, log: c.Log, exited: make(chan struct{}), quit: make(chan struct{}), Started: time.Now()}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.Argv[0], err)
	}
	go func() {
		p.waitErr = cmd.Wait()
		close(p.exited)
	}()
	p.sampled.Go(p.sample)
	return p, nil
}

// CPU returns the processor time that the process has used so far, user and
// system, to the nanosecond. It fails once the process has ended.
func (p *Process) CPU() (time.Duration, error) {
	// The kernel makes a process's clock id from its pid, see
	// clock_getcpuclockid(3); 2 stands for time on a processor.
	id := int32(^p.cmd.Process.Pid<<3 | 2)
	var ts unix.Timespec
	if err := unix.ClockGettime(id, &ts); err != nil {
		return 0, fmt.Errorf("read processor clock: %w", err)
	}
	return time.Duration(ts.Nano()), nil
}

// Memory returns the peaks so far.
func (p *Process) Memory() Memory {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.memory
}

// ForgetMemory starts the peaks anew, where the kernel allows it.
func (p *Process) ForgetMemory() {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0)
	p.mu.Lock()
	p.memory = Memory{}
	p.mu.Unlock()
	p.look()
}

// Ended returns an error that quotes the process's log if it has ended.
func (p *Process) Ended() error {
	select {
	case <-p.exited:
		return fmt.Errorf("%s ended early (%v):\n%s", p.cmd.Path, p.cmd.ProcessState, tail(p.log))
	default:
		return nil
	}
}

// Stop asks the process to end, waits until it has, and returns the processor
// time of its whole life. A process that takes more than patience is killed.
// It may be called once.
func (p *Process) Stop(patience time.Duration) (time.Duration, error) {
	p.look()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return 0, fmt.Errorf("stop: %w", err)
	}
	late := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	<-p.exited
	close(p.quit)
	p.sampled.Wait()
	if !late.Stop() {
		return 0, fmt.Errorf("%s did not end within %v:\n%s", p.cmd.Path, patience, tail(p.log))
	}
	s := p.cmd.ProcessState
	return s.UserTime() + s.SystemTime(), nil
}

func (p *Process) sample() {
	t := time.NewTicker(sampleEvery)
	defer t.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-t.C:
			p.look()
		}
	}
}

// look takes the memory of this moment into the peaks.
func (p *Process) look() {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return // it has ended
	}
	m := parseStatus(b)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.memory.Resident = max(p.memory.Resident, m.Resident)
	p.memory.Anonymous = max(p.memory.Anonymous, m.Anonymous)
}

// parseStatus reads the peak and the anonymous part of a status file.
func parseStatus(b []byte) Memory {
	return Memory{Resident: kilobytes(b, "\nVmHWM:"), Anonymous: kilobytes(b, "\nRssAnon:")}
}

func kilobytes(status []byte, name string) int64 {
	_, rest, _ := bytes.Cut(status, []byte(name))
	field, _, _ := bytes.Cut(bytes.TrimSpace(rest), []byte(" "))
	n, err := strconv.ParseInt(string(field), 10, 64)
	if err != nil {
		return 0 // a process that is ending has no memory any more
	}
	return n << 10
}

// tail returns the end of a log, for an error message.
func tail(path string) []byte {
	b, _ := os.ReadFile(path)
	return b[max(0, len(b)-2000):]
}
