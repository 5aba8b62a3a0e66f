package harness

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rtcship/rtcship/e2e/cache"
)

// Debian returns a command that runs a program of the Debian packages unpacked
// in the cache, such as "usr/sbin/logrotate". Without them the test fails and
// names the make target that fetches them.
func Debian(t testing.TB, program string, args ...string) *exec.Cmd {
	t.Helper()
	root := debianRoot(t)
	path := filepath.Join(root, program)
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("%s is not in the cache: run `make e2e-debian`, which fetches it", program)
	}
	cmd := exec.Command(path, args...)
	libraries, _ := filepath.Glob(filepath.Join(root, "usr/lib/*-linux-gnu*"))
	more, _ := filepath.Glob(filepath.Join(root, "lib/*-linux-gnu*"))
	libraries = append(append(libraries, more...), filepath.Join(root, "usr/lib/syslog-ng"))
	pulse, _ := filepath.Glob(filepath.Join(root, "usr/lib/*-linux-gnu*/pulseaudio"))
	libraries = append(libraries, pulse...)
	cmd.Env = append(environment(),
		"LD_LIBRARY_PATH="+strings.Join(libraries, ":"),
		"LC_ALL=C", "TZ=UTC")
	return cmd
}

// Erlang returns a command that starts an Erlang node. Debian's script for it
// knows one place only, so what the script does is done here.
func Erlang(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	bin := DebianGlob(t, "usr/lib/erlang/erts-*/bin")
	program, err := filepath.Rel(debianRoot(t), filepath.Join(bin, "erlexec"))
	if err != nil {
		t.Fatal(err)
	}
	cmd := Debian(t, program, args...)
	cmd.Env = append(cmd.Env, ErlangEnv(t)...)
	return cmd
}

// ErlangEnv is what a node needs to know of where it is.
func ErlangEnv(t testing.TB) []string {
	t.Helper()
	return []string{
		"ROOTDIR=" + filepath.Join(debianRoot(t), "usr/lib/erlang"),
		"BINDIR=" + DebianGlob(t, "usr/lib/erlang/erts-*/bin"),
		"EMU=beam", "PROGNAME=erl",
	}
}

// DebianGlob returns the one folder or file of the unpacked packages that matches pattern.
func DebianGlob(t testing.TB, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(debianRoot(t), pattern))
	if err != nil || len(found) != 1 {
		t.Fatalf("%s in the cache: %d found (%v): run `make e2e-debian`", pattern, len(found), err)
	}
	return found[0]
}

func debianRoot(t testing.TB) string {
	t.Helper()
	dir, err := cache.Dir()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "debian")
}
