package main

import (
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// timerSlack is how much later than asked the kernel may wake a thread up. While
	// anything runs, Go's monitor sleeps for 20 µs at a time: for work that comes in
	// bursts of a few milliseconds that was half of all switches between threads, and a
	// fifth of the processor time of syslog over UDP. Nothing here needs better than a
	// millisecond (decision 16).
	timerSlack = time.Millisecond

	// slackVariable keeps the program from running itself again for ever where the
	// kernel takes the slack and forgets it.
	slackVariable = "_RTCSHIP_TIMER_SLACK"
)

// slacken has the program run itself once more, as the same process, with the
// kernel's timers as coarse as timerSlack. It has to: threads inherit their slack from
// the one that starts them, the monitor starts before any code of ours, and another
// thread's slack takes CAP_SYS_NICE to set (prctl(2), proc_pid_timerslack_ns(5)).
// Where it cannot be done, the program goes on as it is: it only costs more.
func slacken() {
	if os.Getenv(slackVariable) != "" {
		os.Unsetenv(slackVariable)
		return
	}
	runtime.LockOSThread() // the thread that has the slack is the one that goes on
	defer runtime.UnlockOSThread()
	program, err := os.Executable()
	if err != nil || unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(timerSlack), 0, 0, 0) != nil {
		return
	}
	_ = syscall.Exec(program, os.Args, append(os.Environ(), slackVariable+"=1"))
}
