package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The tests of this file are `make packages-test`: they need root, debootstrap,
// lintian, rpm and systemd's tools, and change nothing outside their folders.

// A machine is a Debian without systemd, and a collector that it sends to.
type machine struct {
	t    *testing.T
	root string
	url  string

	mu   sync.Mutex
	sent bytes.Buffer // bodies of all requests
}

// needsRoot skips the test where it is not asked for.
func needsRoot(t *testing.T) (debian string) {
	debian = os.Getenv("RTCSHIP_DEBIAN")
	if debian == "" {
		t.Skip("run by `make packages-test`, which sets RTCSHIP_DEBIAN to a root made by debootstrap")
	}
	if os.Getuid() != 0 {
		t.Fatal("chroot needs root")
	}
	return debian
}

func newMachine(t *testing.T) *machine {
	m := &machine{t: t, root: filepath.Join(t.TempDir(), "root")}
	m.run("cp", "-a", needsRoot(t), m.root)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		defer m.mu.Unlock()
		io.Copy(&m.sent, r.Body)
	}))
	t.Cleanup(server.Close)
	m.url = server.URL
	return m
}

func (m *machine) run(name string, args ...string) string {
	m.t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// in runs a command on the machine.
func (m *machine) in(args ...string) string {
	m.t.Helper()
	return m.run("chroot", append([]string{m.root}, args...)...)
}

func (m *machine) path(p string) string { return filepath.Join(m.root, p) }

func (m *machine) exists(p string) bool { _, err := os.Lstat(m.path(p)); return err == nil }

// install installs a package of that version.
func (m *machine) install(version string) {
	m.t.Helper()
	text, err := os.ReadFile(built(m.t, version))
	if err == nil {
		err = os.WriteFile(m.path("/tmp/rtcship.deb"), text, 0o644)
	}
	if err != nil {
		m.t.Fatal(err)
	}
	m.in("dpkg", "-i", "/tmp/rtcship.deb")
}

// log writes a line as Sora does.
func (m *machine) log(msg string) {
	m.t.Helper()
	f, err := os.OpenFile(m.path("/opt/sora/log/sora.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		m.t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintf(f, `{"timestamp":"%s","level":"info","msg":"%s"}`+"\n", time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"), msg)
}

// times is how often a text was sent.
func (m *machine) times(text string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Count(m.sent.Bytes(), []byte(text))
}

func (m *machine) await(what string, ok func() bool) {
	m.t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			m.t.Fatalf("waited too long for %s", what)
		}
	}
}

