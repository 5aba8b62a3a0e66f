package fleet

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/cache"
	"github.com/rtcship/rtcship/e2e/harness"
)

var (
	members    = flag.Int("members", 5, "real rtcship processes")
	collectors = flag.Int("collectors", 2, "collectors of the tier, 1 to 4")
	patience   = flag.Float64("patience", 1, "by how much the limits in time are longer than promised, for machines with other work")
	rate       = flag.Int("rate", 2<<20, "bytes a second that the backend behind each collector takes")
	every      = flag.Duration("every", time.Second, "how long each member waits from one line to the next")
	backlog    = flag.Int("backlog", 0, "lines that each member has to catch up with after a long absence; 0 is an hour's, by -every")
	absence    = flag.Duration("absence", 45*time.Second, "how long the tier is away in place of an hour")
	idle       = flag.Duration("idle", 10*time.Second, "how long an idle fleet is watched")
	simulated  = flag.Int("simulated", 0, "members that are the exporter alone, for TestSimulated")
	plot       = flag.String("plot", "", "file to which TestSimulated draws what it saw, as SVG")
)

// inside is set in the environment of the process that has namespaces of its own.
const inside = "RTCSHIP_FLEET_INSIDE"

func TestMain(m *testing.M) {
	flag.Parse()
	if *every < 10*time.Millisecond || *members < 1 || *collectors < 1 || *collectors > 4 || *rate < 1 || *backlog < 0 {
		fmt.Fprintln(os.Stderr, "-every is 10ms or more, -members 1 or more, -collectors 1 to 4, -rate 1 or more, -backlog 0 or more")
		os.Exit(2)
	}
	switch {
	case os.Getenv(inside) != "":
		if err := prepareSpace(); err != nil {
			fmt.Fprintln(os.Stderr, "prepare the namespaces:", err)
			os.Exit(1)
		}
		code := m.Run()
		os.Exit(code)
	case os.Geteuid() != 0:
		fmt.Println("SKIP: a fleet needs network namespaces of its own, and those need root")
		return
	}
	os.Exit(enter())
}

// enter runs this program again in network, mount and process namespaces of its
// own, so that no address is anybody else's, and so that all that was started
// ends with it, whatever becomes of this one.
func enter() int {
	dir, err := os.MkdirTemp("", "rtcship-fleet-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary, err := harness.Build(dir) // there is no network inside
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if _, err := cache.Collector(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inside+"="+binary)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID,
		Pdeathsig:  syscall.SIGKILL,
	}
	err = cmd.Start()
	if errors.Is(err, syscall.EPERM) {
		fmt.Println("SKIP: this machine gives no network namespaces:", err)
		return 0
	}
	if err == nil {
		err = cmd.Wait()
	}
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
