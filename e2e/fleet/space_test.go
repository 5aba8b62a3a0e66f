package fleet

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// The members are in the namespace of this process, and the tier in one of its
// own; a pair of interfaces lies between, so that what members cost the tier can
// be counted there.
const (
	membersAddr = "10.77.255.254"
	tierName    = "tier.fleet.test"
	tierPort    = 4317
)

// tierSpace is the network namespace of the tier.
var tierSpace int

// The first thread stays where it is: it is what others know this process by.
func init() { runtime.LockOSThread() }

// prepareSpace sets up the namespaces that this process was started in.
func prepareSpace() error {
	if err := unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts to itself: %w", err)
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	if err := resolveHere(); err != nil {
		return err
	}
	if err := ip("link set lo up"); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_local_port_range", []byte("10000 65000"), 0); err != nil {
		return err
	}
	made := make(chan error)
	go func() { made <- makeTierSpace() }()
	if err := <-made; err != nil {
		return err
	}
	return ip("addr add "+membersAddr+"/16 dev members", "link set members up")
}

// resolveHere has names of this mount namespace resolved by the server of this test.
func resolveHere() error {
	dir, err := os.MkdirTemp("", "resolv-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) // the mount keeps the file
	path := filepath.Join(dir, "resolv.conf")
	if err := os.WriteFile(path, []byte("nameserver 127.0.0.1\noptions timeout:2\n"), 0o644); err != nil {
		return err
	}
	if err := unix.Mount(path, "/etc/resolv.conf", "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount /etc/resolv.conf: %w", err)
	}
	return nil
}

func makeTierSpace() (err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(home)
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return err
	}
	if tierSpace, err = unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
		return err
	}
	err = ip("link set lo up", "link add tier type veth peer name members netns 1", "link set tier up")
	for i := range 4 {
		if err == nil {
			err = ip("addr add " + collectorIP(i) + "/16 dev tier")
		}
	}
	if back := unix.Setns(home, unix.CLONE_NEWNET); back != nil {
		panic(back) // this thread is lost
	}
	return err
}

func collectorIP(i int) string { return fmt.Sprintf("10.77.0.%d", i+1) }

func ip(commands ...string) error {
	for _, c := range commands {
		if out, err := exec.Command("ip", strings.Fields(c)...).CombinedOutput(); err != nil {
			return fmt.Errorf("ip %s: %w: %s", c, err, bytes.TrimSpace(out))
		}
	}
	return nil
}

// inTier calls f in the network namespace of the tier: what f starts, and what it
// listens on, is there.
func inTier(f func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		defer unix.Close(home)
		err = unix.Setns(tierSpace, unix.CLONE_NEWNET)
	}
	if err != nil {
		panic(err)
	}
	f()
	if err := unix.Setns(home, unix.CLONE_NEWNET); err != nil {
		panic(err)
	}
}

// traffic returns how many bytes have gone from members to the tier, and back.
func traffic() (to, from int64) {
	f, err := os.Open("/proc/thread-self/net/dev")
	if err != nil {
		panic(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, rest, ok := strings.Cut(strings.TrimSpace(s.Text()), ":"); ok && name == "members" {
			var n [9]int64
			for i, field := range strings.Fields(rest)[:9] {
				_, _ = fmt.Sscan(field, &n[i])
			}
			return n[8], n[0]
		}
	}
	panic("no interface to the tier")
}
