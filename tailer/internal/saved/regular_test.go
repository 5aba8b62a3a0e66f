package saved

import (
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// odd are the kinds of things that may stand where a file is expected.
var odd = map[string]func(path string) error{
	"pipe":      func(path string) error { return syscall.Mkfifo(path, 0o600) },
	"directory": func(path string) error { return os.MkdirAll(path, 0o700) },
	"zeros":     func(path string) error { return os.Symlink("/dev/zero", path) },
	"link to pipe": func(path string) error {
		return errors.Join(syscall.Mkfifo(path+".pipe", 0o600), os.Symlink(path+".pipe", path))
	},
	"link to self": func(path string) error { return os.Symlink(path, path) },
	"vast":         func(path string) error { return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, 1<<40)) },
	"socket": func(path string) error {
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
		if err == nil {
			l.SetUnlinkOnClose(false)
			l.Close()
		}
		return err
	},
}

// What is no file in the place of a checkpoint is set aside like a damaged one,
// and nothing waits for it.
func TestOddFiles(t *testing.T) {
	for name, put := range odd {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			at := filepath.Join(dir, PositionsFile)
			for _, path := range []string{at, filepath.Join(dir, previousFile), at + ".new"} {
				if err := put(path); err != nil {
					t.Fatal(err)
				}
			}
			s := NewStore(dir, slog.New(slog.DiscardHandler))
			c, err := s.Load(nil)
			if err != nil && name != "link to self" || err == nil && c.Version != 0 {
				t.Fatalf("%+v, %v", c, err)
			}
			if name == "link to self" { // the system says what is wrong with it
				return
			}
			if aside, _ := filepath.Glob(at + ".damaged-*"); len(aside) != 1 {
				t.Errorf("set aside: %v", aside)
			}
			if err := s.Replace(&Checkpoint{}, false, none); err != nil {
				t.Error(err)
			}
			if _, err := ReadCheckpoint(at); err != nil {
				t.Error(err)
			}
			shelf := ShelfFile(dir, "sora")
			if err := put(shelf); err != nil {
				t.Fatal(err)
			}
			if _, err := LoadShelf(shelf); name != "vast" && (err == nil || !strings.Contains(err.Error(), "regular file")) {
				t.Errorf("shelf: %v", err)
			}
			if err := (&Shelving{shelf: &Shelf{path: shelf}, text: []byte("x\n")}).Save(s); err != nil {
				t.Errorf("shelf: %v", err)
			}
		})
	}
}
