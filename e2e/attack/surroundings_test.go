package attack

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rtcship/rtcship/e2e/harness"
)

// addHeader gives the configuration a header for the collector.
func addHeader(t *testing.T, f *field, value string) {
	t.Helper()
	edit(t, f, func(s string) string {
		return strings.Replace(s, "export: {", fmt.Sprintf("export: {headers: {authorization: %q}, ", value), 1)
	})
}

// edit changes the configuration file in place.
func edit(t *testing.T, f *field, change func(string) string) {
	t.Helper()
	text, err := os.ReadFile(f.ship.Config)
	if err == nil {
		err = os.WriteFile(f.ship.Config, []byte(change(string(text))), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// hides is nil if a secret stands nowhere that rtcship shows anything.
func (f *field) hides(t *testing.T, secret string) error {
	t.Helper()
	shown := map[string]string{"standard error": f.ship.Process().Output()}
	for _, path := range []string{"/", "/status.json", "/metrics", "/readyz", "/healthz"} {
		resp, err := http.Get("http://" + f.ship.Admin + path)
		if err != nil {
			return err
		}
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			return err
		}
		shown[path] = string(text)
	}
	for _, command := range []string{"status", "check"} {
		out, _ := exec.Command(harness.Binary(t), command, "--config", f.ship.Config).CombinedOutput()
		shown[command] = string(out)
	}
	for where, text := range shown {
		if strings.Contains(text, secret) {
			t.Errorf("%s shows the secret", where)
		}
	}
	return nil
}

// faulty makes the configuration one that is refused, with a secret in it.
func faulty(export string) func(*testing.T, *field) {
	return func(t *testing.T, f *field) {
		edit(t, f, func(s string) string {
			lines := strings.Split(s, "\n")
			for i, l := range lines {
				if strings.HasPrefix(l, "export:") {
					lines[i] = "export: " + export
				}
			}
			return strings.Join(lines, "\n") + "\n"
		})
		f.ship.Process().Signal(syscall.SIGHUP)
	}
}

func secretHidden(t *testing.T, f *field) error { return f.hides(t, "s3cr3t") }

const oldStays = "the old one stays in force"

// nobody is who may read nothing of others.
const nobody = 65534

// surroundings are what may be wrong around rtcship: rights, files, names, whoever
// reads its log, whoever writes its configuration.
var surroundings = []attack{
	{name: "headers as one text", strike: faulty(`{headers: "authorization=Bearer s3cr3t"}`), counts: secretHidden, states: "amber", says: oldStays},
	{name: "a password in a faulty endpoint", strike: faulty(`{endpoint: "http://user:s3cr3t@c:port"}`), counts: secretHidden, states: "amber", says: oldStays},
	{name: "a header with a line feed", strike: faulty(`{headers: {authorization: "Bearer s3cr3t\nx: y"}}`), counts: secretHidden, states: "amber", says: oldStays},
	{
		name: "an unreadable subdirectory", states: "amber", says: "connection_created_wait_timeout_error cannot be read",
		before: func(t *testing.T, f *field) {
			if os.Geteuid() != 0 {
				t.Skip("only root can take rights away and give them back")
			}
			if err := errors.Join(os.Mkdir(filepath.Join(f.log, "connection_created_wait_timeout_error"), 0o700), os.Chmod(filepath.Dir(f.ship.Config), 0o777),
				os.Chmod(filepath.Dir(filepath.Dir(f.ship.Config)), 0o755), os.Chmod(f.ship.Config, 0o644), os.Mkdir(f.ship.State, 0o700), os.Chown(f.ship.State, nobody, nobody), os.Chmod(filepath.Dir(harness.Binary(t)), 0o755)); err != nil {
				t.Fatal(err)
			}
			f.ship.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		},
		counts: func(t *testing.T, f *field) error { return f.counts(t, 1, "rtcship_directories_unreadable") },
	},
	{
		name: "a pipe in the place of a directory", states: "amber", says: "connection_created_wait_timeout_error cannot be read",
		before: func(t *testing.T, f *field) {
			if err := syscall.Mkfifo(filepath.Join(f.log, "connection_created_wait_timeout_error"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	},
	{
		name: "dead letters that are a pipe", states: "amber", says: "dead letters cannot be kept",
		before: func(t *testing.T, f *field) {
			if err := errors.Join(os.Mkdir(f.ship.State, 0o700), syscall.Mkfifo(filepath.Join(f.ship.State, "dead-letters.jsonl"), 0o600)); err != nil {
				t.Fatal(err)
			}
		},
	},
	{
		name: "positions that are damaged", states: "amber", says: "positions were damaged",
		before: state(func(path string) error { return os.WriteFile(path, []byte(`{"version":1,"generations":[{`), 0o600) }),
		counts: func(t *testing.T, f *field) error { return f.counts(t, 1, "rtcship_checkpoints_damaged") },
	},
	{name: "positions that are a pipe", states: "amber", says: "positions were damaged", before: state(func(path string) error { return syscall.Mkfifo(path, 0o600) })},
	{name: "positions without end", states: "amber", says: "positions were damaged", before: state(func(path string) error { return os.Symlink("/dev/zero", path) })},
	{
		name: "file names that a terminal obeys", strike: file("evil\x1b[2J\x1b]0;x\a\u009b31m.log", "x"),
		counts: func(t *testing.T, f *field) error {
			for _, command := range []string{"status", "check"} {
				out, err := exec.Command(harness.Binary(t), command, "--config", f.ship.Config).CombinedOutput()
				if err != nil {
					return fmt.Errorf("%s: %w\n%s", command, err, out)
				}
				if strings.ContainsAny(string(out), "\x1b\a\u009b") || !strings.Contains(string(out), `evil\x1b`) {
					return fmt.Errorf("%s prints %q", command, out)
				}
			}
			return nil
		},
	},
	{
		name: "a configuration that is emptied and written again", lasts: 12 * time.Second,
		strike: func(t *testing.T, f *field) {
			text, err := os.ReadFile(f.ship.Config)
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range []int{0, len(text) / 3, len(text) * 2 / 3} {
				if err := os.WriteFile(f.ship.Config, text[:n], 0o600); err != nil {
					t.Fatal(err)
				}
				time.Sleep(4 * time.Second)
			}
			if err := os.WriteFile(f.ship.Config, text, 0o600); err != nil {
				t.Fatal(err)
			}
		},
	},
	{
		name: "a configuration that is empty", lasts: 20 * time.Second, states: "amber", says: oldStays,
		strike: func(t *testing.T, f *field) { edit(t, f, func(string) string { return "" }) },
	},
	{
		name: "a configuration that has gone", lasts: 8 * time.Second, states: "amber", says: "no such file",
		strike: func(t *testing.T, f *field) {
			if err := os.Remove(f.ship.Config); err != nil {
				t.Fatal(err)
			}
		},
	},
}

// state puts something into the place of the positions.
func state(put func(path string) error) func(*testing.T, *field) {
	return func(t *testing.T, f *field) {
		if err := errors.Join(os.Mkdir(f.ship.State, 0o700), put(filepath.Join(f.ship.State, "positions.json"))); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLogReaderHasGone lets whoever reads standard error go, and stand still.
func TestLogReaderHasGone(t *testing.T) {
	for name, leave := range map[string]func(r *os.File) error{
		"gone":         func(r *os.File) error { return r.Close() },
		"stands still": func(*os.File) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			f := newField(t, &attack{config: "log: {level: debug, format: json}\n"})
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			cmd := exec.Command(harness.Binary(t), "run", "--config", f.ship.Config)
			cmd.Stderr = w
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			w.Close()
			done := make(chan error, 1)
			go func() { done <- cmd.Wait() }()
			t.Cleanup(func() { _ = cmd.Process.Kill() })
			harness.Wait(t, *patience, "the admin listener", func() error { return ask(f.ship.Admin, "/healthz") })
			if err := leave(r); err != nil {
				t.Fatal(err)
			}
			harness.Wait(t, *patience, "lost lines", func() error {
				if err := cmd.Process.Signal(syscall.SIGHUP); err != nil { // each reload says something
					t.Fatalf("it has ended: %v", err)
				}
				return errors.Join(f.counts(t, 1, "rtcship_log_lost_total"), f.says("amber", "own log could not be written"))
			})
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			select {
			case err := <-done:
				if err != nil {
					t.Errorf("it ended with %v", err)
				}
			case <-time.After(drain + 10*time.Second):
				t.Error("it does not end")
			}
		})
	}
}

// TestAdminPortIsTaken lets somebody else have the port at the start.
func TestAdminPortIsTaken(t *testing.T) {
	f := newField(t, &attack{})
	other, err := net.Listen("tcp", f.ship.Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	f.ship.Launch(t)
	harness.Wait(t, *patience, "a status that says so", func() error {
		out, _ := exec.Command(harness.Binary(t), "status", "--config", f.ship.Config).CombinedOutput()
		if !strings.Contains(string(out), "not served everywhere") {
			return fmt.Errorf("status says\n%s", out)
		}
		return nil
	}, f.ship.Process())
	other.Close()
	harness.Wait(t, *patience, "the page", func() error { return f.says("green amber", "") }, f.ship.Process())
	f.ship.Process().Stop(t, drain+5*time.Second)
}

// TestSocketUnderAnyUmask holds that nobody else may use the socket of the commands.
func TestSocketUnderAnyUmask(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077, 0o177} {
		f := newField(t, &attack{})
		old := syscall.Umask(umask)
		f.ship.Launch(t)
		syscall.Umask(old)
		socket := filepath.Join(f.ship.State, "admin.sock")
		harness.Wait(t, *patience, "the socket", func() error {
			info, err := os.Stat(socket)
			if err == nil && info.Mode().Perm() != 0o600 {
				t.Fatalf("umask %03o: %v", umask, info.Mode())
			}
			return err
		}, f.ship.Process())
		f.ship.Process().Stop(t, drain+5*time.Second)
	}
}