// setting is the value of a line of the installed unit.
func (m *machine) setting(name string) string {
	m.t.Helper()
	text, err := os.ReadFile(m.path("/lib/systemd/system/rtcship.service"))
	if err != nil {
		m.t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^` + name + `=(.*)$`).FindSubmatch(text)
	if found == nil {
		m.t.Fatalf("the unit has no %s", name)
	}
	return string(found[1])
}

// start does what systemd does for the unit: its user and one more group, its
// limits and capabilities, its state directory, readiness and watchdog.
func (m *machine) start() (stop func()) {
	m.t.Helper()
	user := m.setting("User")
	m.in("install", "-d", "-o", user, "-g", user, "-m", m.setting("StateDirectoryMode"), "/var/lib/"+m.setting("StateDirectory"))
	socket := m.path("/run/notify")
	os.Remove(socket)
	notify, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket})
	if err != nil {
		m.t.Fatal(err)
	}
	os.Chmod(socket, 0o777)
	said := make(chan string, 1000)
	go func() {
		for b := make([]byte, 4096); ; {
			n, err := notify.Read(b)
			if err != nil {
				return
			}
			said <- string(b[:n])
		}
	}()
	command := append([]string{m.root, "prlimit", "--nofile=" + m.setting("LimitNOFILE"), "setpriv", "--reuid", user, "--regid", user,
		"--groups", "rtcship,sora", "--no-new-privs", "--bounding-set", "-all,+net_bind_service", "--inh-caps", "-all,+net_bind_service", "--ambient-caps", "-all,+net_bind_service"},
		strings.Fields(m.setting("ExecStart"))...)
	cmd := exec.Command("chroot", command...)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	cmd.Env = []string{"PATH=/usr/bin:/bin", "NOTIFY_SOCKET=/run/notify", "WATCHDOG_USEC=1000000"}
	if err := cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for _, want := range []string{"READY=1", "WATCHDOG=1"} {
		for heard := ""; !strings.Contains(heard, want); {
			select {
			case heard = <-said:
			case err := <-ended:
				m.t.Fatalf("it ended before %s: %v\n%s", want, err, &output)
			case <-time.After(2 * time.Minute):
				cmd.Process.Kill()
				m.t.Fatalf("it never said %s\n%s", want, &output)
			}
		}
	}
	return func() {
		m.t.Helper()
		cmd.Process.Signal(syscall.SIGTERM)
		select {
		case err := <-ended:
			if err != nil {
				m.t.Errorf("it ended with %v\n%s", err, &output)
			}
		case <-time.After(time.Minute):
			cmd.Process.Kill()
			m.t.Errorf("it did not end\n%s", &output)
		}
		notify.Close()
	}
}

// Installed, run, upgraded, removed, installed again, purged: each line is sent
// once, and nothing is left at the end.
func TestLifeOfAPackage(t *testing.T) {
	m := newMachine(t)
	m.install("v0.3.0")
	m.in("groupadd", "sora")
	m.in("install", "-d", "-g", "sora", "-m", "0750", "/opt/sora/log")
	m.in("install", "-g", "sora", "-m", "0640", "/dev/null", "/opt/sora/log/sora.jsonl")
	config := "sora: {log_dir: /opt/sora/log}\nexport: {endpoint: '" + m.url + "', protocol: http/protobuf}\n" +
		"pexip: {listen: ['tcp://127.0.0.9:514']}\nadmin: {listen: ''}\nlog: {otlp: false}\n"
	if err := os.WriteFile(m.path("/etc/rtcship/rtcship.yaml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	out, _ := exec.Command("chroot", m.root, "setpriv", "--reuid", "rtcship", "--regid", "rtcship", "--clear-groups",
		"/usr/bin/rtcship", "check", "--config", "/etc/rtcship/rtcship.yaml").CombinedOutput()
	if !strings.Contains(string(out), "SupplementaryGroups=sora") {
		t.Errorf("check does not name the group that is missing:\n%s", out)
	}
	if out, err := exec.Command("chroot", m.root, "setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "cat", "/etc/rtcship/rtcship.yaml").CombinedOutput(); err == nil {
		t.Errorf("anybody can read the configuration: %s", out)
	}

	m.log("first")
	stop := m.start()
	m.await("the first line", func() bool { return m.times("first") == 1 })
	conn, err := net.Dial("tcp", "127.0.0.9:514")
	if err != nil {
		t.Errorf("port 514 is not open: %v", err)
	} else {
		conn.Close()
	}
	stop()

	m.log("second")
	m.install("v0.3.1")
	if text, err := os.ReadFile(m.path("/etc/rtcship/rtcship.yaml")); err != nil || string(text) != config {
		t.Errorf("the configuration after the upgrade: %v\n%s", err, text)
	}
	if got := m.in("/usr/bin/rtcship", "version"); !strings.Contains(got, "0.3.1") {
		t.Errorf("after the upgrade: %s", got)
	}
	stop = m.start()
	m.await("the second line", func() bool { return m.times("second") == 1 })
	stop()

	m.in("dpkg", "-r", "rtcship")
	if m.exists("/usr/bin/rtcship") || m.exists("/lib/systemd/system/rtcship.service") {
		t.Error("the program is there after it was removed")
	}
	if !m.exists("/var/lib/rtcship/positions.json") || !m.exists("/etc/rtcship/rtcship.yaml") {
		t.Error("positions and configuration went with the package")
	}
	m.log("third")
	m.install("v0.3.1")
	stop = m.start()
	m.await("the third line", func() bool { return m.times("third") == 1 })
	stop()
	for _, line := range []string{"first", "second", "third"} {
		if n := m.times(line); n != 1 {
			t.Errorf("%s was sent %d times", line, n)
		}
	}

	m.in("dpkg", "-P", "rtcship")
	for _, p := range []string{"/var/lib/rtcship", "/etc/rtcship", "/etc/default/rtcship", "/usr/share/doc/rtcship"} {
		if m.exists(p) {
			t.Errorf("%s is there after a purge", p)
		}
	}
	if !m.exists("/opt/sora/log/sora.jsonl") {
		t.Error("a purge took Sora's log")
	}
}

// built is the .deb of a version; its .rpm lies beside it.
func built(t *testing.T, version string) string {
	t.Helper()
	out := filepath.Join(os.TempDir(), fmt.Sprintf("rtcship-packages-%d", os.Getpid()), version)
	deb := filepath.Join(out, "rtcship_"+packageVersion(version)+"_amd64.deb")
	if _, err := os.Stat(deb); err == nil {
		return deb
	}
	if err := run(options{root: "..", version: version, formats: "deb,rpm", arches: "amd64", out: out, date: 1767225600, built: map[string][]byte{}}); err != nil {
		t.Fatal(err)
	}
	return deb
}

func TestMain(m *testing.M) {
	code := m.Run()
	os.RemoveAll(filepath.Join(os.TempDir(), fmt.Sprintf("rtcship-packages-%d", os.Getpid())))
	os.Exit(code)
}

func TestLintian(t *testing.T) {
	needsRoot(t)
	out, err := exec.Command("lintian", "--allow-root", "--fail-on", "error,warning", built(t, "v0.3.0")).CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("rtcship:")) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestRPM(t *testing.T) {
	needsRoot(t)
	built(t, "v0.3.0")
	rpm := filepath.Join(filepath.Dir(built(t, "v0.3.0")), "rtcship-0.3.0-1.x86_64.rpm")
	ask := func(args ...string) string {
		t.Helper()
		out, err := exec.Command("rpm", append(args, rpm)...).CombinedOutput()
		if err != nil {
			t.Fatalf("rpm %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	ask("-K", "--nosignature")
	if got := strings.Fields(ask("-qpc")); len(got) != 2 {
		t.Errorf("files of the configuration: %v", got)
	}
	for question, want := range map[string][]string{
		"-qpl":      {"/usr/bin/rtcship", "/lib/systemd/system/rtcship.service", "/usr/share/man/man1/rtcship.1.gz", "/usr/share/bash-completion/completions/rtcship"},
		"-qpi":      {"License     : Apache-2.0", "Build Host  : localhost"},
		"--scripts": {"useradd --system", "chmod 0750 /etc/rtcship", "disable --now"},
	} {
		args := []string{question}
		if strings.HasPrefix(question, "--") {
			args = []string{"-qp", question}
		}
		for _, text := range want {
			if got := ask(args...); !strings.Contains(got, text) {
				t.Errorf("rpm %v does not show %q:\n%s", args, text, got)
			}
		}
	}
}

// The unit is one that systemd understands, and it gives away little.
func TestUnit(t *testing.T) {
	needsRoot(t)
	text, err := os.ReadFile("files/rtcship.service")
	if err != nil {
		t.Fatal(err)
	}
	unit := filepath.Join(t.TempDir(), "rtcship.service")
	text = bytes.ReplaceAll(text, []byte("ExecStart=/usr/bin/rtcship"), []byte("ExecStart=/bin/true")) // not installed here
	if err := os.WriteFile(unit, text, 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("systemd-analyze", "verify", "--man=no", unit).CombinedOutput(); err != nil || bytes.Contains(out, []byte("rtcship.service:")) {
		t.Errorf("verify: %v\n%s", err, out)
	}
	if out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--threshold=15", unit).CombinedOutput(); err != nil {
		t.Errorf("security: %v\n%s", err, out)
	}
}

// Twice from the same sources, in another place, come the same bytes.
func TestPackagesAreReproducible(t *testing.T) {
	needsRoot(t)
	first := built(t, "v0.3.0")
	root := filepath.Join(t.TempDir(), "elsewhere", "rtcship")
	if err := os.MkdirAll(filepath.Dir(root), 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("cp", "-a", "..", root).CombinedOutput(); err != nil {
		t.Fatalf("copy the sources: %v\n%s", err, out)
	}
	if err := run(options{root: root, version: "v0.3.0", formats: "deb,rpm", arches: "amd64", out: filepath.Join(root, "dist"), date: 1767225600, built: map[string][]byte{}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{filepath.Base(first), "rtcship-0.3.0-1.x86_64.rpm"} {
		a, err := os.ReadFile(filepath.Join(filepath.Dir(first), name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(root, "dist", name))
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s is another one: %v", name, err)
		}
	}
}
